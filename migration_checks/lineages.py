"""Which chain a run is about: a lineage by name, one to import, an Alembic configuration, or what lies in the folder."""

from __future__ import annotations

import configparser
import importlib
import os.path
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from migration_checks.errors import ConfigurationError
from migration_checks.fields import Fields, nearest, read_toml, shorten
from migration_checks.lineage import Contract, Invariant, Lineage, Transformation

CHAIN_KEYS = ("config", "section", "script_location")
LINEAGE_KEYS = (
    "range", "x", "env", "sys_path", "boot", "baseline_sql", "synthesize", "irreversible", "invariants", "transformations",
    "contracts",
)  # fmt: skip
CHOICE = "Say which chain: `migration-checks verify LINEAGE`, `-c alembic.ini`, or `lineage` in [tool.migration_checks]."


def choose_lineage(given: Fields, cwd: Path, written: Fields, project: Path) -> Lineage:
    """The lineage that the command line `given` in `cwd` asks for, else the table `written` in the folder `project`.

    Whatever else the two say of a lineage (range, env, invariants, ...) is laid over it, the command line last.
    Raises ConfigurationError where no chain, or more than one, is meant.
    """
    lineage = overlaid(_chosen(given, cwd, written, project), given, cwd)
    section = given.text("section")
    return lineage if section is None else replace(lineage, section=section)


def _chosen(given: Fields, cwd: Path, written: Fields, project: Path) -> Lineage:
    for table, base in ((given, cwd), (written, project)):
        name = table.text("lineage")
        if name is not None and ("config" in table or "script_location" in table):
            raise table.error(f"{table.where} says which chain twice: by lineage and by config or script_location.")
        if name is not None:
            return _named(name, cwd, written, project)
        if "config" in table or "script_location" in table:
            return overlaid(plain_lineage(table, base), written, project)
    names = list(_lineages(written))
    if len(names) == 1:
        return _named(names[0], cwd, written, project)
    if names:
        raise written.error(f"{written.where} knows the lineages {', '.join(map(shorten, names))}, but not which to take.")
    return overlaid(_discovered(written, cwd, project), written, project)


def lineage_names(written: Fields) -> tuple[str, ...]:
    """The lineages that the table `written` knows, in its order. Raises ConfigurationError where it knows none."""
    names = tuple(_lineages(written))
    if not names:
        raise written.error(f"{written.where} knows no lineage, so --all has nothing to walk.")
    return names


def _lineages(written: Fields) -> Mapping[str, object]:
    value = written.table.get("lineages", {})
    if not isinstance(value, Mapping):
        raise written.wrong("lineages", "a table of lineages")
    return value


def _named(name: str, cwd: Path, written: Fields, project: Path) -> Lineage:
    """The lineage `name` of [tool.migration_checks.lineages], else the one that "module:attribute" names."""
    known = _lineages(written)
    entry = known.get(name, name)
    if isinstance(entry, str):
        if name not in known and ":" not in name:
            raise ConfigurationError(f"There is no lineage {shorten(name)}; {nearest(name, known)}", CHOICE)
        return overlaid(import_lineage(entry, cwd, project), written, project)
    keys = (*CHAIN_KEYS, *LINEAGE_KEYS)
    table = Fields(entry, f"{written.where[:-1]}.lineages.{name}]", keys, written.remedy)
    return overlaid(overlaid(replace(plain_lineage(table, project), name=name), written, project), table, project)


def import_lineage(name: str, *roots: Path) -> Lineage:
    """The Lineage that "module:attribute" names; `roots` become import roots first.

    Raises ConfigurationError where it cannot be imported, whatever the import raises.
    """
    module_name, _, attribute = name.partition(":")
    for root in roots:
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
    try:
        module = importlib.import_module(module_name)
        lineage = getattr(module, attribute, None)
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            f"The lineage {shorten(name)} cannot be imported: {type(error).__name__}: {error}.",
            "Name it as module:attribute, importable from this folder.",
        ) from error
    if not isinstance(lineage, Lineage):
        known = [key for key, value in vars(module).items() if isinstance(value, Lineage)]
        raise ConfigurationError(
            f"{module_name} has no Lineage {shorten(attribute)}; {nearest(attribute, known)}",
            "Name a migration_checks.lineage.Lineage that the module defines.",
        )
    return lineage


def plain_lineage(table: Fields, base: Path) -> Lineage:
    """A Lineage of nothing but an Alembic configuration, or a folder with env.py and versions."""
    config, folder = table.text("config"), table.text("script_location")
    section = table.text("section") or "alembic"
    # os.path answers False for names that no file can have, where Path raises.
    if config is not None and not os.path.isfile(base / config):
        raise table.error(f"There is no Alembic configuration at {base / config}.")
    if config is not None:
        return Lineage(config, root=_root(base / config, section, base), config=base / config, section=section)
    if folder is None:
        raise table.error(f"{table.where} has neither config nor script_location.")
    if not os.path.isdir(base / folder):
        raise table.error(f"There is no folder {base / folder}.")
    return Lineage(folder, root=base, script_location=base / folder, section=section)


def _root(config: Path, section: str, base: Path) -> Path:
    """The folder that the configuration's relative paths start from.

    Alembic takes the folder in which it is run, so that is the first guess; the configuration's own folder is the other.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read(config, encoding="utf-8")
        location = parser.get(section, "script_location", fallback="")
    except (configparser.Error, UnicodeDecodeError):
        location = ""
    found = location and "%(here)" not in location and os.path.isdir(base / location)
    return base if found else config.parent


def _discovered(written: Fields, cwd: Path, project: Path) -> Lineage:
    """The chain of the Alembic configuration that lies in `cwd`, or else in the project's folder."""
    for folder in dict.fromkeys((cwd, project)):
        for name in ("alembic.ini", "pyproject.toml"):
            if (folder / name).is_file() and (name == "alembic.ini" or has_alembic_table(folder / name)):
                chain = {"config": name, "section": written.text("section")}
                return plain_lineage(Fields(chain, written.where, CHAIN_KEYS, written.remedy), folder)
    raise ConfigurationError(f"No chain is named, and {cwd} holds neither alembic.ini nor [tool.alembic].", CHOICE)


def has_alembic_table(path: Path) -> bool:
    """Whether the pyproject.toml at `path` configures Alembic."""
    tool = read_toml(path).get("tool")
    return isinstance(tool, Mapping) and isinstance(tool.get("alembic"), Mapping)


def overlaid(lineage: Lineage, table: Fields, base: Path) -> Lineage:
    """`lineage` with what `table` says of it; paths in the table start at `base`."""
    baseline = table.text("baseline_sql")
    # An archive of pg_dump may be a folder.
    if baseline is not None and not (os.path.isfile(base / baseline) or os.path.isfile(base / baseline / "toc.dat")):
        raise table.error(f"There is no baseline SQL file, and no archive of pg_dump, at {base / baseline}.")
    synthesize = table.flag("synthesize")
    return replace(
        lineage,
        range=_range(table) or lineage.range,
        x=(*lineage.x, *table.texts("x")),
        env={**lineage.env, **table.pairs("env")},
        sys_path=(*lineage.sys_path, *(base / each for each in table.texts("sys_path"))),
        boot=table.text("boot") or lineage.boot,
        baseline_sql=lineage.baseline_sql if baseline is None else base / baseline,
        synthesize=lineage.synthesize if synthesize is None else synthesize,
        irreversible=lineage.irreversible | frozenset(table.texts("irreversible")),
        invariants=(*lineage.invariants, *(_invariant(each) for each in table.children("invariants", INVARIANT_KEYS))),
        transformations=(
            *lineage.transformations,
            *(_transformation(each) for each in table.children("transformations", TRANSFORMATION_KEYS)),
        ),
        contracts=(*lineage.contracts, *(_contract(each) for each in table.children("contracts", CONTRACT_KEYS))),
    )


INVARIANT_KEYS = ("name", "query", "since", "until", "falsified")
TRANSFORMATION_KEYS = ("revision", "column", "expression")
CONTRACT_KEYS = ("name", "statements", "since", "until")


def _range(table: Fields) -> str | None:
    value = table.text("range")
    if value is not None and value.count(":") != 1:
        raise table.error(f"{table.where}: range is {shorten(value)}, not START:END.")
    return value


def _invariant(table: Fields) -> Invariant:
    return Invariant(
        name=table.required("name", table.text("name")),
        query=table.required("query", table.text("query")),
        since=table.text("since"),
        until=table.text("until"),
        falsified=bool(table.flag("falsified")),
    )


def _transformation(table: Fields) -> Transformation:
    return Transformation(
        revision=table.required("revision", table.text("revision")),
        column=table.required("column", table.text("column")),
        expression=table.required("expression", table.text("expression")),
    )


def _contract(table: Fields) -> Contract:
    return Contract(
        name=table.required("name", table.text("name")),
        statements=table.required("statements", table.texts("statements") or None),
        since=table.text("since"),
        until=table.text("until"),
    )

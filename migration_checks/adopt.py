"""Takes the toolkit into a project: finds its Alembic configuration and writes a commented table that names it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from migration_checks.errors import ConfigurationError
from migration_checks.fields import read_toml
from migration_checks.lineages import has_alembic_table

DEPTH = 3
PASSED_BY = {"node_modules", "site-packages", "build", "dist", "venv", "env", "__pycache__"}

COMMENTS = """\
# What `migration-checks verify` does when it is given no options; each of them is one of --help.
{chain}
# rows = 1000                     # rows of a seed's leading table, or of each table that is filled with made-up rows
# provider = "auto"               # or "embedded", "local", "container", or the URL of a server where databases may be created
# fail_on = "warning"             # "error", "warning", "info" or "never"
# skip = ["MC204"]                # checks to leave out; `migration-checks checks` lists all
# reports = ["json=reports/migration-checks.json"]
# sys_path = ["src"]              # folders that env.py and the revisions import from
# boot = "app.settings:load"      # called before the revisions are imported
# env = { APP_ENV = "test" }      # environment variables for env.py
# irreversible = ["1975ea83b712"] # revisions whose downgrade may refuse
#
# [[tool.migration_checks.waivers]]
# check = "MC302"
# revision = "1975ea83b712"
# subject = "public.users.*"
# reason = "agreed in the review of 2026-01-31"
# expires = 2026-12-31
"""


def adopt(folder: Path) -> list[str]:
    """Write [tool.migration_checks] into `folder`/pyproject.toml unless it is there, and say what to do next.

    Raises ConfigurationError where there is no Alembic configuration, or pyproject.toml cannot be extended.
    """
    path = folder / "pyproject.toml"
    if path.exists() and _has_table(path):
        return [f"{path.name} has [tool.migration_checks] already; nothing was changed.", "Next: migration-checks verify"]
    found = find_configurations(folder)
    if not found:
        raise ConfigurationError(
            f"There is neither alembic.ini nor [tool.alembic] in {folder} or below.", "Run it in the folder of a project."
        )
    _append(path, table_text(found))
    names = ", ".join(each.as_posix() for each in found)
    return [f"Wrote [tool.migration_checks] into {path.name}, for {names}.", "Next: migration-checks verify"]


def find_configurations(folder: Path) -> list[Path]:
    """Alembic's configurations in `folder` and below, nearest first, relative to it."""
    found: list[Path] = []
    for root, folders, files in os.walk(folder):
        depth = len(Path(root).relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if depth < DEPTH and name not in PASSED_BY and name[0] != ".")
        # Where both are there, Alembic reads pyproject.toml beside alembic.ini: it is one environment.
        names = [name for name in ("alembic.ini", "pyproject.toml") if name in files and _configures(root, name)]
        found += [Path(root) / name for name in names[:1]]
    found.sort(key=lambda path: (len(path.parts), path))
    return [path.relative_to(folder) for path in found]


def _configures(root: str, name: str) -> bool:
    return name == "alembic.ini" or has_alembic_table(Path(root) / name)


def table_text(found: list[Path]) -> str:
    """The table for one configuration, or for several of which the first is the default."""
    first, *others = found
    if not others:
        return "[tool.migration_checks]\n" + COMMENTS.replace("{chain}", f"config = {_quoted(first)}")
    names = [_lineage_name(path) for path in found]
    chain = f"lineage = {_quoted(names[0])}             # the one that is walked unless another is named"
    tables = [
        f"\n[tool.migration_checks.lineages.{_quoted(name)}]\nconfig = {_quoted(path)}\n"
        for name, path in zip(names, found, strict=True)
    ]
    return "[tool.migration_checks]\n" + COMMENTS.replace("{chain}", chain) + "".join(tables)


def _lineage_name(path: Path) -> str:
    return path.parent.as_posix() if path.parent.parts else "main"


def _quoted(value: object) -> str:
    """A TOML basic string."""
    text = value.as_posix() if isinstance(value, Path) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _has_table(path: Path) -> bool:
    tool = read_toml(path).get("tool", {})
    return isinstance(tool, Mapping) and "migration_checks" in tool


def _append(path: Path, table: str) -> None:
    """Add `table` at the end of the file, which keeps everything that it has; nothing is written that would not parse."""
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        tomllib.loads(before + gap + table)
        path.write_text(before + gap + table, encoding="utf-8", newline="")
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be extended: {error}.", f"Add this by hand:\n{table}") from None

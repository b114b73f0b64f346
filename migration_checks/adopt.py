"""Takes the toolkit into a project: finds its Alembic configuration and writes a commented table that names it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from migration_checks.discovery import Found, find_environments
from migration_checks.errors import ConfigurationError
from migration_checks.fields import read_toml

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

    Raises ConfigurationError where there is no Alembic environment, or pyproject.toml cannot be extended.
    """
    path = folder / "pyproject.toml"
    if path.exists() and _has_table(path):
        return [f"{path.name} has [tool.migration_checks] already; nothing was changed.", "Next: migration-checks verify"]
    found = find_environments(folder)
    if not found:
        raise ConfigurationError(
            f"There is neither alembic.ini nor [tool.alembic] in {folder} or below, nor an env.py beside a folder of versions.",
            "Run it in the folder of a project.",
        )
    _append(path, table_text(found))
    names = ", ".join(each.path.as_posix() for each in found)
    return [f"Wrote [tool.migration_checks] into {path.name}, for {names}.", *_advice(found)]


def _advice(found: list[Found]) -> list[str]:
    """What is to be done next, and what may have to be done before."""
    said = []
    if any(each.root is not None for each in found):
        said.append("The revisions lie in a package, whose folder sys_path names; what they import must be installed here.")
    if any(each.flask for each in found):
        said.append("env.py asks Flask for its application: let boot name a function that pushes an application's context.")
    every = " --all" if len(found) > 1 else ""
    return [*said, "Next: migration-checks graph, to see that the revisions load", f"Then: migration-checks verify{every}"]


def table_text(found: list[Found]) -> str:
    """The table for one environment, or for several of which the first is the default."""
    first, *others = found
    if not others:
        return "[tool.migration_checks]\n" + _filled_in(f"{first.setting} = {_quoted(first.path)}", first.root)
    names = [_lineage_name(each) for each in found]
    chain = f"lineage = {_quoted(names[0])}             # the one that is walked unless another is named, or --all"
    roots = [each.root for each in found]
    shared = roots[0] if len(set(roots)) == 1 else None
    tables = [_lineage_table(name, each, None if shared else each.root) for name, each in zip(names, found, strict=True)]
    return "[tool.migration_checks]\n" + _filled_in(chain, shared) + "".join(tables)


def _filled_in(chain: str, root: Path | None) -> str:
    text = COMMENTS.replace("{chain}", chain)
    return text if root is None else text.replace('# sys_path = ["src"]  ', f"sys_path = [{_quoted(root)}]".ljust(23))


def _lineage_table(name: str, each: Found, root: Path | None) -> str:
    imported = "" if root is None else f"sys_path = [{_quoted(root)}]\n"
    return f"\n[tool.migration_checks.lineages.{_quoted(name)}]\n{each.setting} = {_quoted(each.path)}\n{imported}"


def _lineage_name(found: Found) -> str:
    return found.home.as_posix() if found.home.parts else "main"


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

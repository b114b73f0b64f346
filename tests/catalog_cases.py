"""Catalog cases: a file of SQL for each family, in which a case says what a change is to be seen as.

-- case: its name (since 15)      the oldest major that knows the syntax
what is there before
-- change
the change
-- expect: a line of `described`  none, when nothing is to be seen
-- undo                           left out where the way back says nothing new
the way back
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import ExecStatus

from migration_checks.capture import read_catalog
from migration_checks.diff import diff_catalogs
from migration_checks.snapshot import Catalog
from migration_checks.transition import CatalogChange

FOLDER = Path(__file__).parent / "integration" / "catalog_cases"

_HEAD = re.compile(r"(?P<name>.+?)(?: \(since (?P<since>\d+)\))?")


@dataclass(frozen=True)
class Case:
    """One change of a schema. `expected` are lines of `described`, in which {user} is the session's role."""

    family: str
    name: str
    since: int
    before: str
    change: str
    undo: str | None
    expected: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What the diff said of the change, and of before against after its way back."""

    seen: tuple[str, ...]
    residue: tuple[CatalogChange, ...]


def cases() -> tuple[Case, ...]:
    """All cases of all files."""
    return tuple(case for path in sorted(FOLDER.glob("*.sql")) for case in _read(path))


def run(connection: psycopg.Connection[Any], case: Case) -> Outcome:
    """Run a case in a transaction that is rolled back; `connection` is in autocommit."""
    _execute(connection, "BEGIN")
    try:
        before = _after(connection, case.before)
        changed = _after(connection, case.change)
        undone = _after(connection, case.undo) if case.undo is not None else before
    finally:
        _execute(connection, "ROLLBACK")
    return Outcome(described(diff_catalogs(before, changed)), diff_catalogs(before, undone))


def expected(connection: psycopg.Connection[Any], case: Case) -> tuple[str, ...]:
    """What a case expects, for the role of `connection`."""
    return tuple(sorted(line.replace("{user}", connection.info.user) for line in case.expected))


def described(changes: Iterable[CatalogChange]) -> tuple[str, ...]:
    """Each change as `change kind identity <- old name: facets +folded cosmetic`, sorted."""
    return tuple(sorted(map(_line, changes)))


def _line(change: CatalogChange) -> str:
    return "".join(
        (
            f"{change.change} {change.kind} {change.identity}",
            f" <- {change.renamed_from}" if change.renamed_from else "",
            f": {', '.join(sorted(change.facets))}" if change.facets else "",
            f" +{change.folded}" if change.folded else "",
            " cosmetic" if change.cosmetic else "",
        )
    )


def _after(connection: psycopg.Connection[Any], script: str) -> Catalog:
    """The catalog after a script, which sees the schema public as migrations do."""
    _execute(connection, f"SET LOCAL search_path TO public; {script}; SET LOCAL search_path TO pg_catalog")
    return read_catalog(connection)


def _execute(connection: psycopg.Connection[Any], script: str) -> None:
    """Run a script past psycopg, which would forget its prepared statements at each DROP and ROLLBACK."""
    result = connection.pgconn.exec_(script.encode())
    assert result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK), result.error_message.decode()


def _read(path: Path) -> Iterator[Case]:
    for text in re.split(r"^-- case: ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, body = text.partition("\n")
        named = _HEAD.fullmatch(head)
        assert named is not None
        expected = tuple(re.findall(r"^-- expect: (.+)$", body, re.MULTILINE))
        before, _, rest = re.sub(r"^-- expect: .+\n", "", body, flags=re.MULTILINE).partition("-- change\n")
        change, _, undo = rest.partition("-- undo\n")
        yield Case(path.stem, named["name"], int(named["since"] or 14), before, change, undo or None, expected)

"""How a database stands before and after a step: relations with their files, sizes and counters, foreign keys, upkeep."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg

_SINCE = re.compile(r"-- since (\d+)\s*$")
FLUSHES_SINCE = 15
"""The first major whose counters are in shared memory: earlier ones send them to a process that tells them some time later."""


@cache
def query(name: str, major: int) -> bytes:
    """A query of this package for a server of `major`: without the lines that need a later one."""
    lines = files(__package__).joinpath(f"{name}.sql").read_text().splitlines()
    wanted = ((line, _SINCE.search(line)) for line in lines)
    return "\n".join(line for line, since in wanted if since is None or int(since[1]) <= major).encode()


@dataclass(frozen=True, slots=True)
class Known:
    """A relation by its oid. `kind` is pg_class.relkind, `file` its relfilenode, `owner` the table of an index (or None).

    `counted` is (scans, rows scanned, inserted, updated, deleted) since the database was made. `size` in bytes, `dead` rows
    and `rows` are None for what has no storage, or could not be read.
    """

    oid: int
    kind: str
    name: str
    file: int
    owner: int | None = None
    partition: bool = False
    parents: tuple[int, ...] = ()
    counted: tuple[int, ...] = (0, 0, 0, 0, 0)
    size: int | None = None
    dead: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key by its own quoted name, with the oids of both tables and the numbers of its columns."""

    name: str
    table: int
    referenced: int
    numbers: tuple[int, ...]
    columns: tuple[str, ...]
    indexed: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A database at one moment. `upkeep` is (kind, name, problem); `temp_bytes` what temporary files have come to so far.

    `hidden` are the oids of tables that are left out.
    """

    relations: Mapping[int, Known]
    keys: tuple[Key, ...]
    upkeep: tuple[tuple[str, str, str], ...]
    temp_bytes: int
    hidden: frozenset[int] = frozenset()


def major_of(connection: psycopg.Connection[Any]) -> int:
    """The server's major version."""
    return connection.info.server_version // 10000


def install(connection: psycopg.Connection[Any]) -> bool:
    """Put what looks are made with into the database; False where the role may have no event triggers. Raises psycopg.Error."""
    connection.execute(query("look", major_of(connection)))
    try:
        with connection.transaction():
            connection.execute(query("triggers", major_of(connection)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def read(connection: psycopg.Connection[Any], rows: Mapping[str, int], hidden: Collection[str], *, count: bool) -> Standing:
    """How the database stands now, without the tables in `hidden` (Alembic's own). Raises psycopg.Error.

    `rows` are numbers that are known already, by table; `count` says whether the others are to be counted.
    """
    major = major_of(connection)
    found = [_known(*each) for each in connection.execute(query("standing", major)).fetchall()]
    gone = {each.oid for each in found if each.name in hidden}
    kept = {each.oid: each for each in found if each.oid not in gone and each.owner not in gone}
    if count:
        kept = _counted(connection, kept, rows)
    keys = (
        Key(name, table, other, tuple(numbers), tuple(columns), indexed)
        for name, table, other, numbers, columns, indexed in _rows(connection, "keys")
    )
    temp = connection.execute("SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()").fetchone()
    return Standing(
        kept,
        tuple(key for key in keys if key.table in kept),
        tuple(_rows(connection, "upkeep")),
        int(temp[0]) if temp else 0,
        frozenset(gone),
    )


def _rows(connection: psycopg.Connection[Any], name: str) -> Iterable[Any]:
    return connection.execute(query(name, major_of(connection))).fetchall()


def _known(*row: Any) -> Known:
    oid, kind, name, file, owner, partition, parents, *rest = row
    return Known(oid, kind, name, file, owner, partition, tuple(parents or ()), tuple(rest[:5]), *rest[5:])


def _counted(connection: psycopg.Connection[Any], relations: Mapping[int, Known], rows: Mapping[str, int]) -> dict[int, Known]:
    """`relations` with exact numbers of rows, and with counters that hold what counting did."""
    numbers: dict[int, int] = {}
    for each in relations.values():
        if each.kind in "rpm":
            number = rows.get(each.name)
            if number is None:
                with suppress(psycopg.Error):  # row security, a foreign partition: then nobody knows
                    number = _count(connection, each.name)
            if number is not None:
                numbers[each.oid] = number
    major = major_of(connection)
    if major >= FLUSHES_SINCE:
        connection.execute("SELECT pg_stat_force_next_flush()")
    again = {row[0]: _known(*row) for row in connection.execute(query("standing", major)).fetchall()}
    return {oid: replace(again.get(oid, each), rows=numbers.get(oid)) for oid, each in relations.items()}


def _count(connection: psycopg.Connection[Any], name: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()
    assert row is not None
    return int(row[0])

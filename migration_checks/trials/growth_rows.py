"""Multiplying the rows of a database: each row of the chosen tables and its clones, which differ in their keys alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg

from migration_checks.seeding.schema import Column, Reader, Table
from migration_checks.trials.growth_plan import FREE, Place, Plan, kind_of, longest, plan

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

NEARLY_ALL = 0.9
"""The share of different values from which on clones get values of their own: else what was rare would become common."""

LIMITS: Mapping[str, int] = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}


@dataclass(frozen=True, slots=True)
class Grown:
    """The tables that were multiplied, with their rows now; `why_not` says which could not be."""

    rows: Mapping[str, int]
    why_not: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Scale:
    """How the clones of a column's values differ: by `span` (as text), by a mark, with at most `room` characters in all.

    Integers get the numbers from `base` on, `count` for each clone, in the order that `ranks` (a table of ours) remembers.
    """

    kind: str
    span: str = "1"
    room: int | None = None
    ranks: str = ""
    base: int = 0
    count: int = 0


def multiply(connection: Connection, wanted: Collection[str], times: int) -> Grown:
    """Let each row of the `wanted` tables, and of those that their keys lead to, be there `times` times.

    Their statistics are brought up to date, as those of production are. Triggers and foreign keys sleep where this role may
    let them. A table that cannot be multiplied is left out, with those that depend on it.
    """
    reader = Reader(connection)
    roots = [each for each in reader.relations() if each.root is None]
    known = {table.name: table for table in reader.tables([each.oid for each in roots])}
    excluded: dict[str, str] = {}
    freely = True
    while True:
        made = plan(wanted, known, excluded)
        failed = _insert_all(connection, made, _free(connection, made) if freely else frozenset(), times)
        if failed is None:
            for name in made.tables:
                connection.execute(f"ANALYZE {name}".encode())
            return Grown({name: _count(connection, name) for name in made.tables}, made.why_not)
        if freely:
            # A rule of the schema may refuse values that no key asks for; then only keys are varied.
            freely = False
        else:
            excluded = {**made.why_not, failed[0]: failed[1]}
            freely = True


def _insert_all(connection: Connection, made: Plan, free: frozenset[Place], times: int) -> tuple[str, str] | None:
    """Write the clones of every table, or of none: then which table refused them, and why. `free` are columns without a key.

    What is to be there once is written twice and taken back: a table that refuses that has no larger sizes either.
    """
    name = ""
    try:
        with connection.transaction(force_rollback=times < 2):
            _sleep(connection)
            scales: dict[Place, Scale] = {}
            for number, place in enumerate(sorted(made.varied | free)):
                name = place[0]
                with suppress(NoRoom) if place in free else nullcontext():
                    scales[place] = _scale(connection, made, place, number, max(times, 2))
            for name in made.tables:
                _insert(connection, made, made.tables[name], scales, max(times, 2))
    except (psycopg.Error, NoRoom) as error:
        return name, _first_line(error)
    return None


class NoRoom(Exception):
    """A column cannot hold as many different values."""


def _sleep(connection: Connection) -> None:
    """Let triggers and foreign keys sleep for the transaction, and functions find what they call."""
    connection.execute("""SELECT pg_catalog.set_config('search_path', '"$user", public', true)""")
    try:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        return


def _insert(connection: Connection, made: Plan, table: Table, scales: Mapping[Place, Scale], times: int) -> None:
    columns = [each for each in table.columns if not each.generated]
    if not columns:
        return
    values = [_value(made, table, each, scales) for each in columns]
    listed = ", ".join(each.quoted for each in columns)
    statement = (
        f"INSERT INTO {table.name} ({listed}) OVERRIDING SYSTEM VALUE SELECT {', '.join(values)} "
        f"FROM pg_catalog.generate_series(1, {times - 1}) AS i CROSS JOIN {table.name} AS r{_joins(made, table, scales)}"
    )
    deferrable = any(each.deferrable for each in table.uniques)
    connection.execute((statement + ("" if deferrable else " ON CONFLICT DO NOTHING")).encode())
    for column in columns:
        if column.sequence is not None and made.changes(table, column.name):
            advance = f"SELECT pg_catalog.setval(%s, greatest((SELECT max({column.quoted}) FROM {table.name}), 1))"
            connection.execute(advance.replace("%", "%%").replace("%%s", "%s").encode(), [column.sequence.name])


def _joins(made: Plan, table: Table, scales: Mapping[Place, Scale]) -> str:
    """The ranks of a row's integers."""
    roots = {each.number: scales.get(made.root(table, each.name)) for each in table.columns if not each.generated}
    named = {each.number: each.quoted for each in table.columns}
    return "".join(
        f" LEFT JOIN {scale.ranks} AS k{number} ON k{number}.value = r.{named[number]}"
        for number, scale in roots.items()
        if scale is not None and scale.ranks
    )


def _value(made: Plan, table: Table, column: Column, scales: Mapping[Place, Scale]) -> str:
    """The value of a column in clone number i of the row r."""
    own = f"r.{column.quoted}"
    scale = scales.get(made.root(table, column.name))
    if scale is None:
        return own
    mark = "'~' || i"
    if scale.ranks:
        varied = f"k{column.number}.rank + {scale.base} + (i - 1)::bigint * {scale.count}"
    elif scale.kind == "uuid":
        varied = f"pg_catalog.md5({own}::text || {mark})::uuid"
    elif scale.kind == "bytes":
        varied = f"{own} || pg_catalog.convert_to({mark}, 'UTF8')"
    elif scale.kind == "moment":
        varied = f"{own} + i * pg_catalog.make_interval(days => {scale.span})"
    elif scale.kind == "text":
        varied = f"{own}::text || {mark}"
        if scale.room is not None:
            short = f"pg_catalog.left(pg_catalog.md5({varied}), {scale.room})"
            varied = f"CASE WHEN pg_catalog.length({varied}) <= {scale.room} THEN {varied} ELSE {short} END"
    else:
        varied = f"{own} + i * {scale.span}"
    return f"({varied})::{column.formatted}"


def _scale(connection: Connection, made: Plan, place: Place, number: int, times: int) -> Scale:
    """How the clones of a root column's values differ from them. Raises NoRoom."""
    table, name = place
    column = made.known[table].by_name[name]
    kind = kind_of(column.type) or ""
    if kind == "integer":
        return _ranked(connection, table, column, number, times)
    if kind == "text":
        return Scale(kind, room=min((each for each in _rooms(made, place)), default=None))
    if kind in ("uuid", "bytes"):
        return Scale(kind)
    own, finite = column.quoted, f"{column.quoted}::text NOT IN ('NaN', 'Infinity', '-Infinity', 'infinity', '-infinity')"
    day = "::date" if kind == "moment" else ""
    ends = f"pg_catalog.max({own}) FILTER (WHERE {finite}){day} - pg_catalog.min({own}) FILTER (WHERE {finite}){day}"
    row = connection.execute(f"SELECT coalesce(pg_catalog.ceil(({ends})::numeric), 0) + 1 FROM {table}".encode()).fetchone()
    return Scale(kind, str(row[0]) if row else "1")


def _ranked(connection: Connection, table: str, column: Column, number: int, times: int) -> Scale:
    """Integers go where there is room for all of them: into the widest gap, which nearly always is above the highest."""
    ranks = f"pg_temp.migration_checks_ranks_{number}"
    values = f"SELECT DISTINCT {column.quoted}::bigint AS value FROM {table} WHERE {column.quoted} IS NOT NULL"
    query = f"SELECT value, pg_catalog.row_number() OVER (ORDER BY value) - 1 AS rank FROM ({values}) AS v"
    connection.execute(f"CREATE TEMPORARY TABLE {ranks.removeprefix('pg_temp.')} ON COMMIT DROP AS {query}".encode())
    connection.execute(f"CREATE INDEX ON {ranks} (value)".encode())
    connection.execute(f"ANALYZE {ranks}".encode())
    limit, count = LIMITS[_base_name(column)], _count(connection, ranks)
    # Between any number and the next value there is nothing; rules of schemas like numbers above zero better.
    starts = f"SELECT value FROM {ranks} UNION SELECT unnest(ARRAY[-1, {-limit - 1}]::bigint[])"
    above = f"coalesce((SELECT min(r.value) FROM {ranks} AS r WHERE r.value > s.value), {limit})::numeric - s.value"
    gaps = f"SELECT s.value, {above} AS room FROM ({starts}) AS s"
    wide = (
        f"SELECT value FROM ({gaps}) AS g WHERE room > {times * count} ORDER BY value >= -1 DESC, room DESC, value DESC LIMIT 1"
    )
    row = connection.execute(wide.encode()).fetchone()
    if row is None:
        raise NoRoom(f"{column.name} has no room for as many more values")
    return Scale("integer", ranks=ranks, base=int(row[0]) + 1, count=count)


def _rooms(made: Plan, place: Place) -> list[int]:
    """The lengths of a root column and of all that take their values from it."""
    columns = ((table, each) for table in made.tables.values() for each in table.columns)
    found = [longest(each) for table, each in columns if made.root(table, each.name) == place]
    return [each for each in found if each is not None]


def _base_name(column: Column) -> str:
    type_ = column.type
    while type_.kind == "d" and type_.element is not None:
        type_ = type_.element
    return type_.name


def _free(connection: Connection, made: Plan) -> frozenset[Place]:
    """Columns outside of keys in which nearly every row has a value of its own."""
    found: set[Place] = set()
    for name, table in made.tables.items():
        keys = {column for key in table.foreign_keys for column in key.columns}
        free = [
            each
            for each in table.columns
            if not each.generated
            and each.name not in keys
            and kind_of(each.type) in FREE
            and not made.changes(table, each.name)
        ]
        # A column that others refer to is varied with its key, or not at all.
        free = [each for each in free if not _referred(made, (name, each.name))]
        if free:
            counts = ", ".join(f"pg_catalog.count(DISTINCT {each.quoted})" for each in free)
            try:
                row = connection.execute(f"SELECT pg_catalog.count(*), {counts} FROM {name}".encode()).fetchone()
            except psycopg.Error:  # who may not read the table hears so when its rows are to be multiplied
                continue
            assert row is not None
            found |= {(name, each.name) for each, count in zip(free, row[1:], strict=True) if count > NEARLY_ALL * row[0]}
    return frozenset(found)


def _referred(made: Plan, place: Place) -> bool:
    return any(
        key.parent == place[0] and place[1] in key.parent_columns for table in made.known.values() for key in table.foreign_keys
    )


def _count(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT pg_catalog.count(*) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else 0


def _first_line(error: Exception) -> str:
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    return next(iter(str(error).splitlines()), type(error).__name__)

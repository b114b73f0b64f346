"""A workload derived from the schema: writes whose rows can be found again by a word that is in no other row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from migration_checks.connection import connect
from migration_checks.nature import named_in
from migration_checks.rows.values import literal, quoted
from migration_checks.snapshot import Column, Snapshot, Table
from migration_checks.transition import Statement

MOST_TABLES = 6
MOST_ROWS = 200
PATIENCE = "50ms"
"""How long a write waits for a lock of the step before it counts as held up."""
_WORD = "mcw[0-9]{5}"
_TEXTUAL = re.compile(r"text|citext|character varying(\((\d+)\))?")
_ROOM = 8
_INTEGER = frozenset({"smallint", "integer", "bigint", "numeric"})

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Write:
    """One write to `table`: `sql` puts `word` into `column` of a row that no other write of the workload touches."""

    table: str
    column: str
    word: str
    sql: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes writes to one table by changing its rows, or by adding ones like them; `rows` are keys of rows as text."""

    table: Table
    column: Column
    rows: tuple[tuple[str, ...], ...]
    inserts: bool = False

    def write(self, number: int, word: str) -> Write:
        """The write to, or like, the row of that number."""
        name = self.table.name
        pairs = zip(self.table.key, self.rows[number], strict=True)
        row = " AND ".join(f"{quoted(column)} = {literal(value)}" for column, value in pairs)
        if self.inserts:
            return Write(name, self.column.name, word, self._insert(row, word))
        return Write(
            name, self.column.name, word, f"UPDATE {name} SET {quoted(self.column.name)} = {literal(word)} WHERE {row}"
        )

    def _insert(self, row: str, word: str) -> str:
        """A row like another one, under a key of its own; what has a default that is drawn is left to it."""
        values = {each.name: quoted(each.name) for each in self.table.columns if not each.generated and not each.drawn}
        for each in self.table.columns:
            if each.name in self.table.key and each.name in values:
                values[each.name] = _another_key(self.table, each, word)
        values[self.column.name] = literal(word)
        names = ", ".join(quoted(each) for each in values)
        chosen = f"SELECT {', '.join(values.values())} FROM {self.table.name} WHERE {row}"
        return f"INSERT INTO {self.table.name} ({names}) {chosen}"


def _another_key(table: Table, column: Column, word: str) -> str:
    kind = column.stored or column.type
    if kind in _INTEGER:
        return f"(SELECT max({quoted(column.name)}) + 1 FROM {table.name})"
    return "gen_random_uuid()" if kind == "uuid" else literal(word) if _fits(column) else quoted(column.name)


def _fits(column: Column) -> bool:
    match = _TEXTUAL.fullmatch(column.stored or column.type)
    return match is not None and _TEXTUAL.fullmatch(column.type) is not None and int(match[2] or _ROOM) >= _ROOM


def writers(connection: Connection, standing: Snapshot, statements: Sequence[Statement]) -> tuple[Writer, ...]:
    """Those that the database takes writes of, for the tables that a step names (for all where it names none)."""
    filled = [name for name, table in standing.tables.items() if table.rows and table.key and table.unread is None]
    names = (named_in(statements, filled) or tuple(filled))[:MOST_TABLES]
    found = []
    for table in (standing.tables[name] for name in names):
        rows = _keys(connection, table)
        for column in (each for each in table.columns if _fits(each) and not each.generated and each.name not in table.key):
            for inserts in (False, True):
                writer = Writer(table, column, rows, inserts)
                if rows and _is_taken(connection, writer.write(0, "mcw00000")):
                    found.append(writer)
    return tuple(found)


def _keys(connection: Connection, table: Table) -> tuple[tuple[str, ...], ...]:
    """The first keys of a table as text, which are the same in every copy of it."""
    key = [quoted(each) for each in table.key]
    query = f"SELECT {', '.join(f'{each}::text' for each in key)} FROM {table.name} ORDER BY {', '.join(key)} LIMIT {MOST_ROWS}"
    with suppress(psycopg.Error):
        return tuple(tuple(map(str, row)) for row in connection.execute(query.encode()).fetchall())
    return ()


def _is_taken(connection: Connection, write: Write) -> bool:
    """Whether the database takes it; tried in a transaction that is rolled back."""
    with suppress(psycopg.Error), connection.transaction(force_rollback=True):
        return connection.execute(write.sql.encode()).rowcount == 1
    return False


def session(url: str) -> Connection:
    """A session like an application's: it finds tables in public, and waits for locks only a moment."""
    connection = connect(url)
    connection.execute(f"SET lock_timeout = '{PATIENCE}'".encode())
    connection.execute('SET search_path = "$user", public')
    return connection


def words(connection: Connection, tables: Iterable[str]) -> Mapping[tuple[str, str], int]:
    """In how many rows of each table each word is: (table, word) -> rows."""
    found: Counter[tuple[str, str]] = Counter()
    for table in tables:
        query = (
            f"SELECT lower(m[1]), count(DISTINCT (t.tableoid, t.ctid)) FROM {table} AS t, "
            f"LATERAL regexp_matches(t::text, '({_WORD})', 'gi') AS m GROUP BY 1"
        )
        with suppress(psycopg.Error):  # rows that cannot be read hold no word that could be missed
            for word, rows in connection.execute(query.encode()).fetchall():
                found[table, word] += rows
    return found

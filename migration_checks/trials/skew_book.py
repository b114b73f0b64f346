"""What an application says to a schema: SELECT, INSERT, UPDATE and DELETE, by name, for rows that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

import psycopg

from migration_checks.database import OWN_SCHEMA
from migration_checks.seeding.schema import Column, Reader, Table
from migration_checks.trials.refusals import DELETE, FIND, INSERT, SELECT, UPDATE

Row: TypeAlias = "Mapping[str, str | None]"
"""A row as text by column."""
Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

ROWS = 8
"""Rows of a table that are written again, where the step is about it: enough to meet most shapes of row. Else one is."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A statement of the application: `sql` as it is told, with $1 for what differs from row to row; `values` as text.

    `subject` is a table or view, `columns` those that it names, as they are quoted. `clearing` takes the row away that an
    INSERT is about to write again; `values` are then the row's key first.
    """

    what: str
    subject: str
    columns: tuple[str, ...]
    sql: str
    values: tuple[str | None, ...] = ()
    clearing: str = ""
    cleared: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A table, or a view, as an application knows it: `columns` are quoted; a view has no table and no rows."""

    name: str
    columns: tuple[str, ...]
    table: Table | None = None
    rows: tuple[Row, ...] = ()

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of the primary key, none where there is none."""
        if self.table is None:
            return ()
        for unique in self.table.uniques:
            if unique.primary:
                return tuple(self.table.by_name[each.column] for each in unique.elements if each.column is not None)
        return ()

    @property
    def settable(self) -> tuple[Column, ...]:
        """The columns that an application may write."""
        return () if self.table is None else tuple(each for each in self.table.writable if each.identity != "a")

    @property
    def required(self) -> tuple[Column, ...]:
        """The columns without which a row cannot be inserted."""
        return tuple(each for each in self.settable if not each.nullable and each.default is None and not each.identity)

    # -- statements --------------------------------------------------------------------------------------------------

    def select(self, columns: Sequence[str]) -> Phrase:
        return Phrase(SELECT, self.name, tuple(columns), f"SELECT {', '.join(columns)} FROM {self.name} LIMIT 1")

    def find(self, row: Row) -> Phrase:
        """The row by its key, as every ORM looks for it."""
        keys = tuple(each.quoted for each in self.key)
        return Phrase(FIND, self.name, keys, f"SELECT FROM {self.name} WHERE {self._where(1)}", self._key_of(row))

    def insert(self, columns: Sequence[Column], row: Row) -> Phrase:
        names = tuple(each.quoted for each in columns)
        marks = ", ".join(f"${number}" for number in range(1, len(names) + 1))
        given = f"({', '.join(names)}) VALUES ({marks})" if names else "DEFAULT VALUES"
        values = tuple(row[each.name] for each in columns)
        clearing = f"DELETE FROM {self.name} WHERE {self._where(1)}" if self.key else ""
        return Phrase(INSERT, self.name, names, f"INSERT INTO {self.name} {given}", values, clearing, self._key_of(row))

    def update(self, columns: Sequence[Column], row: Row | None) -> Phrase:
        """Give columns the values that they have; without a row, name them all the same."""
        names = tuple(each.quoted for each in columns)
        if row is None:
            given = ", ".join(f"{name} = NULL" for name in names)
            return Phrase(UPDATE, self.name, names, f"UPDATE {self.name} SET {given} WHERE false")
        given = ", ".join(f"{name} = ${number}" for number, name in enumerate(names, 1))
        values = (*(row[each.name] for each in columns), *self._key_of(row))
        return Phrase(UPDATE, self.name, names, f"UPDATE {self.name} SET {given} WHERE {self._where(len(names) + 1)}", values)

    def typed(self, columns: Sequence[Column]) -> Phrase:
        """Set columns by parameters of the types that they have, as drivers do that name types."""
        given = ", ".join(f"{each.quoted} = CAST(NULL AS {each.formatted})" for each in columns)
        names = tuple(each.quoted for each in columns)
        return Phrase(UPDATE, self.name, names, f"UPDATE {self.name} SET {given} WHERE false")

    def delete(self, row: Row) -> Phrase:
        return Phrase(DELETE, self.name, (), f"DELETE FROM {self.name} WHERE {self._where(1)}", self._key_of(row))

    def _where(self, first: int) -> str:
        if not self.key:
            return f"ctid = (SELECT ctid FROM {self.name} LIMIT 1)"
        return " AND ".join(f"{each.quoted} = ${number}" for number, each in enumerate(self.key, first))

    def _key_of(self, row: Row) -> tuple[str | None, ...]:
        return tuple(row[each.name] for each in self.key)


@cache
def _views() -> bytes:
    return resources.files(__package__).joinpath("skew_views.sql").read_bytes()


def subjects(connection: Connection, skip: frozenset[str], concerned: Callable[[str], bool]) -> tuple[Subject, ...]:
    """Every table (partitions through their root) and view; of a table that is `concerned` several rows, else one."""
    reader = Reader(connection)
    roots = [each for each in reader.relations() if each.root is None and each.name not in skip]
    tables = reader.tables([each.oid for each in roots])
    views = connection.execute(_views(), {"own": OWN_SCHEMA}).fetchall()
    return (
        *(_of(connection, each, ROWS if concerned(each.name) else 1) for each in tables),
        *(Subject(name, tuple(columns)) for name, columns in views),
    )


def _of(connection: Connection, table: Table, rows: int) -> Subject:
    return Subject(table.name, tuple(each.quoted for each in table.columns), table, _rows(connection, table, rows))


def _rows(connection: Connection, table: Table, most: int) -> tuple[Row, ...]:
    """Some rows, the first by key: which they are must not depend on where they lie. None where they cannot be read."""
    if not table.columns:
        return ()
    names = [each.name for each in table.columns]
    texts = ", ".join(f"{each.quoted}::text" for each in table.columns)
    keys = Subject(table.name, (), table).key or table.columns
    order = ", ".join(f'{each.quoted}::text COLLATE "C"' for each in keys)
    try:
        found = connection.execute(f"SELECT {texts} FROM {table.name} ORDER BY {order} LIMIT {most}".encode()).fetchall()
    except psycopg.Error:
        return ()
    return tuple(dict(zip(names, values, strict=True)) for values in found)

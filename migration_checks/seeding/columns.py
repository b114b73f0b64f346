"""Fills columns that a step has just added: about half of the rows that exist get a value, the others keep their NULL.

Some rows are never touched, however many columns are added: what becomes of them is the doing of the chain alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from zlib import crc32

import psycopg

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.building import Columns
from migration_checks.seeding.conditions import read
from migration_checks.seeding.copy import copy_rows
from migration_checks.seeding.draft import Draft
from migration_checks.seeding.keys import Keys
from migration_checks.seeding.literals import copy_fields
from migration_checks.seeding.plan import Impossible, Order, make_plan
from migration_checks.seeding.pool import chance
from migration_checks.seeding.pools import Pools
from migration_checks.seeding.schema import Column, Table
from migration_checks.seeding.unique import columns_of, mentioned

SHARE = 0.71
"""How many of the other rows are offered a value; a tenth of the values drawn is NULL again, so about half of all get one."""

UNTOUCHED = 5
"""One row in so many is never offered a value, at least one where there are two."""


class ColumnFilling:
    """Fills columns of one table in the caller's transaction."""

    def __init__(self, connection: psycopg.Connection[Any], pools: Pools, keys: Keys, seed: int) -> None:
        self.connection = connection
        self.pools = pools
        self.keys = keys
        self.seed = seed

    def fill(self, table: Table, names: Sequence[str]) -> dict[str, int]:
        """Values written by column, 0 for one that could not be filled; columns that hold a value already are left out."""
        added = [column for column in table.writable if column.name in names and column.nullable]
        try:
            with self.connection.transaction():
                added = self._blank(table, added)
                return self._fill(table, added) if added else {}
        except (Impossible, psycopg.Error):
            return {column.name: 0 for column in added} if len(added) == 1 else self._singly(table, added)

    def _singly(self, table: Table, added: Sequence[Column]) -> dict[str, int]:
        written: dict[str, int] = {}
        for column in added:
            written |= self.fill(table, [column.name])
        return written

    def _blank(self, table: Table, columns: Sequence[Column]) -> list[Column]:
        """Those of the columns that hold nothing but NULL, if the table has any row."""
        if not columns:
            return []
        tests = ", ".join(f"EXISTS (SELECT FROM {_from(table)} WHERE {column.quoted} IS NOT NULL)" for column in columns)
        row = self.connection.execute(f"SELECT EXISTS (SELECT FROM {_from(table)}), ARRAY[{tests}]".encode()).fetchone()
        return [column for column, used in zip(columns, row[1], strict=True) if not used] if row and row[0] else []

    def _fill(self, table: Table, added: Sequence[Column]) -> dict[str, int]:
        names = frozenset(column.name for column in added)
        places, identities, context = self._rows(table, tied(table, names))
        plan = make_plan(table, self.pools, self.keys.of, Order(self.seed, "added", names, leaves=frozenset()))
        batch = Draft(plan, chance(self.seed, table.name, "added", *sorted(names)), context).make(len(places))
        self._mask(table, batch, added, untouched(identities))
        self._write(table, batch, places, added)
        return self._counted(table, added)

    def _rows(self, table: Table, context: Sequence[str]) -> tuple[list[str], list[str], Columns]:
        """Where the rows are, in an order that does not depend on where, what identifies each, and its values in `context`.

        Nothing identifies the rows of a table without a key.
        """
        quoted = {column.name: column.quoted for column in table.columns}
        listed = "".join(f", t.{quoted[name]}::text" for name in context)
        key = [f"t.{quoted[name]}::text" for name in _key(table)]
        order = ", ".join(f'{text} COLLATE "C"' for text in key or ["t::text"])
        identity = f"concat_ws(E'\\t', {', '.join(key)})" if key else "NULL"
        query = f"SELECT t.tableoid::text || E'\\t' || t.ctid::text, {identity}{listed} FROM {_from(table)} t ORDER BY {order}"
        rows = self.connection.execute(query.encode()).fetchall()
        values = {name: [row[at] for row in rows] for at, name in enumerate(context, 2)}
        return [row[0] for row in rows], [row[1] for row in rows] if key else [], values

    def _mask(self, table: Table, batch: Batch, added: Sequence[Column], spared: Collection[int]) -> None:
        """Leave the rest of the rows as they are: together where a rule ties columns, each by itself elsewhere."""
        bound = {name for names in _rules(table) if len(names) > 1 for name in names}
        shared = chance(self.seed, table.name, "mask")
        common = [shared.random() < SHARE for _ in range(batch.count)]
        for column in added:
            own = chance(self.seed, table.name, column.name, "mask")
            drawn = common if column.name in bound else [own.random() < SHARE for _ in range(batch.count)]
            mask = [given and row not in spared for row, given in enumerate(drawn)]
            values = batch.columns[column.name]
            if not any(value is not None and given for value, given in zip(values, mask, strict=False)):
                mask = [row not in spared for row in range(batch.count)]
            batch.columns[column.name] = [value if given else None for value, given in zip(values, mask, strict=False)]

    def _write(self, table: Table, batch: Batch, places: Sequence[str], added: Sequence[Column]) -> None:
        listed = ", ".join(f"v{at} text" for at in range(len(added)))
        create = f"CREATE TEMPORARY TABLE migration_checks_rows (part oid, place tid, {listed}) ON COMMIT DROP"
        self.connection.execute(create.encode())
        names = ["part", "place", *(f"v{at}" for at in range(len(added)))]
        copy_rows(self.connection, "pg_temp.migration_checks_rows", names, _lines(batch, places, added))
        try:
            with self.connection.transaction():
                self.connection.execute(f"UPDATE {_from(table)} t SET {_assigned(added, 's')} FROM {_SOURCE}".encode())
        except psycopg.Error:
            self.connection.execute(_offering(table, added).encode())
        self.connection.execute(b"DROP TABLE pg_temp.migration_checks_rows")

    def _counted(self, table: Table, added: Sequence[Column]) -> dict[str, int]:
        counts = ", ".join(f"count({column.quoted})" for column in added)
        row = self.connection.execute(f"SELECT {counts} FROM {_from(table)}".encode()).fetchone()
        return dict(zip((column.name for column in added), row or (), strict=True))


def untouched(identities: Sequence[str]) -> frozenset[int]:
    """Which of the rows are left alone, by their places: the same ones whenever a column is added."""
    if len(identities) < 2:
        return frozenset()
    marks = [crc32(identity.encode()) for identity in identities]
    chosen = frozenset(row for row, mark in enumerate(marks) if mark % UNTOUCHED == 0)
    return chosen if 0 < len(chosen) < len(marks) else frozenset({marks.index(min(marks))})


def _key(table: Table) -> list[str]:
    """The columns that identify a row: the primary key, else a unique one over columns that always hold a value."""
    filled = {column.name for column in table.columns if not column.nullable}
    whole = [unique for unique in table.uniques if not unique.predicate and filled.issuperset(columns_of(unique, table))]
    ranked = sorted(whole, key=lambda unique: not unique.primary)
    return list(columns_of(ranked[0], table)) if ranked else []


_SOURCE = "pg_temp.migration_checks_rows s WHERE t.ctid = s.place AND t.tableoid = s.part"


def _from(table: Table) -> str:
    """The table without those that inherit from it; a partitioned one with its partitions."""
    return table.name if table.partitioned else f"ONLY {table.name}"


def _assigned(added: Sequence[Column], row: str) -> str:
    return ", ".join(f"{column.quoted} = {row}.v{at}::{column.formatted}" for at, column in enumerate(added))


def _lines(batch: Batch, places: Sequence[str], added: Sequence[Column]) -> Iterator[str]:
    columns = [batch.columns[column.name] for column in added]
    encoded = [copy_fields(column) for column in columns]
    for row, (place, *values) in enumerate(zip(places, *encoded, strict=False)):
        if row not in batch.dropped and any(column[row] is not None for column in columns):
            yield "\t".join((place, *values))


def _offering(table: Table, added: Sequence[Column]) -> str:
    """Row by row: what the table refuses keeps its NULL."""
    return f"""DO $migration_checks$
DECLARE one record;
BEGIN
  FOR one IN SELECT * FROM pg_temp.migration_checks_rows LOOP
    BEGIN
      UPDATE {_from(table)} t SET {_assigned(added, "one")} WHERE t.ctid = one.place AND t.tableoid = one.part;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
END $migration_checks$"""


def _rules(table: Table) -> Iterator[frozenset[str]]:
    for check in table.checks:
        condition = read(check.expression)
        yield condition.columns or frozenset(mentioned(check.expression, table))
    for unique in table.uniques:
        yield frozenset((*columns_of(unique, table), *(mentioned(unique.predicate, table) if unique.predicate else ())))
    for key in table.foreign_keys:
        yield frozenset(key.columns)


def tied(table: Table, names: frozenset[str]) -> list[str]:
    """The other columns that a rule ties to these."""
    found = {name for rule in _rules(table) if rule & names for name in rule}
    return [column.name for column in table.columns if column.name in found - names]

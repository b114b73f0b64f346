"""Fills columns that a step has just added: about half of the rows that exist get a value, the others keep their NULL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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

SHARE = 0.57
"""How many rows are offered a value; a tenth of the values drawn is NULL again, so about half of the rows get one."""


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
        places, context = self._rows(table, tied(table, names))
        plan = make_plan(table, self.pools, self.keys.of, Order(self.seed, "added", names, leaves=frozenset()))
        batch = Draft(plan, chance(self.seed, table.name, "added", *sorted(names)), context).make(len(places))
        self._mask(table, batch, added)
        self._write(table, batch, places, added)
        return self._counted(table, added)

    def _rows(self, table: Table, context: Sequence[str]) -> tuple[list[str], Columns]:
        """Where the rows are, in an order that does not depend on where, and their values in the columns of the context."""
        quoted = {column.name: column.quoted for column in table.columns}
        listed = "".join(f", t.{quoted[name]}::text" for name in context)
        key = next((unique for unique in table.uniques if unique.primary), None)
        order = (
            ", ".join(f't.{quoted[name]}::text COLLATE "C"' for name in columns_of(key, table))
            if key
            else 't::text COLLATE "C"'
        )
        query = f"SELECT t.tableoid::text || E'\\t' || t.ctid::text{listed} FROM {_from(table)} t ORDER BY {order}"
        rows = self.connection.execute(query.encode()).fetchall()
        return [row[0] for row in rows], {name: [row[at] for row in rows] for at, name in enumerate(context, 1)}

    def _mask(self, table: Table, batch: Batch, added: Sequence[Column]) -> None:
        """Leave the rest of the rows as they are: together where a rule ties columns, each by itself elsewhere."""
        bound = {name for names in _rules(table) if len(names) > 1 for name in names}
        shared = chance(self.seed, table.name, "mask")
        common = [shared.random() < SHARE for _ in range(batch.count)]
        for column in added:
            own = chance(self.seed, table.name, column.name, "mask")
            mask = common if column.name in bound else [own.random() < SHARE for _ in range(batch.count)]
            values = batch.columns[column.name]
            if not any(value is not None and given for value, given in zip(values, mask, strict=False)):
                mask = [True] * batch.count
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

"""The keys that foreign keys may point at: those just drafted, else those that the database holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.references import Key
from migration_checks.seeding.schema import ForeignKey, Table

# More parents than this add nothing but memory; which ones are taken is decided by their text, not by their place.
MOST = 200_000


class Keys:
    """Looks up parent keys, and remembers them for the length of one top-up."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._drafted: dict[str, Batch] = {}
        self._read: dict[tuple[str, tuple[str, ...]], list[Key]] = {}

    def drafted(self, table: str, batch: Batch) -> None:
        """These rows are, or will be, what the table holds."""
        self._drafted[table] = batch

    def stale(self, table: str) -> None:
        """The table does not hold exactly what was drafted."""
        self._drafted.pop(table, None)
        self._read = {key: value for key, value in self._read.items() if key[0] != table}

    def of(self, key: ForeignKey) -> Sequence[Key]:
        """Every key that the foreign key may point at."""
        place = (key.parent, key.parent_columns)
        if place not in self._read:
            batch = self._drafted.get(key.parent)
            found = _drawn(batch, key.parent_columns) if batch is not None else None
            self._read[place] = self._stored(*place) if found is None else found
        return self._read[place]

    def _stored(self, parent: str, columns: tuple[str, ...]) -> list[Key]:
        texts = [f"{_quoted(column)}::text" for column in columns]
        given = " AND ".join(f"{_quoted(column)} IS NOT NULL" for column in columns)
        order = ", ".join(f'{text} COLLATE "C"' for text in texts)
        query = f"SELECT {', '.join(texts)} FROM {parent} WHERE {given} ORDER BY {order} LIMIT {MOST}"
        rows: list[Key] = self.connection.execute(query.encode()).fetchall()
        if len(columns) == 1 and all(row[0].isdigit() for row in rows):
            rows.sort(key=lambda row: int(row[0]))
        return rows


def _drawn(batch: Batch, columns: tuple[str, ...]) -> list[Key] | None:
    if any(column not in batch.columns for column in columns):
        return None
    rows = zip(*(batch.spread(column) for column in columns), strict=True)
    return [row for row in rows if None not in row]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def existing(connection: psycopg.Connection[Any], table: Table, columns: Sequence[str]) -> list[dict[str, str | None]]:
    """The values of these columns in the rows that the table holds, as text; one empty row when no column is asked for."""
    if not columns:
        row = connection.execute(f"SELECT EXISTS (SELECT FROM {table.name})".encode()).fetchone()
        return [{}] if row and row[0] else []
    listed = ", ".join(f"{_quoted(column)}::text" for column in columns)
    rows = connection.execute(f"SELECT {listed} FROM {table.name} LIMIT {MOST}".encode()).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]

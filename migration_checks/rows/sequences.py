"""Where sequences stand against the columns that they feed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from importlib.resources import files
from math import isfinite
from typing import Any

import psycopg

from migration_checks.rows.values import is_number, literal, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Sequence, Table

SEQUENCES = files("migration_checks.rows").joinpath("sequences.sql").read_bytes()
"""SQL for what `Sequences.read` takes as `found`."""


class Sequences:
    """Reads sequences; the highest value of a column is looked up again only when its table was touched."""

    def __init__(self) -> None:
        self._highest: dict[tuple[str, str, bool], int | None] = {}
        self._known: dict[tuple[Any, ...], tuple[Table, Sequence]] = {}

    def read(self, shop: Workshop, tables: Mapping[str, Table], found: Iterable[Any] | None = None) -> tuple[Sequence, ...]:
        """Every sequence that feeds a numeric column of `tables`, by name; `found` is what SEQUENCES has just given."""
        by_oid = {table.oid: table for table in tables.values() if table.unread is None}
        if found is None:
            found = shop.look(SEQUENCES) if by_oid else []
        found = [tuple(row) for row in found if row[1] in by_oid]
        new = [row for row in found if not self._is_known(row, by_oid[row[1]])]
        self._known = {row: self._known[row] for row in found if self._is_known(row, by_oid[row[1]])}
        fed = [row for row in new if _numeric(by_oid[row[1]], row[2])]
        starts = _starts(shop, sorted({row[0] for row in fed if row[4] is None and row[5]}))
        self._look_up(shop, [(by_oid[row[1]], row[2], row[3] > 0) for row in fed])
        made = {row: self._sequence(shop, by_oid[row[1]], row, starts) for row in fed}
        self._known |= {
            row: (by_oid[row[1]], sequence) for row, sequence in made.items() if sequence is not None and row[4] is not None
        }
        latest = {row: sequence for row, (_, sequence) in self._known.items()} | made
        return tuple(sequence for row in found if (sequence := latest.get(row)) is not None)

    def _is_known(self, row: tuple[Any, ...], table: Table) -> bool:
        """Whether a sequence that was called stands where it stood, and nothing was written to the table that it feeds."""
        known = self._known.get(row)
        return known is not None and known[0] is table

    def _sequence(self, shop: Workshop, table: Table, row: tuple[Any, ...], starts: Mapping[str, int]) -> Sequence | None:
        name, _, column, increment, last, _ = row
        next_value = last + increment if last is not None else starts.get(name)
        if next_value is None:
            return None
        highest = self._highest[_about(table, column, increment > 0)]
        return Sequence(name, f"{table.name}.{shop.identifier(column)}", next_value, highest, increment > 0)

    def _look_up(self, shop: Workshop, fed: Collection[tuple[Table, str, bool]]) -> None:
        """Find the values that sequences must be beyond; asked of the tables themselves, where an index answers at once."""
        unknown = [each for each in fed if _about(*each) not in self._highest]
        if not unknown:
            return
        asked = ", ".join(
            f"(SELECT {'max' if ascending else 'min'}({quoted(column)}) FROM {table.name})"
            for table, column, ascending in unknown
        )
        try:
            with shop.alone():
                values = shop.row(f"SELECT {asked}")
        except psycopg.Error:
            if len(unknown) > 1:
                for each in unknown:
                    self._look_up(shop, [each])
                return
            values = (None,)
        for each, value in zip(unknown, values, strict=True):
            self._highest[_about(*each)] = int(value) if value is not None and isfinite(value) else None


def _about(table: Table, column: str, ascending: bool) -> tuple[str, str, bool]:
    """Equal as long as the column holds the same values."""
    return (f"{table.name}|{table.rows}|{table.digests.get(column) or table.stamp}", column, ascending)


def _numeric(table: Table, column: str) -> bool:
    return any(each.name == column and is_number(each) for each in table.columns)


def _starts(shop: Workshop, names: list[str]) -> dict[str, int]:
    """What sequences that were never called hand out first."""
    if not names:
        return {}
    return dict(shop.rows(" UNION ALL ".join(f"SELECT {literal(name)}, last_value FROM {name}" for name in names)))

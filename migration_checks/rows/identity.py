"""Which table, column and row of one snapshot is which of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from migration_checks.snapshot import Column, Table

ColumnPair: TypeAlias = "tuple[Column, Column]"
Tables: TypeAlias = "Mapping[str, Table]"


@dataclass(frozen=True, slots=True)
class Columns:
    """How the columns of two states of a table correspond: pairs in the earlier order, and those that one side lacks."""

    pairs: tuple[ColumnPair, ...]
    dropped: tuple[Column, ...]
    created: tuple[Column, ...]

    def onward(self, names: tuple[str, ...]) -> tuple[ColumnPair, ...] | None:
        """The pairs of columns that the earlier table calls `names`; None when one of them is gone."""
        by_name = {pair[0].name: pair for pair in self.pairs}
        return tuple(by_name[name] for name in names) if all(name in by_name for name in names) else None

    def backward(self, names: tuple[str, ...]) -> tuple[ColumnPair, ...] | None:
        """The pairs of columns that the later table calls `names`; None when one of them is new."""
        by_name = {pair[1].name: pair for pair in self.pairs}
        return tuple(by_name[name] for name in names) if all(name in by_name for name in names) else None


def pair_tables(before: Mapping[str, Table], after: Mapping[str, Table]) -> Iterator[tuple[Table | None, Table | None]]:
    """Each table of either side with what it is on the other: the same oid, else the same name.

    In order of the later names; tables that are gone come last.
    """
    by_oid = {table.oid: table for table in before.values()}
    taken: set[int] = set()
    same: dict[str, Table] = {}
    for name, table in after.items():
        if table.oid in by_oid:
            same[name] = by_oid[table.oid]
            taken.add(table.oid)
    for name in after:
        if name not in same and name in before and before[name].oid not in taken:
            same[name] = before[name]
            taken.add(before[name].oid)
    for name in sorted(after):
        yield same.get(name), after[name]
    for name in sorted(before):
        if before[name].oid not in taken:
            yield before[name], None


def same_table(table: Table, tables: Tables) -> Table | None:
    """What `table` is in another snapshot: the same oid, else the same name."""
    by_oid = next((each for each in tables.values() if each.oid == table.oid), None)
    return by_oid or tables.get(table.name)


def pair_columns(before: Table, after: Table) -> Columns:
    """Columns of one table correspond by number, which survives a rename; what is left, and other tables', by name."""
    pairs: dict[str, Column] = {}
    rest = {column.name: column for column in after.columns}
    if before.oid == after.oid:
        numbers = {column.number: column for column in after.columns}
        for column in before.columns:
            if column.number in numbers:
                pairs[column.name] = rest.pop(numbers[column.number].name)
    for column in before.columns:
        if column.name not in pairs and column.name in rest:
            pairs[column.name] = rest.pop(column.name)
    return Columns(
        pairs=tuple((column, pairs[column.name]) for column in before.columns if column.name in pairs),
        dropped=tuple(column for column in before.columns if column.name not in pairs),
        created=tuple(column for column in after.columns if column.name in rest),
    )


def shared_keys(before: Table, after: Table, columns: Columns) -> list[tuple[ColumnPair, ...]]:
    """Sets of columns that identify a row on both sides, the earlier table's own key first."""
    ours = [pairs for names in (before.key, *before.uniques) if names and (pairs := columns.onward(names))]
    unique_after = {frozenset(names) for names in (after.key, *after.uniques) if names}
    return [pairs for pairs in ours if frozenset(right.name for _, right in pairs) in unique_after]


def half_keys(before: Table, after: Table, columns: Columns) -> list[tuple[ColumnPair, ...]]:
    """Sets of columns that identify a row on one side and may do so on the other, where nothing enforces it."""
    ours = [columns.onward(names) for names in (before.key, *before.uniques) if names]
    theirs = [columns.backward(names) for names in (after.key, *after.uniques) if names]
    return [pairs for pairs in (*ours, *theirs) if pairs]


def same_rows(before: Table, after: Table, columns: Columns) -> bool:
    """Whether digests alone show that both sides hold the same rows by key."""
    key = columns.onward(before.key)
    if not key or before.rows != after.rows or tuple(right.name for _, right in key) != after.key:
        return False
    return all(same_digest(before, after, pair) for pair in key)


def same_digest(before: Table, after: Table, pair: ColumnPair) -> bool:
    """Whether digests alone show that a column holds the same values; only meaningful for `same_rows`."""
    left, right = pair
    return before.digests.get(left.name) == after.digests.get(right.name) is not None


def same_state(before: Table, after: Table, columns: Columns) -> bool:
    """Whether digests alone show that the columns of both sides hold the same."""
    if before.key or after.key:
        return same_rows(before, after, columns) and all(same_digest(before, after, pair) for pair in columns.pairs)
    if columns.dropped or columns.created or before.rows != after.rows:
        return False
    if any(left.name != right.name for left, right in columns.pairs):
        return False
    return before.digests.get("") == after.digests.get("") is not None

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


def pair_tables(
    before: Mapping[str, Table], after: Mapping[str, Table], *, by_name: bool = False
) -> Iterator[tuple[Table | None, Table | None]]:
    """Each table of either side with what it is on the other: the same oid, else the same name; `by_name` the other way round.

    A step that renames leaves a table what it was. To an application two states of one place are the same only by name.
    In order of the later names; tables that are gone come last.
    """
    by_oid = {table.oid: table for table in before.values()}
    taken: set[int] = set()
    same: dict[str, Table] = {}
    for named in (by_name, not by_name):
        for name, table in after.items():
            candidate = before.get(name) if named else by_oid.get(table.oid)
            if name not in same and candidate is not None and candidate.oid not in taken:
                same[name] = candidate
                taken.add(candidate.oid)
    for name in sorted(after):
        yield same.get(name), after[name]
    for name in sorted(before):
        if before[name].oid not in taken:
            yield before[name], None


def same_table(table: Table, tables: Tables, *, by_name: bool = False) -> Table | None:
    """What `table` is in another snapshot: the same oid, else the same name; `by_name` the other way round."""
    by_oid = next((each for each in tables.values() if each.oid == table.oid), None)
    named = tables.get(table.name)
    return (named or by_oid) if by_name else (by_oid or named)


def pair_columns(before: Table, after: Table, *, by_name: bool = False) -> Columns:
    """Columns of one table correspond by number, which survives a rename; what is left, and other tables', by name.

    `by_name` the other way round: what has its name is the same to an application, and only the rest may have been renamed.
    """
    pairs: dict[str, Column] = {}
    rest = {column.name: column for column in after.columns}
    numbers = {column.number: column.name for column in after.columns} if before.oid == after.oid else {}
    for named in (by_name, not by_name):
        for column in before.columns:
            name = column.name if named else numbers.get(column.number)
            if column.name not in pairs and name in rest:
                pairs[column.name] = rest.pop(name)
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

"""Sets aside the rows that the toolkit itself wrote between two snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from migration_checks.rows.identity import ColumnPair, Columns, Tables, pair_columns, same_table
from migration_checks.rows.matching import leftover_by_value, temporary
from migration_checks.rows.mirrors import source
from migration_checks.rows.values import quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table

Written: TypeAlias = "tuple[Tables, Tables]"


def without_written(
    shop: Workshop,
    written: Sequence[Written],
    table: Table,
    columns: Columns,
    key: Sequence[ColumnPair],
    before: str,
    after: str,
) -> tuple[str, str, int]:
    """`before` and `after` without the rows that were written between any pair of snapshots, identified by `key`.

    A row that existed counts as written only when one of the compared columns was altered. The number is how many rows of
    a table without a key were altered or deleted by those writes: so many may be missing.
    """
    removed = 0
    queries = []
    for earlier, later in written:
        old, new = same_table(table, earlier), same_table(table, later)
        if new is None or old is new or new.unread or (old is not None and old.unread):
            continue
        names = _names(table, new, [left.name for left, _ in columns.pairs])
        if not key:
            removed += _removed(shop, old, new) if old is not None else 0
        elif all(left.name in names for left, _ in key):
            queries.append(_written_keys(old, new, [names[left.name] for left, _ in key], list(names.values())))
    if not queries:
        return before, after, removed
    keys = temporary(shop, "written", " UNION ".join(queries))
    shop.execute(f"ANALYZE {keys}")
    return _except(before, keys, [left for left, _ in key]), _except(after, keys, [right for _, right in key]), removed


def _names(table: Table, other: Table, wanted: Sequence[str]) -> dict[str, str]:
    """What `other` calls those of the `wanted` columns of `table` that it has."""
    return {left.name: right.name for left, right in pair_columns(table, other).pairs if left.name in wanted}


def _written_keys(old: Table | None, new: Table, key: Sequence[str], compared: Sequence[str]) -> str:
    """SELECT of the keys, as text, of rows that are new or altered in `new`."""
    texts = ", ".join(f"n.{quoted(name)}::text AS k{index}" for index, name in enumerate(key))
    query = f"SELECT {texts} FROM {source(new)} AS n"
    if old is None:
        return query
    names = {right.name: left.name for left, right in pair_columns(old, new).pairs}
    if not all(name in names for name in key):
        return query
    same = [f"o.{quoted(names[name])}::text = n.{quoted(name)}::text" for name in key]
    same += [
        f"o.{quoted(names[name])}::text IS NOT DISTINCT FROM n.{quoted(name)}::text"
        for name in compared
        if name in names and name not in key
    ]
    return f"{query} WHERE NOT EXISTS (SELECT FROM {source(old)} AS o WHERE {' AND '.join(same)})"


def _removed(shop: Workshop, old: Table, new: Table) -> int:
    """How many rows of a table without a key are not what they were."""
    return leftover_by_value(shop, source(old), source(new), pair_columns(old, new).pairs).rows_before


def _except(relation: str, keys: str, columns: Sequence[Column]) -> str:
    same = " AND ".join(f"w.k{index} = r.{quoted(column.name)}::text" for index, column in enumerate(columns))
    return f"(SELECT r.* FROM {relation} AS r WHERE NOT EXISTS (SELECT FROM {keys} AS w WHERE {same}))"

"""The columns by which rows of two states are joined."""

from __future__ import annotations

from collections.abc import Sequence

from migration_checks.rows.identity import ColumnPair, Columns, half_keys, same_rows, shared_keys
from migration_checks.rows.mirrors import source
from migration_checks.rows.values import base, is_moment, is_number, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table


def common_key(shop: Workshop, left: Table, right: Table, columns: Columns) -> tuple[ColumnPair, ...]:
    """The columns that identify rows on both sides and have values in common, the earlier key if it can be.

    A key that no longer is enforced, or not yet, serves when its values happen to be unique. When none of the keys that both
    sides enforce has a value in common, all were replaced: the first is returned, and nothing will match.
    """
    before, after = source(left), source(right)
    tried = []
    for pairs in shared_keys(left, right, columns):
        if same_rows(left, right, columns) or _meet(shop, pairs, before, after):
            return pairs
        tried.append(pairs)
    for pairs in half_keys(left, right, columns):
        if pairs not in tried and _unique(shop, pairs, before, after) and _meet(shop, pairs, before, after):
            return pairs
    return tried[0] if tried else ()


def _meet(shop: Workshop, pairs: Sequence[ColumnPair], before: str, after: str) -> bool:
    """Whether any row of one side is on the other: nearly always one of the first is."""
    return any(
        bool(shop.row(f"SELECT EXISTS (SELECT FROM {some} AS b JOIN {after} AS a ON {joined(pairs)})")[0])
        for some in (f"(SELECT r.* FROM {before} AS r LIMIT 100)", before)
    )


def _unique(shop: Workshop, pairs: Sequence[ColumnPair], before: str, after: str) -> bool:
    for side, relation in enumerate((before, after)):
        names = [f"r.{quoted(pair[side].name)}" for pair in pairs]
        whole = " AND ".join(f"{name} IS NOT NULL" for name in names)
        query = f"SELECT count(*) = count(DISTINCT ROW({', '.join(names)})), bool_and({whole}) FROM {relation} AS r"
        if shop.row(query) not in ((True, True), (True, None)):
            return False
    return True


def joined(pairs: Sequence[ColumnPair]) -> str:
    """SQL that is true when the rows b and a have the same key."""
    return " AND ".join(equal("b", left, "a", right) for left, right in pairs) or "true"


def equal(one: str, left: Column, other: str, right: Column) -> str:
    """SQL that compares a column of the row `one` with a column of the row `other`, across types."""
    before, after = f"{one}.{quoted(left.name)}", f"{other}.{quoted(right.name)}"
    if base(left) == base(right):
        return f"{before} = {after}"
    if is_number(left) and is_number(right):
        return f"{before}::numeric = {after}::numeric"
    if is_moment(left) and is_moment(right):
        return f"{before}::timestamptz = {after}::timestamptz"
    return f"{before}::text = {after}::text"

"""Digests of a large table told from those of an earlier reading: only rows that were written since are hashed.

Digests are sums over rows. Of an earlier sum what was replaced is taken off, and what replaced it is added. Rows that nobody
wrote are in both; if together with the replaced ones they are as many as the earlier rows, no other is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from migration_checks.rows import fresh
from migration_checks.rows.digest import digest_query, digests, total
from migration_checks.rows.identity import ColumnPair, pair_columns
from migration_checks.rows.keys import joined
from migration_checks.rows.mirrors import source
from migration_checks.rows.values import lowered, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table

_FEW = 5
"""Where more than one row in so many was written, every row is hashed, which takes one scan."""

_SAMPLE = "TABLESAMPLE SYSTEM (5) REPEATABLE (0)"
"""Enough of a table to see whether that is so: it decides how long a reading takes, never what it comes to."""


def carried(shop: Workshop, before: Table, now: Table) -> Table | None:
    """`now`, which stands in the database, counted and digested; None where only a look at every row can tell.

    `before` is an earlier state of it, held apart. Raises psycopg.Error.
    """
    columns = pair_columns(before, now)
    key = columns.onward(before.key)
    kept = [pair for pair in columns.pairs if fresh.keeps_its_values(pair)]
    if not key or tuple(right.name for _, right in key) != now.key or not set(key) <= set(kept):
        return None
    if before.rows < fresh.LARGE or before.unread or not before.digests or _doubted(before, now):
        return None
    written = fresh.fresh_rows(shop, before, now)
    if not written or _are_many(shop, now, written):
        return None
    others = [column for column in now.columns if column not in {right for _, right in kept}]
    _, rows, whole = shop.row(digest_query(now, lowered, others))
    with shop.work():
        fresh_ones, gone, new, old = _exchanged(shop, before, now, kept, key, written)
    if before.rows - gone != rows - fresh_ones:
        return None
    sums = dict(zip((column.name for column in others), whole, strict=True))
    for (left, right), plus, minus in zip(kept, new, old, strict=True):
        sums[right.name] = str(total(before.digests[left.name]) + int(plus or 0) - int(minus or 0) or "")
    return replace(now, rows=rows, digests=digests(now, [sums[column.name] for column in now.columns]))


def _are_many(shop: Workshop, now: Table, written: str) -> bool:
    """Whether looking for what was written would save little, as far as a sample of the table tells."""
    counted = f"SELECT count(*) FILTER (WHERE {written}) * {_FEW} > count(*) FROM {now.relation} {_SAMPLE}"
    return bool(shop.row(counted)[0])


def _exchanged(
    shop: Workshop, before: Table, now: Table, kept: Sequence[ColumnPair], key: Sequence[ColumnPair], written: str
) -> tuple[int, int, list[str], list[str]]:
    """How many rows were written, how many earlier ones have the key of one, and a sum of each of `kept` over either."""
    columns = tuple(right for _, right in kept)
    # Not a temporary table: the server's parallel workers cannot look into those of another session.
    news = shop.relation("news")
    shop.execute(f"CREATE UNLOGGED TABLE {news} AS SELECT r.* FROM {source(replace(now, columns=columns), written)} AS r")
    fresh_ones, new = _summed(shop, replace(now, relation=news), "", columns)
    found = f"{before.relation} AS b WHERE EXISTS (SELECT FROM {news} AS a WHERE {joined(key)})"
    gone, old = _summed(shop, replace(before, relation=found), "b.", [left for left, _ in kept])
    shop.execute(f"DROP TABLE {news}")
    return fresh_ones, gone, new, old


def _summed(shop: Workshop, table: Table, row: str, columns: Sequence[Column]) -> tuple[int, list[str]]:
    _, rows, sums = shop.row(digest_query(table, lambda column: f"{row}{quoted(column.name)}", columns))
    return rows, sums


def _doubted(before: Table, now: Table) -> bool:
    """Whether either was read while somebody may have written to it: its digests may be of another moment than its copy."""
    return any("?" in each.stamp for each in (before, now))

"""Which of the rows that were written after an upgrade are gone, or altered, after the downgrade."""

from __future__ import annotations

from dataclasses import replace

import psycopg

from migration_checks.rows.folded import unfolded
from migration_checks.rows.holdable import holdable
from migration_checks.rows.identity import Columns, Tables, pair_columns, same_table
from migration_checks.rows.keys import common_key, joined
from migration_checks.rows.matching import leftover_by_key, leftover_by_value, temporary
from migration_checks.rows.mirrors import source
from migration_checks.rows.table_rows import TableComparison
from migration_checks.rows.workshop import Workshop, why
from migration_checks.snapshot import Table
from migration_checks.transition import Changes, TableChange


def survivors(shop: Workshop, samples: int, before: Tables, written: Tables, now: Tables) -> Changes:
    """For each table that is still there: the rows that `written` has beyond `before`, held against what is there `now`.

    Rows are left out that the table, as it is now, has no place for. Tables where all is well are not listed; those that the
    server would not compare are in `unread`, with the reason.
    """
    found, unread = [], {}
    for name in sorted(written):
        table, earlier = written[name], same_table(written[name], before)
        later = same_table(table, now)
        if later is None or earlier is table or any(each is not None and each.unread for each in (table, earlier, later)):
            continue
        try:
            with shop.attempt():
                change = _fared(shop, samples, earlier, table, later)
        except psycopg.Error as error:
            unread[later.name] = why(error)
            continue
        if change is not None and not change.equal:
            found.append(change)
    return Changes(tables=tuple(found), unread=unread)


def _fared(shop: Workshop, samples: int, earlier: Table | None, table: Table, later: Table) -> TableChange | None:
    """How the rows that `table` has beyond `earlier` look in `later`; None where there are none that could be there."""
    rows = _added(shop, earlier, table)
    if not rows.rows:
        return None
    columns = pair_columns(rows, later)
    if _all_there(shop, rows, later, columns):
        return None
    rows = holdable(shop, rows, later, columns)
    if not rows.rows:
        return None
    return _held_against(shop, samples, rows, unfolded(shop, rows, later, columns), columns)


def _all_there(shop: Workshop, rows: Table, later: Table, columns: Columns) -> bool:
    """Whether every row is there as it was written, as it is in a healthy chain: then none need be tried one by one."""
    try:
        with shop.attempt():
            return _held_against(shop, 0, rows, later, columns).equal
    except psycopg.Error:
        return False


def _held_against(shop: Workshop, samples: int, rows: Table, later: Table, columns: Columns) -> TableChange:
    change = TableComparison(shop, samples, rows, later, columns, frozenset(), renumbered=False).change()
    return replace(change, added=0, added_samples=())


def _added(shop: Workshop, earlier: Table | None, table: Table) -> Table:
    """`table` with only the rows that were added to it."""
    if earlier is None:
        return table
    columns = pair_columns(earlier, table)
    key = common_key(shop, earlier, table, columns) if earlier.rows else ()
    if not earlier.rows:
        relation = temporary(shop, "added", f"SELECT * FROM {source(table)} AS r")
    elif key:
        relation = leftover_by_key(shop, source(earlier), source(table), joined(key)).after
    else:
        relation = leftover_by_value(shop, source(earlier), source(table), columns.pairs).after
    count = shop.row(f"SELECT count(*) FROM {relation}")[0]
    return replace(table, relation=relation, rows=count, digests={})

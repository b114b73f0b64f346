"""What a leg that failed left different, told from two snapshots whose rows can no longer be read side by side."""

from __future__ import annotations

from migration_checks.diff import diff_catalogs
from migration_checks.snapshot import Snapshot, Table
from migration_checks.transition import Changes, ColumnChange, TableChange


def left_behind(before: Snapshot, now: Snapshot) -> Changes:
    """Every catalog object that differs, and which tables hold other rows: not which rows, so nothing counts as compared."""
    pairs = ((before.tables[name], table) for name, table in now.tables.items() if name in before.tables)
    tables = tuple(_table(was, table) for was, table in pairs if _differ(was, table))
    return Changes(catalog=diff_catalogs(before.catalog, now.catalog), tables=tables)


def _differ(was: Table, now: Table) -> bool:
    """Whether rows came or went, or values of columns that both have differ (those of whole rows where all are the same)."""
    shared = was.digests.keys() & now.digests.keys()
    if was.columns != now.columns:
        shared -= {""}
    return was.rows != now.rows or any(was.digests[column] != now.digests[column] for column in shared)


def _table(was: Table, now: Table) -> TableChange:
    """At least as many rows came or went as there are more or fewer; where there are as many, values differ."""
    grown = now.rows - was.rows
    return TableChange(
        table=now.name,
        table_before=was.name,
        key=now.key,
        rows_before=was.rows,
        rows_after=now.rows,
        rows_compared=0,
        values_compared=0,
        missing=max(-grown, 0),
        added=max(grown, 0),
        columns=() if grown else (ColumnChange("", "", changed=1),),
    )

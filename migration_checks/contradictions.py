"""Leaving out of a comparison what only rows show that the walk itself made contradictory.

An added column is filled in about half of the rows, as an application would have done by the next deployment. Its values
then need not agree with the columns that a later step derives it from, or derives from it. So a difference in a column counts
by the rows whose other columns were left alone; a column that was filled itself counts by all of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from migration_checks.transition import Changes, ColumnChange, TableChange


def spared(found: Changes, apart: Changes, filled: Collection[str]) -> Changes:
    """`found`, its differing values counted as in `apart` (which sets filled rows aside) but for columns in `filled`."""
    others = {table.table: table for table in apart.tables}
    tables = tuple(_spared(table, others.get(table.table), filled) for table in found.tables)
    return replace(found, tables=tables)


def _spared(table: TableChange, apart: TableChange | None, filled: Collection[str]) -> TableChange:
    if not table.key:
        return table
    known = {column.column: column for column in apart.columns} if apart is not None else {}
    columns: list[ColumnChange] = []
    for column in table.columns:
        if f"{table.table}.{column.column}" in filled:
            columns.append(column)
        elif column.column in known:
            judged = known[column.column]
            columns.append(replace(judged, set_aside=max(column.changed - judged.changed, 0)))
    return replace(table, columns=tuple(columns))

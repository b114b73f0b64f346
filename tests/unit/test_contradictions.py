"""Differences that only rows show which the walk made contradictory are left out; those of filled columns stay."""

from __future__ import annotations

from dataclasses import replace

from migration_checks.contradictions import spared
from migration_checks.transition import Changes, ColumnChange, TableChange

TABLE = TableChange(
    table="public.items",
    table_before="public.items",
    key=("id",),
    rows_before=60,
    rows_after=60,
    rows_compared=60,
    values_compared=180,
    missing=2,
    columns=(ColumnChange("price", "price", 33), ColumnChange("cents", "cents", 30)),
)


def changes(*columns: ColumnChange) -> Changes:
    return Changes(tables=(replace(TABLE, columns=columns),))


def test_a_difference_that_only_filled_rows_show_is_left_out() -> None:
    """The column that was filled keeps what was counted over all rows; rows that are gone stay gone."""
    result = spared(Changes(tables=(TABLE,)), changes(), {"public.items.cents"})

    assert ["cents"] == [column.column for column in result.tables[0].columns]
    assert 2 == result.tables[0].missing


def test_a_difference_that_other_rows_show_counts_by_those() -> None:
    """Half of the rows are set aside, so the count is that of the other half."""
    result = spared(Changes(tables=(TABLE,)), changes(ColumnChange("price", "price", 12)), {"public.items.cents"})

    assert [(12, 21), (30, 0)] == [(column.changed, column.set_aside) for column in result.tables[0].columns]


def test_a_table_that_differs_no_more_shows_nothing() -> None:
    """Set aside, the table may not be among the differing ones at all."""

    assert () == spared(Changes(tables=(TABLE,)), Changes(), ()).tables[0].columns


def test_rows_without_a_key_cannot_be_told_apart() -> None:
    """A table without a key is left as it was found."""
    keyless = replace(TABLE, key=())

    assert (keyless,) == spared(Changes(tables=(keyless,)), Changes(), ()).tables

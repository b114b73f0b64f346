"""Transformations that a lineage declares: verified row by row, they acquit what the trace cannot follow."""

from __future__ import annotations

import pytest

from migration_checks.errors import ConfigurationError
from migration_checks.lineage import Transformation
from migration_checks.rows import Rows
from migration_checks.transition import Fate
from tests.integration.rows.support import run

START = """
    CREATE TYPE mood AS ENUM ('Glad', 'Sad');
    CREATE TABLE items (id int PRIMARY KEY, price numeric(10, 2), label text, mood mood);
    INSERT INTO items SELECT n, n * 1.25, 'Item ' || n, CASE WHEN n % 2 = 0 THEN 'Glad' ELSE 'Sad' END::mood
    FROM generate_series(1, 8) AS n;
"""


def traced(rows: Rows, url: str, step: str, *transformations: Transformation) -> dict[str, Fate]:
    """The fates of an upgrade, by subject."""
    run(url, START)
    before = rows.read(None, keep=True)
    run(url, step)
    after = rows.read(before, keep=True)
    fates = rows.declared(rows.trace(before, after), transformations, after)
    return {fate.subject: fate for fate in fates}


def test_a_declared_transformation_that_holds_is_no_loss(rows: Rows, database: str) -> None:
    """Every value that became what the expression gives counts as moved to the declared column."""
    step = "ALTER TABLE items ADD cents bigint; UPDATE items SET cents = price * 100; ALTER TABLE items DROP price"
    fate = traced(rows, database, step, Transformation("r", "public.items.cents", "price * 100"))["public.items.price"]

    assert (fate.total, fate.lost) == (8, 0)
    assert [(e.place, e.how, e.count) for e in fate.moved] == [("public.items.cents", "declared transformation", 8)]


def test_rows_that_contradict_the_declaration_stay_lost(rows: Rows, database: str) -> None:
    """One row in which another value stands is one value lost, shown with its key."""
    step = """ALTER TABLE items ADD cents bigint; UPDATE items SET cents = price * 100 + (id = 3)::int;
              ALTER TABLE items DROP price"""
    fate = traced(rows, database, step, Transformation("r", "public.items.cents", "price * 100"))["public.items.price"]

    assert fate.lost == 1
    assert [dict(sample.key) for sample in fate.samples] == [{"id": "3"}]


def test_overwritten_values_can_be_declared_and_enums_are_text(rows: Rows, database: str) -> None:
    """A column that replaces itself is declared like any other; the old row's enum reads as its label."""
    step = "UPDATE items SET label = lower(label) || '/' || lower(mood::text)"
    fates = traced(rows, database, step, Transformation("r", "public.items.label", "lower(label) || '/' || lower(mood)"))

    assert fates["public.items.label"].lost == 0


def test_a_declaration_speaks_only_for_columns_that_it_reads(rows: Rows, database: str) -> None:
    """Another column that went with the same step is still lost."""
    step = "ALTER TABLE items ADD cents bigint; UPDATE items SET cents = price * 100; ALTER TABLE items DROP price, DROP label"
    fates = traced(rows, database, step, Transformation("r", "public.items.cents", "price * 100"))

    assert {subject: fate.lost for subject, fate in fates.items()} == {"public.items.price": 0, "public.items.label": 8}


@pytest.mark.parametrize(("column", "expression"), [("public.items.gone", "price"), ("public.items.cents", "prize * 100")])
def test_a_declaration_that_cannot_be_evaluated_is_an_error(rows: Rows, database: str, column: str, expression: str) -> None:
    """A column that is not there, before or after, is said in one sentence."""
    step = "ALTER TABLE items ADD cents bigint; UPDATE items SET cents = price * 100; ALTER TABLE items DROP price"
    if column.endswith("cents"):
        expression += " + price"

    with pytest.raises(ConfigurationError, match=r"public\.items"):
        traced(rows, database, step, Transformation("r", column, expression))

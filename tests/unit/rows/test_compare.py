"""Comparing two states: what digests prove is not asked, and what cannot be asked is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from migration_checks.rows.compare import Comparison, drawn_columns, proven_equal
from migration_checks.snapshot import Reference, Table
from migration_checks.transition import Changes
from tests.unit.rows.support import Paper, column, named, table


def users(**more: Any) -> Table:
    sums = {"id": "integer:1", "city": "text:2", "": "x"}
    return table("users", column("id", "integer"), column("city"), **{"key": ["id"], "digests": sums, **more})


def compare(
    before: Table | None, after: Table | None, answer: Callable[[str], list[Any]] | None = None
) -> tuple[Changes, Paper]:
    shop = Paper(answer)
    states = [named(*([] if each is None else [each])) for each in (before, after)]
    return Comparison(shop, 3).compare(*states), shop


def test_an_untouched_table_costs_nothing() -> None:
    """Its rows and values count as compared, since they are known to be the same."""
    found, shop = compare(users(), users())

    assert (found.tables, found.rows_compared, found.values_compared, shop.sent) == ((), 5, 10, [])


def test_a_table_that_is_new_or_gone_is_shown_by_its_rows() -> None:
    """An empty one is no matter of rows at all."""
    keys = [(["1"],), (["2"],)]
    came, _ = compare(None, users(), lambda query: keys if "ARRAY" in query else [])
    went, _ = compare(users(), None, lambda query: keys if "ARRAY" in query else [])
    empty, shop = compare(None, users(rows=0))

    assert [(each.table, each.added, each.missing) for each in came.tables] == [("public.users", 5, 0)]
    assert came.tables[0].added_samples == ({"id": "1"}, {"id": "2"})
    assert [(each.table, each.added, each.missing) for each in went.tables] == [("public.users", 0, 5)]
    assert (empty.tables, shop.sent) == ((), [])


def test_a_column_that_went_is_told_with_its_values() -> None:
    """Though the rows are the same."""
    smaller = table("users", column("id", "integer"), key=["id"], digests={"id": "integer:1", "": "y"})
    found, _ = compare(users(), smaller, lambda query: [(4,)] if "count(r." in query else [])
    (change,) = found.tables

    assert (change.dropped, dict(change.dropped_values), change.missing) == (("city",), {"city": 4}, 0)


def test_a_table_that_could_not_be_read_is_not_compared() -> None:
    """On either side; the reason is told."""
    for before, after in ((users(unread="locked"), users()), (users(), users(unread="locked"))):
        found, shop = compare(before, after)

        assert (dict(found.unread), found.rows_compared, shop.sent) == ({"public.users": "locked"}, 0, [])


def test_a_comparison_that_the_server_refuses_is_told() -> None:
    """And hinders no other table."""

    def answer(query: str) -> list[Any]:
        if "event_triggers" in query:
            return []
        raise psycopg.errors.QueryCanceled("statement timeout.")

    other = users(digests={"id": "integer:9", "city": "text:2", "": "z"})
    found, _ = compare(users(), other, answer)

    assert dict(found.unread) == {"public.users": "statement timeout"}


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        ({}, True),
        ({"rows": 6}, False),
        ({"key": ("city",)}, False),
        ({"digests": {"id": "integer:1", "city": "text:3"}}, False),
    ],
)
def test_what_digests_prove(change: dict[str, Any], equal: bool) -> None:
    """The same number of rows, the same key, and every column the same under it."""
    assert proven_equal(users(), replace(users(oid=1), **change)) is equal


def test_columns_that_refer_to_drawn_keys() -> None:
    """Their values differ from run to run with those of the key."""
    numbered = table("a", column("id", "integer", drawn=True), oid=1)
    random = table("b", column("id", "uuid"), oid=2)
    plain = table("c", column("code"), oid=3)
    references = [
        Reference(("a_id",), "public.a", 1, ("id",)),
        Reference(("b_id",), "public.b", 2, ("id",)),
        Reference(("code",), "public.c", 3, ("code",)),
        Reference(("gone",), "public.d", 4, ("id",)),
    ]
    made = table("t", column("a_id"), column("b_id"), column("code"), column("gone"), oid=9, references=references)

    assert drawn_columns(made, named(numbered, random, plain, made)) == {"a_id", "b_id"}

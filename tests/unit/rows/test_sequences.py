"""Where a sequence stands against the column that it feeds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from migration_checks.rows.sequences import Sequences
from migration_checks.snapshot import Sequence
from tests.unit.rows.support import Paper, column, named, table

USERS = table("users", column("id", "integer"), column("code"), oid=1, stamp="s1")
CALLED = ("public.users_id_seq", 1, "id", 1, 7, True)
"""A row of what the catalog says: the sequence, what it feeds, by how much it goes on, where it stands, whether we may ask."""


def asked(*rows: tuple[Any, ...], highest: object = 7, first: int = 1) -> tuple[Paper, Callable[[str], list[Any]]]:
    """A server with these sequences, and what it says of them."""

    def answer(query: str) -> list[Any]:
        if "quote_ident" in query:
            return [(query.partition("'")[2].partition("'")[0],)]
        if "last_value FROM" in query:
            return [(row[0], first) for row in rows]
        if query.startswith("SELECT (SELECT m"):
            return [(highest,)]
        return list(rows)

    return Paper(answer), answer


def test_a_sequence_that_was_called_goes_on_from_there() -> None:
    """By its own step; the highest value in use is asked of the table."""
    shop, _ = asked(CALLED)

    assert (Sequence("public.users_id_seq", "public.users.id", 8, 7),) == Sequences().read(shop, named(USERS))
    assert 'SELECT (SELECT max("id") FROM public.users)' in shop.sent


def test_a_sequence_that_was_never_called_starts_where_it_says() -> None:
    """Which only the sequence itself knows; where we may not ask, nothing is said of it."""
    shop, _ = asked((*CALLED[:4], None, True), first=100, highest=None)
    mute, _ = asked((*CALLED[:4], None, False))

    assert [(100, None)] == [(each.next_value, each.highest_used) for each in Sequences().read(shop, named(USERS))]
    assert () == Sequences().read(mute, named(USERS))
    assert not any("last_value FROM" in each for each in mute.sent)


def test_a_sequence_that_counts_down_is_held_against_the_lowest() -> None:
    """It must be below all that is in use."""
    shop, _ = asked(("public.s", 1, "id", -2, -5, True), highest=-5)

    assert (Sequence("public.s", "public.users.id", -7, -5, ascending=False),) == Sequences().read(shop, named(USERS))
    assert 'SELECT (SELECT min("id") FROM public.users)' in shop.sent


@pytest.mark.parametrize(
    ("value", "highest"),
    [
        (None, None),
        (Decimal("12.75"), 12),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (Decimal("-Infinity"), None),
        (float("nan"), None),
        (float("inf"), None),
        (3.0, 3),
    ],
)
def test_what_the_column_may_hold_at_most(value: object, highest: int | None) -> None:
    """No sequence ever comes to what is not a number or without an end."""
    shop, _ = asked(CALLED, highest=value)

    assert [highest] == [each.highest_used for each in Sequences().read(shop, named(USERS))]


def test_text_is_fed_by_no_number() -> None:
    """A default such as 'C' || nextval(...) says nothing that could be compared."""
    shop, _ = asked(("public.s", 1, "code", 1, 7, True))

    assert () == Sequences().read(shop, named(USERS))


def test_a_table_that_cannot_be_asked() -> None:
    """Its highest value is not known; the sequence is told all the same."""

    def answer(query: str) -> list[Any]:
        if query.startswith("SELECT (SELECT max"):
            raise psycopg.errors.InsufficientPrivilege("permission denied")
        return [("id",)] if "quote_ident" in query else [CALLED]

    assert [(8, None)] == [(each.next_value, each.highest_used) for each in Sequences().read(Paper(answer), named(USERS))]


def test_what_was_not_touched_is_not_asked_again() -> None:
    """Neither a sequence that stands where it stood, nor the table that it feeds."""
    sequences = Sequences()
    shop, answer = asked(CALLED)
    first = sequences.read(shop, named(USERS))
    again = Paper(answer)

    assert first == sequences.read(again, named(USERS))
    assert 1 == len(again.sent)
    moved, _ = asked((*CALLED[:4], 9, True))
    assert [10] == [each.next_value for each in sequences.read(moved, named(USERS))]
    assert not any("max(" in each for each in moved.sent)


def test_a_table_that_is_not_read_has_no_sequences() -> None:
    """There is nothing to hold them against; without tables the server is not even asked."""
    shop, _ = asked(CALLED)
    hidden = table("users", column("id", "integer"), oid=1, unread="permission denied")

    assert ((), []) == (Sequences().read(shop, named(hidden)), shop.sent)

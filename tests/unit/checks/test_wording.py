"""How facts are put into words: lists, shares and failures, none of them longer than a sentence bears."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.checks.wording import counted, listing, place, raised, share
from migration_checks.transition import Failure


@pytest.mark.parametrize(
    ("expected", "items"),
    [
        ("", ""),
        ("a", "a"),
        ("a and b", "ab"),
        ("a, b and c", "abc"),
        ("a, b, c, d and e", "abcde"),
        ("a, b, c, d, e and 1 more", "abcdef"),
    ],
)
def test_a_list_is_no_longer_than_it_helps(expected: str, items: str) -> None:
    """Five are named, the rest is counted."""
    assert expected == listing(list(items))
    assert "a, b and 1,998 more" == listing([*"ab", *["c"] * 1998], most=2)


@pytest.mark.parametrize(
    ("expected", "failure"),
    [
        ("raised E", Failure("E", "")),
        ("raised E: no", Failure("E", "\n  no  \nDETAIL: x")),
        ("raised E (SQLSTATE 23505): no", Failure("E", "no", "23505")),
        ("did not end within the time limit and was stopped", Failure("E", "no", "57014", timed_out=True)),
        (f"raised E: {'x' * 300}", Failure("E", "x" * 300)),
        (f"raised E: {'x' * 297}...", Failure("E", "x" * 301)),
    ],
)
def test_a_failure_in_a_line(expected: str, failure: Failure) -> None:
    """Its class, its code and the first line of what it says, cut where that is endless."""
    assert expected == raised(failure)


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_share_is_all_or_nothing_only_where_it_is(part: int, whole: int) -> None:
    """Rounding makes neither 0% nor 100% of anything else."""
    part = min(part, whole)

    assert ("0%" == share(part, whole)) is (part == 0)
    assert ("100%" == share(part, whole)) is (part == whole)


def test_places_and_numbers() -> None:
    """An empty version table is Alembic's base; one is no plural."""
    assert ("base", "a and b") == (place([]), place(["b", "a"]))
    assert ["1 row", "1,000 rows", "2 indices"] == [counted(1, "row"), counted(1000, "row"), counted(2, "index", "indices")]

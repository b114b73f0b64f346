"""Values count as carried only where chance does not explain them."""

from __future__ import annotations

import pytest

from migration_checks.rows.chance import carried


@pytest.mark.parametrize(
    ("total", "present", "matched", "expected"),
    [
        (100, 100, 100, 0.01),  # all of a distinct column
        (100, 100, 100, 0.5),  # all of a boolean
        (100, 40, 40, 0.01),  # a part was carried, nothing else is there
        (100, 100, 60, 0.01),  # a part was carried, the others got a default
        (100, 100, 85, 0.5),  # a boolean carried in part, false elsewhere
        (10000, 10000, 300, 0.0001),  # few were carried among much else
        (12, 3, 3, 0.08),  # the only ones there, each unlikely to be
        (1, 1, 1, 1.0),  # the only one there is
    ],
)
def test_carried(total: int, present: int, matched: int, expected: float) -> None:
    """A place was written from the values when it holds nothing else, or agrees with them far beyond chance."""
    assert carried(total, present, matched, expected)


@pytest.mark.parametrize(
    ("total", "present", "matched", "expected"),
    [
        (100, 100, 0, 0.0),
        (100, 100, 52, 0.5),  # a default that happens to be right half the time
        (100, 100, 66, 0.66),
        (100, 100, 2, 0.01),  # two of a hundred by accident
        (100, 100, 99, 1.0),
        (12, 1, 1, 0.08),  # the one of twelve that is anything there
    ],
)
def test_coincidence(total: int, present: int, matched: int, expected: float) -> None:
    """Agreement that values dealt out at random would reach proves nothing."""
    assert not carried(total, present, matched, expected)

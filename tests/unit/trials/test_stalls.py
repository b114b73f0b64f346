"""What the queue trial says: only what is certain stands in observations, every wait in timing."""

from __future__ import annotations

import pytest

from migration_checks.trials.stalls import Line, Other, QueueEvidence, Stall, Wait, mode_in_words

READER, WRITER = Other("reader", "public.people"), Other("writer", "public.people")


def test_waits_are_timing_and_stalls_are_observations() -> None:
    """Two runs that waited differently long observe the same."""
    stall = Stall("public.people", "ACCESS EXCLUSIVE", "ALTER TABLE people ADD x int", (READER, WRITER), (READER, WRITER))
    quick, slow = (QueueEvidence(Line((stall,), (Wait(READER, seconds, False),)), 1.0) for seconds in (1.01, 1.5))

    assert quick.observations() == slow.observations()
    assert "an open transaction that has read public.people" == quick.observations()["reader"]
    assert {
        "waits": [{"who": "reader", "relation": "public.people", "seconds": 1.5, "with_lock_timeout": False}],
        "budget": 1.0,
    } == (slow.timing())


def test_who_waited_for_less_than_the_budget_is_no_observation() -> None:
    """Whether somebody was seen in a tenth of a second is chance."""
    gone = Stall("public.people", "ACCESS EXCLUSIVE", "ALTER TABLE people ADD x int", (READER,))
    seen, unseen = (QueueEvidence(Line(stalls, (), True, "55P03", "ALTER"), 1.0) for stalls in ((gone,), ()))

    assert seen.observations() == unseen.observations()
    assert (True, None, "ALTER") == tuple(seen.observations()[key] for key in ("lock_timeout_used", "relation", "sql"))


@pytest.mark.parametrize(
    ("mode", "words"),
    [("AccessExclusiveLock", "ACCESS EXCLUSIVE"), ("ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"), ("ShareLock", "SHARE")],
)
def test_modes_are_written_as_lock_table_writes_them(mode: str, words: str) -> None:
    """The manual's names."""
    assert words == mode_in_words(mode)

"""The moment of a run is kept out of its report, and no other moment is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migration_checks.check import Finding, Severity
from migration_checks.moments import MASK, Moments
from migration_checks.report import Step
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Failure, Leg, Transition
from tests.reports import CLEAN

BEGAN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
RUN = Moments(BEGAN, BEGAN + timedelta(seconds=30))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at=2026-03-01 12:00:07.123456+00 (2)", f"at={MASK} (2)"),
        ('{"at": "2026-03-01T13:00:07+01:00"}', f'{{"at": "{MASK}"}}'),
        ("2026-03-01 17:45:07", MASK),
        ("2026-03-01 17:52:07", "2026-03-01 17:52:07"),
        ("2026-03-01 12:05:00+00", "2026-03-01 12:05:00+00"),
        ("2025-03-01 12:00:07", "2025-03-01 12:00:07"),
        ("2026-13-41 12:00:07", "2026-13-41 12:00:07"),
        ("no moment", "no moment"),
    ],
)
def test_moments_in_a_text(text: str, expected: str) -> None:
    """Those within the run are masked: with their zone where they have one, else as local time anywhere."""
    assert RUN.masked(text) == expected


def test_moments_in_a_finding() -> None:
    """In its message, and at any depth of its evidence; other values stay what they are."""
    moment = "2026-03-01 12:00:07+00"
    evidence = {"count": 2, "samples": [{"key": {"at": moment}, "before": None}]}
    finding = Finding("MC304", "name", Severity.ERROR, "a1", Leg.UNDO, "t", f"at {moment}", evidence)
    masked = RUN.finding(finding)

    assert masked.message == f"at {MASK}"
    assert masked.evidence == {"count": 2, "samples": [{"key": {"at": MASK}, "before": None}]}


def test_moments_in_what_failed() -> None:
    """A message may quote a row that was written now."""
    empty = Snapshot(frozenset(), {}, {})
    failure = Failure(kind="Boom", message="Key (at)=(2026-03-01 12:00:07+00) is")
    failed = Transition(Leg.UNDO, "a1", empty, empty, failure=failure)
    passed = Transition(Leg.UNDO, "a1", empty, empty)
    masked = RUN.transition(failed).failure

    assert masked is not None
    assert f"Key (at)=({MASK}) is" == masked.message
    assert RUN.transition(passed) is passed


def test_moments_in_what_steps_observed() -> None:
    """At any depth; a step that observed nothing is what it was."""
    step = Step("a1", Leg.UNDO, 1, 0, 0, observations={"locks": [{"sql": "INSERT ('2026-03-01 12:00:07+00')"}]})
    silent = Step("a1", Leg.UNDO, 1, 0, 0)
    told = RUN.report(replace(CLEAN, steps=(step, silent)))

    assert {"locks": [{"sql": f"INSERT ('{MASK}')"}]} == told.steps[0].observations
    assert told.steps[1] is silent

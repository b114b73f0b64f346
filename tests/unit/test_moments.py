"""The moment of a run is kept out of its report, and no other moment is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migration_checks.check import Finding, Severity
from migration_checks.moments import MASK, Moments
from migration_checks.transition import Leg

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

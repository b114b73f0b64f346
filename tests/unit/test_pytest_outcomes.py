"""What a report means for the tests of its legs, from literal reports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration_checks.check import Severity
from migration_checks.in_pytest.outcomes import EACH, UNTRIED, of_leg, of_trials, of_verdict, summary
from migration_checks.report import Note
from migration_checks.transition import Failure, Leg
from migration_checks.trials import TRIALS
from tests.reports import CLEAN, COSMETIC, DRIFT, EMPTY, LOST, SAMPLE, STEPS, WAIVED


def test_a_finding_that_counts_fails_its_leg_and_is_shown() -> None:
    """Check, subject, message, evidence, place and remedy."""
    outcome = of_leg(SAMPLE, "bbb222", Leg.UNDO)

    assert "failed" == outcome.status
    for words in ("MC304", "public.items.note", "12 of 40 values", "changed 12", "bbb222_notes.py:31", "remedy"):
        assert words in outcome.text
    assert "MC204" not in outcome.text
    assert "MC204" in outcome.details


def test_a_finding_fails_the_legs_that_it_was_seen_again_at() -> None:
    """Those that were folded into it, in one line."""
    outcome = of_leg(SAMPLE, "bbb222", Leg.DESCEND)

    assert ("failed", 1) == (outcome.status, len(outcome.text.splitlines()))
    assert "see bbb222-undo: MC304" in outcome.text


def test_a_leg_whose_findings_are_all_waived_was_expected_to_fail() -> None:
    """With the reason; one that would not have counted changes nothing."""
    report = replace(SAMPLE, findings=(WAIVED,))
    mild = replace(WAIVED, severity=Severity.INFO)

    assert "xfailed" == of_leg(report, "bbb222", Leg.ASCEND).status
    assert "is waived: agreed [on] <Friday>" in of_leg(report, "bbb222", Leg.ASCEND).text
    assert "passed" == of_leg(replace(report, findings=(mild,)), "bbb222", Leg.ASCEND).status
    assert "passed" == of_leg(replace(report, fail_on="never"), "bbb222", Leg.ASCEND).status
    assert "failed" == of_leg(replace(report, findings=(WAIVED, replace(LOST, leg=Leg.ASCEND))), "bbb222", Leg.ASCEND).status


@pytest.mark.parametrize(("fail_on", "status"), [("info", "failed"), ("warning", "passed"), ("error", "passed")])
def test_the_threshold_decides(fail_on: str, status: str) -> None:
    """A finding below it is in the details of a test that passes."""
    report = replace(SAMPLE, findings=(COSMETIC,), fail_on=fail_on)

    assert status == of_leg(report, "bbb222", Leg.UNDO).status


@pytest.mark.parametrize("leg", EACH)
def test_a_leg_that_was_not_walked_is_skipped_with_a_reason(leg: Leg) -> None:
    """What the report says of the revision, or what makes a trial worth its time."""
    report = replace(CLEAN, not_checked=(Note("ddd444", "Nothing above it was walked.", "ddd444"),))
    outcome = of_leg(report, "ddd444", leg)

    assert "skipped" == outcome.status
    assert "This leg was not walked. Nothing above it was walked." == outcome.text
    if leg in UNTRIED:
        assert UNTRIED[leg] == of_leg(report, "aaa111", leg).text


def test_a_leg_that_raised_and_that_nobody_judges_is_no_pass() -> None:
    """Where only other checks were chosen."""
    failed = replace(STEPS[2], failure=Failure("UniqueViolation", "no unique values", "23505"))
    outcome = of_leg(replace(CLEAN, steps=(failed,)), "bbb222", Leg.UNDO)

    assert "skipped" == outcome.status
    assert "It raised no unique values, which none" in outcome.text


def test_the_verdict_tells_what_has_no_test_of_its_own() -> None:
    """So that no finding can be overlooked."""
    shown = {("bbb222", leg) for leg in EACH}
    outcome = of_verdict(replace(SAMPLE, findings=(LOST, DRIFT)), shown)

    assert "failed" == outcome.status
    assert "MC205" in outcome.text
    assert "MC304" not in outcome.text
    assert "passed" == of_verdict(CLEAN, shown).status
    assert "skipped" == of_verdict(EMPTY, shown).status
    assert "Nothing was compared" in of_verdict(EMPTY, shown).text
    nothing = replace(CLEAN, steps=(), notes=(Note("main", "No script differs.", None),))
    assert ("skipped", True) == (of_verdict(nothing, shown).status, "No script differs." in of_verdict(nothing, shown).text)


def test_the_summary_leaves_nothing_out_that_fails_nothing() -> None:
    """Mild and waived findings, what was not checked, and notes; a line each, safe for a terminal."""
    lines = summary(SAMPLE)

    assert [each for each in lines if not each.isprintable()] == []
    for words in ("FAILED", "info: MC204", "waived (agreed", "not checked: public.logs at bbb222", "note: waiver of MC101"):
        assert any(line.startswith(words) for line in lines), words
    assert not any("MC304" in line for line in lines)


def test_every_trial_has_legs() -> None:
    """In the order of the walk; a new trial must be told here."""
    for word in TRIALS:
        assert of_trials([word])
    assert set(Leg) - set(EACH) - {Leg.LEAP} == set(of_trials(TRIALS))

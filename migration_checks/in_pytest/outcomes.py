"""What a report means for the tests that stand for its legs: passed, failed, skipped or expected to fail, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from migration_checks.check import Finding, Severity
from migration_checks.renderers.escape import visible
from migration_checks.renderers.summary import closing_line, header_line, verdict_reason
from migration_checks.report import FAILED, INCOMPLETE, NEVER, Report, counts
from migration_checks.transition import Leg

EACH = (Leg.ASCEND, Leg.UNDO, Leg.REDO, Leg.ORDER, Leg.WRITES, Leg.DESCEND)
"""The legs that every revision has a test for; LEAP has one, at the last revision."""


def of_trials(words: Collection[str]) -> tuple[Leg, ...]:
    """The legs that trials make beside; each has the name of its trial, but for the two of `locks`."""
    asked = {Leg(word) for word in words if word != "locks"} | ({Leg.OBSERVE, Leg.OBSERVE_DOWN} if "locks" in words else set())
    return tuple(leg for leg in Leg if leg in asked)


UNTRIED = {
    Leg.ORDER: "Nothing to try: it is worth it where the upgrade writes rows and finds some that can lie in another order.",
    Leg.WRITES: "Nothing to try: it is worth it where the downgrade succeeds and writes rows.",
}
UNWALKED = "This leg was not walked."


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ends: `status` is "passed", "failed", "skipped" or "xfailed", `text` why, `details` what it rests on."""

    status: str
    text: str = ""
    details: str = ""


def of_leg(report: Report, revision: str, leg: Leg) -> Outcome:
    """The outcome of one leg of one revision.

    A finding that counts fails it, also where it was told at another leg already and seen here again. Where all such are
    waived, it is a failure that was expected, with their reasons. A leg that was not walked is skipped, and so is one that
    raised where no chosen check looks at that.
    """
    found = [each for each in report.findings if (each.revision, each.leg) == (revision, leg)]
    steps = [each for each in report.steps if (each.revision, each.leg) == (revision, leg)]
    rows, values = (sum(getattr(step, name) for step in steps) for name in ("rows_compared", "values_compared"))
    milder = [each for each in found if not counts(each, report.fail_on)]
    details = f"compared {rows:,} rows and {values:,} values\n" + _shown(milder)
    counting = [each for each in found if counts(each, report.fail_on)]
    again = [each for each in report.findings if f"{leg} {revision}" in each.also_at]
    seen_before = [each for each in again if counts(each, report.fail_on)]
    waived = [each for each in (*found, *again) if _would_count(each, report.fail_on)]
    if counting or seen_before:
        return Outcome("failed", _shown(counting) + "".join(map(_again, seen_before)), details)
    if waived:
        return Outcome("xfailed", "; ".join(map(_waived, waived)), details)
    if not steps:
        return Outcome("skipped", _why_not(report, revision, leg))
    failure = next((step.failure for step in steps if step.failure is not None), None)
    if failure is not None and not found and not again:
        return Outcome("skipped", f"It raised {visible(failure.message)}, which none of the chosen checks judges.", details)
    return Outcome("passed", details=details)


def of_verdict(report: Report, shown: Collection[tuple[str, Leg]]) -> Outcome:
    """The outcome of the whole walk, with the findings that count at places which have no test of their own (`shown`)."""
    text = f"{header_line(report)}\n{report.verdict.upper()}  {verdict_reason(report)}\n{closing_line(report)}\n"
    if report.verdict == FAILED:
        elsewhere = [each for each in report.counting if (each.revision, each.leg) not in shown]
        return Outcome("failed", text + _shown(elsewhere))
    if not report.steps:
        return Outcome("skipped", "Nothing was walked. " + visible(" ".join(note.reason for note in report.notes)))
    if report.verdict == INCOMPLETE:
        return Outcome("skipped", verdict_reason(report), text)
    return Outcome("passed", details=text)


def _would_count(finding: Finding, fail_on: str) -> bool:
    """Whether a waiver keeps it from failing the run."""
    return finding.waiver is not None and fail_on != NEVER and finding.severity >= Severity[fail_on.upper()]


def _shown(findings: Sequence[Finding]) -> str:
    """`findings` as the terminal shows them."""
    if not findings:
        return ""
    from migration_checks.renderers.text import render_findings

    return render_findings(findings)


def _again(finding: Finding) -> str:
    return (
        visible(f"Seen again here, see {finding.revision}-{finding.leg}: {finding.check} {finding.name}  {finding.subject}")
        + "\n"
    )


def _waived(finding: Finding) -> str:
    return visible(f"{finding.check} {finding.name} {finding.subject} is waived: {finding.waiver}")


def _why_not(report: Report, revision: str, leg: Leg) -> str:
    """Why a leg was not walked, as far as the report says so."""
    named = {revision, "leap"} if leg is Leg.LEAP else {revision}
    said = [note.reason for note in report.not_checked if note.revision == revision or note.subject in named]
    if leg in UNTRIED and any(step.revision == revision for step in report.steps):
        return UNTRIED[leg]
    return visible(" ".join((UNWALKED, *said)))


def summary(report: Report) -> list[str]:
    """The lines that a run ends with: the verdict, how much was compared, and everything that is no failure."""
    milder = [each for each in report.findings if not counts(each, report.fail_on)]
    return [
        header_line(report),
        f"{report.verdict.upper()}  {verdict_reason(report)}",
        closing_line(report),
        *(_mild(each) for each in milder),
        *(visible(f"not checked: {each.subject}{_at(each.revision)}: {each.reason}") for each in report.not_checked),
        *(visible(f"note: {each.subject}{_at(each.revision)}: {each.reason}") for each in report.notes),
    ]


def _mild(finding: Finding) -> str:
    how = f"waived ({finding.waiver})" if finding.waiver is not None else str(finding.severity)
    where = f"{finding.check} {finding.name}  {finding.revision} {finding.leg}  {finding.subject}"
    return visible(f"{how}: {where}: {finding.message}")


def _at(revision: str | None) -> str:
    return f" at {revision}" if revision else ""

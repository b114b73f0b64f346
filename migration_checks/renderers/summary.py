"""The sentences that several views share: what was walked, what the verdict rests on, how much was compared."""

from __future__ import annotations

from collections.abc import Iterator

from migration_checks.check import Finding, Severity
from migration_checks.renderers.escape import visible
from migration_checks.report import FAILED, INCOMPLETE, NEVER, Report
from migration_checks.transition import Leg


def counted(number: int, noun: str) -> str:
    """3 rows, 1 row."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def header_line(report: Report) -> str:
    """Lineage, server, seed and range on one line."""
    versions = report.versions.get("postgresql", f"{report.server} ({report.provider})")
    server = f"PostgreSQL {versions}" if report.server else "no server needed"
    return visible(" · ".join((report.lineage, server, f"seed {report.seed}", report.range or "the whole chain")))


def severity_counts(report: Report) -> str:
    """ "2 errors, 1 warning" of what stands, and how many were waived."""
    standing = [finding.severity for finding in report.findings if finding.waiver is None]
    words = {Severity.ERROR: "error", Severity.WARNING: "warning"}
    parts = [counted(standing.count(each), word) for each, word in words.items() if each in standing]
    if Severity.INFO in standing:
        parts.append(f"{standing.count(Severity.INFO):,} info")
    waived = len(report.findings) - len(standing)
    return (", ".join(parts) or "no findings") + (f", {waived:,} waived" if waived else "")


def verdict_reason(report: Report) -> str:
    """Why the verdict is what it is."""
    if report.nothing_to_walk:
        return "Nothing to walk: no revision has changed."
    counts = severity_counts(report)
    if report.verdict == FAILED:
        return f"{counts}."
    threshold = "nothing fails a run" if report.fail_on == NEVER else f"none is {article(report.fail_on)} or worse"
    standing = any(finding.waiver is None for finding in report.findings)
    reason = f"{counts}; {threshold}." if standing else f"{counts}."
    if report.verdict == INCOMPLETE:
        return f"Nothing was compared: no table held a row where a comparison was due. {reason[0].upper()}{reason[1:]}"
    return reason


def article(word: str) -> str:
    """ "an error", "a warning", "an info"."""
    return f"{'an' if word[0] in 'aei' else 'a'} {word}"


def closing_line(report: Report) -> str:
    """How much was compared, in how many steps, in what time."""
    seconds = sum(step.seconds for step in report.steps)
    compared = f"Compared {counted(report.rows_compared, 'row')} and {counted(report.values_compared, 'value')}"
    steps = f"{counted(len(report.steps), 'step')} at {counted(len(report.revisions), 'revision')}"
    return f"{compared} in {steps}, {seconds:.1f} s of migrations."


def worst(report: Report) -> dict[tuple[str, Leg], Severity]:
    """(revision, leg) -> the gravest of what was found there, waived findings apart."""
    found: dict[tuple[str, Leg], Severity] = {}
    for finding in report.findings:
        for place in _places(finding) if finding.waiver is None else ():
            found[place] = max(finding.severity, found.get(place, Severity.INFO))
    return found


def _places(finding: Finding) -> Iterator[tuple[str, Leg]]:
    """Where a finding was seen: its own place, and those that were folded into it ("descend 1975ea83b712")."""
    yield finding.revision, finding.leg
    for text in finding.also_at:
        leg, _, revision = text.partition(" ")
        if leg in set(Leg):
            yield revision, Leg(leg)

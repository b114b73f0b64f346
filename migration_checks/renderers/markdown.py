"""A Markdown comment for a pull request: verdict, findings, what was not checked, the walk, and the evidence of trials.

A service refuses comments beyond 65,536 characters: what does not fit is left out from the end on and counted, the verdict
always stays.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from migration_checks.check import Finding, Severity
from migration_checks.renderers.escape import cut
from migration_checks.renderers.evidence import evidence_lines
from migration_checks.renderers.markdown_text import code, prose
from migration_checks.renderers.markdown_trials import trial_entries
from migration_checks.renderers.summary import closing_line, counted, header_line, severity_counts, verdict_reason
from migration_checks.renderers.walk import marks
from migration_checks.report import FAILED, PASSED, Note, Report, Step

LIMIT = 65_000  # bytes, which are never fewer than characters
RESERVE = 1_000  # for the sentences that say what was left out
FEW = 20
COLUMNS = "| revision | legs | rows compared | values compared | seconds |\n|---|---|--:|--:|--:|\n"
LONGEST = 200
"""Characters of the lineage's name in the marker: whatever it is, the verdict must fit."""
ICONS = {Severity.ERROR: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}
MARKER = "migration-checks:comment:1"


def render(report: Report) -> str:
    """`report` as GitHub-flavoured Markdown; no value in it is read as markup, as a mention or as a link."""
    blocks = [_marker(report), _head(report)]
    room = LIMIT - RESERVE - sum(map(_size, blocks))
    standing = [finding for finding in report.findings if finding.waiver is None]
    waived = [finding for finding in report.findings if finding.waiver is not None]
    for title, entries in (
        ("findings", list(_findings(standing))),
        ("not checked", [_note(note) for note in report.not_checked]),
        ("waived", [_waived(finding) for finding in waived]),
        ("notes", [_note(note) for note in report.notes]),
        ("revisions walked", list(_rows(report))),
        ("trials", list(trial_entries(report))),
    ):
        block = _section(title, entries, room)
        room -= _size(block)
        blocks.append(block)
    return "\n".join(block for block in blocks if block)


def _section(title: str, entries: list[str], room: int) -> str:
    """As many `entries` as fit into `room` bytes, and how many did not."""
    if not entries:
        return ""
    opening, closing = _frame(title, len(entries))
    room -= _size(opening) + _size(closing) + 1
    kept: list[str] = []
    for entry in entries:
        if _size(entry) > room:
            break
        room -= _size(entry)
        kept.append(entry)
    left = len(entries) - len(kept)
    if not kept:
        return f"\n{left:,} more ({title}) are in the full report only.\n"
    return opening + "".join(kept) + closing + (f"\n{left:,} more are in the full report only.\n" if left else "")


def _frame(title: str, number: int) -> tuple[str, str]:
    """What stands before and after the entries of a section: findings and a short walk are open, the rest can be unfolded."""
    if title == "findings":
        return "\n### Findings, worst first\n\n", ""
    heading = f"{title.capitalize()}: {number:,}"
    if title == "revisions walked" and number <= FEW:
        return f"\n### {heading}\n\n{COLUMNS}", ""
    opening = f"\n<details><summary>{heading}</summary>\n\n"
    return opening + (COLUMNS if title == "revisions walked" else ""), "\n</details>\n"


def _marker(report: Report) -> str:
    """A comment by which a bot finds its own earlier comment again, with the outcome for machines."""
    standing = Counter(str(each.severity) for each in report.findings if each.waiver is None)
    outcome = {
        "verdict": report.verdict,
        "lineage": report.lineage[:LONGEST],
        "findings": len(report.findings),
        "not_checked": len(report.not_checked),
        **{str(severity): standing[str(severity)] for severity in reversed(Severity)},
    }
    text = re.sub(r"[-<>]", lambda match: f"\\u{ord(match[0]):04x}", json.dumps(outcome))
    return f"<!-- {MARKER} {text} -->\n"


def _head(report: Report) -> str:
    icon = {PASSED: "✅", FAILED: "❌"}.get(report.verdict, "⚠️")
    unchecked = f" **{counted(len(report.not_checked), 'thing')} not checked.**" if report.not_checked else ""
    reason = "" if report.verdict == FAILED else f"{verdict_reason(report)} "
    title = f"## {icon} Migrations {report.verdict}: {severity_counts(report)}\n\n"
    return f"{title}{reason}{closing_line(report)}{unchecked}\n\n{code(cut(header_line(report), 3 * LONGEST))}\n"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    from migration_checks.checks import CHECKS

    remedies = {check.id: check.remedy for check in CHECKS}
    for finding in findings:
        # What to do about a check is told where it first appears.
        yield _finding(finding, remedies.pop(finding.check, ""))


def _finding(finding: Finding, remedy: str) -> str:
    place = finding.location
    where = f" · {code(f'{place.path}:{place.line}')}" if place else ""
    also = f"\nAlso at {', '.join(map(code, finding.also_at))}.\n" if finding.also_at else ""
    evidence = "\n".join(_html(line) for line in evidence_lines(finding.evidence))
    return (
        f"{ICONS[finding.severity]} **{prose(finding.check)} {prose(finding.name)}** · {code(finding.subject)} · "
        f"{finding.leg} {code(finding.revision)}{where}\n\n{prose(finding.message)}\n"
        + (f"\n<pre>\n{evidence}\n</pre>\n" if evidence else "")
        + f"{also}\n"
        + (f"> {prose(remedy)}\n\n" if remedy else "")
    )


def _waived(finding: Finding) -> str:
    return f"- {prose(finding.check)} {code(finding.subject)} at {code(finding.revision)}: {prose(finding.waiver or '')}\n"


def _note(note: Note) -> str:
    where = f" at {code(note.revision)}" if note.revision else ""
    return f"- {code(note.subject)}{where}: {prose(note.reason)}\n"


def _rows(report: Report) -> Iterator[str]:
    """A row a revision for the table of the walk."""
    walked: dict[str, list[Step]] = {}
    for step in report.steps:
        walked.setdefault(step.revision, []).append(step)
    mark = {place: glyph for place, (glyph, _) in marks(report).items()}
    for revision, steps in walked.items():
        legs = ", ".join(dict.fromkeys(f"{mark[step.revision, step.leg]} {step.leg}" for step in steps))
        rows, values = sum(step.rows_compared for step in steps), sum(step.values_compared for step in steps)
        seconds = sum(step.seconds for step in steps)
        yield f"| {code(revision)} | {legs} | {rows:,} | {values:,} | {seconds:.2f} |\n"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _size(text: str) -> int:
    return len(text.encode())

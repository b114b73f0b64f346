"""The report as a person reads it: the walk, the findings with their evidence, what was not checked, the verdict."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from migration_checks.check import Check, Finding, Severity
from migration_checks.renderers.escape import lines, visible
from migration_checks.renderers.evidence import evidence_lines
from migration_checks.renderers.summary import closing_line, counted, header_line, verdict_reason
from migration_checks.report import FAILED, PASSED, Note, Report, Step
from migration_checks.transition import Leg

WIDTH = 100
MANY = 60
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "✓"}


def render(report: Report) -> str:
    """`report` as plain text of 100 columns, without colours or escape sequences."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    print_report(report, console)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def print_report(report: Report, console: Console) -> None:
    """Print `report` to `console`, which knows its width and whether it has colours."""
    console.print(view(report), markup=False, highlight=False, emoji=False)


def view(report: Report) -> Group:
    """The whole report as one renderable; everything in it is Text, so that no value is read as markup."""
    standing = [finding for finding in report.findings if finding.waiver is None]
    waived = [finding for finding in report.findings if finding.waiver is not None]
    return Group(
        Text.assemble(("migration-checks  ", "bold"), header_line(report)),
        Text(),
        _walk(report),
        *_section("Findings, worst first", standing, list(_findings(standing))),
        *_section("Waived", waived, [_waived(finding) for finding in waived]),
        *_section("Not checked", report.not_checked, [_note(note) for note in report.not_checked]),
        *_section("Notes", report.notes, [_note(note) for note in report.notes]),
        Text(),
        _verdict(report),
    )


def _section(title: str, entries: Sequence[object], views: list[RenderableType]) -> list[RenderableType]:
    return [Text(), Text(f"{title} ({len(entries):,})", "bold"), *views] if entries else []


def _walk(report: Report) -> RenderableType:
    """A row a revision and a column a leg: mark and seconds, then what was compared at this revision."""
    if not report.steps:
        return Text("No step was walked.", "bold red")
    marks = _marks(report)
    legs = [leg for leg in Leg if any(step.leg is leg for step in report.steps)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("revision", overflow="fold")
    for leg in legs:
        table.add_column(str(leg), justify="right", no_wrap=True)
    for title in ("rows", "values"):
        table.add_column(f"{title} compared", justify="right")
    quiet = 0
    for revision in report.revisions:
        steps = [step for step in report.steps if step.revision == revision]
        if len(report.revisions) > MANY and all(marks[step.revision, step.leg][0] == "✓" for step in steps):
            quiet += 1
            continue
        table.add_row(Text(visible(revision)), *(_cell(steps, leg, marks) for leg in legs), *_compared(steps))
    return Group(table, Text(f"{quiet:,} more revisions, with nothing to say of them.")) if quiet else table


def _cell(steps: Sequence[Step], leg: Leg, marks: Mapping[tuple[str, Leg], tuple[str, str]]) -> Text:
    """The mark and seconds of the steps of one leg; a dash where there was none."""
    walked = [step for step in steps if step.leg is leg]
    if not walked:
        return Text("–", "dim")
    mark, style = marks[walked[0].revision, leg]
    return Text.assemble((mark, style), (f" {sum(step.seconds for step in walked):.2f}s", "dim"))


def _compared(steps: Sequence[Step]) -> tuple[Text, Text]:
    rows = sum(step.rows_compared for step in steps)
    values = sum(step.values_compared for step in steps)
    return Text(f"{rows:,}"), Text(f"{values:,}")


def _marks(report: Report) -> dict[tuple[str, Leg], tuple[str, str]]:
    """(revision, leg) -> the mark of the worst that was found there, and its style."""
    worst: dict[tuple[str, Leg], Severity] = {}
    for finding in report.findings:
        if finding.waiver is None:
            place = (finding.revision, finding.leg)
            worst[place] = max(finding.severity, worst.get(place, Severity.INFO))
    marks: dict[tuple[str, Leg], tuple[str, str]] = {}
    for step in report.steps:
        place = (step.revision, step.leg)
        severity = worst.get(place, Severity.INFO)
        if step.failure is not None and severity is Severity.INFO:
            # A downgrade that says it cannot, or a failure that no check counts: it did not go, but nothing is wrong.
            marks[place] = ("–", "dim")
        else:
            marks.setdefault(place, (MARKS[severity], "green" if severity is Severity.INFO else STYLES[severity]))
    return marks


def _findings(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    from migration_checks.checks import CHECKS

    checks = {check.id: check for check in CHECKS}
    explained: set[str] = set()
    for finding in findings:
        # What a check means and what to do is told where it first appears.
        check = None if finding.check in explained else checks.get(finding.check)
        explained.add(finding.check)
        yield Text()
        yield from _finding(finding, check)


def _finding(finding: Finding, check: Check | None) -> Iterator[RenderableType]:
    style = STYLES[finding.severity]
    yield Text.assemble(
        (f"{MARKS[finding.severity] if finding.severity else 'i'} {finding.severity} ", style),
        (f"{visible(finding.check)} {visible(finding.name)}", "bold"),
        f"  {visible(finding.revision)} {finding.leg}  ",
        (visible(finding.subject), "bold"),
    )
    body = Table.grid(padding=(0, 1))
    body.add_column(no_wrap=True, style="dim", min_width=8)
    body.add_column(overflow="fold")
    for label, text in _body(finding, check):
        body.add_row(label, Text(text))
    yield Padding(body, (0, 0, 0, 2))


def _body(finding: Finding, check: Check | None) -> Iterator[tuple[str, str]]:
    """The labelled paragraphs of a finding."""
    yield "", "\n".join(lines(finding.message))
    evidence = evidence_lines(finding.evidence)
    if evidence:
        yield "evidence", "\n".join(evidence)
    if finding.also_at:
        yield "also at", ", ".join(visible(each) for each in finding.also_at)
    if finding.location:
        yield "where", f"{visible(finding.location.path)}:{finding.location.line}"
    if check:
        yield "effect", check.effect
        yield "remedy", check.remedy


def _waived(finding: Finding) -> Text:
    place = f"{finding.check} {finding.name}  {finding.revision} {finding.leg}  {finding.subject}"
    return Text.assemble(("  – ", "dim"), f"{visible(place)}: {visible(finding.waiver or '')}")


def _note(note: Note) -> Text:
    place = f"{note.subject} at {note.revision}" if note.revision else note.subject
    return Text.assemble(("  – ", "dim"), f"{visible(place)}: {visible(note.reason)}")


def _verdict(report: Report) -> RenderableType:
    style = {PASSED: "bold green", FAILED: "bold red"}.get(report.verdict, "bold yellow")
    return Group(
        Text.assemble((report.verdict.upper(), style), f"  {verdict_reason(report)}"),
        Text(closing_line(report)),
        *([Text(f"{counted(len(report.not_checked), 'thing')} not checked, see above.")] if report.not_checked else []),
    )

"""The report as a person reads it: the walk, the findings with their evidence, what was not checked, the verdict."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from migration_checks.check import Check, Finding
from migration_checks.renderers.escape import lines, visible
from migration_checks.renderers.evidence import evidence_lines
from migration_checks.renderers.summary import closing_line, counted, header_line, verdict_reason
from migration_checks.renderers.walk import MARKS, STYLES, WalkView
from migration_checks.report import FAILED, PASSED, Note, Report

WIDTH = 100


def render(report: Report) -> str:
    """`report` as plain text of 100 columns, without colours or escape sequences."""
    return _plain(view(report))


def render_findings(findings: Sequence[Finding]) -> str:
    """`findings` alone, worst first, as `render` shows them."""
    return _plain(Group(*_findings(findings)))


def _plain(renderable: RenderableType) -> str:
    buffer = io.StringIO()
    console = Console(file=buffer, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    console.print(renderable, markup=False, highlight=False, emoji=False)
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
    if report.nothing_to_walk:
        return Text("No step was walked, for there was nothing to walk.")
    return WalkView(report) if report.steps else Text("No step was walked.", "bold red")


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

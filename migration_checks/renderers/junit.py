"""JUnit's XML, which every CI service reads: a test case a step, a failure for what counts against the run."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from migration_checks.check import Finding
from migration_checks.renderers.escape import visible
from migration_checks.renderers.evidence import evidence_lines
from migration_checks.renderers.summary import header_line
from migration_checks.report import Note, Report, Step, counts
from migration_checks.transition import Leg


def render(report: Report) -> str:
    """One test suite: a case each leg of each revision, a skipped case each thing that was not checked."""
    steps: dict[tuple[str, Leg], list[Step]] = {}
    for step in report.steps:
        steps.setdefault((step.revision, step.leg), []).append(step)
    for finding in report.findings:
        steps.setdefault((finding.revision, finding.leg), [])
    suite = ET.Element("testsuite", {"name": visible(report.lineage), "time": _seconds(report.steps)})
    for (revision, leg), walked in steps.items():
        found = [each for each in report.findings if (each.revision, each.leg) == (revision, leg)]
        suite.append(_case(report, revision, leg, walked, found))
    suite.extend(_skipped(report, note) for note in report.not_checked)
    failures = sum(case.find("failure") is not None for case in suite)
    suite.attrib |= {
        "tests": str(len(suite)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(len(report.not_checked)),
    }
    ET.SubElement(suite, "system-out").text = header_line(report)
    root = ET.Element("testsuites", {"name": "migration-checks"})
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(report: Report, revision: str, leg: Leg, steps: list[Step], findings: list[Finding]) -> ET.Element:
    """The findings that count as one failure, the others as output."""
    name = {"classname": visible(f"{report.lineage}.{revision}"), "name": str(leg), "time": _seconds(steps)}
    case = ET.Element("testcase", name)
    counting = [finding for finding in findings if counts(finding, report.fail_on)]
    if counting:
        heads = "; ".join(visible(f"{each.check} {each.name} {each.subject}") for each in counting)
        failure = ET.SubElement(case, "failure", {"type": visible(counting[0].check), "message": heads})
        failure.text = "\n\n".join(map(_paragraph, counting))
    rest = [finding for finding in findings if finding not in counting]
    rows, values = (sum(getattr(step, name) for step in steps) for name in ("rows_compared", "values_compared"))
    compared = f"compared {rows:,} rows, {values:,} values" if steps else "this leg was not walked"
    ET.SubElement(case, "system-out").text = "\n\n".join((compared, *map(_paragraph, rest)))
    return case


def _paragraph(finding: Finding) -> str:
    place = finding.location
    parts = (
        visible(f"{finding.severity} {finding.check} {finding.name} {finding.subject}"),
        visible(finding.message),
        *evidence_lines(finding.evidence),
        *([visible(f"at {place.path}:{place.line}")] if place else []),
        *([visible(f"waived: {finding.waiver}")] if finding.waiver is not None else []),
    )
    return "\n".join(parts)


def _skipped(report: Report, note: Note) -> ET.Element:
    revision = f".{note.revision}" if note.revision else ""
    name = {"classname": visible(f"{report.lineage}{revision}"), "name": visible(f"not checked: {note.subject}"), "time": "0"}
    case = ET.Element("testcase", name)
    ET.SubElement(case, "skipped", {"message": visible(note.reason)})
    return case


def _seconds(steps: Iterable[Step]) -> str:
    return f"{sum(step.seconds for step in steps):.6f}"

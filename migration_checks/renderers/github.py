"""GitHub's workflow commands: each finding becomes an annotation on the line of the diff that it is about.

The syntax is that of https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

from migration_checks.check import Finding, Severity
from migration_checks.renderers.escape import visible
from migration_checks.renderers.evidence import evidence_lines
from migration_checks.renderers.summary import closing_line, verdict_reason
from migration_checks.report import FAILED, Report

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report) -> str:
    """One workflow command a finding that is not waived, and one for the verdict."""
    commands = [_annotation(finding) for finding in report.findings if finding.waiver is None]
    verdict = f"{verdict_reason(report)} {closing_line(report)}"
    level = "error" if report.verdict == FAILED else "notice"
    title = _property(f"migration-checks {report.verdict}: {visible(report.lineage)}")
    return "".join(f"{line}\n" for line in (*commands, f"::{level} title={title}::{_data(verdict)}"))


def _annotation(finding: Finding) -> str:
    place = finding.location
    where = f"file={_property(visible(place.path))},line={max(place.line, 1)}," if place else ""
    title = _property(visible(f"{finding.check} {finding.name} ({finding.leg} {finding.revision})"))
    text = "\n".join((visible(f"{finding.subject}: {finding.message}"), *evidence_lines(finding.evidence)))
    return f"::{COMMANDS[finding.severity]} {where}title={title}::{_data(text)}"


def _data(text: str) -> str:
    """What stands after the second double colon."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property's value, which a colon or a comma would end as well."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")

"""SARIF 2.1.0, the format of code scanning services (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from migration_checks import __version__
from migration_checks.check import Check, Finding, Severity
from migration_checks.renderers.escape import visible
from migration_checks.renderers.evidence import evidence_lines
from migration_checks.renderers.fingerprint import fingerprint
from migration_checks.renderers.summary import header_line
from migration_checks.report import Note, Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
PROJECT = "PROJECT"


def render(report: Report) -> str:
    """One run: every check that was found as a rule, every finding as a result, waived ones suppressed."""
    from migration_checks.checks import CHECKS

    found = {finding.check: finding for finding in report.findings}
    known = {check.id: check for check in CHECKS}
    names = sorted(found)
    run = {
        "tool": {"driver": _driver([_rule(found[name], known.get(name)) for name in names])},
        "automationDetails": {"id": f"migration-checks/{visible(report.lineage)}/"},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {PROJECT: {"description": {"text": "The folder in which migration-checks was run."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(report, finding, names.index(finding.check)) for finding in report.findings],
        "properties": {"verdict": report.verdict, "seed": report.seed, "walk": header_line(report)},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _driver(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "migration-checks", "version": __version__, "rules": rules}


def _rule(finding: Finding, check: Check | None) -> dict[str, Any]:
    """A check as a rule; of one that this version does not know, what the finding says of it."""
    rule: dict[str, Any] = {"id": finding.check, "name": finding.name}
    if check is not None:
        rule |= {
            "shortDescription": {"text": check.title},
            "fullDescription": {"text": check.effect},
            "help": {"text": check.remedy},
            "defaultConfiguration": {"level": LEVELS[check.severity]},
        }
    return rule


def _invocation(report: Report) -> dict[str, Any]:
    """The run itself; what was not checked, and the notes, are its notifications."""
    notes = [_notification(note, "warning") for note in report.not_checked]
    notes += [_notification(note, "note") for note in report.notes]
    return {"executionSuccessful": True, "exitCode": report.exit_status, "toolExecutionNotifications": notes}


def _notification(note: Note, level: str) -> dict[str, Any]:
    where = f" at {note.revision}" if note.revision else ""
    return {"level": level, "message": {"text": visible(f"{note.subject}{where}: {note.reason}")}}


def _result(report: Report, finding: Finding, index: int) -> dict[str, Any]:
    text = "\n".join((visible(f"{finding.subject}: {finding.message}"), *evidence_lines(finding.evidence)))
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding)],
        "partialFingerprints": {"finding/v1": fingerprint(report, finding)},
        "properties": {"revision": finding.revision, "leg": str(finding.leg), "alsoAt": list(finding.also_at)},
    }
    if finding.waiver is not None:
        result["suppressions"] = [{"kind": "external", "justification": visible(finding.waiver)}]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    """The line in the revision's script where it is known, and always the database object."""
    subject = {"fullyQualifiedName": visible(finding.subject), "kind": "object"}
    location: dict[str, Any] = {"logicalLocations": [subject]}
    place = finding.location
    if place is not None:
        artifact = {"uri": quote(place.path.replace("\\", "/"), safe="/"), "uriBaseId": PROJECT}
        if place.path.startswith("/"):
            artifact = {"uri": f"file://{artifact['uri']}"}
        region = {"startLine": max(place.line, 1)}
        location["physicalLocation"] = {"artifactLocation": artifact, "region": region}
    return location

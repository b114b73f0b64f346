"""GitLab's code quality report: findings in the merge request's widget and on its diff.

The format is that of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from migration_checks.check import Finding, Severity
from migration_checks.renderers.escape import visible
from migration_checks.renderers.fingerprint import fingerprint
from migration_checks.report import Report

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}
NOWHERE = {"path": ".", "lines": {"begin": 1}}


def render(report: Report) -> str:
    """A JSON array of the findings that are not waived."""
    seen: Counter[str] = Counter()
    issues = [_issue(report, finding, seen) for finding in report.findings if finding.waiver is None]
    return json.dumps(issues, indent=2) + "\n"


def _issue(report: Report, finding: Finding, seen: Counter[str]) -> dict[str, Any]:
    place = finding.location
    found = fingerprint(report, finding)
    seen[found] += 1
    return {
        "description": visible(f"{finding.check} {finding.name}: {finding.subject}: {finding.message}"),
        "check_name": finding.check,
        # GitLab drops all but one issue of a fingerprint, so that further ones of the same address are numbered.
        "fingerprint": found if seen[found] == 1 else f"{found}-{seen[found]}",
        "severity": SEVERITIES[finding.severity],
        "location": {"path": place.path, "lines": {"begin": max(place.line, 1)}} if place else NOWHERE,
    }

"""The report itself, as JSON."""

from __future__ import annotations

from migration_checks.interchange import to_json
from migration_checks.report import Report


def render(report: Report) -> str:
    """`report` as the JSON that `migration-checks render` reads back."""
    return to_json(report)

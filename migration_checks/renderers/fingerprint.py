"""What makes a finding the same one in another run, for services that track findings over time."""

from __future__ import annotations

import hashlib
import json

from migration_checks.check import Finding
from migration_checks.report import Report


def fingerprint(report: Report, finding: Finding) -> str:
    """64 hexadecimal digits of lineage, check, revision, leg and subject; counts and samples may differ between runs."""
    parts = [report.lineage, finding.check, finding.revision, str(finding.leg), finding.subject]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

"""Takes every value that came out of a row out of a report, for reports that leave the people who may see the data."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from migration_checks.check import Finding
from migration_checks.looks import Part
from migration_checks.masking import masked
from migration_checks.report import Report, Step
from migration_checks.snapshot import Json
from migration_checks.transition import Failure

REMOVED = "(redacted)"

# Words of the toolkit and names of the schema; every other text in evidence may have come out of a row.
NAMES = frozenset(
    {
        "kind", "change", "how", "what", "place", "table", "column", "columns", "constraint", "sqlstate", "caused_by",
        "written_by", "renamed_from", "sequence", "cosmetic", "object", "objects", "invalid", "dropped", "created",
        "revision", "leg", "path", "name", "expected", "heads", "started", "check", "subject", "difference", "says",
        "tables", "left_halfway",
        # What trials observe.
        "relation", "mode", "blocks", "sources", "under", "who", "direction", "state", "foreign_keys_unindexed",
        "referenced", "problem", "basis",
    }
)  # fmt: skip
# What trials hold to be different may quote rows.
OBSERVED = NAMES - {"difference"} | {"ends", "beyond", "kinds", "within"}
STATEMENTS = frozenset({"sql", "statement", "statements"})
CELLS = frozenset({"before", "after", "key", "samples", "missing", "added"})


def redact(report: Report) -> Report:
    """`report` without values: messages become the check's title, samples and texts of unknown origin a mark.

    Counts, names of revisions, tables, columns and constraints, and SQLSTATE codes stay.
    """
    return replace(
        report,
        findings=tuple(_finding(finding) for finding in report.findings),
        steps=tuple(_step(step) for step in report.steps),
        not_checked=tuple(replace(note, reason=_opening(note.reason)) for note in report.not_checked),
        part=None if report.part is None else _part(report.part),
    )


def _part(part: Part) -> Part:
    looks = (replace(look, said=tuple(map(_finding, look.said))) for look in part.looks)
    return replace(part, looks=tuple(looks))


def _finding(finding: Finding) -> Finding:
    from migration_checks.checks import CHECKS

    title = next((check.title for check in CHECKS if check.id == finding.check), finding.name)
    evidence = {key: _fact(key, value) for key, value in finding.evidence.items()}
    return replace(finding, message=f"{title}.", evidence=evidence)


def _fact(key: str, value: Json, cell: bool = False) -> Json:
    # The key of a table is a list of columns, that of a row maps them to values.
    cell = cell or (key in CELLS and not (key == "key" and isinstance(value, list)))
    if isinstance(value, dict):
        return {name: _fact(name, each, cell) for name, each in value.items()}
    if isinstance(value, list):
        return [_fact(key, each, cell) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if cell or (isinstance(value, str) and key not in NAMES and key != "key"):
        return REMOVED
    return value


def _opening(reason: str) -> str:
    """A reason up to where it may quote a server's message, which quotes values."""
    opening = re.split(r"[:(\"'«“‘\n]", reason, maxsplit=1)[0]
    return reason if opening == reason else f"{opening.rstrip()} {REMOVED}"


def _step(step: Step) -> Step:
    failure: Failure | None = step.failure and replace(step.failure, message=REMOVED, statement=None)
    observations, timing = (
        {key: _observed(key, value) for key, value in facts.items()} for facts in (step.observations, step.timing)
    )
    return replace(step, failure=failure, observations=observations, timing=timing)


def _observed(key: str, value: Json, names: Collection[str] = OBSERVED) -> Json:
    """A fact of a trial: as in evidence, but that of a statement its shape stays, and why a rewrite is one."""
    if isinstance(value, dict):
        return {
            name: _fact(name, each, True) if name in CELLS else _observed(name, each, names) for name, each in value.items()
        }
    if isinstance(value, list):
        return [_observed(key, each, OBSERVED | {"reason"} if key == "rewrites" else names) for each in value]
    if not isinstance(value, str) or key in names:
        return value
    return masked(value) if key in STATEMENTS else REMOVED

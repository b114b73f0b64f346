"""A Report as JSON and back: the format that every other view is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from migration_checks.check import Finding, Location, Severity
from migration_checks.errors import ConfigurationError
from migration_checks.fields import Fields
from migration_checks.graph import Revision
from migration_checks.parts import PART_KEYS, part_document, part_from
from migration_checks.report import FORMAT, THRESHOLDS, VERDICTS, Note, Report, Step
from migration_checks.transition import Destination, Failure, Fate, Leg

REMEDY = "Give a file that `migration-checks verify --report json=FILE` of this version wrote."

REPORT_KEYS = (
    "format", "verdict", "fail_on", "lineage", "server", "seed", "range",
    "findings", "steps", "not_checked", "notes", "versions", "revisions", "part",
)  # fmt: skip
FINDING_KEYS = (
    "check", "name", "severity", "revision", "leg", "subject", "message", "evidence", "location", "waiver", "also_at",
)  # fmt: skip
STEP_KEYS = (
    "revision", "leg", "statements", "rows_compared", "values_compared", "failure", "observations", "timing", "flows",
)  # fmt: skip
REVISION_KEYS = ("id", "message", "down", "depends_on", "labels", "path")
FLOW_KEYS = ("subject", "what", "how", "total", "moved", "restored", "lost", "caused_by")
MOVED_KEYS = ("place", "how", "count", "written_by")
FAILURE_KEYS = tuple(field.name for field in fields(Failure))
NOTE_KEYS = ("subject", "reason", "revision")


def to_json(report: Report) -> str:
    """`report` as one JSON document, ASCII only; equal walks give equal bytes but for each step's `timing`."""
    return json.dumps(to_document(report), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def to_document(report: Report) -> dict[str, Any]:
    """`report` as the value that JSON is written from."""
    part = {} if report.part is None else {"part": part_document(report.part, finding_document)}
    return {
        "format": FORMAT,
        "verdict": report.verdict,
        "fail_on": report.fail_on,
        "lineage": report.lineage,
        "server": {"version": report.server, "provider": report.provider},
        "seed": report.seed,
        "range": report.range,
        "findings": [finding_document(finding) for finding in report.findings],
        "steps": [step_document(step) for step in report.steps],
        "not_checked": [asdict(note) for note in report.not_checked],
        "notes": [asdict(note) for note in report.notes],
        "versions": dict(sorted(report.versions.items())),
        "revisions": [revision_document(revision) for revision in report.chain],
        **part,
    }


def revision_document(revision: Revision) -> dict[str, Any]:
    """A revision as JSON has it: its place in the graph, its title and file."""
    return {
        "id": revision.id,
        "message": revision.doc,
        "down": list(revision.down),
        "depends_on": list(revision.depends_on),
        "labels": list(revision.labels),
        "path": revision.path,
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it."""
    location = finding.location
    return {
        "check": finding.check,
        "name": finding.name,
        "severity": str(finding.severity),
        "revision": finding.revision,
        "leg": str(finding.leg),
        "subject": finding.subject,
        "message": finding.message,
        "evidence": dict(finding.evidence),
        "location": None if location is None else {"path": location.path, "line": location.line},
        "waiver": finding.waiver,
        "also_at": list(finding.also_at),
    }


def step_document(step: Step) -> dict[str, Any]:
    """A step as JSON has it; everything that two runs of the same input may differ in is in `timing`."""
    return {
        "revision": step.revision,
        "leg": str(step.leg),
        "statements": step.statements,
        "rows_compared": step.rows_compared,
        "values_compared": step.values_compared,
        "failure": None if step.failure is None else asdict(step.failure),
        "observations": dict(sorted(step.observations.items())),
        "timing": dict(sorted(step.timing.items())),
        "flows": [flow_document(flow) for flow in step.flows],
    }


def flow_document(flow: Fate) -> dict[str, Any]:
    """Where the values of one column, or the rows of one table, went, as JSON has it."""
    moved = [{"place": to.place, "how": to.how, "count": to.count, "written_by": to.written_by} for to in flow.moved]
    return {
        "subject": flow.subject,
        "what": flow.what,
        "how": flow.how,
        "total": flow.total,
        "moved": moved,
        "restored": flow.restored,
        "lost": flow.lost,
        "caused_by": flow.caused_by,
    }


def from_json(text: str | bytes, where: str = "the report") -> Report:
    """The Report that `text` holds; `where` names its source in messages.

    Raises ConfigurationError where it is not JSON of this format, or any value in it is not of its kind.
    """
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{where} is not JSON: {error}.", REMEDY) from None
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ConfigurationError(f'{where} is not a report: its "format" is not "{FORMAT}".', REMEDY)
    return _report(Fields(document, where, REPORT_KEYS, REMEDY, nul=True))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _report(table: Fields) -> Report:
    part = table.child("part", PART_KEYS)
    server = table.required("server", table.child("server", ("version", "provider")))
    return Report(
        lineage=table.required("lineage", table.text("lineage")),
        server=server.required("version", server.text("version")),
        provider=server.required("provider", server.text("provider")),
        seed=table.required("seed", table.integer("seed")),
        range=table.required("range", table.text("range")),
        verdict=table.required("verdict", table.choice("verdict", VERDICTS)),
        fail_on=table.required("fail_on", table.choice("fail_on", THRESHOLDS)),
        findings=tuple(_finding(each) for each in table.children("findings", FINDING_KEYS)),
        steps=tuple(_step(each) for each in table.children("steps", STEP_KEYS)),
        not_checked=tuple(_note(each) for each in table.children("not_checked", NOTE_KEYS)),
        notes=tuple(_note(each) for each in table.children("notes", NOTE_KEYS)),
        versions=table.pairs("versions"),
        chain=tuple(_revision(each) for each in table.children("revisions", REVISION_KEYS)),
        part=None if part is None else part_from(part, FINDING_KEYS, _finding),
    )


def _revision(table: Fields) -> Revision:
    return Revision(
        id=table.required("id", table.text("id")),
        down=table.texts("down"),
        depends_on=table.texts("depends_on"),
        labels=table.texts("labels"),
        doc=table.required("message", table.text("message")),
        path=table.required("path", table.text("path")),
    )


def _finding(table: Fields) -> Finding:
    severity = table.required("severity", table.choice("severity", [str(each) for each in Severity]))
    return Finding(
        check=table.required("check", table.text("check")),
        name=table.required("name", table.text("name")),
        severity=Severity[severity.upper()],
        revision=table.required("revision", table.text("revision")),
        leg=_leg(table),
        subject=table.required("subject", table.text("subject")),
        message=table.required("message", table.text("message")),
        evidence=_open(table, "evidence"),
        location=_location(table),
        waiver=table.text("waiver"),
        also_at=table.texts("also_at"),
    )


def _location(table: Fields) -> Location | None:
    place = table.child("location", ("path", "line"))
    if place is None:
        return None
    return Location(place.required("path", place.text("path")), place.required("line", place.integer("line")))


def _step(table: Fields) -> Step:
    failure = table.child("failure", FAILURE_KEYS)
    timing = _open(table, "timing")
    if "seconds" in timing:
        Fields(timing, "timing", timing, REMEDY).number("seconds")
    return Step(
        revision=table.required("revision", table.text("revision")),
        leg=_leg(table),
        statements=table.required("statements", table.integer("statements")),
        rows_compared=table.required("rows_compared", table.integer("rows_compared")),
        values_compared=table.required("values_compared", table.integer("values_compared")),
        failure=None if failure is None else _failure(failure),
        observations=_open(table, "observations"),
        timing=timing,
        flows=tuple(_flow(each) for each in table.children("flows", FLOW_KEYS)),
    )


def _flow(table: Fields) -> Fate:
    return Fate(
        subject=table.required("subject", table.text("subject")),
        what=table.required("what", table.text("what")),
        how=table.required("how", table.text("how")),
        total=table.required("total", table.integer("total")),
        moved=tuple(_destination(each) for each in table.children("moved", MOVED_KEYS)),
        restored=table.required("restored", table.integer("restored")),
        lost=table.required("lost", table.integer("lost")),
        caused_by=table.text("caused_by"),
    )


def _destination(table: Fields) -> Destination:
    return Destination(
        place=table.required("place", table.text("place")),
        how=table.required("how", table.text("how")),
        count=table.required("count", table.integer("count")),
        written_by=table.text("written_by"),
    )


def _failure(table: Fields) -> Failure:
    return Failure(
        kind=table.required("kind", table.text("kind")),
        message=table.required("message", table.text("message")),
        refused=bool(table.flag("refused")),
        deliberate=bool(table.flag("deliberate")),
        timed_out=bool(table.flag("timed_out")),
        sqlstate=table.text("sqlstate"),
        statement=table.text("statement"),
        table=table.text("table"),
        column=table.text("column"),
        constraint=table.text("constraint"),
        path=table.text("path"),
        line=table.integer("line"),
    )


def _note(table: Fields) -> Note:
    subject = table.required("subject", table.text("subject"))
    return Note(subject, table.required("reason", table.text("reason")), table.text("revision"))


def _leg(table: Fields) -> Leg:
    return Leg(table.required("leg", table.choice("leg", [str(each) for each in Leg])))


def _open(table: Fields, key: str) -> Mapping[str, Any]:
    """A table whose keys are free."""
    value = table.table.get(key)
    if not isinstance(value, Mapping):
        raise table.wrong(key, "a table")
    return value

"""A report built from a walk: what counts, in which order, and what can never be a pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from migration_checks.check import Finding, Location, Severity
from migration_checks.config import Settings
from migration_checks.graph import Revision
from migration_checks.interchange import from_json, to_json
from migration_checks.lineage import Lineage
from migration_checks.looks import Look, Part
from migration_checks.providers import Server
from migration_checks.redaction import redact
from migration_checks.report import Note, Report, judge_run, plain, relative, version_text
from migration_checks.reporting import build_report
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Changes, Destination, Failure, Fate, Leg, Statement, Transition, ValueSample
from tests.reports import COSMETIC, DRIFT, LOST, SAMPLE, STEPS, WAIVED

SERVER = Server("postgresql://u:secret@h/db", 160004, "external")
PLACE = Snapshot(frozenset({"bbb"}), {}, {})


def leg(leg: Leg, **values: object) -> Transition:
    return Transition(leg, "bbb", PLACE, PLACE, **values)  # type: ignore[arg-type]


def built(root: Path, transitions: Sequence[Transition] = (), findings: Sequence[Finding] = (), **values: object) -> Report:
    settings = Settings(Lineage("shop", root=root), root, **values)  # type: ignore[arg-type]
    return build_report(
        settings, SERVER, ["aaa111", "bbb222", "ccc333"], transitions, findings, [Note("a", "b"), Note("a", "b")]
    )


def test_steps_come_from_transitions(tmp_path: Path) -> None:
    """A leg counts what it was held against: its baseline where it has one, else the state before."""
    up = leg(Leg.ASCEND, changes=Changes(rows_compared=3, values_compared=9), statements=(Statement("SELECT 1"),), seconds=0.25)
    down = leg(
        Leg.UNDO,
        baseline=PLACE,
        changes=Changes(rows_compared=3, values_compared=9),
        residue=Changes(rows_compared=5, values_compared=15),
        failure=Failure("E", "m", path=str(tmp_path / "versions" / "b.py"), line=3),
    )

    report = built(tmp_path, [up, down])

    assert [(step.statements, step.rows_compared, step.values_compared, step.seconds) for step in report.steps] == [
        (1, 3, 9, 0.25),
        (0, 5, 15, 0.0),
    ]
    assert report.steps[1].failure.path == "versions/b.py"
    assert (report.server, report.provider, report.seed) == ("16.4", "external", Settings(Lineage("x"), tmp_path).seed)
    assert report.not_checked == (Note("a", "b"),)
    assert {"alembic", "sqlalchemy", "python", "migration-checks"} == set(report.versions)


def test_where_values_went_is_kept_without_samples(tmp_path: Path) -> None:
    """A step tells what moved, came back and was lost; the samples are evidence of findings, where they can be redacted."""
    moved = (Destination("public.notes.text", "new table", 5),)
    fate = Fate("public.items.note", "values", "dropped", 9, moved, 1, 3, (ValueSample({"id": "1"}, "secret", None),))

    report = built(tmp_path, [leg(Leg.ASCEND, fates=(fate,))])

    assert report.steps[0].flows == (Fate("public.items.note", "values", "dropped", 9, moved, 1, 3),)
    assert "secret" not in to_json(report)


def test_the_chain_is_part_of_the_report(tmp_path: Path) -> None:
    """Each revision's place in the graph, the first line of its title, and its file from the project on."""
    walked = Revision("b", ("a",), ("x",), ("shop",), "add notes\n\nmore", str(tmp_path / "versions" / "b.py"), 3, 9, True)
    settings = Settings(Lineage("shop", root=tmp_path), tmp_path)

    report = build_report(settings, SERVER, ["b"], [], [], chain=[walked])

    assert report.chain == (Revision("b", ("a",), ("x",), ("shop",), "add notes", "versions/b.py"),)


def test_no_secret_of_the_server_is_in_a_report(tmp_path: Path) -> None:
    """The URL, and the password in it, stay out."""
    assert "secret" not in to_json(built(tmp_path))


def test_worst_first_then_along_the_chain(tmp_path: Path) -> None:
    """Severity, then the place in the chain, then the leg; waived ones last."""
    late = replace(LOST, revision="ccc333")
    early = replace(LOST, revision="aaa111", leg=Leg.DESCEND)
    first = replace(LOST, revision="aaa111", leg=Leg.UNDO)

    report = built(tmp_path, findings=[WAIVED, COSMETIC, DRIFT, late, early, first])

    assert report.findings == (first, early, late, DRIFT, COSMETIC, WAIVED)


@pytest.mark.parametrize(
    ("severity", "fail_on", "verdict"),
    [
        (Severity.ERROR, "error", "failed"),
        (Severity.WARNING, "error", "passed"),
        (Severity.WARNING, "warning", "failed"),
        (Severity.INFO, "warning", "passed"),
        (Severity.INFO, "info", "failed"),
        (Severity.ERROR, "never", "passed"),
    ],
)
def test_the_threshold_decides(severity: Severity, fail_on: str, verdict: str) -> None:
    """A finding at or above --fail-on fails the run, unless it is waived."""
    finding = replace(LOST, severity=severity)

    assert judge_run([finding], STEPS, fail_on) == verdict
    assert judge_run([replace(finding, waiver="so")], STEPS, fail_on) == "passed"


def test_nothing_compared_is_no_pass() -> None:
    """A run without a compared row is incomplete; a finding that counts fails it all the same."""
    assert judge_run([], STEPS[:1], "warning") == "incomplete"
    assert judge_run([], [], "warning") == "incomplete"
    assert judge_run([LOST], [], "warning") == "failed"


@pytest.mark.parametrize(("verdict", "status"), [("passed", 0), ("incomplete", 0), ("failed", 1)])
def test_exit_status(verdict: str, status: int) -> None:
    """1 for findings, 0 for none."""
    assert replace(SAMPLE, verdict=verdict).exit_status == status


def test_evidence_becomes_json(tmp_path: Path) -> None:
    """Whatever a check put into its facts, the report can be written and read back equal."""
    facts = {
        "a": (1, 2.5),
        "b": {"y", "x"},
        "c": float("inf"),
        "d": {"e": b"\x01"},
        "path": str(tmp_path / "v.py"),
        "f": Leg.UNDO,
    }
    finding = replace(LOST, evidence=facts, location=Location(str(tmp_path / "v.py"), 3))

    report = built(tmp_path, findings=[finding])

    assert report.findings[0].location == Location("v.py", 3)
    assert report.findings[0].evidence == {
        "a": [1, 2.5], "b": ["x", "y"], "c": "inf", "d": {"e": "b'\\x01'"}, "path": "v.py", "f": "undo",
    }  # fmt: skip
    assert from_json(to_json(report)) == report


def test_nan_is_text() -> None:
    """JSON has no word for it."""
    assert plain(float("nan")) == "nan"


def test_paths_are_relative_where_they_can_be(tmp_path: Path) -> None:
    """A file of the project is named from there on, any other by its whole path."""
    assert relative(str(tmp_path / "a" / "b.py"), tmp_path) == "a/b.py"
    assert relative("/elsewhere/b.py", tmp_path) == "/elsewhere/b.py"
    assert relative("a/b.py", tmp_path) == "a/b.py"


def test_versions_as_people_write_them() -> None:
    """server_version_num is major times ten thousand plus minor, from PostgreSQL 10 on."""
    assert version_text(180006) == "18.6"
    assert version_text(140000) == "14.0"


def test_redacted_reports_hold_no_value(tmp_path: Path) -> None:
    """With --redact no value, message or statement is left, but counts and names are."""
    text = "4111-1111-1111-1111"
    samples = [{"key": {"id": text}, "before": text, "after": None}]
    facts = {"count": 12, "kind": "column", "samples": samples, "error": text, "missing": [{"id": text}], "odd": {"x": [text]}}
    finding = replace(LOST, message=f"It was {text}.", evidence=facts)
    failed = leg(Leg.ASCEND, failure=Failure("E", text, "23505", statement=f"SELECT '{text}'", table="items"))

    settings = Settings(Lineage("shop", root=tmp_path), tmp_path, redact=True)
    note = Note("public.items", f'It could not be filled: Key (card)=("{text}") exists.')
    report = build_report(settings, SERVER, ["bbb"], [failed], [finding], [note, Note("leap", "Not run.")])

    assert text not in to_json(report)
    assert text in to_json(built(tmp_path, [failed], [finding]))
    assert report.findings[0].evidence["count"] == 12
    assert report.findings[0].evidence["samples"][0]["after"] is None
    assert (report.findings[0].subject, report.findings[0].evidence["kind"]) == ("public.items.note", "column")
    assert [each.reason for each in report.not_checked] == ["It could not be filled (redacted)", "Not run."]
    assert (report.steps[0].failure.sqlstate, report.steps[0].failure.table) == ("23505", "items")


def test_redacted_reports_keep_the_shape_of_what_was_observed() -> None:
    """What a trial saw keeps names, counts and the shape of SQL; literals, errors and rows go."""
    secret = "4111-1111"
    seen = {
        "statements": [{"sql": f"UPDATE items SET card = '{secret}'", "error": secret, "locks": [{"relation": "items"}]}],
        "changed": {"updated": {"items": 3}},
        "samples": [{"id": secret}],
    }
    step = replace(STEPS[0], observations=seen, timing={"seconds": 1.0, "estimate": {"refused": secret}})

    (redacted,) = redact(replace(SAMPLE, steps=(step,))).steps

    assert secret not in to_json(replace(SAMPLE, findings=(), not_checked=(), steps=(redacted,)))
    assert redacted.observations["statements"] == [
        {"sql": "UPDATE items SET card = '…'", "error": "(redacted)", "locks": [{"relation": "items"}]}
    ]
    assert redacted.observations["changed"] == {"updated": {"items": 3}}
    assert redacted.timing["seconds"] == 1.0


def test_redacted_parts_hold_no_value() -> None:
    """What a part found, and keeps for the others, is redacted as the findings are."""
    text = "4111-1111-1111-1111"
    said = replace(LOST, message=f"It was {text}.", evidence={"count": 12, "samples": [{"before": text}]})
    look = Look(Leg.UNDO, "bbb222", frozenset(), frozenset({"bbb222"}), said=(said,))
    report = redact(replace(SAMPLE, part=Part(1, 2, ("MC304",), (look,))))

    assert report.part is not None
    (kept,) = report.part.looks[0].said
    assert text not in str(report.part)
    assert (12, said.subject) == (kept.evidence["count"], kept.subject)

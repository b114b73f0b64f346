"""Several processes on one walk: what each says arrives, and none outlives the others' trouble."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from migration_checks.check import Finding, Severity
from migration_checks.config import Settings
from migration_checks.errors import EnvironmentFailure, ToolkitError
from migration_checks.jobs import NO_FORK, ON_ONE_SERVER, _told, walk_in_parts, why_alone
from migration_checks.lineage import Lineage
from migration_checks.looks import Look, Part
from migration_checks.report import Note, Progress, Report, Step
from migration_checks.transition import Leg
from migration_checks.waivers import Waiver

Tell = Callable[[Progress], None]
LOST = Finding("MC302", "upgrade-loses-values", Severity.ERROR, "r2", Leg.ASCEND, "public.t.a", "It is gone.")


def settings(folder: Path, **more: object) -> Settings:
    return Settings(Lineage("shop"), project=folder, jobs=2, **more)  # type: ignore[arg-type]


def report(each: Settings, *, progress: Tell) -> Report:
    """What part n of a walk would say: one step at revision rn; the second part finds a loss."""
    assert each.shard is not None
    number, of = each.shard
    progress(Progress(f"r{number}", Leg.ASCEND, 1, 4))
    said = (LOST,) if number == 2 else ()
    look = Look(Leg.ASCEND, f"r{number}", frozenset(), frozenset({f"r{number}"}), said=said)
    step = Step(f"r{number}", Leg.ASCEND, 1, 10, 20)
    part = Part(number, of, ("MC302",), (look,))
    return Report("shop", "18.3", "embedded", 1, "", "passed", findings=said, steps=(step,), part=part)


def test_all_parts_are_one_report(tmp_path: Path) -> None:
    """In the order of the parts; progress is that of all together."""
    told: list[Progress] = []
    merged = walk_in_parts(settings(tmp_path), report, told.append)

    assert (("r1", "r2"), (LOST,), "failed", None) == (merged.revisions, merged.findings, merged.verdict, merged.part)
    assert (2, 8) == (told[-1].done, told[-1].total)


def test_waivers_hold_for_all_parts(tmp_path: Path) -> None:
    """One that matches in any part waives; one that matches in none is told, once."""
    useful, useless = Waiver("MC302", "agreed", source="here"), Waiver("MC301", "agreed", source="there")
    merged = walk_in_parts(settings(tmp_path, waivers=(useful, useless)), report)

    assert ("passed", "agreed") == (merged.verdict, merged.findings[0].waiver)
    assert ["waiver of MC301 (there)"] == [note.subject for note in merged.notes]


def waits(each: Settings, *, progress: Tell) -> Report:
    time.sleep(60)
    raise AssertionError("nobody ended it")


def test_an_error_of_one_part(tmp_path: Path) -> None:
    """It is raised as it was, at once; the other part does not go on."""

    def walk(each: Settings, *, progress: Tell) -> Report:
        if each.shard == (2, 2):
            raise EnvironmentFailure("env.py cannot be run.", "Mend it.")
        return waits(each, progress=progress)

    began = time.monotonic()
    with pytest.raises(EnvironmentFailure, match=r"env.py cannot be run. Mend it."):
        walk_in_parts(settings(tmp_path), walk)
    assert time.monotonic() - began < 30


def test_a_part_that_is_killed(tmp_path: Path) -> None:
    """One sentence, and what to do."""

    def walk(each: Settings, *, progress: Tell) -> Report:
        if each.shard == (1, 2):
            os.kill(os.getpid(), signal.SIGKILL)
        return waits(each, progress=progress)

    with pytest.raises(ToolkitError, match="was killed"):
        walk_in_parts(settings(tmp_path), walk)


def test_an_interrupt(tmp_path: Path) -> None:
    """Whoever interrupts the run ends every part, which may give back what it took."""
    mark = tmp_path / "given-back"

    def walk(each: Settings, *, progress: Tell) -> Report:
        try:
            progress(Progress("r", Leg.ASCEND, 0, 1))
            return waits(each, progress=progress)
        finally:
            mark.with_suffix(f".{each.shard[0] if each.shard else 0}").touch()

    seen: list[Progress] = []

    def tell(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk_in_parts(settings(tmp_path), walk, tell)
    assert {"given-back.1", "given-back.2"} == {path.name for path in tmp_path.iterdir()}


def test_redaction_comes_last(tmp_path: Path) -> None:
    """Parts are folded by what they say, and redacted as a whole."""
    merged = walk_in_parts(settings(tmp_path, redact=True), report)

    assert "It is gone." != merged.findings[0].message


def test_jobs_need_a_server_of_their_own(tmp_path: Path) -> None:
    """Databases of one server would be counted as each other's load: the walk is made alone, which is noted."""
    alone: list[Settings] = []

    def walk(each: Settings, *, progress: Tell | None) -> Report:
        alone.append(each)
        return Report("shop", "18.3", "external", 1, "", "passed")

    found = walk_in_parts(settings(tmp_path, provider="postgresql://x/y"), walk)  # type: ignore[arg-type]

    assert [(1, None)] == [(each.jobs, each.shard) for each in alone]
    assert [Note("jobs", ON_ONE_SERVER)] == list(found.notes)


def test_one_job_after_another_where_nothing_forks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows."""
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])

    assert NO_FORK == why_alone(settings(tmp_path))
    monkeypatch.undo()
    assert why_alone(settings(tmp_path)) is None


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (psycopg.errors.DiskFull("full"), psycopg.errors.DiskFull),
        (FileNotFoundError(2, "No such file"), FileNotFoundError),
        (KeyError("oops"), RuntimeError),
    ],
)
def test_errors_travel_between_processes(error: Exception, told: type[Exception]) -> None:
    """What other processes can read goes as it is; of anything else its kind and words."""
    found = _told(error)

    assert isinstance(found, told)
    assert found is error or "KeyError: 'oops'" == str(found)


def test_a_redacted_walk_in_parts(tmp_path: Path) -> None:
    """What is hidden is hidden in the whole."""

    def walk(each: Settings, *, progress: Tell) -> Report:
        found = report(each, progress=progress)
        return replace(
            found, findings=tuple(replace(one, evidence={"samples": [{"before": "s3cret"}]}) for one in found.findings)
        )

    merged = walk_in_parts(settings(tmp_path, redact=True), walk)

    assert "s3cret" not in str(merged)
    assert merged.findings

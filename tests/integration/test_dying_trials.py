"""Steps that are killed, run twice at once and run beside writers: what the trials see, and that nothing of them is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migration_checks.config import Settings
from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.providers import EmbeddedProvider, Server
from migration_checks.providers.twin import twin
from migration_checks.report import Report
from migration_checks.verify import verify
from tests.crashes.places import at_rest, inventory
from tests.projects import SYNC, Script, make_project, sql
from tests.walks import creates, widens

INDEX = "with context.get_context().autocommit_block():\n    op.execute({!r})"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """No client and no server dies between statements, unless a test is about that: each takes a second."""
    monkeypatch.setattr("migration_checks.trials.crash.FEW", 0)


@pytest.fixture
def every_kind(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One client and one server that die a step."""
    monkeypatch.setattr("migration_checks.trials.crash.FEW", 1)


def tried(root: Path, server: Server | None, *scripts: Script, trial: str, env: str = SYNC, below: str = "a1") -> Report:
    """The chain of `scripts` upon a table `t`, of which the trial is made above the revision `below`."""
    project = make_project(root, [creates("t", "a1"), *scripts], env=env)
    where: dict[str, Any] = {} if server is None else {"provider": server.url, "allow_shared_server": True}
    chain = replace(project.lineage(), range=f"{below}:heads")
    return verify(Settings(chain, root, rows=8, timeout=60, trials=frozenset({trial}), **where))


def observed(report: Report, leg: str) -> dict[str, Any]:
    """What was observed on the way up, and on the way down."""
    return {str(step.observations["direction"]): step.observations for step in report.steps if step.leg == leg}


def checks(report: Report) -> set[str]:
    return {finding.check for finding in report.findings}


@pytest.mark.usefixtures("every_kind")
def test_every_kind_of_death(tmp_path: Path) -> None:
    """On a server of its own the step is killed in three ways, up and down; one transaction survives each."""
    seen = observed(tried(tmp_path, None, widens("t", "b2", "a1"), trial="crash"), "crash")

    assert seen.keys() == {"upgrade", "downgrade"}
    for each in seen.values():
        assert each["kinds"] == ["backend", "client", "server"]
        assert {death["kind"] for death in each["deaths"]} == {"backend", "client", "server"}
        assert all(death["survived"] for death in each["deaths"])


@pytest.mark.usefixtures("every_kind")
def test_a_server_that_others_run_is_never_stopped(tmp_path: Path, server: Server) -> None:
    """The report says that this was not tried; the server is as it was."""
    before = at_rest(server)
    report = tried(tmp_path, server, widens("t", "b2", "a1"), trial="crash")

    assert observed(report, "crash")["upgrade"]["kinds"] == ["backend", "client"]
    assert "the toolkit did not start" in " ".join(note.reason for note in report.not_checked)
    assert inventory(server) == before


def test_a_build_that_dies_between_its_phases(tmp_path: Path, server: Server) -> None:
    """The backend leaves an invalid index; a client that is killed leaves the backend, which finishes it."""
    up = INDEX.format("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (note)")
    report = tried(tmp_path, server, Script("b2", "a1", up, sql("DROP INDEX IF EXISTS i")), trial="crash")
    deaths = observed(report, "crash")["upgrade"]["deaths"]
    within = {death["kind"]: death for death in deaths if death["within"]}

    assert (within["backend"]["state"], within["backend"]["resumed"]) == ("between", False)
    assert (within["client"]["state"], within["client"]["resumed"]) == ("between", True)
    assert {"MC701", "MC702"} <= checks(report)


@pytest.mark.parametrize(("up", "copies"), [("UPDATE t SET note = 'x'", 1), ("INSERT INTO s DEFAULT VALUES", 3)])
def test_a_copy_whose_sequence_moved_serves_no_other_death(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, up: str, copies: int
) -> None:
    """No rollback takes that back; deaths that leave nothing at all share one copy."""
    made, copy = [], Databases.copy

    def counted(self: Databases, url: str, label: str, by: Any = None) -> str:
        made.append(label)
        return copy(self, url, label, by)

    monkeypatch.setattr(Databases, "copy", counted)
    table = Script("b2", "a1", sql("CREATE TABLE s (id serial PRIMARY KEY)"), sql("DROP TABLE s"))
    step = Script("c3", "b2", sql(up, "SELECT 1"), "raise NotImplementedError('no way back')")
    deaths = observed(tried(tmp_path, server, table, step, trial="crash", below="b2"), "crash")["upgrade"]["deaths"]

    assert ["before"] * 3 == [each["state"] for each in deaths]
    assert copies == made.count("crash")


def test_rows_that_chance_makes_are_no_difference(tmp_path: Path, server: Server) -> None:
    """A second run fills in other moments and other keys than the undisturbed one."""
    up = sql("ALTER TABLE t ADD COLUMN at timestamptz", "UPDATE t SET at = clock_timestamp()")
    report = tried(tmp_path, server, Script("b2", "a1", up, sql("ALTER TABLE t DROP COLUMN at")), trial="crash")

    assert not {"MC701", "MC702"} & checks(report)


LOCKED = SYNC.replace(
    "context.run_migrations()", "connection.exec_driver_sql('SELECT pg_advisory_lock(7)'); context.run_migrations()"
)


def test_a_lock_in_env_py_lets_only_one_run(tmp_path: Path, server: Server) -> None:
    """The second runner finds nothing to do, whatever the step commits by itself."""
    up = INDEX.format("INSERT INTO u SELECT count(*) FROM u")
    table = Script("b2", "a1", sql("CREATE TABLE u (n int)"), sql("DROP TABLE u"))
    chain = (table, Script("c3", "b2", up, sql("DELETE FROM u")))
    locked = tried(tmp_path / "locked", server, *chain, trial="runners", env=LOCKED, below="b2")
    free = tried(tmp_path / "free", server, *chain, trial="runners", below="b2")

    assert "MC703" not in checks(locked)
    assert "MC703" in checks(free)


def test_a_lock_that_is_met_once(tmp_path: Path, server: Server) -> None:
    """The step gives up after lock_timeout, leaves nothing, and succeeds when it is run again."""
    report = tried(tmp_path, server, widens("t", "b2", "a1"), trial="runners")
    retry = observed(report, "runners")["upgrade"]["retries"][0]

    assert (retry["kind"], retry["state"], retry["survived"]) == ("lock", "before", True)
    assert checks(report) & {"MC701", "MC702", "MC703"} == set()


def test_values_that_a_step_overwrites_are_not_lost_writes(tmp_path: Path, server: Server) -> None:
    """What the step does to rows written before it, it may do to those written beside it."""
    up = sql("UPDATE t SET note = 'same'", "DELETE FROM t WHERE id % 2 = 0")
    report = tried(tmp_path, server, Script("b2", "a1", up), trial="traffic")

    assert observed(report, "traffic")["upgrade"]["committed"] > 0
    assert "MC704" not in checks(report)


def test_a_twin_may_be_stopped() -> None:
    """It has the one database with its rows, recovers with what was committed, and the first server notices nothing."""
    with EmbeddedProvider().lend() as first, Databases(first) as made:
        url = made.create("source")
        with connect(url) as connection:
            connection.execute("CREATE TABLE public.kept AS SELECT 1 AS n")
        with connect(first.url) as witness, twin(first, url) as other:
            for number in (2, 3):
                with connect(other.url) as connection:
                    connection.execute("INSERT INTO public.kept VALUES (%s)", (number,))
                other.stop_and_start()
            with connect(other.url) as connection:
                assert connection.execute("SELECT sum(n) FROM public.kept").fetchone() == (6,)
            assert witness.execute("SELECT 1").fetchone() == (1,)
        with connect(url) as connection:
            assert connection.execute("SELECT sum(n) FROM public.kept").fetchone() == (1,)

"""Whatever a migration does to its process, its session or its server: a verdict or one clear sentence, and nothing is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migration_checks.config import Settings
from migration_checks.errors import ToolkitError
from migration_checks.providers import EmbeddedProvider, Server
from migration_checks.redaction import redact
from migration_checks.renderers import RENDERERS
from migration_checks.report import Report
from migration_checks.verify import verify
from tests.crashes.places import at_rest, inventory
from tests.processes import eventually, mentioning
from tests.projects import Script, make_project, sql
from tests.walks import creates, widens

ENGINE = """
import sqlalchemy
with sqlalchemy.create_engine('postgresql+psycopg://app:s3cret@production.invalid/app').begin() as other:
    other.exec_driver_sql('CREATE TABLE IF NOT EXISTS by_another_engine (id int PRIMARY KEY)')
"""
RAW = """
import psycopg
try:
    psycopg.connect('host=production.invalid password=s3cret')
except Exception:
    pass
with psycopg.connect() as other:
    other.execute('CREATE TABLE IF NOT EXISTS by_a_driver (id int PRIMARY KEY)')
"""
OWN = "with context.get_context().autocommit_block():\n    op.execute({!r})"

VERDICTS = {
    "sys.exit": ("import sys\nsys.exit(3)", "sys.exit(3)"),
    "megabytes": ("print('x' * 5_000_000)", ""),
    "surroundings": ("import os\nos.chdir('/')\nos.environ.clear()", ""),
    "a thread": ("import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()", ""),
    "a fork": ("import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()", ""),
    "an engine of its own": (ENGINE, ""),
    "a raw connection": (RAW, "production.invalid"),
    "DROP SCHEMA": (sql("DROP SCHEMA public CASCADE"), ""),
    "search_path": (sql("SET search_path = pg_temp", "CREATE TABLE nowhere (id int)"), ""),
    "search_path of the database": (
        sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = pg_temp', current_database()); END $$"), "",
    ),
    "REVOKE": (sql("REVOKE ALL ON SCHEMA public FROM PUBLIC", "REVOKE ALL ON t FROM CURRENT_USER"), ""),
    "a role": (sql("CREATE ROLE mct_fire", "GRANT SELECT ON t TO mct_fire"), ""),
    "a database": (OWN.format("CREATE DATABASE mct_fire"), ""),
    "the catalog": (sql("SET allow_system_table_mods = on", "UPDATE pg_class SET relnatts = 9 WHERE relname = 't'"), ""),
    "its own end": (sql("SELECT pg_terminate_backend(pg_backend_pid())"), ""),
    "the end of everybody": (
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"), "",
    ),
    "a hang": (sql("SELECT pg_sleep(600)"), "time limit"),
    "through the server": (
        sql("CREATE EXTENSION IF NOT EXISTS dblink", "SELECT dblink_connect('dbname=postgres host=/nonexistent')"), "dblink",
    ),
}  # fmt: skip


def everything(report: Report) -> str:
    """All that any view of a report says."""
    return "\n".join(renderer.render(each) for each in (report, redact(report)) for renderer in RENDERERS)


def outcome(settings: Settings) -> str:
    """Everything that is said of a report, or the sentence in place of one."""
    try:
        return everything(verify(settings))
    except ToolkitError as error:
        return f"{error.message} {error.remedy}"


TOGETHER = ("megabytes", "surroundings", "a thread", "a fork", "an engine of its own", "a raw connection")
"""Those after which a walk goes on as if nothing had been: one chain shows them all."""

WALKS = (TOGETHER, *((name,) for name in VERDICTS if name not in (*TOGETHER, "a database")))


@pytest.mark.parametrize("names", WALKS, ids=", ".join)
def test_a_verdict_or_a_sentence(tmp_path: Path, server: Server, names: tuple[str, ...]) -> None:
    """Afterwards databases, roles and sessions are those of before, no process is left, and no password is told."""
    holds(tmp_path, server, *names)


def test_a_database_that_a_script_makes(tmp_path: Path) -> None:
    """Likewise, on a server of the run's own: where others make databases meanwhile, nobody knows whose a new one is."""
    with EmbeddedProvider().lend() as server:
        holds(tmp_path, server, "a database")


def above(*names: str) -> list[Script]:
    """Revisions b1, b2, ... above a1, one for each name."""
    return [Script(f"b{n}", f"b{n - 1}" if n > 1 else "a1", VERDICTS[name][0]) for n, name in enumerate(names, 1)]


def holds(tmp_path: Path, server: Server, *names: str) -> None:
    project = make_project(tmp_path, [creates("t", "a1"), *above(*names)])
    before = at_rest(server)
    arguments = {"provider": server.url, "allow_shared_server": False, "timeout": 3.0 if "a hang" in names else 60.0}
    said = outcome(Settings(project.lineage(), tmp_path, rows=5, **arguments))  # type: ignore[arg-type]

    for name in names:
        assert VERDICTS[name][1] in said
    assert "s3cret" not in said
    assert "Traceback" not in said
    assert eventually(lambda: inventory(server) == before)
    assert eventually(lambda: not mentioning(str(tmp_path)))


def test_a_server_that_is_killed(tmp_path: Path) -> None:
    """In the middle of a step: one sentence, and what was the server's is gone."""
    kill = (
        "import os, signal\n"
        "folder = op.get_bind().exec_driver_sql('SHOW data_directory').scalar()\n"
        "os.kill(int(open(folder + '/postmaster.pid').readline()), signal.SIGQUIT)\n"
        "op.execute('SELECT pg_sleep(60)')"
    )
    project = make_project(tmp_path, [creates("t", "a1"), Script("b2", "a1", kill)])
    with pytest.raises(ToolkitError) as raised:
        verify(Settings(project.lineage(), tmp_path, rows=5, timeout=60))

    assert raised.value.remedy
    assert "\n" not in raised.value.message


TRIED = (("surroundings", "a fork", "a role"), ("search_path of the database",), ("its own end",))


@pytest.mark.parametrize("names", TRIED, ids=", ".join)
def test_trials_of_it(tmp_path: Path, server: Server, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The trials of dying survive the same, and leave nothing either."""
    monkeypatch.setattr("migration_checks.trials.crash.FEW", 1)
    end = f"b{len(names)}"
    project = make_project(tmp_path, [creates("t", "a1"), *above(*names), widens("t", "c3", end)])
    before = at_rest(server)
    chain = replace(project.lineage(), range=f"a1:{end}")
    trials = frozenset({"crash", "runners", "traffic"})
    report = verify(Settings(chain, tmp_path, rows=5, timeout=60, provider=server.url, trials=trials))

    assert report.verdict in ("passed", "failed")
    assert not [each for each in report.findings if each.check.startswith("MC70")]
    assert eventually(lambda: inventory(server) == before)
    assert eventually(lambda: not mentioning(str(tmp_path)))

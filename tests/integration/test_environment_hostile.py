"""A migration may do what it likes to its own process: the toolkit survives, says what happened, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from migration_checks.connection import connect
from migration_checks.environment import Environment
from migration_checks.errors import EnvironmentFailure
from migration_checks.worker.variables import WORKER_NAME
from tests.projects import SYNC, Script, make_project, sql
from tests.walks import creates

DEATHS = {
    "os._exit": ("import os\nos._exit(7)", "status 7"),
    "kill": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
    "a crash after a message": (
        "import os\nprint('the last word', flush=True)\nos.closerange(3, 99)\nos.abort()",
        "the last word",
    ),
    "a fork that holds on": ("import os, time\nif os.fork() == 0: time.sleep(600)\nos._exit(9)", "status 9"),
}


def test_deaths(tmp_path: Path, database: str) -> None:
    """A script that ends its process fails with the status; what it had not committed is undone; the next step goes on."""
    scripts = [
        Script("a1", upgrade=sql("CREATE TABLE t ()")),
        *(
            Script(f"d{n}", down="a1", upgrade="op.execute('DROP TABLE t')\n" + text)
            for n, (text, _) in enumerate(DEATHS.values())
        ),
    ]
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=60) as environment, connect(database) as look:
        environment.attach(database)
        environment.upgrade("a1")
        for n, (name, (_, words)) in enumerate(DEATHS.items()):
            outcome = environment.upgrade(f"d{n}")

            assert outcome.failure is not None, name
            assert outcome.failure.kind == "WorkerDied", name
            assert words in outcome.failure.message, name
            assert (outcome.heads, outcome.expected_heads) == ({"a1"}, {f"d{n}"}), name
            assert look.execute("SELECT to_regclass('public.t') IS NOT NULL").fetchone() == (True,), name
        assert environment.downgrade("a1").heads == frozenset()


HARMLESS = {
    "prints megabytes": "import sys\nfor i in range(300): print('x' * 10000); print('y' * 10000, file=sys.stderr)",
    "changes its surroundings": "import os, sys\nos.chdir('/')\nos.environ.clear()\nsys.path.clear()",
    "forks": "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: os._exit(0)",
    "starts a program": "import subprocess\nsubprocess.Popen(['sleep', '600'])",
    "leaves a thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()",
    "closes its output": "import sys\nsys.stdout.close()\nsys.stderr.close()",
    "ignores signals": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "raises the recursion limit": "import sys\nsys.setrecursionlimit(100)",
}


def test_harmless_things(tmp_path: Path, database: str) -> None:
    """What a script does to its process neither fails the step nor the ones after it, and leaves no process behind."""
    scripts = [Script(f"h{n}", down=f"h{n - 1}" if n else None, upgrade=text) for n, text in enumerate(HARMLESS.values())]
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=30) as environment:
        environment.attach(database)
        assert environment._worker is not None
        group = environment._worker.pid
        for n, name in enumerate(HARMLESS):
            outcome = environment.upgrade(f"h{n}")

            assert outcome.failure is None, name
            assert outcome.heads == {f"h{n}"}, name
    _until(lambda: _group(group) == [])  # what was killed takes a moment to be gone


def _group(pgid: int) -> list[int]:
    """Living processes of a process group."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == pgid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def test_waiting_for_its_own_lock(tmp_path: Path, database: str) -> None:
    """A script that waits for a lock of its own second connection is ended in time, and the verdict names the blocker."""
    upgrade = "op.execute('LOCK TABLE t')\nimport psycopg\npsycopg.connect(autocommit=True).execute('TRUNCATE t')"
    scripts = [
        Script("a1", upgrade=sql("CREATE TABLE t ()")),
        Script("b2", down="a1", upgrade=upgrade),
        Script("c3", down="a1"),
    ]
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=60) as environment:
        environment.attach(database)
        environment.upgrade("a1")
        environment.timeout = 1.0
        outcome = environment.upgrade("b2")

        assert outcome.failure is not None
        assert outcome.failure.timed_out
        assert "lock held by its own second connection" in outcome.failure.message
        assert "LOCK TABLE t" in outcome.failure.message
        assert outcome.failure.statement == "TRUNCATE t"
        assert (outcome.heads, outcome.expected_heads) == ({"a1"}, {"b2"})
        environment.timeout = 60
        assert environment.upgrade("c3").heads == {"c3"}


def test_waiting_for_somebody_else(tmp_path: Path, database: str) -> None:
    """A lock of another session is named as such; a script that computes for ever just takes too long."""
    scripts = [
        Script("a1", upgrade=sql("CREATE TABLE t ()")),
        Script("b2", down="a1", upgrade=sql("TRUNCATE t")),
        Script("c3", down="a1", upgrade="while True: pass"),
        Script("d4", down="a1", upgrade=sql("SELECT pg_sleep(600)")),
    ]
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=60) as environment, connect(database) as other:
        environment.attach(database)
        environment.upgrade("a1")
        messages = {}
        for revision in ("b2", "c3", "d4"):
            with other.transaction():
                other.execute("LOCK TABLE public.t")
                environment.heads()
                environment._ready()
                environment.timeout = 1.0
                failure = environment.upgrade(revision).failure
                environment.timeout = 60

            assert failure is not None
            assert failure.timed_out
            messages[revision] = failure.message
        assert "held by the session 'migration-checks'" in messages["b2"]
        assert messages["c3"] == "it took longer than 1 s"
        assert "the server is at work on: SELECT pg_sleep(600)" in messages["d4"]
        sleepers = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()"
        assert other.execute(sleepers).fetchone() == (0,)


def test_a_fork_that_goes_on(tmp_path: Path, database: str) -> None:
    """A child that returns from the migration shares its connection: whatever comes of that, it ends, and we go on."""
    scripts = [Script("a1", upgrade="import os\nos.fork()"), Script("b2", upgrade=sql("CREATE TABLE t ()"))]
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=10) as environment:
        environment.attach(database)
        environment.upgrade("a1")
        environment.stamp([])

        assert environment.upgrade("b2").heads == {"b2"}


def test_hang_in_env_py(tmp_path: Path, database: str) -> None:
    """An env.py that never comes to its migrations is one clear sentence; the next call starts anew."""
    project = make_project(tmp_path, [Script("a1")], env="import time\ntime.sleep(600)")
    with Environment(project.lineage(), timeout=60) as environment:
        environment.graph()
        environment.timeout = 1
        with pytest.raises(EnvironmentFailure, match=r"longer than 1 s: running env\.py"):
            environment.attach(database)
        environment.timeout = 60
        (tmp_path / "migrations/env.py").write_text(textwrap.dedent(SYNC))
        environment.attach(database)
        assert environment.upgrade("a1").heads == {"a1"}


def test_worker_killed_between_steps(tmp_path: Path, database: str) -> None:
    """A worker that is killed while it waits is started again, without a word."""
    project = make_project(tmp_path, [Script("a1"), Script("b2", down="a1")])
    with Environment(project.lineage(), timeout=60) as environment:
        environment.attach(database)
        environment.upgrade("a1")
        assert environment._worker is not None
        os.kill(environment._worker.pid, signal.SIGKILL)
        _until(lambda: environment._worker is None or not environment._worker.alive)

        assert environment.upgrade("b2").heads == {"b2"}


def test_nothing_left_after_an_exception(tmp_path: Path, database: str) -> None:
    """Leaving through Ctrl-C ends the worker at once, whatever it does."""
    project = make_project(tmp_path, [Script("a1", upgrade="import time\ntime.sleep(600)")])
    group = 0

    def interrupted() -> None:
        nonlocal group
        with Environment(project.lineage(), timeout=60) as environment:
            environment.attach(database)
            assert environment._worker is not None
            group = environment._worker.pid
            environment._worker.send({"do": "upgrade", "revision": "a1"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert group
    _until(lambda: _group(group) == [])


def test_worker_dies_with_its_parent(tmp_path: Path, database: str) -> None:
    """A parent that is killed takes the worker with it, in the middle of a step, and the worker's children too."""
    make_project(tmp_path, [Script("a1", upgrade="import subprocess\nsubprocess.run(['sleep', '600'])")])
    parent = f"""
        import threading
        from pathlib import Path
        from migration_checks.environment import Environment
        from migration_checks.lineage import Lineage
        with Environment(Lineage("p", root=Path({str(tmp_path)!r}), config=Path("alembic.ini"))) as environment:
            environment.attach({database!r})
            print(environment._worker.pid, flush=True)
            environment.upgrade("a1")
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(parent)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        group = int(process.stdout.readline())
        _until(lambda: len(_group(group)) == 2)
        process.kill()
    _until(lambda: _group(group) == [])


def _until(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_what_a_dead_worker_left_is_ended_before_env_py_runs_again(tmp_path: Path, database: str) -> None:
    """A session of it that the server has not missed yet holds locks, which env.py would wait for."""
    statement = (
        'connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS public.kinds (); LOCK public.kinds"); connection.commit()'
    )
    env = SYNC.replace("            context.configure(", f"            {statement}\n            context.configure(")
    lineage = make_project(tmp_path, [creates("t", "a1")], env=env).lineage()
    with Environment(lineage, timeout=20.0) as environment:
        environment.attach(database)
        left = psycopg.connect(database, application_name=WORKER_NAME)
        left.execute("DROP TABLE public.kinds")
        assert environment._worker is not None
        os.kill(environment._worker.pid, signal.SIGKILL)
        while environment._worker.alive:
            pass

        assert environment.upgrade("a1").failure is None
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")

"""The process that workers are forked from: whom it serves, how it ends, and that nobody outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from migration_checks.worker import forkserver
from migration_checks.worker.forkserver import ForkServer, serving
from migration_checks.worker.process import WorkerDied, WorkerProcess
from tests.processes import eventually

Start = Callable[..., WorkerProcess]
ENVIRONMENT = {"PATH": os.environ["PATH"], "GREETING": "hello"}


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that ends servers, or starts others, has its own; they are gone afterwards."""
    with monkeypatch.context() as patch:
        patch.setattr(forkserver, "_current", None)
        yield
        forkserver.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts workers; they are gone after the test."""
    made: list[WorkerProcess] = []

    def one(environment: dict[str, str] = ENVIRONMENT, directory: Path = tmp_path) -> WorkerProcess:
        made.append(WorkerProcess(directory, environment))
        return made[-1]

    yield one
    for each in made:
        each.kill()


def current() -> ForkServer:
    assert forkserver._current is not None
    return forkserver._current


def parent(pid: int) -> int:
    return psutil.Process(pid).ppid()


def resolved(worker: WorkerProcess) -> str:
    """What a worker answers to an order that needs a project: it is up, and has none."""
    worker.send({"do": "attach", "url": "postgresql://nobody@/none"})
    answer = worker.receive(time.monotonic() + 60)
    return str(answer["error"]["kind"])


def test_workers_have_one_parent(start: Start) -> None:
    """They are forked from the same process, and are processes of their own."""
    first, second, third = start(), start(), start()

    assert len({first.pid, second.pid, third.pid}) == 3
    assert {parent(each.pid) for each in (first, second, third)} == {current()._process.pid}
    assert [resolved(each) for each in (first, second, third)] == ["EnvironmentFailure"] * 3


def test_a_worker_is_what_a_new_interpreter_would_be(start: Start, tmp_path: Path) -> None:
    """It is in its directory, with its environment, at the head of a process group, and has no descriptor of another."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = start(directory=tmp_path / "a"), start(directory=tmp_path / "b")
    assert [resolved(first), resolved(second)] == ["EnvironmentFailure"] * 2
    described = []
    for worker in (first, second):
        process = psutil.Process(worker.pid)
        kinds = [os.readlink(each.path).partition(":")[0] for each in os.scandir(f"/proc/{worker.pid}/fd")]
        described.append((Path(process.cwd()).name, os.getsid(worker.pid) == worker.pid, sorted(kinds)))

    assert described == [
        ("a", True, ["/dev/null", "pipe", "pipe", "pipe", "pipe"]),  # 1 and 2, orders and answers
        ("b", True, ["/dev/null", "pipe", "pipe", "pipe", "pipe"]),
    ]


@pytest.mark.usefixtures("apart")
def test_another_environment_has_another_server(start: Start) -> None:
    """What an interpreter reads at its start would be another's; the first server ends with its last worker."""
    first = start()
    before = current()
    second = start({**ENVIRONMENT, "GREETING": "good bye"})

    assert current() is not before
    assert (first.alive, second.alive, before.alive) == (True, True, True)
    first.kill()
    assert (second.alive, before.alive) == (True, False)


@pytest.mark.usefixtures("apart")
def test_an_idle_server_ends_when_another_is_wanted(start: Start) -> None:
    """Nobody is left to need it."""
    start().kill()
    before = current()
    start({**ENVIRONMENT, "GREETING": "good bye"})

    assert not before.alive


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(("path", "same"), [("/nowhere", True), ("src", False), ("/nowhere:", False)])
def test_where_a_server_starts_counts_for_relative_paths(path: str, same: bool, tmp_path: Path) -> None:
    """Python resolves the entries of PYTHONPATH when it starts."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    environment = {**ENVIRONMENT, "PYTHONPATH": path}
    before = serving(tmp_path / "a", environment)

    assert (serving(tmp_path / "b", environment) is before) is same
    assert before.alive is same  # nobody works for one that is not wanted any more


def test_the_running_test_is_no_circumstance(tmp_path: Path) -> None:
    """A name that pytest changes for every test."""
    server = serving(tmp_path, {**ENVIRONMENT, "PYTEST_CURRENT_TEST": "one"})

    assert serving(tmp_path, {**ENVIRONMENT, "PYTEST_CURRENT_TEST": "two"}) is server


@pytest.mark.usefixtures("apart")
def test_a_server_that_was_killed(start: Start) -> None:
    """Its workers are gone by themselves and count as killed, and the next one has a new server."""
    worker = start()
    assert resolved(worker) == "EnvironmentFailure"
    pid = worker.pid
    os.kill(current()._process.pid, signal.SIGKILL)

    assert eventually(lambda: not psutil.pid_exists(pid))
    with pytest.raises(WorkerDied) as caught:
        worker.receive(time.monotonic() + 60)
    assert caught.value.status == -signal.SIGKILL
    assert resolved(start()) == "EnvironmentFailure"


def test_signals_of_others_do_not_end_a_server(start: Start) -> None:
    """Whoever ends a process group by signals ends its parent too, which ends it in order."""
    worker = start()
    assert worker.pid  # it is up
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(current()._process.pid, each)

    assert resolved(worker) == "EnvironmentFailure"


@pytest.mark.usefixtures("apart")
def test_an_interpreter_that_cannot_start(start: Start) -> None:
    """What it says is what the worker printed."""
    worker = start({**ENVIRONMENT, "PYTHONHOME": "/nowhere"})

    with pytest.raises(WorkerDied) as caught:
        worker.receive(time.monotonic() + 60)
    assert caught.value.status == 1
    assert "Python" in worker.output
    assert worker.pid == 0


@pytest.mark.usefixtures("apart")
def test_a_library_that_cannot_be_imported(start: Start, tmp_path: Path) -> None:
    """Each worker says so by itself."""
    (tmp_path / "alembic.py").write_text("raise ImportError('it is broken')\n")
    environment = {**ENVIRONMENT, "PYTHONPATH": str(tmp_path)}
    for worker in (start(environment), start(environment)):
        with pytest.raises(WorkerDied) as caught:
            worker.receive(time.monotonic() + 60)

        assert caught.value.status == 1
        assert eventually(lambda worker=worker: "ImportError: it is broken" in worker.output)  # type: ignore[misc]


@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), 9)", "sys.exit(3)"])
def test_nothing_outlives_its_parent(ending: str, tmp_path: Path) -> None:
    """Neither the server nor a worker, whether it has begun or not, and though a fork of the parent holds every descriptor."""
    script = f"""
        import os, sys, time
        from pathlib import Path
        from migration_checks.worker import forkserver
        from migration_checks.worker.process import WorkerProcess
        worker = WorkerProcess(Path({str(tmp_path)!r}), dict(os.environ))
        print(worker.pid, forkserver._current._process.pid, flush=True)
        kept = os.dup(forkserver._current._orders.fileno())  # as a fork has it that Python hears nothing of
        child = os.fork()
        if child == 0:
            os.close(1)
            time.sleep(300)
        print(child, flush=True)
        {ending}
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker, server, child = map(int, process.stdout.read().split())
    try:
        assert eventually(lambda: not psutil.pid_exists(worker) and not psutil.pid_exists(server))
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_fork_of_the_parent_starts_a_server_of_its_own(start: Start, tmp_path: Path) -> None:
    """It does not speak on its parent's socket, and its end is not the end of its parent's workers."""
    worker = start()
    before = current()
    pid = os.fork()
    if pid == 0:
        mine = serving(tmp_path, ENVIRONMENT)
        other = mine is not before
        mine.close()
        os._exit(0 if other else 1)

    assert os.waitpid(pid, 0)[1] == 0
    assert resolved(worker) == "EnvironmentFailure"


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """It is said at once, and no server is started for it."""
    before = forkserver._current
    with pytest.raises(FileNotFoundError):
        serving(tmp_path / "nowhere", {**ENVIRONMENT, "GREETING": "good bye"})
    assert forkserver._current is before

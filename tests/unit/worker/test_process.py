"""A worker as a process: what it printed last, how it ends, and that nothing waits for one that is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_checks.worker.process import _KEPT_OUTPUT, WorkerDied, WorkerProcess, WorkerSilent
from migration_checks.worker.wire import lineage_message
from tests.processes import eventually
from tests.projects import Script, make_project


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProcess]:
    made = WorkerProcess(tmp_path, dict(os.environ))
    yield made
    made.kill()


def load(root: Path, head: str) -> dict[str, object]:
    """The order to load a project whose only script has this at module level."""
    return {"do": "load", "lineage": lineage_message(make_project(root, [Script("a1", head=head)]).lineage())}


def soon() -> float:
    return time.monotonic() + 60


def test_the_last_of_what_a_worker_prints_is_kept(worker: WorkerProcess, tmp_path: Path) -> None:
    """However much that is, and with bytes that are no text."""
    lines = "import sys\nfor k in range(30_000): print('line', k)\nsys.stdout.flush(); sys.stdout.buffer.write(b'last \\xff')"
    worker.send(load(tmp_path, lines + "\nsys.stdout.flush()"))
    worker.receive(soon())

    assert eventually(lambda: worker.output.endswith("line 29999\nlast \ufffd"))
    assert len(worker.output) <= _KEPT_OUTPUT
    assert "line 0\n" not in worker.output
    assert sum(map(len, worker._output)) < 2 * _KEPT_OUTPUT + 65_536


def test_a_worker_that_was_closed_has_ended_by_itself(worker: WorkerProcess, tmp_path: Path) -> None:
    """There are no more orders: it is not killed."""
    worker.send(load(tmp_path, ""))  # it is up, and waits for orders
    worker.receive(soon())
    worker.close()

    assert (False, 0) == (worker.alive, worker._fork.poll())


def test_a_worker_that_is_gone_takes_no_order(worker: WorkerProcess, tmp_path: Path) -> None:
    """Its status is told: the signal that ended it."""
    os.kill(worker.pid, signal.SIGKILL)
    assert eventually(lambda: not worker.alive)

    with pytest.raises(WorkerDied) as caught:
        worker.send({"do": "load", "padding": "x" * 1_000_000})
    assert -9 == caught.value.status


def test_a_fork_that_holds_the_pipe_keeps_nobody_waiting(worker: WorkerProcess, tmp_path: Path) -> None:
    """The answers' pipe stays open after the worker's death, and its death is noticed all the same."""
    worker.send(load(tmp_path, "import os, time\nif os.fork() == 0: time.sleep(300)\nos._exit(9)"))

    began = time.monotonic()
    with pytest.raises(WorkerDied) as caught:
        worker.receive(soon())
    assert 9 == caught.value.status
    assert time.monotonic() - began < 30


def test_a_worker_that_does_not_answer_is_silent(worker: WorkerProcess) -> None:
    """Nothing was asked of it."""
    with pytest.raises(WorkerSilent):
        worker.receive(time.monotonic() + 0.05)
    assert worker.alive


def test_a_worker_that_cannot_be_started_leaves_nothing_open(tmp_path: Path) -> None:
    """Its folder is not there."""
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        WorkerProcess(tmp_path / "nowhere", dict(os.environ))

    assert set(os.listdir("/proc/self/fd")) <= before

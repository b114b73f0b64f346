"""Runs contestants in turn, round by round, and measures time, processor time and memory of everything they start."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.figures import Run, Series

Contestant = Callable[[], Run]

_MIB = 1024 * 1024


class RunFailed(Exception):
    """A command ended with an error; the text is the last it said."""


def interleaved(contestants: Mapping[str, Contestant], rounds: int) -> dict[str, Series]:
    """Run each contestant once a round, so that what else the machine does meets all of them alike."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            runs[name].append(contestant())
    return {name: Series(name, tuple(each)) for name, each in runs.items()}


def timed(work: Callable[[], object]) -> Run:
    """One call within this process: wall-clock and our own processor time."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return Run(time.perf_counter() - began, time.process_time() - cpu)


def command(arguments: Sequence[str], folder: Path, *, expected: Sequence[int] = (0,), **variables: str) -> Run:
    """Run a program to its end. Raises RunFailed unless its status is among `expected`.

    Processor time counts every process below it that was waited for, a server that it starts among them; memory is that of
    the largest single process. Programs keep compiled bytecode, as they do for everybody, whatever this process was told.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | variables
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(
        arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with Peak(process.pid) as peak:
        said, _ = process.communicate()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode not in expected:
        raise RunFailed(_last(said))
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, spent, peak.mib)


def sequence(*steps: Callable[[], Run]) -> Run:
    """Several runs one after the other as one."""
    runs = [step() for step in steps]
    cpus = [run.cpu for run in runs if run.cpu is not None]
    sizes = [run.memory for run in runs if run.memory is not None]
    return Run(sum(run.wall for run in runs), sum(cpus) if len(cpus) == len(runs) else None, max(sizes, default=None))


def of_server(postmaster: int, work: Callable[[], Run]) -> Run:
    """A run with the processor time of those sessions of a server that ended meanwhile; `postmaster` is its process."""
    before = ended_children(postmaster)
    run = work()
    after = ended_children(postmaster)
    if run.cpu is None or before is None or after is None:
        return replace(run, cpu=None)
    return replace(run, cpu=run.cpu + after - before)


def ended_children(pid: int) -> float | None:
    """Processor seconds of the children of a process that have ended; None where the system does not tell (no /proc)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def parent(pid: int) -> int:
    """The process that started `pid`; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def python(*arguments: str) -> list[str]:
    """A command line of this very interpreter."""
    return [sys.executable, *arguments]


def _last(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"


class Peak:
    """Watches the resident memory of a process for the length of a with block, fifty times a second.

    `mib` is the most that was seen of it; None where the system does not tell (no /proc).
    """

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.mib: float | None = None

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            seen = high_water(self._status)
            if seen is not None:
                self.mib = max(self.mib or 0.0, seen)
            self._over.wait(0.02)


def high_water(status: Path) -> float | None:
    """The most memory that a process has had resident so far, by its /proc/PID/status, in MiB."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) * 1024 / _MIB for line in lines if line.startswith("VmHWM:")]
    return sizes[0] if sizes else None

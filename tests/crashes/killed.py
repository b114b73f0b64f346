"""Verifications that are killed at a random moment, and whether anything of them is left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from migration_checks.database import Databases
from migration_checks.providers import Server, guard
from tests.crashes.places import Place, a_place, at_rest, inventory
from tests.processes import eventually, mentioning
from tests.projects import Project, Script, make_project, sql
from tests.walks import creates, widens

PATIENCE = 300.0
WAYS = ("SIGKILL", "SIGKILL and the guard", "SIGTERM", "SIGINT")
STATUS = {
    # -2 and -15: the signal met an interpreter that was starting or had finished, and nothing was there to be given back.
    "SIGINT": (130, 0, 1, -2),
    "SIGTERM": (143, 0, 1, -15),
    "SIGKILL": (-9, 0, 1),
    "SIGKILL and the guard": (-9, 0, 1),
}

CHAIN = (
    creates("t", "a1"),
    widens("t", "b2", "a1"),
    Script(
        "c3", "b2", sql("CREATE ROLE mct_reader", "CREATE TABLE u (id int PRIMARY KEY)", "GRANT SELECT ON u TO mct_reader"),
        sql("DROP TABLE u", "DROP ROLE mct_reader"),
    ),
    Script(
        "d4", "c3",
        "import subprocess\nsubprocess.Popen(['sleep', '600'])\nwith context.get_context().autocommit_block():\n"
        "    op.execute('CREATE INDEX CONCURRENTLY t_note ON t (note)')",
        sql("DROP INDEX t_note"),
    ),
    Script("e5", "d4", sql("UPDATE t SET n = length(note)"), "pass"),
)  # fmt: skip
"""Roles, a child process, an index that is built concurrently, rows: what a run could leave behind."""


@dataclass(frozen=True)
class Killed:
    """One run: how and when it was killed, the status it ended with, whether it had ended by itself, and what it left."""

    number: int
    way: str
    moment: float
    shared: bool
    status: int
    left: tuple[str, ...]

    @property
    def in_time(self) -> bool:
        """Whether it was still running when it was killed."""
        return self.status not in (0, 1)


def project_in(root: Path) -> Project:
    """The project that is verified until it is killed."""
    return make_project(root, CHAIN)


def duration(project: Project, theirs: Server | None = None, *arguments: str) -> float:
    """Seconds that an undisturbed run takes here and now."""
    with a_place() as place:
        began = time.monotonic()
        process = place.start(project, *arguments)
        process.communicate(timeout=PATIENCE)
        return time.monotonic() - began


def kill_one(project: Project, theirs: Server, number: int, seed: int, longest: float, *arguments: str) -> Killed:
    """Start a verification and kill it between the first moment and `longest` seconds; number and seed decide when and how.

    `theirs` is somebody else's server, on which every other run makes its databases.
    """
    chance = random.Random(seed * 1_000_003 + number)
    way, shared, moment = WAYS[number % len(WAYS)], bool(number // len(WAYS) % 2), chance.uniform(0.0, longest)
    before = at_rest(theirs)
    with a_place() as place:
        provider = ("--provider", theirs.url, "--allow-shared-server") if shared else ()
        process = place.start(project, *provider, *arguments)
        time.sleep(moment)  # the moment is the input, nothing is waited for
        _kill(process, way)
        process.communicate(timeout=PATIENCE)
        # A server that still works for a run that is dead takes it for alive, and so does the next start.
        eventually(lambda: inventory(theirs)[2] == before[2])
        _next_start(place, theirs)
        left = tuple(_left(place, project, theirs, before))
        if process.returncode not in STATUS[way]:
            left = (*left, f"status {process.returncode}")
        return Killed(number, way, moment, shared, process.returncode, left)


def _kill(process: subprocess.Popen[str], way: str) -> None:
    if way.endswith("the guard"):
        for child in _guards(process.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    process.send_signal(signal.Signals[way.split()[0]])


def _guards(parent: int) -> list[int]:
    """The processes that guard the servers which a run has started."""
    found = []
    with suppress(OSError):
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            with suppress(OSError):
                if b"guard.py" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


def _next_start(place: Place, theirs: Server) -> None:
    """What the next start of the toolkit does before anything else."""
    guard.sweep(place.directory)
    with Databases(Server(theirs.url, theirs.version, "external", throwaway=False, shared=False)):
        pass


def _left(place: Place, project: Project, theirs: Server, before: object) -> Iterator[str]:
    """What is still there after half a minute."""

    def is_clean() -> bool:
        guard.sweep(place.directory)  # a server that was being made when its guard died
        return place.is_clean

    if not eventually(is_clean):
        yield f"files or processes of {place.directory}: {[each.name for each in place.directory.iterdir()]}"
    if not eventually(lambda: not mentioning(str(project.root))):
        yield f"processes: {mentioning(str(project.root))}"
    if not eventually(lambda: inventory(theirs) == before):
        yield f"on the server: {inventory(theirs)} instead of {before}"


def kill_many(theirs: Server, runs: int, seed: int, *arguments: str, until: float = float("inf")) -> Iterator[Killed]:
    """Kill `runs` verifications one after another, or as many as fit before time.monotonic() is `until`."""
    with tempfile.TemporaryDirectory(prefix="mct-project") as name:
        project, longest = project_in(Path(name)), 0.0
        for number in range(runs):
            if time.monotonic() > until:
                return
            if number % 50 == 0:
                longest = duration(project, None, *arguments)  # measured again: the machine may be busier now
            yield kill_one(project, theirs, number, seed, longest, *arguments)

"""The RUNNERS trial: the step run by two runners at once, and run again after it met a lock and gave up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from migration_checks.config import Settings
from migration_checks.connection import connect, database_name
from migration_checks.environment import Environment, Outcome
from migration_checks.errors import ToolkitError
from migration_checks.transition import Leg, Transition
from migration_checks.trials.deaths import held
from migration_checks.trials.direction import Direction, chosen
from migration_checks.trials.lab import Bed
from migration_checks.trials.seen import Died, Race, Races
from migration_checks.worker.variables import WORKER_NAME

MOMENTS = 3
"""Places of a step at which the other runner comes along."""
_PATIENCE = 10.0
_PAUSE = 0.005
LOCK_TIMEOUT = "50ms"
GAVE_UP = "55P03"
"""SQLSTATE lock_not_available: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database() AND wait_event_type = 'Lock'
"""


class RunnersTrial:
    """Runs every step twice at once; see docs/trials.md."""

    name = "runners"

    def run(self, bed: Bed) -> Iterator[Transition]:
        """One leg a direction; what could not be tried is noted."""
        with ExitStack() as stack:
            try:
                other = stack.enter_context(Environment(bed.bench.lineage, timeout=bed.bench.environment.timeout))
                other.spares_sessions = True
                up = Direction(bed, Leg.ASCEND, bed.url)
                yield from _both(up, stack, other)
                if bed.undo is not None and bed.undo.failure is None and up.goal is not None:
                    yield from _both(Direction(bed, Leg.UNDO, up.goal.url), stack, other)
            finally:
                bed.bench.environment.spares_sessions = False


def _both(direction: Direction, stack: ExitStack, other: Environment) -> Iterator[Transition]:
    if not direction.reach(stack):
        return
    places = chosen(len(direction.statements) + 1, MOMENTS)
    races = tuple(race for at in places if (race := _race(direction, at, other)) is not None)
    retries = tuple(death for at in places[:-1] for death in _after_a_lock(direction, at))
    yield direction.handed_on(Leg.RUNNERS, Races(direction.word, len(direction.statements), races, retries), retries)


@dataclass
class Meeting:
    """An Interruption that lets another runner come as far as it can, while the step stands before the statement `at`."""

    url: str
    at: int
    other: Environment
    leg: Leg
    revision: str
    met: bool = False
    outcome: Outcome | None = None
    error: ToolkitError | None = None
    _thread: threading.Thread | None = field(default=None, repr=False)

    @property
    def places(self) -> tuple[int, ...]:
        return (self.at,)

    def stopped(self, at: int, worker: int) -> None:
        """Start the other runner, and wait until it has ended, or waits for a lock that the step holds."""
        self.met = True
        self._thread = threading.Thread(target=self._run, name="second runner", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _PATIENCE
        with connect(self.url) as connection:
            while self._thread.is_alive() and time.monotonic() < deadline:
                row = connection.execute(_WAITING, (WORKER_NAME,)).fetchone()
                if row is not None and row[0]:
                    return
                time.sleep(_PAUSE)

    def under_way(self, at: int, worker: int) -> None:
        """Nothing more: both run."""

    def _run(self) -> None:
        run = self.other.upgrade if self.leg.upward else self.other.downgrade
        try:
            self.outcome = run(self.revision)
        except ToolkitError as error:
            self.error = error

    def wait(self) -> None:
        """Wait for the other runner."""
        if self._thread is not None:
            self._thread.join()


def _race(direction: Direction, at: int, other: Environment) -> Race | None:
    """Two runs at once on a copy; None where the step did not come to that place."""
    assert direction.goal is not None
    with direction.fresh("runners") as bench:
        bench.environment.spares_sessions = True
        other.attach(bench.url)
        meeting = Meeting(bench.url, at, other, direction.leg, direction.bed.revision.id)
        try:
            outcome, window = direction.run(bench, meeting)
        finally:
            meeting.wait()
            bench.environment.spares_sessions = False
            with suppress(ToolkitError):
                other.detach()
        if not meeting.met or meeting.outcome is None:
            return None
        heads = bench.heads
        now = bench.snapshot(None, heads, keep=False, asked=())
        window = (window[0], bench.now())
        missed = direction.missed(bench, now, window)
        if heads != direction.goal.after.heads:
            missed = (*missed, "the version table")
        return Race(at, (_end(outcome), _end(meeting.outcome)), tuple(sorted(heads)), missed)


@dataclass
class Lock:
    """An Interruption that holds a writer's lock on every table from the statement `at` on, until it is closed."""

    url: str
    at: int
    holder: psycopg.Connection[tuple[Any, ...]] | None = None

    @property
    def places(self) -> tuple[int, ...]:
        return (self.at,)

    def stopped(self, at: int, worker: int) -> None:
        """Take the locks that the step does not hold yet."""
        self.holder = held(self.url)

    def under_way(self, at: int, worker: int) -> None:
        """The step waits for a lock, gives up, or needs none."""

    def close(self) -> None:
        """Let go."""
        if self.holder is not None:
            self.holder.close()


def _after_a_lock(direction: Direction, at: int) -> Iterator[Died]:
    """Let the step give up at a lock, as lock_timeout makes it, and run it again; nothing where it met none."""
    with direction.fresh("lock") as bench:
        name = sql.Identifier(database_name(bench.url))
        lock = Lock(bench.url, at)
        bench.connection.execute(sql.SQL("ALTER DATABASE {} SET lock_timeout = {}").format(name, LOCK_TIMEOUT))
        try:
            outcome, window = direction.run(bench, lock)
        finally:
            lock.close()
            bench.connection.execute(sql.SQL("ALTER DATABASE {} RESET lock_timeout").format(name))
        if outcome.failure is not None and outcome.failure.sqlstate == GAVE_UP:
            # The statement that gave up may have committed a part of what it does, as CONCURRENTLY does.
            gave_up = max(at, len(outcome.statements))
            yield direction.died(bench, gave_up, "lock", outcome, window, within=True)


def _end(outcome: Outcome) -> str:
    if outcome.failure is not None:
        return " ".join(filter(None, (outcome.failure.kind, outcome.failure.sqlstate)))
    return "done" if outcome.statement_count or outcome.expected_heads else "nothing to do"


def trial(settings: Settings) -> RunnersTrial:
    """The trial as `--trial runners` asks for it."""
    return RunnersTrial()

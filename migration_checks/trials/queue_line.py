"""Standing in line: readers who leave their transactions open, the step that waits for them, and those who come after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import psycopg

from migration_checks.bench import Bench, Window
from migration_checks.connection import connect
from migration_checks.database import OWN_SCHEMA
from migration_checks.environment import Outcome
from migration_checks.transition import Leg
from migration_checks.trials.stalls import BLOCKING, READER, WRITER, Line, Other, Relation, Stall, Wait, mode_in_words
from migration_checks.worker.variables import WORKER_NAME

Connection = psycopg.Connection[tuple[Any, ...]]

PAUSE = 0.005
"""Seconds between two looks."""

PATIENCE = 10.0
"""Seconds in which somebody who comes after the step must be seen waiting, or done, however loaded the machine is."""

MOST_OTHERS = 12
"""Sessions that come after the step at one stall: a reader and a writer for six relations."""


@cache
def _query(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


def readable(connection: Connection, *, skip: Collection[str]) -> tuple[Relation, ...]:
    """What others can read in the database, but `skip` and the toolkit's own."""
    found = (Relation(*row) for row in connection.execute(_query("queue_readable.sql")).fetchall())
    return tuple(each for each in found if each.name not in skip and not each.name.startswith(f"{OWN_SCHEMA}."))


def stand_in_line(
    bench: Bench,
    revision: str,
    relations: Sequence[Relation],
    groups: Sequence[Sequence[Relation]],
    budget: float,
    *,
    limited: bool,
) -> tuple[Line, float]:
    """Upgrade `revision` on `bench` while each group of relations has an open reader; also how many seconds that took.

    Each reader closes once the step was seen waiting for it, the first of them not before `budget` seconds have shown how
    others fare; so the step always ends.
    """
    with ExitStack() as stack:
        readers = [stack.enter_context(_Reader(bench.url, group)) for group in groups]
        watch = stack.enter_context(connect(bench.url))
        pool = stack.enter_context(ThreadPoolExecutor(1, "queue"))
        # Whatever happens here, the step must be able to end before the pool waits for it.
        for each in readers:
            stack.callback(each.close)
        step = pool.submit(bench.step, Leg.QUEUE, revision)
        queue = _Queue(bench.url, watch, {each.oid: each for each in relations}, step, budget, limited)
        stack.callback(queue.close)
        stalls = tuple(queue.stalls(readers))
        outcome, _ = step.result()
        waits = queue.waits()
    failure = outcome.failure
    if failure is None:
        return Line(stalls, waits), outcome.seconds
    return Line(stalls, waits, True, failure.sqlstate, failure.statement), outcome.seconds


class _Reader:
    """A session with a transaction in which it has read something."""

    def __init__(self, url: str, relations: Sequence[Relation]) -> None:
        self.connection: Connection = connect(url, autocommit=False)
        self.connection.execute("SET LOCAL row_security = on")
        for each in relations:
            # What nobody can read (a view that was never refreshed) needs no reader; its lock goes with the savepoint.
            with suppress(psycopg.DatabaseError), self.connection.transaction():
                self.connection.execute(f"SELECT FROM {each.name} LIMIT 1".encode())

    @property
    def pid(self) -> int:
        return self.connection.info.backend_pid

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True, slots=True)
class _Blocked:
    """The step as it waits: for which sessions, for what, and what it holds as (oid, mode), the awaited included."""

    pid: int
    by: frozenset[int]
    sql: str
    relation: int | None
    mode: str
    locks: frozenset[tuple[int, str]]


@dataclass
class _Queue:
    """Watches a step, and sends others after it when it waits."""

    url: str
    watch: Connection
    relations: dict[int, Relation]
    step: Future[tuple[Outcome, Window]]
    budget: float
    limited: bool
    others: list[_Comer] = field(default_factory=list)

    def stalls(self, readers: Sequence[_Reader]) -> Iterator[Stall]:
        """Each place where the step waits for a reader, who is then let go."""
        pids = {each.pid: each for each in readers}
        patient = True
        while not self.step.done():
            blocked = self._blocked(pids)
            if blocked is None:
                self._breathe()
                continue
            stall = self._stall(blocked, patient)
            # Who has outlasted the budget once has no time limit: the next reader need not be kept open as long.
            patient = patient and not stall.beyond
            if stall.relation:
                yield stall
            for pid in blocked.by & pids.keys():
                pids.pop(pid).close()

    def _blocked(self, readers: Collection[int]) -> _Blocked | None:
        for row in self.watch.execute(_query("queue_waiting.sql"), [WORKER_NAME]).fetchall():
            pid, by, statement, relation, mode, held = row
            locks = {_lock(text) for text in held} | ({(relation, mode)} if relation is not None else set())
            blocked = _Blocked(pid, frozenset(by), statement, relation, mode, frozenset(locks))
            if blocked.by & set(readers):
                return blocked
        return None

    def _stall(self, blocked: _Blocked, patient: bool) -> Stall:
        """Send others after the step, and see who of them still waits behind it when the budget is over."""
        comers = [_Comer(self.url, other) for other in self._concerned(blocked)]
        self.others += comers
        waiting = self._seen(comers, blocked.pid)
        beyond = self._outlasting(waiting, blocked.pid, self.budget if patient else 0.0)
        # CONCURRENTLY waits for transactions, not for a relation: what others wait for then is what it holds meanwhile.
        return Stall(
            self._name(blocked.relation) or next((each.other.relation for each in waiting), ""),
            mode_in_words(blocked.mode) if blocked.relation is not None else "",
            " ".join(blocked.sql.split()),
            tuple(each.other for each in waiting),
            tuple(each.other for each in beyond),
        )

    def _concerned(self, blocked: _Blocked) -> list[Other]:
        """Those whom the locks that the step holds or waits for concern, readers of the awaited relation first."""
        found: dict[Other, bool] = {}
        for oid, mode in sorted(blocked.locks, key=lambda lock: (lock[0] != blocked.relation, self._name(lock[0]), lock[1])):
            relation = self.relations.get(oid)
            if relation is not None:
                found |= {Other(who, relation.name): True for who in (READER, WRITER) if _concerns(who, mode, relation)}
        return list(found)[:MOST_OTHERS]

    def _name(self, oid: int | None) -> str:
        return self.relations[oid].name if oid in self.relations else ""

    def _seen(self, comers: Sequence[_Comer], pid: int) -> list[_Comer]:
        """Those of `comers` that wait behind the step; returns once each was seen to wait, or is through."""
        waiting: list[_Comer] = []

        def settled() -> bool:
            waiting[:] = self._behind(comers, pid)
            return all(each in waiting or each.done for each in comers)

        self._until(settled, PATIENCE)
        return waiting

    def _outlasting(self, comers: Sequence[_Comer], pid: int, seconds: float) -> list[_Comer]:
        """Those of `comers` that wait behind the step for `seconds`; returns earlier when none is left."""
        self._until(lambda: not self._behind(comers, pid), seconds)
        return self._behind(comers, pid)

    def _behind(self, comers: Sequence[_Comer], pid: int) -> list[_Comer]:
        if not comers:
            return []
        query = "SELECT p FROM pg_catalog.unnest(%s::int[]) p WHERE %s = ANY (pg_catalog.pg_blocking_pids(p))"
        found = {row[0] for row in self.watch.execute(query, [[each.pid for each in comers], pid]).fetchall()}
        return [each for each in comers if not each.done and each.pid in found]

    def _until(self, over: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not over() and not self.step.done() and time.monotonic() < deadline:
            self._breathe()

    def _breathe(self) -> None:
        for each in self.others:
            each.look()
        time.sleep(PAUSE)

    def waits(self) -> tuple[Wait, ...]:
        """How long each of the others waited, once the step is over."""
        deadline = time.monotonic() + PATIENCE
        while any(not each.done for each in self.others) and time.monotonic() < deadline:
            self._breathe()
        return tuple(Wait(each.other, each.seconds, self.limited) for each in self.others)

    def close(self) -> None:
        for each in self.others:
            each.connection.close()


class _Comer:
    """Somebody who comes after the step: a statement on its way, timed until the server answers."""

    def __init__(self, url: str, other: Other) -> None:
        self.other = other
        self.connection: Connection = connect(url)
        self.pid = self.connection.info.backend_pid
        # The step's lock_timeout is set on the whole database; who comes after it has none.
        self.connection.execute("SET lock_timeout = 0; SET row_security = on; BEGIN")
        lock = f"LOCK TABLE {other.relation} IN ROW EXCLUSIVE MODE"
        statement = lock if other.who == WRITER else f"SELECT FROM {other.relation} LIMIT 1"
        self._began = time.monotonic()
        self._ended: float | None = None
        self.connection.pgconn.send_query(statement.encode())

    def look(self) -> None:
        """Note when it is through; then it must be in nobody's way any more."""
        if self._ended is None:
            with suppress(psycopg.OperationalError):
                self.connection.pgconn.consume_input()
                if self.connection.pgconn.is_busy():
                    return
            self._ended = time.monotonic()
            self.connection.close()

    @property
    def done(self) -> bool:
        self.look()
        return self._ended is not None

    @property
    def seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._began


def _concerns(who: str, mode: str, relation: Relation) -> bool:
    return mode in BLOCKING[who] and (who == READER or relation.writable)


def _lock(text: str) -> tuple[int, str]:
    """A lock as the server writes a row: "(16390,AccessShareLock)"."""
    oid, _, mode = text.strip("()").partition(",")
    return int(oid or 0), mode

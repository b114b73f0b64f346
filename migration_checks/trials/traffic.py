"""The TRAFFIC trial: an application writes and reads while the step runs; what it was told is committed must be there."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migration_checks.bench import Bench
from migration_checks.config import Settings
from migration_checks.questions import SEARCH_PATH
from migration_checks.snapshot import Json
from migration_checks.transition import Leg, Transition
from migration_checks.trials.direction import Direction, chosen
from migration_checks.trials.lab import Bed
from migration_checks.trials.seen import Spoiled, Traffic
from migration_checks.trials.workload import Write, Writer, session, words, writers

MOST = 6
"""Places of a step at which the workload writes."""
LOCKED = "55P03"

Found = Mapping[tuple[str, str], int]


class TrafficTrial:
    """Writes and reads beside every step; see docs/trials.md."""

    name = "traffic"

    def run(self, bed: Bed) -> Iterator[Transition]:
        """One leg a direction; what could not be tried is noted."""
        with ExitStack() as stack:
            up = Direction(bed, Leg.ASCEND, bed.url)
            yield from _beside(up, stack)
            if bed.undo is not None and bed.undo.failure is None and up.goal is not None:
                yield from _beside(Direction(bed, Leg.UNDO, up.goal.url), stack)


def _beside(direction: Direction, stack: ExitStack) -> Iterator[Transition]:
    if not direction.reach(stack) or not direction.statements:
        return
    assert direction.goal is not None
    places = chosen(len(direction.statements) + 1, MOST)
    plan = _plan(direction, places)
    if not plan:
        return
    control = _control(direction, [write for writes in plan.values() for write in writes])
    if control is None:
        direction.bed.note(f"No workload ran beside its {direction.word}, which does not take rows like those that it writes.")
        return
    beside, found = _disturbed(direction, plan)
    if found is None:
        direction.bed.note(f"A workload beside its {direction.word} makes it fail, and it fails again without one.")
        return
    seen = Traffic(
        direction=direction.word,
        statements=len(direction.statements),
        tables=tuple(sorted({write.table for writes in plan.values() for write in writes})),
        committed=len(beside.committed),
        waited=beside.waited,
        refused=dict(sorted(beside.refused.items())),
        spoiled=tuple(_spoiled(direction, beside.committed, control, found)),
        measured=_measured(direction),
    )
    yield direction.handed_on(Leg.TRAFFIC, seen)


def _plan(direction: Direction, places: Sequence[int]) -> dict[int, list[Write]]:
    """The writes at each place: every one to a row of its own, with a word of its own."""
    assert direction.goal is not None
    plan: dict[int, list[Write]] = {}
    with direction.fresh("traffic") as bench, session(bench.url) as connection:
        used: Counter[str] = Counter()
        chosen = writers(connection, direction.goal.before, direction.statements)
        for place in places:
            for writer in chosen:
                if used[writer.table.name] < len(writer.rows):
                    number = sum(used.values()) + 1
                    plan.setdefault(place, []).append(writer.write(used[writer.table.name], f"mcw{number:05}"))
                    used[writer.table.name] += 1
    return plan


def _control(direction: Direction, writes: Sequence[Write]) -> Found | None:
    """Where the words are when all was written before the step began; None where that makes the step fail."""
    with direction.fresh("control") as bench:
        with session(bench.url) as connection:
            for write in writes:
                with suppress(psycopg.Error):
                    connection.execute(write.sql.encode())
        outcome, _ = bench.step(direction.leg, direction.bed.revision.id)
        return None if outcome.failure is not None else _words(bench)


def _words(bench: Bench) -> Found:
    tables = bench.rows.read(None, keep=False, skip=bench.bookkeeping)
    return words(bench.connection, tables)


@dataclass
class Beside:
    """An Interruption that writes wherever the step stands still."""

    url: str
    plan: Mapping[int, Sequence[Write]]
    committed: list[tuple[int, Write]] = field(default_factory=list)
    waited: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def places(self) -> tuple[int, ...]:
        return tuple(self.plan)

    def stopped(self, at: int, worker: int) -> None:
        """Write, each in a transaction of its own; what a lock of the step holds up is given up."""
        with session(self.url) as connection:
            for write in self.plan[at]:
                try:
                    if connection.execute(write.sql.encode()).rowcount == 1:
                        self.committed.append((at, write))
                except psycopg.Error as error:
                    if error.sqlstate == LOCKED:
                        self.waited += 1
                    else:
                        self.refused[error.sqlstate or "none"] += 1

    def under_way(self, at: int, worker: int) -> None:
        """Nothing more until the next place."""


def _disturbed(direction: Direction, plan: Mapping[int, Sequence[Write]]) -> tuple[Beside, Found | None]:
    """Write beside the step, and say where the words are; a step that the writes make fail is run again without any."""
    with direction.fresh("traffic") as bench:
        beside = Beside(bench.url, plan)
        outcome, _ = direction.run(bench, beside)
        if outcome.failure is not None:
            beside.refused["the step itself"] += 1
            outcome, _ = bench.step(direction.leg, direction.bed.revision.id)
        return beside, None if outcome.failure is not None else _words(bench)


def _spoiled(direction: Direction, committed: Sequence[tuple[int, Write]], control: Found, found: Found) -> Iterator[Spoiled]:
    """The first write to each column that is lost, or doubled, though it is not when it comes before the step."""
    assert direction.goal is not None
    told: set[tuple[str, bool]] = set()
    new = direction.goal.after.tables.keys() - direction.goal.before.tables.keys()
    for at, write in committed:
        subject = f"{write.table}.{write.column}"
        expected = {table: rows for (table, word), rows in control.items() if word == write.word}
        here = {table: rows for (table, word), rows in found.items() if word == write.word}
        lost = bool(expected) and not here
        # Journals grow with every write; only where the row itself was written, or moved, there must be one of it.
        doubled = any(here.get(table, 0) > rows for table, rows in expected.items() if table == write.table or table in new)
        if (lost or doubled) and (subject, lost) not in told:
            told.add((subject, lost))
            yield Spoiled(write.table, subject, at, lost)


# What the workload meets when it runs freely, for the block of what differs from run to run.


def _measured(direction: Direction) -> dict[str, Json]:
    assert direction.goal is not None
    with direction.fresh("traffic") as bench:
        with session(bench.url) as connection:
            found = writers(connection, direction.goal.before, direction.statements)
        stand = Customers(bench.url, found, _contracts(direction))
        stand.start()
        try:
            bench.step(direction.leg, direction.bed.revision.id)
        finally:
            stand.stop()
        return stand.account()


def _contracts(direction: Direction) -> list[str]:
    """What the lineage's application says, in statements without parameters."""
    return [statement for contract in direction.bed.bench.lineage.contracts for statement in contract.statements]


class Customers:
    """A session that reads and writes without a pause, in a thread of its own, and one that keeps the lineage's contracts."""

    def __init__(self, url: str, found: Sequence[Writer], contracts: Sequence[str]) -> None:
        self.url = url
        self.calls = 0
        self.errors: Counter[str] = Counter()
        self.longest = 0.0
        self._jobs = [_touching(writer) for writer in found[:4]] + [(each, True) for each in contracts[:4]]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="customers", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call in hand, which waits at most two seconds for a lock."""
        self._over.set()
        self._thread.join()

    def account(self) -> dict[str, Json]:
        """Calls, errors by SQLSTATE, and the longest call in seconds."""
        return {"calls": self.calls, "errors": dict(self.errors), "longest": round(self.longest, 4)}

    def _run(self) -> None:
        if not self._jobs:
            return
        with suppress(psycopg.OperationalError), session(self.url) as connection:
            connection.execute("SET lock_timeout = '2s'")
            while not self._over.is_set():
                for statement, rolled_back in self._jobs:
                    self._call(connection, statement, rolled_back)

    def _call(self, connection: psycopg.Connection[Any], statement: str, rolled_back: bool) -> None:
        began = time.perf_counter()
        try:
            with connection.transaction(force_rollback=rolled_back):
                connection.execute(SEARCH_PATH)
                connection.execute(statement.encode())
        except psycopg.OperationalError as error:
            if connection.closed:
                raise
            self.errors[error.sqlstate or "none"] += 1
        except psycopg.Error as error:
            self.errors[error.sqlstate or "none"] += 1
        self.calls += 1
        self.longest = max(self.longest, time.perf_counter() - began)


def _touching(writer: Writer) -> tuple[str, bool]:
    return writer.write(0, "mcw00000").sql, True


def trial(settings: Settings) -> TrafficTrial:
    """The trial as `--trial traffic` asks for it."""
    return TrafficTrial()

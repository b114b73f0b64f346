"""A step that is tried in one direction: an undisturbed run on a copy, and how a disturbed one compares with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from migration_checks.bench import Bench, Window
from migration_checks.database import OWN_SCHEMA
from migration_checks.environment import Outcome
from migration_checks.halfway import left_behind
from migration_checks.interruption import Interruption
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Evidence, Leg, Statement, Transition
from migration_checks.trials.copies import in_each_others_way
from migration_checks.trials.lab import Bed
from migration_checks.trials.seen import AFTER, BEFORE, BETWEEN, Died
from migration_checks.trials.standing import Goal, differences, from_goal


class Direction:
    """A step of a bed, upward or downward, from a database to which nobody is connected.

    `crashes`: its server will, and what is kept for comparisons must outlive that.
    """

    def __init__(self, bed: Bed, leg: Leg, start: str, *, crashes: bool = False) -> None:
        self.bed = bed
        self.leg = leg
        self.start = start
        self.crashes = crashes
        self.databases = bed.databases
        self.goal: Goal | None = None
        self.statements: tuple[Statement, ...] = ()
        self.unsteady: frozenset[str] | None = None

    @property
    def word(self) -> str:
        return "upgrade" if self.leg.upward else "downgrade"

    def back(self) -> Direction:
        """The way down from where this one leads."""
        assert self.goal is not None
        return Direction(self.bed, Leg.UNDO, self.goal.url, crashes=self.crashes)

    # One undisturbed run.

    def reach(self, stack: ExitStack) -> bool:
        """Run the step undisturbed, so that there is a goal; its database lives as long as `stack`."""
        url = self.databases.copy(self.start, "goal")
        stack.callback(self.databases.drop, url)
        with self._bench(url) as bench:
            before = bench.snapshot(None, bench.heads, keep=True, asked=())
            outcome, window = bench.step(self.leg, self.bed.revision.id)
            after = bench.snapshot(None, outcome.heads, keep=True, asked=())
            if self.crashes:
                _logged(bench)
        if outcome.failure is not None or outcome.heads != outcome.expected_heads:
            if not in_each_others_way(self.databases, outcome.failure):
                self.bed.note(f"It was not disturbed: on a copy its {self.word} does not succeed.")
            else:
                self.bed.note("It was not disturbed: it makes roles, of which a server has only one.")
            return False
        self.goal = Goal(url, before, after, window)
        self.statements = outcome.statements
        return True

    @contextmanager
    def fresh(self, label: str) -> Iterator[Bench]:
        """A bench on a copy of where the step starts, dropped afterwards."""
        url = self.databases.copy(self.start, label)
        try:
            with self._bench(url) as bench:
                yield bench
        finally:
            self.databases.drop(url)

    def _bench(self, url: str) -> Bench:
        like = self.bed.bench
        return Bench(like.environment, url, like.lineage, rows=like.size, seed=like.seed)

    def run(self, bench: Bench, interruption: Interruption) -> tuple[Outcome, Window]:
        """Run the step on an attached bench, cut short."""
        began = bench.now()
        step = bench.environment.upgrade if self.leg.upward else bench.environment.downgrade
        outcome = step(self.bed.revision.id, interruption)
        return outcome, (began, bench.now())

    # A disturbed run.

    def died(self, bench: Bench, at: int, kind: str, outcome: Outcome, window: Window, *, within: bool = False) -> Died:
        """What a step that was cut short leaves, and what becomes of it when it is run again."""
        return self.run_again(bench, self.cut_short(bench, at, kind, outcome, window, within=within)[0])

    def cut_short(
        self, bench: Bench, at: int, kind: str, outcome: Outcome, window: Window, *, within: bool = False
    ) -> tuple[Died, bool]:
        """What a step that was cut short leaves, and whether that is the start untouched, down to where sequences stand."""
        assert self.goal is not None
        now = bench.snapshot(None, outcome.heads, keep=False, asked=())
        state, left = self._state(bench, now, window)
        died = Died(
            at=at,
            of=len(self.statements),
            kind=kind,
            within=within,
            state=state,
            resumed=True,
            statement=self.statements[at - 1] if at <= len(self.statements) else None,
            done=self.statements[: at if within else at - 1],
            heads=tuple(sorted(now.heads)),
            left=left,
        )
        start = self.goal.before
        return died, state == BEFORE and now.sequences == start.sequences and not left_behind(start, now).catalog

    def _state(self, bench: Bench, now: Snapshot, window: Window) -> tuple[str, tuple[str, ...]]:
        """Where the database stands, and what differs from before when that is neither before nor after."""
        assert self.goal is not None
        left = differences(self.goal.before, now)
        if now.heads == self.goal.before.heads and not left:
            return BEFORE, ()
        if now.heads == self.goal.after.heads and not self.missed(bench, now, window):
            return AFTER, ()
        return BETWEEN, left

    def run_again(self, bench: Bench, died: Died) -> Died:
        """Run the step to its end, unless it came there, as whoever repeats the deployment does."""
        assert self.goal is not None
        if frozenset(died.heads) == self.goal.after.heads:
            return died
        outcome, window = bench.step(self.leg, self.bed.revision.id)
        if outcome.failure is not None:
            return replace(died, resumed=False, failure=outcome.failure)
        now = bench.snapshot(None, outcome.heads, keep=False, asked=())
        missed = self.missed(bench, now, window)
        return replace(died, resumed=not missed, missed=missed)

    def missed(self, bench: Bench, now: Snapshot, window: Window) -> tuple[str, ...]:
        """What differs from the goal, but for rows that two undisturbed runs leave different as well (MC305 tells of those)."""
        assert self.goal is not None
        missed = from_goal(self.goal, bench, now, window)
        if any(each.startswith("rows of ") for each in missed) and self.unsteady is None:
            bench.leave()
            try:
                self.unsteady = self._unsteady()
            finally:
                bench.enter()
        return tuple(each for each in missed if each.removeprefix("rows of ") not in (self.unsteady or ()))

    def _unsteady(self) -> frozenset[str]:
        assert self.goal is not None
        with self.fresh("control") as bench:
            outcome, window = bench.step(self.leg, self.bed.revision.id)
            now = bench.snapshot(None, outcome.heads, keep=False, asked=())
            return frozenset(each.removeprefix("rows of ") for each in from_goal(self.goal, bench, now, window))

    # What is handed on.

    def handed_on(self, leg: Leg, evidence: Evidence, deaths: Sequence[Died] = ()) -> Transition:
        """The leg, located at the statement where things went wrong first."""
        made = self.bed.transition(leg, evidence, statements=self.statements)
        where = self.bed.undo if self.bed.undo is not None and not self.leg.upward else self.bed.ascend
        bad = next((each.statement for each in deaths if not each.survived and each.statement), None)
        if bad is not None and bad.path is not None and bad.line is not None:
            return replace(made, location=(bad.path, bad.line))
        return replace(made, location=where.location)


def _logged(bench: Bench) -> None:
    """Let mirrors be written ahead: a server that recovers empties unlogged tables."""
    found = bench.connection.execute(_UNLOGGED, (OWN_SCHEMA,)).fetchall()
    for (relation,) in found:
        bench.connection.execute(f"ALTER TABLE {relation} SET LOGGED".encode())


_UNLOGGED = """
SELECT oid::regclass::text FROM pg_class
WHERE relnamespace = to_regnamespace(%s) AND relpersistence = 'u' AND relkind = 'r'
"""


def chosen(places: int, most: int) -> tuple[int, ...]:
    """Numbers from 1 to `places`: all of them, or `most` at even distances, the first and the last among them."""
    if places <= most:
        return tuple(range(1, places + 1))
    if most == 1:
        return (places,)
    return tuple(sorted({1 + round(number * (places - 1) / (most - 1)) for number in range(most)}))

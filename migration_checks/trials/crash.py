"""The CRASH trial: a step is killed at its statements, looked at, and run again to its end; upgrade and downgrade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from migration_checks.bench import Bench, Window
from migration_checks.config import Settings
from migration_checks.environment import Outcome
from migration_checks.interruption import Interruption
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Leg, Statement, Transition
from migration_checks.trials.copies import in_each_others_way
from migration_checks.trials.deaths import BACKEND, CLIENT, Death, takes_several_transactions
from migration_checks.trials.lab import Bed
from migration_checks.trials.seen import AFTER, BEFORE, BETWEEN, Crashes, Died
from migration_checks.trials.standing import Goal, differences, from_goal

MOST = 24
"""Places at which a step is killed; of more, so many are taken at even distances."""
FEW = 3
"""Places for the deaths that take long: of a client, which has to be started again, and of a server."""


class CrashTrial:
    """Kills every step; see docs/trials.md."""

    name = "crash"

    def run(self, bed: Bed) -> Iterator[Transition]:
        """One leg a direction; what could not be tried is noted."""
        with ExitStack() as stack:
            up = Direction(bed, Leg.ASCEND, bed.url)
            yield from _legs(up, stack)
            if bed.undo is None or bed.undo.failure is not None or up.goal is None:
                return
            # Of the goal's own database, whose rows are those that the upgrade made of the ones below.
            yield from _legs(Direction(bed, Leg.UNDO, up.goal.url), stack)


def _legs(direction: Direction, stack: ExitStack) -> Iterator[Transition]:
    reached = direction.reach(stack)
    if reached:
        deaths = tuple(direction.deaths())
        yield direction.transition(deaths)


class Direction:
    """A step of a bed, upward or downward, from a database to which nobody is connected."""

    def __init__(self, bed: Bed, leg: Leg, start: str) -> None:
        self.bed = bed
        self.leg = leg
        self.start = start
        self.databases = bed.databases
        self.goal: Goal | None = None
        self.statements: tuple[Statement, ...] = ()
        self.kinds: list[str] = [BACKEND, CLIENT]
        self.unsteady: frozenset[str] | None = None

    @property
    def word(self) -> str:
        return "upgrade" if self.leg.upward else "downgrade"

    # One undisturbed run.

    def reach(self, stack: ExitStack) -> bool:
        """Run the step undisturbed, so that there is a goal; its database lives as long as `stack`."""
        url = self.databases.copy(self.start, "goal")
        stack.callback(self.databases.drop, url)
        with self._bench(self.bed.bench, url) as bench:
            before = bench.snapshot(None, bench.heads, keep=True, asked=())
            outcome, window = bench.step(self.leg, self.bed.revision.id)
            after = bench.snapshot(None, outcome.heads, keep=True, asked=())
        if outcome.failure is not None or outcome.heads != outcome.expected_heads:
            if not in_each_others_way(self.databases, outcome.failure):
                self.bed.note(f"It was not killed half-way: on a copy its {self.word} does not succeed.")
            else:
                self.bed.note("It was not killed half-way: it makes roles, of which a server has only one.")
            return False
        self.goal = Goal(url, before, after, window)
        self.statements = outcome.statements
        return True

    @contextmanager
    def _bench(self, like: Bench, url: str) -> Iterator[Bench]:
        with Bench(like.environment, url, like.lineage, rows=like.size, seed=like.seed) as bench:
            yield bench

    # The deaths.

    def deaths(self) -> Iterator[Died]:
        """Kill at every place that is chosen, in every way that there is."""
        places = chosen(len(self.statements) + 1, MOST)
        few = chosen(len(self.statements) + 1, FEW)
        if len(places) < len(self.statements) + 1:
            self.bed.note(f"Of {len(self.statements) + 1:,} places where its {self.word} can die, {len(places)} were tried.")
        within = [number for number, each in enumerate(self.statements, 1) if takes_several_transactions(each)]
        for kind in self.kinds:
            for at in places if kind == BACKEND else few:
                yield from self._die(at, kind, False)
            for at in within:
                yield from self._die(at, kind, True)

    def _die(self, at: int, kind: str, within: bool) -> Iterator[Died]:
        """Kill on a copy; nothing where the step did not come to that place."""
        assert self.goal is not None
        url = self.databases.copy(self.start, "crash")
        try:
            with self._bench(self.bed.bench, url) as bench:
                death = Death(url, at, kind, within)
                outcome, window = run(bench, self.leg, self.bed.revision.id, death)
                if death.met:
                    yield self._died(bench, death, outcome, window)
        finally:
            self.databases.drop(url)

    def _died(self, bench: Bench, death: Death, outcome: Outcome, window: Window) -> Died:
        assert self.goal is not None
        now = bench.snapshot(None, outcome.heads, keep=False, asked=())
        state, left = self._state(bench, now, window)
        died = Died(
            at=death.at,
            of=len(self.statements),
            kind=death.kind,
            within=death.within,
            state=state,
            resumed=True,
            statement=self.statements[death.at - 1] if death.at <= len(self.statements) else None,
            done=self.statements[: death.at if death.within else death.at - 1],
            heads=tuple(sorted(now.heads)),
            left=left,
        )
        return died if now.heads == self.goal.after.heads else self._again(bench, died)

    def _state(self, bench: Bench, now: Snapshot, window: Window) -> tuple[str, tuple[str, ...]]:
        """Where the database stands, and what differs from before when that is neither before nor after."""
        assert self.goal is not None
        left = differences(self.goal.before, now)
        if now.heads == self.goal.before.heads and not left:
            return BEFORE, ()
        if now.heads == self.goal.after.heads and not self._missed(bench, now, window):
            return AFTER, ()
        return BETWEEN, left

    def _again(self, bench: Bench, died: Died) -> Died:
        """Run the step to its end, as whoever repeats the deployment does."""
        outcome, window = bench.step(self.leg, self.bed.revision.id)
        if outcome.failure is not None:
            return replace(died, resumed=False, failure=outcome.failure)
        now = bench.snapshot(None, outcome.heads, keep=False, asked=())
        missed = self._missed(bench, now, window)
        return replace(died, resumed=not missed, missed=missed)

    def _missed(self, bench: Bench, now: Snapshot, window: Window) -> tuple[str, ...]:
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
        url = self.databases.copy(self.start, "control")
        try:
            with self._bench(self.bed.bench, url) as bench:
                outcome, window = bench.step(self.leg, self.bed.revision.id)
                now = bench.snapshot(None, outcome.heads, keep=False, asked=())
                return frozenset(each.removeprefix("rows of ") for each in from_goal(self.goal, bench, now, window))
        finally:
            self.databases.drop(url)

    # What is handed on.

    def transition(self, deaths: Sequence[Died]) -> Transition:
        """The leg, located at the statement where things went wrong first."""
        leg = self.bed.transition(
            Leg.CRASH, Crashes(self.word, len(self.statements), tuple(deaths), tuple(self.kinds)), statements=self.statements
        )
        where = self.bed.undo if self.bed.undo is not None and not self.leg.upward else self.bed.ascend
        bad = next((each.statement for each in deaths if not each.survived and each.statement), None)
        if bad is not None and bad.path is not None and bad.line is not None:
            return replace(leg, location=(bad.path, bad.line))
        return replace(leg, location=where.location)


def run(bench: Bench, leg: Leg, revision: str, interruption: Interruption) -> tuple[Outcome, Window]:
    """Run one step of an attached bench that is cut short."""
    began = bench.now()
    step = bench.environment.upgrade if leg.upward else bench.environment.downgrade
    outcome = step(revision, interruption)
    return outcome, (began, bench.now())


def chosen(places: int, most: int) -> tuple[int, ...]:
    """Numbers from 1 to `places`: all of them, or `most` at even distances, the first and the last among them."""
    if places <= most:
        return tuple(range(1, places + 1))
    return tuple(sorted({1 + round(number * (places - 1) / (most - 1)) for number in range(most)}))


def trial(settings: Settings) -> CrashTrial:
    """The trial as `--trial crash` asks for it."""
    return CrashTrial()

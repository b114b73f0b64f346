"""The laboratory: trials that are made only when they are asked for, each on copies of the place below a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import psycopg

from migration_checks.bench import Bench
from migration_checks.database import Databases
from migration_checks.graph import Revision
from migration_checks.report import Note
from migration_checks.transition import Changes, Evidence, Leg, Statement, Transition


class Trial(Protocol):
    """One kind of experiment. `name` is the word of `--trial`."""

    @property
    def name(self) -> str: ...

    def run(self, bed: Bed) -> Iterator[Transition]:
        """The legs of one step's experiment. What it could not do it says with `bed.note`."""
        ...


@dataclass(frozen=True, slots=True)
class Bed:
    """What a trial of one revision has at hand.

    `url` is a database in the place below the step, with its rows, to which nobody is connected: to be copied and never
    touched. `bench` is the walk's own, which lets go of its database while trials run; its environment is free for any
    other. `ascend` is the upgrade as the walk made it (it succeeded), `undo` its downgrade (None where there was none).
    """

    revision: Revision
    url: str
    bench: Bench
    databases: Databases
    ascend: Transition
    undo: Transition | None
    progress: Callable[[str, Leg], None]
    notes: list[Note] = field(default_factory=list)

    @contextmanager
    def copy(self, label: str, *, of: str | None = None) -> Iterator[Bench]:
        """A bench on a copy of the place below (or of another database of this run), env.py attached; dropped afterwards."""
        url = self.databases.copy(of or self.url, label)
        try:
            with Bench(self.bench.environment, url, self.bench.lineage, rows=self.bench.size, seed=self.bench.seed) as bench:
                yield bench
        finally:
            self.databases.drop(url)

    def note(self, reason: str) -> None:
        """Say what a trial could not do, in one sentence."""
        self.notes.append(Note(self.revision.id, reason, self.revision.id))

    def transition(
        self, leg: Leg, evidence: Evidence, *, statements: Sequence[Statement] = (), seconds: float = 0.0
    ) -> Transition:
        """A leg of a trial: it compared no rows with a baseline, and says what it saw in `evidence`."""
        self.progress(self.revision.id, leg)
        standing = self.ascend.after if leg.upward else (self.undo or self.ascend).before
        location = self.ascend.location if leg.upward or self.undo is None else self.undo.location
        return Transition(
            leg=leg,
            revision=self.revision.id,
            before=standing,
            after=standing,
            changes=Changes(),
            statements=tuple(statements),
            seconds=seconds,
            expected_heads=standing.heads,
            evidence=evidence,
            location=location,
        )


class Lab:
    """The trials that a run was asked for. Without any, nothing is copied and nothing costs anything."""

    def __init__(
        self, bench: Bench, databases: Databases, trials: Sequence[Trial], progress: Callable[[str, Leg], None]
    ) -> None:
        self.bench = bench
        self.databases = databases
        self.trials = tuple(trials)
        self.progress = progress
        self.notes: list[Note] = []

    @contextmanager
    def place_below(self) -> Iterator[str | None]:
        """A copy of where the bench stands, for as long as one revision is walked; None where no trial was asked for.

        A copy that holds on to roles of scripts would keep the walk's own downgrades from dropping them, so there is none.
        """
        if not self.trials:
            yield None
            return
        own = self.bench.make_room()
        try:
            url = self.databases.copy(self.bench.url, "below", own)
        finally:
            self.bench.enter()
        if self.databases.depends_on_roles(url, self.databases.made_roles()):
            self.databases.drop(url)
            yield None
            return
        try:
            yield url
        finally:
            self.databases.drop(url)

    def experiments(self, revision: Revision, url: str | None, legs: Sequence[Transition]) -> Iterator[Transition]:
        """The legs of every trial of a revision whose own `legs` are over, from the copy at `url`."""
        if not self.trials:
            return
        ascend = next((each for each in legs if each.leg is Leg.ASCEND), None)
        undo = next((each for each in legs if each.leg is Leg.UNDO), None)
        reason = _obstacle(url, ascend)
        if reason or url is None or ascend is None:
            names = ", ".join(trial.name for trial in self.trials)
            self.notes.append(Note(revision.id, f"Its trials ({names}) were not made: {reason}.", revision.id))
            return
        bed = Bed(revision, url, self.bench, self.databases, ascend, undo, self.progress, self.notes)
        self.bench.make_room()
        try:
            for trial in self.trials:
                try:
                    for leg in trial.run(bed):
                        yield replace(leg, location=leg.location or ascend.location)
                except psycopg.Error as error:
                    # A schema that nobody thought of costs the trial, not the run.
                    bed.note(
                        f"Its {trial.name} trial has no result: {next(iter(str(error).splitlines()), type(error).__name__)}."
                    )
        finally:
            self.bench.enter()


def _obstacle(url: str | None, ascend: Transition | None) -> str:
    """Why a step cannot be tried out; "" when it can."""
    if url is None:
        return "scripts made roles that a copy of the database would hold on to"
    if ascend is None or ascend.failure is not None:
        return "its upgrade fails on the rows at hand"
    return ""

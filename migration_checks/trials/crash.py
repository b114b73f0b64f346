"""The CRASH trial: a step is killed at its statements, looked at, and run again to its end; upgrade and downgrade."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from migration_checks.config import Settings
from migration_checks.transition import Leg, Transition
from migration_checks.trials.deaths import BACKEND, CLIENT, Death, takes_several_transactions
from migration_checks.trials.direction import Direction, chosen
from migration_checks.trials.lab import Bed
from migration_checks.trials.seen import Crashes, Died

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
            if bed.undo is not None and bed.undo.failure is None and up.goal is not None:
                # From the goal's own database, whose rows are those that the upgrade made of the ones below.
                yield from _legs(Direction(bed, Leg.UNDO, up.goal.url), stack)


def _legs(direction: Direction, stack: ExitStack) -> Iterator[Transition]:
    if direction.reach(stack):
        deaths = tuple(_deaths(direction))
        seen = Crashes(direction.word, len(direction.statements), deaths, (BACKEND, CLIENT))
        yield direction.handed_on(Leg.CRASH, seen, deaths)


def _deaths(direction: Direction) -> Iterator[Died]:
    """Kill at every place that is chosen, in every way that there is."""
    total = len(direction.statements) + 1
    places, few = chosen(total, MOST), chosen(total, FEW)
    if len(places) < total:
        direction.bed.note(f"Of {total:,} places where its {direction.word} can die, {len(places)} were tried.")
    within = [number for number, each in enumerate(direction.statements, 1) if takes_several_transactions(each)]
    for kind in (BACKEND, CLIENT):
        for at in places if kind == BACKEND else few:
            yield from _die(direction, at, kind, within=False)
        for at in within:
            yield from _die(direction, at, kind, within=True)


def _die(direction: Direction, at: int, kind: str, *, within: bool) -> Iterator[Died]:
    """Kill on a copy; nothing where the step did not come to that place."""
    with direction.fresh("crash") as bench:
        death = Death(bench.url, at, kind, within)
        outcome, window = direction.run(bench, death)
        if death.met:
            yield direction.died(bench, at, kind, outcome, window, within=within)


def trial(settings: Settings) -> CrashTrial:
    """The trial as `--trial crash` asks for it."""
    return CrashTrial()

"""The CRASH trial: a step is killed at its statements, looked at, and run again to its end; upgrade and downgrade."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from migration_checks.bench import Bench
from migration_checks.config import Settings
from migration_checks.database import Databases
from migration_checks.errors import ProviderError
from migration_checks.providers.twin import twin
from migration_checks.report import Note
from migration_checks.transition import Leg, Transition
from migration_checks.trials.deaths import BACKEND, CLIENT, SERVER, Death, takes_several_transactions
from migration_checks.trials.direction import Direction, chosen
from migration_checks.trials.lab import Bed
from migration_checks.trials.seen import Crashes, Died

MOST = 24
"""Places at which a step is killed; of more, so many are taken at even distances."""
ON_THIS_MACHINE = ("embedded", "local")
FEW = 3
"""Places for the deaths that take long: of a client, which has to be started again, and of a server."""


@dataclass(frozen=True, slots=True)
class Way:
    """One kind of death, and the direction in which it is tried: on the server of the walk, or on one that may be stopped."""

    kind: str
    direction: Direction
    stop: Callable[[], None] | None = None


class CrashTrial:
    """Kills every step; see docs/trials.md."""

    name = "crash"

    def run(self, bed: Bed) -> Iterator[Transition]:
        """One leg a direction; what could not be tried is noted."""
        with ExitStack() as stack:
            upward = _ways(bed, stack)
            yield from _legs(upward, stack)
            if bed.undo is not None and bed.undo.failure is None:
                # Of the goal's own database, whose rows are those that the upgrade made of the ones below.
                down = [replace(each, direction=each.direction.back()) for each in upward if each.direction.goal is not None]
                yield from _legs(down, stack)


def _ways(bed: Bed, stack: ExitStack) -> list[Way]:
    """Every kind of death that can be tried here; what cannot is noted."""
    here = Direction(bed, Leg.ASCEND, bed.url)
    ways = [Way(BACKEND, here), Way(CLIENT, here)]
    server = bed.databases.server
    if not server.throwaway or server.provider not in ON_THIS_MACHINE:
        bed.notes.append(
            Note("server", f"No step was killed by stopping the server: the toolkit did not start it ({server.provider}).")
        )
        return ways
    try:
        other = stack.enter_context(twin(server, bed.url))
    except ProviderError as error:
        bed.note(f"It was not killed by stopping the server: {error.message.rstrip('.')}.")
        return ways
    databases = stack.enter_context(Databases(other.server))
    apart = replace(bed, url=other.url, databases=databases)
    return [*ways, Way(SERVER, Direction(apart, Leg.ASCEND, other.url, crashes=True), other.stop_and_start)]


def _legs(ways: Sequence[Way], stack: ExitStack) -> Iterator[Transition]:
    reached: dict[int, bool] = {}
    for each in ways:
        if id(each.direction) not in reached:
            reached[id(each.direction)] = each.direction.reach(stack)
    tried = [each for each in ways if reached[id(each.direction)]]
    if tried and tried[0].direction is ways[0].direction:
        deaths = tuple(death for way in tried for death in _deaths(way))
        direction = tried[0].direction
        seen = Crashes(direction.word, len(direction.statements), deaths, tuple(each.kind for each in tried))
        yield direction.handed_on(Leg.CRASH, seen, deaths)


def _deaths(way: Way) -> Iterator[Died]:
    """Kill at every place that is chosen: all of them where that is quick."""
    direction, quick = way.direction, way.kind == BACKEND
    total = len(direction.statements) + 1
    places = chosen(total, MOST if quick else FEW)
    if quick and len(places) < total:
        direction.bed.note(f"Of {total:,} places where its {direction.word} can die, {len(places)} were tried.")
    within = [(at, True) for at, each in enumerate(direction.statements, 1) if takes_several_transactions(each)]
    with ExitStack() as stack:
        yield from killed(way, Copies(direction, stack), [*((at, False) for at in places), *within])


class Copies:
    """Copies of where a step starts, one at a time; the one at hand lasts until it is `spent`, or `stack` ends."""

    def __init__(self, direction: Direction, stack: ExitStack) -> None:
        self.direction = direction
        self._outer = stack
        self._inner = ExitStack()
        self.bench: Bench | None = None

    def take(self) -> Bench:
        """The one at hand, or a new one."""
        if self.bench is None:
            self._inner = self._outer.enter_context(ExitStack())
            self.bench = self._inner.enter_context(self.direction.fresh("crash"))
        return self.bench

    def spent(self) -> None:
        """Drop the one at hand."""
        self.bench = None
        self._inner.close()


def killed(way: Way, copies: Copies, moments: Sequence[tuple[int, bool]]) -> Iterator[Died]:
    """What becomes of the step when it is killed at each of `moments` (a place, and whether within its statement).

    A death that leaves its copy untouched leaves it to the next one. All that do stand at the same place, so the step is run
    again after the last of them, and after each of the others only if it does not come to its end there.
    """
    found: list[tuple[Died, bool]] = []
    for at, within in moments:
        for died, untouched in _die(way, copies, at, within=within):
            found.append((died if untouched else way.direction.run_again(copies.take(), died), untouched))
            if not untouched:
                copies.spent()
    standing = [died for died, untouched in found if untouched]
    well = not standing or _ends_well(way, copies, standing[-1])
    for died, untouched in found:
        if well or not untouched:
            yield died
        else:
            yield from _alone(way, copies, died)


def _ends_well(way: Way, copies: Copies, last: Died) -> bool:
    """Whether the step comes to its end after a death that left its copy untouched; that copy may have served others since."""
    if copies.bench is None:
        repeated = list(_alone(way, copies, last))
        return bool(repeated) and all(again.survived for again in repeated)
    again = way.direction.run_again(copies.bench, last)
    copies.spent()
    return again.resumed


def _alone(way: Way, copies: Copies, died: Died) -> Iterator[Died]:
    """The same death on a copy of its own, and the step run again there."""
    for again, _ in _die(way, copies, died.at, within=died.within):
        yield way.direction.run_again(copies.take(), again)
    copies.spent()


def _die(way: Way, copies: Copies, at: int, *, within: bool) -> Iterator[tuple[Died, bool]]:
    """Kill on a copy, and see what is left there; nothing where the step did not come to that place."""
    bench = copies.take()
    death = Death(bench.url, at, way.kind, within, way.stop)
    outcome, window = way.direction.run(bench, death)
    if way.kind == SERVER:
        bench.leave()
        bench.enter()
    if death.met:
        yield way.direction.cut_short(bench, at, way.kind, outcome, window, within=within)
    else:
        copies.spent()


def trial(settings: Settings) -> CrashTrial:
    """The trial as `--trial crash` asks for it."""
    return CrashTrial()

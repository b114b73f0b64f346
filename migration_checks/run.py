"""One walk of a route on databases of its own: the legs, and what they did not check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module

from migration_checks.bench import Bench
from migration_checks.checkpoints import Checkpoints
from migration_checks.clone import Source
from migration_checks.config import Settings
from migration_checks.database import Databases
from migration_checks.environment import Environment
from migration_checks.graph import Graph
from migration_checks.leap import leap
from migration_checks.origin import Origin
from migration_checks.passing import PartWalker
from migration_checks.profile import Profile, read_file
from migration_checks.recovery import LostPlace, Recovery
from migration_checks.report import Note, Progress
from migration_checks.route import Route, plan
from migration_checks.trail import Place, Trail
from migration_checks.transition import Leg, Transition
from migration_checks.trials import TRIALS
from migration_checks.trials.lab import Trial
from migration_checks.walker import Walker

ROWS = 100
"""Rows of a synthesized table, unless settings say otherwise."""
SEED_ROWS = 1000
"""Rows of the leading table of a lineage's seed, unless settings say otherwise."""

UNASKED = "It was asked nowhere: no place of the walk that it is for has all relations and columns that it names."


def origin_of(settings: Settings, databases: Databases) -> Origin:
    """Where the walk starts."""
    return Origin(settings.lineage, databases, Source(settings.clone) if settings.clone is not None else None)


def profile_of(settings: Settings) -> Profile | None:
    """What rows are made up after; raises ConfigurationError."""
    return read_file(settings.profile) if settings.profile is not None else None


def trials_of(settings: Settings) -> tuple[Trial, ...]:
    """The trials that are asked for; a module is imported when its trial is."""
    names = (name for name in TRIALS if name in settings.trials)
    return tuple(import_module(f"migration_checks.trials.{name}").trial(settings) for name in names)


class Run:
    """A walk: `legs` are what it shows. `at` says where it stands, `not_checked` what it left out and why."""

    def __init__(
        self,
        settings: Settings,
        environment: Environment,
        origin: Origin,
        graph: Graph,
        route: Route,
        progress: Callable[[Progress], None] | None,
        profile: Profile | None,
    ) -> None:
        self.settings = settings
        self.environment = environment
        self.origin = origin
        self.databases = origin.databases
        self.graph = graph
        self.route = route
        self.progress = progress
        self.profile = profile
        self.done = 0
        self.at = "the start"
        self.clock = timedelta()
        self.not_checked: list[Note] = list(origin.notes)

    def legs(self) -> Iterator[Transition]:
        """Every leg: those of each revision, DESCEND, and LEAP."""
        if not self.route.visited and not self.route.descends:
            return  # no revision falls to this part
        if not self.route.revisions:
            self.not_checked.append(Note(self.settings.lineage.name, "There is no revision to walk in the chosen range."))
            return
        checkpoints = Checkpoints(self.databases, self.origin.fresh)
        with self._bench(self.origin.fresh()) as bench:
            walker = PartWalker(
                bench,
                checkpoints,
                self.graph,
                self.route,
                rows=self.settings.rows or SEED_ROWS,
                fresh=self.origin.fresh,
                progress=self._tell,
                trials=trials_of(self.settings),
            )
            self.clock = bench.clock
            yield from walker.walk()
            walked = bench.url
            unasked = bench.questions.unasked(place.snapshot.answers for place in walker.trail.places.values())
        self.not_checked += walker.notes
        self.not_checked += [Note(revision, reason, revision) for revision, reason in bench.outward]
        self.databases.drop(walked)
        if not self.route.descends:
            return  # another part asks and leaps
        self.not_checked += [Note(name, UNASKED) for name in unasked]
        yield from self._leaps(checkpoints, walker, smooth=not (walker.emptied or walker.blocked))

    def _leaps(self, checkpoints: Checkpoints, walker: Walker, *, smooth: bool) -> Iterator[Transition]:
        """LEAP from the start; and where that has no rows, from the first place that has, if every single step succeeded."""
        end = frozenset(revision.id for revision in (*self.route.before, *self.route.revisions))
        place = walker.trail.places.get(end)
        if place is None:
            self.not_checked.append(Note("leap", "Not run: single steps did not reach the end of the range."))
            return
        start = checkpoints.release_all_but_start()
        self.databases.restore_roles(keep=start.roles)
        url = checkpoints.again(start, "leap")
        self._tell(self.route.revisions[-1].id, Leg.LEAP)
        with self._bench(url) as bench:
            whole = leap(bench, self.graph, self.route, start.snapshot, place.snapshot)
        self.databases.drop(url)
        yield whole
        populated = walker.trail.first_with_rows(len(self.route.before)) if smooth and whole.failure is None else None
        # One revision in a transaction of its own is what single steps have shown.
        if populated is not None and not start.snapshot.rows and len(end - populated.key) > 1:
            yield from self._leap_over_rows(checkpoints, walker, populated, place)

    def _leap_over_rows(self, checkpoints: Checkpoints, walker: Walker, populated: Place, place: Place) -> Iterator[Transition]:
        """LEAP from the first place with rows, made again from the start.

        It is not kept from the walk: a copy that stood meanwhile would keep roles alive that its downgrades drop.
        """
        self._tell(self.route.revisions[-1].id, Leg.LEAP)
        with self._bench(checkpoints.again(checkpoints.kept[0], "leap")) as bench:
            again = Recovery(bench, checkpoints, self.graph, Trail(), walker.recovery.rows, self.origin.fresh)
            try:
                below = again.back_to(populated.applied)
            except LostPlace as lost:
                reason = f"Not run over rows: the first place that has any cannot be made a second time ({lost})."
                self.not_checked.append(Note("leap", reason))
                return
            rest = plan(self.graph, self.graph.heads_of(populated.applied), self.route.end)
            yield leap(bench, self.graph, rest, below.snapshot, place.snapshot)

    def _bench(self, url: str) -> Bench:
        rows = self.settings.rows if self.settings.rows is not None else ROWS
        return Bench(
            self.environment,
            url,
            self.settings.lineage,
            rows=rows,
            seed=self.settings.seed,
            profile=self.profile,
            scale=self.settings.scale,
        )

    def _tell(self, revision: str, leg: Leg) -> None:
        self.at = f"{revision} ({leg})"
        if self.progress is not None:
            # ASCEND, UNDO, REDO and DESCEND for each revision, and one LEAP; trials come on top where they are worth it.
            total = max(4 * len(self.route.visited) + 1, self.done + 1)
            self.progress(Progress(revision, leg, self.done, total))
        self.done += 1

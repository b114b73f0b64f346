"""Bringing a walk back to a place where it stood, from a copy and by repeating what led there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from migration_checks.bench import Bench, Window
from migration_checks.checkpoints import Checkpoints
from migration_checks.errors import EnvironmentFailure
from migration_checks.graph import Graph, Revision
from migration_checks.seeding import Filled
from migration_checks.snapshot import Snapshot
from migration_checks.trail import Place, Trail
from migration_checks.transition import Leg

NO_VALUE = "no value was found that its type and conditions take"


class LostPlace(Exception):
    """A place cannot be reached again: a step that succeeded once does not when it is repeated."""


class Recovery:
    """Knows how a place is made: which steps lead there, and which rows are put in on the way."""

    def __init__(
        self, bench: Bench, checkpoints: Checkpoints, graph: Graph, trail: Trail, rows: int, fresh: Callable[[], str]
    ) -> None:
        self.bench = bench
        self.checkpoints = checkpoints
        self.graph = graph
        self.trail = trail
        self.rows = rows
        self.fresh = fresh
        self.ground: frozenset[str] = frozenset()
        self.empty_only: set[str] = set()  # revisions that rows cannot pass: their places are filled anew, from nothing
        self.plain: set[str] = set()  # those of them that rows without anything odd can pass
        self.unfilled: dict[str, dict[str, str]] = {}
        self._gone: dict[str, frozenset[str]] = {}  # by the URL of a copy: what was gone when it was made

    def start(self, before: Sequence[Revision]) -> Place:
        """Make the place where the walk begins, and keep a copy of it; none where every fresh database is in that place.

        Raises EnvironmentFailure when a step fails.

        What a baseline has applied already is not run, and no seed is planted below the place where it stands.
        """
        self.ground = self.checkpoints.databases.made_roles()
        standing = self.graph.ancestors(self.bench.heads)
        untouched = not standing and not self._plant("base") and not before
        for revision in before:
            if revision.id in standing:
                continue
            failure = self.bench.upgrade_or_why(revision.id)
            if failure is not None:
                raise EnvironmentFailure(
                    f"The start of the range cannot be reached: the upgrade of {revision.id} fails: {failure}.",
                    "Start the range higher or lower, or give the state to start from with --baseline-sql.",
                )
            self._plant(revision.id)
        applied = tuple(revision.id for revision in before)
        place = self._filled_place("start", applied, None)
        if untouched and self.bench.untouched():
            self.checkpoints.begin_fresh(place.snapshot)
        else:
            self._keep(place)
        return place

    def arrive(self, revision: Revision, below: Place, built: Snapshot) -> Place:
        """Put rows into what `revision` built, and remember the place; `built`, mirrored, is what it looks like before that."""
        applied = (*below.applied, revision.id)
        planted = self._plant(revision.id)
        columns = _new_columns(below.snapshot, built)
        nothing = not self.bench.lineage.synthesize or (not columns and self.bench.is_full(built))
        if nothing and not planted:
            return self._remembered(revision.id, Place(applied, built), Filled())
        return self._filled_place(revision.id, applied, built, columns)

    def keep(self, place: Place) -> None:
        """Keep a copy of the place where the bench stands, unless there is one."""
        if self.checkpoints.exact(place.key) is None:
            self._keep(place)

    def back_to(self, applied: Sequence[str]) -> Place:
        """Bring the bench to the place where `applied` are applied, its rows included. Raises LostPlace."""
        copy = self.checkpoints.below(frozenset(applied))
        self.bench.move(lambda: self.checkpoints.again(copy, "walk"), self.checkpoints.databases, roles=copy.roles)
        place = Place(tuple(each for each in applied if each in copy.applied), copy.snapshot)
        self.trail.places[place.key] = place
        self.trail.forget_above(copy.applied)
        self.trail.gone = set(self._gone.get(copy.url or "", ()))
        for number, each in enumerate(applied, 1):
            if each in self.empty_only and each not in copy.applied:
                below = Place(tuple(applied[: number - 1]), self.without_rows(applied[:number]))
                place = self.arrive(self.graph.by_id[each], below, below.snapshot)
            elif each not in copy.applied:
                place = self.repeat(self.graph.by_id[each], place)
        return place

    def without_rows(self, applied: Iterable[str]) -> Snapshot:
        """Bring the bench to a database on which `applied` ran without any row of ours. Raises LostPlace."""
        made_below = self.checkpoints.kept[0].roles - self.ground
        if made_below:
            named = ", ".join(sorted(made_below))
            raise LostPlace(f"revisions below the range made roles, of which a server has only one: {named}")
        self.bench.move(self.fresh, self.checkpoints.databases, roles=self.ground)
        self.trail.ascents.clear()  # their rows are in a database that is gone
        self.trail.gone = set(self.trail.written)
        chosen = tuple(applied)
        standing = self.graph.ancestors(self.bench.heads)
        if standing:
            self.bench.empty()
        for each in chosen:
            if each in standing:
                continue
            failure = self.bench.upgrade_or_why(each)
            if failure is not None:
                raise LostPlace(failure)
        return self.bench.snapshot(None, self.bench.heads, keep=True, asked=chosen)

    def step_aside(self, revision: str, applied: tuple[str, ...]) -> tuple[Place, Snapshot, Window]:
        """The place below an upgrade that the rows at hand cannot pass, what it makes of that place, and when.

        On plain rows if those pass, so that its other legs have something to compare, else on none. Raises LostPlace.
        """
        self.empty_only.add(revision)
        below = Place(applied, self.plain_rows(applied) if self.bench.lineage.synthesize else self.without_rows(applied))
        outcome, window = self.bench.step(Leg.ASCEND, revision)
        if outcome.failure is not None:
            below = Place(applied, self.without_rows(applied))
            outcome, window = self.bench.step(Leg.ASCEND, revision)
        elif below.snapshot.rows:
            self.plain.add(revision)
        after = self.bench.snapshot(below.snapshot, self.bench.heads, keep=True, asked=(*applied, revision))
        self.trail.ascents[revision] = (below.snapshot.tables, after.tables)
        return below, after, window

    def below_again(self, revision: str, applied: tuple[str, ...]) -> Place:
        """The place below a revision that the walk had to `step_aside` for, once more. Raises LostPlace."""
        make = self.plain_rows if revision in self.plain else self.without_rows
        return Place(applied, make(applied))

    def plain_rows(self, applied: Iterable[str]) -> Snapshot:
        """As `without_rows`, and then rows without anything odd in every table that holds none. Raises LostPlace."""
        chosen = tuple(applied)
        bare = self.without_rows(chosen)
        self.bench.top_up((), plain=True)
        return self.bench.snapshot(bare, self.bench.heads, keep=True, asked=chosen)

    def repeat(self, revision: Revision, below: Place) -> Place:
        """Upgrade `revision` from the place `below`, where the bench stands, and put the rows in. Raises LostPlace."""
        failure = self.bench.upgrade_or_why(revision.id)
        if failure is not None:
            raise LostPlace(failure)
        applied = (*below.applied, revision.id)
        built = self.bench.snapshot(below.snapshot, self.bench.heads, keep=True, asked=applied)
        self.trail.ascents[revision.id] = (below.snapshot.tables, built.tables)
        return self.arrive(revision, below, built)

    def _filled_place(self, name: str, applied: tuple[str, ...], built: Snapshot | None, columns: Sequence[str] = ()) -> Place:
        filled = self.bench.top_up(columns) if self.bench.lineage.synthesize else Filled()
        snapshot = self.bench.snapshot(built, self.bench.heads, keep=True, asked=applied)
        if built is not None and built.tables != snapshot.tables:
            self.trail.written[name] = (built.tables, snapshot.tables)
            self.trail.gone.discard(name)
        return self._remembered(name, Place(applied, snapshot), filled)

    def _remembered(self, name: str, place: Place, filled: Filled) -> Place:
        self.trail.places[place.key] = place
        self.unfilled[name] = {**filled.unfilled, **dict.fromkeys(filled.blank, NO_VALUE)}
        self.trail.filled |= {column for column, count in filled.columns.items() if count}
        return place

    def _plant(self, revision: str) -> bool:
        """Let the seeds of a revision write; whether there are any."""
        seeds = [seed for seed in self.bench.lineage.seeds if seed.revision == revision]
        self.bench.plant(seeds, self.rows)
        return bool(seeds)

    def _keep(self, place: Place) -> None:
        made = self.checkpoints.keep(self.bench.url, place.key, place.snapshot, self.bench.make_room())
        if made is not None and made.url is not None:
            self._gone[made.url] = frozenset(self.trail.gone)
        self.bench.enter()


def _new_columns(below: Snapshot, built: Snapshot) -> tuple[str, ...]:
    """The columns that a step has added to tables which were there before ("schema.table.column"), where they may be NULL.

    In the others every row that was there has a value already.
    """
    added = (built.catalog[key] for key in built.catalog.keys() - below.catalog.keys() if key[0] == "column")
    return tuple(
        each.identity
        for each in added
        if each.parent in below.catalog and not each.definition.get("not null") and "generated" not in each.definition
    )

"""A server, its databases and a bench, kept in memory: enough of PostgreSQL for the order of a walk's legs to be tested.

    world = World(creates("a1", "t"), creates("b2", "u", ("a1",)))
    legs = [(each.leg, each.revision) for each in world.walker().walk()]

A database is the revisions applied and its tables with their rows. Steps are functions that change one, and may raise: then
nothing of the step is left, as in a transaction. Snapshots and what differs between them are the real values.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from migration_checks.bench import Bench
from migration_checks.checkpoints import Checkpoints
from migration_checks.database import Databases
from migration_checks.diff import diff_catalogs
from migration_checks.environment import Outcome
from migration_checks.graph import Graph, Revision
from migration_checks.lineage import Seed
from migration_checks.route import plan
from migration_checks.seeding import Filled
from migration_checks.snapshot import CatalogObject, Column, Snapshot, Table
from migration_checks.transition import Changes, Failure, Leg, TableChange
from migration_checks.trials.lab import Trial
from migration_checks.walker import Walker


@dataclass
class Data:
    """One database."""

    applied: set[str] = field(default_factory=set)
    tables: dict[str, list[str]] = field(default_factory=dict)
    stamped: frozenset[str] | None = None


Step = Callable[[Data], None]


def nothing(data: Data) -> None:
    """A step without statements."""


@dataclass(frozen=True)
class Made:
    """A revision and its two functions."""

    id: str
    up: Step = nothing
    down: Step = nothing
    parents: tuple[str, ...] = ()
    empty: bool = False

    @property
    def revision(self) -> Revision:
        return Revision(self.id, self.parents, downgrade_empty=self.empty)


def create(table: str) -> Step:
    """CREATE TABLE, which fails where it exists."""

    def run(data: Data) -> None:
        if table in data.tables:
            raise RuntimeError(f"{table} already exists")
        data.tables[table] = []

    return run


def drop(table: str) -> Step:
    """DROP TABLE."""
    return lambda data: data.tables.__delitem__(table)


def raises(text: str) -> Step:
    """A step that cannot be."""

    def run(data: Data) -> None:
        raise RuntimeError(text)

    return run


def on_rows(step: Step) -> Step:
    """A step that fails where any table holds a row."""

    def run(data: Data) -> None:
        if any(data.tables.values()):
            raise RuntimeError("there are rows")
        step(data)

    return run


def creates(id: str, table: str, parents: tuple[str, ...] = (), **more: Any) -> Made:
    """A healthy revision that makes a table; `more` replaces one of its functions."""
    return Made(**{"id": id, "up": create(table), "down": drop(table), "parents": parents, **more})


class World:
    """The server: databases by URL, and everything that a walk needs of it."""

    def __init__(self, *revisions: Made, seeds: Sequence[Seed] = (), irreversible: Collection[str] = ()) -> None:
        self.graph = Graph(tuple(each.revision for each in revisions))
        self.made = {each.id: each for each in revisions}
        self.databases: dict[str, Data] = {}
        self.lineage = SimpleNamespace(
            seeds=tuple(seeds), synthesize=True, transformations=(), irreversible=frozenset(irreversible)
        )
        self.numbers = itertools.count(1)
        self.progress: list[tuple[str, Leg]] = []
        self.stamps: list[frozenset[str]] = []
        self.models: tuple[str, ...] | Exception | None = None
        self.answers: Callable[[Data], dict[str, str | None]] = lambda data: {}
        self.roles: frozenset[str] = frozenset()

    def fresh(self) -> str:
        """An empty database."""
        url = f"postgresql:///{next(self.numbers)}"
        self.databases[url] = Data()
        return url

    def walker(self, start: Iterable[str] = (), end: Iterable[str] | None = None, trials: Sequence[Trial] = ()) -> Walker:
        """A walker over the range, with everything at its beginning."""
        route = plan(self.graph, frozenset(start), frozenset(self.graph.heads if end is None else end))
        bench = cast("Bench", MemoryBench(self, self.fresh()))
        return Walker(
            bench,
            Checkpoints(cast("Databases", self), self.fresh),
            self.graph,
            route,
            rows=3,
            fresh=self.fresh,
            progress=lambda revision, leg: self.progress.append((revision, leg)),
            trials=trials,
        )

    # What Databases offers.

    def copy(self, url: str, label: str, by: Any = None) -> str:
        copied = self.fresh()
        self.databases[copied] = deepcopy(self.databases[url])
        return copied

    def drop(self, url: str) -> None:
        del self.databases[url]

    def made_roles(self) -> frozenset[str]:
        return self.roles

    def depends_on_roles(self, url: str, roles: frozenset[str]) -> bool:
        return bool(roles)

    def restore_roles(self, keep: frozenset[str] = frozenset()) -> None:
        self.roles = keep


class MemoryBench:
    """A bench on one database of a world."""

    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url
        self.lineage = world.lineage
        self.environment = self
        self.rows = self
        self.attached = True

    @property
    def data(self) -> Data:
        assert self.attached, "nobody is connected"
        return self.world.databases[self.url]

    @property
    def heads(self) -> frozenset[str]:
        return self.data.stamped if self.data.stamped is not None else self.world.graph.heads_of(self.data.applied)

    def leave(self) -> None:
        self.attached = False

    def make_room(self) -> None:
        self.attached = False

    def enter(self) -> None:
        self.attached = True

    def untouched(self) -> bool:
        return self.data == Data()

    def move(self, make: Callable[[], str], databases: World, *, roles: frozenset[str]) -> None:
        databases.drop(self.url)
        self.url = make()

    def step(self, leg: Leg, revision: str) -> tuple[Outcome, Any]:
        return self._run(revision, upward=leg.upward), (None, None)

    def upgrade_or_why(self, revision: str) -> str | None:
        failure = self._run(revision, upward=True).failure
        return failure.message if failure is not None else None

    def leap(self, end: Collection[str]) -> Outcome:
        for revision in self.world.graph.between(self.heads, end):
            outcome = self._run(revision.id, upward=True)
            if outcome.failure is not None:
                return outcome
        return Outcome(0.0, (), None, self.heads, frozenset(end))

    def _run(self, revision: str, *, upward: bool) -> Outcome:
        before, made = deepcopy(self.data), self.world.made[revision]
        applied = self.data.applied | {revision} if upward else self.data.applied - {revision}
        expected = self.world.graph.heads_of(applied)
        try:
            (made.up if upward else made.down)(self.data)
        except Exception as error:
            self.world.databases[self.url] = before
            return Outcome(0.0, (), Failure(type(error).__name__, str(error)), self.heads, expected)
        self.data.applied, self.data.stamped = applied, None
        return Outcome(0.0, (), None, self.heads, expected)

    def stamp(self, heads: frozenset[str]) -> None:
        self.world.stamps.append(heads)
        self.data.applied = set(self.world.graph.ancestors(heads))

    def drift(self) -> tuple[str, ...] | None:
        if isinstance(self.world.models, Exception):
            raise self.world.models
        return self.world.models

    def snapshot(self, previous: Snapshot | None, heads: Collection[str], *, keep: bool, asked: Collection[str]) -> Snapshot:
        tables = {
            name: Table(name, number, (Column("v", 1, "text"),), (), len(rows), name, {"": ",".join(sorted(rows))})
            for number, (name, rows) in enumerate(sorted(self.data.tables.items()))
        }
        catalog = {("table", name): CatalogObject("table", name, {}) for name in tables}
        return Snapshot(frozenset(heads), catalog, tables, answers=self.world.answers(self.data))

    def compare(
        self,
        before: Snapshot,
        after: Snapshot,
        *,
        written: Sequence[Any] = (),
        windows: Any = None,
        origin: Any = None,
        same_place: bool = False,
    ) -> Changes:
        changed = []
        for name in sorted(before.tables.keys() & after.tables.keys()):
            was, now = before.tables[name], after.tables[name]
            missing, added = max(was.rows - now.rows, 0), 0 if written else max(now.rows - was.rows, 0)
            if missing or added:
                changed.append(TableChange(name, name, (), was.rows, now.rows, 0, 0, missing, added))
        return Changes(diff_catalogs(before.catalog, after.catalog), tuple(changed))

    @property
    def untraced(self) -> dict[str, str]:
        return {}

    def trace(self, before: Any, after: Any, *, history: Any = (), written: Any = ()) -> tuple[Any, ...]:
        return ()

    def declared(self, fates: Any, transformations: Any, after: Any) -> tuple[Any, ...]:
        return tuple(fates)

    def acquit(self, fates: Any, before: Any, after: Any) -> tuple[Any, ...]:
        return tuple(fates)

    def plant(self, seeds: Sequence[Seed], rows: int) -> None:
        for seed in seeds:
            seed.fill(cast("Any", self.data), rows, 1)

    def empty(self) -> None:
        for rows in self.data.tables.values():
            rows.clear()

    def is_full(self, snapshot: Snapshot) -> bool:
        return all(table.rows for table in snapshot.tables.values())

    def top_up(self, columns: Collection[str], skip: Collection[str] = (), *, plain: bool = False) -> Filled:
        written = {name: 2 for name, rows in self.data.tables.items() if not rows}
        for name in written:
            self.data.tables[name] += ["one", "plain"] if plain else ["one", "two"]
        return Filled(written, {}, {})

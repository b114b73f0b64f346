"""The locks trial: the step once more on a copy, with a look at its session after every statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from migration_checks.bench import Bench
from migration_checks.budgets import Budgets, Production
from migration_checks.config import Settings
from migration_checks.connection import connect, translated
from migration_checks.environment import Outcome
from migration_checks.observers import standing
from migration_checks.observers.evidence import LocksEvidence
from migration_checks.observers.facts import ForeignKey, Observed, Relation
from migration_checks.observers.holds import holds
from migration_checks.observers.kinds import Kinds
from migration_checks.observers.looks import Course
from migration_checks.observers.poller import Poller, Sighting
from migration_checks.observers.standing import Known, Standing
from migration_checks.observers.statements import Reader, Transactions, seen_from
from migration_checks.profile import read_file
from migration_checks.snapshot import Table
from migration_checks.transition import Leg, Transition
from migration_checks.trials.lab import Bed, Trial

NO_TRIGGERS = (
    "The server's role is no superuser, so there were no event triggers: of statements outside a transaction only those locks "
    "are known that follow from what they did."
)


def trial(settings: Settings) -> Trial:
    """The trial of `--trial locks`."""
    profile = read_file(settings.profile) if settings.profile is not None else None
    return LocksTrial(settings.budgets, Production(settings.at_rows, profile), settings.project)


@dataclass(frozen=True, slots=True)
class LocksTrial:
    """Observes the upgrade, and the downgrade where the walk made one. Paths are told from `root` on."""

    budgets: Budgets
    production: Production
    root: Path
    name: str = "locks"

    def run(self, bed: Bed) -> Iterator[Transition]:
        """OBSERVE, and OBSERVE_DOWN."""
        with bed.copy("locks") as bench, translated("Observing a step"):
            if not _prepared(bed, bench.url):
                return
            up = self.leg(bed, bench, Leg.OBSERVE, bed.ascend.before.tables)
            if up is None:
                return
            yield up
            if bed.undo is not None and bed.undo.failure is None and bed.undo.statements:
                down = self.leg(bed, bench, Leg.OBSERVE_DOWN, {})
                if down is not None:
                    yield down

    def leg(self, bed: Bed, bench: Bench, leg: Leg, tables: Mapping[str, Table]) -> Transition | None:
        """One leg under observation; None, and a note, where it does not go as the walk's own did."""
        rows = {name: table.rows for name, table in tables.items() if table.unread is None}
        with connect(bench.url) as connection:
            before = standing.read(connection, rows, bench.bookkeeping, count=True)
            wal = _wal(connection)
        with Poller(bench.url) as poller:
            outcome = bench.environment.observed("upgrade" if leg.upward else "downgrade", bed.revision.id)
        direction = "upgrade" if leg.upward else "downgrade"
        if outcome.failure is not None:
            bed.note(
                f"Its {direction} could not be observed: under observation it raised: {_first_line(outcome.failure.message)}."
            )
            return None
        with connect(bench.url) as connection:
            after = standing.read(connection, {}, bench.bookkeeping, count=False)
            flushes = standing.major_of(connection) >= standing.FLUSHES_SINCE
        sight = Sight(before, after, bench.bookkeeping, flushes)
        evidence = self._evidence(sight, outcome, poller.sightings, wal)
        if evidence.unseen:
            bed.note(f"Not every statement of its {direction} could be looked at: {evidence.unseen}.")
        looked, sent = len(evidence.statements), evidence.count
        if sent > looked:
            bed.note(f"Only the first {looked:,} of {sent:,} statements of its {direction} were looked at.")
        return bed.transition(leg, evidence, statements=outcome.statements, seconds=outcome.seconds)

    def _evidence(self, sight: Sight, outcome: Outcome, sightings: list[Sighting], wal: int) -> LocksEvidence:
        watched = outcome.watched or {"seen": [], "ends": [], "overhead": 0.0, "why": ""}
        total = max(outcome.seconds - watched["overhead"], 0.0)
        course = Course(sight.before, sight.hidden, flushes=sight.flushes)
        course.learn(sight.after.relations)
        kinds = Kinds((*sight.before.keys, *sight.after.keys), {**sight.after.relations, **sight.before.relations})
        reader = Reader(course, kinds, sightings, Transactions(watched["ends"]), total)
        statements = tuple(reader.read(outcome.statements, seen_from(watched), wal))
        relations = self._relations(sight, course, kinds, statements)
        return LocksEvidence(
            statements=statements,
            count=outcome.statement_count,
            relations=relations,
            holds=holds(statements, relations),
            keys=sight.foreign_keys(),
            upkeep=sight.upkeep(),
            temp_bytes=max(sight.after.temp_bytes - sight.before.temp_bytes, 0),
            budgets=self.budgets,
            root=self.root,
            unseen=watched["why"],
        )

    def _relations(
        self, sight: Sight, course: Course, kinds: Kinds, statements: tuple[Observed, ...]
    ) -> Mapping[str, Relation]:
        """The relations that a statement touched, and the tables of foreign keys."""
        named = {key.table for key in sight.foreign_keys()}
        for each in statements:
            named |= {lock.relation for lock in each.locks} | {scan.relation for scan in each.scans} | set(each.changed)
            named |= {rewrite.relation for rewrite in each.rewrites}
        found: dict[str, Relation] = {}
        for oid, known in course.known.items():
            if known.name not in named:
                continue
            relation = self._relation(sight, course, known, kinds.of(oid, ()))
            if known.name not in found or relation.existed:
                found[known.name] = relation
        return found

    def _relation(self, sight: Sight, course: Course, known: Known, kind: str) -> Relation:
        was, now = sight.before.relations.get(known.oid), sight.after.relations.get(known.oid)
        owner = course.known.get(known.owner or 0)
        inherits = was or now
        parents = inherits.parents if inherits else ()
        return Relation(
            name=known.name,
            kind=kind,
            existed=was is not None,
            rows=was.rows if was else None,
            production=self.production.rows(known.name),
            owner=owner.name if owner else None,
            parents=tuple(course.known[each].name for each in parents if each in course.known),
            size_before=was.size if was else None,
            size_after=now.size if now else None,
            dead_rows=now.dead if now else None,
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """A database before and after a leg; `hidden` are Alembic's own tables, `flushes` as in Course."""

    before: Standing
    after: Standing
    hidden: frozenset[str]
    flushes: bool

    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """The foreign keys after the leg."""
        # By number and oid: tables, columns and the keys themselves may be renamed, which makes none of them new.
        old = {(each.table, each.referenced, each.numbers) for each in self.before.keys}
        names = {oid: each.name for side in (self.after, self.before) for oid, each in side.relations.items()}
        return tuple(
            ForeignKey(
                f"{names[key.table]}.{key.name}",
                names[key.table],
                names[key.referenced],
                key.columns,
                key.indexed,
                (key.table, key.referenced, key.numbers) not in old,
            )
            for key in self.after.keys
            if key.table in names and key.referenced in names
        )

    def upkeep(self) -> tuple[tuple[str, str, str, bool], ...]:
        """What needs care after the leg, and whether it is the leg's doing."""
        old = set(self.before.upkeep)
        return tuple((*each, each not in old) for each in self.after.upkeep)


def _prepared(bed: Bed, url: str) -> bool:
    """Whether the copy at `url` holds what looks are made with: a project's own event triggers may forbid such things."""
    with connect(url) as connection:
        try:
            if not standing.install(connection):
                bed.note(NO_TRIGGERS)
        except psycopg.Error as error:
            bed.note(f"It could not be observed: what looks are made with was refused ({_first_line(str(error))}).")
            return False
    return True


def _wal(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0]) if row else 0


def _first_line(message: str) -> str:
    return next(iter(message.strip().splitlines()), "it failed").rstrip(".")[:200]

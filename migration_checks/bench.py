"""One database under walk: what steps do to it, what it looks like, and the rows that are put into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self, TypeAlias

import psycopg

from migration_checks.beginning import Beginning
from migration_checks.database import Databases, translated
from migration_checks.diff import diff_catalogs
from migration_checks.environment import Environment, Outcome
from migration_checks.errors import ProviderError, SeedError
from migration_checks.extensions import require_extensions
from migration_checks.lineage import Lineage, Seed
from migration_checks.outward import outward
from migration_checks.own_sessions import Connection, OwnSessions
from migration_checks.profile.values import Profile
from migration_checks.questions import Questions
from migration_checks.recapture import CatalogReader
from migration_checks.rows import Rows
from migration_checks.rows.touched import ever_written
from migration_checks.seeding import Filled, Synthesizer
from migration_checks.seeding.schema import Reader
from migration_checks.snapshot import Catalog, Snapshot, Table
from migration_checks.survey import survey
from migration_checks.transition import Changes, Leg

DISK_FULL, OUT_OF_MEMORY = "53100", "53200"

Tables: TypeAlias = "Mapping[str, Table]"
Written: TypeAlias = "tuple[Tables, Tables]"
Window: TypeAlias = "tuple[datetime, datetime]"


class Bench:
    """A database at `url`, with env.py attached to it through `environment`.

    Use as a context manager: leaving it detaches env.py and closes the toolkit's own connection, so that the database can
    be copied or dropped. Rows already read stay valid as long as the database, or a copy of it, exists.
    """

    def __init__(
        self,
        environment: Environment,
        url: str,
        lineage: Lineage,
        *,
        rows: int,
        seed: int,
        profile: Profile | None = None,
        scale: float = 1.0,
    ) -> None:
        self.environment = environment
        self.url = url
        self.lineage = lineage
        self.size = rows
        self.seed = seed
        self.profile = profile
        self.scale = scale
        self.outward: dict[tuple[str, str], None] = {}
        self.questions = Questions(lineage)
        self._take_hold()
        self.clock = self._clock()
        self._trusted = False

    def _take_hold(self) -> None:
        """Open sessions in a database of which nothing is known yet."""
        self.sessions = OwnSessions(self.url)
        self.rows = Rows(self.sessions.reader, private=True)
        self.catalog = CatalogReader()
        self.beginning = Beginning()
        self._make_up: Synthesizer | None = None

    def _reconnect(self) -> None:
        """Connect anew where a step has ended our own sessions as well."""
        if not self.sessions.alive():
            self.sessions.close()
            with translated("Connecting again"):
                self._reopen()

    def _reopen(self) -> None:
        self.sessions.open()
        self.rows.reconnect(self.sessions.reader)
        self._make_up = None

    @property
    def connection(self) -> psycopg.Connection:
        """An autocommit session in the database, for whatever a trial does there."""
        return self.sessions.writer

    @property
    def synthesizer(self) -> Synthesizer:
        """What makes up rows here."""
        writer = self.sessions.writer
        if self._make_up is None:
            self._make_up = Synthesizer(writer, rows=self.size, seed=self.seed, profile=self.profile, scale=self.scale)
        return self._make_up

    def __enter__(self) -> Self:
        self.environment.attach(self.url, self.sessions.reader)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self.environment.abandon()  # interrupted, perhaps in the middle of a step that nobody waits for any more
        self.leave()

    def leave(self) -> None:
        """Let go of the database; `enter` takes hold of it again."""
        self.environment.detach()
        self.sessions.close()

    def make_room(self) -> Connection:
        """Let go of the database as `leave` does, but for an idle session, which may copy it and keeps what it planned."""
        self.environment.detach()
        return self.sessions.make_room()

    def enter(self) -> None:
        """Take hold of the database again after `leave` or `make_room`."""
        self._reopen()
        self.environment.attach(self.url, self.sessions.reader)

    def move(self, make: Callable[[], str], databases: Databases, *, roles: frozenset[str]) -> None:
        """Go on with the database that `make` makes, once the one walked so far is dropped.

        Roles that scripts made meanwhile are dropped too, but `roles`: what is walked again would meet them.
        """
        self.leave()
        databases.drop(self.url)
        databases.restore_roles(keep=roles)
        self.url = make()
        self._take_hold()
        self.environment.attach(self.url, self.sessions.reader)

    def _clock(self) -> timedelta:
        """How far the server's clock is ahead of ours: values of now() are dated by the server."""
        row = self.sessions.reader.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        ahead: timedelta = row[0] - datetime.now(UTC)
        return ahead

    def now(self) -> datetime:
        """The time on the server's clock."""
        return datetime.now(UTC) + self.clock

    @property
    def bookkeeping(self) -> frozenset[str]:
        """Qualified names of tables that are Alembic's own."""
        return self.environment.version_tables

    @property
    def heads(self) -> frozenset[str]:
        """What the version table holds."""
        return self.environment.heads()

    def upgrade_or_why(self, revision: str) -> str | None:
        """Upgrade one revision without judging it: None, or the message of what it raised."""
        failure = self._ran(revision, self.environment.upgrade(revision)).failure
        return failure.message if failure is not None else None

    def step(self, leg: Leg, revision: str) -> tuple[Outcome, Window]:
        """Run one revision upward or downward; the window is when, by the server's clock."""
        began = self.now()
        run = self.environment.upgrade if leg.upward else self.environment.downgrade
        outcome = self._ran(revision, run(revision))
        return outcome, (began, self.now())

    def _ran(self, revision: str, outcome: Outcome) -> Outcome:
        """`outcome`, unless it is the server's fault. Raises ProviderError, MissingExtension among them."""
        self.outward.update(((revision, reason), None) for reason in outward(outcome))
        failure = outcome.failure
        if failure is not None:
            self._reconnect()
        if failure is not None and failure.sqlstate in (DISK_FULL, OUT_OF_MEMORY):
            what = "disk space" if failure.sqlstate == DISK_FULL else "memory"
            message = f"The server ran out of {what} in {revision}: {failure.message}."
            raise ProviderError(message, "Free some, or use fewer --rows.")
        if failure is not None:
            require_extensions(self.connection, failure, revision)
        return outcome

    def snapshot(
        self, previous: Snapshot | None, heads: Collection[str], *, keep: bool, asked: Collection[str] | None
    ) -> Snapshot:
        """What the database looks like now; `keep` mirrors its rows for later comparisons.

        `asked` are the revisions applied here, which decide what invariants are asked; None asks none.
        """
        self.sessions.replan(len(previous.catalog) if previous else 0)
        self.sessions.report()
        reader = self.sessions.reader
        seen = survey(reader, self.rows.watch, self.catalog, self.environment.session)
        self._trusted = seen.trusted
        self.environment.same_beginning = self.beginning.same(seen.beginning)
        catalog = without(self.catalog.read(reader, seen.marks), self.bookkeeping)
        if previous is not None and previous.catalog == catalog:
            catalog = previous.catalog  # whoever compares them sees at once that nothing differs
        tables = self.rows.read(
            previous.tables if previous else None,
            keep=keep,
            skip=self.bookkeeping,
            trusted=seen.trusted,
            shapes=self.catalog.shapes,
            stamped=seen.stamps,
        )
        return Snapshot(
            heads=frozenset(heads),
            catalog=catalog,
            tables=tables,
            sequences=self.rows.sequences(tables, seen.sequences),
            answers=self.questions.ask(self.sessions.writer, asked) if self.questions else {},
        )

    def reread(self, previous: Snapshot, heads: Collection[str], catalog: Catalog, *, keep: bool) -> Snapshot:
        """As `snapshot`, where it is known that the schema is that of `catalog`: only rows and sequences are looked at."""
        self.sessions.report()
        trusted = self.rows.settled(self.environment.session)
        tables = self.rows.read(previous.tables, keep=keep, skip=self.bookkeeping, trusted=trusted)
        return Snapshot(frozenset(heads), catalog, tables, self.rows.sequences(tables))

    def untouched(self) -> bool:
        """Whether nothing was ever written here, as far as is known for certain; to be asked right after a snapshot."""
        return self._trusted and not ever_written(self.sessions.reader)

    def compare(
        self,
        before: Snapshot,
        after: Snapshot,
        *,
        written: Sequence[Written] = (),
        windows: tuple[Window, Window] | None = None,
        origin: Snapshot | None = None,
        same_place: bool = False,
    ) -> Changes:
        """Everything that differs between two snapshots of this database; `origin` is where both runs of a step began.

        Where both are of the `same_place`, rows and values belong to the names of today (see Rows.compare).
        """
        start = origin.tables if origin is not None else None
        changes = self.rows.compare(
            before.tables, after.tables, written=written, windows=windows, origin=start, same_place=same_place
        )
        return replace(changes, catalog=diff_catalogs(before.catalog, after.catalog))

    def plant(self, seeds: Collection[Seed], rows: int) -> None:
        """Let a lineage's own seeds write their rows. Raises SeedError with the seed's name."""
        if not seeds:
            return
        import sqlalchemy as sa  # half of what there would be to load before the first step, and few projects have seeds

        for seed in seeds:
            engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(self.url), poolclass=sa.NullPool)
            try:
                with engine.begin() as connection:
                    seed.fill(connection, rows, self.seed)
            except Exception as error:
                text = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise SeedError(
                    f"The seed '{seed.name}' at revision {seed.revision} failed: {type(error).__name__}: {text}",
                    "Seeds must write against the schema of the revision that they name.",
                ) from error

    def empty(self) -> None:
        """Delete every row but those of Alembic's own tables."""
        names = [relation.name for relation in Reader(self.connection).relations() if relation.name not in self.bookkeeping]
        if names:
            self.connection.execute(f"TRUNCATE {', '.join(names)}".encode())

    def is_full(self, snapshot: Snapshot) -> bool:
        """Whether there is nothing to top up where the database looks like this: no table, nor any part of one, is empty."""
        parted = {each.identity for each in snapshot.catalog.values() if "partition key" in each.definition}
        return all(table.rows and not table.unread and name not in parted for name, table in snapshot.tables.items())

    def top_up(self, columns: Collection[str], skip: Collection[str] = (), *, plain: bool = False) -> Filled:
        """Fill what is empty: tables without rows, and `columns` that a step has just added; `plain` rows have nothing odd."""
        return self.synthesizer.top_up(columns, skip={*self.bookkeeping, *skip}, plain=plain)


def without(catalog: Catalog, tables: Collection[str]) -> Catalog:
    """`catalog` without `tables` and what belongs to them (Alembic's version table is not the user's schema)."""
    hidden = {("table", name) for name in tables} & catalog.keys()
    found = hidden
    while found:
        found = {key for key, each in catalog.items() if each.parent in found}
        hidden |= found
    if not hidden:
        return catalog
    shown = dict(catalog)
    for key in hidden:
        del shown[key]
    return shown

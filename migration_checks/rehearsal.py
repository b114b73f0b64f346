"""A database that stands somewhere on a chain, and that a test moves along it: rows in, steps, rows out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.rows import dict_row

from migration_checks.connection import connect, translated
from migration_checks.environment import Environment, Outcome
from migration_checks.errors import ConfigurationError, UnknownRevision
from migration_checks.fields import nearest
from migration_checks.graph import Revision
from migration_checks.seeding import Filled, Synthesizer
from migration_checks.transition import Failure

ROWS = 20
Row = dict[str, Any]


class MigrationFailed(Exception):
    """A step raised: `revision` and `direction` say which, `failure` holds SQLSTATE, statement, file and line."""

    def __init__(self, revision: str, direction: str, failure: Failure) -> None:
        parts = [f"The {direction} of {revision} failed: {failure.message}"]
        parts += [f"SQLSTATE {failure.sqlstate}"] if failure.sqlstate else []
        parts += [f"statement: {failure.statement}"] if failure.statement else []
        parts += [f"at {failure.path}:{failure.line}"] if failure.path else []
        super().__init__("\n  ".join(parts))
        self.revision = revision
        self.direction = direction
        self.failure = failure


class Rehearsal:
    """A database at `url` (libpq's form) on which the revisions of a chain are applied and taken back, env.py unchanged.

    It begins before the first revision, or where a baseline stands. Calls return when the step is committed and env.py has
    let go of the database. Not for several threads at once; any thread will do, so that an asynchronous test may hand a
    call to one. Used as a context manager, which lets go of the database at its end.
    """

    def __init__(self, environment: Environment, url: str, *, seed: int) -> None:
        self.url = url
        self._environment = environment
        self._seed = seed
        self._connection: psycopg.Connection[Row] | None = None
        self._graph = environment.graph()
        environment.attach(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._connection is not None:
            self._connection.close()
        self._environment.detach()

    # Where it stands.

    @property
    def heads(self) -> frozenset[str]:
        """What the version table holds; empty before the first revision."""
        return self._environment.heads()

    @property
    def applied(self) -> tuple[str, ...]:
        """The revisions applied, parents first."""
        applied = self._graph.ancestors(self.heads)
        return tuple(each.id for each in self._graph.revisions if each.id in applied)

    @property
    def revisions(self) -> tuple[str, ...]:
        """All revisions of the chain, parents first."""
        return tuple(each.id for each in self._graph.revisions)

    def driver_url(self, driver: str) -> str:
        """The URL for SQLAlchemy with `driver`, such as "psycopg" or "asyncpg"."""
        return re.sub(r"^postgresql", f"postgresql+{driver}", self.url)

    # Moving.

    def upgrade(self, target: str = "heads") -> Self:
        """Apply what leads to `target`: a revision, its beginning, a label, head, heads or +N. Raises MigrationFailed."""
        __tracebackhide__ = True
        applied = self._applied()
        missing = [each for each in self._graph.revisions if each.id not in applied]
        if not re.fullmatch(r"\+\d+", target):
            wanted = self._graph.ancestors(self._resolved(target))
            missing = [each for each in missing if each.id in wanted]
        else:
            missing = missing[: int(target)]
        self._steps("upgrade", missing)
        return self

    def downgrade(self, target: str) -> Self:
        """Take back what was applied on top of `target`: a revision, base or -N. Raises MigrationFailed."""
        __tracebackhide__ = True
        applied = [each for each in self._graph.revisions if each.id in self._applied()]
        if re.fullmatch(r"-\d+", target):
            applied = applied[int(target) :]
        elif target != "base":
            below = self._resolved(target)
            applied = [each for each in applied if below & (self._graph.ancestors([each.id]) - {each.id})]
        self._steps("downgrade", applied[::-1])
        return self

    def to(self, target: str) -> Self:
        """Stand just at `target`: take back what is not part of it, apply what is missing. Raises MigrationFailed."""
        __tracebackhide__ = True
        wanted = self._graph.ancestors(self._resolved(target))
        surplus = [each for each in self._graph.revisions if each.id in self._applied() - wanted]
        self._steps("downgrade", surplus[::-1])
        self._steps("upgrade", [each for each in self._graph.revisions if each.id in wanted - self._applied()])
        return self

    def _applied(self) -> frozenset[str]:
        return self._graph.ancestors(self.heads)

    def _resolved(self, target: str) -> frozenset[str]:
        __tracebackhide__ = True
        if ":" in target:
            raise ConfigurationError(f"{target!r} is a range, not a place on the chain.", "Name one revision, head or base.")
        try:
            return self._environment.resolve(f":{target}")[1]
        except UnknownRevision:
            known = nearest(target, self.revisions)
            raise UnknownRevision(f"There is no revision {target!r} in this chain; {known}", "See `revisions`.") from None

    def _steps(self, direction: str, revisions: Sequence[Revision]) -> None:
        __tracebackhide__ = True
        for revision in revisions:
            outcome: Outcome = getattr(self._environment, direction)(revision.id)
            if outcome.failure is not None:
                raise MigrationFailed(revision.id, direction, outcome.failure)

    # Rows.

    @property
    def connection(self) -> psycopg.Connection[Row]:
        """A session of the test's own, in autocommit mode, rows as dictionaries; steps wait for locks that it holds."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self.url, autocommit=True, row_factory=dict_row)
        return self._connection

    def execute(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> list[Row]:
        """Run one statement (psycopg's placeholders) and return its rows, none where it gives none."""
        cursor = self.connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description is not None else []

    def insert(self, table: str, *rows: Mapping[str, Any]) -> None:
        """Write `rows` into `table`, which is named as SQL names it; columns that a row lacks get their defaults."""
        for row in rows:
            names = ", ".join('"' + name.replace('"', '""') + '"' for name in row)
            values = ", ".join(["%s"] * len(row))
            body = f"({names}) VALUES ({values})" if row else "DEFAULT VALUES"
            self.execute(f"INSERT INTO {table} {body}", list(row.values()))

    def fill(self, rows: int = ROWS) -> Filled:
        """Put made-up legacy rows into every table that is empty; says how many each got, and which stayed empty and why."""
        with translated("Filling tables"), connect(self.url) as connection:
            synthesizer = Synthesizer(connection, rows=rows, seed=self._seed)
            return synthesizer.top_up((), skip=self._environment.version_tables)

"""A project's env.py and revision scripts, run in a process of their own: what they do there cannot hurt the toolkit."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import psycopg

from migration_checks import errors
from migration_checks.connection import connect, redacted, translated
from migration_checks.errors import ConfigurationError, EnvironmentFailure, ToolkitError, UnknownRevision
from migration_checks.graph import Graph
from migration_checks.interruption import Interruption
from migration_checks.lineage import Lineage
from migration_checks.sessions import blocked_sessions, end_sessions, read_heads, settle
from migration_checks.transition import Failure, Statement
from migration_checks.worker.process import WorkerDied, WorkerProcess, WorkerSilent
from migration_checks.worker.variables import lead_libpq
from migration_checks.worker.wire import Message, Outcome, failure_from, graph_from, lineage_message, statement_from

__all__ = ["Environment", "Outcome"]

DEFAULT_TIMEOUT = 300.0


class Environment:
    """The migration environment of a lineage, in a worker process that starts on entering and is gone on leaving.

    `timeout` is how many seconds a step, or loading the project, may take. A worker that dies or hangs is started again
    for the next call; what it did is a failure in the step's Outcome. Every method raises EnvironmentFailure when env.py
    or a revision file cannot be loaded or run at all.
    """

    def __init__(self, lineage: Lineage, *, timeout: float | None = None) -> None:
        self.lineage = lineage
        self.timeout = DEFAULT_TIMEOUT if timeout is None else timeout
        self._worker: WorkerProcess | None = None
        self._loaded = False
        self._graph: Graph | None = None
        self._url: str | None = None
        self._control: psycopg.Connection[tuple[Any, ...]] | None = None
        self._lent: psycopg.Connection[tuple[Any, ...]] | None = None
        self._versions: tuple[tuple[str, str], ...] = ()
        self._bookkeeping: frozenset[str] = frozenset()
        self._names: dict[tuple[str, str], str] = {}
        self._died = False  # a worker did, and may have left sessions behind
        self._heads: frozenset[str] | None = None
        self.session: int | None = None  # what the worker has kept for its next step; it holds nothing and has reported
        self.same_beginning = False  # to be set before a step where a new session would find what that one found
        self.output = ""
        self.spares_sessions = False  # set while another environment is attached to the same database
        self.why_not_parked = ""

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill() if kind is not None else worker.close()
        self._release()

    # The worker.

    def _start(self) -> None:
        root = self.lineage.root.absolute()
        if not root.is_dir():
            raise ConfigurationError(
                f"The lineage's root {root} is not a folder.", "Set root to the folder that alembic is run in."
            )
        variables = {**os.environ, **self.lineage.env}
        lead_libpq(variables, None)
        self._worker = WorkerProcess(root, variables)
        self._loaded = False

    def _ready(self) -> WorkerProcess:
        """A worker that has loaded the project, and is attached if this environment is; started again if need be."""
        if self._worker is None or not self._worker.alive:
            self._discard()
            self._start()
        assert self._worker is not None
        if not self._loaded:
            answer = self._inquire(
                self._worker, {"do": "load", "lineage": lineage_message(self.lineage)}, "loading the revision files"
            )
            self._graph = self._graph or graph_from(answer["graph"])
            self._loaded = True
            if self._url is not None:
                self._attach()
        return self._worker

    def _discard(self) -> None:
        """Forget a worker that died or hangs, with everything that it left running."""
        self._died = self._died or self._worker is not None
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            self.output = worker.output

    def _inquire(self, worker: WorkerProcess, order: Message, doing: str) -> Message:
        """Ask, and raise what the worker raised; `doing` is for the sentence when it never answers."""
        try:
            worker.send(order)
            answer = worker.receive(time.monotonic() + self.timeout)
        except WorkerDied as died:
            self._discard()
            raise EnvironmentFailure(
                f"The process ended with {_status(died.status)} while {doing}.{self._last_words()}",
                "See what in the project ends it.",
            ) from died
        except WorkerSilent:
            self._discard()
            raise EnvironmentFailure(
                f"It took longer than {self.timeout:g} s: {doing}.{self._last_words()}",
                "Raise --timeout, or see what it waits for.",
            ) from None
        if "error" in answer:
            raise _error(answer["error"])
        return answer

    def _last_words(self) -> str:
        lines = [line for line in redacted(self.output).splitlines() if line.strip()]
        return f" It last printed: {lines[-1].strip()[:200]}" if lines else ""

    # The chain.

    def graph(self) -> Graph:
        """The chain: all revisions, parents first (none for an empty versions folder)."""
        if self._graph is None:
            self._ready()
        assert self._graph is not None
        return self._graph

    def resolve(self, text: str) -> tuple[frozenset[str], frozenset[str]]:
        """The heads between which Alembic's START:END walks; raises UnknownRevision or ConfigurationError."""
        answer = self._inquire(self._ready(), {"do": "resolve", "range": text}, "reading the range")
        graph = self.graph()
        start, end = (graph.heads_of(graph.ancestors(answer[each])) for each in ("start", "end"))
        return start, end

    # The database.

    def attach(self, url: str, session: psycopg.Connection[tuple[Any, ...]] | None = None) -> None:
        """Run env.py against the database at `url` (libpq's form) from now on.

        `session` is one there, in autocommit mode, that may be used for watching over those of env.py; it stays the caller's.
        """
        self._ready()
        self._release()
        self._url, self._control, self._lent = url, session, session
        try:
            self._attach()
        except BaseException:
            self._url = None
            raise

    def _attach(self) -> None:
        assert self._worker is not None
        with translated("Connecting to the database to be migrated"):
            _ = self._database
        if self._died:
            self._end_sessions()
        answer = self._inquire(self._worker, {"do": "attach", "url": self._url}, "running env.py")
        self._versions = tuple((schema, name) for schema, name in answer["versions"])
        self._bookkeeping = frozenset(self._qualified(*version) for version in self._versions)
        self.why_not_parked = answer["why"]
        if answer["probed"]:  # else env.py was not run
            self._end_sessions()
        self._heads = self.session = None

    def _qualified(self, schema: str, name: str) -> str:
        """The name as PostgreSQL's quote_ident writes it, which quotes only what needs quotes."""
        if (schema, name) not in self._names:
            row = self._database.execute("SELECT format('%%I.%%I', %s::text, %s::text)", (schema, name)).fetchone()
            assert row is not None
            self._names[schema, name] = str(row[0])
        return self._names[schema, name]

    def detach(self) -> None:
        """Let go of the database: no session of env.py or of this object is left in it. Harmless when none is attached."""
        if self._url is not None and self._worker is not None and self._worker.alive:
            self._inquire(self._worker, {"do": "detach"}, "leaving env.py")
            with suppress(ToolkitError):  # the database may be gone already
                self._end_sessions()
        self._url = None
        self._release()

    def abandon(self) -> None:
        """Let go of the database at once, whatever env.py is doing there: its process is ended."""
        self._discard()
        self._url = None
        self._release()

    def _release(self) -> None:
        if self._control is not None and self._control is not self._lent:
            self._control.close()
        self._control = self._lent = None

    @property
    def _database(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A session of our own in the attached database, opened again when it was lost."""
        if self._url is None:
            raise EnvironmentFailure("No database is attached.", "Call attach first.")
        if self._control is None or self._control.closed:
            self._control = connect(self._url)
        return self._control

    def _end_sessions(self, spared: int | None = None) -> None:
        self.session = spared
        if self.spares_sessions:
            return
        with translated("Ending the sessions of the migration"):
            try:
                end_sessions(self._database, spared)
            except psycopg.OperationalError:
                self._release()
                end_sessions(self._database, spared)

    @property
    def version_tables(self) -> frozenset[str]:
        """The qualified, quoted names of the version tables of the attached env.py (several when it serves tenants)."""
        return self._bookkeeping

    def heads(self) -> frozenset[str]:
        """What the version table holds; empty when there is none."""
        with translated("Reading the version table"):
            self._heads = read_heads(self._database, self._versions)
        return self._heads

    # Steps.

    def upgrade(self, revision: str, interruption: Interruption | None = None) -> Outcome:
        """Apply exactly this revision; an `interruption` cuts it short."""
        return self._run({"do": "upgrade", "revision": self._known(revision)}, interruption)

    def downgrade(self, revision: str, interruption: Interruption | None = None) -> Outcome:
        """Take back exactly this revision; an `interruption` cuts it short."""
        return self._run({"do": "downgrade", "revision": self._known(revision)}, interruption)

    def observed(self, do: str, revision: str) -> Outcome:
        """As `upgrade` or `downgrade` (`do`), with a look at the session after each statement: Outcome.watched.

        The database must hold what looks are made with (migration_checks.observers.standing.install).
        """
        return self._run({"do": do, "revision": self._known(revision), "observe": True})

    def leap(self, end: Iterable[str]) -> Outcome:
        """Apply everything up to `end` in one run of env.py with its own transactions, as `alembic upgrade` does."""
        return self._run({"do": "leap", "end": sorted(self._known(each) for each in end)})

    def stamp(self, heads: Collection[str]) -> None:
        """Let the version table hold exactly `heads`, without running a script."""
        outcome = self._run({"do": "stamp", "heads": sorted(self._known(each) for each in heads)})
        if outcome.failure is not None or outcome.heads != frozenset(heads):
            why = outcome.failure.message if outcome.failure else "the version table holds something else afterwards"
            raise EnvironmentFailure(
                f"The version table cannot be written: {why}.", "Check version_table and its schema in env.py."
            )

    def drift(self) -> tuple[str, ...] | None:
        """What autogenerate would still change at these heads, in words; None when env.py offers no metadata."""
        answer = self._inquire(self._ready(), {"do": "drift"}, "comparing the models")
        self._end_sessions()
        return None if answer["drift"] is None else tuple(redacted(each) for each in answer["drift"])

    def _known(self, revision: str) -> str:
        if revision not in self.graph().by_id:
            raise UnknownRevision(
                f"There is no revision {revision!r} in this chain.", "See `migration-checks graph` for all of them."
            )
        return revision

    def _run(self, order: Message, interruption: Interruption | None = None) -> Outcome:
        """Give an order that runs scripts; whatever becomes of it is an Outcome."""
        worker = self._ready()
        before = self._heads if self._heads is not None else self.heads()
        expected, began = before, time.monotonic()
        try:
            stop = () if interruption is None else interruption.places
            same, self.same_beginning = self.same_beginning, False
            told = {"known": sorted(before), "stop": stop, "unless_applied": self.spares_sessions, "same_beginning": same}
            worker.send({**order, **told})
            answer = worker.receive(began + self.timeout)
            if "began" in answer:
                expected = frozenset(answer["began"])
                answer = worker.receive(began + self.timeout)
            while "stopped" in answer and interruption is not None:
                interruption.stopped(answer["stopped"], worker.pid)
                worker.send({"do": "go on"})
                interruption.under_way(answer["stopped"], worker.pid)
                answer = worker.receive(began + self.timeout)
        except WorkerDied as died:
            self._discard()
            failure = Failure(
                kind="WorkerDied", message=f"the migration ended the process with {_status(died.status)}.{self._last_words()}"
            )
        except WorkerSilent:
            failure = self._silent()
        else:
            return self._settled(_outcome(answer), answer["session"])
        return self._settled(Outcome(time.monotonic() - began, (), failure, before, expected))

    def _silent(self) -> Failure:
        """End a worker that takes too long, and say what it waits for."""
        blocked: tuple[str, str | None] | None = None
        with suppress(psycopg.Error):
            blocked = blocked_sessions(self._database)
        self._discard()
        message = f"it took longer than {self.timeout:g} s"
        waits, statement = blocked or ("", None)
        return Failure(
            kind="StepTimeout", message=message + (f": {waits}" if waits else ""), timed_out=True, statement=statement
        )

    def _settled(self, outcome: Outcome, session: int | None = None) -> Outcome:
        """End what the step left connected, but for the `session` kept, and read where the version table stands.

        Raises ProviderError when the database can no longer be reached.
        """
        if not self.spares_sessions and len(self._versions) == 1:
            with suppress(psycopg.Error):  # asked again, and told, below
                heads = settle(self._database, self._versions[0], session)
                if heads is not None:
                    self.session, self._heads = session, heads
                    return replace(outcome, heads=heads)
        self._end_sessions(session)
        return replace(outcome, heads=self.heads())


def _outcome(answer: Message) -> Outcome:
    failure = failure_from(answer["failure"])
    if failure is not None:
        statement = None if failure.statement is None else _harmless(failure.statement)
        failure = replace(failure, message=_harmless(failure.message), statement=statement)
    return Outcome(
        seconds=answer["seconds"],
        statements=tuple(_redacted(statement_from(each)) for each in answer["statements"]),
        failure=failure,
        heads=frozenset(),
        expected_heads=frozenset(answer["expected"]),
        statement_count=answer["count"],
        refused=tuple(redacted(each) for each in answer["refused"]),
        watched=answer.get("watched"),
    )


def _redacted(statement: Statement) -> Statement:
    text = _harmless(statement.sql)
    return statement if text == statement.sql else replace(statement, sql=text)


def _harmless(text: str) -> str:
    return redacted(text) if "://" in text or "password" in text.lower() else text


def _error(answer: Message) -> ToolkitError:
    kind: type[ToolkitError] = getattr(errors, answer["kind"], EnvironmentFailure)
    return kind(redacted(answer["message"]), answer["remedy"])


def _status(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    with suppress(ValueError):
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"

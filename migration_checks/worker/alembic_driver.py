"""Drives Alembic step by step: one run of env.py parked for the whole walk where that is exact, else one run a step.

Alembic's own loop (`MigrationContext.run_migrations`) asks a generator for the next step, applies it in a transaction of its
own, keeps the version table and calls env.py's callbacks. The generator is here: it hands out a step, reports what became
of it when it is asked again, and only then waits for the next order. Parked or not, what is applied is what `alembic upgrade`
would apply; between parked steps the session is made as good as new, or closed (keeping.py), so that each begins in a fresh
one, as separate commands would.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import alembic
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import HeadMaintainer, MigrationContext, MigrationStep
from alembic.script import ScriptDirectory

from migration_checks.errors import EnvironmentFailure
from migration_checks.transition import Failure
from migration_checks.worker import drift, keeping, loading, ranges
from migration_checks.worker.address import Address
from migration_checks.worker.failures import failure_of
from migration_checks.worker.guard import Guard
from migration_checks.worker.halting import Halt
from migration_checks.worker.manner import Manner, Probe, url_for
from migration_checks.worker.statements import Places, Recorder
from migration_checks.worker.variables import guard_children
from migration_checks.worker.watching import Watch
from migration_checks.worker.wire import Message, graph_message, statement_message


@dataclass
class Job:
    """An order to run something, and what is known of it so far."""

    order: Message
    expected: set[str] = field(default_factory=set)
    began: float = 0.0
    ended: float = 0.0

    @property
    def is_step(self) -> bool:
        return self.order["do"] in ("upgrade", "downgrade")

    @property
    def is_plain(self) -> bool:
        """Whether nobody watches or stops it, or is attached to the same database: its session is nobody else's business."""
        return not any(self.order.get(each) for each in ("observe", "stop", "unless_applied"))


class Driver:
    """One project's Alembic. `take` waits for the next order, `put_back` leaves it to the caller, `reply` answers one."""

    def __init__(
        self, guard: Guard, take: Callable[[], Message], put_back: Callable[[Message], None], reply: Callable[[Message], None]
    ) -> None:
        self.guard = guard
        self.recorder = Recorder(str(Path(alembic.__file__).parent))
        self.recorder.install()
        self.watch = Watch(self.recorder)
        self.watch.install()
        self.halt = Halt(self.recorder, take, reply)
        self._take, self._put_back, self._reply = take, put_back, reply
        self._config: Config | None = None
        self._directory: ScriptDirectory | None = None
        self._manner: Manner | None = None
        self._job: Job | None = None
        self._kept = False  # whether the session of the step before is still open

    # Loading.

    def load(self, lineage: Message) -> Message:
        """Import everything; raises EnvironmentFailure or ConfigurationError."""
        loading.prepare_imports(lineage)
        self._config = loading.load_config(lineage)
        self._directory = loading.load_scripts(self._config)
        graph = loading.graph_of(self._directory)
        self.recorder.places = Places((each.path for each in graph.revisions), self._directory.dir)
        return {"graph": graph_message(graph)}

    @property
    def config(self) -> Config:
        assert self._config is not None
        return self._config

    @property
    def directory(self) -> ScriptDirectory:
        assert self._directory is not None
        return self._directory

    def resolve(self, text: str) -> Message:
        """Start and end of a range."""
        start, end = ranges.resolve_range(self.directory, text)
        return {"start": start, "end": end}

    # Attaching.

    def attach(self, url: str) -> Message:
        """Point env.py at `url`; the first time, find out how it wants to be run. Raises EnvironmentFailure."""
        address = Address.of(url)
        self.guard.point_at(address)
        guard_children(os.environ, url)
        url_for(self.config, address)
        unknown = self._manner is None
        if self._manner is None:
            self._manner = Probe(self.config, self.directory, self.guard, self.recorder).manner()
        return {**self._manner.message(), "probed": unknown}

    @property
    def manner(self) -> Manner:
        if self._manner is None:
            raise EnvironmentFailure("No database is attached.", "Call attach first.")
        return self._manner

    # Running.

    def run(self, order: Message) -> None:
        """Carry out an order that runs scripts, and the steps that follow it while env.py is parked; replies to each."""
        self._job, self._kept = Job(order), False
        parked = self._job.is_step and self.manner.parked
        work = {"leap": self._leap, "stamp": self._stamp}.get(order["do"], self._steps)
        try:
            self._run_env(work, per_migration=parked or order["do"] == "stamp", destination=str(order.get("revision", "heads")))
        except BaseException as error:  # SystemExit and KeyboardInterrupt too: a script may raise anything
            self._finish(failure_of(error, self.recorder.places, self.recorder.first_error))
        else:
            self._finish(None)

    def _run_env(
        self, work: Callable[[Any, MigrationContext], Iterable[Any]], *, per_migration: bool, destination: str
    ) -> None:
        with EnvironmentContext(
            self.config, self.directory, fn=work, as_sql=False, starting_rev=None, destination_rev=destination, tag=None
        ) as environment:
            if per_migration:
                _force(environment)
            with self.manner.supplied(self.config):
                self.directory.run_env()

    def _steps(self, heads: Collection[str], context: MigrationContext) -> Iterator[Any]:
        """What Alembic's loop iterates over: the step that was ordered, and when parked, those ordered afterwards."""
        current = set(heads)
        while self._job is not None:
            step = self._step(self._job, current)
            if step is None:
                return
            if self.manner.parked:
                self._connect(self._job, context.connection)
            self._begin(self._job)
            yield step
            self._job.ended = time.perf_counter()
            if not self.manner.parked:
                return
            current = set(self._job.expected)
            session = self._end(self._job, context.connection)
            context.impl.memo.clear()  # SQLAlchemy notes there which enum types this run has created already
            self._finish(None, session)
            self._await_next(current)

    def _connect(self, job: Job, connection: Any) -> None:
        """Open the session now, so that it is not timed: another one than before where that would not be as good as new."""
        if self._kept and not (job.is_plain and job.order.get("same_beginning")):
            keeping.close(connection)
            self._kept = False
        _ = connection.connection
        if self.manner.plain and not self._kept:
            self._opened = keeping.opened(connection)

    def _end(self, job: Job, connection: Any) -> int | None:
        """End what a step leaves in its session: the session too, unless it may serve the next one; then its process id."""
        session: int | None = None
        if self.manner.plain and job.is_plain:
            session = keeping.renew(connection, self._opened, (each.sql for each in self.recorder.statements))
        else:
            keeping.close(connection)
        self._kept = session is not None
        return session

    def _step(self, job: Job, heads: set[str]) -> Any:
        """The step for `job`, None when these heads have it already (one of several tenants, or the second of two runners)."""
        script = self.directory.get_revision(job.order["revision"])
        upward = job.order["do"] == "upgrade"
        if (self.manner.several or job.order.get("unless_applied")) and (self._has(heads, script.revision) == upward):
            return None
        make = MigrationStep.upgrade_from_script if upward else MigrationStep.downgrade_from_script
        step = make(self.directory.revision_map, script)
        job.expected |= _rehearse([step], heads)
        return self._recorded(step)

    def _has(self, heads: set[str], revision: str) -> bool:
        below = self.directory.iterate_revisions(tuple(heads), "base", implicit_base=True) if heads else ()
        return any(each.revision == revision for each in below)

    def _await_next(self, heads: set[str]) -> None:
        order = self._take()
        known = order.get("known")
        if order["do"] in ("upgrade", "downgrade") and (known is None or set(known) == heads):
            self._job = Job(order)
        else:
            self._put_back(order)

    def _leap(self, heads: Any, context: MigrationContext) -> Iterator[Any]:
        assert self._job is not None
        end = tuple(self._job.order["end"])
        target: Any = "heads" if set(end) == set(self.directory.get_heads()) else end[0] if len(end) == 1 else end
        steps = self.directory._upgrade_revs(target, heads)
        self._job.expected |= _rehearse(steps, set(heads))
        self._begin(self._job)
        for step in steps:
            yield self._recorded(step)

    def _stamp(self, heads: Any, context: MigrationContext) -> Sequence[Any]:
        assert self._job is not None
        self._job.expected |= set(self._job.order["heads"])
        self._begin(self._job)
        with context.begin_transaction(_per_migration=True):
            context._ensure_version_table()
            connection: Any = context.connection
            connection.execute(context._version.delete())
            for each in self._job.order["heads"]:
                connection.execute(context._version.insert().values(version_num=each))
        return ()

    def _recorded(self, step: Any) -> Any:
        """`step`, heard by the recorder while its script runs, and no longer."""
        function = step.migration_fn

        def run(**arguments: Any) -> None:
            with self.recorder.recording():
                function(**arguments)
                self.halt.over()

        step.migration_fn = run
        return step

    def _begin(self, job: Job) -> None:
        if job.began:
            return  # another tenant of the same step
        self.recorder.clear()
        self.halt.arm(job.order.get("stop", ()))
        self._reply({"began": sorted(job.expected)})
        job.began = time.perf_counter()
        if job.order.get("observe"):
            self.watch.start(job.began)

    def _finish(self, failure: Failure | None, session: int | None = None) -> None:
        """Answer the order in hand, if there is one left (an error after the last parked step belongs to no step).

        `session` is the process id of a session that waits for the next order.
        """
        job, self._job = self._job, None
        if job is None:
            return
        refused, self.guard.refusals = self.guard.refusals, []
        self._reply(
            {
                "seconds": (job.ended if self.manner.parked and job.ended else time.perf_counter()) - job.began
                if job.began
                else 0.0,
                "statements": [statement_message(each) for each in self.recorder.statements] if job.began else [],
                "count": self.recorder.count if job.began else 0,
                "failure": None if failure is None else asdict(failure),
                "expected": sorted(job.expected),
                "refused": refused,
                "session": session,
                **self.watch.stop(),
            }
        )

    def drift(self) -> Message:
        """What autogenerate would still change, as sentences; None when env.py offers no metadata."""
        found: list[list[str]] = []
        try:
            self._run_env(lambda heads, context: drift.collect(context, found), per_migration=False, destination="heads")
        except BaseException as error:
            raise EnvironmentFailure(
                f"The models cannot be compared with the database: {loading.explain(error)}.", loading.remedy_for(error)
            ) from error
        return {"drift": sorted({line for lines in found for line in lines}) if found else None}


class _Rehearsal(HeadMaintainer):
    """Alembic's bookkeeping of heads without the version table."""

    def _insert_version(self, version: str) -> None:
        self.heads.add(version)

    def _delete_version(self, version: str) -> None:
        self.heads.discard(version)

    def _update_version(self, from_: str, to_: str) -> None:
        self.heads.discard(from_)
        self.heads.add(to_)


def _rehearse(steps: Iterable[Any], heads: set[str]) -> set[str]:
    """What the version table should hold after `steps`."""
    rehearsal = _Rehearsal(None, heads)  # type: ignore[arg-type]
    for step in steps:
        rehearsal.update_to_step(step)
    return set(rehearsal.heads)


def _force(environment: EnvironmentContext) -> None:
    """Let whatever env.py configures commit each step: on the instance, since `alembic.context` proxies that."""
    configure = environment.configure

    def configure_per_migration(*arguments: Any, **options: Any) -> None:
        configure(*arguments, **{**options, "transaction_per_migration": True})

    environment.configure = configure_per_migration  # type: ignore[method-assign]

"""Finds out how an env.py wants to be run: whether one run may be parked for the walk, and where its version table is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from configparser import InterpolationError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from migration_checks.errors import EnvironmentFailure
from migration_checks.worker import loading
from migration_checks.worker.address import Address
from migration_checks.worker.guard import ForeignConnection, Guard
from migration_checks.worker.keeping import PLAIN
from migration_checks.worker.statements import Recorder, is_autocommit
from migration_checks.worker.wire import Message

# What asyncpg switches off by itself, and what belongs to the transaction, is not env.py's doing.
_SESSION = f"""
SELECT pg_catalog.current_schema(), current_user = session_user AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_settings WHERE source = 'session' AND name <> 'jit' AND name !~ '^transaction_'
), {PLAIN}
"""


@dataclass(frozen=True)
class Manner:
    """How env.py is run. `parked`: one run serves many steps. `several`: one run migrates several schemas or databases.

    `supply` is what env.py takes from config.attributes["connection"] ("connection", "engine" or None for nothing);
    `versions` are (schema, name) of the version tables; `why` says what speaks against parking; `plain` that its session
    holds nothing of what DISCARD ALL takes away.
    """

    parked: bool
    several: bool
    supply: str | None
    versions: tuple[tuple[str, str], ...]
    why: str = ""
    plain: bool = False

    def message(self) -> Message:
        """As JSON."""
        return {"versions": [list(each) for each in self.versions], "parked": self.parked, "why": self.why}

    @contextmanager
    def supplied(self, config: Config) -> Iterator[None]:
        """Give env.py the connection that it wants to be given."""
        if self.supply is None:
            config.attributes.pop("connection", None)
            yield
            return
        engine = sa.create_engine("postgresql+psycopg://", poolclass=sa.NullPool)
        if self.supply == "engine":
            config.attributes["connection"] = engine
            yield
        else:
            with engine.connect() as connection:
                config.attributes["connection"] = connection
                yield


class Attributes(dict[Any, Any]):
    """Attributes of a configuration that remember whether anybody asked for a connection: env.py, or whatever it calls."""

    connection_asked = False

    def __getitem__(self, name: Any) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._note(name)
        return super().__contains__(name)

    def get(self, name: Any, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def setdefault(self, name: Any, default: Any = None) -> Any:
        self._note(name)
        return super().setdefault(name, default)

    def _note(self, name: object) -> None:
        self.connection_asked = self.connection_asked or name == "connection"


@dataclass
class _Visit:
    """What one call of run_migrations showed."""

    version: tuple[str, str]
    objection: str
    plain: bool


class Probe:
    """Runs env.py once without a step, and watches."""

    def __init__(self, config: Config, directory: ScriptDirectory, guard: Guard, recorder: Recorder) -> None:
        self._config = config
        self._directory = directory
        self._guard = guard
        self._recorder = recorder
        self._visits: list[_Visit] = []

    def manner(self) -> Manner:
        """How to run this env.py. Raises EnvironmentFailure when it cannot be run, or never migrates anything."""
        first: BaseException | None = None
        self._config.attributes = Attributes(self._config.attributes)
        for supply in self._supplies(self._config.attributes):
            try:
                self._run(supply)
            except BaseException as error:
                first = first or error
            else:
                return self._judged(supply)
        assert first is not None
        raise self._failure(first) from first

    @staticmethod
    def _supplies(attributes: Attributes) -> Iterator[str | None]:
        """What to hand to env.py, in the order in which it is tried: something only where it was asked for."""
        yield None
        if attributes.connection_asked:
            yield from ("connection", "engine")

    def _run(self, supply: str | None) -> None:
        self._visits.clear()
        self._recorder.strangers = self._guard.raw_connections = 0
        with (
            EnvironmentContext(
                self._config,
                self._directory,
                fn=self._visit,
                dont_mutate=True,
                as_sql=False,
                starting_rev=None,
                destination_rev="heads",
                tag=None,
            ),
            Manner(False, False, supply, ()).supplied(self._config),
        ):
            self._directory.run_env()

    def _visit(self, heads: Any, context: MigrationContext) -> Sequence[Any]:
        connection = context.connection
        if context.as_sql or connection is None:
            raise EnvironmentFailure(
                "env.py gives Alembic no connection (it runs offline).", "Let it call context.configure(connection=...)."
            )
        before = self._recorder.strangers
        schema, fresh, plain = connection.exec_driver_sql(_SESSION).one()
        self._recorder.strangers = before
        version = (str(context.version_table_schema or schema or "public"), str(context.version_table))
        self._visits.append(_Visit(version, self._objection(context, bool(fresh)), bool(plain)))
        return ()

    @staticmethod
    def _objection(context: MigrationContext, fresh: bool) -> str:
        """Why steps could not share this run of env.py, "" when they can."""
        connection: Any = context.connection
        if getattr(context, "_in_external_transaction", True):
            return "env.py begins the transaction itself"
        if getattr(context, "_transaction", None) is None and not getattr(context, "_transaction_per_migration", False):
            return "env.py does not let Alembic begin the transaction"
        if is_autocommit(connection):
            return "env.py migrates in autocommit mode"
        return "" if fresh else "env.py changes settings or the role of its session"

    def _judged(self, supply: str | None) -> Manner:
        if not self._visits:
            raise EnvironmentFailure(
                "env.py ran, but never called context.run_migrations().",
                "See what keeps it from it (a condition on the arguments, the mode or the environment).",
            )
        objections = [each.objection for each in self._visits if each.objection]
        if len(self._visits) > 1:
            objections.append("env.py migrates several times in one run")
        if self._recorder.strangers:
            objections.append("env.py sends statements of its own")
        if self._guard.raw_connections:
            objections.append("env.py opens connections of its own")
        versions = tuple(dict.fromkeys(each.version for each in self._visits))
        why = "; ".join(dict.fromkeys(objections))
        plain = all(each.plain for each in self._visits)
        return Manner(not objections, len(self._visits) > 1, supply, versions, why, plain)

    @staticmethod
    def _failure(error: BaseException) -> EnvironmentFailure:
        if isinstance(error, EnvironmentFailure):
            return error
        if isinstance(error, ForeignConnection):
            return EnvironmentFailure(f"env.py cannot be run: {loading.explain(error)}.", error.remedy)
        return EnvironmentFailure(f"env.py cannot be run: {loading.explain(error)}.", loading.remedy_for(error))


def url_for(config: Config, address: Address) -> None:
    """Let sqlalchemy.url name our database, with the driver that the project chose.

    Connections of engines are redirected anyway; this is for an env.py that hands the URL to a driver, or whose
    configuration leaves it out.
    """
    try:
        given = config.get_main_option("sqlalchemy.url")
    except InterpolationError:
        return
    driver = "postgresql+psycopg"
    if given and not given.startswith("driver://"):
        try:
            driver = make_url(given).drivername
        except sa.exc.ArgumentError:
            return
        if not driver.startswith("postgresql"):
            return
    url = sa.URL.create(
        driver,
        address.user or None,
        address.password,
        database=address.dbname,
        query={"host": address.host, "port": str(address.port)},
    )
    config.set_main_option("sqlalchemy.url", url.render_as_string(hide_password=False).replace("%", "%%"))

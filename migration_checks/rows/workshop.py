"""The toolkit's own schema inside a walked database: made when first needed, silently, holding mirrors and helpers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import md5
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from migration_checks.database import OWN_SCHEMA
from migration_checks.lane import Lane
from migration_checks.rows.values import literal, quoted

T = TypeVar("T")
Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

_SETTINGS = (
    "work_mem = '128MB'",
    "lock_timeout = '10s'",
    "jit = off",
    # Mirrors have no statistics: a third of all rows is thought to differ, and to be too many to be passed on by parallel
    # workers.
    "parallel_tuple_cost = 0",
)

# For the same reason a guess of few rows, or a LIMIT, would lead to nested loops, and a LIMIT to sorting all.
_FOR_ROWS = ("enable_nestloop = off", "enable_mergejoin = off")
_FOR_CATALOG = b"SELECT set_config('enable_nestloop', 'on', false), set_config('enable_mergejoin', 'on', false)", ()

_CAST = """
CREATE OR REPLACE FUNCTION {name}(value {source}) RETURNS {target} LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
BEGIN
    RETURN value::{target};
EXCEPTION WHEN others THEN
    BEGIN
        RETURN value::text::{target};
    EXCEPTION WHEN others THEN
        RETURN NULL;
    END;
END $body$
"""


class _Spoilt(Exception):
    """A part of a job failed that had no savepoint of its own."""


def settle_in(connection: Connection) -> None:
    """Set a session up for the work of a workshop."""
    connection.execute("; ".join(f"SET {setting}" for setting in (*_SETTINGS, *_silence(connection))).encode())


def _silence(connection: Connection) -> Iterator[str]:
    """What keeps the user's event triggers from hearing what is ours; only a superuser may, others live with them."""
    if connection.info.parameter_status("is_superuser") == "on":
        recent = connection.info.server_version >= 170000
        yield "event_triggers = off" if recent else "session_replication_role = replica"


class Workshop:
    """Runs the toolkit's own statements in one database; `work` wraps them in a transaction that no event trigger hears.

    Where the connection is `private`, it has been settled in (`settle_in`), and a single statement needs no transaction. It is
    then turned to and fro between rows and catalog, on the way to the server that is due anyhow: what suits the one would make
    plans for the other that are used for as long as the session lasts.
    """

    def __init__(self, connection: Connection, *, private: bool = False) -> None:
        self.connection = connection
        self.private = private
        self._turned = False
        self._token = secrets.token_hex(4)
        self._count = 0
        self._schema = False
        self._casts: dict[str, tuple[str, str]] = {}
        self._made: set[str] = set()
        self._identifiers: dict[str, str] = {}
        self._bold = False

    def job(self, work: Callable[[], T]) -> T:
        """What `work` gives, each part of which is done by `alone`; it may be called twice.

        Where a transaction is needed for the settings, it is first one without savepoints, each of which costs two round trips,
        and when a part fails once more one with them.
        """
        if self.private and self.connection.info.transaction_status is TransactionStatus.IDLE:
            return work()
        self._bold = True
        try:
            with self.work():
                return work()
        except _Spoilt:
            self._bold = False
            with self.work():
                return work()
        finally:
            self._bold = False

    @contextmanager
    def work(self) -> Iterator[None]:
        """One transaction for a job: what fails inside leaves nothing behind."""
        if self.connection.info.transaction_status is not TransactionStatus.IDLE:
            with self.attempt():
                self.execute("; ".join(self._settings()))
                yield
            return
        with self._remembered():
            self.execute("; ".join(("BEGIN", *self._settings())))  # in one round trip
            try:
                yield
            except BaseException:
                with suppress(psycopg.OperationalError):  # the session may be gone
                    self.connection.rollback()
                raise
            self.connection.commit()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A transaction, or a part of one: when it fails, what was made in it is known to be gone."""
        if self._bold:
            try:
                yield
            except psycopg.Error as error:
                raise _Spoilt from error
            return
        with self._remembered(), self.connection.transaction():
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For a single statement that may fail: outside of a transaction it needs no other."""
        if self.connection.info.transaction_status is TransactionStatus.IDLE:
            yield
        else:
            with self.attempt():
                yield

    @contextmanager
    def _remembered(self) -> Iterator[None]:
        """What was made here is known to be gone when it fails."""
        schema, made = self._schema, set(self._made)
        try:
            yield
        except BaseException:
            self._schema, self._made, self._turned = schema, made, False
            raise

    def _settings(self) -> Iterator[str]:
        if not self.private:
            yield from (f"SET LOCAL {setting}" for setting in (*_SETTINGS, *_FOR_ROWS, *_silence(self.connection)))

    def execute(self, statement: str) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run SQL that was put together here; every name in it is quoted, every value a constant."""
        if not self.private:
            return self.connection.execute(statement)
        lane = Lane.of(self.connection)
        if self._turned and not lane.clear:
            return self.connection.execute(statement)
        cursor = self.connection.execute("; ".join((*(f"SET {setting}" for setting in _FOR_ROWS), statement)))
        while cursor.nextset():
            pass
        lane.beforehand(_FOR_CATALOG)
        self._turned = True
        return cursor

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.execute(statement).fetchall()

    def look(self, query: bytes, *given: bytes) -> list[Any]:
        """Ask the catalog something that is asked at every place: the JSON value of each row (see Lane)."""
        (found,) = Lane.of(self.connection).parsed((query, given))
        return found

    def row(self, statement: str) -> tuple[Any, ...]:
        row = self.execute(statement).fetchone()
        assert row is not None
        return row

    def relation(self, prefix: str) -> str:
        """A fresh qualified name for a relation of ours."""
        self._ensure_schema()
        self._count += 1
        return f"{OWN_SCHEMA}.{quoted(f'{prefix}_{self._token}_{self._count}')}"

    def identifier(self, name: str) -> str:
        """`name` as quote_ident writes it: in quotes only where it needs them."""
        if name not in self._identifiers:
            self._identifiers[name] = str(self.row(f"SELECT quote_ident({literal(name)})")[0])
        return self._identifiers[name]

    def temporary(self, prefix: str) -> str:
        """A fresh name for a temporary table."""
        self._count += 1
        return f"pg_temp.{quoted(f'migration_checks_{prefix}_{self._count}')}"

    def _ensure_schema(self) -> None:
        if not self._schema:
            self.execute(f"CREATE SCHEMA IF NOT EXISTS {OWN_SCHEMA}")
            self._schema = True

    def cast(self, value: str, source: str, target: str) -> str:
        """SQL that casts `value`, or is NULL where it does not fit; `finish` makes the function that it calls."""
        name = f"{OWN_SCHEMA}.cast_{md5(f'{source}>{target}'.encode()).hexdigest()[:12]}"
        self._casts[name] = (source, target)
        return f"{name}({value})"

    def finish(self) -> None:
        """Make the functions that SQL from `cast` calls."""
        for name in [each for each in self._casts if each not in self._made]:
            self._ensure_schema()
            source, target = self._casts[name]
            self.execute(_CAST.format(name=name, source=source, target=target))
            self._made.add(name)

    def exists(self, relation: str) -> bool:
        return bool(self.row(f"SELECT to_regclass({literal(relation.removeprefix('ONLY '))}) IS NOT NULL")[0])


def why(error: psycopg.Error) -> str:
    """An error of the server as half a sentence."""
    text = error.diag.message_primary or (str(error).splitlines() or [type(error).__name__])[0]
    return text.strip().rstrip(".")

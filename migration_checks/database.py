"""Connections, and the databases that a run makes on a server: all of them are its own, and all are dropped."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from types import TracebackType
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from migration_checks.connection import OWN_PREFIX, connect, database_name, libpq_url, redacted, translated, with_database
from migration_checks.errors import ToolkitError
from migration_checks.providers.contract import Server

__all__ = [
    "OWN_PREFIX",
    "OWN_SCHEMA",
    "Databases",
    "connect",
    "database_name",
    "libpq_url",
    "redacted",
    "translated",
    "with_database",
]

OWN_SCHEMA = "migration_checks_own"

# The first half of the advisory lock that a living run holds; the second half is its token.
_LOCK_CLASS = 0x6D63


class Databases:
    """The databases of one run on a server, dropped when the with block ends, even if some of that fails.

    Names are `mc_<token>_<n>_<label>`. While it lives, a run holds an advisory lock named by its token, so the next run can
    tell the databases of the dead from those of the living, and drops them.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.token = secrets.randbits(31)
        self._made: list[str] = []
        self._count = 0
        self._roles: frozenset[str] = frozenset()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def __enter__(self) -> Databases:
        with translated("Preparing the server"):
            self._sweep()
            self._roles = self._current_roles()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        failures: list[ToolkitError] = []
        for name in reversed(self._made.copy()):
            try:
                self._drop(name)
            except ToolkitError as failure:
                failures.append(failure)
        try:
            self.restore_roles()
        except ToolkitError as failure:
            failures.append(failure)
        if self._connection is not None:
            self._connection.close()
        if failures and error is None:
            raise failures[0]

    def create(self, label: str, template: str | None = None) -> str:
        """Create a database and return its URL; empty, or a copy of the database named `template`."""
        self._count += 1
        name = f"{OWN_PREFIX}{self.token:08x}_{self._count}_{re.sub(r'[^a-z0-9_]+', '_', label.lower())}"[:63]
        self._made.append(name)  # before it exists: an interrupt in between must not leave it behind
        self._execute(
            f"Creating the database {name}",
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template or "template0")),
        )
        return with_database(self.server.url, name)

    def copy(self, url: str, label: str) -> str:
        """Copy a database that no session is connected to, and return the copy's URL."""
        return self.create(label, template=database_name(url))

    def drop(self, url: str) -> None:
        """Drop a database of this run, ending the sessions that are connected to it."""
        name = database_name(url)
        if name not in self._made:
            raise ValueError(f"{name} is not a database of this run")
        self._drop(name)

    def restore_roles(self) -> None:
        """Drop the roles that appeared since this run began; what they own must be gone with its database."""
        for role in sorted(self._current_roles() - self._roles):
            self._execute(f"Dropping the role {role}", sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))

    def _drop(self, name: str) -> None:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        self._execute(f"Dropping the database {name}", statement)
        self._made.remove(name)

    def _current_roles(self) -> frozenset[str]:
        return frozenset(str(name) for (name,) in self._query("SELECT rolname FROM pg_roles"))

    def _sweep(self) -> None:
        """Drop what dead runs of this role left: databases with our prefix whose token no living session has locked."""
        for (name,) in self._query(_STALE, (_LOCK_CLASS,)):
            with suppress(ToolkitError):  # another run may be sweeping the same
                self._execute("Sweeping", sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, doing: str, statement: sql.Composed) -> None:
        with translated(doing):
            self._maintenance().execute(statement)

    def _query(self, statement: LiteralString, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        return self._maintenance().execute(statement, parameters or None).fetchall()

    def _maintenance(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection that holds the run's lock; opened again after the server was restarted."""
        if self._connection is None or self._connection.closed:
            self._connection = connect(self.server.url)
            self._connection.execute("SELECT pg_advisory_lock(%s, %s)", (_LOCK_CLASS, self.token))
        return self._connection


_STALE = """
SELECT d.datname
FROM pg_database d
WHERE d.datname ~ '^mc_[0-9a-f]{8}_'
  AND pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (
      SELECT FROM pg_locks l
      WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objsubid = 2
        AND l.objid::int8 = ('x' || substr(d.datname, 4, 8))::bit(32)::int8
  )
"""

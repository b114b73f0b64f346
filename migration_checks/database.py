"""Connections, and the databases that a run makes on a server: all of them are its own, and all are dropped."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, LiteralString
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from migration_checks.errors import ProviderError, ToolkitError
from migration_checks.providers.contract import Server

OWN_SCHEMA = "migration_checks_own"
OWN_PREFIX = "mc_"

# The first half of the advisory lock that a living run holds; the second half is its token.
_LOCK_CLASS = 0x6D63
_SESSION: Mapping[str, str] = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "row_security": "off",
    "statement_timeout": "0",
    "search_path": "pg_catalog",
}


def connect(url: str, *, autocommit: bool = True) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection whose session shows every value the same way, whatever the server or the role prefer.

    The settings are the session's defaults: `RESET ALL` and `DISCARD ALL` come back to them.
    Raises psycopg.OperationalError; `translated` makes a sentence of it.
    """
    given = conninfo_to_dict(url)
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    given["options"] = f"{given['options']} {options}" if given.get("options") else options
    given["application_name"] = "migration-checks"
    return psycopg.connect(**given, autocommit=autocommit)  # type: ignore[arg-type]


def libpq_url(parameters: Mapping[str, Any]) -> str:
    """Write connection parameters as the URL that libpq and SQLAlchemy both read."""
    rest = {name: str(value) for name, value in parameters.items() if value is not None}
    user, password = rest.pop("user", ""), rest.pop("password", "")
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "") + ("@" if user or password else "")
    where, name = "", quote(rest.pop("dbname", ""), safe="")
    host = rest.get("host", "")
    if host and not host.startswith(("/", "@")) and "," not in host and ":" not in host:
        where = quote(rest.pop("host"), safe="") + (f":{rest.pop('port')}" if "port" in rest else "")
    query = urlencode(rest, quote_via=quote, safe="/")
    return f"postgresql://{who}{where}/{name}{'?' + query if query else ''}"


def with_database(url: str, name: str) -> str:
    """The same server, role and options, another database."""
    return libpq_url({**conninfo_to_dict(url), "dbname": name})


def database_name(url: str) -> str:
    """The database that a URL names."""
    return str(conninfo_to_dict(url).get("dbname", ""))


def redacted(text: str) -> str:
    """`text` without the passwords of any URL or connection string in it."""
    text = re.sub(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@]*@", r"\g<head>:***@", text, flags=re.IGNORECASE)
    return re.sub(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", r"\1***", text)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn a psycopg error of our own operation into a ProviderError of one sentence: "<doing> failed: ...".

    Classified by SQLSTATE, never by text; no password can be in it.
    """
    try:
        yield
    except psycopg.Error as error:
        raise ProviderError(f"{doing} failed: {_first_line(error)}.", _remedy(error)) from error


def _first_line(error: psycopg.Error) -> str:
    text = error.diag.message_primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
    return redacted(text.strip().rstrip("."))


def _remedy(error: psycopg.Error) -> str:
    state = error.sqlstate or ""
    for prefix, remedy in _REMEDIES:
        if state.startswith(prefix):
            return remedy
    if not state:
        return "See that the server runs and can be reached from here, then try again."
    return "See the server's log for details, or use another provider with --provider."


_REMEDIES = (
    ("53100", "Free space on the server's disk, or choose fewer rows with --rows."),
    ("53300", "Close other sessions or raise max_connections on the server."),
    ("53", "Free resources on the server, or choose fewer rows with --rows."),
    ("42501", "Give the role the CREATEDB privilege (ALTER ROLE ... CREATEDB), or use another role."),
    ("28", "Check the user and the password in the URL."),
    ("3D000", "Name an existing maintenance database in the URL, such as postgres."),
    ("55006", "Close the sessions that are connected to this database."),
    ("57", "See why the server was shut down, then try again."),
    ("58", "See the server's log: its storage failed."),
)


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

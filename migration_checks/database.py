"""The databases that a run makes on a server: all of them are its own, and all of them are dropped."""

from __future__ import annotations

import json
import re
import secrets
import time
from contextlib import ExitStack, suppress
from importlib.resources import files
from types import TracebackType
from typing import Any, LiteralString, TypeAlias

import psycopg
from psycopg import sql

from migration_checks.connection import OWN_PREFIX, connect, database_name, libpq_url, redacted, translated, with_database
from migration_checks.errors import ProviderError, ToolkitError
from migration_checks.providers.contract import Server
from migration_checks.roles import dependent_roles, drop_role

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
# The connection limit of every database that the toolkit makes: with the name, the proof that it did.
_MARK = 0x6D63
_LONGEST_NAME = 63
_FILE_COPY_SINCE = 150000
Session: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
_PATIENCE = 0.03
"""Seconds between two looks for sessions that are leaving, before they count as ones that stay."""


class Databases:
    """The databases of one run on a server, dropped when the with block ends, even if some of that fails.

    Names are `mc_<token>_<n>_<label>`. While it lives, a run holds an advisory lock named by its token, so the next run can
    tell the databases of the dead from those of the living, and drops them. Not for several threads at once.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.token = secrets.randbits(31)
        self._made: list[str] = []
        self._count = 0
        self._roles: frozenset[str] = frozenset()
        self._databases: frozenset[str] = frozenset()
        self._suspects: set[str] = set()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def __enter__(self) -> Databases:
        try:
            with translated("Preparing the server"):
                self._sweep()
                self._roles = self._current_roles()
                self._databases = self._current_databases()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Drop everything; the first failure is raised, unless the block itself raised."""
        try:
            with ExitStack() as stack:  # goes on with the rest where one step fails
                stack.callback(self.restore_roles)
                for name in self._made:
                    stack.callback(self._drop, name)
                if not self.server.throwaway:
                    stack.callback(self._restore_roles_early)
        except ToolkitError:
            if error is None:
                raise
        finally:
            self._close()

    def create(self, label: str, template: str | None = None, by: Session | None = None) -> str:
        """Create a database and return its URL: an empty one, or a copy of the database named `template`.

        `by` is a session that does it, in autocommit mode; it may be one that is connected to `template`.
        """
        self._count += 1
        readable = re.sub(r"[^a-z0-9_]+", "_", label.lower())
        name = f"{OWN_PREFIX}{self.token:08x}_{self._count}_{readable}"[:_LONGEST_NAME]
        self._made.append(name)  # before it exists: an interrupt in between must not leave it behind
        source = sql.Identifier(template or "template0")
        marked = sql.SQL("CREATE DATABASE {} TEMPLATE {} CONNECTION LIMIT {}")
        statement = marked.format(sql.Identifier(name), source, sql.Literal(_MARK))
        self._execute(f"Creating the database {name}", statement + self._strategy(), by)
        if not self.server.throwaway:
            self._note_roles(name)
        return with_database(self.server.url, name)

    def copy(self, url: str, label: str, by: Session | None = None) -> str:
        """Copy a database, to which no session may be connected (`disconnect`) but `by`, and return the copy's URL.

        PostgreSQL lets a session copy the database that it is in. Where `by` turns out not to be able to, it is closed.
        Settings of the database itself come along, which CREATE DATABASE ... TEMPLATE leaves behind.
        """
        if by is not None:
            try:
                return self._copied(url, label, by)
            except ProviderError:
                by.close()
        return self._copied(url, label, None)

    def _copied(self, url: str, label: str, by: Session | None) -> str:
        with translated("Copying a database"):
            self._await_departures(database_name(url), by)
        copied = self.create(label, database_name(url), by)
        with translated("Copying the settings of a database"):
            for role, name, value in self._query(_SETTINGS_OF, (database_name(url),)):
                self._maintenance().execute(_setting(database_name(copied), role, name, value))
        return copied

    def disconnect(self, url: str) -> None:
        """End every session that is connected to a database of this run."""
        with translated("Ending the sessions of a database"):
            self._query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                (self._own_name(url),),
            )

    def drop(self, url: str) -> None:
        """Drop a database of this run, ending the sessions that are connected to it."""
        self._drop(self._own_name(url))

    def _await_departures(self, name: str, but: Session | None = None) -> None:
        """Wait until sessions that are leaving a database are gone, all `but` one; others that stay do not keep us long.

        A session goes on for some milliseconds after its end was closed, and the server, which copies and drops only what
        nobody is connected to, looks again no sooner than a tenth of a second later.
        """
        pause, stays = 0.0005, 0 if but is None else but.info.backend_pid
        while pause < _PATIENCE and self._query(_SESSIONS_IN, (name, stays)):
            time.sleep(pause)
            pause *= 2

    def made_roles(self) -> frozenset[str]:
        """The roles that scripts made since this run began: they are cluster-wide, so every database of the run has them.

        Where other people or other runs use the server, only roles that this run's databases depend on are known to be its
        own.
        """
        with translated("Looking for roles that scripts made"):
            roles = self._current_roles() - self._roles
            if roles and self._has_company():
                roles &= self._suspects | dependent_roles(self._maintenance(), self._made)
        return roles

    def depends_on_roles(self, url: str, roles: frozenset[str]) -> bool:
        """Whether something in a database of this run belongs to one of `roles`, or was granted to it."""
        if not roles:
            return False
        with translated("Looking for roles of a database"):
            return bool(roles & dependent_roles(self._maintenance(), [self._own_name(url)]))

    def restore_roles(self, keep: frozenset[str] = frozenset()) -> None:
        """Drop the roles that scripts made, but those to `keep`, and the databases that they made.

        What such a role owns in this run's databases passes to the toolkit's role, what it was granted is revoked.
        """
        roles = self.made_roles() - keep
        with translated("Looking for databases that scripts made"):
            strays = frozenset() if self._has_company() else self._current_databases() - self._databases
        for name in sorted(strays):
            self._drop_by_force(name)
        for role in sorted(roles):
            with translated(f"Dropping the role {role}"):
                drop_role(self._maintenance(), role, [with_database(self.server.url, name) for name in self._made])

    def _restore_roles_early(self) -> None:
        """Before the databases are dropped: they are what tells the next run of these roles, should this one be killed."""
        with suppress(ToolkitError):
            self.restore_roles()

    def _strategy(self) -> sql.SQL:
        """Copying files takes half as long as logging them, where its checkpoints are free (fsync off)."""
        files_are_cheap = not self.server.fsync and self.server.version >= _FILE_COPY_SINCE
        return sql.SQL(" STRATEGY FILE_COPY" if files_are_cheap else "")

    def _note_roles(self, name: str) -> None:
        """Leave on the database which roles there were before, and which ones dropped databases knew, for the next sweep."""
        suspects = {"suspects": sorted(self._suspects)} if self._suspects else {}
        note = sql.Literal(json.dumps({"roles": sorted(self._roles), **suspects}))
        self._execute("Marking a database", sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), note))

    def _own_name(self, url: str) -> str:
        name = database_name(url)
        if name not in self._made:
            raise ProviderError(
                f"The database {name} was not made by this run.", "Only databases of this run are dropped or left."
            )
        return name

    def _drop(self, name: str) -> None:
        if not self.server.throwaway:
            with translated("Looking for roles of a database"):
                self._suspects |= dependent_roles(self._maintenance(), [name]) - self._roles
            if self._suspects:
                for other in self._made:
                    if other != name:
                        with suppress(ToolkitError):  # it was about to be made, or is gone
                            self._note_roles(other)
        self._drop_by_force(name)
        if name in self._made:
            self._made.remove(name)

    def _drop_by_force(self, name: str) -> None:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with translated("Looking for the sessions of a database"):
            self._await_departures(name)
        try:
            self._execute(f"Dropping the database {name}", statement)
        except ProviderError:
            self._unbolt(name)
            self._execute(f"Dropping the database {name}", statement)

    def _unbolt(self, name: str) -> None:
        """Undo what a script may have done to make its database undroppable: a template, a subscription."""
        with translated(f"Dropping the database {name}"):
            options = sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE false ALLOW_CONNECTIONS true")
            self._maintenance().execute(options.format(sql.Identifier(name)))
            with connect(with_database(self.server.url, name)) as inside:
                for (subscription,) in inside.execute(_SUBSCRIPTIONS).fetchall():
                    for step in ("ALTER SUBSCRIPTION {} DISABLE", "ALTER SUBSCRIPTION {} SET (slot_name = NONE)"):
                        inside.execute(sql.SQL(step).format(sql.Identifier(subscription)))
                    inside.execute(sql.SQL("DROP SUBSCRIPTION {}").format(sql.Identifier(subscription)))

    def _has_company(self) -> bool:
        """Whether other people or other living runs may have made what appeared; a throwaway server is one run's alone."""
        if self.server.throwaway:
            return False
        return self.server.shared or bool(self._query(_OTHER_RUNS, (_LOCK_CLASS, self.token)))

    def _current_roles(self) -> frozenset[str]:
        return frozenset(str(name) for (name,) in self._query("SELECT rolname FROM pg_roles"))

    def _current_databases(self) -> frozenset[str]:
        """All databases but those that this or another run made."""
        rows = self._query("SELECT datname FROM pg_database WHERE NOT starts_with(datname, %s)", (OWN_PREFIX,))
        return frozenset(str(name) for (name,) in rows)

    def _sweep(self) -> None:
        """Drop what dead runs of this role left: databases with our prefix whose token no living session has locked."""
        stale = files(__package__).joinpath("stale_databases.sql").read_bytes()
        for name, note in self._maintenance().execute(stale, {"mark": _MARK, "lock": _LOCK_CLASS}).fetchall():
            roles = _new_roles(dependent_roles(self._maintenance(), [name]), note)
            with suppress(ToolkitError, psycopg.Error):  # another run may be sweeping the same
                self._drop_by_force(name)
                for role in sorted(roles):
                    drop_role(self._maintenance(), role, [])

    def _execute(self, doing: str, statement: sql.Composed, by: Session | None = None) -> None:
        with translated(doing):
            (by or self._maintenance()).execute(statement)

    def _query(self, statement: LiteralString, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        return self._maintenance().execute(statement, parameters or None).fetchall()

    def _maintenance(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection that holds the run's lock, opened anew when the server has been restarted."""
        if self._connection is not None:
            try:
                self._connection.execute("")
            except psycopg.OperationalError:
                self._close()
        if self._connection is None:
            self._connection = connect(self.server.url)
            self._connection.execute("SELECT pg_advisory_lock(%s, %s)", (_LOCK_CLASS, self.token))
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _setting(database: str, role: str | None, name: str, value: str) -> sql.Composed:
    """ALTER DATABASE, or ALTER ROLE ... IN DATABASE, for one setting; a list (search_path) keeps its elements apart."""
    whom = sql.SQL("DATABASE {}").format(sql.Identifier(database))
    if role is not None:
        whom = sql.SQL("ROLE {} IN DATABASE {}").format(sql.Identifier(role), sql.Identifier(database))
    # set_config's text form of a list is its SQL form, and is refused as one quoted constant.
    shown = sql.SQL(value) if name in _LISTS else sql.Literal(value)
    return sql.SQL("ALTER {} SET {} = {}").format(whom, sql.Identifier(*name.split(".")), shown)


def _new_roles(roles: frozenset[str], note: str | None) -> frozenset[str]:
    """Those of `roles` that a dead run's note does not name, and those that it suspects; none where there is no note."""
    with suppress(ValueError, TypeError, KeyError):
        found = json.loads(note or "")
        known = frozenset(found["roles"])
        return (roles | frozenset(found.get("suspects", ()))) - known
    return frozenset()


_LISTS = frozenset({"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries", "DateStyle"})

_SETTINGS_OF = """
SELECT r.rolname::text, split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
FROM pg_db_role_setting s
JOIN pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_roles r ON r.oid = s.setrole
CROSS JOIN LATERAL unnest(s.setconfig) AS setting
WHERE d.datname = %s
"""

_SESSIONS_IN = """
SELECT FROM pg_stat_get_activity(NULL)
WHERE datid = (SELECT oid FROM pg_database WHERE datname = %s) AND pid <> %s
LIMIT 1
"""

_OTHER_RUNS = """
SELECT FROM pg_locks
WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND objid::int8 <> %s
"""

_SUBSCRIPTIONS = """
SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

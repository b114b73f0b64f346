"""Ways to die half-way: the backend is terminated, the client is killed, the server is stopped at once."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from migration_checks.connection import connect
from migration_checks.database import OWN_SCHEMA
from migration_checks.sessions import end_sessions
from migration_checks.transition import Statement
from migration_checks.worker.variables import WORKER_NAME

BACKEND, CLIENT, SERVER = KINDS = ("backend", "client", "server")
"""The session is ended by pg_terminate_backend, the process that runs the migration by SIGKILL, the server by an immediate
shutdown, from which it recovers by its write-ahead log."""

_SEVERAL = re.compile(r"\b(?:CREATE|DROP|REINDEX|DETACH)\b.*\b(?:CONCURRENTLY)\b", re.IGNORECASE | re.DOTALL)
_PATIENCE = 10.0
_PAUSE = 0.002

_TABLES = """
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', %s) AND n.nspname !~ '^pg_'
"""
_ITS_SESSIONS = """
SELECT coalesce(wait_event_type, '') = 'Lock', coalesce(state, '') FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database()
"""


def takes_several_transactions(statement: Statement) -> bool:
    """Whether PostgreSQL commits in the middle of a statement: what ends in CONCURRENTLY can die between two of its phases."""
    return statement.autocommit and _SEVERAL.search(statement.sql) is not None


@dataclass
class Death:
    """An Interruption that kills: before the statement `at`, or `within` it, between two phases of one that waits for others.

    `url` is the database of the step, `stop` stops the server and brings it back (for SERVER only). `met` says afterwards
    whether it came to that: a step that sends fewer statements this time ends in peace.
    """

    url: str
    at: int
    kind: str = BACKEND
    within: bool = False
    stop: Callable[[], None] | None = None
    met: bool = False
    _holder: psycopg.Connection[tuple[Any, ...]] | None = field(default=None, repr=False)

    @property
    def places(self) -> tuple[int, ...]:
        return (self.at,)

    def stopped(self, at: int, worker: int) -> None:
        """Kill, or see to it that the next statement waits after its first phase."""
        self.met = True
        if self.within:
            self._holder = held(self.url)
        else:
            self._kill(worker)

    def under_way(self, at: int, worker: int) -> None:
        """Kill the statement that waits for our session; a backend without a client may then finish it by itself."""
        if not self.within or self._holder is None:
            return
        try:
            _await(self.url, lambda sessions: not sessions or any(waits for waits, _ in sessions))
            self._kill(worker)
        finally:
            self._holder.close()
            self._holder = None
        if self.kind == CLIENT:
            _await(self.url, lambda sessions: all(state in ("idle", "") for _, state in sessions))

    def _kill(self, worker: int) -> None:
        if self.kind == CLIENT:
            os.kill(worker, signal.SIGKILL)
        elif self.kind == BACKEND:
            with connect(self.url) as connection:
                end_sessions(connection)
        else:
            assert self.stop is not None
            self.stop()


def held(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A session that has a writer's lock on every table that it may have one on: CONCURRENTLY waits for such to end."""
    holder = connect(url, autocommit=False)
    for schema, name in holder.execute(_TABLES, (OWN_SCHEMA,)).fetchall():
        with suppress(psycopg.Error), holder.transaction():
            holder.execute(sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE NOWAIT").format(sql.Identifier(schema, name)))
    return holder


def _await(url: str, condition: Callable[[Sequence[tuple[bool, str]]], bool]) -> None:
    """Wait until the sessions of the migration are as they should be, ten seconds at most."""
    deadline = time.monotonic() + _PATIENCE
    with suppress(psycopg.OperationalError), connect(url) as connection:
        while not condition(connection.execute(_ITS_SESSIONS, (WORKER_NAME,)).fetchall()) and time.monotonic() < deadline:
            time.sleep(_PAUSE)

"""The sessions that a worker has in the database under walk: ending them, and what they wait for."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from migration_checks.worker.variables import WORKER_NAME

_END = """
SELECT pg_catalog.pg_terminate_backend(pid)
  FROM pg_catalog.pg_stat_get_activity(NULL)
 WHERE application_name = %s AND pid NOT IN (pg_catalog.pg_backend_pid(), %s)
   AND datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
"""

_SETTLE = f"""
SELECT EXISTS ({_END}), ARRAY(SELECT version_num::pg_catalog.text FROM {{table}})
"""

_BLOCKED = """
SELECT waiting.pid, waiting.query, waiting.wait_event_type, holder.pid, holder.query, holder.application_name, holder.state
  FROM pg_catalog.pg_stat_activity AS waiting
  LEFT JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS blocker (pid) ON true
  LEFT JOIN pg_catalog.pg_stat_activity AS holder ON holder.pid = blocker.pid
 WHERE waiting.application_name = %s AND waiting.datname = pg_catalog.current_database() AND waiting.state <> 'idle'
 ORDER BY holder.pid IS NULL, waiting.query_start
 LIMIT 1
"""


def end_sessions(connection: psycopg.Connection[tuple[Any, ...]], spared: int | None = None) -> None:
    """End every session that the worker, or a program it started, has in this database, and wait until they are gone.

    A session reports its statistics before it is gone, so that counters are exact afterwards; the one to be `spared`, by its
    process id, must have done so. Gives up after ten seconds.
    """
    deadline, pause = time.monotonic() + 10, 0.0005
    while connection.execute(_END, [WORKER_NAME, spared or 0]).fetchall() and time.monotonic() < deadline:
        # Not pg_terminate_backend's own waiting: that looks ten times a second only, and most sessions end in a millisecond.
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def settle(
    connection: psycopg.Connection[tuple[Any, ...]], table: tuple[str, str], spared: int | None
) -> frozenset[str] | None:
    """What one version table holds, asked together with the end of sessions; None where one had to be ended first."""
    query = sql.SQL(_SETTLE).format(table=sql.Identifier(*table))
    row = connection.execute(query, [WORKER_NAME, spared or 0]).fetchone()
    return frozenset(row[1]) if row is not None and not row[0] else None


def blocked_sessions(connection: psycopg.Connection[tuple[Any, ...]]) -> tuple[str, str | None] | None:
    """What the worker's session waits for, as half a sentence, and its statement; None when no session does anything."""
    row = connection.execute(_BLOCKED, [WORKER_NAME]).fetchone()
    if row is None:
        return None
    _, statement, event, holder, held_by, name, state = row
    if holder is None:
        return f"the server is at work on: {_short(statement)}" if event != "Client" else "", statement
    whose = "its own second connection" if name == WORKER_NAME else f"the session {name!r}"
    doing = f"{state}, last statement: {_short(held_by)}"
    return f"it waits for a lock held by {whose} (pid {holder}, {doing})", statement


def _short(statement: str | None) -> str:
    text = " ".join((statement or "").split())
    return text if len(text) <= 200 else text[:199] + "…"


def read_heads(connection: psycopg.Connection[tuple[Any, ...]], tables: Iterable[tuple[str, str]]) -> frozenset[str]:
    """What the version tables, each (schema, name), hold; a table that does not exist holds nothing."""
    found: set[str] = set()
    for schema, name in tables:
        try:
            rows = connection.execute(sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(schema, name))).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            continue
        found |= {str(version) for (version,) in rows}
    return frozenset(found)

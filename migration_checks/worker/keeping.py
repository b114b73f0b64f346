"""Gives a step the session of the step before it, where that is as good as the new one that a command of its own would have.

A new session costs several times what a small step does: a process, and empty caches. DISCARD ALL takes back what a script
can have left in its session, but for three things: the name of a setting that it invented (my.setting, which is then '' and
no longer missing), a library that it loaded, and the schema of its temporary tables. After a script that may have done one of
these the session is closed. Whether anything has changed that only a new session would find is for whoever looks at the
database between steps to say (migration_checks/beginning.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

FLUSHING = 150000
"""The first version whose sessions report their statistics when asked to (pg_stat_force_next_flush)."""

PLAIN = """
pg_catalog.pg_my_temp_schema() = 0
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_listening_channels())
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'advisory')
"""
"""SQL that is true in a session that has nothing which DISCARD ALL would take from it."""

LASTING = r"""\yset_config\y|\yset\s+(session\s+|local\s+)?[\w"]+\s*[.]|\yload\s+'"""
"""What invents a setting or loads a library, as a regular expression of PostgreSQL; Python writes \\b for \\y."""

_LASTING = re.compile(LASTING.replace(r"\y", r"\b"), re.IGNORECASE)

_REPORT = """
SELECT pg_catalog.pg_stat_force_next_flush(), pg_catalog.pg_backend_pid(), pg_catalog.pg_my_temp_schema() = 0
"""


def renew(connection: Any, sent: Iterable[str]) -> int | None:
    """Make the session of a SQLAlchemy connection as good as new, and have it report: the process id of its backend.

    `sent` are the statements of the script. None where the session was closed instead, so that the connection opens another
    one; so it is with all drivers but psycopg and psycopg2.
    """
    raw = _driven(connection)
    if raw is not None and _as_opened(raw) and not any(_LASTING.search(each) for each in sent):
        found = _ask(raw, _REPORT) if _ask(raw, "DISCARD ALL") is not None else None
        if found is not None and found[2]:
            return int(found[1])
    close(connection)
    return None


def close(connection: Any) -> None:
    """Close the session of a SQLAlchemy connection, which opens a new one when it needs one."""
    with suppress(Exception):
        connection.invalidate()


def _driven(connection: Any) -> Any:
    """The driver's connection, where we know the driver; None else, or when there is none."""
    if connection.dialect.driver not in ("psycopg", "psycopg2") or connection.closed or connection.invalidated:
        return None
    raw = connection.connection.driver_connection
    return raw if hasattr(raw, "autocommit") and not raw.closed and raw.info.server_version >= FLUSHING else None


def _as_opened(raw: Any) -> bool:
    """Whether a driver's connection is idle and set as it was when it was opened."""
    levels = (raw.isolation_level, getattr(raw, "read_only", None), getattr(raw, "readonly", None), raw.deferrable)
    return not raw.autocommit and raw.info.transaction_status == 0 and all(each is None for each in levels)


def _ask(raw: Any, statement: str) -> tuple[Any, ...] | None:
    """The row that a statement gives, () where it gives none; None when it fails. Run outside of any transaction."""
    # What psycopg prepares by itself DISCARD ALL would take away.
    unprepared = {"prepare": False} if hasattr(raw, "prepare_threshold") else {}
    try:
        raw.autocommit = True
        with raw.cursor() as cursor:
            cursor.execute(statement, **unprepared)
            row = cursor.fetchone() if cursor.description else ()
        raw.autocommit = False
    except Exception:
        return None
    return None if row is None else tuple(row)

"""Gives a step the session of the step before it, where that is as good as the new one that a command of its own would have.

A new session costs several times what a small step does: a process, and empty caches. DISCARD ALL takes back what a script
can have left in its session, but for three things: the name of a setting that it invented (my.setting, which is then '' and
no longer missing), a library that it loaded, and the schema of its temporary tables. It does not bring what a new session
would find at its start either. So a session is closed after a script that may have done one of these, and when anything has
changed since it began that a new one would find: settings of its role and database, their rights and limits, what runs at
login.
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

_LASTING = r"""\yset_config\y|\yset\s+(session\s+|local\s+)?[\w"]+\s*[.]|\yload\s+'"""
"""What invents a setting or loads a library, as a regular expression of PostgreSQL; Python writes \\b for \\y."""

_LASTING_HERE = re.compile(_LASTING.replace(r"\y", r"\b"), re.IGNORECASE)

_START = f"""
SELECT pg_catalog.pg_backend_pid(),
       pg_catalog.pg_my_temp_schema() = 0
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtevent = 'login')
           AND NOT EXISTS (
               SELECT FROM pg_catalog.pg_proc
                WHERE oid >= 16384
                  AND (prosrc ~* '{_LASTING.replace("'", "''")}' OR '.' = ANY (
                      SELECT pg_catalog.substring(setting, '^[^=]*([.])') FROM pg_catalog.unnest(proconfig) AS setting
                  ))
           ),
       pg_catalog.concat_ws('|',
           pg_catalog.pg_conf_load_time(),
           (SELECT pg_catalog.concat_ws('.', oid, xmin)
              FROM pg_catalog.pg_database
             WHERE datname = pg_catalog.current_database()),
           (SELECT pg_catalog.concat_ws('.', pg_catalog.count(*), pg_catalog.max(xmin::pg_catalog.text::bigint))
              FROM pg_catalog.pg_db_role_setting),
           (SELECT pg_catalog.concat_ws('.', pg_catalog.count(*), pg_catalog.max(xmin::pg_catalog.text::bigint))
              FROM pg_catalog.pg_extension),
           (SELECT r::pg_catalog.text FROM pg_catalog.pg_roles AS r WHERE rolname = session_user)
       )
"""
_FLUSH = _START.replace("SELECT", "SELECT pg_catalog.pg_stat_force_next_flush(),", 1)


class Keeper:
    """Keeps a session between steps. It is for the drivers psycopg and psycopg2; sessions of others are always closed."""

    def __init__(self) -> None:
        self._kept: tuple[Any, str] | None = None

    def begin(self, connection: Any) -> None:
        """Note how the session of a SQLAlchemy connection started, unless it has served a step before."""
        raw = _driven(connection)
        if raw is None:
            self._kept = None
        elif self._kept is None or self._kept[0] is not raw:
            self._kept = (raw, found[2]) if _as_opened(raw) and (found := _ask(raw, _START)) is not None else None

    def renew(self, connection: Any, sent: Iterable[str] = ()) -> int | None:
        """Make the session as good as new, and have it report its statistics: the process id of its backend.

        `sent` are the statements of the script. None where the session was closed instead, so that the connection opens
        another one.
        """
        kept, raw = self._kept, _driven(connection)
        if any(_LASTING_HERE.search(each) for each in sent):
            kept = None
        if kept is not None and raw is kept[0] and _as_opened(raw) and _ask(raw, "DISCARD ALL") is not None:
            found = _ask(raw, _FLUSH)
            if found is not None and found[2] and found[3] == kept[1]:
                return int(found[1])
        self.close(connection)
        return None

    def close(self, connection: Any) -> None:
        """Close the session; the connection opens a new one when it needs one."""
        self._kept = None
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

"""Gives a step the session of the step before it, where that is as good as the new one that a command of its own would have.

A new session costs several times what a small step does: a process, and empty caches. DISCARD ALL takes back what a script
can have left in its session, but for some things: the name of a setting that it invented (my.setting, which is then '' and
no longer missing), a library that it loaded, the schema of its temporary tables, the seed of random(), and what it did to the
driver's own object. The first two take memory from where the server keeps its settings, whoever made them and however: there
they are seen. After a script that may have done one of these the session is closed. Whether anything has changed that only a
new session would find is for whoever looks at the database between steps to say (migration_checks/beginning.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

TELLING = 160000
"""The first version whose sessions tell how much memory their settings take (GUCMemoryContext)."""

PLAIN = """
pg_catalog.pg_my_temp_schema() = 0
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_listening_channels())
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'advisory')
"""
"""SQL that is true in a session that has nothing which DISCARD ALL would take from it."""

SEEDING = r"\ysetseed\y"
"""What makes random() repeat itself, as a regular expression of PostgreSQL; Python writes \\b for \\y."""

_SEEDING = re.compile(SEEDING.replace(r"\y", r"\b"), re.IGNORECASE)

_REPORT = """
SELECT pg_catalog.pg_stat_force_next_flush(), pg_catalog.pg_backend_pid(), pg_catalog.pg_my_temp_schema() = 0,
    (SELECT pg_catalog.sum(used_bytes) FROM pg_catalog.pg_backend_memory_contexts
     WHERE name IN ('GUCMemoryContext', 'GUC hash table'))
"""

_UNPREPARED = "SELECT pg_catalog.count(*) = 0 FROM pg_catalog.pg_prepared_statements WHERE NOT from_sql"
"""Whether the driver has prepared nothing by itself."""

_IDLE = 0
"""The state of a session without a transaction, as libpq numbers it."""

_OURS = ("sqlalchemy.engine.create", "migration_checks.worker.guard")
_ONCE = "sqlalchemy.util.langhelpers"
_EVENTS = (
    "checkin",
    "checkout",
    "close",
    "close_detached",
    "detach",
    "first_connect",
    "invalidate",
    "reset",
    "soft_invalidate",
)


@dataclass(frozen=True)
class Opened:
    """A session as it was opened: how many bytes its settings took, and how the driver's object was set."""

    settings: int
    driven: tuple[Any, ...]


def opened(connection: Any) -> Opened | None:
    """The session of a SQLAlchemy connection, before a script has it; None where it cannot serve a second one.

    So it is with all drivers but psycopg and psycopg2, on servers that do not tell (or not everybody) what their settings
    take, and where env.py hears of every new session, so that it may do something to each.
    """
    raw = _driven(connection)
    if raw is None or not _untouched(raw) or not _unheard(connection) or connection.info:
        return None
    found = _ask(raw, _REPORT) if raw.info.transaction_status == _IDLE else _ask_within(raw, _REPORT)
    return None if found is None or found[3] is None else Opened(int(found[3]), _state(raw))


def renew(connection: Any, session: Opened | None, sent: Iterable[str]) -> int | None:
    """Make the session of a SQLAlchemy connection as good as new, and have it report: the process id of its backend.

    `session` is what `opened` gave for it, `sent` are the statements of the script. None where the session was closed
    instead, so that the connection opens another one.
    """
    raw = _driven(connection)
    seeded = any(_SEEDING.search(each) for each in sent)
    if session is not None and not seeded and raw is not None and _untouched(raw) and raw.info.transaction_status == _IDLE:
        renewed = _forgets(raw) and _ask(raw, "DISCARD ALL") is not None
        found = _ask(raw, _REPORT) if renewed else None
        if (
            found is not None
            and found[2:] == (True, session.settings)
            and (_state(raw), connection.info) == (session.driven, {})
        ):
            return int(found[1])
    close(connection)
    return None


def _forgets(raw: Any) -> bool:
    """Let psycopg forget what it has prepared and counted; False where that is not so.

    DISCARD ALL would take the statements away, and the driver would not know. A rollback it answers by forgetting all of
    them, on both sides, since what they refer to may have gone with it.
    """
    try:
        unprepared = _row(raw, _UNPREPARED)  # begins a transaction: outside of one the driver ignores a rollback
        raw.rollback()
    except Exception:
        return False
    return unprepared == (True,) or _ask(raw, _UNPREPARED) == (True,)


def close(connection: Any) -> None:
    """Close the session of a SQLAlchemy connection, which opens a new one when it needs one."""
    with suppress(Exception):
        connection.invalidate()


def _driven(connection: Any) -> Any:
    """The driver's connection, where we know the driver; None else, or when there is none."""
    known = connection.dialect.driver in ("psycopg", "psycopg2") and not connection.dialect.is_async
    if not known or connection.closed or connection.invalidated:
        return None
    raw = connection.connection.driver_connection
    return raw if hasattr(raw, "autocommit") and not raw.closed and raw.info.server_version >= TELLING else None


def _unheard(connection: Any) -> bool:
    """Whether nobody but SQLAlchemy and we hear when a session is opened, lent or closed.

    SQLAlchemy itself listens once, to the first session of an engine.
    """
    pool = connection.engine.pool.dispatch
    heard = [
        *pool.connect,
        *connection.dialect.dispatch.do_connect,
        *(each for name in _EVENTS for each in getattr(pool, name)),
    ]
    strange = [module for each in heard if (module := getattr(each, "__module__", None)) not in _OURS]
    return strange in ([], [_ONCE])


def _untouched(raw: Any) -> bool:
    """Whether a driver's connection begins transactions of no kind of its own."""
    levels = (raw.isolation_level, getattr(raw, "read_only", None), getattr(raw, "readonly", None), raw.deferrable)
    return not raw.autocommit and all(each is None for each in levels)


_PUBLIC = ("row_factory", "cursor_factory", "server_cursor_factory", "prepare_threshold", "prepared_max", "encoding")
_HELD = ("_notice_handlers", "_notify_handlers", "string_types", "binary_types")


def _state(raw: Any) -> tuple[Any, ...]:
    """How the object of psycopg or psycopg2 is set, to be compared; the notices that psycopg2 gathers in it are let go."""
    if isinstance(gathered := getattr(raw, "notices", None), list):
        gathered.clear()
    adapters = getattr(raw, "adapters", None)
    # A dumper that is named by the path of a type comes to be named by the type once it is used.
    dumpers = [frozenset(each.values()) for each in getattr(adapters, "_dumpers", {}).values()]
    return (
        *(getattr(raw, name, None) for name in _PUBLIC),
        *(_copied(getattr(raw, name, None)) for name in _HELD),
        frozenset(getattr(raw, "__dict__", ())),
        dumpers,
        *(_copied(each) for name in ("_dumpers_by_oid", "_loaders") for each in getattr(adapters, name, ())),
    )


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, (dict, list)) else value


def _ask(raw: Any, statement: str) -> tuple[Any, ...] | None:
    """The row that a statement gives, () where it gives none; None when it fails. Run outside of any transaction."""
    try:
        raw.autocommit = True
        row = _row(raw, statement)
        raw.autocommit = False
    except Exception:
        return None
    return row


def _ask_within(raw: Any, statement: str) -> tuple[Any, ...] | None:
    """The same within the transaction that there is, which goes on even when the statement fails."""
    _row(raw, "SAVEPOINT migration_checks_asks")
    try:
        row = _row(raw, statement)
    except Exception:
        row = None
        _row(raw, "ROLLBACK TO SAVEPOINT migration_checks_asks")
    _row(raw, "RELEASE SAVEPOINT migration_checks_asks")
    return row


def _row(raw: Any, statement: str) -> tuple[Any, ...] | None:
    # What psycopg prepares by itself DISCARD ALL would take away.
    unprepared = {"prepare": False} if hasattr(raw, "prepare_threshold") else {}
    with raw.cursor() as cursor:
        cursor.execute(statement, **unprepared)
        row = cursor.fetchone() if cursor.description else ()
    return None if row is None else tuple(row)

"""Asks one question on the connection of a running script, below SQLAlchemy and below what the driver does by itself.

psycopg and psycopg2 begin a transaction where there is none, asyncpg keeps prepared statements: a script would notice both.
"""

from __future__ import annotations

import sys
from typing import Any

# Of libpq: https://www.postgresql.org/docs/current/libpq-status.html#LIBPQ-PQTRANSACTIONSTATUS
IDLE, ACTIVE, IN_TRANSACTION, IN_ERROR = range(4)
_TUPLES_OK = 2

_QUESTION = "SELECT migration_checks_own.look({})"


class Unseen(Exception):
    """A look was not possible; says why, as half a sentence."""


def look(connection: Any) -> str:
    """What the toolkit's function says of the session of a SQLAlchemy connection. Raises Unseen."""
    raw = connection.connection.driver_connection
    driver = connection.dialect.driver
    try:
        if hasattr(raw, "pgconn"):
            return _psycopg(raw)
        if driver == "psycopg2":
            return _psycopg2(raw)
        if driver == "asyncpg":
            return _asyncpg(raw)
    except Unseen:
        raise
    except Exception as error:
        raise Unseen(f"a look at its session raised {type(error).__name__}") from error
    raise Unseen(f"sessions of the driver {driver} cannot be looked at")


def server_process(connection: Any) -> int | None:
    """The process of the server that works for a SQLAlchemy connection, None where the driver does not tell."""
    try:
        raw = connection.connection.driver_connection
        if hasattr(raw, "pgconn"):
            return int(raw.pgconn.backend_pid)
        ask = getattr(raw, "get_backend_pid", None) or getattr(raw, "get_server_pid", None)
        return int(ask()) if ask is not None else None
    except Exception:
        return None


def _question(status: int) -> str:
    """The question; outside of a transaction no lock is left that would tell which relations it is about."""
    if status not in (IDLE, IN_TRANSACTION):
        raise Unseen("its transaction was aborted, or its connection was in use")
    return _QUESTION.format("true" if status == IDLE else "false")


def _psycopg(raw: Any) -> str:
    """By libpq's simplest call: no transaction is begun, no statement prepared, no row factory asked. Async ones too."""
    pgconn = raw.pgconn
    if pgconn.pipeline_status:
        raise Unseen("it sends statements in a pipeline")
    result = pgconn.exec_(_question(pgconn.transaction_status).encode())
    if result.status != _TUPLES_OK:
        raise Unseen("a look at its session was refused")
    return str(result.get_value(0, 0).decode())


def _psycopg2(raw: Any) -> str:
    """By a cursor of the plain kind, whatever factory the project uses."""
    status = raw.get_transaction_status()
    question = _question(status)
    if status == IDLE and not raw.autocommit:
        raise Unseen("its driver would begin a transaction")
    with sys.modules["psycopg2.extensions"].cursor(raw) as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


def _asyncpg(raw: Any) -> str:
    """By a statement that is prepared for this once: DISCARD ALL would take one away that asyncpg believes it has."""
    from sqlalchemy.util import await_only

    async def ask() -> str:
        statement = await raw.prepare(_question(IN_TRANSACTION if raw.is_in_transaction() else IDLE))
        return str(await statement.fetchval())

    return await_only(ask())

"""Questions below the driver: of a session that cannot be asked, that is said, and nothing is sent."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg import pq

from migration_checks.worker.looking import IDLE, IN_ERROR, IN_TRANSACTION, Unseen, _question, look, server_process


def connection(raw: Any, driver: str) -> Any:
    """A SQLAlchemy connection over a driver's own, as far as it is looked at."""
    return SimpleNamespace(connection=SimpleNamespace(driver_connection=raw), dialect=SimpleNamespace(driver=driver))


@pytest.mark.parametrize(("status", "all"), [(IDLE, "true"), (IN_TRANSACTION, "false")])
def test_the_question_depends_on_the_transaction(status: int, all: str) -> None:
    """Outside of one no lock is left that would tell which relations it is about."""
    assert f"SELECT migration_checks_own.look({all})" == _question(status)


@pytest.mark.parametrize("status", [1, IN_ERROR, 4])
def test_a_session_that_is_busy_or_aborted_is_left_alone(status: int) -> None:
    """PostgreSQL would refuse the question, and the driver be confused."""
    with pytest.raises(Unseen, match="its transaction was aborted"):
        _question(status)


def test_a_connection_that_is_broken_is_not_asked() -> None:
    """A real connection of libpq's that never came about."""
    pgconn = pq.PGconn.connect(b"host=/nonexistent/migration-checks")

    with pytest.raises(Unseen, match="or its connection was in use"):
        look(connection(SimpleNamespace(pgconn=pgconn), "psycopg"))
    assert server_process(connection(SimpleNamespace(pgconn=pgconn), "psycopg")) in (0, None)


def test_a_driver_that_is_not_known_is_not_asked() -> None:
    """Nor is its process known."""
    with sa.create_engine("sqlite://").connect() as sqlite:
        with pytest.raises(Unseen, match="sessions of the driver pysqlite cannot be looked at"):
            look(sqlite)
        assert None is server_process(sqlite)


@pytest.mark.parametrize("driver", ["psycopg2", "asyncpg"])
def test_what_goes_wrong_while_looking_costs_the_look(driver: str) -> None:
    """Never the step: here the driver's connection is none of that driver."""
    with pytest.raises(Unseen, match=r"^a look at its session raised \w+$"):
        look(connection(sqlite3.connect(":memory:"), driver))


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        (7, SimpleNamespace(get_backend_pid=lambda: 7)),
        (8, SimpleNamespace(get_server_pid=lambda: "8")),
        (None, SimpleNamespace(get_server_pid=lambda: 1 / 0)),
        (None, None),
    ],
)
def test_the_process_of_the_server(expected: int | None, raw: Any) -> None:
    """As psycopg2 and asyncpg tell it; None where nobody does."""
    assert expected == server_process(connection(raw, "any"))

"""Sessions, heads and roles: what is read from the server, and what is said of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from migration_checks.roles import dependent_roles, drop_role
from migration_checks.sessions import blocked_sessions, end_sessions, read_heads
from migration_checks.worker.variables import WORKER_NAME


class Server:
    """A connection whose statements are answered one by one: rows, or an error to raise."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []

    def execute(self, query: Any, parameters: Any = None) -> Any:
        self.sent.append(query.as_string(None) if isinstance(query, sql.Composed) else str(query))
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(fetchall=lambda: answer, fetchone=lambda: answer[0] if answer else None)


def blocked(*row: Any) -> Any:
    return blocked_sessions(Server([row] if row else []))  # type: ignore[arg-type]


def test_sessions_are_ended_until_none_is_left() -> None:
    """They are asked again as long as any answers."""
    server = Server([(True,)], [(True,)], [])
    end_sessions(server)  # type: ignore[arg-type]

    assert len(server.sent) == 3


def test_nobody_waits() -> None:
    """No session does anything."""
    assert blocked() is None


def test_a_session_that_waits_for_another() -> None:
    """Whose lock it is, and what that one did last."""
    waits, statement = blocked(1, "ALTER TABLE t", "Lock", 2, "SELECT  1\n", "psql", "idle in transaction")

    assert statement == "ALTER TABLE t"
    assert waits == "it waits for a lock held by the session 'psql' (pid 2, idle in transaction, last statement: SELECT 1)"


def test_a_migration_that_waits_for_itself() -> None:
    """A second connection of its own."""
    assert "its own second connection" in blocked(1, "ALTER", "Lock", 2, "SELECT 1", WORKER_NAME, "idle")[0]


def test_a_server_at_work() -> None:
    """Nothing blocks it; a session whose client is busy is not the server's doing."""
    assert blocked(1, "SELECT " + "x" * 300, None, None, None, None, None)[0].startswith("the server is at work on: SELECT xxx")
    assert blocked(1, "SELECT 1", "Client", None, None, None, None)[0] == ""
    assert len(blocked(1, "y" * 300, None, None, None, None, None)[0]) < 250


def test_heads_of_several_version_tables() -> None:
    """All of them; one that is not there holds nothing."""
    missing = psycopg.errors.UndefinedTable("no")
    server = Server([("a1",), ("b2",)], missing, [("c3",)])

    assert read_heads(server, [("s", "v"), ("t", "v"), ("u", 'odd "name')]) == {"a1", "b2", "c3"}  # type: ignore[arg-type]
    assert server.sent[2] == 'SELECT version_num FROM "u"."odd ""name"'


def test_a_version_table_that_may_not_be_read() -> None:
    """It is no empty one."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        read_heads(Server(psycopg.errors.InsufficientPrivilege("no")), [("s", "v")])  # type: ignore[arg-type]


def test_roles_that_databases_depend_on() -> None:
    """By name."""
    assert dependent_roles(Server([("ann",), ("bob",)]), ["db"]) == {"ann", "bob"}  # type: ignore[arg-type]


def test_a_role_that_nothing_depends_on_is_dropped() -> None:
    """Nothing else is done."""
    server = Server()
    drop_role(server, 'an"n', [])  # type: ignore[arg-type]

    assert server.sent == ['DROP ROLE IF EXISTS "an""n"']


def test_a_role_that_something_depends_on_is_dispossessed_first() -> None:
    """What it owns passes on, what it was granted is revoked; not being allowed to join it is no matter."""
    server = Server(psycopg.errors.DependentObjectsStillExist("x"), psycopg.errors.InsufficientPrivilege("x"))
    drop_role(server, "ann", [])  # type: ignore[arg-type]

    assert [each.split(" BY")[0] for each in server.sent[2:]] == ["REASSIGN OWNED", "DROP OWNED", 'DROP ROLE IF EXISTS "ann"']

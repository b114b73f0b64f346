"""What a migration tried to reach: connections that were refused, and statements by which the server itself goes out."""

from __future__ import annotations

import pytest

from migration_checks.environment import Outcome
from migration_checks.outward import outward
from migration_checks.transition import Statement


def told(*sqls: str, refused: tuple[str, ...] = ()) -> list[str]:
    statements = tuple(Statement(sql) for sql in sqls)
    return list(outward(Outcome(0.0, statements, None, frozenset(), frozenset(), len(sqls), refused)))


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("dblink", "SELECT * FROM dblink('host=x', 'SELECT 1') AS t(a int)"),
        ("dblink", "SELECT dblink_connect_u ('c', 'x')"),
        ("a foreign server", "create server s FOREIGN DATA WRAPPER postgres_fdw"),
        ("a foreign server", "IMPORT FOREIGN SCHEMA public FROM SERVER s INTO here"),
        ("a subscription", "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p"),
        ("COPY ... PROGRAM", "COPY t\nFROM PROGRAM 'curl https://example.org'"),
        ("COPY ... PROGRAM", "COPY t TO PROGRAM $x$cat$x$"),
        ("COPY ... PROGRAM", "copy t to program E'cat \\n'"),
        ("COPY ... PROGRAM", "DO $$ BEGIN COPY (SELECT 1) TO PROGRAM 'sh'; END $$"),
    ],
)
def test_ways_out_through_the_server(what: str, sql: str) -> None:
    """Past the guard of the migration's own process; each is told once."""
    assert [
        f"It lets the server itself reach elsewhere ({what}), where the toolkit's guard is not: that was not checked."
    ] == told(sql, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE server (id int)",
        "SELECT dblinks(1)",
        "COPY t FROM STDIN",
        "INSERT INTO notes VALUES ('a copy of the program')",
        "COMMENT ON TABLE t IS 'copy for the PROGRAM committee'",
    ],
)
def test_what_only_looks_like_one(sql: str) -> None:
    """Words in names and texts lead nowhere."""
    assert [] == told(sql)


def test_what_was_refused_comes_first() -> None:
    """In the worker's words."""
    first, second = told("CREATE SERVER s", refused=("a connection to host 'x', port 5432.",))

    assert "The migration tried a connection to host 'x', port 5432: it was refused." == first
    assert "a foreign server" in second

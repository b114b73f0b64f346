"""What the tests on rows share: running a script as a migration would."""

from __future__ import annotations

import psycopg


def run(url: str, script: str) -> None:
    """Run a script as a migration would: on a connection of its own, which then leaves."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def do(url: str, statements: str) -> None:
    """One statement after the other, each by itself, in a session that then leaves."""
    with psycopg.connect(url, autocommit=True) as session:
        for statement in statements.split(";"):
            session.execute(statement.encode())

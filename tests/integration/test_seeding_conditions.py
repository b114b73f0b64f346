"""What the reader of conditions is held against in its unit tests is what PostgreSQL itself answers."""

from __future__ import annotations

from migration_checks.database import connect
from tests.conditions import QUESTIONS, SCHEMA, TYPES


def test_postgresql_gives_the_expected_answers(database: str) -> None:
    """For every question that has one; a condition that is NULL is met."""
    wrong = []
    with connect(database) as connection:
        connection.execute(SCHEMA)
        connection.execute("SET search_path = public")
        for expected, text, cells in QUESTIONS:
            if expected is not None:
                row = ", ".join(f"%({name})s::text::{kind.sql} AS {name}" for name, kind in TYPES.items())
                query = f"SELECT ({text.replace('%', '%%')}) IS NOT FALSE FROM (SELECT {row}) AS r"
                answer = connection.execute(query.encode(), {name: cells.get(name) for name in TYPES}).fetchone()
                if answer != (expected,):
                    wrong.append((text, cells, answer))

    assert [] == wrong

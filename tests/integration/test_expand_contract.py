"""A chain that expands, back-fills and contracts loses nothing, whatever the walk puts into the new column meanwhile."""

from __future__ import annotations

import pytest

from migration_checks.providers import Server
from tests.projects import Script, sql
from tests.walks import Walk, walk

FAITHFUL, SKIPPING, DROPPED = TABLES = ("faithful", "skipping", "dropped")
"""Tables by what becomes of the column that is filled: out of every row, out of some, or nothing."""


@pytest.fixture(scope="module")
def walked(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """One chain, of which each revision does the same to all tables but for the back-fill."""
    fill = "UPDATE {} SET cents = price WHERE cents IS NULL"
    scripts = [
        Script("a", None, each("CREATE TABLE {} (id int PRIMARY KEY, price bigint NOT NULL)"), each("DROP TABLE {}")),
        Script("b", "a", each("ALTER TABLE {} ADD cents bigint"), each("ALTER TABLE {} DROP cents", *TABLES[:2])),
        Script(
            "c", "b", sql(fill.format(FAITHFUL), fill.format(SKIPPING) + " AND id % 2 = 0", f"ALTER TABLE {DROPPED} DROP cents")
        ),
        Script(
            "d",
            "c",
            each("ALTER TABLE {} DROP price", *TABLES[:2]),
            "\n".join((each("ALTER TABLE {} ADD price bigint", *TABLES[:2]), each("UPDATE {} SET price = cents", *TABLES[:2]))),
        ),
    ]
    return walk(tmp_path_factory.mktemp("items"), server, scripts, rows=60)


def each(statement: str, *tables: str) -> str:
    """A function body that executes a statement for each table."""
    return sql(*(statement.format(table) for table in tables or TABLES))


def lost(walked: Walk, table: str) -> list[tuple[str, str, str]]:
    """(check, revision, subject) of what is found about a table's data, on the way up and back."""
    found = ((each.check, each.revision, each.subject) for each in walked.report.findings)
    return [(check, revision, subject) for check, revision, subject in found if check[:3] == "MC3" and table in subject]


def test_a_faithful_back_fill_loses_nothing(walked: Walk) -> None:
    """Rows in which the walk itself filled the new column say nothing about the old one."""
    assert [] == lost(walked, FAITHFUL)


def test_a_back_fill_that_skips_rows_is_still_found(walked: Walk) -> None:
    """The rows that the walk left alone show what the contraction loses."""
    assert ("MC302", "d", "public.skipping.price") in lost(walked, SKIPPING)


def test_the_filled_column_itself_is_judged(walked: Walk) -> None:
    """A step that drops the very column that the walk filled loses what is in it."""
    assert ("MC302", "c", "public.dropped.cents") in lost(walked, DROPPED)

"""What a walk reads from the text of a statement, and only to save itself an experiment."""

from __future__ import annotations

import pytest

from migration_checks.nature import bare, named_in, writes_rows
from migration_checks.transition import Statement


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("DELETE FROM t", True),
        ("  -- why\n/* and how */ (UPDATE t SET a = 1)", True),
        ("WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone", True),
        ("WITH seen AS (SELECT 1) SELECT * FROM seen", False),
        ("DO $$ BEGIN PERFORM 1; END $$", True),
        ("truncate t", True),
        ("ALTER TABLE t ADD COLUMN a int", False),
        ("COMMENT ON TABLE t IS 'insert'", False),
        ("", False),
    ],
)
def test_statements_that_may_write_rows(sql: str, writes: bool) -> None:
    """The first word decides, after comments and brackets; a WITH is looked into."""

    assert writes == writes_rows(sql)


def test_tables_named_by_writing_statements() -> None:
    """A table counts when its bare name occurs as a word in a statement that writes, whatever its quotes or case."""
    statements = [Statement('DELETE FROM "Order Lines" USING users'), Statement("ALTER TABLE people ADD COLUMN a int")]

    assert ('public."Order Lines"', "public.users") == named_in(
        statements, ['public."Order Lines"', "public.users", "public.user", "public.people"]
    )


@pytest.mark.parametrize(
    ("table", "name"), [("public.users", "users"), ('public."a.b"', "a.b"), ('"x.y"."say ""hi"""', 'say "hi"')]
)
def test_bare_names(table: str, name: str) -> None:
    """The last part of a qualified name comes without its quotes."""

    assert name == bare(table)

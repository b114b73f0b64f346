"""The project of docs/pytest.md: a name is split in two, by an upgrade that forgets users without one."""

from __future__ import annotations

from pathlib import Path

from tests.projects import Project, Script, make_project, sql

PEOPLE = (
    Script("4a7f", None, sql("CREATE TABLE users (id int PRIMARY KEY, name text)"), sql("DROP TABLE users")),
    Script(
        "9c2e",
        "4a7f",
        sql(
            "ALTER TABLE users ADD COLUMN given text, ADD COLUMN family text",
            "UPDATE users SET given = coalesce(substring(name FROM '^(.*) '), ''), family = substring(name FROM '[^ ]*$')",
            "ALTER TABLE users ALTER COLUMN given SET NOT NULL, ALTER COLUMN family SET NOT NULL, DROP COLUMN name",
        ),
        sql(
            "ALTER TABLE users ADD COLUMN name text",
            "UPDATE users SET name = ltrim(given || ' ' || family)",
            "ALTER TABLE users DROP COLUMN given, DROP COLUMN family",
        ),
    ),
)


def people(root: Path) -> Project:
    """The project, written below `root`."""
    return make_project(root, PEOPLE)

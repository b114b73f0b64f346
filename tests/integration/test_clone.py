"""A clone of production as the start of a walk: its own rows, from the revision where it stands; itself only read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_checks.config import load_settings
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.interchange import to_json
from migration_checks.providers import Server
from tests.projects import Script, sql
from tests.walks import Walk, creates, walk

CHAIN = (
    creates("people", "a1"),
    Script("b2", "a1", sql("ALTER TABLE people ADD COLUMN mail text"), sql("ALTER TABLE people DROP COLUMN mail")),
    Script("c3", "b2", sql("CREATE UNIQUE INDEX one_mail ON people (lower(mail))"), sql("DROP INDEX one_mail")),
)
STANDING = """
    CREATE TABLE people (id int PRIMARY KEY, note text, mail text);
    INSERT INTO people VALUES (1, 'first', 'ann@example.org'), (2, 'second', 'ANN@example.org'), (3, 'third', 'c@example.org');
    CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('b2');
"""


@pytest.fixture
def production(database: str) -> str:
    """A database that stands at b2, with two people whose addresses differ in case only."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(STANDING)
    return database


def state(url: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT * FROM people ORDER BY id").fetchall()
        return [
            *rows,
            *connection.execute("SELECT relname FROM pg_class WHERE relname ~ '^(one_mail|alembic)' ORDER BY 1").fetchall(),
        ]


def cloned(root: Path, server: Server, url: str, **options: Any) -> Walk:
    return walk(root, server, CHAIN, clone=url, **options)


def test_its_own_rows_from_where_it_stands(tmp_path: Path, server: Server, production: str) -> None:
    """The unique index fails on production's own rows; what lies below is not walked, and the clone stays as it was."""
    before = state(production)
    walked = cloned(tmp_path, server, production)

    assert {"c3"} == set(walked.report.revisions)
    assert ("MC101", "c3") in walked.found
    assert "copied on its server" in walked.said
    assert before == state(production)


def test_a_clone_that_somebody_is_connected_to(tmp_path: Path, server: Server, production: str) -> None:
    """The server refuses to copy it then; pg_dump reads it, and finds the same."""
    with psycopg.connect(production):
        walked = cloned(tmp_path, server, production)

    assert ("MC101", "c3") in walked.found
    assert "copied through pg_dump" in walked.said


def test_a_clone_on_another_server(tmp_path: Path, production: str) -> None:
    """It is dumped into a server of the run's own."""
    walked = walk(tmp_path, None, CHAIN, clone=production)

    assert ("MC101", "c3") in walked.found
    assert "copied through pg_dump" in walked.said


def test_a_clone_that_stands_nowhere(tmp_path: Path, server: Server, database: str) -> None:
    """Without a version table it is no database of this chain."""
    with pytest.raises(ConfigurationError, match="stands at no revision"):
        cloned(tmp_path, server, database)


def test_a_clone_that_cannot_be_reached(tmp_path: Path, server: Server) -> None:
    """One sentence, without the password."""
    with pytest.raises(ProviderError, match="Connecting to the clone shop on") as raised:
        cloned(tmp_path, server, "postgresql://ann:s3cret@127.0.0.1:1/shop")
    assert "s3cret" not in str(raised.value)


def test_rows_of_production_stay_out_of_reports(tmp_path: Path, production: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless somebody says otherwise."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
    redacted = load_settings({"clone": production}, tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.migration_checks]\nredact = false\n")

    assert (True, False) == (redacted.redact, load_settings({"clone": production}, tmp_path).redact)


def test_a_redacted_report_of_a_clone(tmp_path: Path, server: Server, production: str) -> None:
    """No address of anybody is in it."""
    walked = cloned(tmp_path, server, production, redact=True)

    assert ("MC101", "c3") in walked.found
    assert "example.org" not in to_json(walked.report)


def test_two_starts(tmp_path: Path) -> None:
    """A walk starts from a clone or from a baseline."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
    (tmp_path / "dump.sql").write_text("SELECT 1;\n")

    with pytest.raises(ConfigurationError, match="exclude each other"):
        load_settings({"clone": "postgresql:///shop", "baseline_sql": "dump.sql"}, tmp_path)

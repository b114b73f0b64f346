"""Where a walk begins in a fresh database: no copy is kept of that, unless env.py has written something by then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from migration_checks.connection import connect
from migration_checks.database import Databases, Session
from migration_checks.providers import Server
from migration_checks.report import PASSED
from migration_checks.rows.touched import ever_written
from migration_checks.transition import Leg
from tests.projects import SYNC, Script, sql
from tests.walks import creates, walk, widens

MAKES_A_TABLE = SYNC.replace(
    "            context.configure(",
    """            for each in ("CREATE TABLE IF NOT EXISTS kinds (id int PRIMARY KEY)",
                         "INSERT INTO kinds VALUES (1) ON CONFLICT DO NOTHING"):
                connection.exec_driver_sql(each)
            connection.commit()
            context.configure(""",
)
NEEDS_THE_TABLE = Script(
    "b2",
    "a1",
    sql("ALTER TABLE t ADD COLUMN kind int REFERENCES kinds DEFAULT 1"),
    sql("ALTER TABLE t DROP COLUMN kind"),
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The templates of the databases that are made during the test, None for template0."""
    templates: list[str | None] = []
    create = Databases.create

    def noted(self: Databases, label: str, template: str | None = None, by: Session | None = None) -> str:
        templates.append(template)
        return create(self, label, template, by)

    monkeypatch.setattr(Databases, "create", noted)
    return templates


def test_a_start_that_nobody_touched_is_not_copied(tmp_path: Path, server: Server, made: list[str | None]) -> None:
    """The database under walk, and the one of the leap: both are made from nothing."""
    walked = walk(tmp_path, server, [creates("t", "a1"), widens("t", "b2", "a1")])

    assert (walked.report.verdict, walked.found, made) == (PASSED, set(), [None, None])


def test_a_start_that_env_py_made_is_copied(tmp_path: Path, server: Server, made: list[str | None]) -> None:
    """Its table is there before the first revision, and rows that refer to it are no revision's fault."""
    walked = walk(tmp_path, server, [creates("t", "a1"), NEEDS_THE_TABLE], env=MAKES_A_TABLE)

    assert (walked.report.verdict, walked.found) == (PASSED, set())
    assert len([each for each in made if each is not None]) == 2  # the start, and the copy of it that is leapt from


def test_a_walk_is_brought_back_to_a_start_without_a_copy(tmp_path: Path, server: Server, made: list[str | None]) -> None:
    """Below a downgrade that leaves something behind: what is above it is judged as ever."""
    litters = creates("t", "a1")
    litters = replace(litters, downgrade=litters.downgrade + "\n" + sql("CREATE TABLE litter (id int PRIMARY KEY)"))
    walked = walk(tmp_path, server, [litters, widens("t", "b2", "a1")])

    assert walked.found == {("MC201", "a1")}
    assert ["a1", "b2"] == walked.of(Leg.ASCEND)
    assert made.count(None) > 2


@pytest.mark.parametrize(
    "written",
    [
        "CREATE TABLE t (id int)",
        "CREATE SCHEMA s",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "COMMENT ON SCHEMA public IS 'x'",
        "CREATE EXTENSION hstore",
        "SELECT lo_create(0)",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE SEQUENCE s",
        "CREATE TABLE t (id int); DROP TABLE t",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = x', current_database()); END $$",
    ],
)
def test_whatever_is_written_shows(database: str, written: str) -> None:
    """In the database where it was written, once the session has left."""
    with connect(database) as ours:
        assert not ever_written(ours)
        with psycopg.connect(database) as theirs:
            theirs.execute(written.encode())
        while ours.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        ).fetchall():
            pass
        assert ever_written(ours)


def test_what_was_rolled_back_shows_too(database: str) -> None:
    """It left nothing, but that is not told from the counters: then a copy is made in vain."""
    with connect(database) as ours:
        theirs = psycopg.connect(database)
        theirs.execute("CREATE TABLE t (id int)")
        theirs.rollback()
        theirs.execute("SELECT pg_stat_force_next_flush()")
        theirs.rollback()
        theirs.close()

        assert ever_written(ours)


def test_counters_that_were_reset_tell_nothing(database: str) -> None:
    """What was written before that does not show any more."""
    with connect(database) as ours, psycopg.connect(database, autocommit=True) as theirs:
        for statement in ("CREATE TABLE t (id int)", "SELECT pg_stat_force_next_flush()", "SELECT pg_stat_reset()"):
            theirs.execute(statement.encode())

        assert ever_written(ours)

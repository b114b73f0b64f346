"""Reading only what was touched gives what reading everything gives, after every form of change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import psycopg
import pytest

from migration_checks.capture import read_catalog
from migration_checks.connection import connect
from migration_checks.lane import Lane, Question, Row
from migration_checks.providers import Server
from migration_checks.recapture import CatalogReader
from migration_checks.rows.touched import Watch
from migration_checks.sessions import end_sessions
from migration_checks.survey import survey
from migration_checks.worker.variables import WORKER_NAME
from tests.catalog_cases import cases

GROUPS = 8
"""Into how many tests the cases are dealt, so that several workers can run them."""

OWNER = "mct_owner_of_cases"
CLEAR = f"""
DROP OWNED BY {OWNER} CASCADE;
DO $$ DECLARE role name; BEGIN
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname ^@ 'mc_' LOOP
        EXECUTE format('DROP OWNED BY %I CASCADE', role);
        EXECUTE format('DROP ROLE %I', role);
    END LOOP;
END $$;
"""

BESIDE = """
CREATE TABLE beside (id serial PRIMARY KEY, a text CHECK (a <> ''), b int UNIQUE);
CREATE TABLE below (id int PRIMARY KEY REFERENCES beside, c text NOT NULL DEFAULT 'x');
CREATE INDEX ON below (lower(c));
"""
"""Tables that no case knows: they are there, and stay."""

CHANGES = (
    "ALTER TABLE beside ADD COLUMN d numeric(8, 2)",
    "ALTER TABLE beside RENAME COLUMN b TO bb",
    "ALTER TABLE beside RENAME COLUMN id TO number",
    "ALTER TABLE below DROP CONSTRAINT below_id_fkey",
    "ALTER TABLE below ADD FOREIGN KEY (id) REFERENCES beside (bb) DEFERRABLE NOT VALID",
    "ALTER TABLE beside DISABLE TRIGGER ALL",
    "ALTER TABLE beside ENABLE TRIGGER ALL",
    "ALTER TABLE below VALIDATE CONSTRAINT below_id_fkey",
    "ALTER TABLE below RENAME CONSTRAINT below_id_fkey TO fk",
    "ALTER INDEX below_lower_idx ALTER COLUMN 1 SET STATISTICS 500",
    "ALTER INDEX below_lower_idx RENAME TO other",
    "DROP INDEX other",
    "CREATE SEQUENCE s",
    "ALTER SEQUENCE s OWNED BY below.c",
    "ALTER TABLE below RENAME COLUMN c TO cc",
    "ALTER SEQUENCE s OWNED BY NONE",
    "ALTER TABLE below ALTER cc DROP DEFAULT",
    "ALTER TABLE below ALTER cc DROP NOT NULL",
    "ALTER TABLE beside RENAME TO aside",
    "CREATE TYPE pair AS (x int, y int)",
    "CREATE TABLE pairs (p pair CHECK ((p).x > 0))",
    "ALTER TYPE pair RENAME ATTRIBUTE x TO z CASCADE",
    "CREATE TABLE holds (a aside CHECK ((a).d > 0))",
    "ALTER TABLE aside RENAME COLUMN d TO dd",
    "CREATE DOMAIN small AS int CHECK (VALUE < 10)",
    "ALTER DOMAIN small ADD CHECK (VALUE > 0)",
    "ALTER TABLE below ADD e small",
    "ALTER DOMAIN small RENAME TO tiny",
    "CREATE VIEW seen AS SELECT id, e FROM below",
    "ALTER VIEW seen RENAME COLUMN e TO f",
    "CREATE TABLE parent (k int, v text) PARTITION BY LIST (k); CREATE TABLE child PARTITION OF parent FOR VALUES IN (1)",
    "CREATE INDEX ON parent (v)",
    "ALTER TABLE parent ADD CHECK (k > 0)",
    "ALTER TABLE parent DETACH PARTITION child",
    "ALTER TABLE parent ATTACH PARTITION child FOR VALUES IN (2)",
    "COMMENT ON TABLE below IS 'said'",
    "COMMENT ON COLUMN below.cc IS 'said'",
    "COMMENT ON TABLE below IS NULL",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE below ALTER id SET DEFAULT f()",
    "ALTER FUNCTION f() RENAME TO g",
    "CREATE SCHEMA app; ALTER TABLE below SET SCHEMA app",
    "ALTER SCHEMA app RENAME TO application",
    "CREATE EXTENSION citext; CREATE TABLE mine (a citext)",
    "ALTER EXTENSION citext ADD TABLE mine",
    "ALTER EXTENSION citext DROP TABLE mine",
    "CREATE STATISTICS st ON v, k FROM parent",
    "ALTER TABLE parent RENAME COLUMN v TO w",
    "ALTER TABLE application.below SET (fillfactor = 70, toast.autovacuum_enabled = false)",
    "ALTER TABLE application.below SET (toast.autovacuum_enabled = true)",
    "BEGIN; DROP TABLE pairs; CREATE TABLE pairs (q int PRIMARY KEY); COMMIT",
    "BEGIN; ALTER TABLE pairs ADD r int; ROLLBACK",
    "BEGIN; SAVEPOINT s; ALTER TABLE pairs ADD r int; RELEASE s; COMMIT",
    "DO $$ BEGIN BEGIN ALTER TABLE pairs DROP r; EXCEPTION WHEN others THEN NULL; END; END $$",
    "VACUUM FREEZE",
    "VACUUM FULL pg_catalog.pg_class; VACUUM FULL pg_catalog.pg_attribute",
    "DROP SCHEMA application CASCADE",
)
"""One after the other, each in a session of its own; what they are about depends on what came before."""


class Pair:
    """A database read in both ways after every script."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.watcher = connect(url)
        self.reader = CatalogReader()
        self.watch = Watch()
        self.apart: list[str] = []

    def run(self, script: str, what: str, *, role: str | None = None) -> None:
        """Run a script as a step does, and note where the two ways of reading differ afterwards."""
        with psycopg.connect(self.url, autocommit=True, application_name=WORKER_NAME) as session:
            session.execute("SET search_path TO public")
            if role is not None:
                session.execute(f"SET ROLE {role}".encode())
            for statement in _statements(script):
                session.execute(statement.encode())
        end_sessions(self.watcher)
        seen = survey(self.watcher, self.watch, self.reader, None)
        partial = self.reader.read(self.watcher, seen.marks)
        whole = read_catalog(self.watcher)
        if partial != whole:
            keys = [key for key in partial.keys() | whole.keys() if partial.get(key) != whole.get(key)]
            self.apart.append(f"{what}: {sorted(keys)}")


def _statements(script: str) -> Sequence[str]:
    """VACUUM cannot be one of several statements sent at once."""
    return script.split("; ") if script.startswith("VACUUM") else (script,)


@pytest.fixture
def pair(database: str) -> Iterator[Pair]:
    """Both ways of reading a fresh database."""
    pair = Pair(database)
    with pair.watcher:
        if pair.watcher.info.server_version < 150000:
            pytest.skip("PostgreSQL 14 tells its counters late: everything is always read")
        pair.run(BESIDE, "what is there before")
        yield pair


def test_one_change_after_another_is_seen(pair: Pair) -> None:
    """Renames, things that quote each other, comments, extensions, rollbacks and rewrites of the catalog are all seen."""
    for change in CHANGES:
        pair.run(change, change)

    assert pair.apart == []


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_form_of_change_is_seen(group: int, pair: Pair, server: Server) -> None:
    """Each case of the catalog, done and undone, is read as if everything were read.

    One database has a group of cases, one after another: they belong to a role, and what it owns goes before the next one.
    """
    pair.run(f"CREATE ROLE {OWNER} SUPERUSER", "a role")
    for case in cases()[group::GROUPS]:
        if case.since <= server.major:
            for name, script in (("before", CLEAR + case.before), ("change", case.change), ("undo", case.undo)):
                if script is not None:
                    pair.run(script, f"{case.family}: {case.name}: {name}", role=OWNER)

    assert pair.apart == []


def test_little_is_read_where_little_was_touched(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is added, altered or dropped has nothing read but itself and what refers to it."""
    asked: list[object] = []
    ask = Lane.ask

    def heard(lane: Lane, *questions: Question) -> list[list[Row]]:
        asked.extend(questions)
        return ask(lane, *questions)

    pair.run("CREATE TABLE another (id serial PRIMARY KEY)", "")
    for script in ("CREATE TABLE more (id serial PRIMARY KEY)", "ALTER TABLE more ADD a int", "DROP TABLE more"):
        with psycopg.connect(pair.url, autocommit=True, application_name=WORKER_NAME) as session:
            session.execute(script.encode())
        end_sessions(pair.watcher)
        seen = survey(pair.watcher, pair.watch, pair.reader, None)
        with monkeypatch.context() as patch:
            patch.setattr(Lane, "ask", heard)
            pair.reader.read(pair.watcher, seen.marks)

    assert 0 < len(asked) <= 3 * 2
    assert os.linesep.join(pair.apart) == ""

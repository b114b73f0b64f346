"""PostgreSQL's truth: the locks that are told are those of the manual, for every kind of command that it names.

https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES, and the pages of ALTER TABLE, CREATE TRIGGER and
REINDEX, to which it refers.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.observers import standing
from migration_checks.observers.modes import MODES
from migration_checks.providers import provider_for
from tests.observing import locked, observed

LAB = Path(__file__).parents[4] / "shared" / "container-lab" / "postgres-binaries"

SCHEMA = """
CREATE TABLE public.u (id int PRIMARY KEY, note text);
CREATE TABLE public.t (
    id int PRIMARY KEY, a varchar(10), b int NOT NULL DEFAULT 0, c int CONSTRAINT positive CHECK (c > 0),
    u_id int CONSTRAINT to_u REFERENCES public.u
);
CREATE INDEX t_a ON public.t (a);
CREATE TABLE public.child () INHERITS (public.t);
CREATE TABLE public.free (id int NOT NULL, n int);
ALTER TABLE public.free ADD CONSTRAINT unchecked CHECK (n > -1) NOT VALID;
CREATE UNIQUE INDEX free_n ON public.free (n);
CREATE TABLE public.p (id int NOT NULL, at int) PARTITION BY RANGE (id);
CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (100);
CREATE TABLE public.p2 (id int NOT NULL, at int);
CREATE VIEW public.v AS SELECT id FROM public.u;
CREATE MATERIALIZED VIEW public.m AS SELECT id FROM public.u;
CREATE UNIQUE INDEX m_id ON public.m (id);
CREATE SEQUENCE public.s;
CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER fires BEFORE UPDATE ON public.free FOR EACH ROW EXECUTE FUNCTION public.f();
CREATE ROLE migration_checks_reader;
INSERT INTO public.u SELECT g, 'n' FROM generate_series(1, 20) g;
INSERT INTO public.t SELECT g, 'a', g, g, g FROM generate_series(1, 20) g;
INSERT INTO public.free SELECT g, g FROM generate_series(1, 20) g;
INSERT INTO public.p SELECT g, g FROM generate_series(1, 20) g;
REFRESH MATERIALIZED VIEW public.m;
"""

AS, RS, RE, SUE, S, SRE, E, AE = MODES

# What each command locks in the mode that the manual says, and what else goes with it.
COMMANDS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("SELECT * FROM u", {"u": AS}),
    ("SELECT * FROM v", {"v": AS, "u": AS}),
    ("COPY u TO '/dev/null'", {"u": AS}),
    ("CREATE VIEW w AS SELECT note FROM u", {"u": AS, "w": AE}),
    ("CREATE TABLE w (LIKE u)", {"u": AS, "w": AE}),
    ("SELECT * FROM u FOR UPDATE", {"u": RS}),
    ("SELECT * FROM u FOR NO KEY UPDATE", {"u": RS}),
    ("SELECT * FROM u FOR SHARE", {"u": RS}),
    ("SELECT * FROM u FOR KEY SHARE", {"u": RS}),
    ("INSERT INTO u VALUES (99)", {"u": RE}),
    ("UPDATE u SET note = 'x'", {"u": RE}),
    ("DELETE FROM free", {"free": RE}),
    ("INSERT INTO t VALUES (99, 'x', 1, 1, 1)", {"t": RE, "u": RS}),
    ("COPY u FROM '/dev/null'", {"u": RE}),
    ("SELECT nextval('s')", {"s": RE}),
    ("ANALYZE u", {"u": SUE}),
    ("CREATE STATISTICS st ON a, b FROM t", {"t": SUE}),
    ("COMMENT ON TABLE u IS 'x'", {"u": SUE}),
    ("ALTER TABLE u ALTER note SET STATISTICS 10", {"u": SUE}),
    ("ALTER TABLE u ALTER note SET (n_distinct = 5)", {"u": SUE}),
    ("ALTER TABLE u SET (fillfactor = 50)", {"u": SUE}),
    ("ALTER TABLE u SET (autovacuum_enabled = off)", {"u": SUE}),
    ("ALTER TABLE u CLUSTER ON u_pkey", {"u": SUE}),
    ("ALTER TABLE u SET WITHOUT CLUSTER", {"u": SUE}),
    ("ALTER TABLE free VALIDATE CONSTRAINT unchecked", {"free": SUE}),
    ("ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (100) TO (200)", {"p": SUE, "p2": AE}),
    ("CREATE INDEX ON u (note)", {"u": S}),
    ("CREATE INDEX ON p (at)", {"p": S, "p1": S}),
    ("REINDEX INDEX t_a", {"t": S}),
    ("REINDEX TABLE u", {"u": S}),
    ("CREATE TRIGGER g BEFORE UPDATE ON u FOR EACH ROW EXECUTE FUNCTION f()", {"u": SRE}),
    ("ALTER TABLE free ADD FOREIGN KEY (id) REFERENCES u", {"free": SRE, "u": SRE}),
    ("ALTER TABLE free ADD FOREIGN KEY (id) REFERENCES u NOT VALID", {"free": SRE, "u": SRE}),
    ("CREATE TABLE w (u_id int REFERENCES u)", {"u": SRE, "w": AE}),
    ("ALTER TABLE free DISABLE TRIGGER fires", {"free": SRE}),
    ("ALTER TABLE free ENABLE TRIGGER fires", {"free": SRE}),
    ("ALTER SEQUENCE s INCREMENT 2", {"s": SRE}),
    ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", {"m": E, "u": AS}),
    ("REFRESH MATERIALIZED VIEW m", {"m": AE, "u": AS}),
    ("ALTER TABLE u ADD COLUMN x int", {"u": AE}),
    ("ALTER TABLE u ADD COLUMN x int DEFAULT 7 NOT NULL", {"u": AE}),
    ("ALTER TABLE u ADD COLUMN x float DEFAULT random()", {"u": AE}),
    ("ALTER TABLE t ADD COLUMN x int", {"t": AE, "child": AE}),
    ("ALTER TABLE u DROP COLUMN note", {"u": AE}),
    ("ALTER TABLE u ALTER note TYPE varchar(10)", {"u": AE}),
    ("ALTER TABLE u ALTER note SET DEFAULT 'x'", {"u": AE}),
    ("ALTER TABLE u ALTER note SET NOT NULL", {"u": AE}),
    ("ALTER TABLE free ALTER id DROP NOT NULL", {"free": AE}),
    ("ALTER TABLE u ALTER note SET STORAGE EXTERNAL", {"u": AE}),
    ("ALTER TABLE u ADD CHECK (id > 0)", {"u": AE}),
    ("ALTER TABLE u ADD CHECK (id > 0) NOT VALID", {"u": AE}),
    ("ALTER TABLE free ADD PRIMARY KEY (id)", {"free": AE}),
    ("ALTER TABLE free ADD UNIQUE (n)", {"free": AE}),
    ("ALTER TABLE free ADD CONSTRAINT by_index UNIQUE USING INDEX free_n", {"free": AE}),
    ("ALTER TABLE t DROP CONSTRAINT positive", {"t": AE, "child": AE}),
    ("ALTER TABLE t DROP CONSTRAINT to_u", {"t": AE, "u": AE}),
    ("ALTER TABLE u RENAME TO renamed", {"u": AE}),
    ("ALTER TABLE u RENAME COLUMN note TO remark", {"u": AE}),
    ("ALTER TABLE free SET UNLOGGED", {"free": AE}),
    ("ALTER TABLE u ENABLE ROW LEVEL SECURITY", {"u": AE}),
    ("CREATE POLICY pol ON u", {"u": AE}),
    ("ALTER TABLE u REPLICA IDENTITY FULL", {"u": AE}),
    ("ALTER TABLE p DETACH PARTITION p1", {"p": AE, "p1": AE}),
    ("CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (300) TO (400)", {"p": AE, "p3": AE}),
    ("ALTER TABLE p ADD COLUMN x int", {"p": AE, "p1": AE}),
    ("CREATE RULE r AS ON DELETE TO free DO NOTHING", {"free": AE}),
    ("DROP TRIGGER fires ON free", {"free": AE}),
    ("DROP INDEX t_a", {"t": AE}),
    ("DROP TABLE t CASCADE", {"t": AE, "child": AE, "u": AE}),
    ("DROP VIEW v", {"v": AE}),
    ("TRUNCATE free", {"free": AE}),
    ("CLUSTER u USING u_pkey", {"u": AE}),
    *((f"LOCK TABLE u IN {mode} MODE", {"u": mode}) for mode in MODES),
)

INDEXES = (
    ("REINDEX INDEX t_a", {"t_a": AE}),
    ("DROP INDEX t_a", {"t_a": AE}),
    ("ALTER INDEX t_a RENAME TO t_aa", {"t_a": SUE}),
    ("ALTER INDEX t_a SET (fillfactor = 50)", {"t_a": SUE}),
)

SINCE_15 = (
    (
        "MERGE INTO u USING free ON u.id = free.id WHEN MATCHED THEN UPDATE SET note = 'x'",
        {"u": RE, "free": AS},
    ),
)


def prepared(databases: Databases) -> Iterator[psycopg.Connection]:
    url = databases.create("modes")
    with connect(url) as connection:
        connection.execute(SCHEMA.encode())
        assert standing.install(connection)
        connection.execute("SET search_path = public")
        yield connection
    databases.drop(url)
    databases.restore_roles()


@pytest.fixture(scope="module")
def connection(databases: Databases) -> Iterator[psycopg.Connection]:
    yield from prepared(databases)


def test_the_manual_is_asked_of_many_commands() -> None:
    """At least forty forms."""
    assert len(dict(COMMANDS)) >= 70


@pytest.mark.parametrize(("sql", "expected"), COMMANDS, ids=[sql for sql, _ in COMMANDS])
def test_a_command_locks_what_the_manual_says(connection: psycopg.Connection, sql: str, expected: Mapping[str, str]) -> None:
    """Each relation in its mode, and no other one."""
    (statement,) = observed(connection, [sql])

    assert expected == locked(statement)
    assert all("connection" in lock.sources for lock in statement.locks)


@pytest.mark.parametrize(("sql", "expected"), INDEXES, ids=[sql for sql, _ in INDEXES])
def test_an_index_is_locked_as_the_manual_says(connection: psycopg.Connection, sql: str, expected: Mapping[str, str]) -> None:
    """The index itself."""
    (statement,) = observed(connection, [sql])

    assert expected.items() <= locked(statement, indexes=True).items()


@pytest.mark.parametrize("major", [14, 17])
def test_other_majors_say_the_same(major: int) -> None:
    """All of it at once: what a major does in another way is what its manual says, too."""
    if not LAB.exists():
        pytest.skip(f"{LAB} is not here")
    answer = subprocess.run([LAB, str(major)], capture_output=True, text=True, timeout=300, check=False)
    if answer.returncode != 0:
        pytest.skip(f"PostgreSQL {major} cannot be had: {answer.stderr.strip()[-200:]}")
    folder = Path(answer.stdout.strip().splitlines()[-1]) / str(major) / "bin"
    with provider_for(f"local:{folder}").lend() as lent, Databases(lent) as made:
        for connection in prepared(made):
            wanted = (*COMMANDS, *(SINCE_15 if major >= 15 else ()))
            found = [(sql, locked(*observed(connection, [sql]))) for sql, _ in wanted]

    assert [(sql, dict(modes)) for sql, modes in wanted] == [(sql, dict(modes)) for sql, modes in found]


def test_merge(connection: psycopg.Connection) -> None:
    """A row exclusive lock on what is written, access share on what is read."""
    for sql, expected in SINCE_15:
        assert expected == locked(*observed(connection, [sql]))


def test_what_was_held_before_is_told_apart(connection: psycopg.Connection) -> None:
    """A statement that locks the table again takes no new lock; a stronger one is new."""
    first, second, third = observed(
        connection, ["CREATE INDEX ON u (note)", "UPDATE u SET note = 'y'", "ALTER TABLE u ADD COLUMN x int"]
    )

    assert {"u": S} == locked(first)
    assert {} == locked(second)
    assert [("public.u", S, False)] == [(lock.relation, lock.mode, lock.new) for lock in second.locks if lock.kind == "table"]
    assert {"u": AE} == locked(third)


def test_relations_are_called_what_they_are(connection: psycopg.Connection) -> None:
    """Partitions, children, tables that are only referred to, views and sequences."""
    kinds = {
        lock.relation: lock.kind
        for sql in (
            "ALTER TABLE p ADD COLUMN x int",
            "ALTER TABLE t ADD COLUMN x int",
            "ALTER TABLE free ADD FOREIGN KEY (id) REFERENCES u",
            "SELECT * FROM v, m",
            "SELECT nextval('s')",
        )
        for lock in observed(connection, [sql])[0].locks
    }

    assert ("table", "partition") == (kinds["public.p"], kinds["public.p1"])
    assert ("table", "child") == (kinds["public.t"], kinds["public.child"])
    assert ("view", "materialized view", "sequence") == (kinds["public.v"], kinds["public.m"], kinds["public.s"])
    (added,) = observed(connection, ["ALTER TABLE free ADD FOREIGN KEY (id) REFERENCES u NOT VALID"])
    assert {"public.free": "table", "public.u": "referenced"} == {
        lock.relation: lock.kind for lock in added.locks if lock.kind != "index"
    }

"""Reading follows what was touched, needs no rights it does not have, and leaves no trace in what scripts see."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_checks.database import OWN_SCHEMA, connect, database_name, libpq_url
from migration_checks.rows import Rows
from tests.integration.rows.support import run

MANY = "; ".join(f"CREATE TABLE t{n} (id int PRIMARY KEY, a text); INSERT INTO t{n} VALUES (1, 'x')" for n in range(20))

TYPES = """
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (x int, y mood);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE COLLATION own FROM "C";
CREATE TABLE t (id int PRIMARY KEY, m mood, ms mood[], p positive, c pair, s span, t text COLLATE own);
INSERT INTO t VALUES (1, 'a', '{a,b}', 5, '(1,a)', '[1,2)', 'Tea');
"""


def queries(rows: Rows) -> int:
    """How many scans of user tables the database has seen."""
    rows.connection.execute("SELECT pg_stat_force_next_flush()")
    row = rows.connection.execute("SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_user_tables").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.usefixtures("counters")
def test_untouched_table_is_the_same_value(rows: Rows, database: str) -> None:
    """Only the table that a step wrote to is read again; the others are the very same values."""
    run(database, MANY)
    before = rows.read(None, keep=True)
    run(database, "UPDATE t7 SET a = 'y'")
    after = rows.read(before, keep=True)

    assert [name for name in after if after[name] is not before[name]] == ["public.t7"]


@pytest.mark.parametrize(
    "step",
    [
        "INSERT INTO t VALUES (2)",
        "TRUNCATE t",
        "ALTER TABLE t ALTER p TYPE bigint",
        "ALTER TYPE mood RENAME VALUE 'a' TO 'z'",
        "ALTER TABLE t RENAME m TO n",
        "ALTER TABLE t RENAME TO u",
        "ALTER TABLE t DROP CONSTRAINT t_pkey",
        "ALTER TABLE t DROP p",
        "DROP TABLE t; CREATE TABLE t (id int)",
        "BEGIN; TRUNCATE t; INSERT INTO t VALUES (1); COMMIT",
        "COPY t (id) FROM PROGRAM 'echo 5'",
        "WITH gone AS (DELETE FROM t RETURNING *) INSERT INTO t SELECT id + 1 FROM gone",
        "ALTER TABLE t ADD z int DEFAULT 5",
    ],
)
def test_every_kind_of_touch_is_noticed(rows: Rows, database: str, step: str) -> None:
    """Whatever a step does to a table or to its types, the table is not taken for the one that it was."""
    run(database, TYPES)
    before = rows.read(None, keep=True)
    run(database, step)
    after = rows.read(before, keep=True)

    states = [
        [(table.name, table.columns, table.key, table.digests) for table in tables.values()] for tables in (before, after)
    ]

    assert states[0] != states[1]
    assert all(after[name] is not before["public.t"] for name in after)


def test_rolled_back_writes_change_nothing(rows: Rows, database: str) -> None:
    """A table that was written to and rolled back is read again, and found to hold the same rows."""
    run(database, MANY)
    before = rows.read(None, keep=True)
    run(database, "BEGIN; UPDATE t7 SET a = 'y'; ROLLBACK")
    after = rows.read(before, keep=True)

    assert before["public.t7"].relation == after["public.t7"].relation
    assert rows.compare(before, after).data_equal


@pytest.mark.usefixtures("counters")
@pytest.mark.parametrize("reset", ["pg_stat_reset()", "pg_stat_reset_single_table_counters('t'::regclass)"])
def test_counters_that_start_again_hide_nothing(rows: Rows, database: str, reset: str) -> None:
    """A step that resets statistics and writes as much as the one before is not taken for one that wrote nothing."""
    run(database, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
    run(database, f"SELECT {reset}; UPDATE t SET id = 2")
    before = rows.read(None, keep=False)
    run(database, f"SELECT {reset}; UPDATE t SET id = 3")
    after = rows.read(before, keep=False)

    assert before["public.t"].digests != after["public.t"].digests


@pytest.mark.usefixtures("counters")
def test_untouched_tables_are_not_scanned(rows: Rows, database: str) -> None:
    """Reading again costs no scan where nothing happened."""
    run(database, MANY)
    before = rows.read(None, keep=True)
    scans = queries(rows)
    after = rows.read(before, keep=True)

    assert before == after
    assert scans == queries(rows)


def test_writes_of_a_session_that_stays_are_noticed(rows: Rows, database: str) -> None:
    """A session that has not reported its counters cannot hide what it wrote."""
    run(database, MANY)
    before = rows.read(None, keep=True)
    with psycopg.connect(database, autocommit=True) as stays:
        for name in ("a", "b", "c"):
            stays.execute(f"UPDATE t7 SET a = '{name}'")
            after = rows.read(before, keep=True)

            assert not rows.compare(before, after).data_equal
            before = after


def test_mirrors_do_not_depend_on_the_users_types(rows: Rows, database: str) -> None:
    """Mirrors survive, and do not hinder, a step that drops every type, collation and table of the user."""
    run(database, TYPES)
    before = rows.read(None, keep=True)
    run(database, "DROP TABLE t; DROP TYPE pair; DROP TYPE mood; DROP DOMAIN positive; DROP TYPE span; DROP COLLATION own")
    changes = rows.compare(before, rows.read(before, keep=True))

    assert changes.tables[0].missing == 1
    assert changes.tables[0].missing_samples == ({"id": "1"},)


def test_older_mirrors_stay(rows: Rows, database: str) -> None:
    """Every place that was kept can still be compared with, whatever came after."""
    run(database, MANY)
    first = rows.read(None, keep=True)
    run(database, "UPDATE t3 SET a = 'y'")
    second = rows.read(first, keep=True)
    run(database, "UPDATE t3 SET a = 'z'; DROP TABLE t4")
    third = rows.read(second, keep=True)

    for one, other in ((first, second), (second, third), (first, third)):
        change = rows.compare(one, other).tables[0]
        assert change.table == "public.t3"
        assert change.columns[0].changed == 1


@pytest.mark.usefixtures("counters")
def test_partitions_are_read_through_their_root(rows: Rows, database: str) -> None:
    """A partitioned table is one table; writing to a partition touches it; inheritance children stand for themselves."""
    run(
        database,
        "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR "
        "VALUES FROM (0) TO (9) "
        "PARTITION BY RANGE (id); CREATE TABLE p2 PARTITION OF p1 DEFAULT; INSERT INTO p VALUES (1), (2);"
        "CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent); INSERT INTO parent VALUES (1); "
        "INSERT INTO child VALUES (1), (2)",
    )
    before = rows.read(None, keep=True)

    assert {name: table.rows for name, table in before.items()} == {"public.p": 2, "public.parent": 1, "public.child": 2}

    run(database, "DELETE FROM p2 WHERE id = 1; INSERT INTO child VALUES (3)")
    after = rows.read(before, keep=False)

    assert {name: table.rows for name, table in after.items()} == {"public.p": 1, "public.parent": 1, "public.child": 3}
    assert before["public.parent"] is after["public.parent"]


def test_what_is_skipped_and_what_is_not_a_table(rows: Rows, database: str) -> None:
    """Views, materialized views, system tables, the toolkit's own and skipped tables are not listed."""
    run(
        database,
        "CREATE TABLE a (id int); CREATE TABLE alembic_version (v text); CREATE VIEW v AS SELECT 1; "
        "CREATE MATERIALIZED VIEW m AS SELECT 1; CREATE UNLOGGED TABLE u (id int)",
    )
    rows.read(None, keep=True)

    assert list(rows.read(None, keep=True, skip={"public.alembic_version"})) == ["public.a", "public.u"]


def test_foreign_tables_say_why_they_are_not_read(rows: Rows, database: str) -> None:
    """A table that cannot be read is listed with the reason, also by a comparison."""
    run(
        database,
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (id int) SERVER s",
    )
    tables = rows.read(None, keep=True)

    assert tables["public.f"].unread == "it is a foreign table"
    assert rows.compare(tables, tables).unread == {"public.f": "it is a foreign table"}


def test_event_triggers_do_not_hear_the_toolkit(rows: Rows, database: str) -> None:
    """The user's event trigger, even one that forbids all DDL, neither hears of mirrors nor stops them."""
    run(
        database,
        "CREATE TABLE a (id int); INSERT INTO a VALUES (1); CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''no''; END'; CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION no()",
    )
    tables = rows.read(None, keep=True)

    assert tables["public.a"].relation.startswith(OWN_SCHEMA)


@pytest.fixture
def owned(database: str) -> Iterator[tuple[str, Callable[[str], None]]]:
    """The URL of a database of a plain role, and a function that runs scripts as superuser."""
    name = database_name(database)
    role = f"plain_{name}"
    run(database, f"CREATE ROLE {role} LOGIN; ALTER DATABASE {name} OWNER TO {role}; ALTER SCHEMA public OWNER TO {role}")
    yield libpq_url({**conninfo_to_dict(database), "user": role}), lambda script: run(database, script)
    run(database, f"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}")


def test_an_owner_without_privileges_is_enough(owned: tuple[str, Callable[[str], None]]) -> None:
    """A role that merely owns the database reads, mirrors, compares; what it may not read it says so."""
    url, superuser = owned
    superuser("CREATE TABLE secret (id int); CREATE SCHEMA closed; CREATE TABLE closed.t (id int)")
    with connect(url) as connection:
        rows = Rows(connection)
        connection.execute("CREATE TABLE public.mine (id int PRIMARY KEY, a numeric); INSERT INTO public.mine VALUES (1, 1.0)")
        connection.execute(
            "CREATE TABLE public.rls (id int); ALTER TABLE public.rls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        )
        before = rows.read(None, keep=True)
        connection.execute("ALTER TABLE public.mine ALTER a TYPE text")
        changes = rows.compare(before, rows.read(before, keep=False))

    assert {name: table.unread for name, table in before.items()} == {
        "closed.t": "permission denied for its schema",
        "public.mine": None,
        "public.rls": "row security hides rows from this role",
        "public.secret": "permission denied",
    }
    assert changes.data_equal
    assert changes.rows_compared == 1
    assert {"closed.t", "public.rls", "public.secret"} == set(changes.unread)


@pytest.mark.usefixtures("counters")
def test_rows_read_stay_valid_on_another_connection(rows: Rows, database: str) -> None:
    """A connection may be replaced; what was read before goes on to count."""
    run(database, MANY)
    before = rows.read(None, keep=True)
    rows.connection.close()
    with connect(database) as connection:
        rows.reconnect(connection)
        run(database, "DELETE FROM t1")
        after = rows.read(before, keep=True)

        assert before["public.t2"] is after["public.t2"]
        assert rows.compare(before, after).tables[0].missing == 1


def test_a_mirror_that_is_gone_is_said_to_be(rows: Rows, database: str) -> None:
    """A state whose rows cannot be had any more is unread, not an exception."""
    run(database, MANY)
    before = rows.read(None, keep=True)
    run(database, f"DROP SCHEMA {OWN_SCHEMA} CASCADE; DELETE FROM t1")
    changes = rows.compare(before, rows.read(before, keep=False))

    assert list(changes.unread) == ["public.t1"]
    assert changes.rows_compared == 19


def test_rows_that_were_not_kept_are_not_taken_for_others(rows: Rows, database: str) -> None:
    """A state that was read without a mirror cannot be compared once its table was written to: that is said, not guessed."""
    run(database, MANY)
    before = rows.read(None, keep=False)
    run(database, "DELETE FROM t1")
    changes = rows.compare(before, rows.read(before, keep=False))

    assert changes.unread == {"public.t1": "its rows, as they were then, were not kept"}
    assert changes.rows_compared == 19


def test_a_table_that_fails_spoils_no_other(rows: Rows, database: str) -> None:
    """Helpers made while a comparison fails are made again for the next table."""
    run(database, """CREATE TABLE a (id int PRIMARY KEY, j json); INSERT INTO a VALUES (1, '{"a": 1}')""")
    run(database, "CREATE TABLE b (LIKE a INCLUDING ALL); INSERT INTO b SELECT * FROM a")
    before = rows.read(None, keep=True)
    run(database, "UPDATE a SET j = '{}'; UPDATE b SET j = '{}'")
    after = rows.read(before, keep=True)
    rows.connection.execute(f"DROP TABLE {after['public.a'].relation}")
    changes = rows.compare(before, after)

    assert list(changes.unread) == ["public.a"]
    assert [table.table for table in changes.tables] == ["public.b"]

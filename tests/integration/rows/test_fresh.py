"""Large tables are compared by the rows that were written since: that finds what looking at every row finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.rows import Rows, fresh
from migration_checks.rows.identity import pair_columns
from migration_checks.snapshot import Table
from migration_checks.transition import Changes
from tests.integration.rows.support import do, run

SCHEMA = """
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE TABLE t (id int PRIMARY KEY, n int, word text, mood mood, at timestamp, more numeric(9, 2));
INSERT INTO t SELECT i, i % 7, 'w' || i, 'glad', '2024-01-01', i FROM generate_series(1, 60) i;
CREATE TABLE parts (id int, n int) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1, 2, 3);
CREATE TABLE other (id int, n int);
INSERT INTO parts VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO other VALUES (1, 10), (2, 2), (3, 30);
ALTER TABLE parts ADD PRIMARY KEY (id);
ALTER TABLE other ADD PRIMARY KEY (id);
"""
STEPS = {
    "some rows": "UPDATE t SET n = n + 1 WHERE id % 10 = 0",
    "all rows": "UPDATE t SET word = upper(word)",
    "the same values": "UPDATE t SET n = n",
    "rows that are made again": "DELETE FROM t WHERE id < 20; INSERT INTO t (id, n) SELECT i, 5 FROM generate_series(1, 19) i",
    "rows that go and come": "DELETE FROM t WHERE id < 5; INSERT INTO t (id) VALUES (100), (101)",
    "an update and its undoing": "UPDATE t SET n = n + 1; UPDATE t SET n = n - 1 WHERE id > 3",
    "what is rolled back": "BEGIN; UPDATE t SET n = 0; ROLLBACK; UPDATE t SET n = 1 WHERE id = 1",
    "a part of a transaction": "BEGIN; SAVEPOINT s; UPDATE t SET n = 9 WHERE id = 4; RELEASE s; COMMIT",
    "another name for a label": "ALTER TYPE mood RENAME VALUE 'glad' TO 'merry'; UPDATE t SET n = 0 WHERE id = 1",
    "a column made anew": "ALTER TABLE t DROP COLUMN n; ALTER TABLE t ADD COLUMN n int DEFAULT 3",
    "columns that change names": "ALTER TABLE t RENAME n TO x; ALTER TABLE t RENAME word TO n; UPDATE t SET x = 1 WHERE id = 2",
    "another type": "ALTER TABLE t ALTER COLUMN n TYPE bigint; UPDATE t SET n = 1 WHERE id = 2",
    "a type that fits": "ALTER TABLE t ALTER COLUMN more TYPE numeric(12, 2); UPDATE t SET n = 1 WHERE id = 2",
    "moments in another zone": "SET timezone = 'UTC'; ALTER TABLE t ALTER at TYPE timestamptz; UPDATE t SET n = 1 WHERE id = 2",
    "a rewrite": "UPDATE t SET n = 1 WHERE id = 2; VACUUM FULL t",
    "rows in another order": "UPDATE t SET n = 1 WHERE id = 2; CLUSTER t USING t_pkey",
    "rows that are frozen": "UPDATE t SET n = 1 WHERE id = 2; VACUUM (FREEZE) t",
    "the table made anew": "CREATE TABLE u AS SELECT id, n + 1 AS n FROM t; DROP TABLE t; ALTER TABLE u RENAME TO t;"
    "ALTER TABLE t ADD PRIMARY KEY (id)",
    "a part for another": "ALTER TABLE parts DETACH PARTITION part_1; ALTER TABLE other ALTER id SET NOT NULL;"
    "ALTER TABLE parts ATTACH PARTITION other FOR VALUES IN (1, 2, 3)",
    "a child of its own": "CREATE TABLE kin () INHERITS (other); INSERT INTO kin VALUES (7, 7);"
    "UPDATE other SET n = 0 WHERE id = 1",
}


@pytest.fixture
def url(database: str) -> str:
    run(database, SCHEMA)
    return database


def twice(rows: Rows, before: Mapping[str, Table], *, keep: bool = False) -> tuple[Changes, Changes]:
    """What differs now: found by the rows that were written since, and by all of them."""
    after = rows.read(before, keep=keep)
    few = rows.compare(before, after)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fresh, "LARGE", 1_000_000)
        return few, rows.compare(before, after)


@pytest.mark.parametrize("keep", [False, True], ids=["there alone", "copied too"])
@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_missed(rows: Rows, url: str, step: str, keep: bool) -> None:
    """Row by row, whether all were looked at or those that were written; whether the later state was copied or not."""
    before = rows.read(None, keep=True)
    do(url, STEPS[step])
    few, every = twice(rows, before, keep=keep)

    assert every == few


def condition(rows: Rows, url: str, step: str, table: str = "public.t", column: str = "n") -> str:
    """What is asked of the rows of a table after a step, where that column may differ."""
    before = rows.read(None, keep=True)
    do(url, step)
    left, right = before[table], rows.read(before, keep=False)[table]
    pairs = [pair for pair in pair_columns(left, right).pairs if pair[1].name in ("id", column)]
    return fresh.written_since(rows._shop, left, right, pairs)


def test_only_rows_that_were_written_are_looked_at(rows: Rows, url: str) -> None:
    """Nine of ten are not."""
    found = condition(rows, url, STEPS["some rows"])

    assert [(6,)] == rows.connection.execute(f"SELECT count(*) FROM public.t WHERE {found}".encode()).fetchall()


def asked(rows: Rows, before: Mapping[str, Table], after: Mapping[str, Table]) -> list[str]:
    """What a comparison asks of the rows of each table that differs."""
    found: list[str] = []
    really = fresh.written_since

    def seen(*given: Any) -> str:
        found.append(really(*given))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("migration_checks.rows.table_rows.written_since", seen)
        rows.compare(before, after)
    return found


def test_rows_that_were_copied_are_found_where_they_stand(rows: Rows, url: str) -> None:
    """As long as nothing else has been read there since; then only the copy is known to hold them."""
    before = rows.read(None, keep=True)
    do(url, STEPS["some rows"])
    after = rows.read(before, keep=True)
    (found,) = asked(rows, before, after)
    assert found

    do(url, "UPDATE t SET n = 50 WHERE id = 20; UPDATE t SET n = 50 WHERE id = 21")
    rows.read(after, keep=False)
    (change,) = rows.compare(before, after).tables
    assert [6] == [column.changed for column in change.columns]
    assert [] == asked(rows, before, after)


def test_rows_that_somebody_may_be_writing_are_found_in_the_copy(rows: Rows, url: str) -> None:
    """What stands there may be something else a moment later."""
    with psycopg.connect(url, autocommit=True) as somebody:
        before = rows.read(None, keep=True)
        somebody.execute("UPDATE t SET n = n + 1 WHERE id < 4")
        after = rows.read(before, keep=True)

        assert [] == asked(rows, before, after)


@pytest.mark.parametrize(
    ("step", "table", "column"),
    [
        ("another name for a label", "public.t", "mood"),
        ("a column made anew", "public.t", "n"),
        ("another type", "public.t", "n"),
        ("a type that fits", "public.t", "more"),
        ("the table made anew", "public.t", "n"),
        ("a part for another", "public.parts", "n"),
    ],
)
def test_what_may_change_without_being_written_is_looked_at(rows: Rows, url: str, step: str, table: str, column: str) -> None:
    """Every row of it."""
    assert "" == condition(rows, url, STEPS[step], table, column)


def test_what_was_read_in_another_database_proves_nothing(rows: Rows, databases: Databases, url: str) -> None:
    """It may have been brought here: there the same row was written before it was read, here it was not."""
    start = databases.copy(url, "start", rows.connection)
    run(url, "UPDATE t SET n = 50 WHERE id < 10")
    there = rows.read(None, keep=True)
    with connect(start) as connection:
        here = Rows(connection)
        run(start, "UPDATE t SET n = 50 WHERE id < 5")
        now = here.read(None, keep=False)
        pairs = pair_columns(there["public.t"], now["public.t"]).pairs

        assert "" == fresh.written_since(here._shop, there["public.t"], now["public.t"], pairs[:2])
    databases.drop(start)


def test_a_transaction_that_was_only_prepared(rows: Rows, url: str) -> None:
    """It began before the table was read, and its row came after."""
    do(url, "BEGIN; UPDATE t SET n = 77 WHERE id = 1; PREPARE TRANSACTION 'fresh'")
    try:
        before = rows.read(None, keep=True)
        run(url, "UPDATE t SET n = 78 WHERE id = 2")
    finally:
        run(url, "COMMIT PREPARED 'fresh'")
    (change,) = rows.compare(before, rows.read(before, keep=False)).tables
    (column,) = change.columns

    assert ("n", 2) == (column.column, column.changed)


STATEMENTS = st.lists(
    st.sampled_from(
        [
            "UPDATE t SET n = n + {0} WHERE id % 5 = {1} % 5",
            "UPDATE t SET word = 'x{0}' WHERE id = {1}",
            "DELETE FROM t WHERE id = {1}",
            "INSERT INTO t (id, n) VALUES ({0} + 100, {1}) ON CONFLICT (id) DO UPDATE SET n = excluded.n",
            "UPDATE t SET id = id + 200 WHERE id = {1}",
            "BEGIN; UPDATE t SET n = {0}; ROLLBACK",
            "VACUUM t",
        ]
    ).flatmap(lambda text: st.tuples(st.integers(0, 9), st.integers(1, 60)).map(lambda given: text.format(*given))),
    max_size=6,
)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=STATEMENTS)
def test_whatever_is_done_to_rows(rows: Rows, url: str, statements: list[str]) -> None:
    """The same state, compared twice."""
    before = rows.read(None, keep=True)
    for statement in statements:
        do(url, statement)
    few, every = twice(rows, before)

    assert every == few

"""A large table is digested by the rows that were written since an earlier reading: to what reading every row comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migration_checks.rows import Rows, carried, fresh
from migration_checks.snapshot import Table
from tests.integration.rows.support import do, run

pytestmark = pytest.mark.usefixtures("counters")

SCHEMA = """
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TABLE t (
    a int, b text, n int, flag bool, part real, many int[], doc jsonb, at timestamptz, mood mood, odd text, PRIMARY KEY (b, a)
);
INSERT INTO t (a, b, n, flag, part, many, doc, at, mood)
SELECT i, 'b' || i % 7, i % 5, i % 2 = 0, i / 3.0, ARRAY[i], to_jsonb(i), 'epoch', 'sad' FROM generate_series(1, 60) i;
UPDATE t SET odd = 'one' WHERE a = 1;
CREATE TABLE u (id int PRIMARY KEY, n numeric);
INSERT INTO u SELECT i, i FROM generate_series(1, 60) i;
CREATE TABLE v (mood mood PRIMARY KEY, n int);
INSERT INTO v VALUES ('glad', 1), ('sad', 2);
"""
STEPS = {
    "nothing but a new version": "UPDATE t SET n = n WHERE a < 5",
    "values": "UPDATE t SET n = n + 1, flag = NULL, part = -part, many = '{}', doc = 'null', at = now() WHERE a % 10 = 0",
    "the only value": "UPDATE t SET odd = NULL WHERE a = 1",
    "another spelling": "UPDATE u SET n = (n || '.0')::numeric WHERE id < 5",
    "a swap": "UPDATE t SET n = 9 - n WHERE a IN (1, 3)",
    "new rows": "INSERT INTO t VALUES (61, 'x'), (62, 'y')",
    "rows that go": "DELETE FROM t WHERE a < 4",
    "rows that go while others come": "DELETE FROM t WHERE a < 4; INSERT INTO t VALUES (61, 'x'), (62, 'y'), (63, 'z')",
    "rows that are made again": "DELETE FROM t WHERE a < 4; INSERT INTO t VALUES (1, 'b1'), (2, 'b2'), (3, 'b3')",
    "another key": "UPDATE t SET a = a + 100 WHERE a < 4",
    "keys that are swapped": "UPDATE u SET id = -id WHERE id < 3; UPDATE u SET id = id + 3 WHERE id < 0",
    "a new column": "ALTER TABLE t ADD extra int DEFAULT 4; UPDATE t SET extra = 5 WHERE a < 4",
    "a new column that is computed": "ALTER TABLE u ADD twice numeric GENERATED ALWAYS AS (n * 2) STORED",
    "a column that is gone": "ALTER TABLE t DROP n; UPDATE t SET flag = true WHERE a < 4",
    "a column of the key that is gone": "DELETE FROM t; ALTER TABLE t DROP b; ALTER TABLE t ADD PRIMARY KEY (a)",
    "names that are swapped": "ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME n TO a; UPDATE t SET a = 7 WHERE x < 4",
    "another name for a label": "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'; UPDATE t SET n = 7 WHERE a < 4",
    "another name for a key": "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'; UPDATE v SET n = 3 WHERE n = 7;"
    "ALTER TABLE v ADD more int",
    "another type": "ALTER TABLE t ALTER part TYPE text; UPDATE t SET n = 7 WHERE a < 4",
    "no key any more": "ALTER TABLE t DROP CONSTRAINT t_pkey; UPDATE t SET n = 7 WHERE a < 4",
    "the other way round": "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (a, b); UPDATE t SET n = 7 WHERE a < 4",
    "every row": "UPDATE t SET n = n + 1",
    "nothing left": "TRUNCATE t",
    "a rewrite": "UPDATE t SET n = 7 WHERE a < 4; VACUUM FULL t",
}


@pytest.fixture
def url(database: str) -> str:
    run(database, SCHEMA)
    return database


def held(tables: Mapping[str, Table]) -> dict[str, Any]:
    """What is known of the rows of each table."""
    return {name: (table.rows, dict(table.digests)) for name, table in tables.items()}


def every_row(rows: Rows) -> dict[str, Any]:
    """The same of a reader that knows of no earlier reading."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fresh, "LARGE", 1_000_000)
        return held(Rows(rows.connection).read(None, keep=False))


@pytest.mark.parametrize("recent", [5_000, 0], ids=["few transactions", "many transactions"])
@pytest.mark.parametrize("step", STEPS)
def test_the_same_digests(rows: Rows, url: str, step: str, recent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Column by column, whatever was done; and once more when it was undone in part."""
    monkeypatch.setattr(fresh, "RECENT", recent)
    before = rows.read(None, keep=True)
    do(url, STEPS[step])
    after = rows.read(before, keep=True)
    assert every_row(rows) == held(after)

    do(url, "UPDATE u SET n = 77 WHERE id = 7; UPDATE u SET n = n - 1 WHERE id < 3")
    assert every_row(rows) == held(rows.read(after, keep=False))


def test_what_is_computed_whenever_it_is_read(rows: Rows, url: str) -> None:
    """Nobody writes a row, and all of them hold something else."""
    if rows.connection.info.server_version < 180000:
        pytest.skip("before PostgreSQL 18 every computed value is stored")
    do(url, "ALTER TABLE u ADD twice numeric GENERATED ALWAYS AS (n * 2) VIRTUAL")
    before = rows.read(None, keep=True)
    do(url, "ALTER TABLE u ALTER twice SET EXPRESSION AS (n * 3); UPDATE u SET n = 7 WHERE id < 4")

    assert every_row(rows) == held(rows.read(before, keep=False))


@pytest.mark.parametrize(
    ("step", "hashed"),
    [
        ("values", 6),
        ("nothing but a new version", 4),
        ("new rows", 2),
        ("rows that are made again", 3),
        ("a new column", 3),
        ("a column that is gone", 3),
        ("names that are swapped", 3),
        ("another type", 0),
        ("rows that go", None),
        ("another key", None),
        ("no key any more", None),
        ("nothing left", None),
    ],
)
def test_how_many_rows_are_hashed(rows: Rows, url: str, step: str, hashed: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were written, or all where that is not enough."""
    told: list[Table | None] = []
    really = carried.carried

    def seen(*given: Any) -> Table | None:
        told.append(really(*given))
        return told[-1]

    monkeypatch.setattr("migration_checks.rows.reading.carried", seen)
    before = rows.read(None, keep=True)
    do(url, STEPS[step])
    after = rows.read(before, keep=False)["public.t"]
    written = fresh.fresh_rows(rows._shop, before["public.t"], after)

    if hashed is None:
        assert [None] == told
    elif hashed:
        assert [after.digests] == [each.digests for each in told if each is not None]
        assert [(hashed,)] == rows.connection.execute(f"SELECT count(*) FROM public.t WHERE {written}".encode()).fetchall()


@pytest.mark.parametrize(("share", "is_told"), [(1, False), (2, False), (20, True)])
def test_where_it_saves_nothing(rows: Rows, url: str, share: int, is_told: bool) -> None:
    """Every row, or every other one, written: all are hashed at once. One in twenty is worth it."""
    do(url, "CREATE TABLE wide (id int PRIMARY KEY, n int); INSERT INTO wide SELECT i, i FROM generate_series(1, 50000) i")
    before = rows.read(None, keep=True)
    do(url, f"UPDATE wide SET n = n + 1 WHERE id % {share} = 0")
    after = rows.read(before, keep=False)

    assert is_told is (carried.carried(rows._shop, before["public.wide"], after["public.wide"]) is not None)
    assert every_row(rows) == held(after)


def test_a_state_that_somebody_may_have_been_writing_to(rows: Rows, url: str) -> None:
    """What was digested and what was copied may be of two moments: every row is read again."""
    with psycopg.connect(url, autocommit=True) as somebody:
        before = rows.read(None, keep=True)
        somebody.execute("UPDATE t SET n = 7 WHERE a < 4")
    after = rows.read(before, keep=False)

    assert "?" in before["public.t"].stamp
    assert None is carried.carried(rows._shop, before["public.t"], after["public.t"])
    assert every_row(rows) == held(after)


STATEMENTS = st.lists(
    st.sampled_from(
        [
            "UPDATE t SET n = {0} WHERE a % 9 = {1} % 9",
            "UPDATE t SET flag = NOT flag, part = part + {0} WHERE a = {1}",
            "DELETE FROM t WHERE a = {1}",
            "INSERT INTO t (a, b, n) VALUES ({1}, 'b' || {1} % 7, {0}) ON CONFLICT (b, a) DO UPDATE SET n = excluded.n",
            "UPDATE t SET a = a + 200 WHERE a = {1}",
            "UPDATE u SET id = id + 60 WHERE id = {1} AND NOT EXISTS (SELECT FROM u WHERE id = {1} + 60)",
            "BEGIN; UPDATE t SET n = {0}; ROLLBACK",
            "VACUUM FREEZE t",
        ]
    ).flatmap(lambda text: st.tuples(st.integers(0, 9), st.integers(1, 60)).map(lambda given: text.format(*given))),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STATEMENTS, min_size=1, max_size=3))
def test_whatever_is_done_to_rows(rows: Rows, url: str, steps: list[list[str]]) -> None:
    """Reading after reading, each told from the one before it."""
    before = rows.read(None, keep=True)
    for statements in steps:
        for statement in statements:
            do(url, statement)
        before = rows.read(before, keep=True)

        assert every_row(rows) == held(before)

"""Sequences are held against the columns that they feed."""

from __future__ import annotations

import psycopg

from migration_checks.rows import Rows
from migration_checks.rows.sequences import SEQUENCES
from migration_checks.snapshot import Sequence
from tests.integration.rows.support import run

FED = """
CREATE TABLE a (id serial PRIMARY KEY, "Odd Name" int GENERATED ALWAYS AS IDENTITY);
CREATE SEQUENCE free;
CREATE SEQUENCE shared INCREMENT 10 START 10;
CREATE TABLE b (id bigint DEFAULT nextval('shared'), code text DEFAULT 'c' || nextval('free'));
CREATE SEQUENCE down INCREMENT -1 MAXVALUE 100 START 100;
CREATE TABLE c (id int DEFAULT nextval('down'));
CREATE TABLE p (id serial, k int) PARTITION BY RANGE (k);
CREATE TABLE p1 PARTITION OF p DEFAULT;
"""


def test_where_sequences_stand(rows: Rows, database: str) -> None:
    """Next value and extreme value in use, by owner, identity and nextval default; text columns and loose ones are left out."""
    run(database, FED)
    run(
        database,
        "INSERT INTO a DEFAULT VALUES; INSERT INTO b DEFAULT VALUES; INSERT INTO b VALUES (95); INSERT INTO c VALUES (7)",
    )
    run(database, "INSERT INTO p (k) VALUES (1), (2); INSERT INTO p (id, k) VALUES (9, 3)")

    assert (
        Sequence('public."a_Odd Name_seq"', 'public.a."Odd Name"', 2, 1),
        Sequence("public.a_id_seq", "public.a.id", 2, 1),
        Sequence("public.down", "public.c.id", 100, 7, ascending=False),
        Sequence("public.p_id_seq", "public.p.id", 3, 9),
        Sequence("public.shared", "public.b.id", 20, 95),
    ) == rows.sequences(rows.read(None, keep=False))


def test_sequences_follow_setval_and_restart(rows: Rows, database: str) -> None:
    """A sequence that was set without being called hands out just that value; an empty table uses none."""
    run(database, FED)
    tables = rows.read(None, keep=False)
    run(database, "SELECT setval('a_id_seq', 40, false), setval('shared', 40); ALTER SEQUENCE p_id_seq RESTART 7")
    found = {each.name: (each.next_value, each.highest_used) for each in rows.sequences(tables)}

    assert found["public.a_id_seq"] == (40, None)
    assert found["public.shared"] == (50, None)
    assert found["public.p_id_seq"] == (7, None)


def test_highest_used_follows_the_table(rows: Rows, database: str) -> None:
    """The highest value in use is looked up again once the table was touched."""
    run(database, FED)
    before = rows.read(None, keep=False)
    first = {each.name: each.highest_used for each in rows.sequences(before)}
    run(database, "INSERT INTO a (id) VALUES (77)")
    second = {each.name: each.highest_used for each in rows.sequences(rows.read(before, keep=False))}

    assert (first["public.a_id_seq"], second["public.a_id_seq"]) == (None, 77)


def test_sequences_of_other_sessions_are_not_asked(database: str) -> None:
    """A temporary sequence is left alone while the session that made it stays: servers before 16.4 fail the whole query."""
    run(database, "CREATE TABLE a (id serial)")
    with psycopg.connect(database, autocommit=True) as other, psycopg.connect(database) as connection:
        other.execute("CREATE TEMP TABLE t (id serial); INSERT INTO t DEFAULT VALUES")
        found = connection.execute(SEQUENCES).fetchall()

    assert ["public.a_id_seq"] == [row[0] for (row,) in found]

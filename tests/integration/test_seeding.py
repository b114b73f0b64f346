"""Seeding on a real server: any schema is filled, adversarially and healthily."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from migration_checks.database import connect
from migration_checks.seeding import Filled, Synthesizer

ROWS = 40


@dataclass(frozen=True)
class Case:
    """Tables, and how many rows those get that cannot have ROWS of them."""

    name: str
    sql: str
    rows: dict[str, int]


def cases() -> Iterator[Case]:
    text = Path(__file__).with_name("seeding_cases.sql").read_text(encoding="utf-8")
    for part in text.split("-- case: ")[1:]:
        heading, _, sql = part.partition("\n")
        name, _, rows = heading.partition("; rows ")
        yield Case(name, sql, {table: int(count) for table, _, count in (each.partition("=") for each in rows.split())})


@pytest.fixture
def connection(database: str) -> psycopg.Connection[tuple[object, ...]]:
    return connect(database)


def build(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def tables(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    query = """SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""
    return sorted(str(row[0]) for row in connection.execute(query).fetchall())


def count(connection: psycopg.Connection[tuple[object, ...]], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM ONLY {table}".encode()).fetchone()
    if row and row[0] == 0:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(str(row[0])) if row else -1


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_every_table_is_filled(case: Case, database: str, connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Every table gets the rows that it can hold, healthy ones, and every partition some."""
    try:
        build(database, case.sql)
    except psycopg.errors.FeatureNotSupported as error:
        pytest.skip(f"this server was built without it: {error}")

    filled = Synthesizer(connection, rows=ROWS, seed=7).top_up()

    assert filled.unfilled == {}
    assert {table: case.rows.get(table, ROWS) for table in tables(connection)} == dict(filled.tables)
    assert dict(filled.tables) == {table: count(connection, table) for table in tables(connection)}
    assert unhealthy(connection) == []
    assert Filled() == Synthesizer(connection, rows=ROWS, seed=7).top_up()


def unhealthy(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Foreign keys that do not hold, sequences that are behind, partitions without rows, columns without a value or a NULL."""
    return [*broken_keys(connection), *sequences_behind(connection), *empty_partitions(connection)]


def broken_keys(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """The server's own judgement: drop and add each foreign key again, in a transaction that is rolled back."""
    query = """SELECT k.conrelid::regclass::text, quote_ident(k.conname), pg_get_constraintdef(k.oid) FROM pg_constraint k
        WHERE k.contype = 'f' AND k.conparentid = 0"""
    broken = []
    for table, name, definition in connection.execute(query).fetchall():
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}".encode())
        except psycopg.Error as error:
            broken.append(str(error))
    return broken


def sequences_behind(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Sequences that would hand out a value that exists, asked by taking one."""
    query = """SELECT d.refobjid::regclass::text, quote_ident(a.attname), d.objid::regclass::text
        FROM pg_depend d
        JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass"""
    behind = []
    for table, column, sequence in connection.execute(query).fetchall():
        found = connection.execute(
            f"SELECT EXISTS (SELECT FROM {table} WHERE {column} = nextval('{sequence}'))".encode()
        ).fetchone()
        highest = connection.execute(f"SELECT max({column}) < nextval('{sequence}') FROM {table}".encode()).fetchone()
        if (found and found[0]) or not (highest and highest[0]):
            behind.append(str(sequence))
    return behind


def empty_partitions(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    leaves = connection.execute("SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r'").fetchall()
    return [str(leaf) for (leaf,) in leaves if count(connection, str(leaf)) == 0]


def test_arrays_have_the_dimensions_that_they_were_declared_with(
    database: str, connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Only a column declared as an array of arrays holds some: unnest() flattens them, and no way back could tell."""
    build(database, "CREATE TABLE lists (id int PRIMARY KEY, plain text[] NOT NULL, nested text[][] NOT NULL, numbers int[])")
    with connection:
        Synthesizer(connection, rows=400, seed=1).top_up(())
        found = connection.execute(
            "SELECT max(array_ndims(plain)), max(array_ndims(nested)), max(array_ndims(numbers)) FROM public.lists"
        ).fetchone()

    assert found == (1, 2, 1)

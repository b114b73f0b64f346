"""The catalog as read from real servers: every form of change is seen as what it is, and nothing else is seen."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_checks.capture import read_catalog
from migration_checks.database import OWN_SCHEMA, Databases, connect, database_name
from migration_checks.diff import diff_catalogs
from migration_checks.errors import ProviderError
from migration_checks.providers import LocalProvider
from tests.catalog_cases import Case, cases, described, expected, run

CASES = cases()
OTHER_MAJORS = (14, 15, 16, 17)

EVERYTHING = """
CREATE SCHEMA app;
CREATE EXTENSION citext;
CREATE TYPE app.mood AS ENUM ('glad', 'sad');
CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
CREATE TYPE app.pair AS (a int, b text);
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE app.person (id serial PRIMARY KEY, name citext NOT NULL, mood app.mood DEFAULT 'glad', size app.positive);
CREATE TABLE app."Order" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person int REFERENCES app.person, pair app.pair);
CREATE INDEX ON app."Order" (person) WHERE person > 0;
CREATE TABLE app.event (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE app.event_1 PARTITION OF app.event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX ON app.event (what);
CREATE VIEW app.glad AS SELECT id FROM app.person WHERE mood = 'glad';
CREATE MATERIALIZED VIEW app.sizes AS SELECT size, count(*) FROM app.person GROUP BY size;
CREATE TRIGGER touch BEFORE UPDATE ON app.person FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE POLICY own ON app.person USING (size > 1);
CREATE STATISTICS app.st ON name, mood FROM app.person;
CREATE PUBLICATION pub FOR TABLE app.person;
COMMENT ON TABLE app.person IS 'People';
COMMENT ON COLUMN app.person.mood IS 'Moods';
"""


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[psycopg.Connection[Any]]:
    """A database for all cases of this module, each of which rolls back what it does."""
    url = databases.create("catalog")
    with connect(url) as connection:
        yield connection
    databases.drop(url)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family}-{case.name}")
def test_each_form_of_change_is_seen_as_what_it_is(case: Case, shared: psycopg.Connection[Any]) -> None:
    """A change is reported as its case says, and its way back leaves nothing but differences in looks."""
    if shared.info.server_version < case.since * 10000:
        pytest.skip(f"PostgreSQL {case.since} and newer know this")

    outcome = run(shared, case)

    assert outcome.seen == expected(shared, case)
    assert [change for change in outcome.residue if not change.cosmetic] == []


@pytest.mark.parametrize("major", OTHER_MAJORS)
def test_all_forms_are_seen_alike_by_other_majors(major: int) -> None:
    """What the newest major says of a change, every supported one says."""
    with _local(major).lend() as lent, Databases(lent) as made, connect(made.create("catalog")) as connection:
        known = [case for case in CASES if case.since <= major]
        outcomes = [(case, run(connection, case)) for case in known]

        assert [(case.name, seen.seen) for case, seen in outcomes if seen.seen != expected(connection, case)] == []
        assert [(case.name, seen.residue) for case, seen in outcomes if any(not each.cosmetic for each in seen.residue)] == []
        assert "app.person" in {name for _, name in _built(made, EVERYTHING)}


def test_equal_schemas_are_equal_whatever_their_oids_and_order(databases: Databases) -> None:
    """Two databases made by the same DDL in another order, with objects made and dropped in between, do not differ."""
    tables = [f"CREATE TABLE t{n} (id serial PRIMARY KEY, a text CHECK (a <> ''), b int UNIQUE);" for n in range(5)]
    noise = "CREATE TABLE noise (id serial PRIMARY KEY); CREATE TYPE no AS ENUM ('x'); DROP TABLE noise; DROP TYPE no;"

    one = _built(databases, "".join(tables))
    two = _built(databases, noise + noise.join(reversed(tables)))

    assert one == two
    assert diff_catalogs(one, two) == ()


def test_a_copy_equals_its_source(databases: Databases, database: str) -> None:
    """CREATE DATABASE ... TEMPLATE gives a database that is read as the same one."""
    with connect(database) as connection:
        connection.execute(EVERYTHING.encode())
        source = read_catalog(connection)

    copy = databases.copy(database, "copy")
    try:
        with connect(copy) as connection:
            assert source == read_catalog(connection)
    finally:
        databases.drop(copy)


def test_no_oid_and_no_name_of_the_database_is_read(database: str) -> None:
    """What is read says the same in another database: no number of an object, no name of this one."""
    with connect(database) as connection:
        connection.execute(EVERYTHING.encode())
        text = json.dumps([(*key, each.definition, each.parent) for key, each in read_catalog(connection).items()])
        oids = connection.execute("SELECT oid::text FROM pg_class WHERE oid >= 16384").fetchall()

    assert database_name(database) not in text
    assert set() == {oid for (oid,) in oids} & set(re.findall(r"\d+", text))


def test_the_toolkits_own_relations_are_not_read(database: str) -> None:
    """The own schema, what is in it, and triggers that call into it are invisible."""
    with connect(database) as connection:
        connection.execute(EVERYTHING.encode())
        before = read_catalog(connection)
        connection.execute(
            f"""
            CREATE SCHEMA {OWN_SCHEMA};
            CREATE TABLE {OWN_SCHEMA}.mirror (id serial PRIMARY KEY, a text DEFAULT 'x');
            CREATE TYPE {OWN_SCHEMA}.e AS ENUM ('a');
            CREATE VIEW {OWN_SCHEMA}.v AS SELECT id FROM {OWN_SCHEMA}.mirror;
            CREATE FUNCTION {OWN_SCHEMA}.t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE FUNCTION {OWN_SCHEMA}.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
            CREATE TRIGGER own BEFORE INSERT ON app.person FOR EACH ROW EXECUTE FUNCTION {OWN_SCHEMA}.t();
            CREATE EVENT TRIGGER own ON ddl_command_end EXECUTE FUNCTION {OWN_SCHEMA}.e();
            CREATE TEMPORARY TABLE passing (id int);
            """.encode()
        )

        assert before == read_catalog(connection)


def test_members_of_an_extension_are_not_read(database: str) -> None:
    """An extension is one object, whatever it brings along: types, functions, operators, casts, views, dictionaries."""
    with connect(database) as connection:
        before = read_catalog(connection)
        for name in ("hstore", "citext", "pg_stat_statements", "unaccent", "btree_gist", "ltree", "postgres_fdw"):
            connection.execute(f"CREATE EXTENSION {name} SCHEMA public".encode())
        changes = diff_catalogs(before, read_catalog(connection))

    assert {"extension"} == {change.kind for change in changes}
    assert {"added"} == {change.change for change in changes}


def test_an_owner_who_is_no_superuser_reads_the_same(database: str) -> None:
    """A role that only owns its database can read everything that a superuser can."""
    with connect(database) as connection:
        connection.execute(b"CREATE ROLE mc_reader LOGIN")
        connection.execute(EVERYTHING.encode())
        connection.execute(b"CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w")
        superuser = read_catalog(connection)
        connection.execute(b"SET SESSION AUTHORIZATION mc_reader")

        assert superuser == read_catalog(connection)

        connection.execute(b"RESET SESSION AUTHORIZATION")


def test_passwords_are_not_read(database: str) -> None:
    """The options of a user mapping are read, but of a password only that there is one."""
    with connect(database) as connection:
        connection.execute(b"CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w")
        connection.execute(b"CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'me', password 'secret')")
        mapping = read_catalog(connection)["user mapping", "public SERVER s"]

    assert mapping.definition == {"options": ["password", "user=me"]}


def test_what_was_built_concurrently_and_failed_is_seen_as_invalid(database: str) -> None:
    """The index that a failed CREATE INDEX CONCURRENTLY leaves is there, and not valid."""
    with connect(database) as connection:
        connection.execute(b"CREATE TABLE public.t (a int); INSERT INTO public.t VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(b"CREATE UNIQUE INDEX CONCURRENTLY i ON public.t (a)")
        index = read_catalog(connection)["index", "public.i"]

    assert index.definition["valid"] is False
    assert index.parent == ("table", "public.t")


def test_an_index_that_hangs_on_another_table_is_seen(database: str) -> None:
    """An index of the same name and columns on another table is not the same."""
    with connect(database) as connection:
        connection.execute(b"CREATE TABLE public.t (a int); CREATE TABLE public.u (a int); CREATE INDEX i ON public.t (a)")
        before = read_catalog(connection)
        connection.execute(b"DROP INDEX public.i; CREATE INDEX i ON public.u (a)")

        assert described(diff_catalogs(before, read_catalog(connection))) == ("changed index public.i: parent",)


def test_every_object_says_what_it_hangs_on(database: str) -> None:
    """A parent that is named is in the catalog, so that what is below an object can be found."""
    with connect(database) as connection:
        connection.execute(EVERYTHING.encode())
        catalog = read_catalog(connection)

    assert [each.id for each in catalog.values() if each.parent is not None and each.parent not in catalog] == []


def _built(databases: Databases, script: str) -> Any:
    url = databases.create("built")
    with connect(url) as connection:
        connection.execute(b"SET search_path TO public")
        connection.execute(script.encode())
        connection.execute(b"SET search_path TO pg_catalog")
        catalog = read_catalog(connection)
    databases.drop(url)
    return catalog


def _local(major: int) -> LocalProvider:
    """A provider of another major, from this machine's packages or from the folder of the container lab."""
    unpacked = Path(os.environ.get("TMPDIR", tempfile.gettempdir())) / "postgres-binaries" / str(major) / "bin"
    provider = LocalProvider(folder=unpacked if unpacked.exists() else None, version=major)
    try:
        provider.require()
    except ProviderError as error:
        pytest.skip(error.message)
    return provider

"""Profiles on a real server: what is read, what is never told, and rows that resemble them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_checks.cli import main
from migration_checks.config import Settings
from migration_checks.connection import connect, libpq_url
from migration_checks.database import Databases
from migration_checks.errors import ProviderError
from migration_checks.profile import ColumnProfile, Profile, from_json, open_read_only, read_profile, shortcomings, to_json
from migration_checks.providers import Server
from migration_checks.seeding import Synthesizer
from migration_checks.verify import verify
from tests.projects import Script, make_project, sql

ROOT = Path(__file__).parents[2]

TABLES = """
CREATE TYPE mood AS ENUM ('happy', 'sad', 'unused');
CREATE SCHEMA "Other";
CREATE TABLE customers (
  id serial PRIMARY KEY, email text UNIQUE NOT NULL, full_name text, birth_date date, vip boolean NOT NULL, mood mood,
  favourite text, approved_by text);
CREATE TABLE "Other"."select" (
  id bigserial PRIMARY KEY, customer_id int REFERENCES customers, status text NOT NULL, amount numeric(10, 2), tries int,
  created_at timestamptz NOT NULL, shipped_at timestamptz, carrier text, "Weird "" %s" varchar(12), remarks text);
CREATE TABLE events (at date NOT NULL, kind text) PARTITION BY RANGE (at);
CREATE TABLE events_23 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE events_24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
"""
ROWS = """
INSERT INTO customers (email, full_name, birth_date, vip, mood, favourite, approved_by)
SELECT 'planted' || i || '@secret.example', CASE WHEN i % 2 = 0 THEN 'Planted Person' END,
       date '1950-01-01' + i * 30, i % 10 = 0,
       CASE WHEN i % 4 = 0 THEN 'sad' WHEN i % 5 > 0 THEN 'happy' END::mood,
       (ARRAY['Planted Lovelace', 'planted@home', 'tea'])[1 + i % 3],
       (ARRAY['planted', 'plantedtoo'])[1 + i % 2]
FROM generate_series(1, 600) i;
INSERT INTO "Other"."select" (customer_id, status, amount, tries, created_at, shipped_at, carrier, "Weird "" %s", remarks)
SELECT CASE WHEN i % 7 > 0 THEN 1 + i % 600 END,
       (ARRAY['open', 'paid', 'paid', 'sent'])[1 + i % 4],
       CASE WHEN i % 10 > 0 THEN (i * 7919 % 10000) / 10.0 END,
       i % 7, timestamptz '2021-01-01' + i * interval '4 hours',
       CASE WHEN i % 3 = 0 THEN timestamptz '2023-06-01' + i * interval '1 min' END,
       CASE WHEN i % 3 = 0 THEN 'road' END, 'w' || i % 150, repeat('planted words ', 1 + i % 5) || i
FROM generate_series(1, 4000) i;
INSERT INTO events
SELECT date '2023-06-01' + i % 400, CASE WHEN i % 2 = 0 THEN 'view' ELSE 'click' END FROM generate_series(1, 500) i;
ANALYZE;
"""


def run(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def profile_of(url: str, *, values: bool = True, sample: bool = True) -> Profile:
    with open_read_only(url) as connection:
        return read_profile(connection, values=values, sample=sample)


@pytest.fixture(scope="module")
def production(databases: Databases) -> Iterator[str]:
    """A database with rows about people, analyzed."""
    url = databases.create("production")
    run(url, TABLES + ROWS)
    yield url
    databases.drop(url)


@pytest.fixture(scope="module")
def profile(production: str) -> Profile:
    return profile_of(production)


def column(profile: Profile, table: str, name: str) -> ColumnProfile:
    return next(each for each in profile.by_name[table].columns if each.name == name)


def test_what_a_profile_says(profile: Profile) -> None:
    """Rows, NULLs, distinct values, widths, told values, shapes, and NULLs that come together."""
    orders = '"Other"."select"'

    assert {"public.customers": 600, orders: 4000, "public.events": 500} == {each.name: each.rows for each in profile.tables}
    assert {None} == {each.missing for each in profile.tables}
    assert column(profile, orders, "amount").null_fraction == 0.1
    assert column(profile, orders, 'Weird " %s').distinct == 150
    assert column(profile, "public.customers", "email").distinct_fraction == 1.0
    assert [(each.value, each.fraction) for each in column(profile, orders, "status").common] == [
        ("paid", 0.5),
        ("open", 0.25),
        ("sent", 0.25),
    ]
    assert {each.value: each.fraction for each in column(profile, "public.customers", "vip").common} == {"t": 0.1, "f": 0.9}
    (group,) = profile.by_name[orders].null_groups
    assert {"shipped_at", "carrier"} == set(group.columns)
    shape = column(profile, orders, "created_at").shape
    assert shape is not None
    assert {2021, 2022} == {int(each.low) for each in shape.buckets}
    assert {"view", "click"} == {each.value for each in column(profile, "public.events", "kind").common}


def test_nobody_is_in_it(profile: Profile) -> None:
    """Not one planted value, nor the exact bounds of dates, is anywhere in the file; harmless frequent ones are."""
    text = to_json(profile)

    assert "planted" not in text.lower()
    assert "secret.example" not in text
    assert "1950-" not in text
    assert all(each.value in (None, "tea") for each in column(profile, "public.customers", "favourite").common)
    assert '"tea"' in text
    assert profile == from_json(text)
    schema = json.loads((ROOT / "migration_checks" / "profile" / "profile.schema.json").read_text())
    jsonschema.validate(json.loads(text), schema)


def test_values_can_be_switched_off(production: str) -> None:
    """Then not even labels and truth values are told; their frequencies are."""
    bare = profile_of(production, values=False)

    assert {None} == {each.value for table in bare.tables for known in table.columns for each in known.common}
    assert [each.fraction for each in column(bare, '"Other"."select"', "status").common] == [0.5, 0.25, 0.25]


def test_without_a_sample_no_row_is_read(production: str) -> None:
    """The tables' counters stand still; only the NULLs that come together are missing."""
    query = "SELECT sum(seq_scan + coalesce(idx_scan, 0)) FROM pg_stat_user_tables"
    with connect(production) as connection:
        before = connection.execute(query).fetchone()
        bare = profile_of(production, sample=False)
        connection.execute("SELECT pg_stat_clear_snapshot()")
        after = connection.execute(query).fetchone()

    assert before == after
    assert [table.null_groups for table in bare.tables if table.null_groups] == []


def test_the_transaction_is_read_only(production: str) -> None:
    """It takes no number, writes nothing, waits for nothing long, and refuses to be used for anything else."""
    with open_read_only(production) as connection:
        read_profile(connection)
        settings = "current_setting('transaction_read_only'), current_setting('statement_timeout')"
        state = connection.execute(f"SELECT {settings}, pg_current_xact_id_if_assigned()".encode()).fetchone()
        assert state == ("on", "10s", None)

    for statement in ("CREATE TABLE intruder ()", "DELETE FROM customers", "SELECT nextval('customers_id_seq')"):
        with pytest.raises(ProviderError, match="read-only transaction"), open_read_only(production) as connection:
            connection.execute(f"SET search_path TO public; {statement}".encode())


def test_what_is_locked_is_said(production: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that somebody holds is described from its statistics, without its sample."""
    monkeypatch.setattr("migration_checks.profile.reading.LOCK_TIMEOUT", "50ms")
    with psycopg.connect(production) as holder:
        holder.execute('LOCK TABLE "Other"."select"')
        found = profile_of(production)

    assert found.by_name['"Other"."select"'].missing == "timeout"
    assert found.by_name['"Other"."select"'].columns
    (sentence,) = shortcomings(found, "app")
    assert sentence.startswith('NULLs that come together were not looked for in "Other"."select"')


def as_role(url: str, role: str) -> str:
    return libpq_url({**conninfo_to_dict(url), "user": role})


def test_missing_privileges_are_said(database: str) -> None:
    """What the role may not read, or what row security hides, is counted only; one sentence for each reason."""
    run(
        database,
        "CREATE TABLE a (v text, w text); CREATE TABLE b (v text); CREATE TABLE c (v text); CREATE TABLE d (v text);"
        "INSERT INTO a SELECT 'x', 'y' FROM generate_series(1, 50); INSERT INTO b TABLE c; INSERT INTO c SELECT 'z';"
        "ANALYZE a, b, c;"
        "ALTER TABLE c ENABLE ROW LEVEL SECURITY;"
        "CREATE ROLE mc_profile_reader LOGIN; GRANT SELECT (v) ON a TO mc_profile_reader;"
        "GRANT SELECT ON c, d TO mc_profile_reader",
    )
    found = profile_of(as_role(database, "mc_profile_reader"))

    expected = {"public.a": None, "public.b": "no privilege", "public.c": "row security", "public.d": "never analyzed"}
    assert expected == {each.name: each.missing for each in found.tables}
    assert [each.name for each in found.by_name["public.a"].columns] == ["v"]
    sentences = shortcomings(found, "mc_profile_reader")
    assert len(sentences) == 3
    assert "The role mc_profile_reader may not read public.b:" in sentences[0]


def test_a_role_that_may_read_nothing(database: str) -> None:
    """There is nothing to describe, and the sentence says what to grant."""
    run(database, "CREATE TABLE a (v text); CREATE ROLE mc_profile_nobody LOGIN")

    with pytest.raises(ProviderError, match="mc_profile_nobody may not read any of the 1 tables"):
        profile_of(as_role(database, "mc_profile_nobody"))


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_rows_resemble_the_profile(profile: Profile, database: str, scale: float) -> None:
    """Profiled again, a database seeded after a profile is close to it."""
    run(database, TABLES)
    with connect(database) as connection:
        filled = Synthesizer(connection, rows=30, seed=1, profile=profile, scale=scale).top_up()
        connection.execute("ANALYZE")
        known_ones = "(SELECT id FROM public.customers)"
        dangling = connection.execute(f'SELECT count(*) FROM "Other"."select" WHERE customer_id NOT IN {known_ones}'.encode())
        assert dangling.fetchone() == (0,)
    again = profile_of(database)

    assert filled.unfilled == {}
    for table in profile.tables:
        # A partition that got no row by chance is given three.
        assert abs(again.by_name[table.name].rows - round(scale * table.rows)) <= 6
        for known in table.columns:
            made = column(again, table.name, known.name)
            assert abs(known.null_fraction - made.null_fraction) < 0.03, known.name
            assert_as_many(known, made, table.rows, scale)
            if known.type == "text" and known.width > 1:
                assert abs(known.width - made.width) <= max(2, 0.2 * known.width), known.name
            told = {each.value: each.fraction for each in made.common}
            kept = [each for each in known.common if each.value is not None]
            assert all(abs(told[each.value] - each.fraction) < 0.03 for each in kept), known.name
            if known.shape is not None and known.name != "at":  # which chooses the partition
                buckets = {each.low: each.fraction for each in made.shape.buckets} if made.shape else {}
                assert all(abs(buckets.get(each.low, 0) - each.fraction) < 0.06 for each in known.shape.buckets), known.name
    (group,) = again.by_name['"Other"."select"'].null_groups
    assert {"shipped_at", "carrier"} == set(group.columns)
    patterns = {frozenset(pattern.nulls) for pattern in group.patterns if pattern.fraction > 0.02}
    assert patterns == {frozenset(), frozenset(group.columns)}


def assert_as_many(known: ColumnProfile, made: ColumnProfile, rows: int, scale: float) -> None:
    """About as many different values; adversarial ones come on top."""
    wanted = known.distinct_in(round(rows * scale))
    there = made.distinct_in(round(rows * scale))
    if known.type != "mood" and known.name != "at":
        assert wanted is not None
        assert there is not None
        assert 0.75 * wanted - 1 <= there <= 1.25 * wanted + 3, known.name


def test_the_same_profile_gives_the_same_rows(profile: Profile, databases: Databases) -> None:
    """Scale, seed and schema decide; another seed gives other rows."""
    found = []
    for seed in (1, 1, 2):
        url = databases.create("same")
        run(url, TABLES)
        with connect(url) as connection:
            Synthesizer(connection, rows=30, seed=seed, profile=profile, scale=0.1).top_up()
            query = """SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM "Other"."select" t"""
            found.append(connection.execute(query).fetchone())
        databases.drop(url)

    assert found[0] == found[1]
    assert found[0] != found[2]


def test_constraints_win_over_a_profile(profile: Profile, database: str) -> None:
    """At another revision the schema may be stricter, or of other types: every table is filled all the same."""
    stricter = TABLES.replace("status text NOT NULL", "status varchar(4) NOT NULL CHECK (status IN ('paid', 'void'))")
    stricter = stricter.replace("tries int", "tries int NOT NULL CHECK (tries > 100)")
    stricter = stricter.replace("carrier text", "carrier text NOT NULL")
    stricter = stricter.replace("amount numeric(10, 2)", "amount date").replace("favourite text", "favourite uuid UNIQUE")
    run(database, stricter.replace("'happy', 'sad', 'unused'", "'sad', 'new'"))

    with connect(database) as connection:
        filled = Synthesizer(connection, rows=30, seed=1, profile=profile, scale=0.1).top_up()
        wrong = connection.execute("""SELECT count(*) FROM "Other"."select" WHERE status NOT IN ('paid', 'void')""").fetchone()

    assert filled.unfilled == {}
    assert filled.tables["public.customers"] == 60
    assert filled.tables['"Other"."select"'] == 400
    assert wrong == (0,)


def test_the_command(production: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes to standard output or to a file, and SQLAlchemy's URLs are taken as well."""
    url = production.replace("postgresql://", "postgresql+asyncpg://")
    assert main(["profile", "--url", url, "-o", str(tmp_path / "p.json")]) == 0
    assert main(["profile", "--url", production, "--no-sample"]) == 0

    printed = capsys.readouterr()
    assert printed.err == ""
    assert [table.null_groups for table in from_json(printed.out).tables if table.null_groups] == []
    assert len(from_json((tmp_path / "p.json").read_bytes()).tables) == 3


def test_a_walk_after_a_profile(profile: Profile, server: Server, tmp_path: Path) -> None:
    """Tables that the profile names have its rows times the scale when the next step meets them."""
    create = "CREATE TABLE public.customers (id serial PRIMARY KEY, email text UNIQUE NOT NULL, vip boolean NOT NULL)"
    count = "DO $$BEGIN IF (SELECT count(*) FROM customers) NOT IN (0, 120) THEN RAISE 'not 120'; END IF; END$$"
    first = Script("a1", upgrade=sql(create), downgrade=sql("DROP TABLE customers"))
    lineage = make_project(tmp_path, [first, Script("b2", down="a1", upgrade=sql(count))]).lineage()
    path = tmp_path / "profile.json"
    path.write_text(to_json(profile))

    report = verify(Settings(lineage, tmp_path, provider=server.url, allow_shared_server=True, profile=path, scale=0.2))

    assert [step for step in report.steps if step.failure is not None] == []
    assert len({step.revision for step in report.steps}) == 2
    assert any(step.rows_compared == 120 for step in report.steps)

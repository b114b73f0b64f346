"""The GROWTH trial: rows are multiplied in any schema, loops and work beyond the data are found, and the rest is silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_checks.connection import connect
from migration_checks.providers import Server
from migration_checks.transition import Leg
from migration_checks.trials.growth_rows import multiply
from tests.projects import Script, sql
from tests.walks import Walk, walk

SCHEMA = """
CREATE SCHEMA "Weird "" Name";
CREATE DOMAIN email AS text CHECK (value ~ '^[^@]+@[^@]+$');
CREATE TABLE "Weird "" Name"."select" (
    "order" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "from" email UNIQUE, twice int GENERATED ALWAYS AS (2) STORED,
    above bigint REFERENCES "Weird "" Name"."select");
CREATE TABLE tenants (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), code varchar(6) UNIQUE NOT NULL);
CREATE TABLE rooms (tenant uuid REFERENCES tenants, n smallint, PRIMARY KEY (tenant, n));
CREATE TABLE stays (tenant uuid, n smallint, at timestamptz UNIQUE, FOREIGN KEY (tenant, n) REFERENCES rooms);
CREATE TABLE parts (id int, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2000-01-01') TO ('2024-01-01');
CREATE TABLE parts_d PARTITION OF parts DEFAULT;
CREATE TABLE numbers (id int PRIMARY KEY);
CREATE TABLE serials (id serial PRIMARY KEY, price numeric UNIQUE, token bytea UNIQUE);
CREATE TABLE profiles (id int PRIMARY KEY REFERENCES serials);
CREATE TABLE plain (a int, b json);
CREATE TABLE deferred (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE flags (flag boolean PRIMARY KEY);
CREATE TABLE ranges (span int4range, EXCLUDE USING gist (span WITH &&));
INSERT INTO "Weird "" Name"."select" ("from", above) SELECT i || '@x', CASE WHEN i > 1 THEN 1 END FROM generate_series(1, 5) i;
INSERT INTO tenants (code) SELECT 'abcde' || i FROM generate_series(1, 3) i;
INSERT INTO rooms SELECT id, n FROM tenants, generate_series(32765, 32767) n;
INSERT INTO stays
    SELECT tenant, n, '2020-01-01'::timestamptz + row_number() OVER (ORDER BY tenant, n) * interval '1 day' FROM rooms;
INSERT INTO stays VALUES (NULL, NULL, 'infinity');
INSERT INTO parts SELECT i, '2019-01-01'::date + i * 900 FROM generate_series(1, 6) i;
INSERT INTO numbers VALUES (-2147483648), (0), (2147483647);
INSERT INTO serials (price, token) SELECT i / 3.0, convert_to(i::text, 'UTF8') FROM generate_series(1, 4) i;
INSERT INTO profiles SELECT id FROM serials;
INSERT INTO plain VALUES (1, '{}'), (NULL, NULL);
INSERT INTO deferred VALUES (1), (2);
INSERT INTO flags VALUES (true), (false);
INSERT INTO ranges VALUES ('[1,2]'), ('[5,6]');
"""
TABLES = {
    '"Weird "" Name"."select"': 5,
    "public.tenants": 3,
    "public.rooms": 9,
    "public.parts": 6,
    "public.numbers": 3,
    "public.serials": 4,
    "public.profiles": 4,
    "public.plain": 2,
    "public.deferred": 2,
}
KEYS = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f' AND conparentid = 0"


def test_rows_of_any_schema_are_multiplied_and_every_reference_holds(database: str) -> None:
    """Composite and shared keys, domains, partitions, extremes, generated columns; what cannot be is named with its reason."""
    with psycopg.connect(database, autocommit=True) as scripts:
        scripts.execute(SCHEMA.encode())
    with connect(database) as connection:
        grown = multiply(connection, [*TABLES, "public.stays", "public.flags", "public.ranges"], 7)

        assert {name: 7 * rows for name, rows in TABLES.items()} == {n: r for n, r in grown.rows.items() if n != "public.stays"}
        assert 7 * 9 <= grown.rows["public.stays"] <= 7 * 10  # one moment is infinite, and so are its clones
        assert {"public.flags", "public.ranges"} == grown.why_not.keys()
        assert "can be varied" in grown.why_not["public.flags"]
        for table, name in connection.execute(KEYS).fetchall():
            constraint = name.replace('"', '""')
            definition = connection.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name]
            ).fetchone()
            assert definition is not None
            # A foreign key that is added anew is validated.
            connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}", ADD {definition[0]}'.encode())
        connection.execute("INSERT INTO public.serials (price) VALUES (-1)")
        (above,) = connection.execute('SELECT count(DISTINCT above) FROM "Weird "" Name"."select"').fetchone() or ()
        assert 7 == above


def test_a_rule_that_refuses_other_values_is_respected(database: str) -> None:
    """What no key asks for stays as it is where the schema wants it so; nothing is left of the first attempt."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE public.t (id int PRIMARY KEY, code text CHECK (code ~ '^[a-z]$'))")
        connection.execute("INSERT INTO public.t VALUES (1, 'a'), (2, 'b'), (3, 'c')")

        assert {"public.t": 15} == multiply(connection, ["public.t"], 5).rows
        assert [("a", 5), ("b", 5), ("c", 5)] == connection.execute(
            "SELECT code, count(*) FROM public.t GROUP BY 1 ORDER BY 1"
        ).fetchall()


def test_what_was_rare_stays_rare(database: str) -> None:
    """A column in which every row has a value of its own keeps that, key or not; one of few values keeps those."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE public.t (id int PRIMARY KEY, name text, kind text)")
        connection.execute("INSERT INTO public.t SELECT i, 'name ' || i, 'k' FROM generate_series(1, 20) i")
        multiply(connection, ["public.t"], 5)

        assert (100, 1) == connection.execute("SELECT count(DISTINCT name), count(DISTINCT kind) FROM public.t").fetchone()


def test_one_time_is_no_change(database: str) -> None:
    """The smallest size has the rows as they are, and says what has no larger one."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE public.t (id int PRIMARY KEY); CREATE TABLE public.b (b bool PRIMARY KEY)")
        connection.execute("INSERT INTO public.t VALUES (1), (2); INSERT INTO public.b VALUES (true)")
        grown = multiply(connection, ["public.t", "public.b"], 1)

        assert ({"public.t": 2}, {"public.b"}) == (grown.rows, grown.why_not.keys())
        assert (2,) == connection.execute("SELECT count(*) FROM public.t").fetchone()


def loop(table: str, column: str) -> str:
    return f"""
for id, in op.get_bind().execute(sa.text("SELECT id FROM {table}")).all():
    op.execute(f"UPDATE {table} SET {column} = 1 WHERE id = {{id}}")
"""


BATCHES = """
ids = op.get_bind().execute(sa.text("SELECT id FROM people ORDER BY id")).scalars().all()
for start in range(0, len(ids), 50):
    op.get_bind().execute(sa.text("UPDATE people SET n = 2 WHERE id = ANY (:ids)"), {"ids": ids[start:start + 50]})
"""
STEPS = {
    "looped": loop("people", "n"),
    "batched": BATCHES,
    "squared": sql("UPDATE people SET n = (SELECT count(*) FROM people p WHERE p.name < people.name)"),
    "linear": sql(
        "UPDATE people SET n = found.n FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM people) found"
        " WHERE found.id = people.id"
    ),
    "catalog": sql("ALTER TABLE people ADD more int"),
    "rewrite": sql("ALTER TABLE people ALTER n TYPE bigint"),
    "settings": sql(*(f"INSERT INTO settings VALUES ({n})" for n in range(30))),
    "flagged": sql("UPDATE flags SET flag = flag"),
}
"""By revision: an upgrade."""


@pytest.fixture(scope="module")
def walked(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """All of it in one chain."""
    start = sql(
        "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, n int)",
        "CREATE TABLE settings (id int)",
        "CREATE TABLE flags (flag boolean PRIMARY KEY)",
    )
    scripts, below = [Script("start", upgrade=start, downgrade="raise NotImplementedError('no')")], "start"
    for name, body in STEPS.items():
        scripts.append(Script(name, below, body, "raise NotImplementedError('no')"))
        below = name
    options: dict[str, Any] = {"trials": frozenset({"growth"}), "at_rows": {"people": 10_000_000}, "rows": 60}
    return walk(tmp_path_factory.mktemp("growth"), server, scripts, **options)


def seen(walked: Walk, revision: str) -> tuple[Any, Any]:
    """Observations and timing at a revision."""
    (step,) = (each for each in walked.report.steps if (each.leg, each.revision) == (Leg.GROWTH, revision))
    return step.observations, step.timing


def test_a_loop_and_work_beyond_the_data_are_all_that_is_found(walked: Walk) -> None:
    """Batches, single statements, catalog changes, rewrites and fixed lists are silent."""
    assert {("MC606", "looped"), ("MC607", "squared")} == {each for each in walked.found if each[0] in ("MC606", "MC607")}


def test_the_loop_is_named_with_its_line_and_what_it_means_in_production(walked: Walk) -> None:
    """N + 1 statements here, ten million there."""
    found = walked.finding("MC606")
    (statement,) = found.evidence["statements"]  # type: ignore[misc]

    assert ("public.people", "N + 1") == (found.subject, found.evidence["formula"])
    assert "UPDATE people SET n = ? WHERE id = ?" == statement["sql"]  # type: ignore[call-overload,index]
    assert f"({statement['path']}:{statement['line']})" in found.message  # type: ignore[call-overload,index]
    assert 10_000_000 == found.evidence["statements_at"]
    assert [60, 240] == found.evidence["rows"][:2]  # type: ignore[index]


@pytest.mark.parametrize("revision", ["looped", "squared", "linear", "catalog", "rewrite"])
def test_three_sizes_and_a_curve(walked: Walk, revision: str) -> None:
    """Rows, statements, times of every repetition, an exponent within its interval, and an estimate or why there is none."""
    observed, timing = seen(walked, revision)
    low, high = timing["exponent_interval"]

    assert (3, "public.people", 10_000_000) == (len(set(observed["sizes"])), observed["table"], observed["at_rows"])
    assert 3 == len(timing["seconds_by_size"]) == len(observed["statements_by_size"])
    assert low <= timing["exponent"] <= high
    assert {"refused"} == timing["estimate"].keys() or timing["estimate"]["low"] <= timing["estimate"]["high"]


def test_a_change_of_the_catalog_is_estimated_as_what_it_takes_here(walked: Walk) -> None:
    """It touches no row, so it takes no longer where there are more."""
    observed, timing = seen(walked, "catalog")

    assert (False, [0, 0, 0]) == (observed["touches_more_rows"], timing["rows_touched_by_size"])
    assert timing["estimate"]["high"] <= max(each for repeats in timing["seconds_by_size"] for each in repeats) * 1.01


def test_work_is_counted_row_by_row(walked: Walk) -> None:
    """A rewrite reads each row, and again for its index; a correlated sub-query reads N rows for each of N."""
    sizes, rows = seen(walked, "rewrite")[0]["sizes"], seen(walked, "rewrite")[1]["rows_touched_by_size"]
    first, *_ = seen(walked, "squared")[1]["rows_touched_by_size"]

    assert [2 * size for size in sizes] == rows
    assert 60 * 60 + 60 + 60 == first


def test_what_has_no_rows_or_cannot_be_grown_says_so(walked: Walk) -> None:
    """No sizes, and why."""
    assert "it touches no table that has rows" == seen(walked, "start")[0]["reason"]
    assert "its growth trial was not made, since the rows of what it touches cannot be multiplied" in walked.said.lower()


def test_the_same_bytes(server: Server, tmp_path: Path) -> None:
    """What stands outside of timing is the same in a second run."""
    scripts = [
        Script("a1", upgrade=sql("CREATE TABLE t (id int PRIMARY KEY, n int)"), downgrade=sql("DROP TABLE t")),
        Script("b2", "a1", loop("t", "n") + "\nop.execute('ALTER TABLE t ADD m int')", sql("ALTER TABLE t DROP m")),
    ]
    both = []
    for _ in range(2):
        report = walk(tmp_path, server, scripts, trials=frozenset({"growth", "queue", "skew"}), rows=20).report
        both.append((report.findings, [(each.leg, each.revision, each.observations) for each in report.steps]))

    assert both[0] == both[1]

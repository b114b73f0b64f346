"""Dumps as the start of a walk: every format, with rows of any kind, and at the revision where they stand."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from migration_checks.archives import restorers
from migration_checks.baseline_sql import run_sql_file
from migration_checks.config import Settings
from migration_checks.database import Databases
from migration_checks.errors import ConfigurationError
from migration_checks.lineage import Lineage, Seed
from migration_checks.providers import Server
from migration_checks.report import Report
from migration_checks.transition import Leg
from migration_checks.verify import verify
from tests.projects import Script, make_project, sql

# Every value that COPY has to escape, and characters at which a text could be split.
TABLES = r"""
CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, country text, nick text);
CREATE TABLE orders (id serial PRIMARY KEY, person int REFERENCES people, note text);
CREATE FUNCTION doubled(i int) RETURNS int LANGUAGE sql AS 'SELECT 2 * i';
INSERT INTO people (name, country) VALUES
  (E'line\nnext', 'DE'), (E'\\.', 'DE'), (E'tab\tslash\\n', NULL), ('', 'FR'), (E'u\u2028v\u0085w', 'IT'), (E'\\b\n\\N', 'ES');
"""
VERSION = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('b2')"
FORMATS = {
    "plain": (),
    "inserts": ("--inserts",),
    "custom": ("--format=custom",),
    "tar": ("--format=tar",),
    "directory": ("--format=directory",),
}

A = Script(
    "a1",
    upgrade=sql("CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, country text)"),
    downgrade=sql("DROP TABLE people"),
)
B = Script(
    "b2",
    down="a1",
    upgrade=sql(
        "ALTER TABLE people ADD COLUMN nick text",
        "CREATE TABLE orders (id serial PRIMARY KEY, person int REFERENCES people, note text)",
        "CREATE FUNCTION doubled(i int) RETURNS int LANGUAGE sql AS 'SELECT 2 * i'",
    ),
    downgrade="raise RuntimeError('never run')",
)
C = Script(
    "c3", down="b2", upgrade=sql("ALTER TABLE people ADD COLUMN age int"), downgrade=sql("ALTER TABLE people DROP COLUMN age")
)
D = Script(
    "d4",
    down="c3",
    upgrade=sql("ALTER TABLE people DROP COLUMN country"),
    downgrade=sql("ALTER TABLE people ADD COLUMN country text"),
)


def run(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def dump(url: str, path: Path, *options: str) -> Path:
    program = next(restorers()).with_name("pg_dump")
    subprocess.run([str(program), "--file", str(path), *options, "--dbname", url], check=True)
    return path


def content(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT * FROM public.people ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def production(databases: Databases) -> Iterator[str]:
    """A database at revision b2, with rows."""
    url = databases.create("production")
    run(url, TABLES + VERSION)
    yield url
    databases.drop(url)


@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_a_dump_makes_what_was_dumped(production: str, database: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Every row comes back as it was, whatever the format."""
    path = dump(production, tmp_path / "dump", *options)

    with psycopg.connect(database, autocommit=True) as connection:
        run_sql_file(connection, path)
        doubled = connection.execute("SELECT public.doubled(21)").fetchone()

    assert content(production) == content(database)
    assert doubled == (42,)


def test_a_dump_in_another_encoding(database: str, databases: Databases, tmp_path: Path) -> None:
    """The dump itself says which."""
    source = databases.create("latin")
    run(source, "CREATE TABLE people (id int, name text); INSERT INTO people VALUES (1, 'Jürgen')")
    path = dump(source, tmp_path / "dump.sql", "--encoding=LATIN1")
    databases.drop(source)

    with psycopg.connect(database, autocommit=True) as connection:
        run_sql_file(connection, path)

    assert b"J\xfcrgen" in path.read_bytes()
    assert content(database) == [(1, "Jürgen")]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n", "ends in the middle of a table's rows"),
        ("CREATE TABLE t (a int);\nCOPY t FROM stdin;\nx\n\\.\n", "cannot be run: invalid input syntax"),
        ("ALTER TABLE t OWNER TO nobody_there;", "cannot be run: "),
        ("no SQL at all", "cannot be run: syntax error"),
    ],
)
def test_a_dump_that_cannot_be_run(database: str, tmp_path: Path, text: str, part: str) -> None:
    """One sentence says what the server said."""
    (tmp_path / "dump.sql").write_text(text)

    with pytest.raises(ConfigurationError) as caught, psycopg.connect(database, autocommit=True) as connection:
        run_sql_file(connection, tmp_path / "dump.sql")

    assert part in caught.value.message
    assert "\n" not in caught.value.message


def test_an_archive_that_is_cut_off(production: str, database: str, tmp_path: Path) -> None:
    """It is not taken for a whole one."""
    path = dump(production, tmp_path / "dump", "--format=custom")
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(ConfigurationError), psycopg.connect(database, autocommit=True) as connection:
        run_sql_file(connection, path)


@pytest.fixture
def lineage(tmp_path: Path) -> Lineage:
    return make_project(tmp_path, [A, B, C, D]).lineage()


def walked(lineage: Lineage, server: Server) -> Report:
    return verify(Settings(lineage, lineage.root, provider=server.url, allow_shared_server=True, rows=20))


def test_the_walk_starts_where_the_dump_stands(production: str, server: Server, lineage: Lineage, tmp_path: Path) -> None:
    """Revisions below are not run, the rows of the dump are kept and judged, and seeds below are not planted."""
    dumped = dump(production, tmp_path / "dump", "--format=custom")
    seed = Seed("a1", lambda *_: pytest.fail("planted"), "old")

    report = walked(replace(lineage, baseline_sql=dumped, seeds=(seed,)), server)

    assert {"c3", "d4"} == {step.revision for step in report.steps}
    assert {Leg.ASCEND, Leg.UNDO, Leg.REDO, Leg.DESCEND, Leg.LEAP} <= {step.leg for step in report.steps}
    (lost,) = [finding for finding in report.findings if finding.check == "MC302"]
    assert (lost.revision, lost.evidence["count"], lost.evidence["total"]) == ("d4", 5, 5)
    assert [note.subject for note in report.not_checked if "baseline stands" in note.reason] == ["old"]


def test_a_dump_whose_rows_a_step_refuses(databases: Databases, server: Server, tmp_path: Path) -> None:
    """The failure is reported, and what lies above is walked without the dump's rows."""
    source = databases.create("duplicates")
    run(source, "CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, country text)")
    run(source, "INSERT INTO people (name) VALUES ('a'), ('a')")
    run(source, VERSION.replace("b2", "a1"))
    dumped = dump(source, tmp_path / "dump")
    databases.drop(source)
    unique = Script(
        "b2",
        down="a1",
        upgrade=sql("CREATE UNIQUE INDEX people_name ON people (name)"),
        downgrade=sql("DROP INDEX people_name"),
    )
    lineage = make_project(tmp_path, [A, unique, replace(C, down="b2")]).lineage(baseline_sql=dumped)

    report = walked(lineage, server)

    assert [step.revision for step in report.steps if step.leg is Leg.ASCEND and step.failure is not None] == ["b2"]
    assert [step.revision for step in report.steps if step.leg is Leg.ASCEND and step.failure is None] == ["c3"]


@pytest.mark.parametrize(
    ("range_", "part"),
    [
        ("a1:d4", "The baseline stands at b2, so a range cannot start at a1"),
        ("base:", "The baseline stands at b2, so a range cannot start at base"),
        (":a1", "not below the end of the range"),
    ],
)
def test_a_range_must_start_where_the_dump_stands(
    production: str, server: Server, lineage: Lineage, tmp_path: Path, range_: str, part: str
) -> None:
    """Or above; one sentence says so."""
    dumped = dump(production, tmp_path / "dump")

    with pytest.raises(ConfigurationError, match=part):
        walked(replace(lineage, baseline_sql=dumped, range=range_), server)


def test_a_range_above_the_dump(production: str, server: Server, lineage: Lineage, tmp_path: Path) -> None:
    """What lies between is applied, not walked."""
    dumped = dump(production, tmp_path / "dump")

    report = walked(replace(lineage, baseline_sql=dumped, range="c3:d4"), server)

    assert {"d4"} == {step.revision for step in report.steps}


def test_a_dump_of_another_chain(production: str, server: Server, tmp_path: Path) -> None:
    """Its revision is named."""
    dumped = dump(production, tmp_path / "dump")
    lineage = make_project(tmp_path, [replace(A, id="other")]).lineage(baseline_sql=dumped)

    with pytest.raises(ConfigurationError, match="stands at b2, which this chain does not hold"):
        walked(lineage, server)

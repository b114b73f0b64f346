"""The locks trial within a walk: both directions, the same bytes twice, and servers and roles of other kinds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_checks.config import Settings
from migration_checks.connection import connect, libpq_url
from migration_checks.interchange import from_json, to_document, to_json
from migration_checks.providers import Server
from migration_checks.report import Report
from migration_checks.transition import Leg
from migration_checks.verify import verify
from tests.projects import Script, make_project, sql

LAB = Path(__file__).parents[4] / "shared" / "container-lab" / "postgres-binaries"
CHAIN = (
    Script(
        "a1",
        None,
        sql("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)", 'CREATE TABLE "O o" (id int PRIMARY KEY)'),
        sql("DROP TABLE t", 'DROP TABLE "O o"'),
    ),
    Script(
        "b2",
        "a1",
        "op.execute('ALTER TABLE t ALTER n TYPE bigint')\n"
        "with op.get_context().autocommit_block():\n"
        "    op.execute('CREATE INDEX CONCURRENTLY t_n ON t (n)')\n"
        "    op.execute('ALTER TABLE \"O o\" ADD COLUMN x int')\n"
        "    op.execute('UPDATE \"O o\" SET x = 1')\n"
        "import datetime\n"
        "op.execute(f\"SELECT timestamptz '{datetime.datetime.now(datetime.UTC)}'\")\n",
        sql('ALTER TABLE "O o" DROP COLUMN x', "DROP INDEX t_n", "ALTER TABLE t ALTER n TYPE int"),
    ),
)


def walked(root: Path, provider: str, chain: Sequence[Script] = CHAIN, **settings: Any) -> Report:
    project = make_project(root, chain)
    chosen: dict[str, Any] = {"allow_shared_server": True, "rows": 12, "timeout": 120.0, **settings}
    return verify(Settings(project.lineage(), root, provider=provider, trials=frozenset({"locks"}), **chosen))


def told(report: Report, leg: Leg) -> list[tuple[str, set[tuple[str, str]]]]:
    """The statements of b2 in one direction, with the new locks on tables."""
    (step,) = (each for each in report.steps if (each.revision, each.leg) == ("b2", leg))
    statements: Any = step.observations["statements"]
    return [
        (each["sql"], {(lock["relation"], lock["mode"]) for lock in each["locks"] if lock["new"] and lock["kind"] == "table"})
        for each in statements
    ]


UP: Mapping[str, set[tuple[str, str]]] = {
    "ALTER TABLE t ALTER n TYPE bigint": {("public.t", "ACCESS EXCLUSIVE")},
    "CREATE INDEX CONCURRENTLY t_n ON t (n)": {("public.t", "SHARE UPDATE EXCLUSIVE")},
    'ALTER TABLE "O o" ADD COLUMN x int': {('public."O o"', "ACCESS EXCLUSIVE")},
    'UPDATE "O o" SET x = 1': {('public."O o"', "ROW EXCLUSIVE")},
    "SELECT timestamptz '(a moment of this run)'": set(),
}
DOWN: Mapping[str, set[tuple[str, str]]] = {
    'ALTER TABLE "O o" DROP COLUMN x': {('public."O o"', "ACCESS EXCLUSIVE")},
    "DROP INDEX t_n": {("public.t", "ACCESS EXCLUSIVE")},
    "ALTER TABLE t ALTER n TYPE int": set(),
}


def test_both_directions_and_twice_the_same(tmp_path: Path, server: Server) -> None:
    """The upgrade and the downgrade of each step; all that differs between two runs is in `timing`."""
    one, other = (walked(tmp_path, server.url) for _ in range(2))

    assert [*UP.items()] == told(one, Leg.OBSERVE)
    assert [*DOWN.items()] == told(one, Leg.OBSERVE_DOWN)
    assert [("MC603", "public.t", ("observe-down b2",))] == [
        (each.check, each.subject, each.also_at) for each in one.findings if each.check == "MC603"
    ]
    assert timeless(one) == timeless(other)
    assert to_document(one) == to_document(from_json(to_json(one)))


def timeless(report: Report) -> str:
    return json.dumps([{**step, "timing": {}} for step in to_document(report)["steps"]], indent=1)


def test_a_role_that_may_have_no_event_triggers(tmp_path: Path, server: Server) -> None:
    """What commits by itself is known by what it did; the report says what that leaves out."""
    with connect(server.url) as connection:
        connection.execute("CREATE ROLE migration_checks_plain LOGIN CREATEDB")
        try:
            url = libpq_url({**conninfo_to_dict(server.url), "user": "migration_checks_plain"})
            report = walked(tmp_path, url)
        finally:
            connection.execute("DROP ROLE migration_checks_plain")

    known = {**UP, 'ALTER TABLE "O o" ADD COLUMN x int': set()}
    assert [*known.items()] == told(report, Leg.OBSERVE)
    assert any("no event triggers" in note.reason for note in report.not_checked)
    assert "MC603" in {each.check for each in report.findings}


def test_a_project_that_forbids_what_looks_are_made_with(tmp_path: Path, server: Server) -> None:
    """Then nothing is told of its locks, and the report says so; the walk goes on."""
    refuses = (
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not here''; END'",
        "CREATE EVENT TRIGGER no_functions ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION refuse()",
    )
    chain = (
        Script("a1", None, sql("CREATE TABLE t (id int PRIMARY KEY, n int)", *refuses), sql("DROP TABLE t")),
        Script("b2", "a1", sql("ALTER TABLE t ALTER n TYPE bigint"), sql("ALTER TABLE t ALTER n TYPE int")),
    )
    report = walked(tmp_path, server.url, chain=chain)

    assert ["a1"] == [step.revision for step in report.steps if step.leg is Leg.OBSERVE]
    assert ["b2"] == [note.revision for note in report.not_checked if "was refused (not here" in note.reason]


def test_an_old_server(tmp_path: Path) -> None:
    """PostgreSQL 14, which sends its counters away, tells the same."""
    if not LAB.exists():
        pytest.skip(f"{LAB} is not here")
    answer = subprocess.run([LAB, "14"], capture_output=True, text=True, timeout=300, check=False)
    if answer.returncode != 0:
        pytest.skip(f"PostgreSQL 14 cannot be had: {answer.stderr.strip()[-200:]}")
    folder = Path(answer.stdout.strip().splitlines()[-1]) / "14" / "bin"
    report = walked(tmp_path, f"local:{folder}")

    known = [(text, modes) for text, modes in told(report, Leg.OBSERVE) if not text.startswith("UPDATE")]
    assert [(text, modes) for text, modes in UP.items() if not text.startswith("UPDATE")] == known
    assert [*DOWN.items()] == told(report, Leg.OBSERVE_DOWN)
    assert "14." in report.server

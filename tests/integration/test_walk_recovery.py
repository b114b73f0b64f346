"""A walk that had to give way to a failed upgrade goes on with the rows, and the records, of the database at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.providers import Server
from migration_checks.report import Report
from tests.projects import Script, sql
from tests.walks import walk

TABLES = Script(
    "a1",
    upgrade=sql("CREATE TABLE one (id int PRIMARY KEY, note text)", "CREATE TABLE two (id int PRIMARY KEY, note text)"),
    downgrade=sql("DROP TABLE one", "DROP TABLE two"),
)
WIDER = Script("b2", down="a1", upgrade=sql("ALTER TABLE one ADD n int"), downgrade=sql("ALTER TABLE one DROP n"))
REFUSES = "if op.get_bind().exec_driver_sql('SELECT count(*) FROM one').scalar(): op.execute('SELECT 1/0')"


def walked(folder: Path, server: Server, *scripts: Script) -> Report:
    return walk(folder, server, scripts, rows=20).report


def test_rows_written_in_a_database_that_is_gone(tmp_path: Path, server: Server) -> None:
    """On the way down below a step that rows cannot pass, what was written above it is not looked for."""
    forgets = Script("b2", down="a1", upgrade=sql("ALTER TABLE one ADD n int"), downgrade=sql("UPDATE one SET note = 'gone'"))
    touches = Script("c3", down="b2", upgrade=sql("UPDATE one SET id = id"), downgrade=sql("UPDATE one SET id = id"))
    fails = Script("d4", down="c3", upgrade=REFUSES)
    above = Script("e5", down="d4", upgrade=sql("ALTER TABLE one ADD m int"), downgrade=sql("ALTER TABLE one DROP m"))
    report = walked(tmp_path, server, TABLES, forgets, touches, fails, above)

    assert {each.check for each in report.findings} >= {"MC101", "MC304"}
    assert "MC901" not in {each.check for each in report.findings}
    assert [step.revision for step in report.steps if step.leg == "descend"] == ["e5", "c3", "b2", "a1"]


def test_a_step_that_rows_cannot_pass_and_that_does_not_come_back(tmp_path: Path, server: Server) -> None:
    """Its upgrade is made a second time as it was made the first time, without rows, and the walk goes on above it."""
    grows = REFUSES + "\n" + sql("ALTER TABLE two ADD t text")
    fails = Script("c3", down="b2", upgrade=grows, downgrade=sql("ALTER TABLE two DROP note"))
    above = Script("d4", down="c3", upgrade=sql("ALTER TABLE one ADD m int"), downgrade=sql("ALTER TABLE one DROP m"))
    report = walked(tmp_path, server, TABLES, WIDER, fails, above)

    assert {"ascend", "undo", "redo"} <= {step.leg for step in report.steps if step.revision == "d4"}
    assert not any("Nothing above it" in note.reason for note in report.not_checked)
    assert "MC901" not in {each.check for each in report.findings}


UNSAID = "DO $$ BEGIN IF EXISTS (SELECT FROM one WHERE note IS NULL) THEN RAISE 'no note'; END IF; END $$"
ANY = "DO $$ BEGIN IF EXISTS (SELECT FROM one) THEN RAISE 'rows'; END IF; END $$"
ADDED = Script("b2", down="a1", upgrade=sql("ALTER TABLE two ADD n int"), downgrade=sql("ALTER TABLE two DROP n"))


@pytest.mark.parametrize(("expected", "guard"), [({"c3", "d4"}, UNSAID), ({"d4"}, ANY)], ids=["odd rows", "any row"])
def test_what_is_altered_after_a_failed_upgrade_is_found(
    expected: set[str], guard: str, tmp_path: Path, server: Server
) -> None:
    """By the legs of the step that failed, if plain rows can pass it, and by every step above it."""
    upper = "UPDATE two SET note = upper(note)"
    grown, taller = sql(guard, "ALTER TABLE two ADD m int"), sql("ALTER TABLE two ADD o int")
    fails = Script("c3", down="b2", upgrade=grown, downgrade=sql(upper, "ALTER TABLE two DROP m"))
    above = Script("d4", down="c3", upgrade=taller, downgrade=sql(upper, "ALTER TABLE two DROP o"))
    report = walked(tmp_path, server, TABLES, ADDED, fails, above)

    undone = [each for each in report.findings if each.leg == "undo"]
    assert {each.revision for each in undone if each.check == "MC304"} == expected
    assert "c3" in {each.revision for each in report.findings if each.check == "MC101"}

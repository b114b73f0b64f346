"""A leg that fails, or ends in the wrong place, hides nothing above or below it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fixtures import faults
from migration_checks.config import Settings
from migration_checks.providers import Server
from migration_checks.report import PASSED
from migration_checks.transition import Leg
from migration_checks.verify import verify
from tests.projects import Script, sql
from tests.walks import creates, walk, widens

NOT_NULL = Script("b2", "a1", sql("ALTER TABLE t ADD COLUMN m int NOT NULL"), sql("ALTER TABLE t DROP COLUMN m"))
"""Fails where there are rows, and only there."""


def test_an_upgrade_that_fails_on_rows(tmp_path: Path, server: Server) -> None:
    """Its other legs are walked without rows, and what is above it with rows again, there and back and down."""
    walked = walk(tmp_path, server, [creates("t", "a1"), NOT_NULL, creates("u", "c3", "b2")])

    assert walked.found == {("MC101", "b2")}
    assert walked.legs[3:] == [
        *("ascend b2!", "undo b2", "redo b2", "ascend c3", "undo c3", "redo c3", "descend c3", "descend a1", "leap c3"),
    ]
    assert "b2: Its upgrade fails on rows" in walked.said


def test_an_upgrade_that_always_fails(tmp_path: Path, server: Server) -> None:
    """Only what needs it is left out: its sibling and its sibling's children are walked."""
    chain = [
        creates("t", "a1"),
        Script("b2", "a1", sql("SELECT 1/0")),
        widens("t", "c3", "b2"),
        widens("t", "d4", "a1", "d"),
        widens("t", "e5", "d4", "e"),
    ]
    walked = walk(tmp_path, server, chain)

    assert walked.found == {("MC101", "b2")}
    assert [each for each in walked.of(Leg.ASCEND) if each != "b2"] == ["a1", "d4", "e5"]
    assert walked.of(Leg.DESCEND) == ["e5", "d4", "a1"]
    assert "c3: Not walked: what they need could not be built" in walked.said
    assert "leap: Not run" in walked.said


def test_a_downgrade_that_refuses(tmp_path: Path, server: Server) -> None:
    """Said once, as information (MC104); the way down goes on below it, and fails nothing."""
    refuses = Script("b2", "a1", widens("t", "b2", "a1").upgrade, "raise NotImplementedError('there is no way back')")
    walked = walk(tmp_path, server, [creates("t", "a1"), refuses, widens("t", "c3", "b2", "c")])

    assert (walked.report.verdict, walked.found) == (PASSED, {("MC104", "b2")})
    assert walked.of(Leg.DESCEND) == ["c3", "a1"]


def test_a_revision_that_the_lineage_marks_as_irreversible(tmp_path: Path, server: Server) -> None:
    """What it does not bring back is no finding of its own."""
    forgets = Script("b2", "a1", widens("t", "b2", "a1").upgrade, sql("SELECT 1"))
    walked = walk(tmp_path, server, [creates("t", "a1"), forgets, creates("u", "c3", "b2")], irreversible=frozenset({"b2"}))

    assert (walked.report.verdict, walked.found) == (PASSED, {("MC104", "b2")})


def test_empty_downgrades_in_a_row(tmp_path: Path, server: Server) -> None:
    """Each is named once (MC107); the way down passes over all of them to the place below."""
    chain = [creates("t", "a1")]
    for number, (id, down) in enumerate([("b2", "a1"), ("c3", "b2"), ("d4", "c3")]):
        chain.append(Script(id, down, sql(f"ALTER TABLE t ADD COLUMN n{number} int")))
    walked = walk(tmp_path, server, [*chain, creates("u", "e5", "d4")])

    assert walked.found == {("MC107", "b2"), ("MC107", "c3"), ("MC107", "d4")}
    assert walked.of(Leg.DESCEND) == ["e5", "a1"]


def test_a_step_that_leaves_its_transaction_and_fails(tmp_path: Path, server: Server) -> None:
    """What was committed before the failure is named, up and down, alone and in the chain."""
    halfway = """
        with op.get_context().autocommit_block():
            op.execute('CREATE INDEX CONCURRENTLY spare ON t (note)')
        op.execute('ALTER TABLE t ADD COLUMN m int NOT NULL')
    """
    chain = [creates("t", "a1"), Script("b2", "a1", halfway, sql("ALTER TABLE t DROP COLUMN m")), creates("u", "c3", "b2")]
    walked = walk(tmp_path, server, chain)

    assert "half-way: index public.spare changed" in walked.finding("MC101").message
    assert {"c3"} <= set(walked.of(Leg.DESCEND))


def test_a_way_down_that_stops_half_way_in_the_chain_only(tmp_path: Path, server: Server) -> None:
    """A downgrade that works alone and fails after another one: DESCEND says what it left."""
    breaks = Script("c3", "b2", sql("CREATE TABLE u (id int PRIMARY KEY)"), sql("DROP TABLE u", "CREATE TABLE trap (id int)"))
    stops = """
        with op.get_context().autocommit_block():
            op.execute('ALTER TABLE t DROP COLUMN n')
        if op.get_bind().exec_driver_sql("SELECT to_regclass('trap')").scalar():
            raise RuntimeError('trapped')
    """
    chain = [creates("t", "a1"), Script("b2", "a1", widens("t", "b2", "a1").upgrade, stops), breaks]
    walked = walk(tmp_path, server, chain)
    finding = walked.finding("MC102")

    assert (finding.revision, finding.leg) == ("b2", Leg.DESCEND)
    assert "half-way: column public.t.n changed" in finding.message
    assert walked.of(Leg.DESCEND) == ["c3", "b2", "a1"]


def test_a_script_that_commits_by_itself(tmp_path: Path, server: Server) -> None:
    """It is walked like any other."""
    commits = "op.get_bind().exec_driver_sql('COMMIT')"
    up, down = widens("t", "b2", "a1").upgrade, widens("t", "b2", "a1").downgrade
    walked = walk(tmp_path, server, [creates("t", "a1"), Script("b2", "a1", f"{up}\n{commits}", f"{down}\n{commits}")])

    assert not {check for check, _ in walked.found} & {"MC101", "MC102", "MC103", "MC201", "MC202"}
    assert walked.of(Leg.DESCEND) == ["b2", "a1"]


def test_residue_that_the_second_upgrade_absorbs(tmp_path: Path, server: Server) -> None:
    """The downgrade's fault is told once, and the walk goes on from what the second upgrade built."""
    leaves = Script(
        "b2",
        "a1",
        sql("CREATE TABLE IF NOT EXISTS u (id int PRIMARY KEY)", "ALTER TABLE t ADD n int"),
        sql("ALTER TABLE t DROP n"),
    )
    walked = walk(tmp_path, server, [creates("t", "a1"), leaves, creates("w", "c3", "b2")])

    assert walked.found == {("MC201", "b2")}
    assert walked.of(Leg.REDO) == ["a1", "b2", "c3"]
    assert walked.of(Leg.DESCEND) == ["c3", "b2", "a1"]


def test_residue_on_which_the_second_upgrade_fails(tmp_path: Path, server: Server) -> None:
    """The state is built anew for what lies above, which is walked as if nothing had been."""
    leaves = Script(
        "b2", "a1", sql("CREATE TABLE u (id int PRIMARY KEY)", "ALTER TABLE t ADD n int"), sql("ALTER TABLE t DROP n")
    )
    walked = walk(tmp_path, server, [creates("t", "a1"), leaves, widens("u", "c3", "b2")])

    assert walked.found == {("MC201", "b2"), ("MC103", "b2")}
    assert {"undo c3", "redo c3", "descend c3", "descend b2", "descend a1"} <= set(walked.legs)


def test_a_step_that_works_only_once(tmp_path: Path, server: Server) -> None:
    """Where a state cannot be made a second time, the walk says so and ends in words."""
    once = """
        import pathlib
        counter = pathlib.Path(__file__).with_name('times')
        counter.write_text(counter.read_text() + 'x' if counter.exists() else 'x')
        if len(counter.read_text()) > 1:
            raise RuntimeError('only once')
        op.execute('CREATE TABLE u (id int PRIMARY KEY)')
    """
    chain = [creates("t", "a1"), Script("b2", "a1", once, sql("DROP TABLE u")), widens("u", "c3", "b2")]
    walked = walk(tmp_path, server, chain)

    assert ("MC103", "b2") in walked.found
    assert "cannot be made a second time (only once)" in walked.said
    assert "c3: Not walked" in walked.said


def test_roles_of_scripts_when_a_stretch_is_walked_again(tmp_path: Path) -> None:
    """A role exists once on a server: a state is built anew without meeting it, and no copy keeps it from being dropped."""
    reader, writer = "mc_reader_of_a_test", "mc_writer_of_a_test"
    chain = [
        Script(
            "a1",
            None,
            sql(f"CREATE ROLE {reader}", "CREATE TABLE t (id int PRIMARY KEY, note text)", f"GRANT SELECT ON t TO {reader}"),
            sql("DROP TABLE t", f"DROP ROLE {reader}"),
        ),
        NOT_NULL,
        Script(
            "c3",
            "b2",
            sql(f"CREATE ROLE {writer}", f"GRANT UPDATE (note) ON t TO {writer}", "UPDATE t SET note = note"),
            sql("UPDATE t SET note = note", f"REVOKE UPDATE (note) ON t FROM {writer}", f"DROP ROLE {writer}"),
        ),
        Script("d4", "c3", sql("CREATE TABLE u (id int PRIMARY KEY)", "ALTER TABLE t ADD k int"), sql("ALTER TABLE t DROP k")),
        widens("t", "e5", "d4"),
    ]
    walked = walk(tmp_path, None, chain)

    assert walked.found == {("MC101", "b2"), ("MC201", "d4"), ("MC103", "d4")}
    assert walked.of(Leg.DESCEND) == ["e5", "d4", "c3", "a1"]
    assert "second time" not in walked.said


def test_a_baseline_that_makes_a_role(tmp_path: Path) -> None:
    """It is run once: a state without rows, and a leap, start from a copy of what it made."""
    role = "mc_owner_of_a_baseline"
    files = {"before.sql": f"CREATE ROLE {role};\nCREATE TABLE t (id int PRIMARY KEY);\nALTER TABLE t OWNER TO {role};\n"}
    first = Script("a1", None, sql("ALTER TABLE t ADD COLUMN m int NOT NULL"), sql("ALTER TABLE t DROP COLUMN m"))
    walked = walk(tmp_path, None, [first, creates("u", "b2", "a1")], files=files, baseline_sql=Path("before.sql"))

    assert ("MC101", "a1") in walked.found
    assert not {check for check, _ in walked.found} - {"MC101", "MC105"}
    assert "undo b2" in walked.legs


def test_names_that_a_downgrade_swaps(tmp_path: Path, server: Server) -> None:
    """What has the name of before holds something else; a column that no row has a value in is named."""
    make = "CREATE TABLE t (id int PRIMARY KEY, a int, b int, code text CHECK (code = md5(id::text || 'salt')))"
    twins = "CREATE TABLE one (id int, v int)", "CREATE TABLE two (id int, v int)"
    first = Script("a1", None, sql(make, *twins), sql("DROP TABLE t, one, two"))
    columns = "ALTER TABLE t RENAME b TO y", "ALTER TABLE t RENAME x TO b", "ALTER TABLE t RENAME y TO a"
    tables = "ALTER TABLE one RENAME TO y", "ALTER TABLE two RENAME TO one", "ALTER TABLE y RENAME TO two"
    swap = Script("b2", "a1", sql("ALTER TABLE t RENAME a TO x"), sql(*columns, *tables))
    found = walk(tmp_path, server, [first, swap], rows=20).report.findings

    assert {"public.t.a", "public.t.b", "public.one", "public.two"} == {
        each.subject for each in found if (each.check, each.revision, str(each.severity)) == ("MC304", "b2", "error")
    }
    assert [("public.t.code", "info")] == [(each.subject, str(each.severity)) for each in found if each.check == "MC901"]


def test_a_lock_in_the_middle_of_what_no_transaction_holds(server: Server) -> None:
    """A step that drops what is left and builds an index concurrently gave up there, and could do no better."""
    chain = replace(faults.lineage("MC702_invalid_index", "remedy"), range="a1:heads")
    where: dict[str, Any] = {"provider": server.url, "allow_shared_server": True}
    found = verify(Settings(chain, chain.root, trials=frozenset({"runners"}), **where)).findings

    assert {("MC701", "info")} == {(each.check, str(each.severity)) for each in found if each.check.startswith("MC7")}
    assert all("in the middle of statement 2 of 2" in each.message for each in found if each.check == "MC701")

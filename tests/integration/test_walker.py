"""The walk over chains of every shape: which legs are run, in which order, and that healthy ones end in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.lineage import Contract, Invariant, Seed
from migration_checks.providers import Server
from migration_checks.report import INCOMPLETE, PASSED
from migration_checks.transition import Leg
from tests.projects import ASYNC, SYNC, Script, sql
from tests.walks import creates, walk, widens


@pytest.mark.parametrize("env", [SYNC, ASYNC.replace("engine_from_config(", "engine_from_config(", 1)], ids=["sync", "asyncio"])
def test_a_healthy_chain_passes_through_all_legs(tmp_path: Path, server: Server, env: str) -> None:
    """Each step alone and there and back, then down as a whole, then up at once; rows are compared and nothing is found."""
    url = (
        "postgresql+asyncpg://app@production.invalid/app" if env is not SYNC else "postgresql+psycopg://app@nowhere.invalid/app"
    )
    walked = walk(tmp_path, server, [creates("t", "a1"), widens("t", "b2", "a1")], env=env, url=url)

    assert walked.legs == [
        *("ascend a1", "undo a1", "redo a1", "ascend b2", "undo b2", "redo b2", "descend b2", "descend a1", "leap b2"),
    ]
    assert (walked.report.verdict, walked.found, walked.said) == (PASSED, set(), "")
    assert walked.report.rows_compared >= 12


def test_branches_a_merge_and_a_dependency(tmp_path: Path, server: Server) -> None:
    """Every revision is reached once, parents first, and left once, children first, though the branches lie side by side."""
    chain = [
        creates("t", "a1"),
        widens("t", "b2", "a1", "left_side"),
        widens("t", "c3", "a1", "right_side"),
        Script("m4", ("b2", "c3")),
        creates("other", "x9", labels=("apart",)),
        Script("d5", "m4", sql("ALTER TABLE other ADD n int"), sql("ALTER TABLE other DROP n"), depends_on="x9"),
    ]
    walked = walk(tmp_path, server, chain)
    up, down = walked.of(Leg.ASCEND), walked.of(Leg.DESCEND)

    assert sorted(up) == sorted(down) == ["a1", "b2", "c3", "d5", "m4", "x9"]
    for each in (up, down[::-1]):
        assert each.index("a1") < min(each.index("b2"), each.index("c3"))
        assert max(each.index("b2"), each.index("c3")) < each.index("m4") < each.index("d5")
        assert each.index("x9") < each.index("d5")
    assert (walked.report.verdict, walked.found, walked.said) == (PASSED, set(), "")


def test_two_heads_and_two_bases(tmp_path: Path, server: Server) -> None:
    """Several heads are no error: all of them are walked, and the leap goes to all of them."""
    chain = [creates("t", "a1"), widens("t", "b2", "a1", "b"), widens("t", "c3", "a1", "c"), creates("u", "x9")]
    walked = walk(tmp_path, server, chain)

    assert sorted(walked.of(Leg.ASCEND)) == ["a1", "b2", "c3", "x9"]
    assert walked.of(Leg.LEAP)
    assert (walked.report.verdict, walked.found, walked.said) == (PASSED, set(), "")


def test_a_range_is_walked_from_its_start(tmp_path: Path, server: Server) -> None:
    """What lies below is applied and filled but not judged; what lies above is left alone."""
    broken_below = Script("a1", None, sql("CREATE TABLE t (id int PRIMARY KEY, note text)"))
    chain = [broken_below, widens("t", "b2", "a1", "b"), widens("t", "c3", "b2", "c"), widens("t", "d4", "c3", "d")]
    walked = walk(tmp_path, server, chain, range="a1:c3")

    assert walked.legs == [
        *("ascend b2", "undo b2", "redo b2", "ascend c3", "undo c3", "redo c3", "descend c3", "descend b2", "leap c3"),
    ]
    assert (walked.report.verdict, walked.found) == (PASSED, set())


def test_a_range_without_revisions(tmp_path: Path, server: Server) -> None:
    """Nothing was compared, so it is no pass, and the report says why."""
    walked = walk(tmp_path, server, [creates("t", "a1")], range="a1:a1")

    assert walked.report.verdict == INCOMPLETE
    assert "no revision to walk" in walked.said


def test_schemas_and_names_that_need_quotes(tmp_path: Path, server: Server) -> None:
    """Names are carried through every leg as they are: reserved words, spaces, quotes, capitals, other schemas."""
    strange = 'CREATE TABLE "Sales Dept"."select" ("order" int PRIMARY KEY, "Weird "" Name" text)'
    chain = [
        Script("a1", None, sql('CREATE SCHEMA "Sales Dept"', strange), sql('DROP SCHEMA "Sales Dept" CASCADE')),
        Script(
            "b2",
            "a1",
            sql('ALTER TABLE "Sales Dept"."select" RENAME COLUMN "Weird "" Name" TO "User"'),
            sql('ALTER TABLE "Sales Dept"."select" DROP COLUMN "User", ADD COLUMN "Weird "" Name" text'),
        ),
    ]
    walked = walk(tmp_path, server, chain)

    assert walked.found == {("MC304", "b2")}
    assert walked.finding("MC304").subject == '"Sales Dept"."select"."Weird "" Name"'


def test_a_baseline_is_where_the_walk_begins(tmp_path: Path, server: Server) -> None:
    """Its rows are there, and DESCEND comes back to it."""
    files = {"before.sql": "CREATE TABLE t (id int PRIMARY KEY, note text);\nINSERT INTO t VALUES (1, 'kept'), (2, NULL);\n"}
    loses = Script("a1", None, sql("ALTER TABLE t DROP COLUMN note"), sql("ALTER TABLE t ADD COLUMN note text"))
    walked = walk(tmp_path, server, [loses], files=files, baseline_sql=Path("before.sql"))

    assert ("MC302", "a1") in walked.found
    assert ("MC304", "a1") in walked.found


def test_questions_are_asked_where_they_are_claimed(tmp_path: Path, server: Server) -> None:
    """An invariant broken by a step is found there; one outside its revisions, or without its table, is not asked."""
    spoils = Script("c3", "b2", sql("UPDATE t SET n = -7077"), sql("UPDATE t SET n = NULL"))
    chain = [creates("t", "a1"), widens("t", "b2", "a1"), spoils, widens("t", "d4", "c3", "m")]
    negative = "SELECT id, n FROM t WHERE n = -7077"
    zero = Seed("b2", lambda connection, rows, seed: connection.exec_driver_sql("UPDATE t SET n = NULL") and None)
    walked = walk(
        tmp_path,
        server,
        chain,
        seeds=(zero,),
        invariants=(
            Invariant("no such number", negative),
            Invariant("only before", negative, until="b2"),
            Invariant("only afterwards", "SELECT 1 FROM t HAVING count(*) = 0", since="d4"),
            Invariant("of a table that is nowhere", "SELECT FROM nowhere"),
        ),
        contracts=(
            Contract("reads the note", ("SELECT note FROM t LIMIT 1",)),
            Contract("reads m", ("SELECT m FROM t",), "a1"),
        ),
    )
    broken = {finding.subject: finding.revision for finding in walked.report.findings if finding.check == "MC401"}

    assert broken == {"no such number": "c3"}
    assert "of a table that is nowhere: It was asked nowhere" in walked.said
    assert "only before" not in walked.said
    assert "only afterwards" not in walked.said


def test_rows_that_contradict_an_invariant_from_the_start(tmp_path: Path, server: Server) -> None:
    """No step is to blame, and none can be found out any more, so the report says it."""
    seed = Seed("a1", lambda connection, rows, seed: connection.exec_driver_sql("INSERT INTO t VALUES (-5, 'x')") and None)
    chain = [creates("t", "a1"), widens("t", "b2", "a1")]
    invariant = Invariant("positive ids", "SELECT id FROM t WHERE id = -5")
    whole = walk(tmp_path / "whole", server, chain, seeds=(seed,), invariants=(invariant,))
    upper = walk(tmp_path / "upper", server, chain, seeds=(seed,), invariants=(invariant,), range="a1:b2")

    assert "positive ids: It does not hold once rows were put in at a1" in whole.said
    assert "positive ids: It does not hold where the walk begins" in upper.said
    assert "MC401" not in {finding.check for finding in (*whole.report.findings, *upper.report.findings)}


def test_models_that_differ_at_head(tmp_path: Path, server: Server) -> None:
    """Where env.py offers metadata, head is held against it (MC205); below head it is not."""
    models = """
        import sqlalchemy as sa
        metadata = sa.MetaData()
        sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text),
                 sa.Column("n", sa.Integer), sa.Column("forgotten", sa.Integer))
    """
    env = "import sys; sys.path.insert(0, '.')\n    from models import metadata\n" + SYNC.replace(
        "target_metadata = None", "target_metadata = metadata"
    )
    walked = walk(
        tmp_path,
        server,
        [creates("t", "a1"), widens("t", "b2", "a1")],
        env="    " + env,
        files={"models.py": models},
        sys_path=(tmp_path,),
    )

    assert walked.found == {("MC205", "b2")}
    assert "forgotten" in walked.finding("MC205").message


def test_a_leap_over_rows(tmp_path: Path, server: Server) -> None:
    """What fails only with rows and only in one transaction: an ALTER TABLE after a back-fill of a deferred key (MC105)."""
    chain = [
        Script(
            "a1",
            None,
            sql(
                "CREATE TABLE p (id int PRIMARY KEY)",
                "CREATE TABLE t (id int PRIMARY KEY, p int NOT NULL REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
            ),
            sql("DROP TABLE t", "DROP TABLE p"),
        ),
        Script(
            "b2",
            "a1",
            sql("INSERT INTO t SELECT -1, max(id) FROM p HAVING count(*) > 0"),
            sql("DELETE FROM t WHERE id = -1"),
        ),
        widens("t", "c3", "b2"),
    ]
    walked = walk(tmp_path, server, chain)

    assert walked.legs[-2:] == ["leap c3", "leap c3!"]
    assert walked.found >= {("MC105", "c3")}
    assert "55006" in walked.finding("MC105").message

"""What an observed leg tells the report: the same in every run apart from what was measured, and no more than can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migration_checks.budgets import Budgets
from migration_checks.observers.evidence import MOST, LocksEvidence
from migration_checks.observers.facts import Changed, ForeignKey, Lock, Observed, Relation, Rewrite, Scan
from migration_checks.observers.modes import BLOCKS

AE = "ACCESS EXCLUSIVE"
STATEMENT = Observed(
    sql="ALTER TABLE t ALTER a TYPE int",
    path="/p/versions/b2.py",
    line=7,
    transaction=1,
    autocommit=False,
    rows=-1,
    locks=(Lock("public.t", "table", AE, True, ("connection",)),),
    rewrites=(Rewrite("public.t_a", "index", "its table is written anew", ("catalog",), "public.t"),),
    scans=(Scan("public.u", 40, AE),),
    changed={"public.v": Changed(1, 2, 3)},
    began=0.25,
    seconds=0.12345678,
    held_until=0.5,
    wal_bytes=99,
    glimpsed=("public.w SHARE",),
)
T = Relation("public.t", "table", rows=10, production=1000, size_before=8192, size_after=16384, dead_rows=4)
RELATIONS = {
    each.name: each
    for each in (
        T,
        Relation("public.t_a", "index", owner="public.t"),
        Relation("public.u", "table", rows=40),
        Relation("public.v", "table", existed=False),
        Relation("public.k", "table", rows=7),
        Relation("public.untouched", "table", rows=5),
    )
}
KEYS = (
    ForeignKey("public.k.fk", "public.k", "public.t", ("t_id",), indexed=False, new=True),
    ForeignKey("public.t.fk", "public.t", "public.u", ("u_id",), indexed=True),
    ForeignKey("public.gone.fk", "public.gone", "public.u", ("u_id",), indexed=False),
)


def evidence(*statements: Observed, count: int | None = None, unseen: str = "") -> LocksEvidence:
    upkeep = (("index", "public.bad", "is invalid", True),)
    number = len(statements) if count is None else count
    return LocksEvidence(statements, number, RELATIONS, (), KEYS, upkeep, 512, Budgets(), Path("/p"), unseen)


def test_everything_that_is_the_same_in_every_run() -> None:
    """Paths are the project's; of relations those that matter are told."""
    assert {
        "statements": [
            {
                "sql": "ALTER TABLE t ALTER a TYPE int",
                "path": "versions/b2.py",
                "line": 7,
                "transaction": 1,
                "autocommit": False,
                "rows": -1,
                "locks": [
                    {
                        "relation": "public.t",
                        "kind": "table",
                        "mode": AE,
                        "blocks": BLOCKS[AE],
                        "new": True,
                        "sources": ["connection"],
                    }
                ],
                "rewrites": [
                    {
                        "relation": "public.t_a",
                        "kind": "index",
                        "reason": "its table is written anew",
                        "sources": ["catalog"],
                        "table": "public.t",
                    }
                ],
                "scans": [{"relation": "public.u", "rows": 40, "under": AE}],
                "changed": {"public.v": {"inserted": 1, "updated": 2, "deleted": 3}},
            }
        ],
        "relations": [
            {"name": "public.k", "kind": "table", "rows": 7, "production_rows": None, "new": False},
            {"name": "public.t", "kind": "table", "rows": 10, "production_rows": 1000, "new": False},
            {"name": "public.u", "kind": "table", "rows": 40, "production_rows": None, "new": False},
            {"name": "public.v", "kind": "table", "rows": None, "production_rows": None, "new": True},
        ],
        "foreign_keys_unindexed": [
            {"name": "public.k.fk", "table": "public.k", "columns": ["t_id"], "referenced": "public.t", "new": True, "rows": 7},
            {
                "name": "public.gone.fk",
                "table": "public.gone",
                "columns": ["u_id"],
                "referenced": "public.u",
                "new": False,
                "rows": None,
            },
        ],
        "upkeep": [{"kind": "index", "name": "public.bad", "problem": "is invalid", "new": True}],
    } == evidence(STATEMENT).observations()


def test_what_was_measured_stands_apart() -> None:
    """In the same order."""
    timing = evidence(STATEMENT, replace(STATEMENT, sql="x", wal_bytes=None, glimpsed=())).timing()

    assert [
        {"began": 0.25, "seconds": 0.123457, "held_until": 0.5, "wal_bytes": 99, "glimpsed": ["public.w SHARE"]},
        {"began": 0.25, "seconds": 0.123457, "held_until": 0.5, "wal_bytes": None},
    ] == timing["statements"]
    assert {"name": "public.t", "size_before": 8192, "size_after": 16384, "dead_rows": 4} in timing["relations"]  # type: ignore[operator]
    assert 512 == timing["temp_bytes"]


def test_a_loop_is_one_statement_with_its_number() -> None:
    """Rows that it read in all its turns are one scan."""
    other = replace(STATEMENT, scans=(Scan("public.u", 2, AE), Scan("public.k", 7, None)))
    (told,) = evidence(STATEMENT, other).observations()["statements"]  # type: ignore[misc]

    assert 2 == told["times"]  # type: ignore[index,call-overload]
    assert [("public.k", 7), ("public.u", 42)] == [(each["relation"], each["rows"]) for each in told["scans"]]  # type: ignore[index,call-overload,union-attr]


def test_what_is_not_listed_is_counted() -> None:
    """Beyond so many statements, and those that could not be looked at, with the reason."""
    many = [replace(STATEMENT, line=number) for number in range(MOST + 5)]
    blind = replace(STATEMENT, path=None, looked=False)

    long = evidence(*many, count=MOST + 9).observations()
    assert (MOST, 9) == (len(long["statements"]), long["left_out"])  # type: ignore[arg-type]
    assert MOST == len(evidence(*many).timing()["statements"])  # type: ignore[arg-type]
    told = evidence(blind, unseen="it sends statements in a pipeline").observations()
    assert (False, None) == (told["statements"][0]["looked"], told["statements"][0]["path"])  # type: ignore[index,call-overload]
    assert "it sends statements in a pipeline" == told["unseen"]
    assert "left_out" not in told

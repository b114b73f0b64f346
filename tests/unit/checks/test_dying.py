"""The checks on steps that are killed, run twice at once, or run beside a workload, asked of literal evidence."""

from __future__ import annotations

from typing import Any

import pytest

from migration_checks.check import Severity
from migration_checks.checks.dying import _ALONE, _ROWS
from migration_checks.transition import Evidence, Failure, Leg, Statement
from migration_checks.trials.seen import AFTER, BEFORE, BETWEEN, Crashes, Died, Race, Races, Spoiled, Traffic
from tests.transitions import Case, ascend, verdicts

ADD = Statement("ALTER TABLE items ADD COLUMN a int")
INDEX = Statement("CREATE INDEX CONCURRENTLY i ON items (id)", autocommit=True)
BATCH = Statement("UPDATE items SET a = 1 WHERE a IS NULL", autocommit=True)
EXISTS = Failure("ProgrammingError", "column a exists", "42701")


def died(state: str = BEFORE, resumed: bool = True, **more: Any) -> Died:
    left = ("column public.items.a",) if state == BETWEEN else ()
    return Died(
        **{"at": 2, "of": 2, "kind": "backend", "within": False, "state": state, "resumed": resumed, "left": left} | more
    )


def crash(*deaths: Died) -> Any:
    return seen(Crashes("upgrade", 2, deaths, ("backend",)))


def seen(evidence: Evidence) -> Any:
    return ascend(leg=Leg.CRASH, evidence=evidence)


SURVIVED = crash(died(), died(AFTER))
HALF = died(BETWEEN, statement=INDEX, done=(ADD,), heads=("a",))
UNAVOIDABLE = died(BETWEEN, at=1, within=True, statement=INDEX, done=(INDEX,), heads=("a",))
LEFT = "it leaves column public.items.a changed, with the version table at a"

CASES = (
    Case("survived deaths are silent", "MC701", SURVIVED),
    Case("survived deaths are silent", "MC702", SURVIVED),
    Case("a committed half is an error", "MC701", crash(died(), HALF), (("b", Severity.ERROR, LEFT),)),
    Case(
        "what cannot be had otherwise is worth a remark",
        "MC701",
        crash(UNAVOIDABLE),
        (("b", Severity.INFO, "in the middle of statement 1 of 2 (its session was terminated)"),),
    ),
    Case(
        "what was taken back is not blamed", "MC701", crash(died(BETWEEN, done=(INDEX, ADD))), (("b", Severity.INFO, LEFT[:9]),)
    ),
    Case("what a block committed is", "MC701", crash(died(BETWEEN, done=(ADD, INDEX))), (("b", Severity.ERROR, LEFT[:9]),)),
    Case("so are batches of rows", "MC701", crash(died(BETWEEN, done=(BATCH, BATCH))), (("b", Severity.INFO, "the goal"),)),
    Case("one that is avoidable makes all of it an error", "MC701", crash(UNAVOIDABLE, HALF), (("b", Severity.ERROR, LEFT),)),
    Case(
        "a second run that raises",
        "MC702",
        crash(died(BETWEEN, False, failure=EXISTS)),
        (("b", Severity.ERROR, "running it again raised ProgrammingError (SQLSTATE 42701): column a exists."),),
    ),
    Case(
        "a second run that ends elsewhere",
        "MC702",
        crash(died(BEFORE, False, missed=("rows of public.items",), kind="server")),
        (("b", Severity.ERROR, "(the server was stopped), running it again ends without an error, yet rows of public.items"),),
    ),
    Case(
        "a lock that was met",
        "MC702",
        seen(Races("upgrade", 2, (), (died(BETWEEN, False, failure=EXISTS, kind="lock"),))),
        (("b", Severity.ERROR, "it met a lock (lock_timeout)"),),
    ),
    Case("one of two runners may fail", "MC703", seen(Races("upgrade", 2, (Race(1, ("done", "CommandError"), ("b",)),)))),
    Case(
        "work that is done twice",
        "MC703",
        seen(Races("upgrade", 2, (Race(1, ("done", "done"), ("b",), ("rows of public.items",)),))),
        (("b", Severity.ERROR, "rows of public.items differ from what one run leaves"),),
    ),
    Case(
        "two runners that both fail",
        "MC703",
        seen(Races("downgrade", 2, (Race(1, ("E 40P01", "E 40P01"), ("a",)),))),
        (("b", Severity.ERROR, "neither of them succeeded, and the version table stands at a"),),
    ),
    Case("writes that are there", "MC704", seen(Traffic("upgrade", 2, ("t",), 3, 1, {}, ()))),
    Case(
        "a write that is lost at some moment",
        "MC704",
        seen(Traffic("downgrade", 2, ("t",), 3, 1, {}, (Spoiled("public.t", "public.t.c", 0, True),))),
        (("public.t.c", Severity.ERROR, "while the downgrade ran"),),
    ),
    Case(
        "a write that is lost",
        "MC704",
        seen(Traffic("upgrade", 2, ("t",), 3, 1, {}, (Spoiled("public.t", "public.t.c", 2, True),))),
        (("public.t.c", Severity.ERROR, "committed before statement 2 of 2 of the upgrade is nowhere afterwards"),),
    ),
    Case(
        "a write that is doubled",
        "MC704",
        seen(Traffic("upgrade", 2, ("t",), 3, 1, {}, (Spoiled("public.t", "public.t.c", 3, False),))),
        (("public.t.c", Severity.ERROR, "is there more than once"),),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdicts(case: Case) -> None:
    """Each check says just what its evidence deserves."""
    assert tuple(verdicts(case)) == case.says


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", True),
        ("ALTER TYPE s ADD VALUE IF NOT EXISTS 'x'", True),
        ("ALTER TABLE p DETACH PARTITION q CONCURRENTLY", True),
        ("VACUUM t", True),
        ("CREATE INDEX i ON t (a)", False),
        ("ALTER TABLE t ADD COLUMN value int", False),
        ("CREATE TABLE t (id int)", False),
    ],
)
def test_what_stands_alone(statement: str, expected: bool) -> None:
    """What PostgreSQL runs in no transaction with others; rows may be written batch by batch."""
    assert bool(_ALONE.match(statement)) == expected
    assert bool(_ROWS.match(f"  {BATCH.sql}"))


def test_evidence_in_a_report() -> None:
    """Every death as JSON, in the shape that pages draw."""
    observed = Crashes("upgrade", 2, (died(), HALF), ("backend",)).observations()

    assert (observed["places"], observed["tried"], observed["survived"]) == (3, [2], 1)
    assert observed["deaths"] == [
        {
            "statement": 2,
            "kind": "backend",
            "within": False,
            "survived": state == BEFORE,
            "state": state,
            "resumed": True,
            "difference": difference,
        }
        for state, difference in ((BEFORE, []), (BETWEEN, ["column public.items.a"]))
    ]

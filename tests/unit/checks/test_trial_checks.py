"""The checks on what trials saw: waiting in line, growth, and code of another version (MC606, MC607, MC608, MC801)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_checks.check import Severity
from migration_checks.transition import Evidence, Leg, Statement, Transition
from migration_checks.trials.growth_seen import GrowthEvidence, Run
from migration_checks.trials.refusals import AHEAD, ROLLBACK, ROLLING, Refusal, SkewEvidence
from migration_checks.trials.stalls import Line, Other, QueueEvidence, Stall
from tests.transitions import Case, ascend, verdicts

READER, WRITER = Other("reader", "public.items"), Other("writer", "public.items")
STALL = Stall("public.items", "ACCESS EXCLUSIVE", "ALTER TABLE items ADD x int", (READER, WRITER), (READER, WRITER))
BRIEF = Stall("public.items", "ACCESS EXCLUSIVE", "ALTER TABLE items ADD x int", (READER, WRITER))
GAVE_UP = Line((), (), True, "55P03")


def tried(leg: Leg, evidence: Evidence) -> Transition:
    return ascend(leg=leg, evidence=evidence)


def queue(line: Line, limited: Line | None = None) -> Transition:
    return tried(Leg.QUEUE, QueueEvidence(line, 1.0, limited))


def grown(*runs: Run, **more: Any) -> Transition:
    return tried(Leg.GROWTH, GrowthEvidence("public.items", ("public.items",), runs, root=Path("/p"), **more))


def loop(rows: int, work: int = 0) -> Run:
    sent = tuple(Statement("UPDATE items SET a = %(a)s", rows=1, path="/p/versions/b.py", line=9) for _ in range(rows))
    return Run(rows, rows + 1, (Statement("SELECT 1"), *sent), work, (0.1,))


def whole(rows: int, work: int) -> Run:
    return Run(rows, 1, (Statement("UPDATE items SET a = 1", rows=rows),), work, (0.1,))


def refusal(what: str, subject: str = "public.items.note", direction: str = ROLLING, **more: Any) -> Refusal:
    sql = {"select": "SELECT note FROM public.items LIMIT 1", "update": "UPDATE public.items SET note = NULL"}.get(what, what)
    facts: dict[str, Any] = {"sqlstate": "42703", "error": 'column "note" does not exist', **more}
    return Refusal(direction, what, subject, sql, **facts)


def skew(*refusals: Refusal) -> Transition:
    return tried(Leg.SKEW, SkewEvidence({ROLLING: 9}, refusals))


W, INFO = Severity.WARNING, Severity.INFO
LOOPS = (loop(10), loop(40), loop(160))

CASES = [
    Case(
        "others that outlast the budget",
        "MC608",
        queue(Line((STALL,))),
        (("public.items", W, "readers and writers of public.items"),),
    ),
    Case("a way out", "MC608", queue(Line((STALL,)), GAVE_UP), (("public.items", W, "With a lock_timeout it gives up, and"),)),
    Case("no way out", "MC608", queue(Line((STALL,)), Line((STALL,))), (("public.items", W, "from outside changes nothing"),)),
    Case("the same table twice", "MC608", queue(Line((STALL, STALL))), (("public.items", W, ""),)),
    Case("others that wait a moment", "MC608", queue(Line((BRIEF,)))),
    Case("a step that gives up by itself", "MC608", queue(GAVE_UP)),
    Case("a loop", "MC606", grown(*LOOPS), (("public.items", W, "up to N + 1 for N rows (11 for 10 rows, 41 for 40 rows"),)),
    Case("its line", "MC606", grown(*LOOPS), (("public.items", W, "`UPDATE items SET a = %(a)s` (versions/b.py:9) is sent"),)),
    Case("a loop in production", "MC606", grown(*LOOPS, at_rows=10**7), (("public.items", W, "about 10,000,000 statements"),)),
    Case("a small table", "MC606", grown(*LOOPS, at_rows=50, small=1_000), (("public.items", INFO, ""),)),
    Case("one statement", "MC606", grown(whole(10, 20), whole(40, 80), whole(160, 320))),
    Case("nothing to grow", "MC606", tried(Leg.GROWTH, GrowthEvidence(reason="it touches no table that has rows"))),
    Case("linear work", "MC607", grown(whole(100, 200), whole(1_000, 2_000), whole(10_000, 20_000))),
    Case(
        "quadratic work",
        "MC607",
        grown(*(whole(n, n * n) for n in (100, 1_000, 2_000))),
        (("public.items", W, "like N^2 with"),),
    ),
    Case("quadratic and small", "MC607", grown(*(whole(n, n) for n in (1, 9)), whole(80, 6_400)), ()),
    Case(
        "a column that is gone",
        "MC801",
        skew(refusal("select"), refusal("update"), refusal("insert")),
        (("public.items.note", W, "LIMIT 1`, which the old schema accepts, is refused (SQLSTATE 42703)"),),
    ),
    Case("what else", "MC801", skew(refusal("select"), refusal("update")), (("public.items.note", W, "So is UPDATE."),)),
    Case(
        "two columns",
        "MC801",
        skew(refusal("select"), refusal("select", "public.items.b")),
        (("public.items.note", W, ""), ("public.items.b", W, "")),
    ),
    Case(
        "typed parameters only",
        "MC801",
        skew(refusal("update", typed=True)),
        (("public.items.note", INFO, "name the types of"),),
    ),
    Case(
        "after a rollback",
        "MC801",
        skew(refusal("select", direction=ROLLBACK)),
        (("public.items.note", W, "and its downgrade"),),
    ),
    Case("new code below", "MC801", skew(refusal("select", direction=AHEAD))),
    Case("nothing refused", "MC801", skew()),
    *(Case("a leg of the walk", check, ascend()) for check in ("MC606", "MC607", "MC608", "MC801")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdicts(case: Case) -> None:
    """Each check says just this of just such evidence."""
    assert list(case.says) == [
        (subject, severity, message if case.says[n][2] else "") for n, (subject, severity, message) in enumerate(verdicts(case))
    ]

"""What trials saw, as the report tells it: the same in every run apart from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_checks.transition import Evidence, Failure, Statement
from migration_checks.trials.growth_seen import GrowthEvidence, Run, without_values
from migration_checks.trials.refusals import AHEAD, ROLLING, Refusal, SkewEvidence
from migration_checks.trials.seen import AFTER, BEFORE, BETWEEN, Crashes, Died, Race, Races, Spoiled, Traffic
from migration_checks.trials.stalls import Line, Other, QueueEvidence, Stall, Wait, mode_in_words

READER, WRITER = Other("reader", "public.t"), Other("writer", "public.t")
LONG = Stall("public.t", "ACCESS EXCLUSIVE", "ALTER TABLE t", (READER, WRITER), (READER,))
SHORT = Stall("public.u", "SHARE", "CREATE INDEX", (WRITER,), ())
TOLD = {
    "relation": "public.t",
    "mode": "ACCESS EXCLUSIVE",
    "sql": "ALTER TABLE t",
    "beyond": [{"who": "reader", "relation": "public.t"}],
}
WAITED = {"who": "reader", "relation": "public.t", "seconds": 2.012, "with_lock_timeout": False}
GAVE_UP = Line((), (Wait(READER, 0.1, True),), True, "55P03", "ALTER TABLE t")


def died(at: int, state: str, resumed: bool, **more: Any) -> Died:
    return Died(at, 3, "backend", False, state, resumed, **more)


DEATHS = (
    died(2, BEFORE, True),
    died(1, BETWEEN, True, left=("table public.t",)),
    died(2, AFTER, False, missed=("rows of public.t",), failure=Failure("E", "no", "42P07")),
)
REFUSAL = Refusal(ROLLING, "select", "public.t.a", "SELECT a FROM public.t LIMIT 1", "42703", "column a does not exist", True)


@pytest.mark.parametrize(
    ("observations", "timing", "evidence"),
    [
        (
            {
                "relation": "public.t",
                "reader": "an open transaction that has read public.t",
                "lock_timeout_used": False,
                "stalls": [TOLD],
                "with_lock_timeout": {"gives_up": True, "beyond": []},
            },
            {"waits": [WAITED, {**WAITED, "seconds": 0.1, "with_lock_timeout": True}], "budget": 1.0},
            QueueEvidence(Line((SHORT, LONG), (Wait(READER, 2.0123, False),)), 1.0, GAVE_UP),
        ),
        (
            {
                "relation": None,
                "reader": None,
                "lock_timeout_used": True,
                "stalls": [],
                "sql": "ALTER TABLE t",
            },
            {"waits": [{**WAITED, "seconds": 0.1, "with_lock_timeout": True}], "budget": 0.5},
            QueueEvidence(GAVE_UP, 0.5),
        ),
        (
            {
                "tried": {ROLLING: 4, AHEAD: 2},
                "statements": [
                    {
                        "sql": "SELECT a FROM public.t LIMIT 1",
                        "what": "select",
                        "subject": "public.t.a",
                        "accepted_before": True,
                        "error": "column a does not exist",
                        "sqlstate": "42703",
                        "direction": ROLLING,
                        "typed": True,
                    }
                ],
            },
            {},
            SkewEvidence({ROLLING: 4, AHEAD: 2}, (REFUSAL,)),
        ),
        (
            {
                "direction": "upgrade",
                "places": 4,
                "tried": [1, 2],
                "kinds": ["backend", "client"],
                "survived": 1,
                "deaths": [
                    {
                        "statement": 2, "kind": "backend", "within": False, "survived": True, "state": "before",
                        "resumed": True, "difference": [],
                    },
                    {
                        "statement": 1, "kind": "backend", "within": False, "survived": False, "state": "between",
                        "resumed": True, "difference": ["table public.t"],
                    },
                    {
                        "statement": 2, "kind": "backend", "within": False, "survived": False, "state": "after",
                        "resumed": False, "difference": ["rows of public.t"],
                        "error": {"kind": "E", "sqlstate": "42P07", "message": "no"},
                    },
                ],
            },
            {},
            Crashes("upgrade", 3, DEATHS, ("backend", "client")),
        ),
        (
            {
                "direction": "downgrade",
                "places": 3,
                "races": [
                    {"statement": 1, "ends": ["done", "E 40P01"], "clean": True, "difference": []},
                    {"statement": 2, "ends": ["done", "nothing to do"], "clean": False, "difference": ["table x"]},
                    {"statement": 3, "ends": ["E 1", "E 2"], "clean": False, "difference": []},
                ],
                "retries": [DEATHS[0].observation()],
            },
            {},
            Races(
                "downgrade",
                2,
                (
                    Race(1, ("done", "E 40P01"), ("a",)),
                    Race(2, ("done", "nothing to do"), ("a",), ("table x",)),
                    Race(3, ("E 1", "E 2"), ("a",)),
                ),
                DEATHS[:1],
            ),
        ),
        (
            {
                "direction": "upgrade",
                "tables": ["public.t"],
                "committed": 5,
                "waited": 1,
                "refused": {"23505": 2},
                "spoiled": [
                    {"table": "public.t", "statement": 2, "how": "lost"},
                    {"table": "public.t", "statement": 0, "how": "doubled"},
                ],
            },
            {"traffic": {"calls": 9}},
            Traffic(
                "upgrade", 3, ("public.t",), 5, 1, {"23505": 2},
                (Spoiled("public.t", "public.t.a", 2, True), Spoiled("public.t", "public.t.a", 0, False)), {"calls": 9},
            ),
        ),
        (
            {
                "table": None, "tables": [], "sizes": [], "statements_by_size": [], "row_by_row": False, "superlinear": False,
                "touches_more_rows": None, "at_rows": None, "reason": "it touches no table that has rows",
                "not_grown": [{"table": "a", "reason": "x"}, {"table": "b", "reason": "y"}],
            },
            {},
            GrowthEvidence(reason="it touches no table that has rows", not_grown={"b": "y", "a": "x"}),
        ),
    ],
)  # fmt: skip
def test_what_is_told(observations: dict[str, Any], timing: dict[str, Any], evidence: Evidence) -> None:
    """All of it, under the names that the report's readers know."""
    assert (observations, timing) == (evidence.observations(), evidence.timing())


def test_a_refusal_is_the_same_one_wherever_it_is_met() -> None:
    """By what was said, of what, and why not: neither the row nor the direction makes another of it."""
    other = Refusal(AHEAD, "select", "public.t.a", "SELECT a, b FROM public.t LIMIT 1", "42703", "other words")

    assert ("select", "public.t.a", "42703") == REFUSAL.key == other.key


@pytest.mark.parametrize(
    ("expected", "mode"),
    [("ACCESS EXCLUSIVE", "AccessExclusiveLock"), ("SHARE ROW EXCLUSIVE", "ShareRowExclusiveLock"), ("SHARE", "ShareLock")],
)
def test_a_mode_in_words(expected: str, mode: str) -> None:
    """As LOCK TABLE writes it."""
    assert expected == mode_in_words(mode)


# -- growth ------------------------------------------------------------------------------------------------------------


def run(rows: int, work: int, *seconds: float, count: int = 1) -> Run:
    return Run(rows, count, tuple(Statement("UPDATE t SET a = 1", rows=rows) for _ in range(count)), work, seconds or (0.1,))


def grown(*runs: Run, **more: Any) -> GrowthEvidence:
    return GrowthEvidence("public.t", ("public.t",), runs, root=Path("/p"), **more)


def test_what_touches_no_more_rows_takes_no_longer() -> None:
    """Its time in production is that of any size."""
    constant = grown(run(10, 5, 0.1, 0.2), run(100, 5, 0.1), run(1000, 4, 0.15, 0.12), at_rows=10**6)

    assert {"exponent": 0.0, "exponent_interval": [0.0, 0.0]}.items() <= constant.timing().items()
    assert {"rows": 10**6, "seconds": 0.12, "low": 0.1, "high": 0.2} == constant.timing()["estimate"]
    assert "estimate" not in grown(run(10, 5), run(100, 5), run(1000, 4)).timing()
    assert [[0.1, 0.2], [0.1], [0.15, 0.12]] == constant.timing()["seconds_by_size"]
    assert [5, 5, 4] == constant.timing()["rows_touched_by_size"]


def test_two_sizes_are_measured_and_not_fitted() -> None:
    """The step failed on a third, or there was no room for it."""
    assert {"seconds_by_size", "rows_touched_by_size"} == grown(run(10, 5), run(100, 50)).timing().keys()
    assert False is grown(run(10, 5), run(100, 50)).superlinear


def test_an_estimate_is_refused_where_the_fit_is_poor() -> None:
    """With the reason, in place of a number that nobody should plan with."""
    wild = grown(run(100, 100, 9.0, 0.01), run(1000, 1000, 0.01, 5.0), run(10_000, 10_000, 0.02, 8.0), at_rows=10**9)

    assert ["refused"] == [*wild.timing()["estimate"]]  # type: ignore[misc]


def test_an_estimate_has_an_interval() -> None:
    """Around what the fit says, at the rows of production."""
    even = grown(*(run(n, n, n / 1000, n / 990, n / 1010) for n in (1_000, 10_000, 100_000)), at_rows=10**6)
    estimate: Any = even.timing()["estimate"]

    assert estimate["low"] <= 1000 <= estimate["high"]
    assert 900 < estimate["seconds"] < 1100
    assert 10**6 == estimate["rows"]


def test_sizes_that_are_all_the_same_say_nothing() -> None:
    """Clones that a rule refuses leave a table as large as it was."""
    same = grown(run(10, 5), run(10, 50), run(10, 99_000))

    assert None is same.statements_at(1000)
    assert (False, 0.0) == (same.superlinear, same.work_exponent)


@pytest.mark.parametrize(
    ("expected", "rows"), [(21.0, 20), (110.0, 110), (1_000_000.0, 1_000_000), (12_000_000.0, 12_345_678), (1.0, 0)]
)
def test_statements_of_production_in_two_digits(expected: float, rows: int) -> None:
    """A line through the smallest and the largest size, one at least."""
    loop = grown(run(10, 5, count=11), run(100, 50, count=101))

    assert expected == loop.statements_at(rows)


@pytest.mark.parametrize(
    ("expected", "sql"),
    [
        ("UPDATE t SET a = ? WHERE b = ?", "UPDATE t\n  SET a = 'it''s'  WHERE b = -1.5"),
        ("INSERT INTO t VALUES (...)", "INSERT INTO t VALUES (%(a)s, %(b)s), (%(c)s, %(d)s)"),
        ("INSERT INTO t VALUES (...)", "INSERT INTO t VALUES ($1::int, $2::text)"),
        ("SELECT a1, t2 FROM t3", "SELECT a1, t2 FROM t3"),
    ],
)
def test_statements_that_differ_in_values_are_one(expected: str, sql: str) -> None:
    """Literals, parameters and the length of lists; names keep their digits."""
    assert expected == without_values(sql)

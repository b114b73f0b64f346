"""What counts of statements and rows mean: loops over rows, loops over batches, work beyond the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_checks.transition import Statement
from migration_checks.trials.growth_seen import GrowthEvidence, Run, without_values

SCRIPT = "/project/versions/b2.py"


def said(sql: str, times: int = 1, rows: int = 1, line: int = 7) -> list[Statement]:
    return [Statement(sql, rows=rows, path=SCRIPT, line=line) for _ in range(times)]


def run(rows: int, *statements: list[Statement], work: int = 0, seconds: tuple[float, ...] = (0.1,)) -> Run:
    sent = tuple(each for group in statements for each in group)
    return Run(rows, len(sent), sent, work, seconds)


def evidence(*runs: Run, **more: Any) -> GrowthEvidence:
    return GrowthEvidence("public.people", ("public.people",), runs, root=Path("/project"), **more)


def test_a_loop_over_rows_is_told_by_its_statements() -> None:
    """One SELECT, and for each row a SELECT and an INSERT: 2N + 1."""
    seen = evidence(
        *(run(n, said("SELECT"), said("SELECT x", n, line=8), said("INSERT", n // 2, line=9)) for n in (20, 80, 320))
    )

    assert "2N + 1" == seen.formula
    assert [("SELECT x", 8), ("INSERT", 9)] == [(each.sql, each.line) for each in seen.repeated]
    assert 15_000_000 == seen.statements_at(10_000_000)
    observed = seen.observations()
    assert ([20, 80, 320], [31, 121, 481], True) == tuple(observed[k] for k in ("sizes", "statements_by_size", "row_by_row"))
    (first, _) = observed["statements"]  # type: ignore[misc]
    assert {"sql": "SELECT x", "path": "versions/b2.py", "line": 8, "counts": [20, 80, 320]} == first


def test_values_written_into_the_text_make_no_other_statement() -> None:
    """A loop that formats its values into the SQL is a loop."""
    seen = evidence(*(run(n, *[said(f"UPDATE t SET a = 'it''s {i}' WHERE id = {i}") for i in range(n)]) for n in (20, 80, 320)))

    assert ["UPDATE t SET a = ? WHERE id = ?"] == [each.sql for each in seen.repeated]
    assert "N" == seen.formula


@pytest.mark.parametrize(
    "runs",
    [
        [run(n, said("UPDATE", 1, rows=n)) for n in (100, 1_000, 10_000)],
        [run(n, said("INSERT settings", 40)) for n in (100, 400, 1_600)],
        [
            run(n, said("UPDATE batch", n // 100, rows=100), said("SELECT max", n // 100, line=8))
            for n in (1_000, 4_000, 16_000)
        ],
        [run(n, said("SELECT batch", n // 1_000, rows=-1)) for n in (1_000, 4_000, 16_000)],
        [run(100, said("UPDATE", 100))],
    ],
    ids=["one for all", "as many at each size", "batches with a look before each", "rarely", "one size"],
)
def test_what_does_not_grow_with_the_rows_is_no_loop(runs: list[Run]) -> None:
    """Fixed lists, single statements and batches are what they should be."""
    assert () == evidence(*runs).repeated


def test_more_statements_than_were_written_down() -> None:
    """What was cut off at the largest size is told by the smaller ones; the count is exact."""
    whole = [run(n, said("UPDATE", n)) for n in (100, 400)]
    seen = evidence(*whole, Run(1_600, 1_600, tuple(said("UPDATE", 500)), 0, (0.1,)))

    assert ["UPDATE"] == [each.sql for each in seen.repeated]
    assert 10_000 == seen.statements_at(10_000)


@pytest.mark.parametrize(
    ("work", "superlinear"),
    [
        ((100, 1_000, 10_000), False),
        ((10_000, 1_000_000, 4_000_000), True),
        ((400, 4_400, 46_000), False),
        ((50, 1_000, 2_000), False),
        ((60_000, 60_100, 61_000), False),
    ],
)
def test_work_beyond_the_data(work: tuple[int, ...], superlinear: bool) -> None:
    """Clearly more rows touched for each row of data, and enough of them to matter."""
    sizes = (100, 1_000, 2_000) if superlinear else (100, 1_000, 10_000)
    seen = evidence(*(run(n, said("UPDATE"), work=each) for n, each in zip(sizes, work, strict=True)))

    assert superlinear == seen.superlinear
    assert not superlinear or seen.work_exponent == 2.0


def test_what_touches_no_more_rows_takes_no_longer() -> None:
    """A change of the catalog alone takes as long in production as here, whatever the noise of a millisecond is."""
    seen = evidence(
        *(run(n, said("ALTER"), seconds=(t,)) for n, t in ((100, 0.004), (1_000, 0.009), (10_000, 0.005))), at_rows=10**7
    )

    assert {"rows": 10**7, "seconds": 0.005, "low": 0.004, "high": 0.009} == seen.timing()["estimate"]
    assert 0.0 == seen.timing()["exponent"]


def test_what_takes_far_longer_although_it_touches_no_more_rows() -> None:
    """Files that are copied are not counted in rows; the time tells."""
    times = ((100, 0.004), (1_000, 0.04), (10_000, 0.4))
    seen = evidence(*(run(n, said("ALTER"), seconds=(t,)) for n, t in times), at_rows=10**6)

    assert seen.timing()["exponent"] == pytest.approx(1.0, abs=0.1)
    assert seen.timing()["estimate"]["seconds"] == pytest.approx(40, rel=0.5)  # type: ignore[index, call-overload]


def test_nothing_measured_stands_in_observations() -> None:
    """Durations, and counts that a planner may change, are all in timing."""
    fast, slow = (
        evidence(*(run(n, said("UPDATE"), work=w, seconds=(t,)) for n in (10, 20, 40))) for w, t in ((50, 0.1), (51, 9))
    )

    assert fast.observations() == slow.observations()
    assert fast.timing() != slow.timing()


def test_lists_of_parameters_are_one_whatever_their_length() -> None:
    """Multi-row INSERTs of different lengths are the same statement."""
    short, long = ("INSERT INTO t VALUES " + ", ".join(["(%(a)s, %(b)s::VARCHAR)"] * n) for n in (1, 3))

    assert without_values(short) == without_values(long) == "INSERT INTO t VALUES (...)"

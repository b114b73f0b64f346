"""Trials that disturb a step: where it is cut short, how it dies, and how what it leaves is told from what it should be."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.environment import Outcome
from migration_checks.snapshot import Sequence, Snapshot
from migration_checks.transition import ColumnChange, Failure, Leg, Statement
from migration_checks.trials.crash import CrashTrial
from migration_checks.trials.deaths import BACKEND, CLIENT, KINDS, SERVER, Death, takes_several_transactions
from migration_checks.trials.direction import Direction, chosen
from migration_checks.trials.runners import Lock, Meeting, RunnersTrial, _end
from migration_checks.trials.seen import AFTER, BETWEEN, Crashes, Died, Spoiled
from migration_checks.trials.standing import Goal, _behind, _explained, differences, from_goal
from migration_checks.trials.traffic import Beside, Customers, TrafficTrial, _contracts, _spoiled
from migration_checks.trials.workload import Write
from tests.transitions import rows, snapshot, table, thing
from tests.unit.trials.support import bed, statements

T = replace(table("public.t"), digests={"": "0", "note": "n"})


# -- places and deaths -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "places", "most"),
    [((1, 2, 3), 3, 24), ((1, 2, 3), 3, 3), ((1, 3, 5), 5, 3), ((9,), 9, 1), ((), 0, 3), ((1, 34, 67, 100), 100, 4)],
)
def test_places_at_even_distances(expected: tuple[int, ...], places: int, most: int) -> None:
    """The first and the last are among them; all, where there are no more than that."""
    assert expected == chosen(places, most)


@given(st.integers(1, 5_000), st.integers(2, 40))
def test_places_are_as_many_as_asked_for(places: int, most: int) -> None:
    """In order, none twice."""
    found = chosen(places, most)

    assert min(places, most) == len(set(found))
    assert list(found) == sorted(found)
    assert (1, places) == (found[0], found[-1])


@pytest.mark.parametrize(
    ("several", "sql", "autocommit"),
    [
        (True, "CREATE INDEX CONCURRENTLY i ON t (a)", True),
        (True, "drop index\n concurrently i", True),
        (True, "REINDEX (VERBOSE) TABLE CONCURRENTLY t", True),
        (True, "ALTER TABLE t DETACH PARTITION p CONCURRENTLY", True),
        (False, "CREATE INDEX CONCURRENTLY i ON t (a)", False),
        (False, "REFRESH MATERIALIZED VIEW CONCURRENTLY v", True),
        (False, "CREATE INDEX i ON t (a)", True),
    ],
)
def test_what_commits_in_the_middle_of_a_statement(several: bool, sql: str, autocommit: bool) -> None:
    """Builds that wait for others in between, outside of a transaction."""
    assert several is takes_several_transactions(Statement(sql, autocommit=autocommit))


def test_the_process_that_migrates_can_be_killed() -> None:
    """By the signal that nothing survives, and by nobody else's."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    death = Death("postgresql:///nowhere", 2, CLIENT)
    death.stopped(2, process.pid)
    status = process.wait(30)
    process.communicate()

    assert (-signal.SIGKILL, True, (2,)) == (status, death.met, death.places)


def test_a_server_is_stopped_by_whoever_can() -> None:
    """Before the statement; while it is under way nothing more is done."""
    stops: list[int] = []
    death = Death("postgresql:///nowhere", 1, SERVER, stop=lambda: stops.append(1))
    assert not death.met
    death.stopped(1, 0)
    death.under_way(1, 0)

    assert ([1], True) == (stops, death.met)
    assert {BACKEND, CLIENT, SERVER} == set(KINDS)


# -- directions --------------------------------------------------------------------------------------------------------


def died(statement: Statement | None, *, survived: bool = False) -> Died:
    return Died(1, 2, BACKEND, False, AFTER if survived else BETWEEN, survived, statement)


@pytest.mark.parametrize(
    ("location", "leg", "deaths"),
    [
        (("/p/b.py", 5), Leg.ASCEND, []),
        (("/p/b.py", 9), Leg.UNDO, []),
        (("/p/b.py", 5), Leg.ASCEND, [died(None), died(Statement("x"))]),
        (("/p/other.py", 30), Leg.ASCEND, [died(Statement("x", path="/p/other.py", line=30))]),
        (("/p/b.py", 5), Leg.ASCEND, [died(Statement("x", path="/p/other.py", line=30), survived=True)]),
    ],
)
def test_a_leg_is_located_where_it_went_wrong_first(location: tuple[str, int], leg: Leg, deaths: list[Died]) -> None:
    """At the statement that was not run any more; else at the function."""
    direction = Direction(bed(), leg, "postgresql:///start")
    direction.statements = statements("one", "two")
    made = direction.handed_on(Leg.CRASH, Crashes(direction.word, 2, tuple(deaths), KINDS), deaths)

    assert (location, Leg.CRASH, ["one", "two"]) == (made.location, made.leg, [each.sql for each in made.statements])


def test_the_way_back_starts_from_the_goal() -> None:
    """Of the database that an undisturbed run has made; nothing is disturbed before there is one."""
    up = Direction(bed(), Leg.ASCEND, "postgresql:///start", crashes=True)
    nothing = snapshot()
    up.goal = Goal("postgresql:///goal", nothing, nothing, (None, None))  # type: ignore[arg-type]
    down = up.back()

    assert ("upgrade", "downgrade") == (up.word, down.word)
    assert ("postgresql:///goal", True, None) == (down.start, down.crashes, down.goal)


@pytest.mark.parametrize("trial", [CrashTrial, RunnersTrial, TrafficTrial])
def test_a_trial_has_the_name_that_asks_for_it(trial: Any) -> None:
    """Its module is found by it."""
    assert trial.__module__ == f"migration_checks.trials.{trial().name}"


# -- what differs ------------------------------------------------------------------------------------------------------

BEFORE = snapshot("a", objects=[thing("table", "public.t")], tables=[T])


@pytest.mark.parametrize(
    ("expected", "now"),
    [
        ((), BEFORE),
        (("table public.new",), snapshot("a", objects=[*BEFORE.catalog.values(), thing("table", "public.new")], tables=[T])),
        (("rows of public.t",), snapshot("a", objects=BEFORE.catalog.values(), tables=[replace(T, rows=99)])),
        (
            ("rows of public.t",),
            snapshot("a", objects=BEFORE.catalog.values(), tables=[replace(T, digests={"": "1", "note": "n"})]),
        ),
        (("table public.t",), snapshot("a")),
    ],
)
def test_what_differs_from_before(expected: tuple[str, ...], now: Snapshot) -> None:
    """Objects by kind and name, then rows by their table: those of a table that is gone went with it."""
    assert expected == differences(BEFORE, now)
    assert tuple(each for each in expected if not each.startswith("rows")) == differences(BEFORE, now, but=["public.t"])


@pytest.mark.parametrize(
    ("explained", "change"),
    [
        (True, rows()),
        (True, rows(columns=(ColumnChange("at", "at", 3, volatile=3),))),
        (False, rows(columns=(ColumnChange("at", "at", 3, volatile=2),))),
        (False, rows(missing=1)),
        (False, rows(added=1)),
    ],
)
def test_what_the_moment_of_a_run_explains(explained: bool, change: Any) -> None:
    """All of it, or it is a difference."""
    assert explained is _explained(change)


def sequence(name: str = "s", at: int = 5, used: int | None = 4, **more: Any) -> Sequence:
    return Sequence(
        **{"name": name, "column": "public.t.id", "next_value": at, "highest_used": used, "ascending": True, **more}
    )


@pytest.mark.parametrize(
    ("expected", "goal", "now"),
    [
        ((), sequence(), sequence()),
        (("sequence s",), sequence(), sequence(at=4)),
        ((), sequence(at=4), sequence(at=3)),
        ((), sequence(), sequence(at=4, used=None)),
        (("sequence s",), sequence(at=-5, used=-4, ascending=False), sequence(at=-4, used=-4, ascending=False)),
        ((), sequence(at=-5, used=-4, ascending=False), sequence(at=-6, used=-4, ascending=False)),
        ((), sequence("other"), sequence(at=1)),
    ],
)
def test_sequences_that_fell_behind(expected: tuple[str, ...], goal: Sequence, now: Sequence) -> None:
    """In their own direction, and only where an undisturbed step leaves them well."""
    assert expected == _behind(snapshot(sequences=[goal]), snapshot(sequences=[now]))


def test_schema_and_sequences_need_no_rows_to_be_compared() -> None:
    """Where no table's digests differ, nothing is asked of a server."""
    goal = Goal("postgresql:///goal", BEFORE, snapshot("b", tables=[T], sequences=[sequence()]), (None, None))  # type: ignore[arg-type]
    now = snapshot("b", objects=[thing("index", "public.i")], tables=[T], sequences=[sequence(at=2)])

    assert ("index public.i", "sequence s") == from_goal(goal, None, now, (None, None))  # type: ignore[arg-type]
    changed = snapshot("b", tables=[replace(T, rows=1)], sequences=[sequence()])
    assert () == from_goal(goal, None, changed, (None, None), but=["public.t"])  # type: ignore[arg-type]


# -- two runners -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "outcome"),
    [
        ("done", Outcome(0, (), None, frozenset("b"), frozenset("b"), 3)),
        ("done", Outcome(0, (), None, frozenset(), frozenset("b"))),
        ("nothing to do", Outcome(0, (), None, frozenset(), frozenset())),
        ("LockNotAvailable 55P03", Outcome(0, (), Failure("LockNotAvailable", "x", "55P03"), frozenset(), frozenset())),
        ("CommandError", Outcome(0, (), Failure("CommandError", "x"), frozenset(), frozenset("b"), 9)),
    ],
)
def test_what_became_of_a_runner(expected: str, outcome: Outcome) -> None:
    """In a word, or by what it raised."""
    assert expected == _end(outcome)


def test_whoever_was_not_met_is_not_waited_for() -> None:
    """The step ended before it came to that place."""
    meeting = Meeting("postgresql:///u", 3, None, Leg.ASCEND, "b")  # type: ignore[arg-type]
    meeting.under_way(3, 0)
    meeting.wait()
    lock = Lock("postgresql:///u", 2)
    lock.under_way(2, 0)
    lock.close()

    assert ((3,), False, (2,), None) == (meeting.places, meeting.met, lock.places, lock.holder)


# -- traffic -----------------------------------------------------------------------------------------------------------

W1, W2 = Write("public.t", "a", "mcw00001", "UPDATE 1"), Write("public.t", "a", "mcw00002", "UPDATE 2")
OTHER = Write("public.u", "b", "mcw00003", "INSERT 3")


HERE, HERE_TOO, NEW = ("public.t", "mcw00001"), ("public.t", "mcw00002"), ("public.new", "mcw00001")
JOURNAL, THERE = ("public.journal", "mcw00001"), ("public.u", "mcw00003")
LOST, DOUBLED = Spoiled("public.t", "public.t.a", 1, True), Spoiled("public.t", "public.t.a", 1, False)


@pytest.mark.parametrize(
    ("expected", "committed", "control", "found"),
    [
        ([], [(1, W1)], {HERE: 1}, {HERE: 1}),
        ([LOST], [(1, W1), (2, W2)], {HERE: 1, HERE_TOO: 1}, {}),
        ([], [(1, W1)], {}, {}),
        ([], [(1, W1)], {HERE: 1}, {NEW: 1}),
        ([DOUBLED], [(1, W1)], {HERE: 1}, {HERE: 2}),
        ([DOUBLED], [(1, W1)], {NEW: 1}, {NEW: 2}),
        ([], [(1, W1)], {JOURNAL: 1}, {JOURNAL: 5}),
        ([replace(LOST, at=2), Spoiled("public.u", "public.u.b", 3, True)], [(2, W2), (3, OTHER)], {HERE_TOO: 1, THERE: 1}, {}),
    ],
)
def test_writes_that_are_lost_or_doubled(expected: list[Spoiled], committed: Any, control: Any, found: Any) -> None:
    """Held against what becomes of them when all come before the step; the first of a column is told.

    Where they went does not matter, and a journal may grow with every write.
    """
    direction = Direction(bed(), Leg.ASCEND, "postgresql:///start")
    after = snapshot("b", tables=[T, table("public.new"), table("public.journal")])
    old = snapshot("a", tables=[T, table("public.journal")])
    direction.goal = Goal("postgresql:///goal", old, after, (None, None))  # type: ignore[arg-type]

    assert expected == list(_spoiled(direction, committed, control, found))


def test_writes_are_made_where_they_are_planned() -> None:
    """At the places of the plan, and nothing more while a statement is under way."""
    beside = Beside("postgresql:///u", {1: [W1], 4: [W2]})
    beside.under_way(1, 0)

    assert ((1, 4), [], 0) == (beside.places, beside.committed, beside.waited)


def test_a_workload_of_nothing_is_over_at_once() -> None:
    """No session is opened for it."""
    stand = Customers("postgresql://nobody@127.0.0.1:1/nowhere", [], [])
    stand.start()
    stand.stop()

    assert {"calls": 0, "errors": {}, "longest": 0.0} == stand.account()


def test_contracts_are_part_of_the_workload() -> None:
    """Statement by statement."""
    contracts = (SimpleNamespace(statements=("SELECT 1", "SELECT 2")), SimpleNamespace(statements=("SELECT 3",)))
    direction = Direction(bed(bench=SimpleNamespace(lineage=SimpleNamespace(contracts=contracts))), Leg.ASCEND, "u")

    assert ["SELECT 1", "SELECT 2", "SELECT 3"] == _contracts(direction)

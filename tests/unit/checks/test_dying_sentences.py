"""What the checks on disturbed steps say, word for word, and the facts beside it (MC701 to MC704); and so does MC901."""

from __future__ import annotations

from typing import Any

import pytest

from migration_checks.check import Severity
from migration_checks.checks import by_id
from migration_checks.transition import Evidence as Seen
from migration_checks.transition import Failure, Leg, Statement, Transition
from migration_checks.trials.seen import AFTER, BEFORE, BETWEEN, Crashes, Died, Race, Races, Spoiled, Traffic
from tests.transitions import ascend, residue, snapshot, table, undo

ADD = Statement("ALTER TABLE items ADD COLUMN a int")
COMMIT = Statement("COMMIT")
CONCURRENTLY = Statement("CREATE INDEX CONCURRENTLY i ON items (id)", autocommit=True)
EXISTS = Failure("ProgrammingError", "column a exists.", "42701")


def died(state: str = BETWEEN, **more: Any) -> Died:
    facts = {"at": 2, "of": 3, "kind": "backend", "within": False, "resumed": True, "statement": ADD, "done": (ADD, COMMIT)}
    return Died(**{**facts, "state": state, "heads": ("b", "a"), "left": ("column public.items.a",), **more})


def says(check: str, transition: Transition) -> Any:
    (found,) = by_id[check].examine(transition)
    return found


def crashed(check: str, *deaths: Died, direction: str = "upgrade") -> Any:
    return says(check, ascend(leg=Leg.CRASH, evidence=Crashes(direction, 3, deaths, ("backend",))))


def other(check: str, evidence: Seen) -> Any:
    return says(check, ascend(leg=Leg.RUNNERS, evidence=evidence))


# -- a state between ------------------------------------------------------------------------------------------------------


def test_a_half_that_was_committed() -> None:
    """When and how it died, what it left, and where the version table stands."""
    found = crashed("MC701", died(AFTER), died())

    assert found.message == (
        "When the upgrade died before statement 2 of 3 (its session was terminated), it leaves column public.items.a changed, "
        "with the version table at a and b: neither what was before nor what should be after."
    )
    assert (found.subject, found.severity) == ("b", None)
    assert found.facts == {
        "direction": "upgrade",
        "statements": 3,
        "deaths": [
            {
                "statement": 2,
                "kind": "backend",
                "within": False,
                "survived": False,
                "state": BETWEEN,
                "resumed": True,
                "difference": ["column public.items.a"],
                "sql": ADD.sql,
            }
        ],
    }


@pytest.mark.parametrize(
    ("more", "beginning"),
    [
        ({"kind": "client"}, "When the upgrade died before statement 2 of 3 (its process was killed), it"),
        ({"kind": "server"}, "When the upgrade died before statement 2 of 3 (the server was stopped), it"),
        ({"kind": "lock"}, "When the upgrade died before statement 2 of 3 (it met a lock (lock_timeout)), it"),
        ({"within": True}, "When the upgrade died in the middle of statement 2 of 3 (its session was terminated), it"),
        (
            {"statement": None},
            "When the upgrade died when its script was over and the version not yet written (its session was terminated), it",
        ),
    ],
)
def test_moments_and_ways_to_die(more: dict[str, Any], beginning: str) -> None:
    """Between two statements, within one, or behind the last."""
    assert crashed("MC701", died(**more)).message.startswith(beginning)


def test_only_the_version_table_tells() -> None:
    """Where nothing differs, and nothing is written there."""
    message = crashed("MC701", died(left=(), heads=())).message

    assert "it leaves neither schema nor rows changed, with the version table at base:" in message


def test_a_death_behind_the_last_statement_has_none() -> None:
    """So its facts name none."""
    (death,) = crashed("MC701", died(statement=None)).facts["deaths"]

    assert "sql" not in death


def test_the_worst_death_is_told() -> None:
    """One from which there is no way on, before one that could have been avoided; every one is in the facts."""
    mild = died(at=1, done=(CONCURRENTLY,))
    avoidable = died(at=2)
    stuck = died(at=3, done=(CONCURRENTLY,), resumed=False, failure=EXISTS)

    assert "before statement 3 of 3" in crashed("MC701", mild, avoidable, stuck).message
    assert "before statement 2 of 3" in crashed("MC701", mild, avoidable).message
    assert len(crashed("MC701", mild, avoidable, stuck).facts["deaths"]) == 3


@pytest.mark.parametrize(
    ("resumed", "end"),
    [
        (True, " What it commits on the way cannot be had in one transaction, and running it again reaches the goal."),
        (False, " What it commits on the way cannot be had in one transaction."),
    ],
)
def test_what_cannot_be_had_otherwise(resumed: bool, end: str) -> None:
    """A remark, which says whether a second run helps."""
    found = crashed("MC701", died(done=(CONCURRENTLY,)), died(done=(CONCURRENTLY,), resumed=resumed))

    assert found.message.endswith(f"nor what should be after.{end}")
    assert found.severity is Severity.INFO


@pytest.mark.parametrize("done", [(), (ADD,), (ADD, COMMIT), (ADD, Statement("end")), (CONCURRENTLY, ADD, COMMIT)], ids=str)
def test_what_could_have_been_one_transaction(done: tuple[Statement, ...]) -> None:
    """Committed with others, or in a way that no statement shows."""
    assert crashed("MC701", died(done=done)).severity is None


# -- no way on --------------------------------------------------------------------------------------------------------------


def test_a_second_run_that_raises() -> None:
    """The first such death is told, all are in the facts."""
    stuck = died(resumed=False, failure=EXISTS, left=())
    found = crashed("MC702", died(), stuck, died(at=3, resumed=False, failure=EXISTS), direction="downgrade")

    assert found.message == (
        "When the downgrade died before statement 2 of 3 (its session was terminated), running it again raised "
        "ProgrammingError (SQLSTATE 42701): column a exists."
    )
    assert (found.subject, found.facts["direction"], found.facts["statements"]) == ("b", "downgrade", 3)
    assert [each["statement"] for each in found.facts["deaths"]] == [2, 3]
    assert found.facts["deaths"][0]["error"] == {
        "kind": "ProgrammingError",
        "sqlstate": "42701",
        "message": "column a exists.",
    }


@pytest.mark.parametrize(
    ("missed", "differ"),
    [
        (("index public.i",), "index public.i differs from"),
        (("rows of public.items",), "rows of public.items differ from"),
        (("index public.i", "index public.j"), "index public.i and index public.j differ from"),
        (("index public.i", "rows of public.items"), "index public.i and rows of public.items differ from"),
    ],
)
def test_a_second_run_that_ends_elsewhere(missed: tuple[str, ...], differ: str) -> None:
    """One thing differs, several differ."""
    found = crashed("MC702", died(resumed=False, missed=missed))
    _, _, end = found.message.partition("(its session was terminated), ")

    assert end == f"running it again ends without an error, yet {differ} the goal."


def test_a_lock_that_was_met() -> None:
    """What runners saw counts too, with its own number of statements."""
    stuck = died(BEFORE, resumed=False, failure=EXISTS, kind="lock")
    found = other("MC702", Races("downgrade", 7, (), (stuck,)))

    assert found.message.startswith("When the downgrade died before statement 2 of 7 (it met a lock (lock_timeout)), running")
    assert (found.facts["direction"], found.facts["statements"]) == ("downgrade", 7)


# -- two at once ------------------------------------------------------------------------------------------------------------


def test_two_runners_whose_work_is_done_twice() -> None:
    """The first race that went wrong is told; those that went well are left out."""
    bad = Race(2, ("done", "done"), ("b",), ("rows of public.items",))
    found = other("MC703", Races("upgrade", 3, (Race(1, ("done", "E"), ("b",)), bad)))

    assert found.message == "When two runners ran the upgrade at once, rows of public.items differ from what one run leaves."
    assert found.subject == "b"
    assert found.facts == {
        "direction": "upgrade",
        "races": [{"statement": 2, "ends": ["done", "done"], "clean": False, "difference": ["rows of public.items"]}],
    }


def test_two_runners_of_which_none_succeeds() -> None:
    """And where that leaves the version table."""
    found = other("MC703", Races("upgrade", 3, (Race(1, ("E", "E"), ("b", "a")),)))

    assert found.message == (
        "When two runners ran the upgrade at once, neither of them succeeded, and the version table stands at a and b."
    )


# -- beside a workload ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        (0, "while the downgrade ran"),
        (1, "before statement 1 of 3 of the downgrade"),
        (3, "before statement 3 of 3 of the downgrade"),
        (4, "when the script of the downgrade was over, before its transaction was"),
    ],
)
def test_writes_that_are_lost_or_doubled(at: int, moment: str) -> None:
    """When they were committed, and that others fared better."""
    spoiled = [Spoiled("public.t", "public.t.c", at, lost) for lost in (True, False)]
    lost, doubled = by_id["MC704"].examine(
        ascend(leg=Leg.TRAFFIC, evidence=Traffic("downgrade", 3, ("t",), 3, 1, {}, tuple(spoiled)))
    )
    others = ", while rows that were written before the downgrade are."

    assert lost.message == f"A row that was written to public.t and committed {moment} is nowhere afterwards{others}"
    assert doubled.message == f"A row that was written to public.t once and committed {moment} is there more than once{others}"
    assert lost.facts == {"direction": "downgrade", "table": "public.t", "statement": at, "how": "lost"}
    assert (lost.subject, doubled.facts["how"]) == ("public.t.c", "doubled")


# -- nothing to compare -----------------------------------------------------------------------------------------------------


def test_tables_that_stayed_empty() -> None:
    """By name, each with its reason as one sentence."""
    found = list(by_id["MC901"].examine(ascend(unfilled={"public.y": " a check cannot be met. ", "public.x": "no value fits"})))

    assert [(each.subject, each.message) for each in found] == [
        ("public.x", "The table stayed empty: no value fits."),
        ("public.y", "The table stayed empty: a check cannot be met."),
    ]
    assert found[0].facts == {"why": "unfilled", "reason": "no value fits"}


def test_they_are_told_once() -> None:
    """Where the upgrade is, not again on another leg."""
    assert list(by_id["MC901"].examine(undo(unfilled={"public.x": "no value fits"}))) == []


def test_tables_that_could_not_be_read() -> None:
    """On either side: what a leg without a baseline changed, and what one with a baseline was held against."""
    facts = {"why": "unread", "reason": "denied"}
    for each in (undo(residue=residue(unread={"public.f": "denied"})), ascend(changes=residue(unread={"public.f": "denied"}))):
        found = says("MC901", each)
        assert (found.subject, found.message) == ("public.f", "Its rows could not be compared: denied.")
        assert found.facts == facts


def test_a_downgrade_that_met_no_row() -> None:
    """Which tables there were, but for those that are named one by one."""
    below = snapshot(
        "a", tables=[table("public.b", oid=2, rows=0), table("public.a", rows=0), table("public.f", oid=3, rows=0)]
    )
    *_, found = by_id["MC901"].examine(undo(baseline=below, residue=residue(rows=0, unread={"public.f": "denied"})))

    assert found.message == (
        "2 tables existed before the upgrade, but held no row: what this downgrade does to data is unknown."
    )
    assert (found.subject, found.facts) == ("b", {"why": "empty", "tables": ["public.a", "public.b"]})

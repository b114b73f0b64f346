"""What the checks on trials say, word for word, and the facts beside it (MC606, MC607, MC608, MC801)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_checks.check import Severity
from migration_checks.checks import by_id
from migration_checks.transition import Evidence as Seen
from migration_checks.transition import Leg, Statement
from migration_checks.trials.growth_seen import GrowthEvidence, Run
from migration_checks.trials.refusals import AHEAD, CONTRACT, FIND, ROLLBACK, ROLLING, Refusal, SkewEvidence
from migration_checks.trials.stalls import Line, Other, QueueEvidence, Stall
from tests.transitions import ascend

ITEMS, NOTES = "public.items", "public.notes"


def said(check: str, leg: Leg, evidence: Seen) -> list[Any]:
    return list(by_id[check].examine(ascend(leg=leg, evidence=evidence)))


# -- waiting in line ---------------------------------------------------------------------------------------------------


def stall(sql: str = "DROP TABLE items", mode: str = "ACCESS EXCLUSIVE", *beyond: tuple[str, str]) -> Stall:
    others = tuple(Other(*each) for each in beyond or (("reader", ITEMS),))
    return Stall(ITEMS, mode, sql, others, others)


def stalled(one: Stall, limited: Line | None = None) -> Any:
    (found,) = said("MC608", Leg.QUEUE, QueueEvidence(Line((one,)), 0.5, limited))
    return found


def test_a_stall() -> None:
    """The lock, the statement, who waits and for how long."""
    found = stalled(stall("DROP TABLE items", "ACCESS EXCLUSIVE", ("reader", ITEMS), ("writer", ITEMS), ("reader", NOTES)))

    assert found.message == (
        "While one transaction that has read public.items is open, `DROP TABLE items` waits for its ACCESS EXCLUSIVE lock, and "
        "readers and writers of public.items, and readers of public.notes wait behind it for longer than the budget of 0.5 s."
    )
    assert found.facts == {
        "relation": ITEMS,
        "mode": "ACCESS EXCLUSIVE",
        "statement": "DROP TABLE items",
        "waiting": [
            {"who": "reader", "relation": ITEMS},
            {"who": "writer", "relation": ITEMS},
            {"who": "reader", "relation": NOTES},
        ],
        "budget": 0.5,
    }


def test_relations_that_the_same_people_want_are_named_together() -> None:
    """Readers of both."""
    found = stalled(stall("DROP TABLE items", "ACCESS EXCLUSIVE", ("reader", ITEMS), ("reader", NOTES)))

    assert ", and readers of public.items and public.notes wait behind it " in found.message


def test_a_wait_without_a_lock() -> None:
    """CREATE INDEX CONCURRENTLY waits for transactions."""
    assert "`DROP TABLE items` waits for it to end, and readers" in stalled(stall(mode="")).message


@pytest.mark.parametrize(
    ("limited", "sentence", "gives_up"),
    [
        (Line((), failed=True, sqlstate="55P03"), " With a lock_timeout it gives up, and they go on.", True),
        (Line((stall(),)), " A lock_timeout from outside changes nothing.", False),
        (Line((stall(),), failed=True, sqlstate="55P03"), " A lock_timeout from outside changes nothing.", False),
        (Line((), failed=True, sqlstate="42P01"), "", False),
    ],
)
def test_what_a_lock_timeout_would_do(limited: Line, sentence: str, gives_up: bool) -> None:
    """It gives up in time, or too late, or fails for another reason."""
    found = stalled(stall(), limited)

    assert found.message.partition("0.5 s.")[2] == sentence
    assert found.facts["gives_up_with_lock_timeout"] is gives_up


@pytest.mark.parametrize(("length", "shown"), [(120, 120), (121, 120)])
def test_a_long_statement_is_cut(length: int, shown: int) -> None:
    """In the sentence, not in the facts."""
    found = stalled(stall("x" * length))
    (quoted,) = found.message.split("`")[1::2]

    assert (len(quoted), quoted.endswith("x...")) == (shown, length > shown)
    assert found.facts["statement"] == "x" * length


def test_each_relation_is_told_once() -> None:
    """By the first statement that waits for it; those that nobody waits behind for long do not count."""
    brief = Stall(ITEMS, "SHARE", "a moment", (Other("writer", ITEMS),))
    other = Stall(NOTES, "SHARE", "notes", (), (Other("writer", NOTES),))
    found = said("MC608", Leg.QUEUE, QueueEvidence(Line((brief, stall("first"), stall("second"), other)), 0.5, None))

    assert [(each.subject, each.facts["statement"]) for each in found] == [(ITEMS, "first"), (NOTES, "notes")]


# -- growth ------------------------------------------------------------------------------------------------------------


def sent(rows: int, *templates: str) -> Run:
    loop = (Statement(sql, rows=1, path="/p/versions/b.py", line=9 + n) for _ in range(rows) for n, sql in enumerate(templates))
    return Run(rows, rows * len(templates) + 1, (Statement("SELECT 1"), *loop), 0, (0.1,))


def grown(check: str, *runs: Run, **more: Any) -> Any:
    (found,) = said(check, Leg.GROWTH, GrowthEvidence(ITEMS, (ITEMS, NOTES), runs, root=Path("/p"), **more))
    return found


def test_one_statement_a_row() -> None:
    """How many there were at each size, where it stands, and what it comes to."""
    found = grown("MC606", *(sent(n, "UPDATE a") for n in (10, 40, 160)), at_rows=1_000_000, small=1_000)

    assert found.message == (
        "Its statements grow with the rows of public.items, up to N + 1 for N rows (11 for 10 rows, 41 for 40 rows and 161 for "
        "160 rows): `UPDATE a` (versions/b.py:9) is sent for one row at a time. "
        "At 1,000,000 rows these are about 1,000,000 statements."
    )
    assert found.facts == {
        "formula": "N + 1",
        "rows": [10, 40, 160],
        "counts": [11, 41, 161],
        "statements": [{"sql": "UPDATE a", "path": "versions/b.py", "line": 9, "counts": [10, 40, 160]}],
        "at_rows": 1_000_000,
        "statements_at": 1_000_000,
    }
    assert found.severity is None


def test_two_statements_a_row() -> None:
    """Both are quoted; nobody said how many rows production has."""
    found = grown("MC606", *(sent(n, "UPDATE a", "UPDATE b") for n in (10, 40, 160)))

    assert "up to 2N + 1 for N rows" in found.message
    assert "`UPDATE a` (versions/b.py:9) and `UPDATE b` (versions/b.py:10) are sent for one row at a time." in found.message
    assert "at_rows" not in found.facts
    assert "statements_at" not in found.facts


@pytest.mark.parametrize(("length", "shown"), [(100, 100), (101, 100)])
def test_a_long_statement_of_a_loop_is_cut(length: int, shown: int) -> None:
    """In the sentence, not in the facts."""
    found = grown("MC606", *(sent(n, "x" * length) for n in (10, 40, 160)))
    (quoted,) = found.message.split("`")[1::2]

    assert (len(quoted), quoted.endswith("x...")) == (shown, length > shown)
    assert found.facts["statements"][0]["sql"] == "x" * length


def test_work_beyond_the_data() -> None:
    """The exponent, the sizes, and the tables that were grown."""
    found = grown("MC607", *(Run(n, 1, (), n * n, (0.1,)) for n in (100, 1_000, 2_000)))

    assert found.message == (
        "The rows that it reads and writes grow about like N^2 with the N rows of public.items "
        "(100, 1,000 and 2,000 were tried)."
    )
    assert found.facts == {"exponent": 2.0, "rows": [100, 1_000, 2_000], "tables": [ITEMS, NOTES]}


@pytest.mark.parametrize(("check", "runs"), [("MC606", "sent"), ("MC607", "work")])
@pytest.mark.parametrize(
    ("at_rows", "severity"), [(None, None), (1_000, Severity.INFO), (999, Severity.INFO), (1_001, None)], ids=str
)
def test_what_is_small_in_production_stays_small(check: str, runs: str, at_rows: int | None, severity: Severity | None) -> None:
    """Up to the size that is said to be small."""
    made = {
        "sent": [sent(n, "UPDATE a") for n in (10, 40, 160)],
        "work": [Run(n, 1, (), n * n, (0.1,)) for n in (100, 1_000, 2_000)],
    }[runs]

    assert grown(check, *made, at_rows=at_rows, small=1_000).severity is severity


# -- code of another version ---------------------------------------------------------------------------------------------


def refused(what: str, subject: str = "public.items.note", direction: str = ROLLING, **more: Any) -> Refusal:
    facts: dict[str, Any] = {"sqlstate": "42703", "error": "there is no such column.", **more}
    return Refusal(direction, what, subject, f"{what} it", **facts)


def broken(*refusals: Refusal) -> list[Any]:
    return said("MC801", Leg.SKEW, SkewEvidence({ROLLING: 9}, refusals))


def test_a_refusal() -> None:
    """The statement, its state, the server's words, and what else fails on the same."""
    (found,) = broken(
        refused("select"), refused("select"), refused("update"), refused("update"), refused(FIND), refused("delete")
    )

    assert found.message == (
        "After the upgrade, `select it`, which the old schema accepts, is refused (SQLSTATE 42703): there is no such column. "
        "So are UPDATE, finding a row by its key and DELETE."
    )
    assert (found.subject, found.severity) == ("public.items.note", None)
    assert (found.facts["direction"], found.facts["sqlstate"]) == (ROLLING, "42703")
    assert found.facts["statements"][2] == {
        "what": "update",
        "sql": "update it",
        "sqlstate": "42703",
        "error": "there is no such column.",
    }
    assert len(found.facts["statements"]) == 6


def test_one_more() -> None:
    """In the singular."""
    (found,) = broken(refused("select"), refused("insert"))

    assert found.message.endswith("there is no such column. So is INSERT.")


def test_alone_and_without_a_state() -> None:
    """Some errors have none."""
    (found,) = broken(refused("select", sqlstate=None))

    assert found.message.endswith("`select it`, which the old schema accepts, is refused: there is no such column.")


def test_a_contract() -> None:
    """It is named, for its statement may be anything."""
    (found,) = broken(refused(CONTRACT, "the list of people"))

    assert "`" + f"{CONTRACT} it` of the list of people, which the old schema accepts, is refused" in found.message


def test_directions_and_subjects_are_told_apart() -> None:
    """A rollback by itself; new code on the old schema not at all."""
    found = broken(
        refused("select"),
        refused("select", direction=ROLLBACK),
        refused("select", "public.items.b"),
        refused("select", direction=AHEAD),
    )

    assert [(each.subject, each.message.partition(",")[0]) for each in found] == [
        ("public.items.note", "After the upgrade"),
        ("public.items.note", "After the upgrade and its downgrade"),
        ("public.items.b", "After the upgrade"),
    ]


def test_statements_of_some_drivers_only() -> None:
    """A remark, unless another statement is refused whoever sends it: then only that one is told."""
    (remark,) = broken(refused("update", typed=True))
    (finding,) = broken(refused("update", typed=True), refused("select"))

    assert remark.severity is Severity.INFO
    assert remark.message.endswith("no such column. Only drivers that name the types of parameters send it so.")
    assert finding.severity is None
    assert [each["what"] for each in finding.facts["statements"]] == ["select"]
    assert "drivers" not in finding.message


@pytest.mark.parametrize(("length", "shown"), [(160, 160), (161, 160)])
def test_a_long_query_is_one_line_and_cut(length: int, shown: int) -> None:
    """In the sentence, not in the facts."""
    sql = "x\n  " + "y" * (length - 2)
    (found,) = broken(Refusal(ROLLING, "select", "s", sql, sqlstate=None, error="no"))
    (quoted,) = found.message.split("`")[1::2]

    assert (len(quoted), quoted.startswith("x y"), quoted.endswith("y...")) == (shown, True, length > shown)
    assert found.facts["statements"][0]["sql"] == sql


@pytest.mark.parametrize("check", ["MC606", "MC607", "MC608", "MC801"])
def test_what_another_trial_saw_is_nobodys_business(check: str) -> None:
    """Each check takes the evidence of its own trial only."""
    seen: dict[str, Seen] = {
        "MC608": SkewEvidence({}, (refused("select"),)),
        "MC801": QueueEvidence(Line((stall(),)), 1.0, None),
    }

    assert said(check, Leg.GROWTH, seen.get(check, QueueEvidence(Line((stall(),)), 1.0, None))) == []

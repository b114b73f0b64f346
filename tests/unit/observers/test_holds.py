"""Which locks keep others from a table, what is done meanwhile, and how a loop is told."""

from __future__ import annotations

from typing import Any

import pytest

from migration_checks.observers.facts import Changed, Hold, Lock, Observed, Relation, Rewrite, Scan, Work
from migration_checks.observers.holds import gathered, holds

RELATIONS = {
    each.name: each
    for each in (
        Relation("t", "table", rows=100),
        Relation("u", "table", rows=1000),
        Relation("empty", "table", rows=0),
        Relation("new", "table", existed=False),
        Relation("t_i", "index", owner="t"),
        Relation("new_i", "index", existed=False, owner="t"),
        Relation("p", "table", rows=10),
        Relation("p1", "partition", rows=10, parents=("p",)),
    )
}


def lock(relation: str, mode: str = "ACCESS EXCLUSIVE", kind: str = "table", new: bool = True) -> Lock:
    return Lock(relation, kind, mode, new, ("connection",))


def statement(*locks: Lock, transaction: int = 1, seconds: float = 1.0, **more: Any) -> Observed:
    more = {"sql": "ALTER", "path": None, "line": None, "autocommit": False, "rows": -1, **more}
    return Observed(transaction=transaction, locks=locks, own_seconds=seconds, seconds=seconds, **more)


def test_from_the_lock_to_the_end_of_the_transaction() -> None:
    """What came before it does not count, nor what another transaction did."""
    found = holds([statement(), statement(lock("t")), statement(seconds=2.0), statement(transaction=2)], RELATIONS)

    assert (Hold("t", "ACCESS EXCLUSIVE", 1, 3.0),) == found


@pytest.mark.parametrize(
    "taken",
    [
        lock("empty"),
        lock("new"),
        lock("unheard of"),
        lock("t", "ROW EXCLUSIVE"),
        lock("t", "SHARE UPDATE EXCLUSIVE"),
        lock("t", new=False),
        lock("new_i", kind="index"),
        lock("t_i", kind="index"),
    ],
    ids=lambda each: f"{each.relation} {each.mode} {each.new}",
)
def test_what_keeps_nobody_waiting(taken: Lock) -> None:
    """Tables without rows or made by the step, weak locks, an index of a table that others may use."""
    assert () == holds([statement(taken)], RELATIONS)


def test_through_an_index() -> None:
    """Every query locks all indexes of its table, so REINDEX INDEX stops reads while the table lets them pass."""
    found = holds([statement(lock("t", "SHARE"), lock("t_i", kind="index"))], RELATIONS)

    assert {("t", "SHARE", None), ("t", "ACCESS EXCLUSIVE", "t_i")} >= {(each.relation, each.mode, each.via) for each in found}
    assert ("ACCESS EXCLUSIVE", "t_i") in {(each.mode, each.via) for each in found}


def test_a_partition_goes_with_its_parent() -> None:
    """Unless it is locked alone."""
    both = holds([statement(lock("p"), lock("p1", kind="partition"))], RELATIONS)
    alone = holds([statement(lock("p1", kind="partition"))], RELATIONS)

    assert (["p"], ["p1"]) == ([each.relation for each in both], [each.relation for each in alone])


def test_first_writes_then_reads() -> None:
    """A lock that grows is told twice; one that stops reads is not told of as one that stops writes."""
    found = holds([statement(lock("t", "SHARE")), statement(lock("t")), statement(lock("t", "SHARE"))], RELATIONS)

    assert [("SHARE", 0, 3.0), ("ACCESS EXCLUSIVE", 1, 2.0)] == [(each.mode, each.statement, each.seconds) for each in found]


def test_what_is_done_meanwhile() -> None:
    """Shares of populated tables: rewritten, scanned, indexed, changed; rows that are put in come from what was read."""
    works = [
        statement(lock("t"), rewrites=(Rewrite("t", "table", "why", ()),), scans=(Scan("t", 300, None),)),
        statement(scans=(Scan("t", 50, None), Scan("new", 5, None))),
        statement(lock("new_i", kind="index"), scans=(Scan("t", 100, None),)),
        statement(changed={"t": Changed(updated=20)}),
        statement(scans=(Scan("u", 1000, None),), changed={"new": Changed(inserted=500)}),
        statement(changed={"new": Changed(inserted=1)}),
        statement(rewrites=(Rewrite("t", "table", "truncated", ()),)),
    ]
    (hold, *_) = holds(works, RELATIONS)

    assert [
        Work("rewrite", "t", 1.0, 0),
        Work("scan", "t", 0.5, 1),
        Work("build", "t", 1.0, 2),
        Work("change", "t", 0.2, 3),
        Work("scan", "u", 1.0, 4),
        Work("change", "u", 0.5, 4),
        Work("change", "u", 0.001, 5),
    ] == list(hold.work)


def test_rows_out_of_nothing_grow_with_nothing() -> None:
    """A handful of new rows in a new table, for which nothing was read."""
    (hold,) = holds([statement(lock("t")), statement(changed={"new": Changed(inserted=3)})], RELATIONS)

    assert () == hold.work


def test_a_loop_is_told_once() -> None:
    """At the place of the first, with sums; a lock that the first took stays new. Other lines are other statements."""
    first = statement(lock("t"), sql="UPDATE", line=1, rows=2, changed={"t": Changed(updated=2)}, wal_bytes=5, began=1.0)
    second = statement(lock("t", new=False), sql="UPDATE", line=1, rows=3, changed={"t": Changed(updated=3)}, wal_bytes=6)
    other = statement(sql="UPDATE", line=2)

    once, also = gathered([first, other, second])

    assert (2, 5, {"t": Changed(updated=5)}, 11, 2.0, 1.0) == (
        once.times,
        once.rows,
        once.changed,
        once.wal_bytes,
        once.seconds,
        once.began,
    )
    assert (lock("t"),) == once.locks
    assert other == also


def test_transactions_are_not_mixed() -> None:
    """But statements that commit by themselves are one loop."""
    one, two = (statement(sql="U", transaction=number) for number in (1, 2))
    three, four = (statement(sql="V", transaction=number, autocommit=True) for number in (3, 4))

    assert [1, 1, 2] == [each.times for each in gathered([one, two, three, four])]

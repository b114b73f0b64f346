"""Transactions are told apart by what PostgreSQL calls them, else by the ends that were heard."""

from __future__ import annotations

from migration_checks.observers.looks import Look, look_from
from migration_checks.observers.statements import Transactions
from migration_checks.transition import Statement

PLAIN, ALONE = Statement("x", seconds=0.5), Statement("x", seconds=0.5, autocommit=True)


def look(name: str, *, idle: bool = False) -> Look:
    return Look(idle, name, 0, frozenset(), {}, {})


def test_names_decide() -> None:
    """Also where nobody heard a transaction end: a script may send COMMIT as text."""
    transactions = Transactions(())

    assert [1, 1, 2] == [transactions.of(PLAIN, each, look(name)) for each, name in ((0, "3/1"), (1, "3/1"), (2, "3/2"))]


def test_ends_decide_where_no_look_was_had() -> None:
    """SET LOCAL is not looked at; the next look belongs to its transaction."""
    transactions = Transactions((1.7,))

    assert [1, 1, 2, 2] == [
        transactions.of(PLAIN, 0, look("3/1")),
        transactions.of(PLAIN, 1, None),
        transactions.of(PLAIN, 2, None),
        transactions.of(PLAIN, 3, look("3/2")),
    ]


def test_each_statement_by_itself() -> None:
    """Outside of a transaction each is one, and ends when it does."""
    transactions = Transactions((1.2,))

    assert 1 == transactions.of(PLAIN, 0, look("3/1"))
    assert 1.2 == transactions.end(0.5, 9.0)
    assert [2, 3, 4] == [
        transactions.of(ALONE, 2, look("3/2", idle=True)),
        transactions.of(ALONE, 3, look("3/3", idle=True)),
        transactions.of(PLAIN, 4, look("3/4")),
    ]
    assert 9.0 == transactions.end(4.5, 9.0)


def test_a_look_is_read() -> None:
    """With what event triggers kept, one document a line; relations that only they have seen are known too."""
    found = look_from(
        '{"i": true, "x": "3/9", "w": 77, "l": [[20000, "AccessShareLock"]], "r": null, "c": [[20000, 1, 2, 3, 4, 5]],'
        ' "s": "{\\"t\\": \\"DROP TABLE\\", \\"l\\": [[20001, \\"AccessExclusiveLock\\"]],'
        ' \\"r\\": [[20001, \\"r\\", \\"public.t\\", 7, null]]}\\n{\\"o\\": 20001, \\"y\\": 4}"}'
    )

    assert (True, "3/9", 77) == (found.idle, found.transaction, found.wal)
    assert frozenset({(20000, "ACCESS SHARE")}) == found.locks
    assert {20000: (1, 2, 3, 4, 5)} == found.counted
    assert (("DROP TABLE", frozenset({(20001, "ACCESS EXCLUSIVE")})),) == found.commands
    assert ((20001, 4),) == found.rewrites
    assert "public.t" == found.relations[20001].name

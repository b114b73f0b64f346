"""When rows that were written since an earlier state are all that can differ from it, and when every row is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from migration_checks.rows.fresh import LARGE, RECENT, written_since
from migration_checks.rows.identity import pair_columns
from migration_checks.snapshot import Table
from tests.unit.rows.support import Paper, column, table

EPOCH = 1 << 32
BIG: dict[str, Any] = {"key": ["id"], "rows": LARGE, "stamp": "5.files|shape", "horizon": 3 * EPOCH + 700}


def users(**more: Any) -> Table:
    return table("users", column("id", "integer"), column("n", "integer", **more.pop("of", {})), oid=9, **BIG | more)


def asked(before: Table, now: Table, following: int = 3 * EPOCH + 703, *, heap: bool = True, here: str = "5") -> str:
    """The condition, in that database of a server whose next transaction has that number."""
    return written_since(Paper(lambda query: [(here, following, heap)]), before, now, pair_columns(before, now).pairs)


NOW = users(mirrored=False, stamp="5.others|shape")


def test_rows_of_earlier_transactions_are_left_out() -> None:
    """Those of the table itself; numbers are shown without how often they began anew."""
    assert "(tableoid <> 9 OR xmin = ANY ('{700,701,702}'::xid[]))" == asked(users(), NOW)


def test_more_transactions_than_are_told_one_by_one() -> None:
    """Their numbers are compared."""
    assert asked(users(), NOW, 3 * EPOCH + 700 + RECENT).startswith("(tableoid <> 9 OR xmin = ANY")
    assert "NOT (tableoid = 9 AND xmin::text::bigint < 700)" == asked(users(), NOW, 3 * EPOCH + 701 + RECENT)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (users(), users(mirrored=False, rows=LARGE - 1)),
        (users(mirrored=False), NOW),
        (users(), users()),
        (users(horizon=0), NOW),
        (users(stamp="6.files|shape"), NOW),
        (users(), table("users", column("id", "integer"), column("n", "integer"), **BIG | {"oid": 8, "mirrored": False})),
        (users(of={"number": 7}), NOW),
        (users(of={"stored": "text"}), users(of={"stored": "text"}, mirrored=False)),
        (users(of={"generated": True}), users(of={"generated": True}, mirrored=False)),
    ],
    ids=[
        "a small table",
        "not held apart",
        "held apart",
        "unknown",
        "another database",
        "another table",
        "another column",
        "a type of the user's",
        "computed",
    ],
)
def test_every_row_is_looked_at(before: Table, now: Table) -> None:
    """Where a row may mean something else though nobody wrote it, or it is not known which were written."""
    assert "" == asked(before, now)


def test_numbers_that_began_anew_in_between() -> None:
    """What is written now has a smaller one."""
    assert "" == asked(users(), NOW, 4 * EPOCH + 5)


def test_a_session_that_has_moved_on() -> None:
    """Both states are of a database that is not the one at hand."""
    assert "" == asked(users(), NOW, here="6")


def test_rows_that_are_kept_otherwise() -> None:
    """In parts, or by an access method that is not PostgreSQL's own."""
    assert "" == asked(users(), NOW, heap=False)


def test_a_state_of_which_no_transaction_is_known() -> None:
    """On a server whose numbers never began anew it would look like the very first."""
    assert "" == asked(users(horizon=0), NOW, 703)

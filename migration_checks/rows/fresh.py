"""Which rows of a table were written since an earlier state of it was read: PostgreSQL never alters a row, it writes another.

Every row says which transaction wrote it (xmin). One that an earlier reading has seen holds for ever what it held then, so only
the others can differ from it. That is exact, but knows nothing of what changes the meaning of a row without writing it; where
anything such might have happened, every row is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

from migration_checks.rows.identity import ColumnPair
from migration_checks.rows.mirrors import is_mirror
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Table

LARGE = 20_000
"""Rows of a table below which it does not pay to ask."""

RECENT = 5_000
"""Transactions that are told by their numbers; a condition on more than so many of them compares each row's number as text."""

_NUMBERS = 1 << 32

# Parts of a table come and go without their rows being written; other access methods may say nothing in xmin, or refuse.
_KIND = """
SELECT (SELECT oid::text FROM pg_database WHERE datname = current_database()),
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       EXISTS (SELECT FROM pg_class c JOIN pg_am a ON a.oid = c.relam
               WHERE c.oid = {oid} AND c.relkind = 'r' AND a.amname = 'heap')
"""


def written_since(shop: Workshop, before: Table, now: Table, pairs: Sequence[ColumnPair]) -> str:
    """SQL for a condition on the rows of `now`, which stands in the database: whether one may differ from `before` in `pairs`.

    Empty where every row may. `before` must be held apart.
    """
    apart = is_mirror(before) and not is_mirror(now)
    if not apart or now.rows < LARGE or not all(keeps_its_values(pair) for pair in pairs):
        return ""
    return fresh_rows(shop, before, now)


def fresh_rows(shop: Workshop, before: Table, now: Table) -> str:
    """SQL for a condition on the rows of `now`: whether one was written since `before` was read. Empty where that is not known.

    Both must have been read in this very database: rows of a copy go on from where it was made, but what was read elsewhere may
    have been brought here.
    """
    if not before.horizon or before.oid != now.oid or _home(before) != _home(now):
        return ""
    here, following, heap = shop.row(_KIND.format(oid=now.oid))
    if here != _home(now) or not heap or following // _NUMBERS != before.horizon // _NUMBERS:  # numbers have begun anew
        return ""
    if following - before.horizon > RECENT:
        return f"NOT (tableoid = {now.oid} AND xmin::text::bigint < {before.horizon % _NUMBERS})"
    numbers = ",".join(str(each % _NUMBERS) for each in range(before.horizon, following))
    return f"(tableoid <> {now.oid} OR xmin = ANY ('{{{numbers}}}'::xid[]))"


def _home(table: Table) -> str:
    """The database in which it was read, by its oid."""
    return table.stamp.partition(".")[0]


def keeps_its_values(pair: ColumnPair) -> bool:
    """Whether a row that nobody wrote holds in a column what it held: it is the same one, of a type that PostgreSQL knows.

    What a type of the user's means may change, and what is computed may be computed whenever it is read.
    """
    left, right = pair
    same = (left.number, left.type) == (right.number, right.type)
    return same and not any(column.stored or column.generated for column in pair)

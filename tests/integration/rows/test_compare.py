"""Rows are compared in meaning: every corruption is found, and equal things stay silent."""

from __future__ import annotations

import pytest

from migration_checks.rows import Rows
from migration_checks.transition import Changes
from tests.integration.rows.cases import CORRUPTIONS, HEALTHY, Case
from tests.integration.rows.support import run


def compared(rows: Rows, url: str, case: Case) -> Changes:
    run(url, case.schema)
    before = rows.read(None, keep=True)
    run(url, case.step)
    after = rows.read(before, keep=False)
    return rows.compare(before, after)


def seen(changes: Changes) -> set[str]:
    """What a comparison says, in the words of `Case.seen`."""
    words = set()
    for table in changes.tables:
        words |= {f"{name} {count}" for name in ("missing", "added", "represented") if (count := getattr(table, name))}
        for column in table.columns:
            facts = ("changed", "represented", "nulled", "filled")
            words |= {f"{name} {column.column} {count}" for name in facts if (count := getattr(column, name))}
    return words


@pytest.mark.parametrize("case", CORRUPTIONS, ids=str)
def test_corruption_is_found(rows: Rows, database: str, case: Case) -> None:
    """A corruption is reported at its column with the exact count, and the comparison is not equal."""
    changes = compared(rows, database, case)

    assert set(case.seen) == seen(changes)
    assert not changes.data_equal
    assert not changes.unread


@pytest.mark.parametrize("case", HEALTHY, ids=str)
def test_equal_things_stay_silent(rows: Rows, database: str, case: Case) -> None:
    """What means the same is equal, at most written differently, and all rows count as compared."""
    changes = compared(rows, database, case)

    assert set(case.seen) == seen(changes)
    assert changes.data_equal
    assert not changes.unread
    assert changes.rows_compared > 0

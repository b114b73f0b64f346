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


CLASHING = (
    "CREATE TABLE thing (h int PRIMARY KEY, b text, a text, r text, x text, gid int, kid text, v text, "
    '"text" text, n int, c0 int)'
)
CLASH = """
UPDATE thing SET b = 'z' WHERE h = 1;
DELETE FROM thing WHERE h = 2;
UPDATE thing SET h = 99 WHERE h = 3;
CREATE TABLE old (LIKE thing);
INSERT INTO old SELECT * FROM thing WHERE gid = 4;
DELETE FROM thing WHERE gid = 4;
ALTER TABLE thing DROP kid
"""


@pytest.mark.parametrize(
    ("key", "expected"),
    [(" PRIMARY KEY", {"missing 2", "changed b 1", "changed h 1", "added 1"}), ("", {"missing 4", "added 2", "added 1"})],
)
def test_columns_may_bear_any_name(rows: Rows, database: str, key: str, expected: set[str]) -> None:
    """No name of a user's column is taken for one that the toolkit uses itself."""
    run(database, CLASHING.replace(" PRIMARY KEY", key))
    run(database, "INSERT INTO thing SELECT g, 'b' || g, 'a', 'r', 'x', g, 'k', 'v', 't', g, 0 FROM generate_series(1, 9) AS g")
    before = rows.read(None, keep=True)
    run(database, CLASH)
    after = rows.read(before, keep=True)
    changes = rows.compare(before, after)
    rows.trace(before, after)

    assert expected == seen(changes)
    assert not changes.unread
    assert not rows.untraced

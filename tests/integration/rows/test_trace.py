"""Conservation: what an upgrade makes disappear is followed to where it went, and what is found nowhere is lost."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from migration_checks.rows import Rows
from migration_checks.snapshot import Table
from migration_checks.transition import Fate
from tests.integration.rows.chains import UPGRADES, Upgrade
from tests.integration.rows.support import run


def words(fate: Fate) -> str:
    """A fate in one line, as `Upgrade.fates` has it."""
    text = f"{fate.subject} {fate.how} {fate.total}{' rows' if fate.what == 'rows' else ''} lost {fate.lost}"
    text += f" restored {fate.restored}" if fate.restored else ""
    for each in fate.moved:
        text += f", {each.count} {each.how} {each.place}" + (f" by {each.written_by}" if each.written_by else "")
    return text + (f", caused by {fate.caused_by}" if fate.caused_by else "")


def walked(rows: Rows, url: str, upgrade: Upgrade) -> tuple[Mapping[str, Table], tuple[Fate, ...]]:
    """Walk the steps up; what the last one started from, and the fates of what it made disappear."""
    run(url, upgrade.schema)
    before: Mapping[str, Table] = rows.read(None, keep=True)
    history: list[tuple[str, Mapping[str, Table], Mapping[str, Table]]] = []
    for number, step in enumerate(upgrade.steps, 1):
        run(url, step)
        after = rows.read(before, keep=True)
        history.append((f"r{number}", before, after))
        before = after
    _, first, last = history.pop()
    return first, rows.trace(first, last, history=history)


@pytest.mark.parametrize("upgrade", UPGRADES, ids=str)
def test_values_are_followed(rows: Rows, database: str, upgrade: Upgrade) -> None:
    """Every value is counted once, as moved to where it is, or as lost; the way back acquits of what it restores."""
    before, fates = walked(rows, database, upgrade)

    assert not rows.untraced
    assert list(upgrade.fates) == [words(fate) for fate in fates]
    for fate in fates:
        assert fate.total == sum(each.count for each in fate.moved) + fate.lost
        assert min(fate.lost, 5) == len(fate.samples)
    if upgrade.undo:
        run(database, upgrade.undo)
        acquitted = rows.acquit(fates, before, rows.read(before, keep=False))

        assert list(upgrade.acquitted) == [words(fate) for fate in acquitted]
        assert [min(fate.lost, 5) for fate in acquitted] == [len(fate.samples) for fate in acquitted]


def test_values_that_nobody_carried(rows: Rows, database: str) -> None:
    """What was written into a table or a column after the step that made it went there by no step."""
    run(database, "CREATE TABLE t (id int PRIMARY KEY, code int); INSERT INTO t SELECT i, i % 7 FROM generate_series(1, 50) i")
    base = rows.read(None, keep=True)
    run(database, "CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t, code int); ALTER TABLE t ADD note int")
    made = rows.read(base, keep=True)
    run(database, "INSERT INTO u SELECT id, id, code FROM t; UPDATE t SET note = code")
    filled = rows.read(made, keep=True)
    run(database, "ALTER TABLE t DROP code")
    fates = rows.trace(filled, rows.read(filled, keep=True), history=[("r1", base, made)])

    assert [words(fate) for fate in fates] == ["public.t.code dropped 50 lost 50"]

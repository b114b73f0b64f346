"""The WRITES trial: rows written through the new schema, then the downgrade; which of them are still there?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from migration_checks.bench import Bench, Window
from migration_checks.database import Databases
from migration_checks.environment import Outcome
from migration_checks.nature import named_in, writes_rows
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Changes, Leg, TableChange, Transition
from migration_checks.trials.copies import copied, in_each_others_way

ROWS = 24
"""Rows written to each table: enough to meet most shapes of parent row, too few to cost anything."""


def writes_trial(
    bench: Bench,
    databases: Databases,
    undo: Transition,
    upgraded: Snapshot,
    step: Callable[[Leg, str], tuple[Outcome, Window]],
) -> Iterator[Transition]:
    """Yield the WRITES leg of the revision that `undo` took back, if its downgrade writes rows at all.

    A downgrade that only defines things cannot single out rows, and what it drops was compared by UNDO. `upgraded` is what
    the bench looks like now. Rows go to the tables that exist before and after the step and that the downgrade names, to all
    of them when it names none.
    """
    if not any(writes_rows(statement.sql) for statement in undo.statements) or undo.baseline is None:
        return
    shared = [name for name, table in upgraded.tables.items() if table.rows and name in undo.baseline.tables]
    chosen = named_in(undo.statements, shared) or tuple(shared)
    if not chosen:
        return
    with copied(bench, databases, "writes") as copy:
        # The rows may come from a second upgrade, which drew other keys than the one that `upgraded` was taken after.
        standing = copy.rows.read(upgraded.tables, keep=True, skip=copy.bookkeeping)
        upgraded = replace(upgraded, tables=standing)
        copy.synthesizer.write(chosen, ROWS)
        written = copy.reread(upgraded, upgraded.heads, upgraded.catalog, keep=True)
        outcome, _ = step(Leg.WRITES, undo.revision)
        if in_each_others_way(databases, outcome.failure):
            return
        now = copy.reread(written, outcome.heads, undo.after.catalog, keep=False)
        fared = Changes() if outcome.failure else copy.rows.survivors(upgraded.tables, written.tables, now.tables)
        discarded = fared.tables
        if any(each.columns for each in discarded):
            again, _ = step(Leg.REDO, undo.revision)
            if again.failure is None:
                back = copy.reread(now, again.heads, upgraded.catalog, keep=False)
                discarded = not_translated(discarded, copy.rows.survivors(upgraded.tables, written.tables, back.tables).tables)
    yield replace(
        undo,
        leg=Leg.WRITES,
        before=written,
        after=now,
        baseline=upgraded,
        changes=Changes(),
        residue=Changes(
            rows_compared=_added(upgraded, written), values_compared=_values(upgraded, written), unread=fared.unread
        ),
        statements=outcome.statements,
        seconds=outcome.seconds,
        failure=outcome.failure,
        expected_heads=outcome.expected_heads,
        discarded=tuple(each for each in discarded if each.table in chosen or each.table_before in chosen),
    )


def not_translated(down: Sequence[TableChange], back: Sequence[TableChange]) -> tuple[TableChange, ...]:
    """`down`, what the downgrade did to written rows, without columns that another upgrade brings `back` exactly.

    Such values were spelled as the old schema has them (another unit, an inverted flag), not altered.
    """
    still = {(table.table_before, column.column_before) for table in back for column in table.columns if column.changed}
    judged = (
        replace(table, columns=tuple(each for each in table.columns if (table.table_before, each.column_before) in still))
        for table in down
    )
    return tuple(table for table in judged if not table.equal)


def _added(before: Snapshot, after: Snapshot) -> int:
    return max(after.rows - before.rows, 0)


def _values(before: Snapshot, after: Snapshot) -> int:
    grown = ((name, table) for name, table in after.tables.items() if name in before.tables)
    return sum(max(table.rows - before.tables[name].rows, 0) * len(table.columns) for name, table in grown)

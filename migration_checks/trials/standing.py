"""Where a database stands after a death: before the step, after it, or between; and whether a second run reached the goal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from migration_checks.bench import Bench, Window
from migration_checks.halfway import left_behind
from migration_checks.rows.mirrors import is_mirror
from migration_checks.snapshot import Sequence, Snapshot
from migration_checks.transition import TableChange
from migration_checks.trials.copies import carry


@dataclass(frozen=True, slots=True)
class Goal:
    """A step that nobody disturbed, in the database at `url`: the state that it started from, the one that it led to, when."""

    url: str
    before: Snapshot
    after: Snapshot
    window: Window


def differences(wanted: Snapshot, now: Snapshot, *, but: Collection[str] = ()) -> tuple[str, ...]:
    """What differs in schema and data, in words; `but` names tables whose rows do not count.

    Rows are told apart by their digests alone, so the two may stand in different databases.
    """
    return (*_of_schema(wanted, now), *(f"rows of {name}" for name in _of_rows(wanted, now) if name not in but))


def _of_schema(wanted: Snapshot, now: Snapshot) -> tuple[str, ...]:
    found = left_behind(wanted, now).catalog
    return tuple(dict.fromkeys(f"{each.kind} {each.identity}" for each in found if not each.cosmetic))


def _of_rows(wanted: Snapshot, now: Snapshot) -> tuple[str, ...]:
    return tuple(sorted(table.table for table in left_behind(wanted, now).tables))


def from_goal(goal: Goal, bench: Bench, now: Snapshot, window: Window, *, but: Collection[str] = ()) -> tuple[str, ...]:
    """What differs between `now` (of `bench`) and where the step leads, but for values that the moment or chance explains."""
    schema, behind = _of_schema(goal.after, now), _behind(goal.after, now)
    unlike = [name for name in _of_rows(goal.after, now) if name not in but]
    if unlike:
        states = (goal.before, goal.after)
        wanted = {each.relation for state in states for each in state.tables.values() if is_mirror(each) and not each.unread}
        carry(goal.url, bench.connection, wanted)
        changes = bench.compare(goal.after, now, windows=(goal.window, window), origin=goal.before, same_place=True)
        real = {each.table for each in changes.tables if not _explained(each)}
        unlike = [name for name in unlike if name in real]
    return (*schema, *(f"rows of {name}" for name in unlike), *behind)


def _explained(table: TableChange) -> bool:
    """Whether the moment or chance of the run is all that tells the rows apart."""
    return not (table.missing or table.added or any(each.changed > each.volatile for each in table.columns))


def _behind(goal: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Sequences that would hand out a value which exists, where they would not after an undisturbed step."""
    fine = {each.name for each in goal.sequences if not _is_behind(each)}
    return tuple(f"sequence {each.name}" for each in now.sequences if each.name in fine and _is_behind(each))


def _is_behind(sequence: Sequence) -> bool:
    if sequence.highest_used is None:
        return False
    return sequence.next_value <= sequence.highest_used if sequence.ascending else sequence.next_value >= sequence.highest_used

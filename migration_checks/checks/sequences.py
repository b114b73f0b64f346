"""The check on sequences: whether the next value that one hands out is in use (MC501)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.wording import counted
from migration_checks.snapshot import Catalog, Sequence
from migration_checks.transition import Leg, Transition


def behind(sequence: Sequence) -> bool:
    """Whether a sequence has yet to pass a value that its column already holds."""
    if sequence.highest_used is None:
        return False
    if sequence.ascending:
        return sequence.next_value <= sequence.highest_used
    return sequence.next_value >= sequence.highest_used


def _sequence_behind(transition: Transition) -> Iterator[Evidence]:
    if transition.failure or transition.leg is Leg.WRITES:
        return
    known = {
        name
        for place in (transition.before, transition.baseline)
        for sequence in (place.sequences if place else ())
        if behind(sequence)
        for name in (sequence.name, sequence.column)
    }
    for sequence in sorted(transition.after.sequences, key=lambda each: (each.column, each.name)):
        told = known & {sequence.name, sequence.column}
        if behind(sequence) and not told and not _is_fixed(transition.after.catalog, sequence.column):
            yield Evidence(sequence.column or sequence.name, _message(sequence), _facts(sequence))


def _is_fixed(catalog: Catalog, column: str) -> bool:
    """Whether a constraint allows one value only: there is no next row, and nothing is ever handed out."""
    thing = catalog.get(("column", column))
    if thing is None:
        return False
    name = column[len(thing.parent[1]) + 1 :] if thing.parent else column
    fixed = re.compile(rf"CHECK \(+{re.escape(name)} = '?-?\d+'?(::\w+)?\)+")
    checks = (each for each in catalog.values() if each.kind == "constraint" and each.parent == thing.parent)
    return any(fixed.fullmatch(str(each.definition.get("definition"))) for each in checks)


def _message(sequence: Sequence) -> str:
    distance = abs((sequence.highest_used or 0) - sequence.next_value) + 1
    end = "highest" if sequence.ascending else "lowest"
    return (
        f"Sequence {sequence.name} hands out {sequence.next_value} next, but the {end} value in use is {sequence.highest_used} "
        f"({counted(distance, 'step')} ahead)."
    )


def _facts(sequence: Sequence) -> dict[str, str | int | bool | None]:
    return {
        "sequence": sequence.name,
        "next_value": sequence.next_value,
        "highest_used": sequence.highest_used,
        "ascending": sequence.ascending,
    }


SEQUENCES = (
    Check(
        "MC501",
        "sequence-behind",
        Severity.ERROR,
        "A sequence would hand out a value that exists",
        "The first INSERT after the deployment fails with a duplicate key, or, without a unique constraint, two rows "
        "share an id.",
        "After writing explicit ids, or moving rows to a table with a sequence of its own, set it: SELECT "
        "setval(pg_get_serial_sequence('schema.table', 'column'), max(column)) FROM schema.table.",
        _sequence_behind,
    ),
)

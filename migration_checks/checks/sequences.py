"""The check on sequences: whether the next value that one hands out is in use (MC501)."""

from __future__ import annotations

from collections.abc import Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.wording import counted
from migration_checks.snapshot import Sequence
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
        if behind(sequence) and not known & {sequence.name, sequence.column}:
            yield Evidence(sequence.column or sequence.name, _message(sequence), _facts(sequence))


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

"""The check on the walk itself: whether there was anything to compare (MC901)."""

from __future__ import annotations

from collections.abc import Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.schema import DOWNWARD, settled
from migration_checks.checks.wording import counted
from migration_checks.snapshot import Json
from migration_checks.transition import Leg, Transition


def _nothing_compared(transition: Transition) -> Iterator[Evidence]:
    if transition.leg is Leg.ASCEND:
        for subject, reason in sorted(transition.unfilled.items()):
            facts: dict[str, Json] = {"why": "unfilled", "reason": reason}
            if ("column", subject) in transition.after.catalog or ("column", subject) in transition.before.catalog:
                message = f"The column holds nothing but NULL: {_sentence(reason)}"
                yield Evidence(subject, message, facts, Severity.INFO)
            else:
                yield Evidence(subject, f"The table stayed empty: {_sentence(reason)}", facts)
    if transition.failure:
        return
    compared = transition.changes if transition.baseline is None else transition.residue
    for table, reason in sorted(compared.unread.items()):
        if table not in transition.unfilled:
            message = f"Its rows could not be compared: {_sentence(reason)}"
            # They lie on another server, where no seed of ours puts any.
            foreign = any(("foreign table", table) in place.catalog for place in (transition.before, transition.after))
            yield Evidence(table, message, {"why": "unread", "reason": reason}, Severity.INFO if foreign else None)
    yield from _empty_comparison(transition)


def _sentence(reason: str) -> str:
    return reason.strip().rstrip(".") + "."


def _empty_comparison(transition: Transition) -> Iterator[Evidence]:
    """One evidence when a downgrade was held against tables and yet not one row was compared.

    Tables that could not be read are already named one by one.
    """
    if not settled(transition, *DOWNWARD) or transition.baseline is None or transition.residue.rows_compared:
        return
    if transition.emptied:  # said by MC101, and by the note that goes with it
        return
    if any(table.rows for table in transition.baseline.tables.values()):  # all of them are gone, as MC303 says
        return
    empty = sorted(set(transition.baseline.tables) - set(transition.residue.unread))
    if empty:
        tables = f"{counted(len(empty), 'table')} existed before the upgrade"
        message = f"{tables}, but held no row: what this downgrade does to data is unknown."
        yield Evidence(transition.revision, message, {"why": "empty", "tables": [*empty]})


SEEDING = (
    Check(
        "MC901",
        "nothing-compared",
        Severity.WARNING,
        "There were no rows to compare",
        "An empty table lets every migration pass: whether this step loses data was not tested.",
        "Give the lineage a Seed for the table (or let it be synthesized), anchored at the revision whose schema it has; "
        "the reason beside the table says what stood in the way.",
        _nothing_compared,
    ),
)

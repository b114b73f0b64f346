"""The checks on rows and values: what an upgrade, a rollback or a second upgrade loses or changes (MC301 to MC307)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.differences import (
    added_rows,
    altered_rows,
    altered_values,
    by_name,
    missing_rows,
    real,
)
from migration_checks.checks.schema import promises_return, settled
from migration_checks.checks.upkeep import upkeep
from migration_checks.checks.wording import (
    BY_TRIGGER,
    column_subject,
    counted,
    failure_facts,
    failure_subject,
    for_example,
    listing,
    raised,
    row_facts,
    sample_facts,
    share,
)
from migration_checks.snapshot import Json
from migration_checks.transition import Destination, Fate, Leg, TableChange, Transition

THEN, NOW = "before the upgrade", "after the downgrade"


def _lost(transition: Transition, what: str) -> Iterator[Evidence]:
    if not settled(transition, Leg.ASCEND):
        return
    kept = upkeep(transition).columns if transition.fates else frozenset()
    for fate in sorted(transition.fates, key=lambda each: (each.subject, each.how)):
        if fate.what == what and fate.lost > 0:
            if fate.how == "overwritten" and fate.subject in kept:
                yield Evidence(fate.subject, f"{_obituary(fate)} {BY_TRIGGER}", _fate_facts(fate), Severity.INFO)
            else:
                yield Evidence(fate.subject, _obituary(fate), _fate_facts(fate))


def _obituary(fate: Fate) -> str:
    """How many are lost, where the others are, and since when."""
    noun = fate.what.removesuffix("s")
    extent = f"{fate.lost:,} of {counted(fate.total, noun)} {fate.how} here ({share(fate.lost, fate.total)})"
    sentence = f"{extent} {'is' if fate.lost == 1 else 'are'} found nowhere{for_example([each.key for each in fate.samples])}."
    kept = [_arrival(each) for each in _by_size(fate.moved)]
    if fate.restored:
        kept.append(f"{fate.restored:,} came back with the downgrade")
    if kept:
        sentence += f" Of the others {listing(kept, 3)}."
    if fate.caused_by:
        sentence += f" Revision {fate.caused_by} carried values away and skipped these."
    return sentence


def _by_size(destinations: Iterable[Destination]) -> list[Destination]:
    return sorted(destinations, key=lambda each: (-each.count, each.place, each.how))


def _arrival(destination: Destination) -> str:
    by = f", written by {destination.written_by}" if destination.written_by else ""
    return f"{destination.count:,} went to {destination.place} ({destination.how}{by})"


def _fate_facts(fate: Fate) -> dict[str, Json]:
    facts: dict[str, Json] = {"how": fate.how, "count": fate.lost, "total": fate.total, "restored": fate.restored}
    facts["moved"] = [
        {"place": each.place, "how": each.how, "count": each.count, "written_by": each.written_by}
        for each in _by_size(fate.moved)
    ]
    if fate.caused_by:
        facts["caused_by"] = fate.caused_by
    if fate.samples:
        facts["samples"] = sample_facts(fate.samples)
    return facts


def rows_not_restored(transition: Transition) -> Iterator[Evidence]:
    """Rows that a downgrade does not bring back, whatever kind of downgrade it is."""
    return missing_rows(transition, THEN, NOW)


def values_not_restored(transition: Transition) -> Iterator[Evidence]:
    """Values that a downgrade leaves different, and rows that it leaves over."""
    yield from altered_values(transition, THEN, NOW, Severity.WARNING)
    yield from altered_rows(transition, THEN, NOW)
    yield from added_rows(transition, THEN, NOW, Severity.WARNING)


def _rollback_loses_rows(transition: Transition) -> Iterable[Evidence]:
    return rows_not_restored(transition) if promises_return(transition) else ()


def _rollback_loses_values(transition: Transition) -> Iterable[Evidence]:
    return values_not_restored(transition) if promises_return(transition) else ()


def _redo_changes(transition: Transition) -> Iterator[Evidence]:
    if settled(transition, Leg.REDO):
        yield from _rerun(transition, "after the first upgrade", "after the second")


def _rerun(transition: Transition, then: str, now: str) -> Iterator[Evidence]:
    """What a repeated upgrade leaves different."""
    yield from missing_rows(transition, then, now)
    yield from added_rows(transition, then, now, None)
    yield from altered_rows(transition, then, now)
    yield from altered_values(transition, then, now)


def _discarded(transition: Transition) -> Iterator[Evidence]:
    if not settled(transition, Leg.WRITES):
        return
    kept = upkeep(transition).columns if transition.discarded else frozenset()
    for table in by_name(transition.discarded):
        columns = {
            column.column: real(column)
            for column in sorted(table.columns, key=lambda each: each.column)
            if real(column) and column_subject(transition, table.table, column.column) not in kept
        }
        if not table.missing and not columns:
            continue
        facts: dict[str, Json] = {"count": table.missing, "written": table.rows_before, "altered": {**columns}}
        facts["missing"] = row_facts(table.missing_samples)
        samples = [sample for column in table.columns if column.column in columns for sample in column.samples]
        facts["samples"] = sample_facts(samples)
        yield Evidence(table.table, _discard_message(table, columns), facts)


def _discard_message(table: TableChange, columns: dict[str, int]) -> str:
    parts = []
    if table.missing:
        verb = "is" if table.missing == 1 else "are"
        parts.append(f"{table.missing:,} {verb} gone after the downgrade{for_example(table.missing_samples)}")
    if columns:
        altered = listing([f"{name} ({number:,})" for name, number in columns.items()])
        parts.append(f"the downgrade altered values of {altered}")
    written = f"Of {counted(table.rows_before, 'row')} written after the upgrade, all of which the old schema can hold, "
    return written + ", and ".join(parts) + "."


def _order_dependent(transition: Transition) -> Iterator[Evidence]:
    if transition.leg is not Leg.ORDER:
        return
    then, now = "with rows in the order they were written", "with rows in another physical order"
    if failure := transition.failure:
        message = f"The upgrade {raised(failure)} {now}, and ran well {then}."
        yield Evidence(failure_subject(transition, failure), message, failure_facts(failure))
        return
    for evidence in _rerun(transition, then, now):
        if evidence.severity is not Severity.INFO:
            yield evidence


DATA = (
    Check(
        "MC301",
        "upgrade-loses-rows",
        Severity.ERROR,
        "The upgrade loses rows",
        "Rows that users or services wrote are deleted in production, and no other table holds what they said.",
        "Copy the rows to where they belong before DELETE, TRUNCATE or DROP TABLE, check the WHERE clause and the joins "
        "(NULL never equals NULL), or keep the rows in an archive table for a release.",
        lambda transition: _lost(transition, "rows"),
    ),
    Check(
        "MC302",
        "upgrade-loses-values",
        Severity.ERROR,
        "The upgrade loses values",
        "Values are dropped with their column, overwritten, truncated or rounded in production, and are found nowhere "
        "else: not in the row, its neighbours by foreign key, a document or a new table.",
        "Move every value before DROP COLUMN or UPDATE, including those of rows that the copying query skips, and compare "
        "the counts in the migration. A change of unit or format that is meant to be can be declared as a "
        "Transformation.",
        lambda transition: _lost(transition, "values"),
    ),
    Check(
        "MC303",
        "rollback-loses-rows",
        Severity.ERROR,
        "The downgrade loses rows that existed before the upgrade",
        "Rolling back a bad release destroys data that was there before it.",
        "Let downgrade() put back every row that upgrade() moved or deleted, before it drops what holds them now. If the "
        "rows cannot be recovered, raise NotImplementedError.",
        _rollback_loses_rows,
    ),
    Check(
        "MC304",
        "rollback-loses-values",
        Severity.ERROR,
        "The downgrade does not bring values back",
        "After a rollback the previous release reads NULLs, defaults or altered values where data was.",
        "Re-creating a column brings back no values: fill it in downgrade() from wherever upgrade() put them, in the unit "
        "and precision they had, and remove the rows that upgrade() inserted. If the values are gone, raise "
        "NotImplementedError.",
        _rollback_loses_values,
    ),
    Check(
        "MC305",
        "redo-changes-data",
        Severity.ERROR,
        "The second upgrade leaves other data than the first",
        "Upgrade, rollback and upgrade again, the usual course after a failed release, ends with other data than one upgrade.",
        "Make upgrade() a function of the rows alone, and let downgrade() give back exactly what upgrade() reads. Only "
        "values that depend on the moment or on chance (now(), random ids) may differ.",
        _redo_changes,
    ),
    Check(
        "MC306",
        "rollback-discards-new-rows",
        Severity.ERROR,
        "The downgrade discards rows written after the upgrade",
        "What users wrote since the release was deployed is gone or altered after the rollback, although the old schema "
        "has a place for it.",
        "Let downgrade() carry over every row that is there now, not only those that upgrade() once moved: insert the new "
        "ones, update the changed ones, and only then drop the new tables and columns.",
        _discarded,
    ),
    Check(
        "MC307",
        "order-dependent",
        Severity.ERROR,
        "The result of the upgrade depends on the physical order of rows",
        "The same migration gives other data on a replica restored from a dump, after VACUUM FULL, or on a busy table.",
        "Add an ORDER BY over a unique key to every LIMIT, DISTINCT ON, row_number(), array_agg() and string_agg(), and "
        "make sure that at most one row matches in UPDATE ... FROM.",
        _order_dependent,
    ),
)

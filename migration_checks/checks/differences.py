"""Evidence from compared rows: rows that are missing or left over, values that changed, each with counts and samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migration_checks.check import Evidence, Severity
from migration_checks.checks.upkeep import upkeep
from migration_checks.checks.wording import (
    BY_TRIGGER,
    JOURNAL,
    column_subject,
    counted,
    exists,
    for_example,
    row_facts,
    sample_facts,
    share,
)
from migration_checks.snapshot import Json
from migration_checks.transition import ColumnChange, Leg, TableChange, Transition

_MOST_COLUMNS = 4
_NEARLY_ALL = 0.8


def by_name(tables: tuple[TableChange, ...]) -> list[TableChange]:
    """The changes of a comparison in the order of their names, so that evidence never depends on the order they came in."""
    return sorted(tables, key=lambda table: (table.table, table.table_before or ""))


def lost(table: TableChange) -> int:
    """Rows that are gone. Without a key an altered row counts as one missing and one added, so only the excess is lost."""
    return table.missing if table.key else max(table.missing - table.added, 0)


def left_over(table: TableChange) -> int:
    """Rows that were not there before."""
    return table.added if table.key else max(table.added - table.missing, 0)


def altered(table: TableChange) -> int:
    """Rows of a table without a key that are there with other values."""
    return 0 if table.key else min(table.missing, table.added)


def real(column: ColumnChange) -> int:
    """Values that differ in meaning, and not merely because the step ran at another moment."""
    return max(column.changed - column.volatile, 0)


def missing_rows(transition: Transition, then: str, now: str) -> Iterator[Evidence]:
    """One evidence for each table of the residue that misses rows, or is gone with them."""
    for table in by_name(transition.residue.tables):
        count = lost(table)
        if not count:
            continue
        gone = not exists(transition.after, table.table)
        message = f"{counted(count, 'row')} of {table.rows_before:,} that existed {then}" + (
            f" went with the table, which is missing {now}."
            if gone
            else f" {'is' if count == 1 else 'are'} missing {now}{for_example(table.missing_samples)}."
        )
        yield Evidence(table.table, message, _row_facts(table, count, "table missing" if gone else "rows missing"))


def added_rows(transition: Transition, then: str, now: str, severity: Severity | None) -> Iterator[Evidence]:
    """One evidence for each table of the residue that holds rows which were not there, those of new tables apart."""
    for table in by_name(transition.residue.tables):
        count = left_over(table)
        if count and table.table_before is not None:
            message = f"{counted(count, 'row')} that did not exist {then} {'is' if count == 1 else 'are'} left over {now}"
            facts = _row_facts(table, count, "rows left over")
            message = f"{message}{for_example(table.added_samples)}."
            if table.table in upkeep(transition).journals:
                yield Evidence(table.table, f"{message} {JOURNAL}", facts, Severity.INFO)
            else:
                yield Evidence(table.table, message, facts, severity)


def altered_rows(transition: Transition, then: str, now: str) -> Iterator[Evidence]:
    """One evidence for each table without a key whose rows hold other values, or the same ones written differently."""
    for table in by_name(transition.residue.tables):
        if count := altered(table):
            held = f"{counted(count, 'row')} of {table.rows_before:,} {'holds' if count == 1 else 'hold'}"
            message = f"{held} other values {now} than {then} (the table has no key)."
            yield Evidence(table.table, message, _row_facts(table, count, "rows altered"))
        elif table.represented and not table.key:
            verb = "is" if table.represented == 1 else "are"
            message = f"{counted(table.represented, 'row')} {verb} equal but written differently {now} than {then}."
            facts = _row_facts(table, table.represented, "representation")
            yield Evidence(table.table, message, facts, Severity.INFO)


def altered_values(transition: Transition, then: str, now: str, filled: Severity | None = None) -> Iterator[Evidence]:
    """One evidence for each column of the residue whose values differ, one for the table where keys name other rows.

    Values that only the moment of the run explains, and those that are equal but written differently, weigh as info, and
    where no value but NULL was there, so that none is lost, the evidence weighs as `filled`.
    """
    for table in by_name(transition.residue.tables):
        if _names_other_rows(transition, table):
            yield _other_rows(table, then, now)
            continue
        for column in sorted(table.columns, key=lambda each: each.column):
            if evidence := _altered_column(transition, table, column, then, now, filled):
                yield _excused(transition, table, evidence)


def _excused(transition: Transition, table: TableChange, evidence: Evidence) -> Evidence:
    """What triggers write by themselves at every change, weighed as info. A journal's rows are its triggers' only when new:
    those that it held before a downgrade nobody may alter.
    """
    kept = upkeep(transition)
    if evidence.subject in kept.columns:
        return replace(evidence, severity=Severity.INFO, message=f"{evidence.message} {BY_TRIGGER}")
    if table.table in kept.journals and transition.leg in (Leg.REDO, Leg.ORDER):
        return replace(evidence, severity=Severity.INFO, message=f"{evidence.message} {JOURNAL}")
    return evidence


def _names_other_rows(transition: Transition, table: TableChange) -> bool:
    """Whether (nearly) every column differs: the keys were dealt out anew, which is one fault and not one a column."""
    now = transition.after.tables.get(table.table)
    if not table.key or now is None:
        return False
    others = {column.name for column in now.columns if column.name not in table.key} - set(table.created)
    differ = {column.column for column in table.columns if real(column) > 2 * column.nulled}
    return len(differ) >= _MOST_COLUMNS and len(differ) >= _NEARLY_ALL * len(others)


def _other_rows(table: TableChange, then: str, now: str) -> Evidence:
    columns = {column.column: real(column) for column in sorted(table.columns, key=lambda each: each.column) if real(column)}
    most = max(table.columns, key=real)
    message = (
        f"At least {real(most):,} of {counted(table.rows_compared, 'row')} hold other values {now} than {then} under the same "
        f"key ({', '.join(table.key)}): {len(columns)} columns differ{for_example([sample.key for sample in most.samples])}."
    )
    facts: dict[str, Json] = {"difference": "rows under other keys", "count": real(most), "compared": table.rows_compared}
    facts |= {"key": list(table.key), "columns": {**columns}}
    if most.samples:
        facts["samples"] = sample_facts(most.samples)
    return Evidence(table.table, message, facts)


def _altered_column(
    transition: Transition, table: TableChange, column: ColumnChange, then: str, now: str, filled: Severity | None
) -> Evidence | None:
    subject = column_subject(transition, table.table, column.column)
    if count := real(column):
        examples = for_example([sample.key for sample in column.samples])
        message = f"{_not_the_same(table, column, count, then)}{_ways(column)}{examples}.{_set_aside(column)}"
        severity = filled if column.filled == column.changed else None
        return Evidence(subject, message, _value_facts(table, column, count, "values"), severity)
    if column.changed:
        message = f"{_not_the_same(table, column, column.changed, then)}, which only the moment or chance of the run explains."
        return Evidence(subject, message, _value_facts(table, column, column.changed, "moment"), Severity.INFO)
    if column.represented:
        verb = "is" if column.represented == 1 else "are"
        written = f"{counted(column.represented, 'value')} {verb} equal but written differently {now} than {then}"
        example = next((f": {each.before} became {each.after}" for each in column.samples), "")
        facts = _value_facts(table, column, column.represented, "representation")
        return Evidence(subject, f"{written}{example}.", facts, Severity.INFO)
    return None


def _not_the_same(table: TableChange, column: ColumnChange, count: int, then: str) -> str:
    judged = table.rows_compared - column.set_aside
    extent = f"{count:,} of {counted(judged, 'value')} ({share(count, judged)})"
    return f"{extent} {'is not what it was' if count == 1 else 'are not what they were'} {then}"


def _ways(column: ColumnChange) -> str:
    ways = [
        f"{number:,} became NULL" if kind == "nulled" else f"{number:,} {'was' if number == 1 else 'were'} NULL then"
        for kind, number in (("nulled", column.nulled), ("filled", column.filled))
        if number
    ]
    return f": {' and '.join(ways)}" if ways else ""


def _set_aside(column: ColumnChange) -> str:
    if not column.set_aside:
        return ""
    others = "One more differs in a row" if column.set_aside == 1 else f"{column.set_aside:,} more differ in rows"
    return f" {others} in which the walk had filled another column, and {'does' if column.set_aside == 1 else 'do'} not count."


def _row_facts(table: TableChange, count: int, difference: str) -> dict[str, Json]:
    facts: dict[str, Json] = {"difference": difference, "count": count, "rows_before": table.rows_before}
    facts |= {"rows_after": table.rows_after, "key": list(table.key)}
    if table.missing_samples and difference != "rows left over":
        facts["missing"] = row_facts(table.missing_samples)
    if table.added_samples and difference in ("rows left over", "rows altered"):
        facts["added"] = row_facts(table.added_samples)
    return facts


def _value_facts(table: TableChange, column: ColumnChange, count: int, difference: str) -> dict[str, Json]:
    facts: dict[str, Json] = {"difference": difference, "count": count, "compared": table.rows_compared}
    for name in ("nulled", "filled", "volatile", "represented", "set_aside"):
        if number := getattr(column, name):
            facts[name] = number
    if column.samples:
        facts["samples"] = sample_facts(column.samples)
    return facts

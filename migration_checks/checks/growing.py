"""The checks on growth: statements sent row by row, and work that grows faster than the data (MC606, MC607)."""

from __future__ import annotations

from collections.abc import Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.wording import counted, listing
from migration_checks.snapshot import Json
from migration_checks.transition import Transition
from migration_checks.trials.growth_seen import GrowthEvidence, Template

_LONGEST_STATEMENT = 100


def _row_by_row(transition: Transition) -> Iterator[Evidence]:
    """One finding for a step, whose statements they are, at the table that was grown."""
    seen = transition.evidence
    if not isinstance(seen, GrowthEvidence) or seen.table is None or not seen.repeated:
        return
    facts: dict[str, Json] = {
        "formula": seen.formula,
        "rows": [*seen.sizes],
        "counts": [each.count for each in seen.runs],
        "statements": [seen.told(each) for each in seen.repeated],
    }
    sizes = listing([f"{run.count:,} for {counted(run.rows, 'row')}" for run in seen.runs])
    verb = "is" if len(seen.repeated) == 1 else "are"
    message = (
        f"Its statements grow with the rows of {seen.table}, up to {seen.formula} for N rows ({sizes}): "
        f"{listing([_told(seen, each) for each in seen.repeated])} {verb} sent for one row at a time."
    )
    if seen.at_rows is not None and (number := seen.statements_at(seen.at_rows)) is not None:
        facts |= {"at_rows": seen.at_rows, "statements_at": number}
        message += f" At {counted(seen.at_rows, 'row')} these are about {counted(number, 'statement')}."
    yield Evidence(seen.table, message, facts, _severity(seen))


def _told(seen: GrowthEvidence, template: Template) -> str:
    told = seen.told(template)
    place = f" ({told['path']}:{told['line']})" if told["path"] is not None else ""
    sql = template.sql
    return f"`{sql if len(sql) <= _LONGEST_STATEMENT else sql[: _LONGEST_STATEMENT - 3] + '...'}`{place}"


def _superlinear(transition: Transition) -> Iterator[Evidence]:
    """Judged by rows that PostgreSQL counted, never by a time."""
    seen = transition.evidence
    if not isinstance(seen, GrowthEvidence) or seen.table is None or not seen.superlinear:
        return
    message = (
        f"The rows that it reads and writes grow about like N^{seen.work_exponent:g} with the N rows of {seen.table} "
        f"({listing([f'{size:,}' for size in seen.sizes])} were tried)."
    )
    facts: dict[str, Json] = {"exponent": seen.work_exponent, "rows": [*seen.sizes], "tables": [*seen.grown]}
    yield Evidence(seen.table, message, facts, _severity(seen))


def _severity(seen: GrowthEvidence) -> Severity | None:
    """What is small in production stays small, however it grows."""
    return Severity.INFO if seen.at_rows is not None and seen.at_rows <= seen.small else None


GROWING = (
    Check(
        "MC606",
        "row-by-row",
        Severity.WARNING,
        "The number of statements grows with the number of rows",
        "Every row costs a round trip to the server, in one transaction that keeps its locks and its snapshot: hours where "
        "one statement takes minutes.",
        "Write it as one statement (UPDATE ... FROM, INSERT ... SELECT ... ON CONFLICT), or in batches of some thousand rows "
        "that are committed one by one.",
        _row_by_row,
    ),
    Check(
        "MC607",
        "superlinear",
        Severity.WARNING,
        "The step's work grows faster than the data",
        "What takes a second on the rows of today's test takes days on those of production, and cannot be told from a hang.",
        "See with EXPLAIN which table is read once for each row of another: an index on the columns that are compared, or a "
        "join in place of a correlated sub-query, makes it linear.",
        _superlinear,
    ),
)

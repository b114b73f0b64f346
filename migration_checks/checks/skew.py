"""The check on code and schema of two versions: statements that the old schema accepted, and the new one refuses (MC801)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.wording import listing
from migration_checks.snapshot import Json
from migration_checks.transition import Transition
from migration_checks.trials.refusals import CONTRACT, FIND, ROLLBACK, ROLLING, Refusal, SkewEvidence

_LONGEST_STATEMENT = 160


def _breaks_old_code(transition: Transition) -> Iterator[Evidence]:
    """One finding a subject and direction. New code on the old schema is told in the report alone: code goes back first."""
    seen = transition.evidence
    if not isinstance(seen, SkewEvidence):
        return
    groups: dict[tuple[str, str], list[Refusal]] = {}
    for refusal in seen.refusals:
        if refusal.direction in (ROLLING, ROLLBACK):
            groups.setdefault((refusal.direction, refusal.subject), []).append(refusal)
    for (direction, subject), refusals in groups.items():
        # Where any driver is refused, it says nothing more that those are which name the type of each parameter.
        certain = [each for each in refusals if not each.typed]
        told = certain or refusals
        severity = None if certain else Severity.INFO
        yield Evidence(subject, _message(direction, told), _facts(direction, told), severity)


def _message(direction: str, refusals: Sequence[Refusal]) -> str:
    first, *others = refusals
    when = "After the upgrade" if direction == ROLLING else "After the upgrade and its downgrade"
    code = f" (SQLSTATE {first.sqlstate})" if first.sqlstate else ""
    name = f" of {first.subject}" if first.what == CONTRACT else ""
    statement = f"`{_short(first.sql)}`{name}, which the old schema accepts, is refused{code}: {first.error.rstrip('.')}."
    typed = " Only drivers that name the types of parameters send it so." if first.typed else ""
    more = list(dict.fromkeys(_verb(each) for each in others if each.what != first.what))
    return f"{when}, {statement}{typed}" + (f" So {'is' if len(more) == 1 else 'are'} {listing(more)}." if more else "")


def _verb(refusal: Refusal) -> str:
    return "finding a row by its key" if refusal.what == FIND else refusal.what.upper()


def _short(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= _LONGEST_STATEMENT else text[: _LONGEST_STATEMENT - 3] + "..."


def _facts(direction: str, refusals: Sequence[Refusal]) -> dict[str, Json]:
    return {
        "direction": direction,
        "sqlstate": refusals[0].sqlstate,
        "statements": [
            {"what": each.what, "sql": each.sql, "sqlstate": each.sqlstate, "error": each.error} for each in refusals
        ],
    }


SKEW = (
    Check(
        "MC801",
        "breaks-old-code",
        Severity.WARNING,
        "Statements that the old schema accepted are refused by the new one",
        "While a deployment rolls, the old release runs on the new schema, and again after a rollback of the code: its "
        "queries fail until the last old process is gone.",
        "Expand first, contract later: let a release run that does not use the column or table any more before the revision "
        "that drops it, add columns with a default or nullable, and rename by adding, copying and dropping in three revisions.",
        _breaks_old_code,
    ),
)

"""The check on waiting in line: whether others wait behind a step that itself waits for one open reader (MC608)."""

from __future__ import annotations

from collections.abc import Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.wording import listing
from migration_checks.snapshot import Json
from migration_checks.transition import Transition
from migration_checks.trials.stalls import Line, QueueEvidence, Stall

_LONGEST_STATEMENT = 120


def _queue_stall(transition: Transition) -> Iterator[Evidence]:
    """One finding for each relation whose reader the step waits for: with it go all who wait behind the step."""
    seen = transition.evidence
    if not isinstance(seen, QueueEvidence):
        return
    told: set[str] = set()
    for stall in seen.line.beyond:
        if stall.relation not in told:
            told.add(stall.relation)
            yield Evidence(stall.relation, _message(stall, seen), _facts(stall, seen))


def _message(stall: Stall, seen: QueueEvidence) -> str:
    lock = f"its {stall.mode} lock" if stall.mode else "it to end"
    way_out = "" if seen.limited is None else _with_timeout(seen.limited)
    return (
        f"While one transaction that has read {stall.relation} is open, `{_short(stall.sql)}` waits for {lock}, and "
        f"{_others(stall)} wait behind it for longer than the budget of {seen.budget:g} s.{way_out}"
    )


def _others(stall: Stall) -> str:
    """`readers and writers of a and b, and readers of c`."""
    who: dict[str, list[str]] = {}
    for other in stall.beyond:
        who.setdefault(other.relation, []).append(f"{other.who}s")
    relations: dict[str, list[str]] = {}
    for relation, kinds in who.items():
        relations.setdefault(" and ".join(kinds), []).append(relation)
    return ", and ".join(f"{kinds} of {listing(named)}" for kinds, named in relations.items())


def _with_timeout(limited: Line) -> str:
    if limited.beyond:
        return " A lock_timeout from outside changes nothing."
    return " With a lock_timeout it gives up, and they go on." if limited.gave_up else ""


def _short(sql: str) -> str:
    return sql if len(sql) <= _LONGEST_STATEMENT else sql[: _LONGEST_STATEMENT - 3] + "..."


def _facts(stall: Stall, seen: QueueEvidence) -> dict[str, Json]:
    facts: dict[str, Json] = {
        "relation": stall.relation,
        "mode": stall.mode,
        "statement": stall.sql,
        "waiting": [{"who": each.who, "relation": each.relation} for each in stall.beyond],
        "budget": seen.budget,
    }
    if seen.limited is not None:
        facts["gives_up_with_lock_timeout"] = seen.limited.gave_up and not seen.limited.beyond
    return facts


QUEUEING = (
    Check(
        "MC608",
        "queue-stall",
        Severity.WARNING,
        "With one open reader, the step makes others wait beyond the budget",
        "A report, a backup or a forgotten psql session is enough: the statement waits for it, and every query on the table "
        "waits behind the statement, however fast that would be by itself.",
        "Set a lock_timeout before the statement (SET LOCAL lock_timeout = '200ms', or for the role that migrates) and run the "
        "deployment again when it gives up; keep statements that need such a lock in a revision of their own.",
        _queue_stall,
    ),
)

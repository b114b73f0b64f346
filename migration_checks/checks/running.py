"""The checks on running: legs that raise, refuse, do nothing or end in the wrong place (MC101 to MC107)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.data import rows_not_restored, values_not_restored
from migration_checks.checks.schema import DOWNWARD, schema_not_restored, settled
from migration_checks.checks.wording import does_nothing, failure_facts, failure_subject, listing, place, raised, touched
from migration_checks.snapshot import Json
from migration_checks.transition import Failure, Leg, Transition

OF_ROWS = ("22", "23")
"""SQLSTATE classes that speak of values: data exception, integrity constraint violation."""
ELSE_OF_ROWS = ("38", "39", "P0")
"""Classes that do so where the same statements ran well on other rows: what functions raise."""
MISREAD = "42601"
"""So does this syntax error: of a value that is read as SQL, as the bounds of a range are."""

OVERFLOW = ("22003", "22008")
"""SQLSTATEs of a number or a moment beyond what its type can hold."""

_DEFINES = re.compile(r"\s*(ALTER|CREATE)\b", re.IGNORECASE)
"""A statement that says of a column what it can hold: what exceeds that is its own fault."""


def _failure(transition: Transition, what: str, *legs: Leg) -> Iterator[Evidence]:
    if transition.leg not in legs or transition.failure is None:
        return
    message = f"{what} {raised(transition.failure).rstrip('.')}.{_left_halfway(transition)}"
    yield Evidence(failure_subject(transition, transition.failure), message, _facts(transition, transition.failure))


def _facts(transition: Transition, failure: Failure) -> dict[str, Json]:
    facts = failure_facts(failure) | {"heads": [*sorted(transition.after.heads)]}
    if left := touched(transition.changes):
        facts["left_halfway"] = [*left]
    return facts


def _left_halfway(transition: Transition) -> str:
    """Where a failed leg leaves the database, when that is not where it started."""
    left = touched(transition.changes)
    stands = f"the version table stands at {place(transition.after.heads)}."
    if left:
        return f" It leaves the database half-way: {listing(left)} changed, and {stands}"
    return f" Now {stands}" if transition.after.heads != transition.before.heads else ""


def _upgrade_fails(transition: Transition) -> Iterator[Evidence]:
    """A guard that refuses rows which nobody has written does what it is there for; so does arithmetic at a type's limit.

    Any other error is one.
    """
    for evidence in _failure(transition, "The upgrade", Leg.ASCEND):
        why = _only_made_up(transition)
        yield Evidence(evidence.subject, evidence.message + why, evidence.facts, Severity.INFO if why else None)


def _only_made_up(transition: Transition) -> str:
    """Why a failure may be that of the made-up rows alone, "" where it is the step's."""
    failure = transition.failure
    if failure is None or not transition.made_up:
        return ""
    if failure.deliberate:
        return " It refuses rows that were made up from the schema: see whether there are such rows."
    if failure.sqlstate in OVERFLOW and not _DEFINES.match(failure.statement or ""):
        return (
            " It met the largest value of its type, in rows that were made up from the schema: see whether there are such rows."
        )
    return ""


def _downgrade_fails(transition: Transition) -> Iterator[Evidence]:
    failure = transition.failure
    if failure is None or failure.refused or transition.marked_irreversible:
        return
    of_rows = failure.deliberate or (failure.sqlstate or "")[:2] in OF_ROWS
    refuses = transition.leg is Leg.DESCEND and transition.made_up and of_rows
    for evidence in _failure(transition, "The downgrade", *DOWNWARD):
        why = " It refuses rows that were put in after its upgrade." if refuses else ""
        yield Evidence(evidence.subject, evidence.message + why, evidence.facts, Severity.INFO if refuses else None)
    if transition.leg is Leg.WRITES:
        yield from _fails_on_writes(transition, failure)


def _fails_on_writes(transition: Transition, failure: Failure) -> Iterator[Evidence]:
    """A downgrade that stops at rows which only the new schema can hold does the safe thing; any other error is one."""
    state = failure.sqlstate or ""
    of_rows = failure.deliberate or state[:2] in (*OF_ROWS, *ELSE_OF_ROWS) or state == MISREAD
    for evidence in _failure(transition, "After rows were written through the new schema, the downgrade", Leg.WRITES):
        why = " It refuses rows that only the new schema can hold." if of_rows else ""
        yield Evidence(evidence.subject, evidence.message + why, evidence.facts, Severity.INFO if of_rows else None)


def _irreversible(transition: Transition) -> Iterator[Evidence]:
    if transition.leg.upward:
        return
    failure = transition.failure
    if failure is not None and failure.refused:
        words = next(iter(failure.message.strip().splitlines()), "")
        message = f"The downgrade refuses: {words.rstrip('.')}." if words else "The downgrade refuses."
        yield Evidence(transition.revision, message, {"says": "script"})
    elif transition.marked_irreversible:
        facts: dict[str, Json] = {"says": "lineage"}
        if leaves := left_behind(transition):
            facts["leaves"] = [*leaves]
        yield Evidence(transition.revision, "The lineage marks this revision as irreversible.", facts)


def _heads_differ(transition: Transition) -> Iterator[Evidence]:
    started, ended, wanted = transition.before.heads, transition.after.heads, transition.expected_heads
    facts: dict[str, Json] = {"heads": [*sorted(ended)], "expected": [*sorted(wanted)], "started": [*sorted(started)]}
    if transition.failure is None and ended != wanted:
        message = f"env.py returned without an error, but the version table stands at {place(ended)}, not at {place(wanted)}."
        yield Evidence(transition.revision, message, facts)
    # Each revision that a leap commits on its own (transaction_per_migration) stands where it says: MC105 tells where.
    elif transition.failure is not None and transition.leg is not Leg.LEAP and ended != started:
        message = f"The step failed, yet the version table moved from {place(started)} to {place(ended)}."
        yield Evidence(transition.revision, message, facts)


def left_behind(transition: Transition) -> list[dict[str, Json]]:
    """What a downgrade leaves of the schema and of the data, each item as the check that would have reported it.

    Items carry "check", "subject", "message" and that check's facts.
    """
    if not settled(transition, *DOWNWARD):
        return []
    sources: tuple[tuple[str, Iterable[Evidence]], ...] = (
        ("MC201", schema_not_restored(transition)),
        ("MC303", rows_not_restored(transition)),
        ("MC304", values_not_restored(transition)),
    )
    return [
        {"check": check, "subject": each.subject, "message": each.message, **each.facts}
        for check, evidence in sources
        for each in evidence
        if each.severity is not Severity.INFO
    ]


def _empty_downgrade(transition: Transition) -> Iterator[Evidence]:
    if not transition.downgrade_empty or transition.marked_irreversible:
        return
    if leaves := left_behind(transition):
        message = does_nothing([str(each["subject"]) for each in leaves])
        yield Evidence(transition.revision, message, {"leaves": [*leaves]})


RUNNING = (
    Check(
        "MC101",
        "upgrade-fails",
        Severity.ERROR,
        "The upgrade raises",
        "`alembic upgrade` stops in production on data like this, with the deployment half-way.",
        "Treat the rows that the error names before the statement that meets them: back-fill before SET NOT NULL, merge "
        "duplicates before a unique index, convert what a cast refuses with USING.",
        _upgrade_fails,
    ),
    Check(
        "MC102",
        "downgrade-fails",
        Severity.ERROR,
        "The downgrade raises",
        "The release cannot be rolled back when it matters: `alembic downgrade` stops with an error.",
        "Run the downgrade on data as it is after the upgrade: drop objects in the reverse order and by the names they "
        "have, and make the rows fit before narrowing a type or adding a constraint. If there is no way back, raise "
        "NotImplementedError.",
        _downgrade_fails,
    ),
    Check(
        "MC103",
        "reupgrade-fails",
        Severity.ERROR,
        "Upgrading again after the downgrade raises",
        "Once rolled back, the corrected release cannot be deployed without manual work on the database.",
        "Let downgrade() drop everything that upgrade() creates: enum types, sequences, indexes and functions survive the "
        "table or column that used them.",
        lambda transition: _failure(transition, "The second upgrade", Leg.REDO),
    ),
    Check(
        "MC104",
        "irreversible",
        Severity.INFO,
        "The downgrade says that it cannot",
        "There is no way back from this revision but a restored backup.",
        "Nothing is wrong with saying so. Take a backup, or a snapshot of the tables concerned, before this revision is "
        "deployed.",
        _irreversible,
    ),
    Check(
        "MC105",
        "leap-fails",
        Severity.ERROR,
        "One `alembic upgrade` raises where single steps do not",
        "A new installation, a CI job or a customer who skips a release runs several revisions in one transaction, and "
        "stops here.",
        "Keep apart what must be committed first (a new enum label before it is used, DDL with pending trigger events): "
        "use autocommit_block(), or transaction_per_migration=True in env.py.",
        lambda transition: _failure(transition, "The upgrade of all revisions at once", Leg.LEAP),
    ),
    Check(
        "MC106",
        "heads-differ",
        Severity.ERROR,
        "The version table is not where it should be",
        "The next `alembic upgrade` skips a revision or runs one twice.",
        "Look in env.py for a missing commit, a connection other than the one given to context.configure(), or a caught "
        "exception, and keep the statements of a step and its version in one transaction.",
        _heads_differ,
    ),
    Check(
        "MC107",
        "empty-downgrade",
        Severity.WARNING,
        "The downgrade does nothing, although the upgrade changed schema or data",
        "`alembic downgrade` reports success and moves the version back, yet the database stays as it is; the next "
        "upgrade then fails or does its work twice.",
        "Write the downgrade, or raise NotImplementedError in it so that nobody takes it for one.",
        _empty_downgrade,
    ),
)

"""The checks on steps that are killed half-way, run twice at once, or run while others write (MC701 to MC704)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.wording import listing, place, raised
from migration_checks.snapshot import Json
from migration_checks.transition import Statement, Transition
from migration_checks.trials.seen import BETWEEN, Crashes, Died, Races, Traffic

WAYS = {
    "backend": "its session was terminated",
    "client": "its process was killed",
    "server": "the server was stopped",
    "lock": "it met a lock (lock_timeout)",
}

_ALONE = re.compile(
    r"\s*(?:(?:CREATE(?:\s+UNIQUE)?|DROP)\s+INDEX\s+CONCURRENTLY|REINDEX\b|VACUUM\b|CLUSTER\b|ALTER\s+SYSTEM\b"
    r"|ALTER\s+TYPE\s+.*\sADD\s+VALUE\b|ALTER\s+TABLE\s+.*\sDETACH\s+PARTITION\s+.*\sCONCURRENTLY\b"
    r"|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE|SUBSCRIPTION)\b|CALL\b)",
    re.IGNORECASE | re.DOTALL,
)
"""Statements that PostgreSQL does not run within a transaction block, or whose effect cannot be used within it."""
_ROWS = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|MERGE|COPY|WITH|SELECT|SET|SHOW|RESET|LOCK|ANALYZE|VALUES)\b", re.IGNORECASE)
"""Statements that write rows, or nothing: committed batch by batch on purpose, where there are many."""
_COMMIT = re.compile(r"\s*(?:COMMIT|END)\b", re.IGNORECASE)


def _deaths(transition: Transition) -> tuple[str, int, tuple[Died, ...]]:
    """The direction, the number of statements, and every death: those by a lock are seen where runners meet."""
    seen = transition.evidence
    if isinstance(seen, Crashes):
        return seen.direction, seen.statements, seen.deaths
    if isinstance(seen, Races):
        return seen.direction, seen.statements, seen.retries
    return "", 0, ()


def _not_atomic(transition: Transition) -> Iterator[Evidence]:
    direction, statements, deaths = _deaths(transition)
    between = [each for each in deaths if each.state == BETWEEN]
    if not between:
        return
    worst = min(between, key=lambda each: (each.resumed, not _avoidable(each)))
    left = f"{listing(worst.left)} changed" if worst.left else "neither schema nor rows changed"
    message = (
        f"{_where(direction, statements, worst)}, it leaves {left}, with the version table at {place(worst.heads)}: "
        "neither what was before nor what should be after."
    )
    mild = not any(_avoidable(each) for each in between)
    if mild:
        again = ", and running it again reaches the goal" if all(each.resumed for each in between) else ""
        message += f" What it commits on the way cannot be had in one transaction{again}."
    yield Evidence(transition.revision, message, _facts(direction, statements, between), Severity.INFO if mild else None)


def _avoidable(death: Died) -> bool:
    """Whether something was committed half-way that could have been part of one transaction with the rest."""
    committed = _committed(death.done)
    return not committed or any(not (_ALONE.match(each.sql) or _ROWS.match(each.sql)) for each in committed)


def _committed(done: Sequence[Statement]) -> Sequence[Statement]:
    """The statements that were not taken back: a block in autocommit mode commits what stands before it, too.

    None where the script committed in a way that its statements do not show.
    """
    last = max((place for place, each in enumerate(done, 1) if each.autocommit or _COMMIT.match(each.sql)), default=0)
    return done[:last]


def _not_resumable(transition: Transition) -> Iterator[Evidence]:
    direction, statements, deaths = _deaths(transition)
    stuck = [each for each in deaths if not each.resumed]
    if not stuck:
        return
    worst = stuck[0]
    if worst.failure is not None:
        end = f"running it again {raised(worst.failure).rstrip('.')}."
    else:
        end = f"running it again ends without an error, yet {listing(worst.missed)} {_differ(worst.missed)} from the goal."
    yield Evidence(transition.revision, f"{_where(direction, statements, worst)}, {end}", _facts(direction, statements, stuck))


def _differ(things: Sequence[str]) -> str:
    return "differs" if len(things) == 1 and not things[0].startswith("rows of ") else "differ"


def _where(direction: str, statements: int, death: Died) -> str:
    """When and how it died, as the beginning of a sentence."""
    total = f"statement {death.at} of {statements}"
    if death.statement is None:
        when = "when its script was over and the version not yet written"
    else:
        when = f"in the middle of {total}" if death.within else f"before {total}"
    return f"When the {direction} died {when} ({WAYS[death.kind]})"


def _facts(direction: str, statements: int, deaths: Sequence[Died]) -> dict[str, Json]:
    return {"direction": direction, "statements": statements, "deaths": [_death(each) for each in deaths]}


def _death(death: Died) -> dict[str, Json]:
    facts = death.observation()
    if death.statement is not None:
        facts["sql"] = death.statement.sql
    return facts


def _runners_collide(transition: Transition) -> Iterator[Evidence]:
    seen = transition.evidence if isinstance(transition.evidence, Races) else None
    bad = [each for each in seen.races if not each.clean] if seen is not None else []
    if seen is None or not bad:
        return
    worst = bad[0]
    if worst.missed:
        end = f"{listing(worst.missed)} {_differ(worst.missed)} from what one run leaves"
    else:
        end = f"neither of them succeeded, and the version table stands at {place(worst.heads)}"
    message = f"When two runners ran the {seen.direction} at once, {end}."
    facts: dict[str, Json] = {"direction": seen.direction, "races": [each.observation() for each in bad]}
    yield Evidence(transition.revision, message, facts)


def _writes_lost(transition: Transition) -> Iterator[Evidence]:
    seen = transition.evidence if isinstance(transition.evidence, Traffic) else None
    if seen is None:
        return
    for each in seen.spoiled:
        if each.lost:
            what = f"A row that was written to {each.table} and committed {_moment(seen, each.at)} is nowhere afterwards"
        else:
            what = f"A row that was written to {each.table} once and committed {_moment(seen, each.at)} is there more than once"
        message = f"{what}, while rows that were written before the {seen.direction} are."
        yield Evidence(each.subject, message, {"direction": seen.direction, **each.observation()})


def _moment(seen: Traffic, at: int) -> str:
    if at == 0:
        return f"while the {seen.direction} ran"
    if at > seen.statements:
        return f"when the script of the {seen.direction} was over, before its transaction was"
    return f"before statement {at} of {seen.statements} of the {seen.direction}"


DYING = (
    Check(
        "MC701",
        "not-atomic",
        Severity.ERROR,
        "Killed half-way, the step leaves a state that is neither before nor after",
        "A deployment that is killed (a pod that is evicted, a lost connection, a failover) leaves a schema that no version of "
        "the application knows, under a version number that says otherwise.",
        "Keep a revision in one transaction: take COMMIT and connections of its own out of the script, and give what must "
        "run outside of one (CREATE INDEX CONCURRENTLY, ALTER TYPE ... ADD VALUE) a revision of its own.",
        _not_atomic,
    ),
    Check(
        "MC702",
        "not-resumable",
        Severity.ERROR,
        "After it was killed half-way, running the step again does not reach the goal",
        "The deployment cannot be repeated: somebody has to repair the database by hand, at night, before anything goes on.",
        "Let every statement that is committed on its own be one that can be repeated: IF NOT EXISTS, ADD VALUE IF NOT EXISTS, "
        "DROP INDEX CONCURRENTLY IF EXISTS before CREATE INDEX CONCURRENTLY (a build that was killed leaves an invalid index, "
        "which IF NOT EXISTS takes for a good one), and back-fills that skip what is done.",
        _not_resumable,
    ),
    Check(
        "MC703",
        "runners-collide",
        Severity.ERROR,
        "Two runners at once do not end with one clean result",
        "Two pods that start together, or a deployment that is repeated while the first one still runs, both upgrade: work is "
        "done twice, or none of them succeeds.",
        "Keep the step in one transaction, in which Alembic's version table lets only one succeed, or take "
        "pg_advisory_xact_lock() in env.py before context.run_migrations().",
        _runners_collide,
    ),
    Check(
        "MC704",
        "writes-lost",
        Severity.ERROR,
        "What others commit while the step runs is lost or doubled",
        "The application was told that a row is stored, and after the deployment it is gone: written after the statement that "
        "copies rows, and before the one that drops where they were.",
        "Lock the table before its rows are copied (LOCK TABLE ... IN SHARE ROW EXCLUSIVE MODE as the first statement), or "
        "expand first and contract in a later release, once nobody writes to the old place.",
        _writes_lost,
    ),
)

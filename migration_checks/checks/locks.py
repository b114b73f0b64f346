"""The checks on what others wait for: locks, rewrites, scans and back-fills of tables in use (MC601 to MC605, MC609)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migration_checks.budgets import BUILT, CHANGED, REWRITTEN, SCANNED
from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.locks_manual import MANUAL
from migration_checks.checks.wording import counted, listing
from migration_checks.observers.evidence import LocksEvidence
from migration_checks.observers.facts import HARMLESS, Hold, Observed, Relation, Rewrite, Work
from migration_checks.observers.modes import blocks_reads, blocks_writes
from migration_checks.snapshot import Json
from migration_checks.transition import Leg, Transition

RATES = {"rewrite": REWRITTEN, "scan": SCANNED, "build": BUILT, "change": CHANGED}
MUCH = 0.2
"""From this share of a table's rows on, what is done to them grows with the table: a back-fill, not a handful of settings."""
_LONGEST_STATEMENT = 120
_MOST = 5


def _seen(transition: Transition, *legs: Leg) -> LocksEvidence | None:
    return transition.evidence if isinstance(transition.evidence, LocksEvidence) and transition.leg in legs else None


BOTH = (Leg.OBSERVE, Leg.OBSERVE_DOWN)


# -- MC601, MC602 ----------------------------------------------------------------------------------------------------


def _blocks(transition: Transition, *, reads: bool) -> Iterator[Evidence]:
    seen = _seen(transition, *BOTH)
    if seen is None:
        return
    budget = seen.budgets.blocks_reads if reads else seen.budgets.blocks_writes
    told: set[str] = set()
    for hold in seen.holds:
        if blocks_reads(hold.mode) is not reads or hold.relation in told:
            continue
        heavy = _heavy(seen, hold)
        at_best = sum(_at_best(seen, work) for work in heavy)
        if at_best <= budget and hold.seconds <= budget:
            continue
        told.add(hold.relation)
        yield _too_long(seen, hold, budget, heavy if at_best > budget else ())


def _heavy(seen: LocksEvidence, hold: Hold) -> tuple[Work, ...]:
    """What is done under a lock, for which the size of production is known."""
    return tuple(work for work in hold.work if work.share >= MUCH and _production(seen, work.relation) is not None)


def _at_best(seen: LocksEvidence, work: Work) -> float:
    """The seconds that it takes at production's size on a machine that does nothing else, with everything in memory."""
    return work.share * (_production(seen, work.relation) or 0) / RATES[work.what]


def _too_long(seen: LocksEvidence, hold: Hold, budget: float, heavy: Sequence[Work]) -> Evidence:
    """By the sizes of production where they tell (`heavy`), which is sure; else as it was measured here."""
    message = f"{_locked(hold)} by `{_short(seen.statements[hold.statement].sql)}`"
    facts = _of_hold(seen, hold) | {"budget": budget, "basis": "production rows" if heavy else "measured"}
    if heavy:
        tables = {work.relation: _production(seen, work.relation) for work in heavy}
        sizes = listing([f"{name} has {rows:,} rows in production" for name, rows in sorted(tables.items())])
        done = listing([_words(work) for work in _once(heavy)])
        message += f", and {done} before it is released: {sizes}, so it is held for longer than the budget of {budget:g} s."
        facts["work"] = [{"what": work.what, "relation": work.relation} for work in _once(heavy)]
    else:
        message += f", and is held for longer than the budget of {budget:g} s."
    return Evidence(hold.relation, message, facts, _severity(seen, hold.relation, *(work.relation for work in hold.work)))


def _locked(hold: Hold) -> str:
    against = "reads and writes" if blocks_reads(hold.mode) else "writes"
    through = f" through its index {hold.via}" if hold.via else ""
    return f"{hold.relation} is locked{through} against {against} ({hold.mode})"


def _words(work: Work) -> str:
    return {
        "rewrite": f"{work.relation} is written anew",
        "build": f"an index of {work.relation} is built",
        "scan": f"{work.relation} is read from end to end",
        "change": f"as many rows as {work.relation} has are written",
    }[work.what]


def _once(works: Iterable[Work]) -> list[Work]:
    return list({(work.what, work.relation): work for work in works}.values())


# -- MC603, MC604 ----------------------------------------------------------------------------------------------------


def _rewrites(transition: Transition) -> Iterator[Evidence]:
    seen = _seen(transition, *BOTH)
    if seen is None:
        return
    found: dict[str, list[tuple[Observed, Rewrite]]] = {}
    for statement in seen.statements:
        for rewrite in statement.rewrites:
            subject = _rewritten(seen, statement, rewrite)
            if subject is not None:
                found.setdefault(subject, []).append((statement, rewrite))
    for subject, cases in found.items():
        statement, rewrite = cases[0]
        table = rewrite.table or subject
        message = f"`{_short(statement.sql)}` writes {subject} anew ({_rows(seen, table)}): {rewrite.reason}."
        facts = _of_statements(seen, [each for each, _ in cases]) | _sizes(seen, table)
        facts |= {"kind": rewrite.kind, "reason": rewrite.reason}
        yield Evidence(subject, message, facts, _severity(seen, table, leg=transition.leg))


def _rewritten(seen: LocksEvidence, statement: Observed, rewrite: Rewrite) -> str | None:
    """What a finding on a rewrite is about: the topmost table that is locked, an index by itself; None where nobody minds.

    An index that is rebuilt CONCURRENTLY keeps nobody waiting, and those of a table that is written anew go with it.
    """
    if rewrite.reason in HARMLESS:
        return None
    if rewrite.kind == "index":
        alone = all(each.relation != rewrite.table for each in statement.rewrites)
        blocked = any(lock.relation == rewrite.table and blocks_writes(lock.mode) for lock in statement.locks)
        return rewrite.relation if alone and blocked and _populated(seen, rewrite.table) else None
    return _topmost(seen, statement, rewrite.relation) if _populated(seen, rewrite.relation) else None


def _scans(transition: Transition) -> Iterator[Evidence]:
    """Tables that are read while others are kept from them. A back-fill is MC605's, a rewrite MC603's."""
    seen = _seen(transition, *BOTH)
    if seen is None:
        return
    found: dict[str, list[tuple[Observed, str]]] = {}
    for statement in seen.statements:
        anew = {each.relation for each in statement.rewrites if each.kind != "index"}
        for scan in statement.scans:
            rows = _populated(seen, scan.relation)
            backfill = sum(each.rows for each in statement.changed.values()) >= MUCH * rows
            whole = rows and 2 * scan.rows >= rows and scan.relation not in anew and not backfill
            if whole and scan.under is not None and blocks_writes(scan.under):
                subject = _topmost(seen, statement, scan.relation)
                found.setdefault(subject, []).append((statement, scan.under))
    for subject, cases in found.items():
        statement, mode = cases[0]
        against = "reads and writes" if blocks_reads(mode) else "writes"
        message = (
            f"`{_short(statement.sql)}` reads {subject} from end to end ({_rows(seen, subject)}) while it is locked against "
            f"{against} ({mode})."
        )
        facts = _of_statements(seen, [each for each, _ in cases]) | _sizes(seen, subject) | {"mode": mode}
        yield Evidence(subject, message, facts, _severity(seen, subject, leg=transition.leg))


def _topmost(seen: LocksEvidence, statement: Observed, name: str) -> str:
    """The parent of a partition or child where the statement locks that too."""
    locked = {lock.relation for lock in statement.locks}
    relation = seen.relations.get(name)
    above = next((parent for parent in relation.parents if parent in locked), None) if relation else None
    return name if above is None else _topmost(seen, statement, above)


# -- MC605 -----------------------------------------------------------------------------------------------------------


def _backfills(transition: Transition) -> Iterator[Evidence]:
    seen = _seen(transition, *BOTH)
    if seen is None:
        return
    told: set[str] = set()
    for hold in seen.holds:
        shares: dict[str, float] = {}
        for work in hold.work:
            if work.what == "change":
                shares[work.relation] = shares.get(work.relation, 0.0) + work.share
        much = sorted(name for name, share in shares.items() if share >= MUCH)
        if not much or hold.relation in told:
            continue
        told.add(hold.relation)
        written = sorted({name for each in _during(seen, hold) for name in each.changed})
        message = (
            f"{_locked(hold)} by `{_short(seen.statements[hold.statement].sql)}`, and before that is released the same "
            f"transaction writes rows of {listing(written)}, as many as {listing(much)} has."
        )
        facts = _of_hold(seen, hold) | {"tables": [*written]}
        yield Evidence(hold.relation, message, facts, _severity(seen, *much, leg=transition.leg))


def _during(seen: LocksEvidence, hold: Hold) -> Iterator[Observed]:
    numbers = {work.statement for work in hold.work if work.what == "change"}
    return (seen.statements[number] for number in sorted(numbers))


# -- MC609 -----------------------------------------------------------------------------------------------------------


def _unindexed(transition: Transition) -> Iterator[Evidence]:
    seen = _seen(transition, Leg.OBSERVE)
    if seen is None:
        return
    for key in seen.keys:
        written = sum(each.changed[key.table].inserted for each in seen.statements if key.table in each.changed)
        if not key.new or key.indexed or not (_populated(seen, key.table) or written):
            continue
        columns = ", ".join(key.columns)
        message = (
            f"No index of {key.table} begins with {columns}: each DELETE from {key.referenced}, and each UPDATE of its key, "
            f"reads all of {key.table} to find the rows that refer to it."
        )
        facts: dict[str, Json] = {"table": key.table, "columns": [*key.columns], "constraint": key.name}
        yield Evidence(key.name, message, facts | _sizes(seen, key.table), _severity(seen, key.table))


# -- words and facts -------------------------------------------------------------------------------------------------


def _relation(seen: LocksEvidence, name: str | None) -> Relation | None:
    return seen.relations.get(name or "")


def _populated(seen: LocksEvidence, name: str | None) -> int:
    """The rows of a table that others may be at work on; 0 for one that is empty, or that the step made."""
    relation = _relation(seen, name)
    return relation.rows or 0 if relation is not None and relation.populated else 0


def _production(seen: LocksEvidence, name: str) -> int | None:
    relation = _relation(seen, name)
    return relation.production if relation is not None else None


def _severity(seen: LocksEvidence, *tables: str, leg: Leg = Leg.OBSERVE) -> Severity | None:
    """None is the check's own. A remark where production is known to be small, and of what a downgrade does.

    On the way down, what the upgrade did in steps has to be taken back in one; how long that takes is told by MC601 and MC602.
    """
    sizes = [_production(seen, name) for name in tables]
    small = all(size is not None and size <= seen.budgets.small_table for size in sizes)
    return Severity.INFO if small or not leg.upward else None


def _rows(seen: LocksEvidence, name: str) -> str:
    production = _production(seen, name)
    if production is not None:
        return f"{counted(production, 'row')} in production"
    return f"{counted(_populated(seen, name), 'row')} here"


def _sizes(seen: LocksEvidence, name: str) -> dict[str, Json]:
    production = _production(seen, name)
    rows: dict[str, Json] = {"rows": _populated(seen, name)}
    return rows if production is None else rows | {"production_rows": production}


def _of_hold(seen: LocksEvidence, hold: Hold) -> dict[str, Json]:
    facts: dict[str, Json] = {"mode": hold.mode}
    via: dict[str, Json] = {"index": hold.via} if hold.via else {}
    return facts | _sizes(seen, hold.relation) | via | _of_statements(seen, [seen.statements[hold.statement]])


def _of_statements(seen: LocksEvidence, statements: Sequence[Observed]) -> dict[str, Json]:
    """The first of them, with where it stands; and what the others are."""
    path, line = seen.place(statements[0])
    facts: dict[str, Json] = {"statement": statements[0].sql, "path": path, "line": line}
    others = list(dict.fromkeys(each.sql for each in statements[1:] if each.sql != statements[0].sql))
    return facts | ({"statements": [*others[:_MOST]]} if others else {})


def _short(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= _LONGEST_STATEMENT else text[: _LONGEST_STATEMENT - 3] + "..."


_EXAMINE = {
    "MC601": lambda transition: _blocks(transition, reads=True),
    "MC602": lambda transition: _blocks(transition, reads=False),
    "MC603": _rewrites,
    "MC604": _scans,
    "MC605": _backfills,
    "MC609": _unindexed,
}
LOCKS = tuple(
    Check(page.id, page.name, Severity.WARNING, page.title, page.effect, page.remedy, _EXAMINE[page.id]) for page in MANUAL
)

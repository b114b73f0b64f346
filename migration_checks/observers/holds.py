"""Which locks keep others from a table, for how long, and what was done meanwhile; and statements in few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from migration_checks.observers.facts import HARMLESS, Changed, Hold, Lock, Observed, Relation, Work
from migration_checks.observers.modes import blocks_reads, blocks_writes

TABLES = frozenset({"table", "partition", "child", "referenced", "materialized view"})


def holds(statements: Sequence[Observed], relations: Mapping[str, Relation]) -> tuple[Hold, ...]:
    """One for each table, transaction and kind of wait: the first lock that stops reads, and the first that stops writes.

    Only tables that were there before the step and held rows: nobody waits for others. A lock that stops writes only is not
    told of where one that stops reads was taken by the same statement or before.
    """
    found: list[Hold] = []
    taken: dict[tuple[int, str], str] = {}
    works = _works(statements, relations)
    for number, statement in enumerate(statements):
        for (table, via), mode in sorted(_blocking(statement, relations).items(), key=str):
            level = "reads" if blocks_reads(mode) else "writes"
            key = (statement.transaction, table)
            if taken.get(key) in ("reads", level):
                continue
            taken[key] = level
            later = _same_transaction(statements, number)
            seconds = sum(statements[each].own_seconds for each in later)
            work = tuple(part for each in later for part in works[each])
            found.append(Hold(table, mode, number, seconds, work, via))
    return tuple(found)


def _blocking(statement: Observed, relations: Mapping[str, Relation]) -> dict[tuple[str, str | None], str]:
    """New locks that keep reads or writes from populated tables: by table, and the index through which it is blocked.

    Each plan of a query locks every index of the table, so ACCESS EXCLUSIVE on one of them stops queries
    (https://www.postgresql.org/docs/current/sql-reindex.html). A partition goes with its parent where that is locked too.
    """
    modes = {lock.relation: lock.mode for lock in statement.locks}
    found: dict[tuple[str, str | None], str] = {}
    for lock in statement.locks:
        table, via = _table(lock, modes, relations)
        if table is None or not lock.new or not blocks_writes(lock.mode):
            continue
        if table.populated and not any(parent in modes for parent in table.parents):
            found[table.name, via] = lock.mode
    whole = {table for (table, via), mode in found.items() if via is None and blocks_reads(mode)}
    return {(table, via): mode for (table, via), mode in found.items() if via is None or table not in whole}


def _table(lock: Lock, modes: Mapping[str, str], relations: Mapping[str, Relation]) -> tuple[Relation | None, str | None]:
    """The table that a lock is about. An index that nobody uses any more is locked without its table (CONCURRENTLY)."""
    relation = relations.get(lock.relation)
    if relation is None or lock.kind in TABLES:
        return relation, None
    owner = relation.owner if lock.kind == "index" and relation.existed and blocks_reads(lock.mode) else None
    if owner is not None and blocks_writes(modes.get(owner, "ACCESS SHARE")):
        return relations.get(owner), lock.relation
    return None, None


def _same_transaction(statements: Sequence[Observed], first: int) -> list[int]:
    number = statements[first].transaction
    return [each for each in range(first, len(statements)) if statements[each].transaction == number]


def _works(statements: Sequence[Observed], relations: Mapping[str, Relation]) -> list[tuple[Work, ...]]:
    """What each statement did to populated tables, as shares of them."""
    found = []
    read: dict[int, str] = {}
    for number, statement in enumerate(statements):
        whole = (scan.relation for scan in statement.scans if scan.rows * 2 >= _populated(scan.relation, relations))
        own = _largest(whole, relations)
        before = read.get(statement.transaction)
        if own is not None and (before is None or _populated(own, relations) > _populated(before, relations)):
            read[statement.transaction] = own
        found.append(tuple(_work(statement, number, own, before, relations)))
    return found


def _work(
    statement: Observed, number: int, read: str | None, read_before: str | None, relations: Mapping[str, Relation]
) -> Iterator[Work]:
    """What one statement did. `read` is the largest table that it scanned, `read_before` that of its transaction so far."""
    anew = {each.table or each.relation for each in statement.rewrites if each.reason not in HARMLESS}
    for name in sorted(anew):
        if _populated(name, relations):
            yield Work("rewrite", name, 1.0, number)
    for scan in statement.scans:
        rows = _populated(scan.relation, relations)
        if rows and scan.relation not in anew:
            built = scan.relation in _indexed(statement, relations)
            yield Work("build" if built else "scan", scan.relation, scan.rows / rows, number)
    for name, changed in statement.changed.items():
        base = _base(name, changed, read, read_before, relations)
        if base is not None:
            yield Work("change", base, changed.rows / _populated(base, relations), number)


def _indexed(statement: Observed, relations: Mapping[str, Relation]) -> set[str]:
    """The tables of which a statement builds an index."""
    fresh = (relations.get(lock.relation) for lock in statement.locks if lock.new and lock.kind == "index")
    made = {each.owner for each in fresh if each is not None and not each.existed and each.owner is not None}
    return made | {each.table for each in statement.rewrites if each.kind == "index" and each.table is not None}


def _base(
    name: str, changed: Changed, read: str | None, read_before: str | None, relations: Mapping[str, Relation]
) -> str | None:
    """The populated table whose size decides how many rows are written.

    Rows that are changed are those of the table itself; rows that are put in come from what was read, by the same statement
    or before it.
    """
    own = name if _populated(name, relations) else None
    if own and changed.inserted <= changed.updated + changed.deleted:
        return own
    return read or own or read_before


def _largest(names: Iterable[str], relations: Mapping[str, Relation]) -> str | None:
    populated = {name for name in names if _populated(name, relations)}
    return max(sorted(populated), key=lambda name: _populated(name, relations), default=None)


def _populated(name: str, relations: Mapping[str, Relation]) -> int:
    relation = relations.get(name)
    return relation.rows or 0 if relation is not None and relation.populated else 0


def gathered(statements: Iterable[Observed]) -> tuple[Observed, ...]:
    """Statements that were sent again and again, by a loop, as one record each, at the place of the first."""
    groups: dict[tuple[object, ...], Observed] = {}
    for each in statements:
        key = (each.sql, each.path, each.line, None if each.autocommit else each.transaction)
        known = groups.get(key)
        groups[key] = each if known is None else _together(known, each)
    return tuple(groups.values())


def _together(one: Observed, other: Observed) -> Observed:
    """Two sendings of the same statement; a lock that the first took is new, whatever the second found."""
    locks = {(lock.relation, lock.mode): lock for lock in (*other.locks, *one.locks)}
    scans = {scan.relation: scan for scan in one.scans}
    for scan in other.scans:
        known = scans.get(scan.relation)
        scans[scan.relation] = scan if known is None else replace(known, rows=known.rows + scan.rows)
    changed = dict(one.changed)
    for name, rows in other.changed.items():
        changed[name] = changed.get(name, Changed()) + rows
    return replace(
        one,
        rows=one.rows + other.rows if one.rows >= 0 and other.rows >= 0 else max(one.rows, other.rows),
        times=one.times + other.times,
        looked=one.looked and other.looked,
        locks=tuple(sorted(locks.values(), key=lambda lock: (lock.relation, lock.mode))),
        rewrites=(*one.rewrites, *other.rewrites),
        scans=tuple(scans[name] for name in sorted(scans)),
        changed=dict(sorted(changed.items())),
        seconds=one.seconds + other.seconds,
        own_seconds=one.own_seconds + other.own_seconds,
        held_until=max(one.held_until, other.held_until),
        wal_bytes=None if one.wal_bytes is None or other.wal_bytes is None else one.wal_bytes + other.wal_bytes,
        glimpsed=tuple(sorted({*one.glimpsed, *other.glimpsed})),
    )

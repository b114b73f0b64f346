"""From the looks at a session to what each statement of a step did, with the source of every fact."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from migration_checks.observers.facts import (
    CATALOG,
    CONNECTION,
    COUNTERS,
    POLLER,
    REFRESHED,
    STORAGE,
    TRIGGER,
    TRUNCATED,
    Changed,
    Lock,
    Observed,
    Rewrite,
    Scan,
)
from migration_checks.observers.kinds import Kinds
from migration_checks.observers.looks import Course, Look, Moved, look_from
from migration_checks.observers.modes import strength, strongest
from migration_checks.observers.poller import Sighting, within
from migration_checks.transition import Statement

_REASONS = (
    (1, "its persistence changes (LOGGED or UNLOGGED)"),
    (2, "a column gets a value that is computed for each row"),
    (4, "a column gets another type"),
    (8, "its access method changes"),
)
"""The bits of pg_event_trigger_table_rewrite_reason (src/include/commands/event_trigger.h)."""

_COMMANDS: Mapping[str, str] = {
    "truncate": TRUNCATED,
    "refresh": REFRESHED,
    "cluster": "CLUSTER puts the rows in another order",
    "vacuum": "VACUUM FULL copies the rows that are alive",
    "reindex": "REINDEX builds it again",
}
HEAVY = "SHARE UPDATE EXCLUSIVE"
"""From this mode on, a lock that an earlier statement took is told again: those below it keep no ordinary work waiting.

So do those on relations that the step itself made, which nobody else knows."""
_OTHERWISE = "the statement builds it again"
_WORD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*([a-z]+)", re.IGNORECASE | re.DOTALL)

Modes = dict[int, dict[str, set[str]]]
"""Locks by relation, then mode, with the sources that tell of them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the worker's watch says of one statement: when it began (in seconds of the step), the same on the clock that
    sightings use, how long it waited for a processor, and the look at its end."""

    began: float
    moment: float = 0.0
    waited: float = 0.0
    look: Look | None = None


def seen_from(watched: Mapping[str, Any]) -> dict[int, Seen]:
    """What was watched, by the number of the statement."""
    return {
        number: Seen(began, moment, waited, look_from(text) if text is not None else None)
        for number, began, moment, waited, text in watched["seen"]
    }


class Transactions:
    """Numbers the transactions of a step from 1: by what PostgreSQL calls them, else by the ends that were heard."""

    def __init__(self, ends: Sequence[float]) -> None:
        self.ends = sorted(ends)
        self._number = 0
        self._name: str | None = None
        self._closed = True
        self._until = 0.0

    def of(self, statement: Statement, began: float, look: Look | None) -> int:
        """The number of the transaction of the next statement."""
        name = look.transaction if look is not None and not look.idle else None
        ended = self._next_end(self._until) <= began
        other = name is not None and self._name is not None and name != self._name
        if self._closed or ended or other:
            self._number += 1
            self._name = None
        self._name = name or self._name
        self._closed = statement.autocommit or (look is not None and look.idle)
        self._until = began + statement.seconds
        return self._number

    def end(self, done: float, total: float) -> float:
        """When the transaction of a statement that was `done` then ended: at the next end heard, else with the step."""
        if self._closed:
            return done
        return min(self._next_end(done), max(total, done))

    def _next_end(self, moment: float) -> float:
        """The first end at `moment` or later, infinity where none was heard."""
        place = bisect_left(self.ends, moment)
        return self.ends[place] if place < len(self.ends) else inf


class Reader:
    """Goes along the statements of a step. `total` is how many seconds the step took by itself."""

    def __init__(
        self, course: Course, kinds: Kinds, sightings: Sequence[Sighting], transactions: Transactions, total: float
    ) -> None:
        self.course = course
        self.kinds = kinds
        self.sightings = list(sightings)
        self.transactions = transactions
        self.total = total
        self._held: Modes = {}
        self._in = 0

    def read(self, statements: Sequence[Statement], seen: Mapping[int, Seen], wal: int) -> Iterator[Observed]:
        """One record a statement, in their order. `wal` is where the WAL stood when the step began."""
        ended = 0.0
        for number, statement in enumerate(statements):
            mark = seen.get(number, Seen(ended))
            look = mark.look
            transaction = self.transactions.of(statement, mark.began, look)
            if transaction != self._in:
                self._held, self._in = {}, transaction
            ended = mark.began + statement.seconds
            plain = Observed(
                sql=statement.sql,
                path=statement.path,
                line=statement.line,
                transaction=transaction,
                autocommit=statement.autocommit,
                rows=statement.rows,
                looked=look is not None,
                began=mark.began,
                seconds=statement.seconds,
                own_seconds=min(max(statement.seconds - mark.waited, 0.0), statement.seconds),
                held_until=self.transactions.end(ended, self.total),
            )
            yield plain if look is None else self._filled(plain, mark.moment, look, wal)
            wal = look.wal if look is not None else wal

    # -- one statement -----------------------------------------------------------------------------------------------

    def _filled(self, plain: Observed, moment: float, look: Look, wal: int) -> Observed:
        moved = self.course.advance(look)
        self.kinds.learn(self.course.known)
        sightings = list(within(self.sightings, moment, moment + plain.seconds))
        now = self._modes(look, moved, sightings)
        names = self.course.known
        changed = {names[oid].name: Changed(*counts[2:]) for oid, counts in moved.counts.items() if any(counts[2:])}
        filled = replace(
            plain,
            locks=self._locks(now),
            rewrites=self._rewrites(plain.sql, look, moved),
            scans=self._scans(moved, now),
            changed=dict(sorted(changed.items())),
            wal_bytes=max(look.wal - wal, 0),
            glimpsed=self._glimpsed(now, sightings),
        )
        self._held = {} if look.idle else now
        return filled

    def _modes(self, look: Look, moved: Moved, sightings: Sequence[Sighting]) -> Modes:
        now: Modes = {}

        def note(oid: int, mode: str, source: str) -> None:
            if oid in self.course.known:
                now.setdefault(oid, {}).setdefault(mode, set()).add(source)

        for oid, mode in look.locks:
            note(oid, mode, CONNECTION)
        for _, locks in look.commands:
            for oid, mode in locks:
                note(oid, mode, TRIGGER)
        for each in sightings if look.idle else ():
            for oid, mode in each.locks if each.sure else ():
                note(oid, mode, POLLER)
        if look.idle:
            self._infer(moved, now)
        return now

    def _infer(self, moved: Moved, now: Modes) -> None:
        """What a statement that has let go of its locks must have held: others tell nothing of it."""
        for oid, (_, scanned, *written) in moved.counts.items():
            mode = "ROW EXCLUSIVE" if any(written) else "ACCESS SHARE"
            if (any(written) or scanned) and not any(strength(each) >= strength(mode) for each in now.get(oid, ())):
                now.setdefault(oid, {}).setdefault(mode, set()).add(COUNTERS)
        for oid in moved.filed:
            now.setdefault(oid, {}).setdefault("ACCESS EXCLUSIVE", set()).add(STORAGE)
            owner = self.course.known[oid].owner
            if owner is not None and owner not in moved.filed:
                now.setdefault(owner, {}).setdefault("SHARE", set()).add(STORAGE)

    def _locks(self, now: Modes) -> tuple[Lock, ...]:
        """The strongest new lock on each relation where it adds to those of before, and what was held of weight."""
        found = []
        for oid, modes in now.items():
            before = self._held.get(oid, {})
            new = strongest(mode for mode in modes if mode not in before)
            old = strongest(mode for mode in modes if mode in before)
            adds = new is not None and (old is None or strength(new) > strength(old))
            weighs = old is not None and strength(old) >= strength(HEAVY) and self.course.is_old(oid)
            for mode, fresh in ((new if adds else None, True), (old if weighs else None, False)):
                if mode is not None:
                    name, kind = self.course.known[oid].name, self.kinds.of(oid, now)
                    found.append(Lock(name, kind, mode, fresh, tuple(sorted(modes[mode]))))
        return tuple(sorted(found, key=lambda lock: (lock.relation, -strength(lock.mode), not lock.new)))

    def _scans(self, moved: Moved, now: Modes) -> tuple[Scan, ...]:
        return tuple(
            sorted(
                (
                    Scan(self.course.known[oid].name, counts[1], strongest(now.get(oid, ())))
                    for oid, counts in moved.counts.items()
                    if counts[1]
                ),
                key=lambda scan: scan.relation,
            )
        )

    def _rewrites(self, sql: str, look: Look, moved: Moved) -> tuple[Rewrite, ...]:
        found = []
        why = dict(look.rewrites)
        word = _WORD.match(sql)
        told = _COMMANDS.get(word[1].lower() if word else "", _OTHERWISE)
        for oid in (*moved.filed, *moved.rebuilt):
            known = self.course.here[oid]
            owner = self.course.known.get(known.owner or 0)
            sources: tuple[str, ...] = (CATALOG,)
            reason = told
            if owner is not None and owner.oid in moved.filed and told is not TRUNCATED:
                reason = "its table is written anew"
            elif oid in why:
                reason, sources = _reason(why[oid]), (CATALOG, TRIGGER)
            found.append(Rewrite(known.name, self.kinds.plain(oid), reason, sources, owner.name if owner else None))
        return tuple(sorted(found, key=lambda each: (each.relation, each.kind)))

    def _glimpsed(self, now: Modes, sightings: Sequence[Sighting]) -> tuple[str, ...]:
        """What another session happened to see beyond what is certain."""
        seen = {lock for each in sightings if not each.sure for lock in each.locks}
        known = self.course.known
        return tuple(sorted(f"{known[oid].name} {mode}" for oid, mode in seen if oid in known and mode not in now.get(oid, {})))


def _reason(bits: int) -> str:
    return " and ".join(text for bit, text in _REASONS if bits & bit) or _OTHERWISE

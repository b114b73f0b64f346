"""Reads what the looks of a step's session said, one after the other: what each statement added to the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from migration_checks.observers.modes import mode_named
from migration_checks.observers.standing import Known, Standing

Counts = tuple[int, ...]
NOTHING: Counts = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Look:
    """One look, as look.sql wrote it. `locks` are (oid, mode); `commands` are (tag, locks) of event triggers, `rewrites`
    (oid, reason) of tables that were about to be rewritten. Where `idle`, the statement was a transaction of its own."""

    idle: bool
    transaction: str
    wal: int
    locks: frozenset[tuple[int, str]]
    relations: Mapping[int, Known]
    counted: Mapping[int, Counts]
    commands: tuple[tuple[str, frozenset[tuple[int, str]]], ...] = ()
    rewrites: tuple[tuple[int, int], ...] = ()


def look_from(text: str) -> Look:
    """The look that `text` holds."""
    found = json.loads(text)
    kept = [json.loads(line) for line in (found["s"] or "").splitlines()]
    relations = _relations(found["r"])
    for each in kept:
        relations = {**_relations(each.get("r")), **relations}
    return Look(
        idle=bool(found["i"]),
        transaction=str(found["x"]),
        wal=int(found["w"]),
        locks=_locks(found["l"]),
        relations=relations,
        counted={row[0]: tuple(row[1:]) for row in found["c"] or ()},
        commands=tuple((each["t"], _locks(each["l"])) for each in kept if "t" in each),
        rewrites=tuple((each["o"], each["y"]) for each in kept if "o" in each),
    )


def _locks(rows: Iterable[Any] | None) -> frozenset[tuple[int, str]]:
    return frozenset((oid, mode_named(mode)) for oid, mode in rows or ())


def _relations(rows: Iterable[Any] | None) -> dict[int, Known]:
    return {oid: Known(oid, kind, name, file, owner) for oid, kind, name, file, owner in rows or ()}


@dataclass(slots=True)
class Moved:
    """What happened between two looks.

    `counts` are differences by relation, `filed` relations that were there and have another file now, `rebuilt` indexes that
    were made again under their name with another file, as (oid, before).
    """

    counts: dict[int, Counts] = field(default_factory=dict)
    filed: list[int] = field(default_factory=list)
    rebuilt: list[int] = field(default_factory=list)


class Course:
    """The relations of a database in the course of a step. `names` and `kinds` know every relation that was ever seen."""

    def __init__(self, before: Standing, hidden: Iterable[str], *, flushes: bool) -> None:
        self.known: dict[int, Known] = dict(before.relations)
        self.here: dict[int, Known] = dict(before.relations)
        self._hidden = frozenset(hidden)
        self._hidden_tables: set[int] = set(before.hidden)
        self._old = frozenset(before.relations)
        self._flushes = flushes
        self._counted: dict[int, Counts] = {each.oid: each.counted for each in before.relations.values()} if flushes else {}
        self._transaction = ""

    def advance(self, look: Look) -> Moved:
        """Go on to a look; an idle one describes all relations, others those that are locked."""
        moved = Moved()
        fresh = self._shown(look.relations)
        self._files(fresh, moved)
        locked = {oid for oid, _ in look.locks}
        gone = [oid for oid in self.here if oid not in look.relations and (look.idle or oid in locked)]
        for oid in gone:
            del self.here[oid]
        for oid, each in fresh.items():
            self.known.setdefault(oid, each)
            self.here[oid] = each
        self._count(look, moved)
        return moved

    def learn(self, relations: Mapping[int, Known]) -> None:
        """Know relations by name that no look has described (an index that is being built)."""
        for oid, each in self._shown(relations).items():
            self.known.setdefault(oid, each)

    def is_old(self, oid: int) -> bool:
        """Whether a relation was there before the step."""
        return oid in self._old

    def _shown(self, relations: Mapping[int, Known]) -> dict[int, Known]:
        """`relations` without tables that are Alembic's own, and their indexes."""
        self._hidden_tables |= {oid for oid, each in relations.items() if each.name in self._hidden}
        return {
            oid: each
            for oid, each in relations.items()
            if oid not in self._hidden_tables and each.owner not in self._hidden_tables
        }

    def _files(self, fresh: Mapping[int, Known], moved: Moved) -> None:
        by_name = {(each.owner, each.name): each for each in self.here.values() if each.owner is not None}
        for oid, each in fresh.items():
            old = self.here.get(oid)
            if old is not None:
                if each.file != old.file and each.file and old.file:
                    moved.filed.append(oid)
                continue
            twin = by_name.get((each.owner, each.name)) if each.owner is not None else None
            if twin is not None and twin.oid not in fresh and twin.file != each.file:
                moved.rebuilt.append(oid)

    def _count(self, look: Look, moved: Moved) -> None:
        """Counters of a session that sends them away start again; those of later majors are sums and never do."""
        if not self._flushes and look.transaction != self._transaction:
            pairs = ((now, self._counted.get(oid, NOTHING)) for oid, now in look.counted.items())
            started_again = any(new < old for now, was in pairs for new, old in zip(now, was, strict=True))
            if started_again or not self._counted.keys() <= look.counted.keys():
                self._counted = {}
        self._transaction = look.transaction
        for oid, now in look.counted.items():
            was = self._counted.get(oid, NOTHING)
            difference = tuple(max(new - old, 0) for new, old in zip(now, was, strict=True))
            if oid in self.here and any(difference):
                moved.counts[oid] = difference
            self._counted[oid] = now

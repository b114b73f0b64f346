"""Locks as facts of an observed leg: the modes with their letters, and who held what from when to when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migration_checks.renderers.html.facts import Facts, amount, facts, items, quantity, tables, whole, words
from migration_checks.report import Step


@dataclass(frozen=True, slots=True)
class Mode:
    """A lock mode: `letters` stand for it in pictures, `blocks` says what waits behind it, `rank` how strong it is.

    The conflicts are those of https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES.
    """

    name: str
    letters: str
    blocks: str
    rank: int


MODES = (
    Mode("ACCESS EXCLUSIVE", "AX", "reads and writes", 8),
    Mode("EXCLUSIVE", "X", "writes and SELECT FOR UPDATE", 7),
    Mode("SHARE ROW EXCLUSIVE", "SRX", "writes, and others of its kind", 6),
    Mode("SHARE", "S", "writes", 5),
    Mode("SHARE UPDATE EXCLUSIVE", "SUX", "VACUUM, index builds and other DDL", 4),
    Mode("ROW EXCLUSIVE", "RX", "DDL and index builds", 3),
    Mode("ROW SHARE", "RS", "stronger DDL", 2),
    Mode("ACCESS SHARE", "AS", "only what locks against reads", 1),
)
UNKNOWN = Mode("", "?", "", 0)
BY_NAME = {mode.name.lower().replace(" ", ""): mode for mode in MODES}


def mode_named(name: str) -> Mode:
    """The mode of that name, with or without "Lock" and spaces."""
    known = BY_NAME.get(name.lower().replace(" ", "").removesuffix("lock"))
    return known or replace(UNKNOWN, name=name)


@dataclass(frozen=True, slots=True)
class Run:
    """One statement as it ran: seconds since the step began. `held_until` is when its transaction ended."""

    facts: Facts
    began: float
    seconds: float
    held_until: float
    timing: Facts

    @property
    def ended(self) -> float:
        return self.began + self.seconds

    @property
    def transaction(self) -> int | None:
        return None if self.facts.get("autocommit") is True else whole(self.facts.get("transaction"))


def runs(step: Step) -> tuple[list[Run], bool]:
    """The statements of an observed leg with their times, and whether those were measured.

    Where they were not, each statement counts as one unit of time and holds its locks to the end of its transaction.
    """
    statements = tables(step.observations.get("statements"))
    timings = [facts(each) for each in items(step.timing.get("statements"))]
    measured = len(timings) == len(statements) and all(quantity(each.get("began")) is not None for each in timings)
    found = []
    for number, statement in enumerate(statements):
        timing = timings[number] if number < len(timings) else {}
        began = amount(timing.get("began")) if measured else float(number)
        seconds = amount(timing.get("seconds")) if measured else 1.0
        found.append(Run(statement, began, seconds, began + seconds, timing))
    return _held(found, measured), measured


def _held(found: Sequence[Run], measured: bool) -> list[Run]:
    """The same, each with the end of its transaction: as measured, else as the last statement of it ends."""
    last: dict[int, float] = {}
    for run in found:
        if run.transaction is not None:
            last[run.transaction] = max(run.ended, last.get(run.transaction, 0.0))
    held = []
    for run in found:
        said = quantity(run.timing.get("held_until")) if measured else None
        end = said if said is not None else run.ended if run.transaction is None else last[run.transaction]
        held.append(replace(run, held_until=max(end, run.ended)))
    return held


@dataclass(frozen=True, slots=True)
class Hold:
    """A lock from when it was taken to when it was given back."""

    relation: str
    kind: str
    mode: Mode
    blocks: str
    start: float
    end: float
    sources: str


def holds(found: Sequence[Run]) -> list[Hold]:
    """Every lock once for each transaction that held it."""
    kept: dict[tuple[str, str, int | str], Hold] = {}
    for number, run in enumerate(found):
        place: int | str = f"alone {number}" if run.transaction is None else run.transaction
        for hold in _taken(run):
            key = (hold.relation, hold.mode.name, place)
            first = kept.get(key)
            kept[key] = hold if first is None else replace(first, end=max(first.end, hold.end))
    return list(kept.values())


def _taken(run: Run) -> Iterator[Hold]:
    for lock in tables(run.facts.get("locks")):
        mode = mode_named(words(lock.get("mode")))
        yield Hold(
            relation=words(lock.get("relation")),
            kind=words(lock.get("kind")),
            mode=mode,
            blocks=words(lock.get("blocks")) or mode.blocks,
            start=run.began,
            end=run.held_until,
            sources=words(lock.get("sources")),
        )

"""What the queue trial saw, as values: where the step waited for an open reader, and who then waited behind the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migration_checks.snapshot import Json

READER, WRITER = "reader", "writer"

LOCK_NOT_AVAILABLE = "55P03"
"""SQLSTATE of a lock_timeout that ran out (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

BLOCKING: Mapping[str, frozenset[str]] = {
    READER: frozenset({"AccessExclusiveLock"}),
    WRITER: frozenset({"AccessExclusiveLock", "ExclusiveLock", "ShareRowExclusiveLock", "ShareLock"}),
}
"""The lock modes that keep a SELECT (ACCESS SHARE) and an INSERT, UPDATE or DELETE (ROW EXCLUSIVE) waiting.

Source: table 13.2, https://www.postgresql.org/docs/current/explicit-locking.html.
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that others can read: its qualified, quoted name; `writable` for tables, which others can write too.

    A `partition` is read through its root.
    """

    oid: int
    name: str
    writable: bool
    partition: bool = False


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else: a "reader" or "writer" of `relation`."""

    who: str
    relation: str


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody else waited behind the step, in seconds; `with_lock_timeout` in the run that had one from outside."""

    other: Other
    seconds: float
    with_lock_timeout: bool


@dataclass(frozen=True, slots=True)
class Stall:
    """A place where the step waited for an open reader.

    `relation` is what it waits for in lock `mode` ("ACCESS EXCLUSIVE"), `sql` the statement that waits. `waiting` are those
    that waited behind it, `beyond` those of them that still did when the budget was over, and the reader still open.
    """

    relation: str
    mode: str
    sql: str
    waiting: tuple[Other, ...] = ()
    beyond: tuple[Other, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One run of the step while readers are open; `failed` with `sqlstate` in the statement `sql`, or not at all."""

    stalls: tuple[Stall, ...]
    waits: tuple[Wait, ...] = ()
    failed: bool = False
    sqlstate: str | None = None
    sql: str | None = None

    @property
    def gave_up(self) -> bool:
        """Whether a lock_timeout ended it."""
        return self.sqlstate == LOCK_NOT_AVAILABLE

    @property
    def beyond(self) -> tuple[Stall, ...]:
        """The stalls that others waited behind for longer than the budget."""
        return tuple(each for each in self.stalls if each.beyond)


@dataclass(frozen=True, slots=True)
class QueueEvidence:
    """The step behind an open reader: as it is, and, where others waited beyond the `budget` (seconds), with a lock_timeout.

    Whether somebody waits, and behind whom, is what PostgreSQL says (pg_blocking_pids); only how long is measured.
    """

    line: Line
    budget: float
    limited: Line | None = None

    def observations(self) -> Mapping[str, Json]:
        # Who waits for less than the budget may be seen or not: only what is certain is told here.
        first = next(iter(self.line.beyond), None)
        facts: dict[str, Json] = {
            "relation": first.relation if first else None,
            "reader": f"an open transaction that has read {first.relation}" if first else None,
            "lock_timeout_used": self.line.gave_up,
            "stalls": [_stall(each) for each in self.line.beyond],
        }
        if self.line.gave_up:
            facts["sql"] = self.line.sql
        if self.limited is not None:
            facts["with_lock_timeout"] = {"gives_up": self.limited.gave_up, "beyond": [_stall(e) for e in self.limited.beyond]}
        return facts

    def timing(self) -> Mapping[str, Json]:
        waits = (*self.line.waits, *(self.limited.waits if self.limited else ()))
        return {"waits": [_wait(each) for each in waits], "budget": self.budget}


def _stall(stall: Stall) -> dict[str, Json]:
    return {"relation": stall.relation, "mode": stall.mode, "sql": stall.sql, "beyond": _others(stall.beyond)}


def _others(others: Sequence[Other]) -> list[Json]:
    return [{"who": each.who, "relation": each.relation} for each in others]


def _wait(wait: Wait) -> dict[str, Json]:
    seconds = round(wait.seconds, 3)
    other = wait.other
    return {"who": other.who, "relation": other.relation, "seconds": seconds, "with_lock_timeout": wait.with_lock_timeout}


def mode_in_words(mode: str) -> str:
    """A lock mode as LOCK TABLE writes it: AccessExclusiveLock is "ACCESS EXCLUSIVE"."""
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in mode.removesuffix("Lock"))
    return words.strip().upper()

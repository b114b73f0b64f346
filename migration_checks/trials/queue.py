"""The QUEUE trial: the step behind one open reader, and who waits behind the step.

Nothing is decided by milliseconds. PostgreSQL says who waits for whom; a stall counts when others still wait behind the step
once the budget is over, while the reader is still open. Then the reader closes and the step goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from migration_checks.bench import Bench
from migration_checks.config import Settings
from migration_checks.database import database_name
from migration_checks.nature import bare, mentions
from migration_checks.transition import Leg, Transition
from migration_checks.trials.lab import Bed
from migration_checks.trials.queue_line import readable, stand_in_line
from migration_checks.trials.stalls import Line, QueueEvidence, Relation

LIMIT_SHARE = 0.25
"""The lock_timeout of the second run, as a share of the budget: what a careful deployment would set."""

MOST_READERS = 12
"""Readers with a session of their own; all tables beyond them are read by one more."""


def trial(settings: Settings) -> QueueTrial:
    """The trial that `--trial queue` names."""
    return QueueTrial(settings.budgets.blocks_reads)


@dataclass(frozen=True, slots=True)
class QueueTrial:
    """Runs the step while each table has an open reader; `budget` is for how many seconds others may be kept waiting."""

    budget: float
    name: str = "queue"

    def run(self, bed: Bed) -> Iterator[Transition]:
        with bed.copy("queue") as copy:
            line, seconds = self._line(bed, copy, limited=False)
        if line.failed and not line.gave_up:
            bed.note(_failed(line))
            return
        limited = None
        if line.beyond:
            with bed.copy("queue") as copy:
                limit = sql.SQL("ALTER DATABASE {} SET lock_timeout = {}").format(
                    sql.Identifier(database_name(copy.url)), sql.Literal(f"{round(self.budget * LIMIT_SHARE * 1000)}ms")
                )
                copy.connection.execute(limit)
                limited, _ = self._line(bed, copy, limited=True)
        yield bed.transition(Leg.QUEUE, QueueEvidence(line, self.budget, limited), seconds=seconds)

    def _line(self, bed: Bed, copy: Bench, *, limited: bool) -> tuple[Line, float]:
        relations = readable(copy.connection, skip=copy.bookkeeping)
        return stand_in_line(copy, bed.revision.id, relations, _groups(bed, relations), self.budget, limited=limited)


def _groups(bed: Bed, relations: tuple[Relation, ...]) -> tuple[tuple[Relation, ...], ...]:
    """Who reads what: a reader for each relation that the step names, and one for all others."""
    texts = [each.sql.lower() for each in bed.ascend.statements]
    roots = [each for each in relations if not each.partition]
    named = [each for each in roots if any(mentions(text, bare(each.name).lower()) for text in texts)][:MOST_READERS]
    rest = tuple(each for each in roots if each not in named)
    return (*((each,) for each in named), *((rest,) if rest else ()))


def _failed(line: Line) -> str:
    state = f" with SQLSTATE {line.sqlstate}" if line.sqlstate else ""
    return f"Its queue trial has no result: behind an open reader the upgrade fails{state}, which it does not alone."

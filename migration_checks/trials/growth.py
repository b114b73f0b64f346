"""The GROWTH trial: the step at several sizes of the tables that it touches, and what that means in production."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

import psycopg
from psycopg import sql

from migration_checks.bench import Bench
from migration_checks.budgets import Production
from migration_checks.config import Settings
from migration_checks.connection import connect
from migration_checks.database import OWN_SCHEMA, database_name
from migration_checks.environment import Outcome
from migration_checks.nature import bare, mentions
from migration_checks.profile import read_file
from migration_checks.seeding.schema import Reader
from migration_checks.transition import Leg, Transition
from migration_checks.trials.growth_rows import Connection, Grown, multiply
from migration_checks.trials.growth_seen import CLEARLY, FEW_ROWS, GrowthEvidence, Run, tally
from migration_checks.trials.lab import Bed

WANTED = 10_000
"""Rows that the leading table is to have at the largest of three sizes: enough for what grows to show beside what does not."""
FACTORS = (4, 10)
"""Between what a size is larger than the one before."""
LOOPING, MOST_STATEMENTS = 5, 4_000
"""How often a statement comes in a loop at least, and how many statements such a step may send at the largest size."""
REPEATS = 3
"""How often the step is run at each size, where it does more at the larger ones. One in a loop is its own repetition: twice."""
MOST_ROWS = 1_000_000
"""Rows of all grown tables together, at the largest size."""

UNREAD = "its rows cannot be read"

COUNTERS_SETTLE = 0.6
"""Seconds until PostgreSQL 14 tells what other sessions counted: its statistics collector writes twice a second."""


def trial(settings: Settings) -> GrowthTrial:
    """The trial that `--trial growth` names."""
    profile = read_file(settings.profile) if settings.profile is not None else None
    return GrowthTrial(Production(settings.at_rows, profile), settings.budgets.small_table, settings.project)


@dataclass(frozen=True, slots=True)
class GrowthTrial:
    """Runs the step on copies whose rows are multiplied.

    What it touches grows alike; where --at-rows names some of that, only these tables do, with those that their keys lead to.
    """

    production: Production
    small: int
    root: Path
    name: str = "growth"

    def run(self, bed: Bed) -> Iterator[Transition]:
        with bed.copy("growth") as copy:
            known = _tables(copy)
            first = _measured(copy, bed)
            touched = first.touched & known.keys() | _named(bed, known)
        if first.outcome.failure is not None:
            bed.note(f"Its growth trial has no result: the upgrade of a copy fails ({first.outcome.failure.kind}).")
            return
        populated = frozenset(name for name in touched if known[name])
        wanted = frozenset(name for name in populated if self._said(name)) or populated
        nothing = GrowthEvidence(reason="it touches no table that has rows")
        evidence = self._grown(bed, wanted, first) if wanted else nothing
        if evidence is not None and (unread := {name: UNREAD for name in sorted(touched) if known[name] is None}):
            evidence = replace(evidence, not_grown={**evidence.not_grown, **unread})
        if evidence is not None:
            outcome = first.outcome
            yield bed.transition(Leg.GROWTH, evidence, statements=outcome.statements, seconds=outcome.seconds)

    def _grown(self, bed: Bed, wanted: Collection[str], first: _Measured) -> GrowthEvidence | None:
        """The evidence, or None and a note where the rows cannot be multiplied, or the step fails on more of them."""
        with _Sizes(bed, wanted) as sizes:
            least = sizes.at(1)
            if not least.rows:
                why = "; ".join(f"{name}: {reason}" for name, reason in sorted(least.why_not.items()))
                bed.note(f"Its growth trial was not made, since the rows of what it touches cannot be multiplied ({why}).")
                return None
            table = max(least.rows, key=lambda name: (self._said(name), self._rows(name), least.rows[name], name))
            loops = _loops(first.outcome)
            factor = _factor(least.rows[table], sum(least.rows.values()), first.outcome.statement_count if loops else 0)
            try:
                runs = [self._run(bed, sizes, table, times) for times in (1, factor)]
                runs.append(self._run(bed, sizes, table, _third(factor, *runs)))
                runs = self._counted_again(bed, sizes, table, runs)
            except NoResult as reason:
                bed.note(f"Its growth trial has no result: {reason}.")
                return None
            grown, at_rows = tuple(sorted(least.rows)), self.production.rows(table)
            why_not = {name: why for name, why in least.why_not.items() if name in wanted}
            evidence = GrowthEvidence(table, grown, tuple(runs), at_rows, None, why_not, self.small, self.root)
            if evidence.idle and not evidence.slower:
                return evidence
            again = zip(runs, sizes.times, strict=True)
            return replace(evidence, runs=tuple(self._again(bed, sizes, run, times, loops=loops) for run, times in again))

    def _said(self, table: str) -> int:
        """The rows of production that --at-rows says of this table by name."""
        by_name = {name: rows for name, rows in self.production.said.items() if name}
        return Production(by_name).rows(table) or 0

    def _rows(self, table: str) -> int:
        """The rows of production that a profile knows."""
        return Production({}, self.production.profile).rows(table) or 0

    def _counted_again(self, bed: Bed, sizes: _Sizes, table: str, runs: list[Run]) -> list[Run]:
        """Runs whose work seems to grow faster than the data, counted without the scans that are cheap on small tables only.

        A table of a few pages is read as a whole where in production its index is used; what has no index is read as a whole
        even so. Raises NoResult.
        """
        if not GrowthEvidence(table, runs=tuple(runs)).expected[1] >= CLEARLY:
            return runs
        without = [self._run(bed, sizes, table, times, settings=("enable_seqscan = off",)) for times in sizes.times]
        return [replace(run, work=min(run.work, other.work)) for run, other in zip(runs, without, strict=True)]

    def _run(self, bed: Bed, sizes: _Sizes, table: str, times: int, settings: Collection[str] = ()) -> Run:
        """The step where every row is there so many times, with `settings` of the database. Raises NoResult."""
        grown = sizes.at(times)
        least = sizes.at(1).rows
        if grown.rows.keys() != least.keys() or grown.rows[table] < least[table] * (times + 1) / 2:
            raise NoResult(f"the rows of what it touches cannot be multiplied by {times}")
        with bed.copy("growth", of=sizes.url(times)) as copy:
            for setting in settings:
                name = sql.Identifier(database_name(copy.url)).as_string(copy.connection)
                copy.connection.execute(f"ALTER DATABASE {name} SET {setting}".encode())
            seen = _measured(copy, bed)
        outcome = seen.outcome
        if outcome.failure is not None:
            raise NoResult(f"where its tables have {times} times the rows, the upgrade fails ({outcome.failure.kind})")
        return Run(grown.rows[table], outcome.statement_count, outcome.statements, seen.work, (outcome.seconds,))

    def _again(self, bed: Bed, sizes: _Sizes, run: Run, times: int, *, loops: bool) -> Run:
        """The same run again, for its time."""
        seconds = list(run.seconds)
        while len(seconds) < (REPEATS - 1 if loops else REPEATS):
            with bed.copy("growth", of=sizes.url(times)) as copy:
                outcome = copy.environment.upgrade(bed.revision.id)
            if outcome.failure is not None:
                break
            seconds.append(outcome.seconds)
        return replace(run, seconds=tuple(seconds))


class NoResult(Exception):
    """The step could not be run at a size; the message says why, in half a sentence."""


class _Sizes:
    """Databases with multiplied rows, each made when it is asked for; all are dropped on leaving."""

    def __init__(self, bed: Bed, wanted: Collection[str]) -> None:
        self.bed = bed
        self.wanted = wanted
        self._made: dict[int, tuple[str, Grown]] = {}

    def __enter__(self) -> _Sizes:
        return self

    def __exit__(self, *_: object) -> None:
        for url, _grown in self._made.values():
            self.bed.databases.drop(url)

    @property
    def times(self) -> tuple[int, ...]:
        return tuple(self._made)

    def at(self, times: int) -> Grown:
        """The rows where each is there so many times."""
        if times not in self._made:
            url = self.bed.databases.copy(self.bed.url, "grown")

            with connect(url) as connection:
                grown = multiply(connection, self.wanted, times)
            self._made[times] = (url, grown)
        return self._made[times][1]

    def url(self, times: int) -> str:
        """The database of a size that was asked for."""
        return self._made[times][0]


@dataclass(frozen=True, slots=True)
class _Measured:
    """One run of the step: the tables of the user that it touched, and how many rows in all."""

    outcome: Outcome
    touched: frozenset[str]
    work: int


def _measured(copy: Bench, bed: Bed) -> _Measured:
    before = _counters(copy.connection)
    outcome = copy.environment.upgrade(bed.revision.id)
    if copy.connection.info.server_version < 150000:
        time.sleep(COUNTERS_SETTLE)
    after = _counters(copy.connection)
    nothing = ("", 0, 0)
    moved = {
        oid: now for oid, now in after.items() if now[1:] != before.get(oid, nothing)[1:] and now[0] not in copy.bookkeeping
    }
    work = sum(now[1] - before.get(oid, nothing)[1] for oid, now in moved.items())
    return _Measured(outcome, frozenset(now[0] for now in moved.values()), work)


@cache
def _query() -> bytes:
    return resources.files(__package__).joinpath("growth_work.sql").read_bytes()


def _counters(connection: Connection) -> Mapping[int, tuple[str, int, int]]:
    rows = connection.execute(_query(), {"own": OWN_SCHEMA}).fetchall()
    return {oid: (name, int(work), int(scans)) for oid, name, work, scans in rows}


def _tables(copy: Bench) -> Mapping[str, bool | None]:
    """The tables of the place below, and whether each has rows; None where this role may not read them."""
    found = Reader(copy.connection).relations()
    names = [each.name for each in found if each.root is None and each.name not in copy.bookkeeping]
    return {name: _has_rows(copy.connection, name) for name in names}


def _has_rows(connection: Connection, table: str) -> bool | None:
    try:
        row = connection.execute(f"SELECT EXISTS (SELECT FROM {table})".encode()).fetchone()
    except psycopg.Error:
        return None
    return bool(row and row[0])


def _named(bed: Bed, known: Mapping[str, bool | None]) -> frozenset[str]:
    """The tables that a statement of the step names."""
    texts = [each.sql.lower() for each in bed.ascend.statements]
    return frozenset(name for name in known if any(mentions(text, bare(name).lower()) for text in texts))


def _loops(outcome: Outcome) -> bool:
    """Whether some statement comes again and again, for few rows each time."""
    groups = tally(outcome.statements).values()
    return any(len(each) >= LOOPING and sum(max(e.rows, 0) for e in each) < FEW_ROWS * len(each) for each in groups)


def _factor(rows: int, all_rows: int, statements: int) -> int:
    """How much larger each size is than the one before; `statements` of a step that sends them in a loop."""
    if statements:
        return 4 if statements * 16 <= MOST_STATEMENTS else 2
    low, high = FACTORS
    factor = min(max(math.ceil(math.sqrt(WANTED / max(rows, 1))), low), high)
    return factor if all_rows * factor**2 <= MOST_ROWS else 2


def _third(factor: int, small: Run, large: Run) -> int:
    """How many times the rows of the largest size; where what is touched grows out of hand already, not that many."""
    return factor * 2 if large.work > 1.5 * factor * max(small.work, 1) else factor**2

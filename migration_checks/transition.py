"""One leg of the walk as a value: what was run, what it changed, and what it left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from migration_checks.snapshot import Json, ObjectId, Snapshot


class Leg(StrEnum):
    """How a place was left for the next one.

    ASCEND upgrades a revision, UNDO downgrades it again, REDO upgrades it once more, WRITES downgrades it after rows were
    written through the new schema, LEAP upgrades everything as `alembic upgrade` does, DESCEND downgrades on the way from
    head to start, ORDER upgrades a copy whose rows lie in another physical order (held against what ASCEND built).

    The others are made only when asked for (migration_checks.trials.lab): OBSERVE and OBSERVE_DOWN watch each statement of
    the upgrade and of the downgrade, QUEUE runs the step behind an open reader, GROWTH at several sizes, SKEW runs the
    statements of the other version of the application, CRASH kills the step half-way, RUNNERS runs it twice at once,
    TRAFFIC while a workload reads and writes.
    """

    ASCEND = "ascend"
    UNDO = "undo"
    REDO = "redo"
    WRITES = "writes"
    LEAP = "leap"
    DESCEND = "descend"
    ORDER = "order"
    OBSERVE = "observe"
    OBSERVE_DOWN = "observe-down"
    QUEUE = "queue"
    GROWTH = "growth"
    SKEW = "skew"
    CRASH = "crash"
    RUNNERS = "runners"
    TRAFFIC = "traffic"

    @property
    def upward(self) -> bool:
        return self not in (Leg.UNDO, Leg.WRITES, Leg.DESCEND, Leg.OBSERVE_DOWN)


class Evidence(Protocol):
    """What a trial saw, typed by the trial; checks look at the type that they know."""

    def observations(self) -> Mapping[str, Json]:
        """What is the same in every run of the same input, for the report."""
        ...

    def timing(self) -> Mapping[str, Json]:
        """What differs from run to run: durations, sizes, waits."""
        ...


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement that a step sent.

    `path` and `line` name the frame in the revision script that emitted it (None when it came from elsewhere). `rows` is
    what the driver counted, -1 when it did not. `autocommit` is true outside a transaction. `notes` is for observers.
    """

    sql: str
    seconds: float = 0.0
    rows: int = -1
    path: str | None = None
    line: int | None = None
    autocommit: bool = False
    notes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a leg raised. `sqlstate` is PostgreSQL's five-character code, None when no database error was involved.

    `kind` is the exception's class name; `refused` is true for NotImplementedError, a downgrade that says it cannot;
    `deliberate` for any exception that the script raises itself, and not in answer to another one: a guard of its author's.
    `table`, `column` and `constraint` are what the server's diagnostics name. `path` and `line` locate the last frame in a
    revision script.
    """

    kind: str
    message: str
    sqlstate: str | None = None
    refused: bool = False
    deliberate: bool = False
    timed_out: bool = False
    statement: str | None = None
    table: str | None = None
    column: str | None = None
    constraint: str | None = None
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """A catalog object that differs between two snapshots.

    `change` is "added", "removed", "changed" or "renamed" (then `identity` is the new name and `renamed_from` the old one).
    `facets` maps each facet that differs to (before, after); it is empty for added and removed objects. `cosmetic` is true
    when only the order of columns, a generated name or the storage of a column differs (check MC204).
    `folded` counts the objects below it that came or went with it.
    """

    kind: str
    identity: str
    change: str
    facets: Mapping[str, tuple[Json, Json]] = field(default_factory=dict)
    cosmetic: bool = False
    parent: ObjectId | None = None
    renamed_from: str | None = None
    folded: int = 0


@dataclass(frozen=True, slots=True)
class ValueSample:
    """One differing value: the row's key as text by column, and the value before and after as text (None is SQL NULL)."""

    key: Mapping[str, str | None]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """Values of one column that differ in rows that both snapshots hold.

    `changed` counts values that differ in meaning, `represented` those that are equal but written differently (1.0 and
    1.00), `nulled` those of `changed` that became NULL, `filled` those that were NULL. `volatile` counts those of `changed`
    that only the moment or chance of the run explains (a timestamp within the leg, a fresh uuid). `set_aside` are further ones
    that differ in rows which the walk made contradictory, so that they prove nothing.
    `column` is the name in the later snapshot, `column_before` in the earlier one.
    """

    column: str
    column_before: str
    changed: int
    represented: int = 0
    nulled: int = 0
    filled: int = 0
    volatile: int = 0
    samples: tuple[ValueSample, ...] = ()
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class TableChange:
    """How the rows of one table differ between two snapshots.

    `table` is the name in the later snapshot (in the earlier one when the table is gone), `table_before` in the earlier one
    (None for a table that is new). `missing` and `added` count rows by key, or as a multiset when `key` is empty; their
    samples are keys, or whole rows, as text. `dropped` and `created` are columns that only one side has; `dropped_values`
    counts the non-NULL values that went with each dropped column. `represented` counts rows of a table without a key that
    are equal but written differently.
    """

    table: str
    table_before: str | None
    key: tuple[str, ...]
    rows_before: int
    rows_after: int
    rows_compared: int
    values_compared: int
    missing: int = 0
    added: int = 0
    missing_samples: tuple[Mapping[str, str | None], ...] = ()
    added_samples: tuple[Mapping[str, str | None], ...] = ()
    columns: tuple[ColumnChange, ...] = ()
    dropped: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    dropped_values: Mapping[str, int] = field(default_factory=dict)
    represented: int = 0

    @property
    def equal(self) -> bool:
        """True when nothing differs in meaning between the rows that both sides can hold."""
        return not (self.missing or self.added or any(column.changed for column in self.columns))


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that differs between two snapshots, and how much was compared to say so.

    `rows_compared` and `values_compared` include untouched tables, whose rows are known to be the same ones.
    `unread` maps a table that could not be compared to the reason.
    """

    catalog: tuple[CatalogChange, ...] = ()
    tables: tuple[TableChange, ...] = ()
    rows_compared: int = 0
    values_compared: int = 0
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def schema_equal(self) -> bool:
        return not any(not change.cosmetic for change in self.catalog)

    @property
    def data_equal(self) -> bool:
        return all(table.equal for table in self.tables)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where values went: `place` is schema.table.column, `how` one of "same row", "referencing row", "referenced row",
    "document", "new table"; `written_by` the revision whose upgrade wrote them there, None when it is the same one."""

    place: str
    how: str
    count: int
    written_by: str | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the values of one column, or of the rows of one table, that an upgrade made disappear.

    `what` is "values" or "rows"; `how` is "dropped", "overwritten" or "deleted". total == moved + restored + lost, where
    `restored` counts what no search found but the way down gave back exactly. `caused_by` is an earlier revision that
    carried other values of the same column away and skipped these, if there is one.
    """

    subject: str
    what: str
    how: str
    total: int
    moved: tuple[Destination, ...] = ()
    restored: int = 0
    lost: int = 0
    samples: tuple[ValueSample, ...] = ()
    caused_by: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One leg at one revision.

    `before` is where it started, `after` where it ended (also after a failure: where the database stands then).
    `baseline` is what the database looked like when the walk last stood where this leg should end: UNDO and DESCEND are
    held against it, REDO against what ASCEND built, LEAP against what single steps built; None for ASCEND.
    `changes` is before -> after, `residue` baseline -> after. `fates` is filled for ASCEND.
    `expected_heads` is what the version table should hold, `after.heads` what it holds.
    Rows that the walk itself wrote after `baseline` was taken are not part of `residue`. `discarded` lists, for WRITES, per
    table the written rows that are gone or altered although the old schema can hold them. `drift` is what autogenerate would
    still change at head. `unfilled` maps a table that stayed empty to the reason. `emptied` says that the walk took
    the rows away, because the upgrade fails on them (MC101 tells), `made_up` that an upgrade failed only on rows that were all
    made up from the schema, or a way down on rows that the walk had put in above. `location` is the script's file and line.
    `evidence` is what a trial saw; such a leg compares no rows.
    """

    leg: Leg
    revision: str
    before: Snapshot
    after: Snapshot
    baseline: Snapshot | None = None
    changes: Changes = Changes()
    residue: Changes = Changes()
    statements: tuple[Statement, ...] = ()
    seconds: float = 0.0
    failure: Failure | None = None
    expected_heads: frozenset[str] = frozenset()
    downgrade_empty: bool = False
    marked_irreversible: bool = False
    fates: tuple[Fate, ...] = ()
    discarded: tuple[TableChange, ...] = ()
    drift: tuple[str, ...] = ()
    unfilled: Mapping[str, str] = field(default_factory=dict)
    emptied: bool = False
    made_up: bool = False
    location: tuple[str, int] | None = None
    evidence: Evidence | None = None

"""What was observed of a step, as values: one record a statement, one a relation, one a lock that others would wait behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CONNECTION = "connection"
"""A source: the session's own pg_locks at the end of the statement."""
TRIGGER = "event trigger"
"""A source: an event trigger within the statement."""
POLLER = "poller"
"""A source: another session that looked on while the statement waited for it."""
COUNTERS = "counters"
"""A source: the session's counters; no row is read or written without this lock."""
STORAGE = "storage"
"""A source: the relation has another file, which only this lock allows."""
CATALOG = "catalog"
"""A source: the catalog, compared before and after the statement."""

TRUNCATED = "truncated"
REFRESHED = "refreshed"
HARMLESS = frozenset({TRUNCATED, REFRESHED})
"""Reasons of new files that cost no more than was asked for: an empty one, and that of a view whose rows are made again."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock of a statement's transaction at its end: acquired by it (`new`), or held since an earlier one.

    `kind` is what the relation is ("table", "index", "partition", "child", "referenced", "view", "sequence", ...), where
    "referenced" is a table that is locked because a foreign key of another one refers to it.
    """

    relation: str
    kind: str
    mode: str
    new: bool
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A relation that was written anew: `kind` is "table" or "index" (or a materialized view), `table` the index's table."""

    relation: str
    kind: str
    reason: str
    sources: tuple[str, ...]
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """Rows of a relation that were read in order of storage, and the strongest lock that was held on it."""

    relation: str
    rows: int
    under: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Rows of one relation that a statement wrote, by the server's counters: also those that a trigger or cascade wrote."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def rows(self) -> int:
        return self.inserted + self.updated + self.deleted

    def __add__(self, other: Changed) -> Changed:
        return Changed(self.inserted + other.inserted, self.updated + other.updated, self.deleted + other.deleted)


@dataclass(frozen=True, slots=True)
class Observed:
    """One statement. `times` counts how often it was sent with the same text from the same line, `rows` sums the driver's.

    `transaction` counts from 1. `looked` is false where its session could not be looked at. Measured are `began` (seconds
    since the step began), `seconds`, `own_seconds` (without waiting for a processor), `held_until` (when its transaction
    ended), `wal_bytes` (None where unknown; all that the server wrote meanwhile), and `glimpsed`: locks that another session
    happened to see.
    """

    sql: str
    path: str | None
    line: int | None
    transaction: int
    autocommit: bool
    rows: int
    times: int = 1
    looked: bool = True
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    scans: tuple[Scan, ...] = ()
    changed: Mapping[str, Changed] = field(default_factory=dict)
    began: float = 0.0
    seconds: float = 0.0
    own_seconds: float = 0.0
    held_until: float = 0.0
    wal_bytes: int | None = None
    glimpsed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation as it stood when the step began, or as the step made it (`existed` false).

    `rows` is the exact number then, None where it could not be counted; `production` that of production, None where nobody
    said. `owner` is the table of an index, `parents` what a partition or child inherits from. Bytes are with indexes.
    """

    name: str
    kind: str
    existed: bool = True
    rows: int | None = None
    production: int | None = None
    owner: str | None = None
    parents: tuple[str, ...] = ()
    size_before: int | None = None
    size_after: int | None = None
    dead_rows: int | None = None

    @property
    def populated(self) -> bool:
        """Whether others may be at work on it: it was there before the step, and held rows."""
        return self.existed and bool(self.rows)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key by its qualified name, the table it is of and the one it refers to, and whether an index supports it."""

    name: str
    table: str
    referenced: str
    columns: tuple[str, ...]
    indexed: bool
    new: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """What a transaction did while it held a lock: `what` is "rewrite", "scan", "build" (of an index) or "change";
    `share` is that of the relation's rows."""

    what: str
    relation: str
    share: float
    statement: int


@dataclass(frozen=True, slots=True)
class Hold:
    """A lock on a table that keeps others from it, from its acquisition to the end of the transaction.

    `statement` is the number of the one that took it, `seconds` what it and the following ones of the transaction cost by
    themselves, without waiting for a processor. `work` is what was done meanwhile. `via` is the index through which the table
    is blocked, if so.
    """

    relation: str
    mode: str
    statement: int
    seconds: float
    work: tuple[Work, ...] = ()
    via: str | None = None

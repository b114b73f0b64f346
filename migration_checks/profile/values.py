"""What a profile says, as values: fractions are shares of all rows of a table, from 0 to 1, unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

FORMAT = "migration-checks-profile/1"
SHAPE_KINDS = ("number", "year")
MISSING = ("never analyzed", "no privilege", "row security", "timeout")


@dataclass(frozen=True, slots=True)
class Common:
    """One of a column's most common values: how frequent it is, and the value itself where it identifies nobody."""

    fraction: float
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """The share of the values that are not NULL which lie from `low` up to, but not at, `high`."""

    low: float
    high: float
    fraction: float


@dataclass(frozen=True, slots=True)
class Shape:
    """How numbers spread over steps of 1, 2 and 5 times a power of ten ("number"), or moments over years ("year")."""

    kind: str
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column. `type` is as format_type writes it, `width` the average in bytes.

    Of `distinct`, a number of values, and `distinct_fraction`, a share of the rows, at most one is known: PostgreSQL decides
    which of them stays the same while a table grows. `common` comes most frequent first.
    """

    name: str
    type: str
    null_fraction: float = 0.0
    distinct: int | None = None
    distinct_fraction: float | None = None
    width: int = 0
    common: tuple[Common, ...] = ()
    shape: Shape | None = None

    def distinct_in(self, rows: int) -> int | None:
        """How many different values a table of `rows` rows is to hold, None where nobody knows."""
        if self.distinct_fraction is not None:
            return max(1, round(self.distinct_fraction * rows))
        return self.distinct


@dataclass(frozen=True, slots=True)
class NullPattern:
    """The share of the rows in which, of a group's columns, just those in `nulls` are NULL."""

    nulls: tuple[str, ...]
    fraction: float


@dataclass(frozen=True, slots=True)
class NullGroup:
    """Columns whose NULLs depend on one another, and the patterns that are common among them."""

    columns: tuple[str, ...]
    patterns: tuple[NullPattern, ...]


@dataclass(frozen=True, slots=True)
class TableProfile:
    """One table, by its qualified and quoted name. `missing` says why columns are not described, None where they are."""

    name: str
    rows: int
    missing: str | None = None
    columns: tuple[ColumnProfile, ...] = ()
    null_groups: tuple[NullGroup, ...] = ()


@dataclass(frozen=True)
class Profile:
    """A database. `server` is its version, such as "18.6"; `values` says whether values were allowed into the profile."""

    server: str
    values: bool
    tables: tuple[TableProfile, ...] = field(default=())

    @cached_property
    def by_name(self) -> Mapping[str, TableProfile]:
        return {table.name: table for table in self.tables}

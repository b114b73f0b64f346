"""What a profile asks of the rows of one table: how many, which columns it describes, and values that suit them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

from migration_checks.profile.shapes import MOMENTS, NUMBERS
from migration_checks.profile.values import ColumnProfile, Profile, TableProfile
from migration_checks.seeding.conditions import bottom
from migration_checks.seeding.likeness import moments, number_fits, numbers, texts
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.scalars import precision
from migration_checks.seeding.schema import Column

CHECKED = 2000
"""How many different values at most are tried against a condition; a profile that knows more of them is not followed."""
UNKNOWN = 200
"""How many different values a column gets of which a profile does not know how many it has."""
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext"})


@dataclass(frozen=True)
class Portraits:
    """A profile at a scale: a table of n rows there is to have n times `scale`, one at least."""

    profile: Profile | None = None
    scale: float = 1.0

    def of(self, table: str) -> Portrait | None:
        """What is asked of a table, None where the profile does not know it."""
        known = self.profile.by_name.get(table) if self.profile else None
        return None if known is None else Portrait(known, max(1, round(known.rows * self.scale)))

    def rows(self, table: str, otherwise: int) -> int:
        """How many rows the table is to have."""
        portrait = self.of(table)
        return otherwise if portrait is None else portrait.rows


@dataclass(frozen=True)
class Portrait:
    """A table's profile, and how many rows it is to have here."""

    table: TableProfile
    rows: int

    @cached_property
    def columns(self) -> Mapping[str, ColumnProfile]:
        return {column.name: column for column in self.table.columns}

    def null_share(self, column: Column) -> float:
        """The share of the column's rows that are to be NULL."""
        known = self.columns.get(column.name)
        return known.null_fraction if known is not None and column.nullable else 0.0

    def values(self, column: Column) -> int:
        """How many different values to draw from, so that the wanted number is left once NULLs have taken the place of some."""
        known = self.columns[column.name]
        blank = self.null_share(column)
        wanted = min(max(1, round(self.rows * (1 - blank))), known.distinct_in(self.rows) or UNKNOWN)
        low, high = wanted, max(wanted, self.rows)
        while low < high:
            middle = (low + high) // 2
            if middle * (1 - blank ** (self.rows / middle)) < wanted - 0.5:
                low = middle + 1
            else:
                high = middle
        return low

    def painted(self, column: Column, pool: Pool, random: Random, *, checked: bool) -> Pool:
        """The pool with the values that the profile knows, and made ones of its shape and width, for plausible ones."""
        known = self.columns.get(column.name)
        if known is None:
            return pool
        named = tuple(each.value for each in known.common if each.value is not None and _fits(column, each.value, pool))
        wanted = max(0, self.values(column) - len(named))
        made = self._made(column, known, pool, min(wanted, CHECKED) if checked else wanted, random, checked)
        return replace(pool, plausible=tuple(dict.fromkeys((*named, *made))), rare=())

    def _made(
        self, column: Column, known: ColumnProfile, pool: Pool, count: int, random: Random, checked: bool
    ) -> tuple[str, ...]:
        kind, modifier = bottom(column.type, column.modifier)
        if known.shape is not None and known.shape.kind == "number" and kind.name in NUMBERS:
            return numbers(known.shape, kind.name, precision(modifier) if kind.name == "numeric" else None, count, random)
        if known.shape is not None and known.shape.kind == "year" and kind.name in MOMENTS:
            return moments(known.shape, kind.name, count, random)
        width = known.width - 1 if kind.name in _TEXTS and not checked else 0
        limit = modifier - 4 if modifier >= 4 else 1 if kind.name == "bpchar" else None
        return texts(pool, count, width, limit if kind.name in _TEXTS else None, random)


def _fits(column: Column, value: str, pool: Pool) -> bool:
    """Whether a value that a profile names can stand in the column as it is at this revision."""
    kind, modifier = bottom(column.type, column.modifier)
    if kind.kind == "e":
        return value in kind.labels
    if kind.name in NUMBERS:
        return number_fits(value, kind.name, precision(modifier) if kind.name == "numeric" else None)
    if kind.name in _TEXTS:
        return modifier < 4 or len(value) <= modifier - 4
    return kind.name == "bool" and value in ("t", "f")

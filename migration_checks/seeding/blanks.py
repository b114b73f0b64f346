"""Puts NULLs where a profile has them: as many in each column, and together where they come together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random

from migration_checks.profile.values import NullGroup
from migration_checks.seeding.building import Columns


def apportioned(weights: Sequence[float], count: int) -> list[int]:
    """Whole numbers in the proportion of the weights that come to `count`; the largest remainders are rounded up."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    exact = [count * weight / total for weight in weights]
    shares = [int(each) for each in exact]
    left = sorted(range(len(weights)), key=lambda place: (shares[place] - exact[place], place))
    for place in left[: count - sum(shares)]:
        shares[place] += 1
    return shares


class Blanks:
    """The NULLs of one table. `units` maps a column to all those that are NULL when it is, `shares` to its share of NULLs."""

    def __init__(
        self, units: Mapping[str, Sequence[str]], shares: Mapping[str, float], groups: Sequence[NullGroup], random: Random
    ) -> None:
        self.units = units
        self.shares = shares
        self.groups = [group for group in groups if len([name for name in group.columns if name in units]) > 1]
        self.random = random

    def apply(self, columns: Columns, count: int, skip: Collection[str] = ()) -> None:
        """Blank the first `count` rows of these columns, but for those in `skip`."""
        here = [name for name in self.units if name in columns and name not in skip]
        grouped: set[str] = set()
        for group in self.groups:
            members = [name for name in group.columns if name in here and name not in grouped]
            grouped |= set(members)
            self._together(columns, members, group, count)
        for name in here:
            if name not in grouped:
                self._blank(columns, name, self._rows(range(count), self.shares[name]))

    def _together(self, columns: Columns, members: Sequence[str], group: NullGroup, count: int) -> None:
        known = sum(pattern.fraction for pattern in group.patterns)
        shares = apportioned([*(pattern.fraction for pattern in group.patterns), max(0.0, 1 - known)], count)
        rows = self.random.sample(range(count), count)
        at = 0
        for pattern, share in zip(group.patterns, shares, strict=False):
            for name in members:
                if name in pattern.nulls:
                    self._blank(columns, name, rows[at : at + share])
            at += share
        for name in members:
            # What the common patterns leave over is spread by itself.
            left = self.shares[name] - sum(pattern.fraction for pattern in group.patterns if name in pattern.nulls)
            self._blank(columns, name, self._rows(rows[at:], left / (1 - known) if known < 1 else 0.0))

    def _rows(self, rows: Sequence[int], share: float) -> Sequence[int]:
        return self.random.sample(rows, min(len(rows), round(max(0.0, share) * len(rows))))

    def _blank(self, columns: Columns, name: str, rows: Sequence[int]) -> None:
        for each in self.units[name]:
            if each in columns:
                column = columns[each]
                for row in rows:
                    column[row] = None

"""References choose, for each row, the row of another table that a foreign key points at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from random import Random

from migration_checks.seeding.conditions import bottom
from migration_checks.seeding.schema import Column, ForeignKey, Table
from migration_checks.seeding.sources import NULL_SHARE, Exhausted

Key = tuple[str, ...]
Cells = Mapping[str, "str | None"]

_CHARACTERS = frozenset(("varchar", "bpchar"))
_WIDTHS = {"int2": 15, "int4": 31}
"""Bits of the whole numbers that a type can hold, beside the sign; a parent's may be wider."""


def has_room(column: Column, value: str) -> bool:
    """Whether a column can hold the key of a parent: one of a shorter or narrower type holds only some of them."""
    kind, modifier = bottom(column.type, column.modifier)
    if kind.name in _CHARACTERS and modifier > 4:
        return len(value) <= modifier - 4
    bits = _WIDTHS.get(kind.name)
    return bits is None or not value.lstrip("-").isdigit() or -(2**bits) <= int(value) < 2**bits


class Reference:
    """One foreign key: the keys that exist, and how one is chosen.

    `unique` keys are taken once each (one-to-one). `own` is true for a table that refers to itself: its keys are those of
    the rows accepted so far. `optional` are the columns that may be NULL.
    """

    def __init__(self, key: ForeignKey, table: Table, random: Random, keys: Sequence[Key], *, unique: bool, own: bool) -> None:
        self.key = key
        self.random = random
        self.unique = unique
        self.own = own
        nullable = {column.name for column in table.writable if column.nullable}
        self.optional = tuple(name for name in key.columns if name in nullable)
        self.keys: list[Key] = list(keys)
        self.known: set[Key] = set(keys)
        self.null_share = NULL_SHARE
        # Whether NULLs are put in later, for many rows at once.
        self.blanked = False
        self._shared: dict[tuple[int, ...], dict[Key, list[Key]]] = {}
        self._left = random.sample(self.keys, len(self.keys)) if unique else []

    @property
    def blankable(self) -> bool:
        """Whether it may point nowhere."""
        return set(self.optional) == set(self.key.columns) if self.key.full else bool(self.optional)

    def add(self, key: Key) -> None:
        """A row with this key exists now."""
        self.keys.append(key)
        self.known.add(key)
        for places, groups in self._shared.items():
            groups.setdefault(tuple(key[place] for place in places), []).append(key)

    def met(self, cells: Cells, itself: Key | None = None) -> bool:
        """Whether the row points at a row that exists (`itself` counts), or nowhere as the key allows."""
        values = tuple(cells[name] for name in self.key.columns)
        if None in values:
            return not self.key.full or all(value is None for value in values)
        return values in self.known or (self.own and values == itself)

    def blank(self, cells: dict[str, str | None], fixed: frozenset[str]) -> bool:
        """Let the row point nowhere; false when it cannot."""
        free = [name for name in self.optional if name not in fixed]
        if not free or (self.key.full and len(free) < len(self.key.columns)):
            return False
        cells.update(zip(free, repeat(None)))
        return True

    def choose(self, cells: dict[str, str | None], fixed: frozenset[str], itself: Key | None = None) -> None:
        """Point the row somewhere, leaving the columns in `fixed` as they are; raises Exhausted when nothing fits."""
        if self.random.random() < self.null_share and self.blank(cells, fixed):
            return
        key = self._pick(cells, fixed, itself)
        if key is not None:
            cells.update((name, value) for name, value in zip(self.key.columns, key, strict=True) if name not in fixed)
        elif not self.blank(cells, fixed):
            raise Exhausted

    def _pick(self, cells: Cells, fixed: frozenset[str], itself: Key | None) -> Key | None:
        if self.unique:
            return self._once(cells, fixed)
        candidates = self._matching(cells, fixed)
        if candidates:
            # Skewed on purpose: some parents have many children, some have none.
            return candidates[int(len(candidates) * self.random.random() ** 1.4)]
        if (
            self.own
            and itself is not None
            and all(cells[n] == v for n, v in zip(self.key.columns, itself, strict=True) if n in fixed)
        ):
            return itself
        return None

    def _once(self, cells: Cells, fixed: frozenset[str]) -> Key | None:
        for place in range(len(self._left) - 1, -1, -1):
            key = self._left[place]
            if all(cells[name] == value for name, value in zip(self.key.columns, key, strict=True) if name in fixed):
                return self._left.pop(place)
        return None

    def _matching(self, cells: Cells, fixed: frozenset[str]) -> list[Key]:
        places = tuple(place for place, name in enumerate(self.key.columns) if name in fixed)
        if not places:
            return self.keys
        groups = self._shared.get(places)
        if groups is None:
            groups = self._shared[places] = {}
            for key in self.keys:
                groups.setdefault(tuple(key[place] for place in places), []).append(key)
        wanted = tuple(cells[self.key.columns[place]] for place in places)
        return groups.get(wanted, [])  # type: ignore[arg-type]

    def several(self, count: int, given: Sequence[list[str | None]]) -> list[list[str | None]]:
        """The key's columns for the first rows, skewed as `choose` does; rows that point nowhere keep what `given` says."""
        columns = [list(column) for column in given]
        share = self.null_share if self.blankable and not self.blanked else 0.0
        nullable = [name in self.optional for name in self.key.columns]
        for row in range(count):
            key = self.keys[int(len(self.keys) * self.random.random() ** 1.4)] if self.keys else None
            if key is None or self.random.random() < share:
                for column, may in zip(columns, nullable, strict=True):
                    column[row] = None if may else column[row]
            else:
                for column, value in zip(columns, key, strict=True):
                    column[row] = value
        return columns

    def earlier(self, keys: Sequence[str | None], start: int) -> list[str | None]:
        """For a table of its own and the rows from `start` on, the key of some earlier row each, or nowhere."""
        share = self.null_share if self.blankable else 0.0
        random = self.random.random
        return [None if random() < share else keys[int(random() * row)] for row in range(start, len(keys))]

    def many(self, count: int) -> list[Key] | None:
        """Keys for `count` further rows at once; None when they must be chosen row by row."""
        if self.own or not self.keys:
            return None
        if not self.unique:
            return self.random.choices(self.keys, k=count)
        taken, self._left = self._left[:count], self._left[count:]
        return taken

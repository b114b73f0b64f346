"""Settles rows: what ties the columns of a row together, and rows to one another, is met by trial and redrawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import prod
from random import Random
from typing import Any

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.conditions import Condition
from migration_checks.seeding.plan import Plan
from migration_checks.seeding.references import Reference
from migration_checks.seeding.sources import Exhausted, Repeating
from migration_checks.seeding.unique import Uniqueness

_TRIES = 60
_STARTS = 12

Cells = dict[str, "str | None"]


class Settler:
    """Settles single rows: references chosen, conditions met, no key twice, by redrawing what is `movable`.

    It is a local search: a rule that is broken names its columns, one or all of them are drawn again, and the rules are
    asked anew.
    `chosen` are the references whose columns are filled already. `leaf_of` says which partition a row is meant for.
    """

    def __init__(
        self,
        plan: Plan,
        batch: Batch,
        random: Random,
        leaf_of: Callable[[int], int | None],
        references: Sequence[Reference],
        conditions: Sequence[Condition],
        uniques: Sequence[Uniqueness],
        movable: frozenset[str],
        chosen: Sequence[Reference],
    ) -> None:
        self.plan = plan
        self.batch = batch
        self.random = random
        self.leaf_of = leaf_of
        self.references = references
        self.conditions = conditions
        self.uniques = uniques
        self.movable = movable
        self.needed = self._needed()
        self.rooms = [(unique, room) for unique in uniques if (room := self._room(unique)) is not None]
        self.open = [reference for reference in references if reference not in chosen]

    def _needed(self) -> list[str]:
        names = {name for reference in self.references for name in (*reference.key.columns, *reference.key.parent_columns)}
        names |= {name for each in (*self.conditions, *self.plan.leaves) for name in each.columns}
        names |= {name for unique in self.uniques for name in (*unique.columns, *unique.predicate_columns)}
        return sorted(name for name in names if name in self.batch.columns)

    def _room(self, unique: Uniqueness) -> int | None:
        """How many keys a unique key can have at most; None where nothing limits them."""
        references = [each for each in self.references if set(each.key.columns) & set(unique.columns)]
        covered = {name for each in references for name in each.key.columns}
        sources = [self.plan.sources.get(name) for name in unique.columns if name not in covered]
        if unique.predicate is not None or any(each.own or each.optional for each in references):
            return None
        if any(not isinstance(source, Repeating) or source.nullable or self.plan.leaves for source in sources):
            return None
        sizes = [len(source.pool.values) for source in sources if isinstance(source, Repeating)]
        return prod([*sizes, *(len(each.known) for each in references)])

    def settle(self, row: int) -> bool:
        """Settle a row; false when no way was found."""
        if any(len(unique.seen) >= room for unique, room in self.rooms):
            return False
        for _ in range(_STARTS):
            cells: Cells = {name: self.batch.value(name, row) for name in self.needed}
            try:
                self._refer(cells, self.open)
            except Exhausted:
                continue
            return self._settled(cells, row)
        return False

    def _settled(self, cells: Cells, row: int) -> bool:
        try:
            for _ in range(_TRIES):
                culprits = self._violated(cells, row)
                if culprits is None:
                    self._keep(cells, row)
                    return True
                self._redraw(cells, culprits, row)
        except Exhausted:
            pass
        return False

    def _refer(self, cells: Cells, only: Sequence[Reference] | None = None) -> None:
        fixed = frozenset(cells.keys() - self.movable)
        done = set(fixed)
        for reference in self.references:
            if only is None or reference in only:
                if len(self.movable & set(reference.key.columns)) == 0:
                    continue
                reference.choose(cells, frozenset(done), self._itself(reference, cells))
            done |= set(reference.key.columns)

    def _itself(self, reference: Reference, cells: Cells) -> tuple[str, ...] | None:
        if not reference.own:
            return None
        key = tuple(cells.get(name) for name in reference.key.parent_columns)
        return None if None in key else key  # type: ignore[return-value]

    def _violated(self, cells: Cells, row: int) -> Sequence[str] | None:
        """The columns of the first rule that the row breaks, None when it breaks none."""
        typed = self.plan.typed

        def value(name: str) -> object:
            return typed[name](cells[name])

        leaf = self.leaf_of(row)
        if leaf is not None and self.plan.leaves[leaf].met(value) is False:
            return sorted(self.plan.leaves[leaf].columns)
        for condition in self.conditions:
            if condition.met(value) is False:
                return sorted(condition.columns)
        for reference in self.references:
            if not reference.met(cells, self._itself(reference, cells)):
                return reference.key.columns
        for unique in self.uniques:
            key = unique.key(cells.__getitem__, value)
            if key is not None and key in unique.seen:
                return (*unique.columns, *unique.predicate_columns)
        return None

    def _redraw(self, cells: Cells, culprits: Sequence[str], row: int) -> None:
        names = [name for name in culprits if name in self.movable and name in cells]
        if not names:
            raise Exhausted
        random = self.random
        leaf = self.leaf_of(row)
        if len(names) > 1 and random.random() < 0.3 and self._moved(cells, names):
            return
        chosen = names if random.random() < 0.3 else [random.choice(names)]
        for name in chosen:
            references = [reference for reference in self.references if name in reference.key.columns]
            if references and random.random() < 0.3 and references[0].blank(cells, frozenset(cells.keys() - self.movable)):
                continue
            if references:
                self._refer(cells, references[:1])
                self._refer(cells, [r for r in self.references if set(r.key.columns) & set(references[0].key.columns)][1:])
            elif leaf is not None and name in self.plan.choices[leaf]:
                values = self.plan.choices[leaf][name]
                source = self.plan.sources[name]
                cells[name] = between(values, random) if values and not source.distinct else source.again()
            elif name in self.plan.sources:
                cells[name] = self.plan.sources[name].again()

    def _moved(self, cells: Cells, names: Sequence[str]) -> bool:
        """Move one moment close after another: conditions on two of them mostly ask for that."""
        moments = [name for name in names if name in self.plan.sources and isinstance(self._typed(name, cells), datetime)]
        if len(moments) < 2:
            return False
        first, then = self.random.sample(moments, 2)
        start = self._typed(first, cells)
        if self.plan.sources[then].distinct or not datetime(1800, 1, 1) < start < datetime(2900, 1, 1):
            return False
        moved = start + timedelta(days=self.random.randint(0, 30), minutes=self.random.randint(1, 600))
        cells[then] = _as(moved, cells[then] or "")
        return True

    def _typed(self, name: str, cells: Cells) -> Any:
        return self.plan.typed[name](cells[name])

    def _keep(self, cells: Cells, row: int) -> None:
        typed = self.plan.typed
        for name in self.movable & cells.keys():
            column = self.batch.columns[name]
            if row < len(column):
                column[row] = cells[name]
        for unique in self.uniques:
            key = unique.key(cells.__getitem__, lambda name: typed[name](cells[name]))
            if key is not None:
                unique.seen.add(key)
        for reference in self.references:
            itself = self._itself(reference, cells)
            if itself is not None:
                reference.add(itself)


def between(values: Sequence[str], random: Random) -> str:
    """One of the values, or a whole number between the least and the greatest of them if they are whole numbers."""
    chosen = random.choice(values)
    if chosen.lstrip("-").isdigit() and random.random() < 0.7 and all(value.lstrip("-").isdigit() for value in values):
        numbers = sorted(map(int, values))
        return str(random.randint(numbers[len(numbers) // 4], numbers[3 * len(numbers) // 4]))
    return chosen


def _as(moment: datetime, like: str) -> str:
    """A moment written as another one is: as a date, or with its zone."""
    if len(like) == 10:
        return str(moment.date())
    return moment.isoformat(" ", "seconds") + ("+00" if like.endswith("+00") else "")

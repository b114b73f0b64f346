"""Drafts the rows of one table: prototypes from its factory, tied together row by row, then multiplied column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.building import Columns, build
from migration_checks.seeding.plan import Plan
from migration_checks.seeding.references import Reference
from migration_checks.seeding.settling import Settler
from migration_checks.seeding.sources import Plain, Repeating
from migration_checks.seeding.unique import Uniqueness

PROTOTYPES = 256
_PATIENCE = 25
_FEW = 5
"""Of fewer rows none is given up for a twin of another."""


class Draft:
    """Makes a batch for a plan. `context` are columns of rows that exist: they are tied to, never changed."""

    def __init__(self, plan: Plan, random: Random, context: Columns | None = None) -> None:
        self.plan = plan
        self.random = random
        self.context = context or {}
        self.batch = Batch(0, {})
        self.chosen: list[Reference] = []
        self.waiting = frozenset(name for key in plan.pending for name in key.columns)
        self.leaf_of: Callable[[int], int | None] = (lambda row: row % len(plan.leaves)) if plan.leaves else lambda row: None

    def make(self, count: int) -> Batch:
        """A batch of `count` rows, fewer where uniqueness or references allow no more."""
        plan, prototypes = self.plan, min(count, PROTOTYPES)
        if self.context:
            prototypes = count
        columns = build(plan.table, plan.sources, prototypes)
        prototypes = min([prototypes, *(len(column) for column in columns.values())])
        columns = {name: column[:prototypes] for name, column in columns.items()}
        for name in (*plan.referring, *self.waiting):
            columns.setdefault(name, [None] * prototypes)
        self.batch = Batch(prototypes, {**self.context, **columns})
        movable = frozenset(columns) - self.waiting
        self._point(prototypes)
        self._blank(self.batch.columns, prototypes)
        if self._rules(movable) or len(self.chosen) < len(plan.references):
            self._accept(0, prototypes, movable)
            self._replace(prototypes, movable)
        self._twin()
        if prototypes == PROTOTYPES < count and not self.context:
            self._multiply(count)
        return self.batch

    def _twin(self) -> None:
        """Two rows that are equal in everything, where no key, no sequence, no profile and no wish tells rows apart."""
        batch, plan, stride = self.batch, self.plan, len(self.plan.leaves) or 1
        told_apart = plan.table.uniques or plan.blanks is not None
        told_apart = told_apart or any(source.distinct or isinstance(source, Plain) for source in plan.sources.values())
        if self.context or self.waiting or told_apart or batch.count < _FEW * stride:
            return
        columns = list(batch.columns.values())
        live = [row for row in range(batch.count) if row not in batch.dropped]
        if len({tuple(column[row] for column in columns) for row in live}) < len(live):
            return
        seen = [Counter(column) for column in columns]
        # The row that is given up is one whose values other rows have too: none is lost that a migration could trip over.
        for given_up in sorted(live, key=lambda row: sum(s[column[row]] == 1 for s, column in zip(seen, columns, strict=True))):
            row = given_up - stride if given_up >= stride else given_up + stride
            if row not in batch.dropped and not self._rare(row):
                for column in columns:
                    column[given_up] = column[row]
                return

    def _rare(self, row: int) -> bool:
        """Whether the row has a value that may appear once only."""
        sources = self.plan.sources.items()
        return any(
            isinstance(source, Repeating) and self.batch.value(name, row) in source.pool.rare for name, source in sources
        )

    def _replace(self, count: int, movable: frozenset[str]) -> None:
        """Other rows for those that were dropped, as long as that leads anywhere."""
        batch = self.batch
        for _ in range(2):
            missing = count - batch.rows
            if self.context or not missing or not batch.rows:
                return
            self._compact()
            more = build(self.plan.table, self.plan.sources, missing)
            missing = min([missing, *(len(column) for column in more.values())])
            self._blank(more, missing)
            for name, column in batch.columns.items():
                column.extend(more[name][:missing] if name in more else [None] * missing)
            batch.count += missing
            self.chosen = []
            self._accept(batch.count - missing, batch.count, movable)
            if len(batch.dropped) == missing:
                return

    def _point(self, count: int) -> None:
        """Choose the parents of all rows at once where no two references share a column."""
        if any(len(names) > 1 for names in self._overlaps()):
            return
        for reference in self.plan.references:
            if reference.own or reference.unique or not self.context.keys().isdisjoint(reference.key.columns):
                continue
            names = reference.key.columns
            pointed = reference.several(count, [self.batch.columns[name] for name in names])
            self.batch.columns.update(zip(names, pointed, strict=True))
            self.chosen.append(reference)

    def _blank(self, columns: Columns, count: int) -> None:
        """The NULLs of a profile, but for references that are still to be chosen row by row."""
        if self.plan.blanks is not None and not self.context:
            later = [reference for reference in self.plan.references if reference not in self.chosen]
            self.plan.blanks.apply(columns, count, {*self.waiting, *(name for each in later for name in each.key.columns)})

    def _multiply(self, count: int) -> None:
        """Lengthen the columns that must not repeat; the others repeat by themselves."""
        batch, plan = self.batch, self.plan
        self._compact()
        self.chosen = []
        period = batch.count
        if not period:
            return
        live = self._live()
        added = {name: source.fresh(count - period) for name, source in plan.sources.items() if name in live}
        more = min([count - period, *(len(values) for values in added.values())])
        for reference in plan.references:
            more = self._multiply_reference(reference, more, added)
        self._blank(added, more)
        self._rarely(more)
        for name, values in added.items():
            batch.columns[name] = batch.columns[name] + values[:more]
        batch.count = period + more
        live |= plan.referring
        self._point_backwards(period)
        if self._rules(live):
            self._accept(period, batch.count, live)

    def _rarely(self, more: int) -> None:
        """What may appear once only must not repeat with the prototypes."""
        for name, source in self.plan.sources.items():
            rare = frozenset(source.pool.rare) if isinstance(source, Repeating) else frozenset()
            column = self.batch.columns[name]
            if isinstance(source, Repeating) and not rare.isdisjoint(column) and len(column) == self.batch.count:
                again = (column * (more // len(column) + 1))[:more]
                self.batch.columns[name] = column + [source.usual() if value in rare else value for value in again]

    def _point_backwards(self, start: int) -> None:
        """References of the table to itself: any earlier row will do, if nothing else ties the column."""
        tied = {name for names in self._overlaps() if len(names) > 1 for name in names}
        for reference in self.plan.references:
            (name, *rest), parents = reference.key.columns, reference.key.parent_columns
            if reference.own and not rest and reference.key.name not in tied and parents[0] in self.plan.sources:
                keys = self.batch.columns[parents[0]]
                if len(keys) == self.batch.count:
                    self.batch.columns[name][start:] = reference.earlier(keys, start)
                    self.chosen.append(reference)

    def _multiply_reference(self, reference: Reference, more: int, added: Columns) -> int:
        names = reference.key.columns
        keys = None if added.keys() & set(names) else reference.many(more)
        if keys is None:
            for name in names:
                if name not in added:
                    added[name] = [None] * more
            return more
        self.chosen.append(reference)
        more = min(more, len(keys))
        share = 0.0 if not reference.blankable or reference.key.full or reference.blanked else 0.1
        for place, name in enumerate(names):
            blank = share if name in reference.optional else 0.0
            added[name] = (
                [key[place] for key in keys]
                if not blank
                else [None if self.random.random() < blank else key[place] for key in keys]
            )
        return more

    def _live(self) -> set[str]:
        """The columns that must be new in each row: distinct ones, and one carrier of every composite unique key."""
        sources = self.plan.sources
        live = {name for name, source in sources.items() if source.distinct}
        for unique in self.plan.uniques:
            if live & set(unique.columns) and unique.predicate is None:
                continue
            live |= {name for name in unique.columns if name in sources} or set()
        return live | {name for name, source in sources.items() if source.varied}

    def _compact(self) -> None:
        """Remove dropped prototypes, so that none is repeated."""
        batch = self.batch
        if batch.dropped:
            batch.columns = {name: batch.spread(name) for name in batch.columns}
            batch.count, batch.dropped = batch.rows, set()

    def _rules(self, touched: frozenset[str] | set[str]) -> bool:
        """Whether anything must be looked at row by row when these columns are new."""
        plan = self.plan
        tied = any(len(keys) > 1 for keys in self._overlaps()) or any(
            each.own and each not in self.chosen for each in plan.references
        )
        checked = any(condition.columns & touched for condition in (*plan.conditions, *plan.leaves))
        return tied or checked or bool(self._open_uniques(touched))

    def _overlaps(self) -> list[list[str]]:
        names: dict[str, list[str]] = {}
        for reference in self.plan.references:
            for name in reference.key.columns:
                names.setdefault(name, []).append(reference.key.name)
        return list(names.values())

    def _open_uniques(self, touched: frozenset[str] | set[str]) -> list[Uniqueness]:
        """The unique keys that no distinct column settles by itself."""
        sources = self.plan.sources
        distinct = {name for name, source in sources.items() if source.distinct}
        once = [set(reference.key.columns) for reference in self.plan.references if reference.unique]
        return [
            unique
            for unique in self.plan.uniques
            if set(unique.columns) & touched
            and not set(unique.columns) & self.waiting
            and not any(columns <= set(unique.columns) and len(columns) == 1 for columns in once)
            and not (distinct & set(unique.columns))
        ]

    def _repeated(self, uniques: Sequence[Uniqueness], start: int, end: int) -> list[int]:
        """The rows that repeat a key; the keys of the others are seen now."""
        found: set[int] = set()
        for unique in uniques:
            columns = [
                [self.batch.value(name, row) for row in range(start, end)]
                if len(self.batch.columns[name]) != end
                else self.batch.columns[name][start:]
                for name in unique.names
            ]
            for row, key in enumerate(unique.keys(columns), start):
                if key is None:
                    continue
                if key in unique.seen:
                    found.add(row)
                else:
                    unique.seen.add(key)
        return sorted(found)

    def complete(self, references: Sequence[Reference]) -> None:
        """Fill the columns of foreign keys that had to wait for their parents."""
        self.plan.references.extend(references)
        waiting, self.waiting = self.waiting, frozenset()
        self._accept(0, self.batch.count, waiting, only=list(references))

    def _accept(
        self, start: int, end: int, movable: frozenset[str] | set[str], only: Sequence[Reference] | None = None
    ) -> None:
        """Settle rows one after the other; what cannot be settled is dropped."""
        plan = self.plan
        references = list(plan.references if only is None else only)
        conditions = [c for c in plan.conditions if c.columns & movable and not c.columns & self.waiting]
        uniques = self._open_uniques(movable)
        bounds = [bound for bound in plan.leaves if bound.columns]
        if not (references or conditions or uniques or bounds):
            return
        settler = Settler(
            plan, self.batch, self.random, self.leaf_of, references, conditions, uniques, frozenset(movable), self.chosen
        )
        rows: Iterable[int] = range(start, end)
        if start and not conditions and not bounds and not settler.open and all(unique.plain for unique in uniques):
            rows = self._repeated(uniques, start, end)
        failed = 0
        for row in rows:
            if row in self.batch.dropped:
                continue
            if settler.settle(row):
                failed = 0
                continue
            self.batch.dropped.add(row)
            failed += 1
            if failed >= _PATIENCE and self.batch.rows > end - row:
                self.batch.dropped.update(range(row, end))
                break

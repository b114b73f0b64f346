"""Fills empty tables, a group of tables that refer to one another in a circle at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from math import floor
from typing import Any

import psycopg

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.calm import calm, deferred
from migration_checks.seeding.copy import write_batch
from migration_checks.seeding.draft import Draft
from migration_checks.seeding.keys import Keys, existing
from migration_checks.seeding.plan import Impossible, Order, Plan, make_plan
from migration_checks.seeding.pool import chance
from migration_checks.seeding.pools import Pools
from migration_checks.seeding.portraits import Portraits
from migration_checks.seeding.references import Key
from migration_checks.seeding.repair import Salvaged, salvage
from migration_checks.seeding.schema import ForeignKey, Table
from migration_checks.seeding.schema import Sequence as Numbering
from migration_checks.seeding.sequences import advance
from migration_checks.seeding.unique import columns_of, mentioned

_ROUNDS = 3


@dataclass
class Filling:
    """Fills tables in the caller's transaction; `replica` says whether triggers and foreign keys are asleep in it.

    `plain` rows have plausible values only.
    """

    connection: psycopg.Connection[Any]
    pools: Pools
    keys: Keys
    seed: int
    rows: int
    replica: bool
    wishes: Mapping[str, Mapping[str, tuple[str, ...]]]
    portraits: Portraits
    plain: bool = False

    def fill(self, group: Sequence[Table], empty_leaves: Mapping[str, frozenset[str]]) -> tuple[dict[str, int], dict[str, str]]:
        """Rows written by table, and the reason for each that could not be filled."""
        if len(group) == 1:
            table = group[0]
            return self._guarded([table], lambda: {table.name: self._fill_one(table, empty_leaves.get(table.name))})
        return self._guarded(group, lambda: self._fill_circle(group))

    def _guarded(self, group: Sequence[Table], work: Callable[[], dict[str, int]]) -> tuple[dict[str, int], dict[str, str]]:
        try:
            with self.connection.transaction():
                return work(), {}
        except Impossible as error:
            reason = str(error)
        except psycopg.Error as error:
            reason = first_line(str(error))
        except Exception as error:  # a schema that seeding is not up to must not end the walk: it is said instead
            reason = f"seeding failed on it with {type(error).__name__}: {first_line(str(error))}"
        for table in group:
            self.keys.stale(table.name)
        return {}, {table.name: reason for table in group}

    def _plan(self, table: Table, order: Order, later: frozenset[str] = frozenset()) -> Plan:
        def keys(key: ForeignKey) -> Sequence[Key] | None:
            return None if key.parent in later else self.keys.of(key)

        portrait = None if self.plain else self.portraits.of(table.name)
        order = replace(order, wishes=self.wishes.get(table.name, {}), portrait=portrait, plain=self.plain)
        return make_plan(table, self.pools, keys, order)

    def _wanted(self, table: Table) -> int:
        """How many rows the table is to have."""
        return self.portraits.rows(table.name, self.rows)

    def _fill_one(self, table: Table, leaves: frozenset[str] | None) -> int:
        if table.partitioned and not table.leaves:
            raise Impossible("it has no partition that could hold a row")
        if not table.writable and table.columns:
            return self._defaults(table)
        order = Order(self.seed) if leaves is None else further(self.connection, table, self.seed, "leaves", leaves)
        plan = self._plan(table, order)
        wanted = self._wanted(table)
        count = wanted if leaves is None else max(3, wanted * len(leaves) // max(1, len(table.leaves)))
        batch = Draft(plan, chance(self.seed, table.name, order.salt, "draft")).make(count)
        if batch.dropped:
            prune([table], {table.name: batch})
        written = self._written(table, plan, batch, order, count)
        if table.leaves:
            written += self._hit_leaves(table, [leaf.name for leaf in table.leaves if leaves is None or leaf.name in leaves])
        self._verify(table)
        advance(self.connection, table)
        return written

    def _defaults(self, table: Table) -> int:
        for _ in range(self._wanted(table)):
            self.connection.execute(f"INSERT INTO {table.name} DEFAULT VALUES".encode())
        return self._wanted(table)

    def _written(self, table: Table, plan: Plan, batch: Batch, order: Order, count: int) -> int:
        if batch.rows == 0:
            raise Impossible(_unmet(plan))
        try:
            with self.connection.transaction():
                written = write_batch(self.connection, table.name, batch, table.writable)
            self.keys.drafted(table.name, batch)
            return written
        except psycopg.Error as error:
            self.keys.stale(table.name)
            with calm(self.connection, table):
                return self._repaired(table, batch, order, count, first_line(str(error)))

    def _repaired(self, table: Table, batch: Batch, order: Order, count: int, reason: str) -> int:
        """Row by row, then with other rows, until what is wanted is there."""
        taken = 0
        for turn in range(_ROUNDS):
            if turn:
                batch = self._another(table, order, f"again {turn}", min(4 * count, 2000))
            result = self._salvaged(table, batch, 0 if not turn else count - taken)
            taken += result.taken
            reason = first_line(result.reason or reason)
            if taken >= count:
                break
        if not taken:
            raise Impossible(reason)
        return taken

    def _another(self, table: Table, order: Order, salt: str, count: int) -> Batch:
        plan = self._plan(table, further(self.connection, table, self.seed, salt, order.leaves))
        return Draft(plan, chance(self.seed, table.name, salt)).make(count)

    def _salvaged(self, table: Table, batch: Batch, limit: int, bound: str | None = None) -> Salvaged:
        return salvage(self.connection, table, batch, table.writable, bound=bound, limit=limit)

    def _hit_leaves(self, table: Table, names: Sequence[str]) -> int:
        """Rows for the partitions that no row came to: hash partitions, mostly, whose function is the server's."""
        query = "SELECT ARRAY[" + ", ".join(f"EXISTS (SELECT FROM {name})" for name in names) + "]"
        row = self.connection.execute(query.encode()).fetchone()
        missed = [name for name, hit in zip(names, row[0] if row else (), strict=True) if not hit]
        written = 0
        for leaf in table.leaves:
            if leaf.name in missed and leaf.bound:
                batch = self._another(table, Order(self.seed), f"leaf {leaf.name}", 200)
                written += self._salvaged(table, batch, 3, leaf.bound).taken
                self.keys.stale(table.name)
        return written

    def _fill_circle(self, group: Sequence[Table]) -> dict[str, int]:
        """Draft all tables, then let them point at one another, then write."""
        later = {table.name for table in group}
        drafts: dict[str, Draft] = {}
        for table in group:
            later.discard(table.name)
            plan = self._plan(table, Order(self.seed), frozenset(later))
            drafts[table.name] = Draft(plan, chance(self.seed, table.name, "", "draft"))
            self.keys.drafted(table.name, drafts[table.name].make(self._wanted(table)))
        for table in group:
            self._close(table, drafts[table.name])
        prune(group, {name: draft.batch for name, draft in drafts.items()})
        with nullcontext() if self.replica else deferred(self.connection, group):
            written = {table.name: self._written_draft(table, drafts[table.name]) for table in group}
        for table in group:
            self._verify(table)
            advance(self.connection, table)
        return written

    def _close(self, table: Table, draft: Draft) -> None:
        pending = list(draft.plan.pending)
        if pending:
            order = Order(self.seed, "circle", portrait=None if self.plain else self.portraits.of(table.name))
            closing = make_plan(table, self.pools, self.keys.of, order)
            draft.complete([r for r in closing.references if any(r.key.name == key.name for key in pending)])

    def _written_draft(self, table: Table, draft: Draft) -> int:
        if draft.batch.rows == 0:
            raise Impossible(_unmet(draft.plan))
        return write_batch(self.connection, table.name, draft.batch, table.writable)

    def _verify(self, table: Table) -> None:
        """Nobody checked the foreign keys while the session was a replica: ask now."""
        keys = [key for key in table.foreign_keys if not key.period]
        if not self.replica or not keys:
            return
        tests = ", ".join(f"EXISTS ({_dangling(table, key)})" for key in keys)
        row = self.connection.execute(f"SELECT ARRAY[{tests}]".encode()).fetchone()
        broken = [key.name for key, dangling in zip(keys, row[0] if row else (), strict=True) if dangling]
        if broken:
            raise Impossible(f"no rows could be found that foreign key {broken[0]} accepts")


def _dangling(table: Table, key: ForeignKey) -> str:
    pairs = [(_quoted(child), _quoted(parent)) for child, parent in zip(key.columns, key.parent_columns, strict=True)]
    given = " AND ".join(f"c.{child} IS NOT NULL" for child, _ in pairs)
    joined = " AND ".join(f"p.{parent} = c.{child}" for child, parent in pairs)
    return f"SELECT FROM {table.name} c WHERE {given} AND NOT EXISTS (SELECT FROM {key.parent} p WHERE {joined})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def prune(group: Sequence[Table], batches: Mapping[str, Batch]) -> None:
    """Drop rows that point at rows which were dropped, until none does."""
    changed = True
    while changed:
        changed = False
        for table in group:
            for key in table.foreign_keys:
                if key.parent in batches:
                    changed |= _prune(batches[table.name], key, batches[key.parent])


def _prune(batch: Batch, key: ForeignKey, parent: Batch) -> bool:
    known = set(zip(*(parent.spread(name) for name in key.parent_columns), strict=True))
    before = len(batch.dropped)
    for row in range(batch.count):
        values = tuple(batch.value(name, row) for name in key.columns)
        if None not in values and values not in known:
            batch.dropped.add(row)
    return len(batch.dropped) != before


def further(
    connection: psycopg.Connection[Any], table: Table, seed: int, salt: str, leaves: frozenset[str] | None = None
) -> Order:
    """The order for more rows in a table that may hold some already: numbers go on, keys are not repeated."""
    numbered = [column for column in table.writable if column.serial]
    decisive = {name for unique in table.uniques for name in columns_of(unique, table)}
    decisive |= {name for unique in table.uniques if unique.predicate for name in mentioned(unique.predicate, table)}
    decisive |= {column.name for column in numbered} | {name for key in table.foreign_keys for name in key.columns}
    rows = existing(connection, table, sorted(decisive))
    first = {column.name: _after([row[column.name] for row in rows], column.sequence) for column in numbered}
    return Order(seed, " ".join((salt, *sorted(leaves or ()))), first=first, existing=rows, leaves=leaves)


def _after(values: Sequence[str | None], numbering: Numbering | None) -> int:
    """The number that comes after all that are there, in the direction in which they are handed out."""
    numbers = [Decimal(value) for value in values if value is not None]
    finite = [number for number in numbers if number.is_finite()]
    if not finite:
        return numbering.start if numbering else 1
    if numbering is not None and numbering.increment < 0:
        return floor(min(finite)) - 1
    return floor(max(finite)) + 1


def first_line(message: str) -> str:
    """A server's message without its details."""
    return message.splitlines()[0].strip() if message else "the server refused its rows"


def _unmet(plan: Plan) -> str:
    conditions = [condition.text for condition in plan.conditions]
    return (
        f"CHECK {' and '.join(conditions)} could not be satisfied"
        if conditions
        else "no row could be drawn that its keys allow"
    )

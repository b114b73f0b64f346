"""Compares two states of the rows: what digests prove equal is not read, everything else is joined inside PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from migration_checks.rows.cells import Matching, Window, compare_cells, named
from migration_checks.rows.identity import (
    ColumnPair,
    Columns,
    half_keys,
    pair_columns,
    pair_tables,
    same_digest,
    same_rows,
    same_state,
    shared_keys,
)
from migration_checks.rows.matching import (
    Leftover,
    leftover_by_key,
    leftover_by_value,
    pair_off,
    paired,
    without_pairs,
)
from migration_checks.rows.reading import is_mirror, source
from migration_checks.rows.values import base, is_moment, is_number, quoted
from migration_checks.rows.volatile import Volatile
from migration_checks.rows.workshop import Workshop, why
from migration_checks.rows.written import Tables, Written, without_written
from migration_checks.snapshot import Column, Table
from migration_checks.transition import Changes, ColumnChange, TableChange


@dataclass(slots=True)
class _Tally:
    """What a comparison has found so far."""

    found: list[TableChange] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    values: int = 0

    def equal(self, left: Table, right: Table) -> None:
        """Count a table that digests prove equal: its rows are known to be the same ones."""
        self.rows += right.rows
        self.values += right.rows * len(pair_columns(left, right).pairs)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two snapshots are compared: samples a finding, what the toolkit wrote in between, when two runs took place."""

    shop: Workshop
    samples: int
    written: Sequence[Written] = ()
    windows: tuple[Window, Window] | None = None

    def compare(self, before: Tables, after: Tables) -> Changes:
        """The data part of Changes."""
        tally = _Tally()
        jobs = []
        for left, right in pair_tables(before, after):
            unread = [f"{each.unread}" for each in (right, left) if each is not None and each.unread is not None]
            if unread:
                tally.unread[(right or left).name] = unread[0]  # type: ignore[union-attr]
            elif left is None or right is None:
                jobs += [(left, right)] if (right or left).rows else []  # type: ignore[union-attr]
            elif proven_equal(left, right):
                tally.equal(left, right)
                jobs += [(left, right)] if _reshaped(left, right) else []
            else:
                jobs.append((left, right))
        if jobs:
            with self.shop.work():
                for left, right in jobs:
                    self._tallied(tally, left, right, after)
        return Changes(tables=tuple(tally.found), rows_compared=tally.rows, values_compared=tally.values, unread=tally.unread)

    def _tallied(self, tally: _Tally, left: Table | None, right: Table | None, after: Tables) -> None:
        try:
            with self.shop.connection.transaction():
                change = self._table(left, right, after)
        except psycopg.Error as error:
            tally.unread[(right or left).name] = why(error)  # type: ignore[union-attr]
            return
        if left is None or right is None or not proven_equal(left, right):
            tally.rows += change.rows_compared
            tally.values += change.values_compared
        if _differs(change):
            tally.found.append(change)

    def _table(self, left: Table | None, right: Table | None, after: Tables) -> TableChange:
        if right is None:
            assert left is not None, "a pair has at least one side"
            return self._gone(left)
        if left is None:
            return self._new(right)
        columns = pair_columns(left, right)
        if proven_equal(left, right):
            change = TableChange(
                right.name, left.name, left.key, left.rows, right.rows, right.rows, right.rows * len(columns.pairs)
            )
        else:
            change = PairComparison(self, left, right, columns, drawn_columns(right, after)).change()
        return replace(
            change,
            dropped=tuple(column.name for column in columns.dropped),
            created=tuple(column.name for column in columns.created),
            dropped_values=dropped_values(self.shop, left, columns.dropped),
        )

    def _gone(self, left: Table) -> TableChange:
        rows = sample_rows(self.shop, source(left), left, self.samples) if is_mirror(left) else ()
        return TableChange(left.name, left.name, left.key, left.rows, 0, 0, 0, missing=left.rows, missing_samples=rows)

    def _new(self, right: Table) -> TableChange:
        if self.written:
            return TableChange(right.name, None, right.key, 0, right.rows, 0, 0)
        rows = sample_rows(self.shop, source(right), right, self.samples)
        return TableChange(right.name, None, right.key, 0, right.rows, 0, 0, added=right.rows, added_samples=rows)


def proven_equal(left: Table, right: Table) -> bool:
    """Whether nothing needs to be read to know that the columns of both sides hold the same."""
    return left is right or same_state(left, right, pair_columns(left, right))


@dataclass(slots=True)
class PairComparison:
    """Compares one table that differs, step by step: rows by key, then what is left over, then values."""

    plan: Comparison
    left: Table
    right: Table
    columns: Columns
    drawn: frozenset[str]

    def change(self) -> TableChange:
        """What differs."""
        shop = self.plan.shop
        before, after = source(self.left), source(self.right)
        before_rows, after_rows, redone = self.left.rows, self.right.rows, 0
        key = self._key(before, after)
        if self.plan.written:
            before, after, redone = without_written(shop, self.plan.written, self.left, self.columns, key, before, after)
            if key:
                before_rows, after_rows = (shop.row(f"SELECT count(*) FROM {each} AS r")[0] for each in (before, after))
        volatile = Volatile(self.plan.windows, before, after, self.drawn)
        change = (
            self._keyed(key, before, after, before_rows, after_rows, volatile)
            if key
            else self._keyless(before, after, volatile, redone)
        )
        return replace(change, added=0, added_samples=()) if self.plan.written else change

    def _key(self, before: str, after: str) -> tuple[ColumnPair, ...]:
        """The columns that identify rows on both sides and have values in common; none when there are no such columns."""
        tried = []
        for pairs in shared_keys(self.left, self.right, self.columns):
            if same_rows(self.left, self.right, self.columns) or self._meet(pairs, before, after):
                return pairs
            tried.append(pairs)
        for pairs in half_keys(self.left, self.right, self.columns):
            if pairs not in tried and self._unique(pairs, before, after) and self._meet(pairs, before, after):
                return pairs
        return tried[0] if tried else ()

    def _meet(self, pairs: tuple[ColumnPair, ...], before: str, after: str) -> bool:
        query = f"SELECT EXISTS (SELECT FROM {before} AS b JOIN {after} AS a ON {joined(pairs)})"
        return bool(self.plan.shop.row(query)[0])

    def _unique(self, pairs: tuple[ColumnPair, ...], before: str, after: str) -> bool:
        for side, relation in enumerate((before, after)):
            names = [f"r.{quoted(pair[side].name)}" for pair in pairs]
            whole = " AND ".join(f"{name} IS NOT NULL" for name in names)
            query = f"SELECT count(*) = count(DISTINCT ROW({', '.join(names)})), bool_and({whole}) FROM {relation} AS r"
            if self.plan.shop.row(query) not in ((True, True), (True, None)):
                return False
        return True

    def _keyed(
        self, key: tuple[ColumnPair, ...], before: str, after: str, before_rows: int, after_rows: int, volatile: Volatile
    ) -> TableChange:
        shop, samples = self.plan.shop, self.plan.samples
        rest = [pair for pair in self.columns.pairs if pair not in key]
        suspects = rest
        if not self.plan.written and same_rows(self.left, self.right, self.columns):
            suspects = [pair for pair in rest if not same_digest(self.left, self.right, pair)]
        matching = Matching(f"{before} AS b JOIN {after} AS a ON {joined(key)}", key)
        matched, changes = compare_cells(shop, matching, suspects, samples, volatile)
        missing, added = before_rows - matched, after_rows - matched
        change = self._blank(tuple(left.name for left, _ in key), matched)
        if not missing and not added:
            return replace(change, columns=tuple(changes))
        left = leftover_by_key(shop, before, after, joined(key))
        if missing and added:
            left, more, rekeyed = self._rekeyed(key, rest, left, volatile, unique=matched > 0 and not volatile.windows)
            changes = merged(changes, rekeyed)
            change = self._blank(change.key, matched + more)
        return self._with_leftover(replace(change, columns=tuple(changes)), left)

    def _rekeyed(
        self, key: tuple[ColumnPair, ...], rest: Sequence[ColumnPair], left: Leftover, volatile: Volatile, *, unique: bool
    ) -> tuple[Leftover, int, list[ColumnChange]]:
        """Rows that are the same in all but their key: not lost and added, but renumbered."""
        shop = self.plan.shop
        agreeing = [pair for pair in rest if not volatile.may_be(pair)]
        if not agreeing and not (volatile.windows and all(volatile.may_be(pair) for pair in key)):
            return left, 0, []
        pairs = pair_off(shop, left, agreeing, [*key], unique=unique)
        compared = [*key, *(pair for pair in rest if pair not in agreeing)]
        matching = Matching(paired(left, pairs), key)
        more, changes = compare_cells(shop, matching, compared, self.plan.samples, volatile)
        return without_pairs(shop, left, pairs), more, changes

    def _keyless(self, before: str, after: str, volatile: Volatile, redone: int) -> TableChange:
        """Rows as a multiset: equal ones are paired off, then those equal in meaning, then those that agree elsewhere."""
        shop, pairs = self.plan.shop, self.columns.pairs
        left = leftover_by_value(shop, before, after, pairs)
        matched, represented = self.left.rows - left.rows_before, 0
        changes: list[ColumnChange] = []
        if left.rows_before and left.rows_after:
            reworded = pair_off(shop, left, pairs, [], unique=False)
            rest = without_pairs(shop, left, reworded)
            represented = left.rows_before - rest.rows_before
            left, more, changes = self._altered(rest, volatile)
            matched += represented + more
        missing = max(left.rows_before - redone, 0)
        change = replace(self._blank((), matched), columns=tuple(changes), represented=represented)
        return self._with_leftover(change, replace(left, rows_before=missing))

    def _altered(self, left: Leftover, volatile: Volatile) -> tuple[Leftover, int, list[ColumnChange]]:
        """Rows that agree in every column but those whose values, taken together, differ between the two sides.

        When no column's do, values were swapped between rows: then rows that agree in all columns but one are sought.
        """
        pairs = self.columns.pairs
        if not (left.rows_before and left.rows_after):
            return left, 0, []
        others = [pair for pair in pairs if volatile.may_be(pair) or not self._same_values(left, pair)]
        more: int = 0
        changes: list[ColumnChange] = []
        for altered in [others] if others else [[pair] for pair in pairs]:
            agreeing = [pair for pair in pairs if pair not in altered]
            if agreeing and left.rows_before and left.rows_after:
                left, found, differing = self._agreeing(left, agreeing, altered, volatile, unique=not others)
                more, changes = more + found, merged(changes, differing)
        return left, more, changes

    def _agreeing(
        self, left: Leftover, agreeing: list[ColumnPair], altered: list[ColumnPair], volatile: Volatile, *, unique: bool
    ) -> tuple[Leftover, int, list[ColumnChange]]:
        partners = pair_off(self.plan.shop, left, agreeing, altered, unique=unique)
        matching = Matching(paired(left, partners), tuple(agreeing))
        found, changes = compare_cells(self.plan.shop, matching, altered, self.plan.samples, volatile)
        return without_pairs(self.plan.shop, left, partners), found, changes

    def _same_values(self, left: Leftover, pair: ColumnPair) -> bool:
        """Whether a column holds the same values, as a multiset, in what is left of either side."""
        ours, theirs = (f"{quoted(column.name)}::text" for column in pair)
        query = f"""SELECT NOT EXISTS (
            SELECT FROM (SELECT {ours} AS v, count(*) AS n FROM {left.before} GROUP BY 1) AS x
            FULL JOIN (SELECT {theirs} AS v, count(*) AS n FROM {left.after} GROUP BY 1) AS y
            ON coalesce('=' || x.v, '') = coalesce('=' || y.v, '')
            WHERE x.n IS DISTINCT FROM y.n)"""
        return bool(self.plan.shop.row(query)[0])

    def _blank(self, key: tuple[str, ...], matched: int) -> TableChange:
        names = {left.name: right.name for left, right in self.columns.pairs}
        return TableChange(
            table=self.right.name,
            table_before=self.left.name,
            key=tuple(names[name] for name in key),
            rows_before=self.left.rows,
            rows_after=self.right.rows,
            rows_compared=matched,
            values_compared=matched * len(self.columns.pairs),
        )

    def _with_leftover(self, change: TableChange, left: Leftover) -> TableChange:
        shop, samples = self.plan.shop, self.plan.samples
        return replace(
            change,
            missing=left.rows_before,
            added=left.rows_after,
            missing_samples=sample_rows(shop, left.before, self.left, samples) if left.rows_before else (),
            added_samples=sample_rows(shop, left.after, self.right, samples) if left.rows_after else (),
        )


def joined(pairs: Sequence[ColumnPair]) -> str:
    """SQL that is true when the rows b and a have the same key."""
    return " AND ".join(_equal(left, right) for left, right in pairs) or "true"


def _equal(left: Column, right: Column) -> str:
    before, after = f"b.{quoted(left.name)}", f"a.{quoted(right.name)}"
    if base(left) == base(right):
        return f"{before} = {after}"
    if is_number(left) and is_number(right):
        return f"{before}::numeric = {after}::numeric"
    if is_moment(left) and is_moment(right):
        return f"{before}::timestamptz = {after}::timestamptz"
    return f"{before}::text = {after}::text"


def sample_rows(shop: Workshop, relation: str, table: Table, samples: int) -> tuple[Mapping[str, str | None], ...]:
    """The first rows of `relation`, which has the columns of `table`: their keys, or whole rows, as text."""
    names = table.key or tuple(column.name for column in table.columns)
    if not names or not samples:
        return ()
    order = ", ".join(f"r.{quoted(name)}" for name in names)
    texts = ", ".join(f"r.{quoted(name)}::text" for name in names)
    found = shop.rows(f"SELECT ARRAY[{texts}]::text[] FROM {relation} AS r ORDER BY {order} LIMIT {samples}")
    return tuple(named(names, values) for (values,) in found)


def dropped_values(shop: Workshop, table: Table, dropped: Sequence[Column]) -> dict[str, int]:
    """How many values other than NULL each dropped column held."""
    if not dropped or not table.rows or not is_mirror(table):
        return {}
    counts = ", ".join(f"count(r.{quoted(column.name)})" for column in dropped)
    row = shop.row(f"SELECT {counts} FROM {table.relation} AS r")
    return {column.name: row[index] for index, column in enumerate(dropped)}


def drawn_columns(table: Table, tables: Mapping[str, Table]) -> frozenset[str]:
    """Columns of `table` that refer to a key drawn at run time."""
    by_oid = {each.oid: each for each in tables.values()}
    found = set()
    for reference in table.references:
        target = by_oid.get(reference.oid)
        if target is not None:
            columns = {column.name: column for column in target.columns}
            for own, there in zip(reference.columns, reference.referenced, strict=True):
                if there in columns and (columns[there].drawn or base(columns[there]) == "uuid"):
                    found.add(own)
    return frozenset(found)


def merged(first: Sequence[ColumnChange], second: Sequence[ColumnChange]) -> list[ColumnChange]:
    """Changes of the same columns found in two sets of rows, added up."""
    total = {change.column: change for change in first}
    for change in second:
        other = total.get(change.column)
        total[change.column] = change if other is None else _sum(other, change)
    return list(total.values())


def _sum(one: ColumnChange, other: ColumnChange) -> ColumnChange:
    return replace(
        one,
        changed=one.changed + other.changed,
        represented=one.represented + other.represented,
        nulled=one.nulled + other.nulled,
        filled=one.filled + other.filled,
        volatile=one.volatile + other.volatile,
        samples=(*one.samples, *other.samples)[: max(len(one.samples), len(other.samples))],
    )


def _reshaped(left: Table, right: Table) -> bool:
    columns = pair_columns(left, right)
    return bool(columns.dropped or columns.created)


def _differs(change: TableChange) -> bool:
    return bool(change.missing or change.added or change.columns or change.dropped or change.created or change.represented)

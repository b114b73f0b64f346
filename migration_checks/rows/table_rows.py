"""Compares one table that differs: its rows by key, then what no key matches, then their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from migration_checks.rows.cells import Matching, Window, compare_cells, merged, named
from migration_checks.rows.drawn import Drawn, unpaired
from migration_checks.rows.fresh import written_since
from migration_checks.rows.identity import ColumnPair, Columns, same_rows
from migration_checks.rows.keys import common_key, joined
from migration_checks.rows.lineup import same_values
from migration_checks.rows.matching import Leftover, leftover_by_key, leftover_by_value, pair_off, paired, without_pairs
from migration_checks.rows.mirrors import source
from migration_checks.rows.suspects import suspects
from migration_checks.rows.values import is_text, quoted
from migration_checks.rows.volatile import Volatile, looks_drawn
from migration_checks.rows.workshop import Workshop
from migration_checks.rows.written import Written, without_written
from migration_checks.snapshot import Table
from migration_checks.transition import ColumnChange, TableChange


@dataclass(slots=True)
class TableComparison:
    """Compares one table that differs, step by step: rows by key, then what is left over, then values.

    `standing` is `right` where its rows lie in the user's own table, if they still do.
    """

    shop: Workshop
    samples: int
    left: Table
    right: Table
    columns: Columns
    drawn: frozenset[str]
    written: Sequence[Written] = ()
    windows: tuple[Window, Window] | None = None
    renumbered: bool = True
    runs: Drawn | None = None
    standing: Table | None = None

    def change(self) -> TableChange:
        """What differs."""
        shop = self.shop
        before, after = source(self.left), source(self.right)
        before_rows, after_rows, redone = self.left.rows, self.right.rows, 0
        key = common_key(shop, self.left, self.right, self.columns)
        if self.written:
            before, after, redone = without_written(shop, self.written, self.left, self.columns, key, before, after)
            if key:
                before_rows, after_rows = (shop.row(f"SELECT count(*) FROM {each} AS r")[0] for each in (before, after))
        volatile = Volatile(self.windows, before, after, self.drawn)
        if self.runs is not None:
            numbered, behind = self.runs.created(self.right), self.runs.references(self.right)
            volatile = replace(volatile, numbered=numbered, behind=behind)
            names = self.runs.names(self.right.oid)
            if names is not None and [right.name for _, right in key] == list(self.right.key) and not self.written:
                return self._by_name(key, names, before, after, volatile)
        change = (
            self._keyed(key, before, after, before_rows, after_rows, volatile)
            if key
            else self._keyless(before, after, volatile, redone)
        )
        return replace(change, added=0, added_samples=()) if self.written else change

    def _by_name(
        self, key: tuple[ColumnPair, ...], names: tuple[str, str], before: str, after: str, volatile: Volatile
    ) -> TableChange:
        """Rows under drawn keys are paired by what they hold; only what finds no partner is held together by key."""
        before, after, paired_off = unpaired(self.shop, names, before, after, quoted(self.right.key[0]))
        rows = self.left.rows - paired_off, self.right.rows - paired_off
        change = self._keyed(key, before, after, *rows, volatile, whole=False)
        compared = change.rows_compared + paired_off
        return replace(change, rows_compared=compared, values_compared=compared * len(self.columns.pairs))

    def _keyed(
        self,
        key: tuple[ColumnPair, ...],
        before: str,
        after: str,
        before_rows: int,
        after_rows: int,
        volatile: Volatile,
        *,
        whole: bool = True,
    ) -> TableChange:
        """Rows by key. Unless the relations hold the `whole` of both sides, digests say nothing of them."""
        shop, samples = self.shop, self.samples
        rest = [pair for pair in self.columns.pairs if pair not in key]
        whole = whole and not self.written
        if whole and same_rows(self.left, self.right, self.columns):
            left = Leftover("", "", 0, 0)
        else:
            left = leftover_by_key(shop, before, after, joined(key), before_rows, after_rows)
        doubted = suspects(shop, self.left, self.right, self.columns, rest, left) if whole else rest
        if whole and self.standing is not None:
            fresh = written_since(shop, self.left, self.standing, (*key, *doubted))
            after = source(self.standing, fresh) if fresh else after
        matching = Matching(f"{before} AS b JOIN {after} AS a ON {joined(key)}", key)
        matched = before_rows - left.rows_before
        changes = compare_cells(shop, matching, doubted, samples, volatile, rows=matched)[1]
        if left.rows_before and left.rows_after and self.renumbered:
            left, more, rekeyed = self._rekeyed(key, rest, left, volatile, unique=matched > 0 and not volatile.windows)
            changes, matched = merged(changes, rekeyed), matched + more
        change = replace(self._blank(tuple(one.name for one, _ in key), matched), columns=tuple(changes))
        return self._with_leftover(change, left)

    def _rekeyed(
        self, key: tuple[ColumnPair, ...], rest: Sequence[ColumnPair], left: Leftover, volatile: Volatile, *, unique: bool
    ) -> tuple[Leftover, int, list[ColumnChange]]:
        """Rows that are the same in all but their key: not lost and added, but renumbered."""
        agreeing = [pair for pair in rest if not (volatile.may_be(pair) or self._drawn_text(left, pair))]
        if not agreeing and not (volatile.windows and all(volatile.may_be(pair) for pair in key)):
            return left, 0, []
        left, alike, explained = self._alike_but_for_the_run(left, rest, key, volatile)
        if not (left.rows_before and left.rows_after):
            return left, alike, explained
        pairs = pair_off(self.shop, left, agreeing, [*key], unique=unique)
        compared = [*key, *(pair for pair in rest if pair not in agreeing)]
        more, changes = compare_cells(self.shop, Matching(paired(left, pairs), key), compared, self.samples, volatile)
        return without_pairs(self.shop, left, pairs), alike + more, merged(explained, changes)

    def _alike_but_for_the_run(
        self, left: Leftover, pairs: Sequence[ColumnPair], key: Sequence[ColumnPair], volatile: Volatile
    ) -> tuple[Leftover, int, list[ColumnChange]]:
        """Rows of two runs that agree in all `pairs` wherever the run alone does not explain the value."""
        if volatile.windows is None:
            return left, 0, []
        partners = pair_off(self.shop, left, pairs, key, unique=False, chance=volatile.explained)
        compared = [*key, *(pair for pair in pairs if volatile.can_be(pair))]
        matching = Matching(paired(left, partners), tuple(key or pairs))
        found, changes = compare_cells(self.shop, matching, compared, self.samples, volatile)
        return without_pairs(self.shop, left, partners), found, changes

    def _drawn_text(self, left: Leftover, pair: ColumnPair) -> bool:
        """Whether two runs drew all values of a text column at random, as uuids are."""
        if self.windows is None or not all(is_text(column) for column in pair):
            return False
        tests = (
            f"(SELECT bool_and({looks_drawn(quoted(pair[side].name))}) FROM {(left.before, left.after)[side]})"
            for side in (0, 1)
        )
        return bool(self.shop.row(f"SELECT {' AND '.join(tests)}")[0])

    def _keyless(self, before: str, after: str, volatile: Volatile, redone: int) -> TableChange:
        """Rows as a multiset: equal ones are paired off, then those equal in meaning, then those that agree elsewhere."""
        shop, pairs = self.shop, self.columns.pairs
        left = leftover_by_value(shop, before, after, pairs)
        matched, represented = self.left.rows - left.rows_before, 0
        changes: list[ColumnChange] = []
        if left.rows_before and left.rows_after:
            reworded = pair_off(shop, left, pairs, [], unique=False)
            rest = without_pairs(shop, left, reworded)
            represented = left.rows_before - rest.rows_before
            left, more, changes = self._altered(rest, volatile) if self.renumbered else (rest, 0, [])
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
        left, more, changes = self._alike_but_for_the_run(left, pairs, (), volatile)
        others = [pair for pair in pairs if volatile.may_be(pair) or not same_values(self.shop, left, pair)]
        for altered in [others] if others else [[pair] for pair in pairs]:
            agreeing = [pair for pair in pairs if pair not in altered]
            if agreeing and left.rows_before and left.rows_after:
                left, found, differing = self._agreeing(left, agreeing, altered, volatile, unique=not others)
                more, changes = more + found, merged(changes, differing)
        return left, more, changes

    def _agreeing(
        self, left: Leftover, agreeing: list[ColumnPair], altered: list[ColumnPair], volatile: Volatile, *, unique: bool
    ) -> tuple[Leftover, int, list[ColumnChange]]:
        partners = pair_off(self.shop, left, agreeing, altered, unique=unique)
        matching = Matching(paired(left, partners), tuple(agreeing))
        found, changes = compare_cells(self.shop, matching, altered, self.samples, volatile)
        return without_pairs(self.shop, left, partners), found, changes

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
        shop, samples = self.shop, self.samples
        return replace(
            change,
            missing=left.rows_before,
            added=left.rows_after,
            missing_samples=sample_rows(shop, left.before, self.left, samples) if left.rows_before else (),
            added_samples=sample_rows(shop, left.after, self.right, samples) if left.rows_after else (),
        )


def sample_rows(shop: Workshop, relation: str, table: Table, samples: int) -> tuple[Mapping[str, str | None], ...]:
    """The first rows of `relation`, which has the columns of `table`: their keys, or whole rows, as text."""
    names = table.key or tuple(column.name for column in table.columns)
    if not names or not samples:
        return ()
    order = ", ".join(f"r.{quoted(name)}" for name in names)
    texts = ", ".join(f"r.{quoted(name)}::text" for name in names)
    found = shop.rows(f"SELECT ARRAY[{texts}]::text[] FROM {relation} AS r ORDER BY {order} LIMIT {samples}")
    return tuple(named(names, values) for (values,) in found)

"""Compares the values of rows that were matched: counts for each column in one pass, then a few samples in key order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from migration_checks.rows.identity import ColumnPair
from migration_checks.rows.values import quoted, same_meaning
from migration_checks.rows.volatile import Volatile
from migration_checks.rows.workshop import Workshop
from migration_checks.transition import ColumnChange, ValueSample

Window: TypeAlias = "tuple[datetime, datetime]"


@dataclass(frozen=True, slots=True)
class Matching:
    """Rows of two states that are the same row: SQL of a FROM clause with the aliases b and a, and what names a row.

    `key` are the columns whose values name a row in samples and give their order; `on_b` says which side's values do.
    """

    from_clause: str
    key: tuple[ColumnPair, ...]

    @property
    def names(self) -> list[str]:
        return [left.name for left, _ in self.key]

    @property
    def texts(self) -> str:
        """SQL of text[]: what names the row."""
        return f"ARRAY[{', '.join(f'b.{quoted(name)}::text' for name in self.names)}]::text[]"

    @property
    def order(self) -> str:
        return ", ".join(f"b.{quoted(name)}" for name in self.names) or "1"


def compare_cells(
    shop: Workshop, matching: Matching, pairs: Sequence[ColumnPair], samples: int, volatile: Volatile
) -> tuple[int, list[ColumnChange]]:
    """How many rows match, and how each column of `pairs` differs between them; columns without difference are left out."""
    conditions = [_Cell.of(shop, pair, volatile) for pair in pairs]
    shop.finish()
    numbers = shop.row(_counts(matching, conditions))
    changes = []
    for index, cell in enumerate(conditions):
        changed, represented, nulled, filled, by_chance = numbers[1 + index * 5 : 6 + index * 5]
        if changed or represented:
            left, right = cell.pair
            changes.append((cell, ColumnChange(right.name, left.name, changed, represented, nulled, filled, by_chance)))
    return numbers[0], _sampled(shop, matching, changes, samples)


@dataclass(frozen=True, slots=True)
class _Cell:
    """SQL about one pair of columns."""

    pair: ColumnPair
    before: str
    after: str
    equal: str
    reworded: str
    chance: str

    @classmethod
    def of(cls, shop: Workshop, pair: ColumnPair, volatile: Volatile) -> _Cell:
        left, right = pair
        before, after = f"b.{quoted(left.name)}", f"a.{quoted(right.name)}"
        meaning = same_meaning(before, after, left, right, shop.cast)
        return cls(pair, before, after, meaning.equal, meaning.reworded or "false", volatile.condition(pair, before, after))


def _counts(matching: Matching, cells: Sequence[_Cell]) -> str:
    """One row: the matches, then five numbers a column; the fence keeps each condition from being evaluated five times."""
    inner, outer = ["1"], ["count(*)"]
    for number, cell in enumerate(cells):
        inner.append(
            f"CASE WHEN {cell.equal} THEN CASE WHEN {cell.reworded} THEN 1 ELSE 0 END "
            f"ELSE CASE WHEN {cell.after} IS NULL THEN 3 WHEN {cell.before} IS NULL THEN 4 ELSE 2 END "
            f"+ CASE WHEN {cell.chance} THEN 4 ELSE 0 END END AS c{number}"
        )
        name = f"c{number}"
        outer += [f"count(*) FILTER (WHERE {name} {test})" for test in ("> 1", "= 1", "IN (3, 7)", "IN (4, 8)", "> 5")]
    fence = " OFFSET 0" if cells else ""
    return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {matching.from_clause}{fence}) AS matched"


def _sampled(shop: Workshop, matching: Matching, changes: list[tuple[_Cell, ColumnChange]], samples: int) -> list[ColumnChange]:
    """One pass finds the first rows that differ at all; columns that need more rows than those get a pass of their own."""
    if not changes or not samples:
        return [change for _, change in changes]
    shared = _first(shop, matching, [cell for cell, _ in changes], samples) if len(changes) > 1 else None
    result = []
    for index, (cell, change) in enumerate(changes):
        found = [sample for row in shared or () if (sample := row[index])]
        if len(found) < min(samples, change.changed or change.represented):
            found = [sample for row in _first(shop, matching, [cell], samples) if (sample := row[0])]
        result.append(replace(change, samples=tuple(found[:samples])))
    return result


def _first(shop: Workshop, matching: Matching, cells: Sequence[_Cell], samples: int) -> list[list[ValueSample | None]]:
    """For the first rows in which any of `cells` differs, the sample of each cell, None where that one is equal.

    Changed values come first; values that are only written differently are shown when there are no others.
    """
    columns = [f"ARRAY[{cell.before}::text, {cell.after}::text], NOT ({cell.equal})" for cell in cells]
    rows: list[tuple[Any, ...]] = []
    for test in ("NOT ({0.equal})", "({0.equal}) AND ({0.reworded})"):
        where = " OR ".join(test.format(cell) for cell in cells)
        query = f"SELECT {matching.texts}, {', '.join(columns)} FROM {matching.from_clause} WHERE {where}"
        rows = shop.rows(f"{query} ORDER BY {matching.order} LIMIT {samples}")
        if rows:
            break
    return [[_sample(matching.names, row, index) for index in range(len(cells))] for row in rows]


def _sample(names: list[str], row: tuple[Any, ...], index: int) -> ValueSample | None:
    (before, after), changed = row[1 + index * 2], row[2 + index * 2]
    if not changed and (len(row) > 3 or before == after):
        return None
    return ValueSample(dict(zip(names, row[0], strict=True)), before, after)


def named(names: Sequence[str], values: Sequence[str | None]) -> Mapping[str, str | None]:
    """A row's values as text by column."""
    return dict(zip(names, values, strict=True))


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

"""Compares the values of rows that were matched: counts for each column in one pass, then a few samples in key order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from migration_checks.database import OWN_SCHEMA
from migration_checks.rows.batches import batches
from migration_checks.rows.identity import ColumnPair
from migration_checks.rows.matching import temporary
from migration_checks.rows.values import quoted, same_meaning
from migration_checks.rows.volatile import Volatile
from migration_checks.rows.workshop import Workshop
from migration_checks.transition import ColumnChange, ValueSample

Window: TypeAlias = "tuple[datetime, datetime]"

_AT_ONCE = 500
"""Counts asked for by one statement: a result must fit a row of at most 1,664 columns."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Rows of two states that are the same row: SQL of a FROM clause with the aliases b and a, and what names a row.

    `key` are the columns whose earlier values name a row in samples, and give their order.
    """

    from_clause: str
    key: tuple[ColumnPair, ...]


def compare_cells(
    shop: Workshop,
    matching: Matching,
    pairs: Sequence[ColumnPair],
    samples: int,
    volatile: Volatile,
    *,
    rows: int | None = None,
) -> tuple[int, list[ColumnChange]]:
    """How many rows match, and how each column of `pairs` differs between them; columns without difference are left out.

    One join collects the rows in which anything differs; counts and samples are had from those. `rows` is the number of
    matches where it is known already.
    """
    cells = [_Cell.of(shop, pair, volatile) for pair in pairs]
    shop.finish()
    matched = rows if rows is not None else shop.row(f"SELECT count(*) FROM {matching.from_clause}")[0]
    if not cells or not matched:
        return matched, []
    differing = temporary(shop, "differing", _differing(matching, cells))
    tests = ("> 1", "= 1", "IN (3, 7)", "IN (4, 8)", "> 5")
    counts = [f"count(*) FILTER (WHERE c{index} {test})" for index in range(len(cells)) for test in tests]
    numbers = [
        number for batch in batches(counts, _AT_ONCE) for number in shop.row(f"SELECT {', '.join(batch)} FROM {differing}")
    ]
    changes = []
    for index, cell in enumerate(cells):
        changed, represented, nulled, filled, by_chance = numbers[index * 5 : index * 5 + 5]
        if changed or represented:
            left, right = cell.pair
            found = _samples(shop, matching, differing, index, samples)
            changes.append(ColumnChange(right.name, left.name, changed, represented, nulled, filled, by_chance, found))
    return matched, changes


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

    @property
    def code(self) -> str:
        """SQL: 0 equal, 1 written differently, 2 changed, 3 to NULL, 4 from NULL; 4 more when chance explains it."""
        return (
            f"CASE WHEN {self.equal} THEN CASE WHEN {self.reworded} THEN 1 ELSE 0 END "
            f"ELSE CASE WHEN {self.after} IS NULL THEN 3 WHEN {self.before} IS NULL THEN 4 ELSE 2 END "
            f"+ CASE WHEN {self.chance} THEN 4 ELSE 0 END END"
        )


def _differing(matching: Matching, cells: Sequence[_Cell]) -> str:
    """SELECT of the rows in which any cell differs: key columns k, values b and a as text, codes c.

    Conditions that call a function of ours are fenced, so as to be evaluated once; others may be spread over workers.
    """
    keys = [f"b.{quoted(left.name)} AS k{index}" for index, (left, _) in enumerate(matching.key)]
    values = [f"{cell.before} AS b{index}, {cell.after} AS a{index}" for index, cell in enumerate(cells)]
    codes = [f"{cell.code} AS c{index}" for index, cell in enumerate(cells)]
    fence = " OFFSET 0" if any(OWN_SCHEMA in code for code in codes) else ""
    columns = [f"k{index}" for index in range(len(keys))]
    for index in range(len(cells)):
        columns += [f"CASE WHEN c{index} > 0 THEN {side}{index}::text END AS {side}{index}" for side in "ba"]
        columns.append(f"c{index}::smallint")
    where = " OR ".join(f"c{index} > 0" for index in range(len(cells)))
    inner = f"SELECT {', '.join([*keys, *values, *codes])} FROM {matching.from_clause}{fence}"
    return f"SELECT {', '.join(columns)} FROM ({inner}) AS compared WHERE {where}"


def _samples(shop: Workshop, matching: Matching, differing: str, index: int, samples: int) -> tuple[ValueSample, ...]:
    """The first differing values of one column in key order; values only written differently when there are no others."""
    if not samples:
        return ()
    keys = [f"k{number}" for number in range(len(matching.key))]
    texts = ", ".join(f"{key}::text" for key in keys)
    order = ", ".join([*keys, f"b{index}", f"a{index}"])
    query = f"SELECT ARRAY[{texts}]::text[], b{index}, a{index} FROM {differing} WHERE c{index}"
    found = shop.rows(f"{query} > 1 ORDER BY {order} LIMIT {samples}") or shop.rows(
        f"{query} = 1 ORDER BY {order} LIMIT {samples}"
    )
    names = [left.name for left, _ in matching.key]
    return tuple(ValueSample(named(names, key), before, after) for key, before, after in found)


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

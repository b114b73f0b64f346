"""Remembers what was lost, so that the way back can acquit a step of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from migration_checks.rows.identity import Tables, pair_columns, same_table
from migration_checks.rows.lineup import ROW, name_of
from migration_checks.rows.mirrors import source
from migration_checks.rows.values import quoted, same_meaning
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table
from migration_checks.transition import Fate, ValueSample

FateId = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Lost:
    """Lost values of `column` of `table` (whole rows: None) in `relation`: kid names the row by `naming`, v is the value."""

    relation: str
    table: Table
    naming: tuple[Column, ...]
    column: Column | None


def lost_samples(shop: Workshop, lost: Lost, samples: int) -> tuple[ValueSample, ...]:
    """The first of the lost values, in the order of their keys."""
    if not samples:
        return ()
    columns = [column for column in lost.naming if lost.table.key or column != lost.column]
    texts = ", ".join(f"t.{quoted(column.name)}::text" for column in columns)
    order = ", ".join([*(f"t.{quoted(column.name)}" for column in columns), "l.v", "l.gid"])
    rows = _named(lost.table, lost.naming)
    if not lost.table.key:  # equal rows go by one name
        rows = f"(SELECT DISTINCT ON (r.{ROW}) r.* FROM {rows} AS r)"
    found = shop.rows(f"""
        SELECT ARRAY[{texts}]::text[], l.v, l.now FROM {lost.relation} AS l JOIN {rows} AS t ON t.{ROW} = l.kid
        ORDER BY {order} LIMIT {samples}""")
    return tuple(ValueSample(dict(zip([column.name for column in columns], key, strict=True)), v, now) for key, v, now in found)


def _named(table: Table, naming: Sequence[Column]) -> str:
    return f"(SELECT {name_of(naming, 'r')} AS {ROW}, r.* FROM {source(table)} AS r)"


def acquit(
    shop: Workshop, fates: Sequence[Fate], remembered: Mapping[FateId, Lost], after: Tables, samples: int
) -> tuple[Fate, ...]:
    """The fates, with those lost values that are back exactly where they were counted as restored."""
    return tuple(
        _acquitted(shop, fate, remembered[fate.subject, fate.what, fate.how], after, samples)
        if fate.lost and (fate.subject, fate.what, fate.how) in remembered
        else fate
        for fate in fates
    )


def _acquitted(shop: Workshop, fate: Fate, lost: Lost, after: Tables, samples: int) -> Fate:
    there = same_table(lost.table, after, by_name=True)
    if there is None or there.unread:
        return fate
    columns = pair_columns(lost.table, there, by_name=True)
    names = tuple(column.name for column in lost.naming)
    key = columns.onward(names)
    wanted = columns.onward((lost.column.name,) if lost.column else tuple(column.name for column in lost.table.columns))
    if key is None or wanted is None:
        return fate
    same = [
        same_meaning(f"b.{quoted(left.name)}", f"a.{quoted(right.name)}", left, right, shop.cast).equal
        for left, right in wanted
    ]
    shop.finish()
    now = _named(there, [right for _, right in key])
    back = f"""DELETE FROM {lost.relation} AS l
        USING {_named(lost.table, lost.naming)} AS b JOIN {now} AS a ON a.{ROW} = b.{ROW}
        WHERE b.{ROW} = l.kid AND {" AND ".join(f"({each})" for each in same) or "true"}"""
    restored = shop.execute(back).rowcount
    remaining = fate.lost - restored
    found = lost_samples(shop, lost, samples) if remaining else ()
    return replace(
        fate, restored=fate.restored + restored, lost=remaining, samples=found, caused_by=fate.caused_by if remaining else None
    )

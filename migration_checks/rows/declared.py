"""Transformations that a lineage declares, verified row by row: a value that became what was declared is not lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import psycopg

from migration_checks.errors import ConfigurationError
from migration_checks.lineage import Transformation
from migration_checks.rows.identity import Tables, pair_columns, same_table
from migration_checks.rows.lineup import ROW, name_of
from migration_checks.rows.lost import FateId, Lost, lost_samples
from migration_checks.rows.mirrors import source
from migration_checks.rows.values import quoted
from migration_checks.rows.workshop import Workshop, why
from migration_checks.snapshot import Column, Table
from migration_checks.transition import Destination, Fate

HOW = "declared transformation"
REMEDY = 'Write it as SQL over the columns of the row before the upgrade, for "schema.table.column" as it is named after it.'


def declared(
    shop: Workshop,
    fates: Sequence[Fate],
    remembered: Mapping[FateId, Lost],
    transformations: Iterable[Transformation],
    after: Tables,
    samples: int,
) -> tuple[Fate, ...]:
    """The fates, with those lost values moved whose row holds, in the declared column, just what the expression gives.

    A declaration speaks for the columns that its expression reads. Rows that contradict it stay lost. Raises
    ConfigurationError when an expression cannot be evaluated or names a column that is not there.
    """
    result = list(fates)
    for transformation in transformations:
        place, column = _place(transformation, after)
        for number, fate in enumerate(result):
            lost = remembered.get((fate.subject, fate.what, fate.how))
            if fate.lost and lost is not None and _speaks_for(transformation, lost, place, after):
                result[number] = _verified(shop, fate, lost, transformation, place, column, samples)
    return tuple(result)


def _place(transformation: Transformation, after: Tables) -> tuple[Table, Column]:
    """The table and column that a declaration names. Raises ConfigurationError."""
    for name, table in after.items():
        for column in table.columns:
            if transformation.column in (f"{name}.{column.name}", f"{name}.{quoted(column.name)}"):
                return table, column
    raise ConfigurationError(
        f"The transformation at {transformation.revision} names {transformation.column}, which is not there after it.", REMEDY
    )


def _speaks_for(transformation: Transformation, lost: Lost, place: Table, after: Tables) -> bool:
    """Whether the lost column belongs to the declared table and is read by the expression."""
    there = same_table(lost.table, after)
    if lost.column is None or there is None or there.oid != place.oid:
        return False
    name = re.escape(lost.column.name)
    return bool(re.search(rf'(?<!\w){name}(?!\w)|"{name}"', transformation.expression, re.IGNORECASE))


def _verified(
    shop: Workshop, fate: Fate, lost: Lost, transformation: Transformation, place: Table, column: Column, samples: int
) -> Fate:
    key = pair_columns(lost.table, place).onward(tuple(each.name for each in lost.naming))
    if key is None:
        return fate
    try:
        with shop.attempt():
            count = shop.execute(_query(lost, transformation, place, column, [right for _, right in key])).rowcount
    except psycopg.Error as error:
        raise ConfigurationError(
            f"The transformation of {transformation.column} at {transformation.revision} cannot be evaluated: {why(error)}.",
            REMEDY,
        ) from error
    if not count:
        return fate
    remaining = fate.lost - count
    return replace(
        fate,
        moved=(*fate.moved, Destination(transformation.column, HOW, count)),
        lost=remaining,
        samples=lost_samples(shop, lost, samples) if remaining else (),
        caused_by=fate.caused_by if remaining else None,
    )


def _query(lost: Lost, transformation: Transformation, place: Table, column: Column, key: Sequence[Column]) -> str:
    value = f"a.{quoted(column.name)}"
    return f"""DELETE FROM {lost.relation} AS l
        USING (SELECT {name_of(lost.naming, "r")} AS {ROW}, ({transformation.expression}) AS declared
               FROM {source(lost.table)} AS r) AS b
        JOIN (SELECT {name_of(key, "r")} AS {ROW}, r.* FROM {source(place)} AS r) AS a ON a.{ROW} = b.{ROW}
        WHERE b.{ROW} = l.kid AND {value} IS NOT NULL AND {value}::text = b.declared::{column.type}::text"""

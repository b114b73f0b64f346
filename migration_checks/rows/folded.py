"""A document that took up columns which the older schema does not have holds all that was written to it, and is no loss."""

from __future__ import annotations

from dataclasses import replace

from migration_checks.rows.identity import ColumnPair, Columns
from migration_checks.rows.keys import common_key, joined
from migration_checks.rows.matching import temporary
from migration_checks.rows.mirrors import source
from migration_checks.rows.values import base, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table

_DOCUMENTS = frozenset(("json", "jsonb"))


def unfolded(shop: Workshop, written: Table, now: Table, columns: Columns) -> Table:
    """`now`, its documents as they were `written` wherever all that differs was taken up from dropped columns of the same row.

    What `||` does: members are added to an object (to none, where there was no document), a last element to anything else; each
    added member has the value of a column that `now` lacks. Rows are known by their key; without one nothing is changed.
    """
    pairs = [pair for pair in columns.pairs if all(each.type in _DOCUMENTS for each in pair)]
    key = common_key(shop, written, now, columns) if pairs and columns.dropped else ()
    if not key:
        return now
    before = {right.name: (left, right) for left, right in pairs}
    listed = ", ".join(_value(shop, before.get(column.name), columns, column) for column in now.columns)
    shop.finish()
    query = f"SELECT {listed} FROM {source(now)} AS a LEFT JOIN {source(written)} AS b ON {joined(key)}"
    return replace(now, relation=temporary(shop, "unfolded", query), digests={})


def _value(shop: Workshop, pair: ColumnPair | None, columns: Columns, column: Column) -> str:
    name = quoted(column.name)
    if pair is None:
        return f"a.{name}"
    then = f"b.{quoted(pair[0].name)}"
    one, other = _document(shop, then, pair[0]), _document(shop, f"a.{name}", pair[1])
    same = then if base(pair[0]) == base(pair[1]) else f"{then}::{base(pair[1])}"
    return f"CASE WHEN {_took_up(one, other, columns.dropped)} THEN {same} ELSE a.{name} END AS {name}"


def _document(shop: Workshop, value: str, column: Column) -> str:
    return value if base(column) == "jsonb" else shop.cast(value, base(column), "jsonb")


def _took_up(written: str, now: str, dropped: tuple[Column, ...]) -> str:
    """SQL that is true when the document `now` is `written` || an object made of values of the row's `dropped` columns."""
    names = [f"b.{quoted(column.name)}" for column in dropped]
    values = f"ARRAY[{', '.join(f'to_jsonb({name})' for name in names)}], ARRAY[{', '.join(f'{name}::text' for name in names)}]"
    return f"""EXISTS (
        SELECT FROM
            (SELECT coalesce({written}, '{{}}') AS w, {now} AS n) AS d,
            LATERAL (SELECT CASE WHEN jsonb_typeof(w) = 'object' AND jsonb_typeof(n) = 'object'
                            THEN n - ARRAY(SELECT jsonb_object_keys(w))
                            WHEN jsonb_typeof(n -> -1) = 'object' THEN n -> -1 ELSE '{{}}' END AS x) AS e
        WHERE x <> '{{}}' AND n = w || x
            AND NOT EXISTS (
                SELECT FROM jsonb_each(x) AS m
                WHERE NOT EXISTS (
                    SELECT FROM unnest({values}) AS v(value, text)
                    WHERE v.value = m.value OR v.text = m.value #>> '{{}}' OR v.text IS NULL AND m.value = 'null')))"""

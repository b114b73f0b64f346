"""A Profile as JSON and back; the reader takes nothing that the writer would not write."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from migration_checks.errors import ConfigurationError
from migration_checks.fields import Fields
from migration_checks.profile.values import (
    FORMAT,
    MISSING,
    SHAPE_KINDS,
    Bucket,
    ColumnProfile,
    Common,
    NullGroup,
    NullPattern,
    Profile,
    Shape,
    TableProfile,
)

REMEDY = "Give a file that `migration-checks profile` of this version wrote."
MOST_ROWS = 10**12


def to_json(profile: Profile) -> str:
    """`profile` as one JSON document, ASCII only, one line a column; equal databases give equal bytes."""
    tables = ",\n".join(_table_text(table) for table in profile.tables)
    head = {"format": FORMAT, "server": profile.server, "values": profile.values}
    return f'{json.dumps(head)[:-1]}, "tables": [\n{tables}\n]}}\n'


def _table_text(table: TableProfile) -> str:
    document = asdict(table)
    columns = ",\n".join("    " + json.dumps(_without_nothing(column)) for column in document.pop("columns"))
    return f'  {json.dumps(document)[:-1]}, "columns": [\n{columns}\n  ]}}'


def _without_nothing(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [_without_nothing(each) for each in item] if key == "common" else item
        for key, item in value.items()
        if item is not None
    }


def read_file(path: Path) -> Profile:
    """The profile in the file `path`. Raises ConfigurationError."""
    try:
        text = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigurationError(f"The profile {path} cannot be read: {reason}.", REMEDY) from None
    return from_json(text, f"The profile {path}")


def from_json(text: str | bytes, where: str = "The profile") -> Profile:
    """The Profile that `text` holds. Raises ConfigurationError where any part of it is not as `to_json` writes it."""
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{where} is not JSON: {error}.", REMEDY) from None
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ConfigurationError(f'{where} is no profile of this version: its "format" is not "{FORMAT}".', REMEDY)
    table = Fields(document, where, ("format", "server", "values", "tables"), REMEDY)
    profile = Profile(
        server=table.required("server", table.text("server")),
        values=table.required("values", table.flag("values")),
        tables=tuple(_table(each) for each in _list(table, "tables", ("name", "rows", "missing", "null_groups", "columns"))),
    )
    if len(profile.by_name) != len(profile.tables):
        raise table.error(f"{where} names a table twice.")
    return profile


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _list(table: Fields, key: str, keys: tuple[str, ...]) -> list[Fields]:
    table.required(key, table.table.get(key))
    return list(table.children(key, keys))


_COLUMN_KEYS = ("name", "type", "null_fraction", "distinct", "distinct_fraction", "width", "common", "shape")


def _table(table: Fields) -> TableProfile:
    columns = tuple(_column(each) for each in _list(table, "columns", _COLUMN_KEYS))
    names = {column.name for column in columns}
    if len(names) != len(columns):
        raise table.error(f"{table.where} names a column twice.")
    return TableProfile(
        name=table.required("name", table.text("name")),
        rows=table.required("rows", table.integer("rows", 0, MOST_ROWS)),
        missing=table.choice("missing", MISSING),
        columns=columns,
        null_groups=tuple(_group(each, names) for each in _list(table, "null_groups", ("columns", "patterns"))),
    )


def _group(table: Fields, known: set[str]) -> NullGroup:
    columns = table.texts("columns")
    found = _list(table, "patterns", ("nulls", "fraction"))
    patterns = tuple(NullPattern(each.texts("nulls"), _fraction(each, "fraction")) for each in found)
    named = [name for names in (columns, *(pattern.nulls for pattern in patterns)) for name in names]
    if len(set(columns)) < 2 or not known.issuperset(columns) or not set(columns).issuperset(named):
        raise table.error(f"{table.where} is not made of columns of its table.")
    if sum(pattern.fraction for pattern in patterns) > 1.01:
        raise table.error(f"{table.where}: the fractions of its patterns come to more than 1.")
    return NullGroup(columns, patterns)


def _column(table: Fields) -> ColumnProfile:
    column = ColumnProfile(
        name=table.required("name", table.text("name")),
        type=table.required("type", table.text("type")),
        null_fraction=_fraction(table, "null_fraction"),
        distinct=table.integer("distinct", 1, MOST_ROWS),
        distinct_fraction=_fraction(table, "distinct_fraction") if "distinct_fraction" in table else None,
        width=table.required("width", table.integer("width", 0, 2**30)),
        common=tuple(
            Common(_fraction(each, "fraction"), each.text("value")) for each in _list(table, "common", ("fraction", "value"))
        ),
        shape=_shape(table),
    )
    if column.distinct is not None and column.distinct_fraction is not None:
        raise table.error(f"{table.where} has both distinct and distinct_fraction.")
    if column.null_fraction + sum(each.fraction for each in column.common) > 1.05:
        raise table.error(f"{table.where}: its fractions come to more than 1.")
    return column


def _shape(table: Fields) -> Shape | None:
    shape = table.child("shape", ("kind", "buckets"))
    if shape is None:
        return None
    kind = shape.required("kind", shape.choice("kind", SHAPE_KINDS))
    buckets = tuple(
        Bucket(_real(each, "low"), _real(each, "high"), _fraction(each, "fraction"))
        for each in _list(shape, "buckets", ("low", "high", "fraction"))
    )
    limit = 10_000 if kind == "year" else 1e18
    if not buckets or any(not -limit <= each.low < each.high <= limit for each in buckets):
        raise shape.error(f"{shape.where} has no buckets, or some that are out of order or bounds.")
    if kind == "year" and any(each.low < 1 or each.low % 1 or each.high != each.low + 1 for each in buckets):
        raise shape.error(f"{shape.where} has buckets that are no years.")
    return Shape(kind, buckets)


def _fraction(table: Fields, key: str) -> float:
    value = _real(table, key)
    if not 0 <= value <= 1:
        raise table.wrong(key, "a number from 0 to 1")
    return value


def _real(table: Fields, key: str) -> float:
    value = table.required(key, table.table.get(key))
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= 1e300 or math.isnan(value):
        raise table.wrong(key, "a number")
    return float(value)

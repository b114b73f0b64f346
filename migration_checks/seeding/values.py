"""Turns the text of a value into something that compares as PostgreSQL compares it; what is not known becomes UNKNOWN.

A value is None (SQL NULL), a bool, a Decimal, a datetime, a str, a list (array) or a `Document` (json); dates are datetimes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from migration_checks.seeding.literals import read_array
from migration_checks.seeding.schema import Type

Value = Any


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("UNKNOWN is neither true nor false")


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON value, kept apart from SQL values of the same Python type."""

    value: Any


# A moment that lies in the past wherever the toolkit runs, and after every plausible value that it draws.
NOW: Final = datetime(2025, 6, 1)
_PLAIN: Final = re.compile(r"-?\d{1,15}")
_ENDLESS: Final = {"infinity": datetime.max, "-infinity": datetime.min}
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "oid"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "char", "uuid", "inet", "macaddr"})
_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
SPELLINGS = {
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "decimal": "numeric",
    "real": "float4",
    "double precision": "float8",
    "character varying": "varchar",
    "character": "bpchar",
    "boolean": "bool",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}


def reads(kind: Type) -> Callable[[str | None], Value]:
    """A function from a value's text to the value that this module compares."""
    while kind.kind == "d" and kind.element is not None:
        kind = kind.element
    if kind.kind == "e":
        labels = {label: Label(label, place) for place, label in enumerate(kind.labels)}
        return lambda text: None if text is None else labels.get(text, UNKNOWN)
    if kind.kind == "a" and kind.element is not None:
        inner = reads(kind.element)
        return lambda text: None if text is None else _array(text, inner)
    name = kind.name if kind.builtin or kind.name == "citext" else "?"
    return lambda text: None if text is None else convert(text, name)


class Label(str):
    """An enum's label: equal to its text, ordered by its place."""

    __slots__ = ("place",)
    place: int

    def __new__(cls, text: str, place: int) -> Label:
        made = super().__new__(cls, text)
        made.place = place
        return made


def _array(text: str, inner: Callable[[str | None], Value]) -> Value:
    values = read_array(text)
    return UNKNOWN if values is None else [inner(value) for value in values]


def convert(text: str, name: str) -> Value:
    """The value of `text` as the type with this short name; UNKNOWN for a type that is not compared here."""
    if name in _NUMBERS:
        return _number(text)
    if name in _MOMENTS:
        return _moment(text)
    if name == "interval":
        return _span(text)
    if name == "bool":
        return text.lower() in ("t", "true", "yes", "on", "1")
    if name == "bpchar":
        return text.rstrip(" ")
    if name == "citext":
        return text.lower()
    if name in _TEXTS:
        return text
    if name in ("json", "jsonb"):
        return Document(json.loads(text))
    return UNKNOWN


def _number(text: str) -> Value:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return UNKNOWN
    if not text.isascii():  # digits of other scripts are none to PostgreSQL
        return UNKNOWN
    # PostgreSQL sorts NaN above every other number.
    return Decimal("Infinity") if number.is_nan() else number


def _moment(text: str) -> Value:
    if text in _ENDLESS:
        return _ENDLESS[text]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return UNKNOWN
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


_SPAN = re.compile(r"(?:(-?\d+) days?)? ?(?:(-?)(\d+):(\d\d):(\d\d(?:\.\d+)?))?")


def _span(text: str) -> Value:
    """An interval of days and hours; months have no fixed length."""
    match = _SPAN.fullmatch(text.strip())
    if match is None or not text.strip():
        return UNKNOWN
    days, sign, hours, minutes, seconds = match.groups()
    rest = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0))
    return timedelta(days=int(days or 0)) + (-rest if sign else rest)


def cast(value: Value, name: str) -> Value:
    """`value` cast to the type of this short name."""
    if value is None or value is UNKNOWN:
        return value
    if isinstance(value, list):
        return [cast(each, SPELLINGS.get(name[:-2], name[:-2])) for each in value] if name.endswith("[]") else UNKNOWN
    if isinstance(value, str):
        if name in ("json", "jsonb", "citext", "bool", "interval") or name in _NUMBERS | _MOMENTS | _TEXTS:
            return convert(value, name)
        if name.endswith("[]"):
            read = read_array(value)
            return UNKNOWN if read is None else cast(read, name)
        return value
    if isinstance(value, Decimal):
        return _cast_number(value, name)
    if isinstance(value, datetime):
        return _cast_moment(value, name)
    return value if isinstance(value, (bool, Document)) and name in ("bool", "json", "jsonb") else UNKNOWN


def _cast_number(value: Decimal, name: str) -> Value:
    """numeric and double precision, which look alike here, differ in how they round a half and in how they are written."""
    if name in ("int2", "int4", "int8"):
        half = value.is_finite() and abs(value) % 1 == Decimal("0.5")
        return UNKNOWN if half else value.to_integral_value()
    if name in _NUMBERS:
        return value
    plain = _PLAIN.fullmatch(str(value)) is not None
    return str(value) if plain and name in _TEXTS else UNKNOWN


def _cast_moment(value: datetime, name: str) -> Value:
    if name == "date":
        return datetime.combine(value.date(), time())
    return value if name in _MOMENTS else UNKNOWN

"""Conditions on rows (CHECK constraints, index predicates, partition bounds), and how a pool is fitted to them.

Where a condition can be read it is solved: the constants that it names, their neighbours and what lies between them join the
pool, and the values that it refuses leave it. What cannot be read is left to the server, see `migration_checks.seeding.repair`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation, localcontext
from itertools import pairwise
from random import Random

from migration_checks.seeding import literals
from migration_checks.seeding.evaluation import Compiled, compiled, holds
from migration_checks.seeding.expressions import Node, Unreadable, parse
from migration_checks.seeding.operators import like_pattern
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.regexes import words
from migration_checks.seeding.scalars import base36, precision
from migration_checks.seeding.schema import Type
from migration_checks.seeding.values import reads

_LENGTHS = frozenset({"length", "char_length", "character_length", "octet_length"})
_INTEGERS = frozenset({"int2", "int4", "int8", "oid"})
_NUMBERS = _INTEGERS | {"numeric", "float4", "float8"}
_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext", "name"})
_PROBES = (0, 1, 2, 7, 31)


@dataclass(frozen=True, slots=True)
class Condition:
    """A boolean expression: `node` is None when it cannot be read; then `columns` is empty too."""

    text: str
    node: Node | None
    columns: frozenset[str]
    test: Compiled | None

    def met(self, row: Callable[[str], object]) -> bool | None:
        """Whether a row meets it (NULL does, as in a CHECK); None when that cannot be told here."""
        return None if self.test is None else holds(self.test, row)

    def readable(self, kind: Type, name: str, values: Sequence[str]) -> bool:
        """Whether it can be told of each of these values of the column `name`."""
        read_value = reads(kind)
        cells = [read_value(value) for value in values]
        return self.test is not None and all(self.met(_always(cell)) is not None for cell in cells)


def _always(cell: object) -> Callable[[str], object]:
    """A row of which only one column is asked."""
    return lambda _: cell


def read(text: str) -> Condition:
    """The condition that PostgreSQL wrote as `text`."""
    try:
        node = parse(text)
        return Condition(text, node, node.columns, compiled(node))
    except (Unreadable, RecursionError):
        return Condition(text, None, frozenset(), None)


def bottom(kind: Type, modifier: int = -1) -> tuple[Type, int]:
    """The type under domains, with its modifier."""
    while kind.kind == "d" and kind.element is not None:
        kind, modifier = kind.element, kind.modifier
    return kind, modifier


def applied(pool: Pool, kind: Type, conditions: Sequence[Condition], name: str, modifier: int = -1) -> Pool:
    """The pool with what the conditions hint at for the column, without what those on this column alone refuse."""
    hinted = pool.joined(hints(conditions, kind, name, modifier))
    alone = [condition for condition in conditions if condition.columns == {name}]
    if not alone:
        return hinted
    read_value = reads(kind)
    base, base_modifier = bottom(kind, modifier)

    def keep(value: str) -> bool:
        cell = read_value(value)
        return _fits(value, base, base_modifier) and all(condition.met(lambda _: cell) is not False for condition in alone)

    kept = hinted.only(keep)
    return replace(kept, nth=_fitted(kept, base, conditions, name, keep))


def _fitted(
    pool: Pool, kind: Type, conditions: Sequence[Condition], name: str, keep: Callable[[str], bool]
) -> Callable[[int], str | None]:
    """Distinct values that are kept: the pool's own, or a series that starts at one of the constants."""
    for series in _series(pool, kind, conditions, name):
        probes = [series(k) for k in _PROBES]
        if all(value is not None and keep(value) for value in probes):
            return series
    return _sieved(pool, kind, conditions, name, keep)


def _series(pool: Pool, kind: Type, conditions: Sequence[Condition], name: str) -> Iterator[Callable[[int], str | None]]:
    if pool.nth:
        yield pool.nth
    if kind.name in _NUMBERS:
        for start in sorted(set(_numbers(conditions, name))):
            first = int(start) + 1
            yield lambda k, first=first: str(first + k)  # type: ignore[misc]
    elif kind.name in _TEXTS:
        for length in sorted({int(number) for number in _numbers(conditions, name) if 0 < number < 2000}):
            yield lambda k, length=length: base36(k, length)  # type: ignore[misc]
            yield lambda k, length=length: base36(k, length + 1)  # type: ignore[misc]
            yield lambda k, length=length: base36(k, length - 1)  # type: ignore[misc]
        yield lambda k: base36(k, 7).upper()
        yield lambda k: f"{k:07d}"
        for value in pool.plausible[:4]:
            yield lambda k, value=value: f"{value}{k:07d}"  # type: ignore[misc]


def _sieved(
    pool: Pool, kind: Type, conditions: Sequence[Condition], name: str, keep: Callable[[str], bool]
) -> Callable[[int], str | None]:
    """The distinct values that can be had by listing: words of the patterns, the kept values, those of `nth` that pass."""
    patterns = list(_patterns(conditions, name))
    given: dict[str, None] = {}
    for pattern in patterns:
        given.update(dict.fromkeys(word for word in words(pattern, Random(pattern), 600) if keep(word)))
    given.update(dict.fromkeys(pool.values))
    nth = pool.nth
    if nth is not None:
        given.update(dict.fromkeys(value for k in range(500) if (value := nth(k)) is not None and keep(value)))
    every = tuple(given)
    return lambda k: every[k] if k < len(every) else None


def hints(conditions: Sequence[Condition], kind: Type, name: str, modifier: int = -1) -> list[str]:
    """Values of the column that the conditions speak of, directly or by their bounds, lengths, patterns and keys."""
    base, base_modifier = bottom(kind, modifier)
    found: list[str] = []
    bounds: list[str] = []
    for node in _comparisons(conditions, name):
        constants = [each.value for each in node.walk() if each.op == "literal"]
        if base.kind == "e":
            found += [constant for constant in constants if constant in base.labels]
        elif base.kind == "a":
            found += _arrays(base, constants)
        elif base.name in ("json", "jsonb"):
            found += _documents(constants)
        elif base.name in _TEXTS:
            found += _texts(node, constants)
        elif base.name in _NUMBERS or base.name in _MOMENTS:
            bounds += constants
        elif base.kind == "b" and node.op in ("op", "any") and node.args[0].op in ("column", "cast"):
            found += constants
    if bounds:
        found += _between(bounds) if base.name in _NUMBERS else _moments(base.name, bounds)
    return list(dict.fromkeys(value for value in found if _fits(value, base, base_modifier)))


def _fits(value: str, kind: Type, modifier: int) -> bool:
    if kind.name in _NUMBERS and kind.builtin:
        with localcontext(prec=1100):
            return _number_fits(value, kind.name, modifier)
    return kind.name not in ("varchar", "bpchar") or modifier < 4 or len(value) <= modifier - 4


def _number_fits(value: str, name: str, modifier: int) -> bool:
    number = Decimal(value)
    if not number.is_finite():
        return name not in _INTEGERS
    if name in _INTEGERS:
        low, high = {"int2": (-(2**15), 2**15), "int4": (-(2**31), 2**31), "oid": (0, 2**32)}.get(name, (-(2**63), 2**63))
        return number == number.to_integral_value() and low <= number < high
    limits = precision(modifier) if name == "numeric" else None
    return limits is None or (abs(number) < Decimal(1).scaleb(limits[0] - limits[1]) and round(number, limits[1]) == number)


def _comparisons(conditions: Sequence[Condition], name: str) -> Iterator[Node]:
    """The smallest boolean parts that name the column beside constants."""
    for condition in conditions:
        for node in condition.node.walk() if condition.node else ():
            if node.op in ("op", "any", "all", "call", "is") and name in node.columns:
                yield node


def _numbers(conditions: Sequence[Condition], name: str) -> Iterator[Decimal]:
    for node in _comparisons(conditions, name):
        for each in node.walk():
            if each.op == "literal":
                try:
                    number = Decimal(each.value)
                except InvalidOperation:
                    continue
                if number.is_finite():
                    yield number


def _patterns(conditions: Sequence[Condition], name: str) -> Iterator[str]:
    for node in _comparisons(conditions, name):
        if node.op == "op" and node.value in ("~", "~*"):
            yield from (each.value for each in node.args[1].walk() if each.op == "literal")


def _texts(node: Node, constants: Sequence[str]) -> list[str]:
    if any(each.op == "call" and each.value in _LENGTHS for each in node.walk()):
        lengths = {int(c) + off for c in constants if c.isdigit() and int(c) <= 4000 for off in (-1, 0, 1, 3)}
        return [("Lorem ipsum dolor sit amet " * (n // 27 + 1))[: n - 1] + "." for n in sorted(lengths) if n > 0]
    if any(each.op == "call" and each.value in ("jsonb_typeof", "json_typeof") for each in node.walk()):
        return ["object", "array", "string", "number", "boolean", "null"]
    if node.op == "op" and node.value in ("~", "~*"):
        return [word for pattern in constants for word in words(pattern, Random(pattern), 24)]
    if node.op == "op" and node.value in ("~~", "~~*"):
        return [word for pattern in constants for word in words("^" + like_pattern(pattern) + "$", Random(pattern), 12)]
    if node.op == "call" and node.value == "starts_with":
        return [constant + ending for constant in constants for ending in ("", "1", "abc", "-x")]
    if any(each.op == "call" and each.value in ("strpos", "position") for each in node.walk()):
        return [start + constant + end for constant in constants for start, end in (("a", "b"), ("", ""), ("left", "right"))]
    if any(each.op == "call" and each.value in ("upper", "lower") for each in node.walk()):
        return [shape for constant in constants for shape in (constant, "ABC", "abc", "X1", "x1", "MIXED", "word")]
    return list(constants)


def _between(constants: Iterable[str]) -> list[str]:
    """The constants, their neighbours, and what lies between and beyond them."""
    numbers: set[Decimal] = set()
    for constant in constants:
        try:
            number = Decimal(constant)
        except InvalidOperation:
            continue
        if number.is_finite():
            numbers.add(number)
    ordered = sorted(numbers)
    found = [number + offset for number in ordered for offset in (0, 1, -1, 2, 10, 100)]
    found += [number + (number * 3 if number else Decimal("0.5")) for number in ordered]
    for low, high in pairwise([*([Decimal(0)] if ordered and ordered[0] > 0 else []), *ordered]):
        found += [low + (high - low) * part / 8 for part in range(1, 8)]
        found += [Decimal(int(low + (high - low) * part / 8)) for part in range(1, 8)]
    return [format(number, "f") for number in found]


def _moments(name: str, constants: Iterable[str]) -> list[str]:
    moments = []
    for constant in constants:
        try:
            moments.append(datetime.fromisoformat(constant))
        except ValueError:
            continue
    ordered = sorted(set(moments), key=lambda moment: moment.isoformat())
    found = [
        moment + offset
        for moment in ordered
        for offset in (timedelta(), -timedelta(days=1), timedelta(days=1), timedelta(days=40))
    ]
    for low, high in pairwise(ordered):
        if (low.tzinfo is None) == (high.tzinfo is None):
            found += [low + (high - low) * part / 8 for part in range(1, 8)]
    shown = [str(moment.date()) if name == "date" else moment.replace(microsecond=0).isoformat(" ") for moment in found]
    return (
        [text if name != "timestamptz" or "+" in text else text + "+00" for text in shown] if name != "date" else _days(shown)
    )


def _days(texts: Iterable[str]) -> list[str]:
    return [str(date.fromisoformat(text)) for text in texts]


def _arrays(kind: Type, constants: Sequence[str]) -> list[str]:
    inner = kind.element
    if inner is None or (inner.name not in _TEXTS and inner.kind != "e"):
        numbers = [constant for constant in constants if constant.lstrip("-").isdigit()]
        sample = {"uuid": "123e4567-e89b-12d3-a456-426614174000", "date": "2024-01-01"}.get(inner.name if inner else "", "1")
        sized = [literals.array([sample] * (int(n) + off)) for n in numbers for off in (-1, 0, 1) if 0 <= int(n) + off <= 64]
        return sized + ([literals.array([n]) for n in numbers] if inner and inner.name in _NUMBERS else [])
    labels = [constant for constant in constants if inner.kind != "e" or constant in inner.labels]
    first = labels[0] if labels else inner.labels[0] if inner.labels else "a"
    sized = [
        literals.array([first] * (int(c) + off))
        for c in constants
        if c.isdigit() and int(c) < 64
        for off in (-1, 0, 1)
        if int(c) + off >= 0
    ]
    return [literals.array([label]) for label in labels] + ([literals.array(labels)] if labels else []) + sized


def _documents(constants: Sequence[str]) -> list[str]:
    """Documents that hold the constants as keys, as values and as both."""
    names = {"object", "array", "string", "number", "boolean", "null"}
    keys = [constant for constant in constants if constant not in names]
    shapes: tuple[object, ...] = ("text", 1, [], {}, True, None, ["a"], {"id": 1})
    found = [json.dumps(dict.fromkeys(keys, shape)) for shape in shapes] if keys else []
    found += [json.dumps({key: other}) for key in keys for other in keys if key != other]
    return found + [json.dumps({key: shape}) for key in keys for shape in shapes[:4] if len(keys) > 1]

"""Pools for every type: scalars, and what is made of them: arrays, enums, domains, composites, ranges and multiranges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from migration_checks.seeding import literals
from migration_checks.seeding.conditions import Condition, applied, read
from migration_checks.seeding.extensions import EXTENSIONS
from migration_checks.seeding.pool import Pool, chance, same
from migration_checks.seeding.scalars import SCALARS
from migration_checks.seeding.schema import Type

# What a type that nobody here knows may accept, tried on the server one by one.
_CANDIDATES = (
    "0",
    "1",
    "2",
    "a",
    "b",
    "1.5",
    "(1,2)",
    "[1,2]",
    "{}",
    "{1}",
    "2024-01-01",
    "0/0",
    "a=>1",
    "POINT(1 2)",
    "1.0.0",
    "",
    "t",
)


class Pools:
    """Makes pools; asks the server only about domains whose checks it cannot read and about types it does not know."""

    def __init__(self, connection: psycopg.Connection[Any], seed: int) -> None:
        self.connection = connection
        self.seed = seed
        self.ascii = connection.info.parameter_status("server_encoding") not in ("UTF8", None)
        self._known: dict[tuple[Type, int], Pool | None] = {}

    def forget(self) -> None:
        """Forget pools of the user's types, which a migration may have changed."""
        self._known = {key: pool for key, pool in self._known.items() if key[0].builtin}

    def of(self, kind: Type, modifier: int = -1) -> Pool | None:
        """The pool of a type, None when no value of it could be found."""
        key = (kind, modifier)
        if key not in self._known:
            pool = self._make(kind, modifier, chance(self.seed, kind.sql, str(modifier)))
            self._known[key] = None if pool is None else _varied(pool.only(str.isascii) if self.ascii else pool)
        return self._known[key]

    def _make(self, kind: Type, modifier: int, random: Random) -> Pool | None:
        makers: dict[str, Callable[[Type, int, Random], Pool | None]] = {
            "a": self._array,
            "e": self._enum,
            "d": self._domain,
            "c": self._composite,
            "r": self._range,
            "m": self._multirange,
        }
        scalar = (SCALARS if kind.builtin else EXTENSIONS).get(kind.name)
        if scalar is not None and kind.kind in "ba" and (kind.kind == "b" or kind.name.endswith("vector")):
            pool = scalar(random, modifier)
            return self._supported(pool, kind) if kind.name == "xml" else pool
        maker = makers.get(kind.kind, self._trial)
        return maker(kind, modifier, random)

    def _supported(self, pool: Pool, kind: Type) -> Pool | None:
        """The pool, None where the server was built without the type's library."""
        query = f"SELECT v.v FROM unnest(%(v)s::text[]) v(v) WHERE (v.v::{kind.sql}) IS NOT NULL".encode()
        return pool if self.asked(query, list(pool.values)) else None

    def _enum(self, kind: Type, modifier: int, random: Random) -> Pool | None:
        labels = kind.labels
        return Pool(labels, nth=lambda k: labels[k] if k < len(labels) else None) if labels else None

    def _array(self, kind: Type, modifier: int, random: Random) -> Pool | None:
        inner = self.of(kind.element, modifier) if kind.element else None
        if inner is None or not inner.values:
            return Pool(("{}",), nth=lambda k: "{}" if k == 0 else None)
        values = inner.plausible or inner.values
        mark = kind.element.delimiter if kind.element else ","
        array, matrix = partial(literals.array, delimiter=mark), partial(literals.matrix, delimiter=mark)
        plausible = tuple(array(random.choices(values, k=random.randint(1, 4))) for _ in range(16))
        edges = [array([]), array([values[0], values[0]]), array(inner.adversarial[:6])]
        null_allowed = not (kind.element and kind.element.not_null)
        edges += [array([None]), array([values[0], None])] if null_allowed else []
        rare = (matrix([[values[0], values[-1]], [values[-1], values[0]]]),)
        nth = inner.nth

        def distinct(k: int) -> str | None:
            value = nth(k) if nth else None
            return None if value is None else array([value])

        # Arrays compare by their elements: those of folding types stay apart by text only where it is folded.
        fold: Callable[[str], Any] = str.casefold if inner.canonical is not same else same
        return Pool(plausible, tuple(dict.fromkeys(edges)), rare, distinct, fold)

    def _composite(self, kind: Type, modifier: int, random: Random) -> Pool | None:
        inner = [self.of(each, each_modifier) for _, each, each_modifier in kind.attributes]
        given = [pool.values if pool is not None and pool.values else (None,) for pool in inner]
        plausible = tuple(dict.fromkeys(literals.composite([random.choice(values) for values in given]) for _ in range(16)))
        blank = literals.composite([None] * len(given))
        first = inner[0] if inner else None

        def distinct(k: int) -> str | None:
            value = first.nth(k) if first is not None and first.nth else None
            return None if value is None else literals.composite([value, *(values[0] for values in given[1:])])

        return Pool(plausible, (blank,) if len(given) > 1 else (), nth=distinct)

    def _range(self, kind: Type, modifier: int, random: Random) -> Pool | None:
        inner = self.of(kind.element) if kind.element else None
        nth = inner.nth if inner else None
        if inner is None or nth is None or not inner.ascending:
            return self._trial(kind, modifier, random)

        def spanned(low: int, high: int) -> str | None:
            first, last = nth(low), nth(high)
            return None if first is None or last is None else f"[{literals.bound(first)},{literals.bound(last)})"

        offsets = sorted(random.randint(0, 4000) for _ in range(17))
        plausible = tuple(span for low, high in pairwise(offsets) if (span := spanned(low, high + 1)))
        edge = literals.bound(nth(5) or "")
        edges = ("empty", "(,)", f"[{edge},)", f"(,{edge}]", f"[{edge},{edge}]")
        # Strictly apart: no two of them overlap or touch, which exclusion constraints ask for.
        return Pool(plausible, edges, nth=lambda k: spanned(5000 + 3 * k, 5001 + 3 * k))

    def _multirange(self, kind: Type, modifier: int, random: Random) -> Pool | None:
        inner = self._range(kind, modifier, random)
        if inner is None or not inner.plausible:
            return None
        spans = inner.plausible
        plausible = tuple("{" + ",".join(random.sample(spans, min(2, len(spans)))) + "}" for _ in range(8))
        nth = inner.nth

        def distinct(k: int) -> str | None:
            span = nth(k) if nth else None
            return None if span is None else "{" + span + "}"

        return Pool(plausible, ("{}", "{(,)}", "{empty}"), nth=distinct)

    def _domain(self, kind: Type, modifier: int, random: Random) -> Pool | None:
        base = self.of(kind.element, kind.modifier) if kind.element else None
        if base is None:
            return None
        return self.restricted(base, kind, [read(text) for text in kind.checks], "value")

    def restricted(self, pool: Pool, kind: Type, conditions: Sequence[Condition], name: str) -> Pool:
        """The pool narrowed to what the conditions on the column `name` accept, and widened by values read from them."""
        if not conditions:
            return pool
        narrowed = applied(pool, kind, conditions, name)
        unreadable = [condition for condition in conditions if not condition.readable(kind, name, pool.values)]
        return self._asked(narrowed, kind, unreadable, name) if unreadable else narrowed

    def _asked(self, pool: Pool, kind: Type, conditions: Sequence[Condition], name: str) -> Pool:
        """The pool without the values that the server says violate the conditions."""
        base = kind.element.sql if kind.kind == "d" and kind.element else kind.sql
        values = [*pool.values, *((pool.nth(k) or "" for k in range(3)) if pool.nth else ())]
        accepted = self._accepted(values, base, conditions, name)
        nth = pool.nth if all(value in accepted for value in values[len(pool.values) :]) else None
        return replace(pool.only(accepted.__contains__), nth=nth or _listed_nth(pool, accepted))

    def _accepted(self, values: Sequence[str], base: str, conditions: Sequence[Condition], name: str) -> frozenset[str]:
        """The values that meet the conditions; all are asked about at once, one by one only when that raises."""
        column = sql.Identifier(name).as_string(self.connection)
        tests = " AND ".join(f"({condition.text}) IS NOT FALSE" for condition in conditions).replace("%", "%%")
        query = f"SELECT v.v FROM unnest(%(v)s::text[]) v(v), LATERAL (SELECT v.v::{base} AS {column}) r WHERE {tests}".encode()
        found = self.asked(query, list(values))
        if found is not None:
            return frozenset(found)
        return frozenset(value for value in values if self.asked(query, [value]))

    def asked(self, query: bytes, values: list[str]) -> list[str] | None:
        """What the query selects of the values, None when it raises; an error leaves no trace."""
        try:
            with self.connection.transaction():
                return [row[0] for row in self.connection.execute(query, {"v": values}).fetchall()]
        except psycopg.Error:
            return None

    def _trial(self, kind: Type, modifier: int, random: Random) -> Pool | None:
        query = f"SELECT v.v FROM unnest(%(v)s::text[]) v(v) WHERE (v.v::{kind.sql}) IS NOT NULL".encode()
        found = tuple(value for value in _CANDIDATES if self.asked(query, [value]))
        return Pool(found, nth=lambda k: found[k] if k < len(found) else None) if found else None


def _varied(pool: Pool) -> Pool:
    """A pool of few values, with some of its series."""
    nth = pool.nth
    if nth is None or len(pool.values) > 5:
        return pool
    return replace(pool, plausible=tuple(dict.fromkeys((*pool.plausible, *(value for k in range(3, 8) if (value := nth(k)))))))


def _listed_nth(pool: Pool, accepted: frozenset[str]) -> Callable[[int], str | None]:
    values = tuple(value for value in pool.values if value in accepted)
    return lambda k: values[k] if k < len(values) else None

"""What a column's name and comment say about its values: text of many kinds, money, counters, moments in a row's life."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from migration_checks.seeding.conditions import bottom
from migration_checks.seeding.documents import shaped
from migration_checks.seeding.kinds import TEXT_KINDS, Kind, words
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.scalars import limited, precision, text_nth
from migration_checks.seeding.schema import Column, Table
from migration_checks.seeding.values import NOW

_TEXTS: Final = frozenset({"text", "varchar", "bpchar", "citext"})
_INTEGERS: Final = frozenset({"int2", "int4", "int8"})
_FRACTIONS: Final = frozenset({"numeric", "float4", "float8"})
_MOMENTS: Final = frozenset({"timestamp", "timestamptz", "date"})


def _money(random: Random) -> Sequence[str]:
    return [f"{random.randint(0, 20_000) / 100:.2f}" for _ in range(32)] + ["0.00", "9.99", "19.90", "1000.00"]


def _whole(low: int, high: int) -> Callable[[Random], Sequence[str]]:
    return lambda random: [str(random.randint(low, high)) for _ in range(32)]


def _fraction(low: float, high: float, places: int) -> Callable[[Random], Sequence[str]]:
    return lambda random: [f"{random.uniform(low, high):.{places}f}" for _ in range(32)]


NUMBER_KINDS: Final = (
    Kind(
        "money",
        words(
            "price",
            "amount",
            "total",
            "subtotal",
            "cost",
            "balance",
            "fee",
            "salary",
            "tax",
            "discount",
            "revenue",
            "credit",
            "debit",
            "payment",
        ),
        _money,
    ),
    Kind("latitude", words("lat", "latitude"), _fraction(-90, 90, 5)),
    Kind("longitude", words("lon", "lng", "longitude"), _fraction(-180, 180, 5)),
    Kind("year", words("year"), _whole(1950, 2025)),
    Kind("percent", words("percent", "percentage", "progress", "pct"), _whole(0, 100)),
    Kind("ratio", words("ratio", "rate", "score", "probability", "weight", "confidence"), _fraction(0, 1, 4)),
    Kind("rating", words("rating", "stars"), _whole(1, 5)),
    Kind("age", words("age"), _whole(0, 99)),
    Kind("bytes", words("bytes", "file_size", "size"), _whole(0, 2_000_000_000)),
    Kind("port", words("port"), _whole(1, 65535)),
    Kind("duration", words("duration", "seconds", "ms", "elapsed", "timeout", "ttl", "minutes"), _whole(0, 90_000)),
    Kind(
        "ordinal",
        words(
            "position", "order", "sort_?order", "rank", "priority", "level", "sequence", "version", "revision", "index", "idx"
        ),
        _whole(0, 20),
    ),
    Kind(
        "counter",
        words(
            "count",
            "num",
            "n",
            "quantity",
            "qty",
            "views",
            "likes",
            "retries",
            "attempts",
            "hits",
            "stock",
            "samples",
            "rows",
            "tokens",
        ),
        _whole(0, 500),
    ),
    Kind("id", re.compile(r"(?:^|_)ids?$"), lambda random: [*map(str, range(1, 41)), "987654321"]),
)

_CREATED: Final = words(
    "created",
    "inserted",
    "registered",
    "joined",
    "started?",
    "begin",
    "began",
    "opened",
    "valid_from",
    "from",
    "since",
    "first_\\w+",
)
_UPDATED: Final = words(
    "updated",
    "modified",
    "changed",
    "finished",
    "ended?",
    "completed",
    "closed",
    "deleted",
    "archived",
    "valid_to",
    "until",
    "to",
    "last_\\w+",
)
_FUTURE: Final = words("expires?", "expiry", "due", "scheduled", "deadline", "renewal")
_APPLIED: Final = re.compile(r"_(at|time|date|day|on|ts|timestamp)$|(?:^|_)(next|last|first|start|end)_")


def normalised(name: str) -> str:
    """A name in lower snake case."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def moment_rank(name: str) -> int | None:
    """0 for a moment that comes first in a row's life (created, started), 1 for one that follows, None for others."""
    plain = normalised(name)
    return 0 if _CREATED.search(plain) else 1 if _UPDATED.search(plain) else None


def endless(table: Table) -> str | None:
    """The one column of a table that may hold the end of time: a timestamp that no name makes a moment of the application."""
    for column in table.writable:
        plain = normalised(column.name)
        marked = any(pattern.search(plain) for pattern in (_CREATED, _UPDATED, _FUTURE, _APPLIED))
        if column.type.builtin and column.type.name in ("timestamp", "timestamptz") and not marked:
            return column.name
    return None


def kind_of(column: Column, kinds: Sequence[Kind]) -> Kind | None:
    """The kind that the name speaks of, else the one that the comment does."""
    for text in (normalised(column.name), normalised(column.comment)):
        found = next((kind for kind in kinds if kind.pattern.search(text)), None) if text else None
        if found is not None:
            return found
    return None


def realistic(column: Column, pool: Pool, random: Random) -> Pool:
    """The pool of a column's type with plausible values that suit its name; what is adversarial stays, some is added."""
    kind, modifier = bottom(column.type, column.modifier)
    if not kind.builtin and kind.name != "citext":
        return pool
    if kind.name in _TEXTS:
        return _text(column, pool, random, modifier - 4 if modifier >= 4 else 1 if kind.name == "bpchar" else None)
    if kind.name in _INTEGERS or kind.name in _FRACTIONS:
        return _number(column, pool, random, kind.name, modifier)
    if kind.name in ("json", "jsonb"):
        return shaped(column, pool)
    return _moment(column, pool, random, kind.name) if kind.name in _MOMENTS else pool


def _text(column: Column, pool: Pool, random: Random, limit: int | None) -> Pool:
    kind = kind_of(column, TEXT_KINDS)
    if kind is None:
        return pool
    plausible = limited(tuple(dict.fromkeys(kind.make(random))), limit)
    twists = limited((*_but_for_case(plausible), *kind.twists), limit)
    nth = kind.nth if kind.nth and (limit is None or len(kind.nth(10**7)) <= limit) else text_nth(limit)
    adversarial = tuple(dict.fromkeys((*twists[:4], *pool.adversarial[:6], *twists[4:], *pool.adversarial[6:])))
    return replace(pool, plausible=plausible, adversarial=adversarial, nth=nth)


def _but_for_case(values: Sequence[str]) -> tuple[str, ...]:
    """Two values that are equal but for case, the first that have letters."""
    found = next((value for value in values if value.isascii() and value.upper() != value.lower()), None)
    return () if found is None else (found, found.swapcase())


_HIGHEST: Final = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}


def _number(column: Column, pool: Pool, random: Random, name: str, modifier: int) -> Pool:
    kind = kind_of(column, NUMBER_KINDS)
    if kind is None:
        return pool
    values = list(kind.make(random))
    if name in _INTEGERS:
        values = [str(int(float(value))) for value in values if abs(float(value)) <= _HIGHEST[name]]
    limits = precision(modifier) if name == "numeric" else None
    if limits is not None:
        places = max(limits[1], 0)
        values = [f"{float(value):.{places}f}" for value in values if abs(float(value)) < 10.0 ** (limits[0] - limits[1]) - 1]
        values = values if limits[1] >= 0 else []
    rare = () if kind.name in ("money", "counter", "id", "year", "percent") else pool.rare
    return replace(pool, plausible=tuple(dict.fromkeys(values)) or pool.plausible, rare=rare)


def _moment(column: Column, pool: Pool, random: Random, name: str) -> Pool:
    plain = normalised(column.name)
    if _FUTURE.search(plain):
        moved = [_later(value, name) for value in pool.plausible]
        return replace(pool, plausible=tuple(moved))
    if moment_rank(column.name) is None:
        return pool
    past = tuple(value for value in pool.adversarial if value < str(NOW))
    return replace(pool, adversarial=past, rare=())


def _later(value: str, name: str) -> str:
    moved = datetime.fromisoformat(value) + timedelta(days=2000)
    return str(moved.date()) if name == "date" else moved.isoformat(" ").replace("+00:00", "+00")

"""Makes distinct values that are like those of a profile: numbers and moments of its shape, texts of its width."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from math import ceil
from random import Random

from migration_checks.profile.values import Bucket, Shape
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.scalars import base36

_BOUNDS = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}
_FILLER = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore "

Precision = tuple[int, int] | None


def number_fits(text: str, kind: str, limits: Precision) -> bool:
    """Whether a number can stand in a column of this type."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    if not value.is_finite():
        return False
    if kind in _BOUNDS:
        return value == value.to_integral_value() and -_BOUNDS[kind] <= value <= _BOUNDS[kind]
    return limits is None or abs(value) < Decimal(10) ** (limits[0] - limits[1]) - 1


def numbers(shape: Shape, kind: str, limits: Precision, count: int, random: Random) -> tuple[str, ...]:
    """About `count` different numbers, shared out over the buckets of the shape; fewer where a bucket has no more of them."""
    found: dict[str, None] = {}
    for bucket, wanted in shared(shape, count):
        made = _whole(bucket, wanted, kind) if kind in _BOUNDS else _broken(bucket, wanted, kind, limits, random)
        found.update(dict.fromkeys(text for text in made if number_fits(text, kind, limits)))
    return tuple(found)


def shared(shape: Shape, count: int) -> Iterator[tuple[Bucket, int]]:
    """How many of `count` different values each bucket gets, one at least."""
    total = sum(bucket.fraction for bucket in shape.buckets) or 1.0
    for bucket in shape.buckets if count else ():
        yield bucket, max(1, round(count * bucket.fraction / total))


def _whole(bucket: Bucket, wanted: int, kind: str) -> list[str]:
    low, high = max(ceil(bucket.low), -_BOUNDS[kind]), min(ceil(bucket.high), _BOUNDS[kind])
    there = max(0, high - low)
    wanted = min(wanted, there)
    return [str(low + place * there // wanted) for place in range(wanted)]


def _broken(bucket: Bucket, wanted: int, kind: str, limits: Precision, random: Random) -> list[str]:
    if bucket.low == 0.0 and bucket.high <= 0.0001:
        return ["0"]
    places = max(limits[1], 0) if limits else 2 if bucket.high > 1 else 6
    step = (bucket.high - bucket.low) / wanted
    if limits is None and kind != "numeric" and step < 10.0**-places:
        places = min(12, places + 4)
    made = (bucket.low + step * (place + random.random()) for place in range(wanted))
    return [text for text in (f"{value:.{places}f}" for value in made) if bucket.low <= float(text) < bucket.high]


def moments(shape: Shape, kind: str, count: int, random: Random) -> tuple[str, ...]:
    """About `count` different moments, shared out over the years of the shape."""
    found: dict[str, None] = {}
    for bucket, wanted in shared(shape, count):
        year = datetime(int(bucket.low), 1, 1, tzinfo=UTC)
        wanted = min(wanted, 365) if kind == "date" else wanted
        step = 365 * 86_400 / wanted
        for place in range(wanted):
            # A date keeps to the start of its stretch, or two of them would share a day.
            part = 0.0 if kind == "date" else random.random()
            found[_shown(year + timedelta(seconds=int(step * (place + part))), kind)] = None
    return tuple(found)


def _shown(moment: datetime, kind: str) -> str:
    text = moment.isoformat(" ", "seconds")
    return text[:10] if kind == "date" else f"{text[:19]}+00" if kind == "timestamptz" else text[:19]


def texts(pool: Pool, count: int, width: int, limit: int | None, random: Random) -> tuple[str, ...]:
    """Up to `count` different values of the pool; with a `width` they are as long as that on average, and as `limit` allows."""
    found: dict[str, None] = {}
    letters = 1
    while 36**letters < 2 * count:
        letters += 1
    for place, value in enumerate(_candidates(pool, random)):
        if len(found) >= count or place > 2 * count + 50:
            break
        length = round(width * random.uniform(0.5, 1.5)) if width > 4 else width
        length = max(1, length if limit is None else min(length, limit))
        found[_fitted(value, length, base36(place, letters)) if width > 0 else value] = None
    return tuple(found)


def _candidates(pool: Pool, random: Random) -> Iterator[str]:
    yield from random.sample(pool.plausible, len(pool.plausible))
    place = 0
    while pool.nth is not None and (value := pool.nth(place)) is not None:
        yield value
        place += 1


def _fitted(value: str, length: int, mark: str) -> str:
    """The value made as long as it should be, unless it nearly is; `mark` tells shortened ones apart."""
    size = len(value.encode())
    if 0.75 * length <= size <= 1.25 * length and size > 3:
        return value
    if size > length:
        return (mark[-length:] + value)[:length]
    missing = length - size
    if " " in value:
        return value + " " + (_FILLER * (missing // len(_FILLER) + 1))[: max(0, missing - 2)] + "."
    # An address stays one: what is before the @ grows.
    head, at, tail = value.rpartition("@")
    filler = (_FILLER.replace(" ", "") * (missing // 80 + 1))[:missing]
    return f"{head}{filler}{at}{tail}" if at else value + filler

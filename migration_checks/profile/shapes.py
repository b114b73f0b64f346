"""Turns the exact bounds that PostgreSQL keeps of a column into shares of coarse buckets, none of them for a few rows only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from migration_checks.profile.privacy import LEAST_ROWS
from migration_checks.profile.values import Bucket, Shape

_STEPS = [float(f"{digit}e{power}") for power in range(-4, 18) for digit in (1, 2, 5)]
EDGES = (*(-step for step in reversed(_STEPS)), 0.0, *_STEPS)
"""Where buckets of numbers begin and end."""
NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
MOMENTS = frozenset({"date", "timestamp", "timestamptz"})

Masses = dict[tuple[float, float], float]


def shape_of(
    kind: str, common: Iterable[tuple[str, float]], bounds: Sequence[str], null_fraction: float, rows: int
) -> Shape | None:
    """The shape of a column of the type `kind`, None where its values are too few to be told apart from their rows.

    `common` are its most common values with their shares of all rows, `bounds` those of its histogram, as text.
    """
    place, bucket = (_number, _number_bucket) if kind in NUMBERS else (_year, _year_bucket)
    masses: Masses = {}
    known = 0.0
    for value, fraction in common:
        known += fraction
        at = place(value)
        if at is not None:
            _add(masses, bucket(at), fraction)
    _spread(masses, [at for at in map(place, bounds) if at is not None], max(0.0, 1 - null_fraction - known), bucket)
    return _shape("number" if kind in NUMBERS else "year", masses, rows)


def bucket_of(kind: str, text: str) -> tuple[float, float] | None:
    """The bucket of a shape of this kind that a value belongs to, None where it has none."""
    if kind == "number":
        at = _number(text)
        return None if at is None else _number_bucket(at)
    year = text[:4]
    return (float(year), float(year) + 1) if year.isdigit() and text[4:5] == "-" and not text.endswith("BC") else None


def _shape(kind: str, masses: Masses, rows: int) -> Shape | None:
    kept = {edges: mass for edges, mass in masses.items() if mass * rows >= LEAST_ROWS}
    total = sum(kept.values())
    buckets = tuple(Bucket(low, high, round(mass / total, 4)) for (low, high), mass in sorted(kept.items()))
    return Shape(kind, tuple(each for each in buckets if each.fraction > 0)) if buckets else None


def _add(masses: Masses, bucket: tuple[float, float], mass: float) -> None:
    masses[bucket] = masses.get(bucket, 0.0) + mass


def _spread(masses: Masses, bounds: Sequence[float], mass: float, bucket: Callable[[float], tuple[float, float]]) -> None:
    """Each stretch between two bounds holds the same mass, evenly."""
    if len(bounds) < 2:
        return
    share = mass / (len(bounds) - 1)
    for low, high in pairwise(bounds):
        at = low
        while at < high:
            edges = bucket(at)
            until = min(edges[1], high)
            if until <= at:  # beyond the outermost edge
                until = high
            _add(masses, edges, share * (until - at) / (high - low))
            at = until
        if low >= high:
            _add(masses, bucket(low), share)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _number_bucket(value: float) -> tuple[float, float]:
    at = min(max(bisect_right(EDGES, value) - 1, 0), len(EDGES) - 2)
    return EDGES[at], EDGES[at + 1]


def _year(text: str) -> float | None:
    """The year and the part of it that has gone; infinity and the years before Christ have no place."""
    if text.endswith(("BC", "infinity")):
        return None
    year, month, day = text.split(" ")[0].split("-")[:3]
    return int(year) + (30.6 * (int(month) - 1) + int(day) - 1) / 368


def _year_bucket(value: float) -> tuple[float, float]:
    return float(int(value)), float(int(value) + 1)

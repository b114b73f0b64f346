"""Columns that are NULL together: a small sample of a table's blocks, of which nothing but NULL or not NULL is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt
from typing import Any

import psycopg

from migration_checks.profile.privacy import LEAST_FRACTION, LEAST_ROWS
from migration_checks.profile.values import NullGroup, NullPattern

SAMPLE_PAGES = 1000
"""How many blocks of a table are read at most, 8 kB each, wherever they lie."""
SAMPLE_ROWS = 30_000
STRONG = 0.2
"""From which correlation (phi) on two columns belong together."""

Patterns = Mapping[str, int]


def sample_nulls(connection: psycopg.Connection[Any], table: str, columns: Sequence[str], pages: int) -> dict[str, int]:
    """How often each pattern occurs in a sample: one character a column, "1" where it is NULL. Raises psycopg.Error."""
    percent = min(100.0, 100.0 * SAMPLE_PAGES / max(pages, 1))
    marks = " || ".join(f"""CASE WHEN "{column.replace('"', '""')}" IS NULL THEN '1' ELSE '0' END""" for column in columns)
    sampled = f"SELECT {marks} AS pattern FROM {table} TABLESAMPLE SYSTEM ({percent:.6f}) REPEATABLE (0) LIMIT {SAMPLE_ROWS}"
    query = f"SELECT s.pattern, count(*) FROM ({sampled}) s GROUP BY s.pattern"
    with connection.transaction():
        return dict(connection.execute(query.encode()).fetchall())


def null_groups(columns: Sequence[str], patterns: Patterns) -> tuple[NullGroup, ...]:
    """The groups of columns that depend on one another, each with its patterns; rare patterns are left out."""
    total = sum(patterns.values())
    if total < LEAST_ROWS:
        return ()
    groups = {place: {place} for place in range(len(columns))}
    for first, second in combinations(range(len(columns)), 2):
        if groups[first] is not groups[second] and abs(_phi(patterns, total, first, second)) >= STRONG:
            joined = groups[first] | groups[second]
            groups.update(dict.fromkeys(joined, joined))
    found = {min(group): sorted(group) for group in groups.values() if len(group) > 1}
    return tuple(_group(columns, patterns, total, places) for _, places in sorted(found.items()))


def _group(columns: Sequence[str], patterns: Patterns, total: int, places: Sequence[int]) -> NullGroup:
    counts: dict[tuple[str, ...], int] = {}
    for pattern, count in patterns.items():
        nulls = tuple(columns[place] for place in places if pattern[place] == "1")
        counts[nulls] = counts.get(nulls, 0) + count
    common = [(nulls, count) for nulls, count in counts.items() if count >= LEAST_ROWS and count >= LEAST_FRACTION * total]
    ordered = sorted(common, key=lambda each: (-each[1], each[0]))
    shares = tuple(NullPattern(nulls, round(count / total, 4)) for nulls, count in ordered)
    return NullGroup(tuple(columns[place] for place in places), shares)


def _phi(patterns: Patterns, total: int, first: int, second: int) -> float:
    """The correlation between two columns' being NULL, from -1 to 1."""
    one = sum(count for pattern, count in patterns.items() if pattern[first] == "1")
    two = sum(count for pattern, count in patterns.items() if pattern[second] == "1")
    both = sum(count for pattern, count in patterns.items() if pattern[first] == pattern[second] == "1")
    spread = one * (total - one) * two * (total - two)
    return (both * total - one * two) / sqrt(spread) if spread else 0.0

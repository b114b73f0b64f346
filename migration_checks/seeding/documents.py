"""The shape of the documents in a column of JSON: a default that is an object or an array says what the rows hold."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Final

from migration_checks.seeding.pool import Pool
from migration_checks.seeding.schema import Column

_DEFAULT: Final = re.compile(r"\(*(?:'\s*([{\[])|(?:pg_catalog\.)?jsonb?_build_(object|array)\()")
_OPENINGS: Final = {"object": "{", "array": "["}


def shaped(column: Column, pool: Pool) -> Pool:
    """The pool with documents of the default's shape; any other shape is rare, and there is none where NULL is not allowed."""
    opening = _opening(column.default)
    if opening is None:
        return pool
    of_shape = pool.only(lambda value: value.startswith(opening))
    others = tuple(value for value in pool.adversarial if not value.startswith(opening)) if column.nullable else ()
    if opening == "{":
        return replace(of_shape, rare=others)
    nth = pool.nth
    return replace(
        of_shape,
        plausible=_lists(pool.plausible),
        rare=others,
        nth=None if nth is None else lambda k: f"[{nth(k)}]",
    )


def _opening(default: str | None) -> str | None:
    found = _DEFAULT.match(default or "")
    return (found[1] or _OPENINGS[found[2]]) if found else None


def _lists(documents: tuple[str, ...]) -> tuple[str, ...]:
    pairs = pairwise(documents)
    return ('["a", "b"]', "[1, 2, 3]", *(f"[{each}]" for each in documents), *(f"[{one}, {other}]" for one, other in pairs))

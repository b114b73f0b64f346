"""Reads what trials left in a report, whatever of it is there: a report may come from another version, or from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping

from migration_checks.snapshot import Json

Facts = Mapping[str, Json]


def facts(value: object) -> Facts:
    """`value` where it is a table, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Json]:
    """`value` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def tables(value: object) -> list[Facts]:
    """The tables in a list."""
    return [each for each in items(value) if isinstance(each, Mapping)]


def words(value: object) -> str:
    """`value` where it is text, or what a number or a list of texts reads like; "" for nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(filter(None, map(words, value)))
    return str(value) if isinstance(value, int | float) else ""


def quantity(value: object) -> float | None:
    """`value` where it is a finite number of 0 or more, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) and 0 <= amount < 1e30 else None


def amount(value: object) -> float:
    """Like `quantity`, 0 where there is none."""
    return quantity(value) or 0.0


def whole(value: object) -> int | None:
    """`value` where it is a whole number of 0 or more, else None."""
    found = quantity(value)
    return int(found) if found is not None and isinstance(value, int) else None


def either(value: object, yes: str, no: str) -> str:
    """`yes` for true, `no` for false, nothing for anything else."""
    return yes if value is True else no if value is False else ""

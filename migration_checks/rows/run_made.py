"""Values that hold something of the run's making, beyond those that are nothing else: tokens, stamped text, documents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

from migration_checks.rows.identity import ColumnPair
from migration_checks.rows.values import base, is_text, literal, quoted

Window: TypeAlias = "tuple[datetime, datetime]"

_LONG = 6
"""Characters, or bytes, from which a value that nothing repeats is taken for a token."""

_LIKE_A_TOKEN = rf"^(?!\d\d\d\d-\d\d-\d\d)[^[:space:]]{{{_LONG},}}$"
"""No blanks, and no moment, which says of itself whether it is of the run."""

_DISTINCT = 0.9
"""The share of a column's values that must be distinct for that."""

_UUID = "[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"
_TOKEN = "[0-9a-fA-F]{16,}|[A-Za-z0-9+/]{20,}={0,2}"
_REST = r"(\.\d+)?( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?"
_QUARTERS = [timedelta(minutes=15 * number) for number in range(4)]
"""Local times: zones lie whole quarters of an hour apart."""

_MOST = 120
"""Seconds of a run that are told one by one; of a longer one any second of the hour will do."""


def is_token(pair: ColumnPair, before: str, after: str, relations: tuple[str, str]) -> str:
    """SQL: whether two differing values of a column look drawn: text without blanks, or bytes, of which nothing is repeated.

    The values of each of the two `relations` must be nearly all distinct.
    """
    if all(is_text(column) for column in pair):
        looks = " AND ".join(f"{value}::text ~ '{_LIKE_A_TOKEN}'" for value in (before, after))
    elif all(base(column) == "bytea" for column in pair):
        looks = " AND ".join(f"octet_length({value}) >= {_LONG}" for value in (before, after))
    else:
        return "false"
    distinct = " AND ".join(
        f"(SELECT count(DISTINCT x.{name}) >= {_DISTINCT} * count(x.{name}) FROM {relation} AS x)"
        for name, relation in zip((quoted(column.name) for column in pair), relations, strict=True)
    )
    return f"({looks} AND {distinct})"


def holds_run_made(before: str, after: str, windows: tuple[Window, Window], slack: float) -> str:
    """SQL: whether two differing values are the same but for uuids, long tokens and moments of their run in them."""
    one, other = (
        f"regexp_replace({value}::text, {literal(_made_in(window, slack))}, '~', 'g')"
        for value, window in zip((before, after), windows, strict=True)
    )
    return f"({one} = {other})"


def shifted(
    pair: ColumnPair,
    before: str,
    after: str,
    windows: tuple[tuple[datetime, datetime], tuple[datetime, datetime]],
    slack: float,
) -> str:
    """SQL: whether two moments lie as far apart as the two runs: both were reckoned from the clock."""
    (start, end), (again, last) = windows
    least, most = (again - end).total_seconds() - slack, (last - start).total_seconds() + slack
    if any(base(column) == "date" for column in pair):
        return "false"
    apart = f"extract(epoch FROM {after}) - extract(epoch FROM {before})"
    return f"(isfinite({before}) AND isfinite({after}) AND {apart} BETWEEN {max(least, 0):.6f} AND {most:.6f})"


def _made_in(window: Window, slack: float) -> str:
    """A regular expression for what a run makes: its moments are those of the window (in UTC), in any zone."""
    start, end = window[0] - timedelta(seconds=slack), window[1] + timedelta(seconds=slack)
    dates = "|".join((start + timedelta(days=day)).date().isoformat() for day in range(-1, (end - start).days + 3))
    seconds = int((end - start).total_seconds()) + 2
    moments = [start + shift + timedelta(seconds=number) for shift in _QUARTERS for number in range(seconds)]
    told = "|".join(sorted({f"{each:%M:%S}" for each in moments})) if seconds <= _MOST else r"[0-5]\d:[0-5]\d"
    return rf"({dates})[ T]([01]\d|2[0-3]):({told}){_REST}|{_UUID}|{_TOKEN}"

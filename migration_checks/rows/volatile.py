"""Which differences between two runs of the same step only the moment or chance of the run explains."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from migration_checks.rows.identity import ColumnPair
from migration_checks.rows.values import base, is_moment, is_text, literal, quoted
from migration_checks.snapshot import Column

Window: TypeAlias = "tuple[datetime, datetime]"

_SLACK = 2.0
"""Seconds by which the clocks of a script, its driver and the server may differ."""

_UUID = "^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"


@dataclass(frozen=True, slots=True)
class Volatile:
    """What may differ between two runs. Without `windows` nothing may: the two states are then not those of one step.

    `windows` is when each run took place; `before` and `after` are SQL of the relations, where a drawn value of one run must
    not occur in the other; `drawn` names columns of the later state that hold, or refer to, values drawn at run time.
    """

    windows: tuple[Window, Window] | None = None
    before: str = ""
    after: str = ""
    drawn: Collection[str] = field(default_factory=frozenset)

    def may_be(self, pair: ColumnPair) -> bool:
        """Whether values of this column may be of the run's making."""
        return self.windows is not None and (self._is_drawn(pair) or all(is_moment(column) for column in pair))

    def condition(self, pair: ColumnPair, before: str, after: str) -> str:
        """SQL that is true when two differing values are explained by the run alone."""
        if self.windows is None:
            return "false"
        if all(is_moment(column) for column in pair):
            sides = zip((before, after), pair, self.windows, strict=True)
            return " AND ".join(_within(value, column, window) for value, column, window in sides)
        fresh = self._fresh(pair, before, after)
        if self._is_drawn(pair):
            return fresh
        if all(is_text(column) for column in pair):
            return f"({looks_drawn(before)} AND {looks_drawn(after)} AND {fresh})"
        return "false"

    def _is_drawn(self, pair: ColumnPair) -> bool:
        return pair[1].name in self.drawn or pair[1].drawn or base(pair[1]) == "uuid"

    def _fresh(self, pair: ColumnPair, before: str, after: str) -> str:
        """Neither value occurs in the other run: a value moved from another row is no chance."""
        left, right = (quoted(column.name) for column in pair)
        return (
            f"({before} IS NOT NULL AND {after} IS NOT NULL "
            f"AND {before}::text NOT IN (SELECT x.{right}::text FROM {self.after} AS x WHERE x.{right} IS NOT NULL) "
            f"AND {after}::text NOT IN (SELECT x.{left}::text FROM {self.before} AS x WHERE x.{left} IS NOT NULL))"
        )


def looks_drawn(value: str) -> str:
    """SQL: whether text looks like a uuid."""
    return f"{value}::text ~ '{_UUID}'"


def _within(value: str, column: Column, window: Window) -> str:
    start, end = (moment.astimezone(UTC) for moment in window)
    if base(column) == "date":  # the script's zone may be a day ahead or behind
        return f"{value} BETWEEN {literal(start.date().isoformat())}::date - 1 AND {literal(end.date().isoformat())}::date + 1"
    since = f"(extract(epoch FROM {value}) - {start.timestamp() - _SLACK:.6f})"
    length = (end - start).total_seconds() + 2 * _SLACK
    if base(column) == "timestamp with time zone":
        return f"(isfinite({value}) AND {since} BETWEEN 0 AND {length:.6f})"
    return (  # a local time: any zone's, and zones lie whole quarters of an hour apart
        f"(isfinite({value}) AND abs({since}) < 54000 AND mod({since} + 54000, 900) <= {length:.6f})"
    )

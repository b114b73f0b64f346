"""Which differences between two runs of the same step only the moment or chance of the run explains."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta

from migration_checks.rows.identity import ColumnPair
from migration_checks.rows.run_made import Window, holds_run_made, is_token, shifted
from migration_checks.rows.values import base, is_moment, is_text, literal, quoted

KEY, NAME = '"migration_checks key"', '"migration_checks name"'
"""The columns of a relation that names the rows of a table whose keys are drawn."""

_SLACK = 2.0
"""Seconds by which the clocks of a script, its driver and the server may differ."""

_UUID = "^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"

_EPOCHS = frozenset(("integer", "bigint", "numeric", "double precision"))
"""Types that can tell the seconds since 1970 to the second."""

_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""How many to a second: moments as numbers are counted in seconds, milli-, micro- or nanoseconds."""

_COMPOUND = frozenset(("json", "jsonb", "xml", "tsrange", "tstzrange", "daterange", "tsmultirange", "tstzmultirange"))
"""Types whose values hold others."""

_TIME = r"[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?"
_ZONE = r" ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)"


@dataclass(frozen=True, slots=True)
class Volatile:
    """What may differ between two runs. Without `windows` nothing may: the two states are then not those of one step.

    `windows` is when each run took place; `before` and `after` are SQL of the relations, where a drawn value of one run must
    not occur in the other; `drawn` names columns of the later state that hold, or refer to, values drawn at run time.
    `numbered` are columns that the step itself filled with drawn values; `behind` holds for columns that refer to drawn keys
    the relations of names on both sides (drawn.py).
    """

    windows: tuple[Window, Window] | None = None
    before: str = ""
    after: str = ""
    drawn: Collection[str] = field(default_factory=frozenset)
    numbered: Collection[str] = field(default_factory=frozenset)
    behind: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def may_be(self, pair: ColumnPair) -> bool:
        """Whether values of this column are likely to be of the run's making, by its type or default alone."""
        return self.windows is not None and (self._is_drawn(pair) or all(is_moment(column) for column in pair))

    def can_be(self, pair: ColumnPair) -> bool:
        """Whether any value of this column can be of the run's making."""
        return self.explained(pair, 0, "x") != "false"

    def condition(self, pair: ColumnPair, before: str, after: str) -> str:
        """SQL that is true when two differing values are explained by the run alone."""
        ways = []
        if self.can_be(pair):
            if (names := self.behind.get(pair[1].name)) is not None:
                ways.append(alike(before, after, names))
            ways.append(f"({self.explained(pair, 0, before)} AND {self.explained(pair, 1, after)})")
        ways += [way for way in [self._made_anew(pair, before, after)] if way != "false"]
        return f"({' OR '.join(ways)})" if len(ways) > 1 else next(iter(ways), "false")

    def _made_anew(self, pair: ColumnPair, before: str, after: str) -> str:
        """The values hold something of the run's making beside other things; none of them occurs in the other run."""
        if self.windows is None or not (self.before and self.after):
            return "false"
        types = {base(column) for column in pair}
        if all(is_moment(column) for column in pair):
            way = shifted(pair, before, after, self.windows, _SLACK) if len(types) == 1 else "false"
        elif all(is_text(column) for column in pair) or types == {"bytea"}:
            token = is_token(pair, before, after, (self.before, self.after))
            way = f"({holds_run_made(before, after, self._windows(), _SLACK)} OR {token})"
        elif (len(types) == 1 and types & _COMPOUND) or all(each.endswith("[]") for each in types):
            way = holds_run_made(before, after, self._windows(), _SLACK)
        else:
            return "false"
        fresh = " AND ".join(self._fresh(pair, side, value) for side, value in enumerate((before, after)))
        return way if way == "false" else f"({way} AND {fresh})"

    def _windows(self) -> tuple[Window, Window]:
        assert self.windows is not None
        return _in_utc(self.windows[0]), _in_utc(self.windows[1])

    def explained(self, pair: ColumnPair, side: int, value: str) -> str:
        """SQL that is true when a value of one side (0 or 1) is of that run's making."""
        if self.windows is None:
            return "false"
        window = self.windows[side]
        if pair[1].name in self.numbered:
            return f"{value} IS NOT NULL"
        if all(is_moment(column) for column in pair):
            return within(value, base(pair[side]), window)
        if self._is_drawn(pair):
            return self._fresh(pair, side, value)
        if all(is_text(column) for column in pair):
            return f"({looks_drawn(value)} AND {self._fresh(pair, side, value)} OR {_written_within(value, window)})"
        if all(base(column) in _EPOCHS for column in pair):
            return _counted_within(value, window)
        return "false"

    def _is_drawn(self, pair: ColumnPair) -> bool:
        return pair[1].name in self.drawn or pair[1].drawn or base(pair[1]) in ("uuid", "oid")

    def _fresh(self, pair: ColumnPair, side: int, value: str) -> str:
        """The value does not occur in the other run: one that moved from another row is no chance."""
        other, name = (self.after, self.before)[side], quoted(pair[1 - side].name)
        there = f"SELECT x.{name}::text FROM {other} AS x WHERE x.{name} IS NOT NULL"
        return f"({value} IS NOT NULL AND {value}::text NOT IN ({there}))"


def looks_drawn(value: str) -> str:
    """SQL: whether text looks like a uuid."""
    return f"{value}::text ~ '{_UUID}'"


def within(value: str, type: str, window: Window) -> str:
    """SQL: whether a date or timestamp may have been read off a clock during a run."""
    start, end = _in_utc(window)
    if type == "date":  # the script's zone may be a day ahead or behind
        return f"{value} BETWEEN {literal(start.date().isoformat())}::date - 1 AND {literal(end.date().isoformat())}::date + 1"
    since = f"(extract(epoch FROM {value}) - {start.timestamp() - _SLACK:.6f})"
    length = (end - start).total_seconds() + 2 * _SLACK
    if type == "timestamp with time zone":
        return f"(isfinite({value}) AND {since} BETWEEN 0 AND {length:.6f})"
    return (  # a local time: any zone's, and zones lie whole quarters of an hour apart
        f"(isfinite({value}) AND abs({since}) < 54000 AND mod({since} + 54000, 900) <= {length:.6f})"
    )


def _counted_within(value: str, window: Window) -> str:
    """A moment as a number since 1970, in whichever unit."""
    first, last = (moment.timestamp() + slack for moment, slack in zip(window, (-_SLACK, _SLACK), strict=True))
    spans = (f"{value} BETWEEN {first * unit:.0f} AND {last * unit:.0f}" for unit in _UNITS)
    return f"({' OR '.join(spans)})"


def _written_within(value: str, window: Window) -> str:
    """A moment as ISO 8601 text: it is read only where its day is one of the window's, so that no cast can fail."""
    start, end = _in_utc(window)
    days = (start.date() + timedelta(days=number) for number in range(-1, (end.date() - start.date()).days + 2))
    day, text = f"^({'|'.join(each.isoformat() for each in days)})", f"{value}::text"
    return (
        f"CASE WHEN {text} ~ '{day}{_TIME}{_ZONE}$' THEN {within(f'{text}::timestamptz', 'timestamp with time zone', window)} "
        f"WHEN {text} ~ '{day}{_TIME}$' THEN {within(f'{text}::timestamp', 'timestamp without time zone', window)} "
        f"ELSE {text} ~ '{day}$' END"
    )


def _in_utc(window: Window) -> Window:
    return window[0].astimezone(UTC), window[1].astimezone(UTC)


def alike(before: str, after: str, names: tuple[str, str]) -> str:
    """SQL: whether two references lead to rows of one name."""
    one, other = names
    return (
        f"EXISTS (SELECT FROM {one} AS x JOIN {other} AS y USING ({NAME}) "
        f"WHERE x.{KEY} = {before}::text AND y.{KEY} = {after}::text)"
    )

"""What the growth trial saw, as values: statements, rows touched and times of a step at several sizes, and what they mean."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from migration_checks.report import relative
from migration_checks.snapshot import Json
from migration_checks.transition import Statement
from migration_checks.trials.growth_power import CONTRADICTION, STEEPEST, Growth, doubt, growth

FEW_ROWS = 10
"""Rows a statement from which on it works in batches."""
RARELY = 0.005
"""Statements for each further row below which they are one for each batch, not one for each row."""
CLEARLY, THREEFOLD, MANY = 1.3, 3.0, 20_000
"""From which exponent on rows touched grow faster than the data: and to three times a row, and to so many in all."""

FAR = 0.25
"""Seconds that it must take longer at least, then."""
LINEAR = (0.8, 1.1)
"""Between these, what was counted is linear with something constant beside it, or with the logarithm that a sort adds."""

_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w$])-?\d+(?:\.\d+)?")
_LISTS = re.compile(r"\(\.\.\.\)(?:\s*,\s*\(\.\.\.\))+")
_PARAMETERS = re.compile(r"\(\s*(?:%\(\w+\)s|%s|\$\d+)(?:::[\w ]+)?(?:\s*,\s*(?:%\(\w+\)s|%s|\$\d+)(?:::[\w ]+)?)*\s*\)")


@dataclass(frozen=True, slots=True)
class Run:
    """The step at one size: `rows` of the leading table, `count` statements, of which the first are in `statements`.

    `work` counts the rows of the user's tables that were read from a table or an index, inserted, updated or deleted.
    `seconds` are its repetitions.
    """

    rows: int
    count: int
    statements: tuple[Statement, ...]
    work: int
    seconds: tuple[float, ...]

    @property
    def whole(self) -> bool:
        """Whether every statement was written down."""
        return len(self.statements) == self.count


@dataclass(frozen=True, slots=True)
class Template:
    """Statements that differ in values only, sent from one line: how many there were at each size."""

    sql: str
    path: str | None
    line: int | None
    counts: tuple[int, ...]
    rows: float


@dataclass(frozen=True)
class GrowthEvidence:
    """A step at several sizes, the smallest first, all of `table` which was grown with the others of `grown`.

    `at_rows` is how many rows `table` has in production, None where nobody said; up to `small` rows are nothing to worry
    about. Paths are told from `root` on. `reason` says why there are no sizes, `not_grown` why a table stayed as it was.
    """

    table: str | None = None
    grown: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    at_rows: int | None = None
    reason: str | None = None
    not_grown: Mapping[str, str] = field(default_factory=dict)
    small: int = 0
    root: Path = Path()

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(each.rows for each in self.runs)

    # -- statements --------------------------------------------------------------------------------------------------

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """The statements of the runs that were written down whole, else of all, in the order in which they first came."""
        runs = [each for each in self.runs if each.whole]
        tallies = [tally(each.statements) for each in (runs if len(runs) > 1 else self.runs)]
        keys = dict.fromkeys(key for each in tallies for key in each)
        return tuple(
            Template(*key, tuple(len(each.get(key, ())) for each in tallies), _mean(tallies[-1].get(key, ()))) for key in keys
        )

    @cached_property
    def repeated(self) -> tuple[Template, ...]:
        """The statements that are sent for one row, or a few, at a time: their number grows with the rows."""
        runs = [each for each in self.runs if each.whole]
        sizes = [each.rows for each in (runs if len(runs) > 1 else self.runs)]
        if len(sizes) < 2 or self.runs[-1].count <= self.runs[0].count:
            return ()
        growing = [each for each in self.templates if _grows(each, sizes)]
        batches = [each.counts[-1] for each in growing if each.rows >= FEW_ROWS]
        # What is sent once for each batch belongs to a loop over batches, however few rows it speaks of itself.
        return tuple(e for e in growing if e.rows < FEW_ROWS and not any(e.counts[-1] <= 1.5 * each for each in batches))

    @property
    def formula(self) -> str:
        """How many statements there are for N rows at most: "2N + 1"."""
        once = [each for each in self.templates if each not in self.repeated]
        factor, rest = len(self.repeated), sum(each.counts[0] for each in once)
        return f"{factor if factor > 1 else ''}N" + (f" + {rest}" if rest else "")

    def told(self, template: Template) -> dict[str, Json]:
        """A statement as JSON."""
        path = relative(template.path, self.root) if template.path is not None else None
        return {"sql": template.sql, "path": path, "line": template.line, "counts": [*template.counts]}

    def statements_at(self, rows: int) -> int | None:
        """How many statements there would be at so many rows of the leading table, two digits of it."""
        first, last = self.runs[0], self.runs[-1]
        if last.rows == first.rows:
            return None
        slope = (last.count - first.count) / (last.rows - first.rows)
        whole = max(first.count + slope * (rows - first.rows), 1)
        return int(round(whole, 1 - math.floor(math.log10(whole))))

    # -- rows and times ----------------------------------------------------------------------------------------------

    @property
    def superlinear(self) -> bool:
        """Whether the step touches clearly more rows for each row of data the more there are: counted, not timed."""
        if len(self.runs) < 3:
            return False
        first, middle, last = self.runs[0], self.runs[-2], self.runs[-1]
        if last.work < MANY or last.rows <= middle.rows:
            return False
        exponent = self._exponent([each.work for each in self.runs])
        return exponent >= CLEARLY and last.work / last.rows >= THREEFOLD * first.work / first.rows

    @property
    def work_exponent(self) -> float:
        """The exponent of the rows touched between the last two sizes, to the next half."""
        return round(2 * self._exponent([each.work for each in self.runs])) / 2

    def _exponent(self, counts: Sequence[int]) -> float:
        """The exponent between the last two sizes of something counted."""
        middle, last = self.runs[-2], self.runs[-1]
        if last.rows <= middle.rows:
            return 0.0
        return math.log(max(counts[-1], 1) / max(counts[-2], 1)) / math.log(last.rows / middle.rows)

    @property
    def expected(self) -> tuple[float, float]:
        """Where the exponent of the time lies after rows touched and statements sent, each of which takes its time."""
        top = max(self._exponent([each.work for each in self.runs]), self._exponent([each.count for each in self.runs]))
        return (1.0, max(LINEAR[1], top + 0.1)) if top >= LINEAR[0] else (0.0, STEEPEST)

    @property
    def idle(self) -> bool:
        """Whether the step touches no more rows, and sends no more statements, where there are more."""
        return all(each.work <= self.runs[0].work and each.count == self.runs[0].count for each in self.runs)

    @property
    def slower(self) -> bool:
        """Whether the largest size takes far longer than the smallest one, in every repetition."""
        least, most = min(self.runs[-1].seconds), max(self.runs[0].seconds)
        return least >= CONTRADICTION * most and least - most >= FAR

    def observations(self) -> Mapping[str, Json]:
        facts: dict[str, Json] = {
            "table": self.table,
            "tables": [*self.grown],
            "sizes": [*self.sizes],
            "statements_by_size": [each.count for each in self.runs],
            "row_by_row": bool(self.repeated),
            "superlinear": self.superlinear,
            "touches_more_rows": not self.idle if self.runs else None,
            "at_rows": self.at_rows,
        }
        if self.not_grown:
            facts["not_grown"] = [{"table": name, "reason": why} for name, why in sorted(self.not_grown.items())]
        if self.reason is not None:
            facts["reason"] = self.reason
        if self.repeated:
            facts["statements"] = [self.told(each) for each in self.repeated]
        return facts

    def timing(self) -> Mapping[str, Json]:
        """Times, and the rows touched: the planner may choose another way to them where it draws a sample."""
        if not self.runs:
            return {}
        seconds: list[Json] = [[round(each, 6) for each in run.seconds] for run in self.runs]
        facts: dict[str, Json] = {"seconds_by_size": seconds, "rows_touched_by_size": [each.work for each in self.runs]}
        if len(self.runs) >= 3:
            facts |= self._fitted()
        return facts

    def _fitted(self) -> dict[str, Json]:
        times = [each.seconds for each in self.runs]
        if self.idle and not self.slower:
            return {"exponent": 0.0, "exponent_interval": [0.0, 0.0], **self._constant(times)}
        found = growth(self.sizes, times, self.expected)
        facts: dict[str, Json] = {
            "exponent": round(found.curve.exponent, 2),
            "exponent_interval": [round(each, 2) for each in found.interval],
        }
        if self.at_rows is not None:
            facts["estimate"] = self._estimate(times, found, self.at_rows)
        return facts

    def _constant(self, times: Sequence[Sequence[float]]) -> dict[str, Json]:
        """What touches no more rows takes no longer: as long as it took at any size."""
        if self.at_rows is None:
            return {}
        all_times = [each for repeats in times for each in repeats]
        low, high = min(all_times), max(all_times)
        return {"estimate": _seconds(self.at_rows, min(times[-1]), low, high)}

    def _estimate(self, times: Sequence[Sequence[float]], found: Growth, rows: int) -> dict[str, Json]:
        if (why := doubt(self.sizes, times, found, rows)) is not None:
            return {"refused": why}
        return _seconds(rows, *found.estimate(rows))


def _seconds(rows: int, best: float, low: float, high: float) -> dict[str, Json]:
    return {"rows": rows, "seconds": _two(best), "low": _two(low), "high": _two(high)}


def _two(seconds: float) -> float:
    """Three digits: more would promise what no measurement holds."""
    return float(f"{seconds:.3g}")


def _grows(template: Template, sizes: Sequence[int]) -> bool:
    """Whether there are more of a statement where there are more rows, and about as many more."""
    first, last = template.counts[0], template.counts[-1]
    more, rows = last - first, sizes[-1] - sizes[0]
    return more >= 5 and more >= RARELY * rows and last >= first * (1 + 0.4 * (sizes[-1] / sizes[0] - 1))


def tally(statements: Sequence[Statement]) -> dict[tuple[str, str | None, int | None], list[Statement]]:
    """Statements by what they have in common: the text without its values, and the line that sent them."""
    found: dict[tuple[str, str | None, int | None], list[Statement]] = {}
    for each in statements:
        found.setdefault((without_values(each.sql), each.path, each.line), []).append(each)
    return found


def without_values(sql: str) -> str:
    """SQL on one line with ? for every literal, and (...) for every list of parameters: batches differ in their length."""
    return _LITERAL.sub("?", _LISTS.sub("(...)", _PARAMETERS.sub("(...)", " ".join(sql.split()))))


def _mean(statements: Sequence[Statement]) -> float:
    """Rows a statement, of those that told; what nobody counted is taken for one."""
    told = [each.rows for each in statements if each.rows >= 0]
    return sum(told) / len(told) if told else 1.0

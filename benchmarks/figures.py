"""The arithmetic of measurements: medians, ratios taken within one round, and slopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: wall-clock seconds, seconds of processor time of every process in it, the largest one's MiB.

    `cpu` and `memory` are None where they could not be measured.
    """

    wall: float
    cpu: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Runs of one contestant, in the order of the rounds they belong to."""

    name: str
    runs: tuple[Run, ...] = ()

    @property
    def wall(self) -> float:
        """The median of wall-clock seconds."""
        return median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float | None:
        """The median of processor seconds."""
        known = [run.cpu for run in self.runs if run.cpu is not None]
        return median(known) if known else None

    @property
    def memory(self) -> float | None:
        """The largest memory of any run, in MiB."""
        return max((run.memory for run in self.runs if run.memory is not None), default=None)


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a table: what was compared under which conditions, and how it compares with `base`.

    `target` is what the ratio should not exceed (with `at_least`, not fall below); None where there is no target.
    `note` says what a reader must know.
    """

    benchmark: str
    case: str
    subject: Series
    base: Series
    ratio: float
    cpu_ratio: float | None = None
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a benchmark came to: lines that compare, plain figures by name, and what was not measured with the reason."""

    results: tuple[Result, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


def ratio(subject: Series, base: Series) -> float:
    """The median over rounds of subject / base within a round: what slows the machine down slows down both.

    Raises ValueError when there is no round, or the two have another number of them.
    """
    return median(one.wall / other.wall for one, other in _rounds(subject, base))


def cpu_ratio(subject: Series, base: Series) -> float | None:
    """Likewise of processor time; None where it was not measured in every run."""
    pairs = [(one.cpu, other.cpu) for one, other in _rounds(subject, base)]
    if any(one is None or not other for one, other in pairs):
        return None
    return median(one / other for one, other in pairs if one is not None and other)


def _rounds(subject: Series, base: Series) -> list[tuple[Run, Run]]:
    if not subject.runs:
        raise ValueError(f"There is no run of {subject.name}.")
    return list(zip(subject.runs, base.runs, strict=True))


def slope(costs: Mapping[int, float]) -> float:
    """Seconds for each further unit, by least squares over {size: seconds}. Raises ValueError for fewer than two sizes."""
    if len(costs) < 2:
        raise ValueError("A slope needs two sizes.")
    middle, level = _mean(list(costs)), _mean(list(costs.values()))
    above = sum((size - middle) * (cost - level) for size, cost in costs.items())
    return above / sum((size - middle) ** 2 for size in costs)


def growth(costs: Mapping[int, float]) -> float:
    """The exponent of growth between the smallest and the largest size: 1 is linear, 2 quadratic. Start-up counts as cost."""
    from math import log

    smallest, largest = min(costs), max(costs)
    if smallest == largest:
        raise ValueError("Growth needs two sizes.")
    return log(costs[largest] / costs[smallest]) / log(largest / smallest)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)

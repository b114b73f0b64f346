"""How a time grows: c + b * n^p through measurements at several sizes, with the interval that their repetitions allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

STEEPEST = 3.0
"""The largest exponent that is tried; what is steeper is no migration that anybody waits for."""
STEP = 0.02

VISIBLE = 1.5
"""Times that the largest size must take as long as the smallest one: below, growth drowns in what every step costs."""

CONTRADICTION, CLEARLY = 4.0, 0.4
"""Times that the largest size must take as long, and by how much the exponent must be steeper, before times are believed
against what was counted: a machine that is busy for a moment doubles one of them, not all."""

WIDEST = 30.0
"""An estimate whose ends lie further apart than so many times is none."""


@dataclass(frozen=True, slots=True)
class Curve:
    """seconds(n) = constant + factor * n ** exponent."""

    constant: float
    factor: float
    exponent: float

    def at(self, rows: float) -> float:
        """Seconds at so many rows."""
        return self.constant + self.factor * math.pow(rows, self.exponent)


@dataclass(frozen=True, slots=True)
class Growth:
    """The curve through the shortest times, and those through every choice of one repetition a size, the least first."""

    curve: Curve
    others: tuple[Curve, ...]

    @property
    def interval(self) -> tuple[float, float]:
        """Between what the exponent lies."""
        found = [each.exponent for each in (self.curve, *self.others)]
        return min(found), max(found)

    def estimate(self, rows: float) -> tuple[float, float, float]:
        """Seconds at so many rows: the best guess, and between what they lie."""
        found = [each.at(rows) for each in (self.curve, *self.others)]
        return self.curve.at(rows), min(found), max(found)


def fit(sizes: Sequence[int], seconds: Sequence[float], band: tuple[float, float] = (0.0, STEEPEST)) -> Curve:
    """The curve that is nearest to the measurements, each error as a share of its measurement (noise grows with time).

    Its exponent lies in `band`.
    """
    best: tuple[float, Curve] | None = None
    for number in range(math.ceil(band[0] / STEP), math.floor(band[1] / STEP) + 1):
        curve = _linear(sizes, seconds, number * STEP)
        error = sum(((curve.at(n) - t) / t) ** 2 for n, t in zip(sizes, seconds, strict=True))
        if best is None or error < best[0] - 1e-12:
            best = (error, curve)
    assert best is not None
    return best[1]


def _linear(sizes: Sequence[int], seconds: Sequence[float], exponent: float) -> Curve:
    """Least squares for constant and factor, neither of them below zero."""
    weights = [1 / time**2 for time in seconds]
    powers = [float(size) ** exponent for size in sizes]
    total = sum(weights)
    x = sum(w * p for w, p in zip(weights, powers, strict=True)) / total
    y = sum(w * t for w, t in zip(weights, seconds, strict=True)) / total
    spread = sum(w * (p - x) ** 2 for w, p in zip(weights, powers, strict=True))
    shared = sum(w * (p - x) * (t - y) for w, p, t in zip(weights, powers, seconds, strict=True))
    factor = shared / spread if spread > 0 else 0.0
    if factor <= 0:
        return Curve(y, 0.0, exponent)
    if (constant := y - factor * x) >= 0:
        return Curve(constant, factor, exponent)
    squares = sum(w * p * p for w, p in zip(weights, powers, strict=True))
    return Curve(0.0, sum(w * p * t for w, p, t in zip(weights, powers, seconds, strict=True)) / squares, exponent)


def growth(sizes: Sequence[int], seconds: Sequence[Sequence[float]], expected: tuple[float, float] = (0.0, STEEPEST)) -> Growth:
    """The growth of `seconds`, several repetitions for each of `sizes` (three or more, ascending).

    `expected` is where the exponent lies after what was counted. Times that agree with it are fitted within it: a machine's
    noise, carried on to a thousand times the rows, would drown the estimate. Times that are clearly steeper, all of them, speak
    for themselves.
    """
    measured = [[max(each, 1e-6) for each in repeats] for repeats in seconds]
    free = _through(sizes, measured, (0.0, STEEPEST))
    visible = min(measured[-1]) >= CONTRADICTION * max(measured[0])
    steeper = free.interval[0] > expected[1] + CLEARLY
    return free if visible and steeper else _through(sizes, measured, expected)


def _through(sizes: Sequence[int], measured: Sequence[Sequence[float]], band: tuple[float, float]) -> Growth:
    shortest = fit(sizes, [min(repeats) for repeats in measured], band)
    choices = product(*(sorted(set(repeats)) for repeats in measured))
    return Growth(shortest, tuple(fit(sizes, choice, band) for choice in choices))


def doubt(sizes: Sequence[int], seconds: Sequence[Sequence[float]], found: Growth, rows: float | None) -> str | None:
    """Why a curve says nothing about larger sizes, None when it does."""
    shortest = [min(repeats) for repeats in seconds]
    if len(set(sizes)) < 3:
        return "there are fewer than three sizes"
    if shortest[-1] < VISIBLE * shortest[0] or found.curve.factor == 0:
        return f"at {sizes[-1]} rows the part that grows is still lost in what the step costs anyway; use more --rows"
    if found.curve.exponent >= STEEPEST:
        return "the times do not lie on a power law"
    _, low, high = found.estimate(rows if rows is not None else sizes[-1])
    if low <= 0 or high / low > WIDEST or not math.isfinite(high):
        return "the times scatter too much for an estimate; use more --rows, or a machine with less to do"
    return None

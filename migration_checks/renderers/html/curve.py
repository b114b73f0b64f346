"""The growth curve: seconds against rows, both on logarithmic axes, with the fit, its interval and the estimate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from migration_checks.renderers.html.element import Html, element, join
from migration_checks.renderers.html.facts import amount, facts, items, quantity, words
from migration_checks.renderers.html.units import big, duration
from migration_checks.report import Step

HEIGHT = 280
LEFT, RIGHT, TOP, BOTTOM = 16.0, 97.0, 16, HEIGHT - 40
"""The plotting area: percent of the width, and pixels from the top."""
MOST = 12
PARTS = 32


@dataclass(frozen=True, slots=True)
class Growth:
    """What a growth trial measured: (rows, seconds) of every run, the exponent with its interval, and the estimate."""

    points: tuple[tuple[float, float], ...]
    exponent: float | None
    interval: tuple[float, float] | None
    estimate: tuple[float, float, float, float] | None
    refused: str


def growth_of(step: Step) -> Growth:
    """What `step` says of growth, as far as it does."""
    sizes = [amount(size) for size in items(step.observations.get("sizes"))]
    series = items(step.timing.get("seconds_by_size"))
    points = [
        (size, amount(seconds))
        for size, repeats in zip(sizes, series, strict=False)
        for seconds in (repeats if isinstance(repeats, list) else [repeats])
        if size > 0 and amount(seconds) > 0
    ]
    ends = [quantity(each) for each in items(step.timing.get("exponent_interval"))]
    low, high = (ends[0], ends[1]) if len(ends) == 2 else (None, None)
    told = facts(step.timing.get("estimate"))
    values = tuple(amount(told.get(name)) for name in ("rows", "seconds", "low", "high"))
    return Growth(
        points=tuple(points),
        exponent=quantity(step.timing.get("exponent")),
        interval=None if low is None or high is None else (low, high),
        estimate=(values[0], values[1], values[2] or values[1], values[3] or values[1]) if all(values[:2]) else None,
        refused=words(told.get("refused")),
    )


def curve(growth: Growth) -> Html | None:
    """The picture, None where fewer than two sizes were measured."""
    if len({rows for rows, _ in growth.points}) < 2:
        return None
    plot = Plot(growth)
    drawn = join(*plot.axes(), *plot.band(), *plot.line(), *plot.points(), *plot.estimate())
    return element("svg", drawn, role="img", aria_label=summary(growth), width="100%", height=HEIGHT, class_="curve")


def summary(growth: Growth) -> str:
    """The curve in words."""
    by_size: dict[float, list[float]] = {}
    for rows, seconds in growth.points:
        by_size.setdefault(rows, []).append(seconds)
    measured = ", ".join(f"{duration(_median(each))} at {rows:,.0f} rows" for rows, each in sorted(by_size.items())[:MOST])
    parts = [f"Measured {measured}."]
    if growth.exponent is not None:
        between = f" (between {growth.interval[0]:.2f} and {growth.interval[1]:.2f})" if growth.interval else ""
        parts.append(f"Beside a constant part, time grows with the rows to the power of {growth.exponent:.2f}{between}.")
    if growth.estimate:
        rows, seconds, low, high = growth.estimate
        parts.append(f"Estimated at {rows:,.0f} rows: {duration(seconds)}, between {duration(low)} and {duration(high)}.")
    elif growth.refused:
        parts.append(f"No estimate: {growth.refused}")
    return " ".join(parts)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def fitted(points: Sequence[tuple[float, float]], exponent: float) -> Callable[[float], float]:
    """Seconds by rows: a constant part and one that grows with that power, neither below 0, by the least relative errors."""
    most = max(rows for rows, _ in points)
    terms = [((rows / most) ** exponent, seconds) for rows, seconds in points]
    weights = [1 / seconds**2 for _, seconds in terms]
    total = sum(weights)
    x = sum(w * a for w, (a, _) in zip(weights, terms, strict=True)) / total
    y = sum(w * b for w, (_, b) in zip(weights, terms, strict=True)) / total
    spread = sum(w * (a - x) ** 2 for w, (a, _) in zip(weights, terms, strict=True))
    slope = sum(w * (a - x) * (b - y) for w, (a, b) in zip(weights, terms, strict=True)) / spread if spread > 1e-12 else 0.0
    if slope <= 0:
        return lambda rows: y
    if y < slope * x:
        steep = sum(w * a * b for w, (a, b) in zip(weights, terms, strict=True))
        steep /= sum(w * a * a for w, (a, _) in zip(weights, terms, strict=True))
        return lambda rows: steep * (rows / most) ** exponent
    return lambda rows: y + slope * ((rows / most) ** exponent - x)


class Plot:
    """Measured points on logarithmic axes; x in percent of the width, so that it is as wide as there is room."""

    def __init__(self, growth: Growth) -> None:
        self.growth = growth
        rows = [each for each, _ in growth.points]
        seconds = [each for _, each in growth.points]
        if growth.estimate:
            rows.append(growth.estimate[0])
            seconds += [each for each in growth.estimate[1:] if each > 0]
        self.x = _span(rows)
        self.y = _span(seconds)

    def at(self, rows: float, seconds: float) -> tuple[float, float]:
        """Percent from the left, and pixels from the top."""
        return self._at(math.log10(rows), math.log10(seconds))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return round(LEFT + across * (RIGHT - LEFT), 2), round(BOTTOM - min(max(up, -0.2), 1.2) * (BOTTOM - TOP), 1)

    def axes(self) -> Iterator[Html]:
        """Lines and labels at powers of ten, few enough for a phone."""
        for power in _ticks(*self.x):
            x, _ = self._at(power, self.y[0])
            yield element("line", x1=f"{x}%", x2=f"{x}%", y1=TOP, y2=BOTTOM, class_="grid")
            anchor = "end" if x > 90 else "middle"
            yield element("text", big(10**power), x=f"{x}%", y=BOTTOM + 16, text_anchor=anchor, class_="tick")
        for power in _ticks(*self.y):
            _, y = self._at(self.x[0], power)
            yield element("line", x1=f"{LEFT}%", x2=f"{RIGHT}%", y1=y, y2=y, class_="grid")
            yield element("text", duration(10**power), x=f"{LEFT}%", dx=-6, y=y + 4, text_anchor="end", class_="tick")
        yield element("text", "rows", x=f"{(LEFT + RIGHT) / 2}%", y=HEIGHT - 6, text_anchor="middle", class_="tick")

    def line(self) -> Iterator[Html]:
        """The fit, broken off where nothing was measured any more."""
        if self.growth.exponent is None:
            return
        last = math.log10(max(rows for rows, _ in self.growth.points))
        fit = fitted(self.growth.points, self.growth.exponent)
        drawn = [
            element("polyline", points=self._along(fit, start, end), class_=style, vector_effect="non-scaling-stroke")
            for start, end, style in ((self.x[0], last, "fit"), (last, self.x[1], "fit beyond"))
        ]
        yield self._stretched(drawn)

    def band(self) -> Iterator[Html]:
        """Where the curve may run: between those of the ends of the exponent's interval."""
        if self.growth.interval is None:
            return
        low, high = (fitted(self.growth.points, exponent) for exponent in self.growth.interval)
        there, back = self._along(low, *self.x), self._along(high, *self.x[::-1])
        yield self._stretched([element("polygon", points=f"{there} {back}", class_="band")])

    def _along(self, fit: Callable[[float], float], start: float, end: float) -> str:
        """The points of a curve between two logarithms of rows."""
        logs = [start + (end - start) * part / PARTS for part in range(PARTS + 1)]
        places = (self._at(x, math.log10(max(fit(10**x), 1e-9))) for x in logs)
        return " ".join(f"{x:.2f},{y:.1f}" for x, y in places)

    def _stretched(self, drawn: Iterable[Html]) -> Html:
        """Shapes whose x are percentages, which only a picture of its own that is stretched to the width can have."""
        options = {"viewBox": f"0 0 100 {HEIGHT}", "preserveAspectRatio": "none"}
        return element("svg", drawn, x=0, y=0, width="100%", height=HEIGHT, **options)

    def points(self) -> Iterator[Html]:
        """Every run that was measured."""
        for rows, seconds in self.growth.points[:200]:
            x, y = self.at(rows, seconds)
            yield element(
                "circle", element("title", f"{rows:,.0f} rows: {duration(seconds)}"), cx=f"{x}%", cy=y, r=4, class_="point"
            )

    def estimate(self) -> Iterator[Html]:
        """The estimate as a square with its interval."""
        if self.growth.estimate is None:
            return
        rows, seconds, low, high = self.growth.estimate
        (x, y), (_, top), (_, bottom) = (self.at(rows, each) for each in (seconds, high, low))
        yield element("line", x1=f"{x}%", x2=f"{x}%", y1=top, y2=bottom, class_="interval")
        yield element("circle", cx=f"{x}%", cy=y, r=6, class_="estimate")
        yield element("text", duration(seconds), x=f"{x}%", dx=-10, y=max(y - 8, 12), text_anchor="end", class_="told")


def _span(values: Sequence[float]) -> tuple[float, float]:
    """The logarithms that an axis reaches from and to, a little beyond the values."""
    low, high = math.log10(min(values)), math.log10(max(values))
    pad = max((high - low) * 0.06, 0.1)
    return low - pad, high + pad


def _ticks(low: float, high: float) -> list[float]:
    """Powers of ten within a span, at most five; where there are fewer than two, also two and five times them."""
    first, last = math.ceil(low), math.floor(high)
    step = max(1, math.ceil((last - first + 1) / 5))
    powers = [float(each) for each in range(first, last + 1, step)]
    if len(powers) >= 2:
        return powers
    finer = [math.floor(low) + whole + math.log10(part) for whole in range(3) for part in (1, 2, 5)]
    return [each for each in finer if low <= each <= high]

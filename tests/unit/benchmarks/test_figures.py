"""The arithmetic of measurements."""

from __future__ import annotations

import math

import pytest

from benchmarks.figures import Result, Run, Series, cpu_ratio, growth, ratio, slope


def series(name: str, *walls: float, cpu: float | None = None) -> Series:
    return Series(name, tuple(Run(wall, None if cpu is None else wall * cpu, wall * 10) for wall in walls))


def test_medians_and_the_largest_memory() -> None:
    """One slow run changes no median; memory is what was needed at worst."""
    one = series("a", 1.0, 9.0, 2.0, cpu=0.5)

    assert (2.0, 1.0, 90.0) == (one.wall, one.cpu, one.memory)
    assert (None, None) == (Series("b", (Run(1.0),)).cpu, Series("b", (Run(1.0),)).memory)


def test_a_ratio_is_taken_within_each_round() -> None:
    """A round in which the machine was busy slows both down, and says the same as the others."""
    ours, bare = series("ours", 3.0, 30.0, 3.3), series("bare", 2.0, 20.0, 2.2)

    assert math.isclose(1.5, ratio(ours, bare))


def test_a_ratio_of_processor_time_needs_every_run() -> None:
    """Where one run was not measured there is none."""
    ours = series("ours", 4.0, 4.0, cpu=0.5)

    assert 2.0 == cpu_ratio(ours, series("bare", 2.0, 2.0, cpu=0.5))
    assert cpu_ratio(ours, Series("bare", (Run(2.0, 1.0), Run(2.0)))) is None


def test_rounds_that_do_not_match_are_refused() -> None:
    """So is a series without any."""
    with pytest.raises(ValueError, match="shorter"):
        ratio(series("ours", 1.0, 2.0), series("bare", 1.0))
    with pytest.raises(ValueError, match="no run of ours"):
        ratio(series("ours"), series("bare"))


def test_the_slope_leaves_out_what_every_run_pays_once() -> None:
    """Start-up is no cost of a revision."""
    assert math.isclose(0.02, slope({25: 1.5, 100: 3.0, 400: 9.0}))
    with pytest.raises(ValueError, match="two sizes"):
        slope({100: 1.0})


@pytest.mark.parametrize(("power", "costs"), [(1.0, {100: 2.0, 400: 8.0}), (2.0, {100: 2.0, 400: 32.0, 200: 8.0})])
def test_the_exponent_of_growth(power: float, costs: dict[int, float]) -> None:
    """Four times the revisions at four times the cost is linear, at sixteen times quadratic."""
    assert math.isclose(power, growth(costs))


@pytest.mark.parametrize(
    ("value", "target", "at_least", "met"),
    [(1.4, 1.5, False, True), (1.6, 1.5, False, False), (4.0, 5.0, True, False), (1, None, True, None)],
)
def test_whether_a_target_is_met(value: float, target: float | None, at_least: bool, met: bool | None) -> None:
    """Some are upper bounds, some lower, and some lines have none."""
    one = series("a", 1.0)

    assert met is Result("chain", "case", one, one, value, target=target, at_least=at_least).met

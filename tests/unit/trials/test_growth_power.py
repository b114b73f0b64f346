"""The fit: known curves are found again through noise, and what says nothing is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_checks.trials.growth_power import Curve, doubt, fit, growth

SIZES = (100, 1_000, 10_000)


def times(curve: Curve, *noise: float) -> list[list[float]]:
    """What a step that grows like `curve` takes at each size, several times with as much noise."""
    return [[curve.at(size) * each for each in noise] for size in SIZES]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("constant", [0.0, 0.02])
def test_a_power_law_is_found_again(exponent: float, constant: float) -> None:
    """Constant, factor and exponent come out of exact times."""
    found = fit(SIZES, [Curve(constant, 1e-5, exponent).at(size) for size in SIZES])

    assert exponent == pytest.approx(found.exponent, abs=0.03)
    assert Curve(constant, 1e-5, exponent).at(1e7) == pytest.approx(found.at(1e7), rel=0.2)


@settings(max_examples=10)
@given(st.floats(0.001, 0.1), st.floats(1e-6, 1e-3), st.sampled_from([1.0, 1.04, 1.1]))
def test_the_interval_holds_the_truth(constant: float, factor: float, exponent: float) -> None:
    """With ten percent of noise, the estimate at a thousand times the rows lies in its interval and not far from the truth."""
    truth = Curve(constant, factor, exponent)
    found = growth(SIZES, times(truth, 1.0, 1.04, 1.1), (1.0, 1.1))
    best, low, high = found.estimate(1e7)

    assert low <= best <= high
    assert low * 0.99 <= truth.at(1e7) <= high * 1.01 or best == pytest.approx(truth.at(1e7), rel=0.8)


def test_noise_does_not_overrule_what_was_counted() -> None:
    """Scattered times of a step whose rows grow linearly are fitted with an exponent near one."""
    found = growth(SIZES, [[0.02, 0.05], [0.05, 0.14], [0.5, 0.9]], (1.0, 1.1))

    assert 1.0 <= found.interval[0] <= found.interval[1] <= 1.1


def test_times_that_contradict_what_was_counted_speak_for_themselves() -> None:
    """A step that computes quadratically in Python touches rows linearly, and is quadratic all the same."""
    found = growth(SIZES, times(Curve(0.001, 1e-7, 2.0), 1.0, 1.02), (1.0, 1.1))

    assert found.curve.exponent == pytest.approx(2.0, abs=0.05)


def test_a_jump_of_a_few_milliseconds_contradicts_nothing() -> None:
    """Where the largest size takes no longer to speak of, the shape of the noise is no exponent."""
    found = growth(SIZES, [[0.095, 0.072, 0.087], [0.056, 0.065, 0.040], [0.089, 0.117, 0.084]], (1.0, 1.1))

    assert 1.0 <= found.interval[0] <= found.interval[1] <= 1.1


@pytest.mark.parametrize(
    ("seconds", "part"),
    [
        ([[0.02], [0.021], [0.022]], "lost in what the step costs anyway"),
        ([[0.01, 0.05], [0.03, 0.1], [0.1, 2.0]], "scatter too much"),
        ([[0.01], [0.02], [300.0]], "power law"),
    ],
)
def test_a_poor_fit_is_refused(seconds: list[list[float]], part: str) -> None:
    """No estimate rather than a wrong one, and why."""
    found = growth(SIZES, seconds)

    assert part in (doubt(SIZES, seconds, found, 1e7) or "")


def test_two_sizes_are_too_few() -> None:
    """Sizes that are the same do not count twice."""
    found = growth((10, 10, 20), [[1.0], [1.0], [2.0]])

    assert "three sizes" in (doubt((10, 10, 20), [[1.0], [1.0], [2.0]], found, 100) or "")


def test_a_good_fit_is_believed() -> None:
    """Nothing is refused that lies on a curve."""
    seconds = times(Curve(0.01, 1e-5, 1.0), 1.0, 1.05)
    found = growth(SIZES, seconds, (1.0, 1.1))

    assert doubt(SIZES, seconds, found, 1e7) is None
    assert math.isclose(found.estimate(1e7)[0], 100, rel_tol=0.2)

"""Planted corruption is caught, whatever its kind and wherever it strikes; healthy chains raise no alarm."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from migration_checks.providers import Server
from tests.matrix.chains import KINDS
from tests.matrix.healthy import chains
from tests.matrix.plant import Place
from tests.matrix.runs import alarms, plant_and_walk, walk
from tests.projects import Script


def test_there_are_kinds_enough() -> None:
    """Every kind has a name of its own."""
    assert len(set(KINDS)) == len(KINDS) >= 40


@pytest.mark.parametrize("place", Place)
def test_corruption_is_caught(place: Place, server: Server) -> None:
    """Each kind by some check that names an object of its own."""
    result = plant_and_walk(KINDS, place, server, seed=1, whole=False)

    assert {kind for kind, checks in result.checks.items() if not checks} == set()


def test_the_healthy_twins_are_silent(server: Server) -> None:
    """The same chain without corruption raises nothing at warning or above."""
    result = plant_and_walk(KINDS, None, server, seed=1, whole=False)

    assert {kind: checks for kind, checks in result.checks.items() if checks} == {}
    assert result.stray == ()


@settings(max_examples=5, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(scripts=chains())
def test_random_healthy_chains_are_silent(server: Server, scripts: list[Script]) -> None:
    """Whatever healthy operations follow each other."""
    assert alarms(walk(scripts, server, rows=20)) == []

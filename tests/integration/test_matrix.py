"""Planted corruption is caught, whatever its kind and wherever it strikes; healthy chains raise no alarm."""

from __future__ import annotations

import os

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


PARTS = 1 if os.environ.get("MIGRATION_CHECKS_MATRIX") == "all" else len(Place)
"""Each kind is planted at one place, in turn; `python -m tests.matrix` plants all of them everywhere, and so does "all"."""


@pytest.mark.parametrize(("turn", "place"), list(enumerate(Place)))
def test_corruption_is_caught(turn: int, place: Place, server: Server) -> None:
    """Each kind by some check that names an object of its own."""
    kinds = [kind for number, kind in enumerate(KINDS) if number % PARTS == turn % PARTS]
    result = plant_and_walk(kinds, place, server, seed=1, whole=False)

    assert len(result.checks) > 20
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

"""Operators and functions of conditions, with what PostgreSQL answers; what only the server knows is None."""

from __future__ import annotations

import pytest

from migration_checks.seeding.conditions import read
from migration_checks.seeding.values import reads
from tests.conditions import QUESTIONS, TYPES


@pytest.mark.parametrize(("expected", "text", "cells"), QUESTIONS)
def test_conditions_answer_as_postgresql_does(expected: bool | None, text: str, cells: dict[str, str | None]) -> None:
    """A condition that is NULL is met, since a CHECK refuses only what is false."""
    assert expected is read(text).met(lambda name: reads(TYPES[name])(cells.get(name)))

"""Fixtures of the tests on rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migration_checks.database import connect
from migration_checks.rows import Rows


@pytest.fixture
def rows(database: str) -> Iterator[Rows]:
    """The rows of a fresh database."""
    with connect(database) as connection:
        yield Rows(connection)

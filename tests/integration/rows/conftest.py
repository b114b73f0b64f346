"""Fixtures of the tests on rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migration_checks.database import connect
from migration_checks.providers import Server
from migration_checks.rows import Rows


@pytest.fixture
def rows(database: str) -> Iterator[Rows]:
    """The rows of a fresh database."""
    with connect(database) as connection:
        yield Rows(connection)


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of any size are compared as large ones are: by the rows that were written since, where that is enough."""
    monkeypatch.setattr("migration_checks.rows.fresh.LARGE", 0)


@pytest.fixture
def counters(server: Server) -> None:
    """Only where a server's counters can be believed: PostgreSQL 14 hears of them late, and every table counts as touched."""
    if server.version < 150000:
        pytest.skip("PostgreSQL 14 reports its counters late")

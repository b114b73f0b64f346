"""The servers and databases that integration tests run on: one embedded server a worker, one fresh database a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migration_checks.database import Databases
from migration_checks.providers import EmbeddedProvider, Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One embedded server for all tests of a worker."""
    with EmbeddedProvider().lend() as lent:
        yield lent


@pytest.fixture(scope="session")
def databases(server: Server) -> Iterator[Databases]:
    """The databases made on the session's server; all are gone when it ends."""
    with Databases(server) as made:
        yield made


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The libpq URL of a fresh, empty database, dropped after the test; roles that the test made go with it."""
    url = databases.create("test")
    yield url
    databases.drop(url)
    databases.restore_roles()

"""The door that pytest enters by: options, a marker and fixtures; what they do is loaded when somebody asks for it.

pytest imports this module at every start, in every project that has the toolkit installed, so it imports nothing but pytest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from migration_checks.database import Databases
    from migration_checks.in_pytest.stage import Stage
    from migration_checks.providers import Server
    from migration_checks.rehearsal import Rehearsal

MARKER = "migration_checks: a leg of an Alembic chain that migration-checks has walked"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two options, and a setting for the second."""
    group = parser.getgroup("migration-checks")
    group.addoption(
        "--migration-checks",
        action="store_true",
        dest="migration_checks",
        help="walk the Alembic chain up and down on realistic rows: a test for every revision and leg",
    )
    group.addoption(
        "--migration-checks-args",
        metavar="ARGS",
        dest="migration_checks_args",
        help="options of `migration-checks verify`, as one argument",
    )
    parser.addini("migration_checks_args", "options of `migration-checks verify`", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and whoever collects where that was asked for."""
    config.addinivalue_line("markers", MARKER)
    if config.getoption("migration_checks"):
        from migration_checks.in_pytest.collecting import Collecting

        config.pluginmanager.register(Collecting(config), "migration_checks_collecting")


@pytest.fixture(scope="session")
def migration_server_url() -> None:
    """The server that migrations run on, for a conftest.py to override; None leaves the choice to the settings.

    A URL, pytest-postgresql's `postgresql_proc` or `postgresql_noproc`, or a container of testcontainers.
    """
    return


@pytest.fixture(scope="session")
def migration_arguments(pytestconfig: pytest.Config) -> list[str]:
    """Options of `migration-checks verify` that say which chain `migration_walk` is about, and on which server."""
    from migration_checks.in_pytest.arguments import of_config

    return of_config(pytestconfig)


@pytest.fixture(scope="session")
def migration_server(
    pytestconfig: pytest.Config, migration_server_url: object, migration_arguments: list[str]
) -> Iterator[Server]:
    """A running PostgreSQL (`url`, `version`) of this worker, where databases may be made; gone with the session."""
    from migration_checks.in_pytest.stage import lent

    with lent(pytestconfig.rootpath, migration_server_url, migration_arguments) as server:
        yield server


@pytest.fixture(scope="session")
def _migration_databases(migration_server: Server) -> Iterator[Databases]:
    from migration_checks.database import Databases

    with Databases(migration_server) as databases:
        yield databases


@pytest.fixture(scope="session")
def _migration_stage(
    pytestconfig: pytest.Config, migration_arguments: list[str], _migration_databases: Databases
) -> Iterator[Stage]:
    from migration_checks.in_pytest.stage import Stage

    with Stage.of(pytestconfig.rootpath, migration_arguments, _migration_databases) as stage:
        yield stage


@pytest.fixture
def migration_database(_migration_databases: Databases) -> Iterator[str]:
    """The libpq URL of an empty database of this test, dropped after it."""
    from migration_checks.in_pytest.stage import borrowed

    with borrowed(_migration_databases) as url:
        yield url


@pytest.fixture
def migration_walk(_migration_stage: Stage) -> Iterator[Rehearsal]:
    """A database of this test that stands before the first revision, and can be moved along the chain."""
    with _migration_stage.rehearsal() as rehearsal:
        yield rehearsal

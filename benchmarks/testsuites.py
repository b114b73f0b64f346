"""Tools that are suites of tests: what to write beside a chain so that pytest runs each as its own manual shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.twins import Project

_HEAD = """from pathlib import Path

import pytest
import sqlalchemy as sa

HERE = Path(__file__).parent
URL = {url!r}
"""

_PYTEST_ALEMBIC = """

@pytest.fixture
def alembic_config():
    return {"file": str(HERE / "alembic.ini")}


@pytest.fixture
def alembic_engine():
    engine = sa.create_engine(URL, poolclass=sa.NullPool)
    with engine.begin() as connection:  # a fresh database a test, as a fixture of most projects gives it
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    return engine
"""

_DEFAULT = "from pytest_alembic.tests import test_single_head_revision, test_up_down_consistency, test_upgrade\n"
_WITH_MODELS = "from pytest_alembic.tests import test_model_definitions_match_ddl\n"
_EXPERIMENTAL = "from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace\n"

_VERIFY = """

@pytest.fixture(scope="module")
def alembic_ini_location():
    return str(HERE / "alembic.ini")


@pytest.fixture
def alembic_db_uri():
    return URL
"""

_VERIFY_TEST = """from alembic import command
from alembic.script import ScriptDirectory
from alembicverify.util import get_current_revision, prepare_schema_from_migrations


def test_migration_upgrade_and_downgrade(alembic_config, alembic_db_uri):
    expected = [each.revision for each in ScriptDirectory.from_config(alembic_config).walk_revisions()]
    with prepare_schema_from_migrations(alembic_db_uri, alembic_config, revision="head") as (engine, script):
        revisions = []
        while (revision := get_current_revision(alembic_config, engine, script)) is not None:
            command.downgrade(alembic_config, "-1")
            revisions.append(revision)
    assert revisions == expected
"""

_GAUNTLET = """

@pytest.fixture
def alembic_config():
    from alembic.config import Config

    return Config(str(HERE / "alembic.ini"))


@pytest.fixture
def orm_metadata():
    space = {}
    for declarations in HERE.glob("models_*.py"):
        exec(declarations.read_text(), space)
    return space.get("models") or sa.MetaData()


@pytest.fixture(scope="session")
def migration_db_url():
    return URL.replace("+psycopg", "+asyncpg")
"""

_GAUNTLET_TEST = """import pytest
from alembic_gauntlet import MigrationTestBase


class TestMigrations(MigrationTestBase):
    test_naming_conventions = None  # of no matter here
"""

_GAUNTLET_WITHOUT_MODELS = """
    test_migrations_up_to_date = None
    test_check_constraints_match = None
    test_enum_values_match = None
"""

_MRT = """
import sys

from pytest_mrt import MRTConfig

sys.path.append(str(HERE))
MODELS = next((f"{each.stem}:models" for each in HERE.glob("models_*.py")), None)


@pytest.fixture(autouse=True)
def of_this_chain(request):
    config = MRTConfig(alembic_ini=str(HERE / "alembic.ini"), db_url=URL, target_metadata=MODELS)
    request.config._mrt_config = config
"""
"""One pytest runs them for many chains, so the configuration is set for each test, not once in pytest_configure."""

_MRT_TEST = "from pytest_mrt.default_tests import *\n"
"""The tests that the plugin adds by itself to a session with one configuration."""


@dataclass(frozen=True, slots=True)
class Suite:
    """What a tool needs: its distribution, what is installed with it, and its files beside a chain.

    `with_models` is added to the test where the chain has models to be compared with, `without` where it has none.
    With `own_connection` its manual asks for an env.py that runs on the connection which the test hands over.
    """

    name: str
    distribution: str
    purpose: str
    requirements: tuple[str, ...]
    conftest: str
    test: str
    with_models: str = ""
    without: str = ""
    own_connection: bool = False

    def files(self, project: Project) -> Mapping[str, str]:
        """The files for `project`, by name."""
        test = self.test + (self.with_models if project.has_models else self.without)
        files = {"conftest.py": _HEAD.format(url=project.url) + self.conftest, "test_chain.py": test}
        if project.has_models:
            files[f"models_{project.case}_{project.twin}.py"] = project.declarations
        return files


_DRIVER = ("psycopg[binary]",)

SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            "pytest-alembic",
            "pytest-alembic",
            "default tests: one head, up, up and down again, and models against the schema where there are models",
            ("pytest-alembic", *_DRIVER),
            _PYTEST_ALEMBIC,
            _DEFAULT,
            with_models=_WITH_MODELS,
        ),
        Suite(
            "pytest-alembic no-trace",
            "pytest-alembic",
            "its experimental test: what autogenerate sees of a schema after a downgrade against before the upgrade",
            ("pytest-alembic", *_DRIVER),
            _PYTEST_ALEMBIC,
            _EXPERIMENTAL,
        ),
        Suite(
            "alembic-verify",
            "alembic-verify",
            "helpers for tests of one's own; run here is the test of its manual, up to the head and down one at a time",
            ("alembic-verify", "pytest", *_DRIVER),
            _VERIFY,
            _VERIFY_TEST,
        ),
        Suite(
            "alembic-gauntlet",
            "alembic-gauntlet",
            "one head, a stairway of each step up, down and up, all the way down, and models against the schema",
            ("alembic-gauntlet", "pytest-asyncio", "asyncpg", *_DRIVER),
            _GAUNTLET,
            _GAUNTLET_TEST,
            without=_GAUNTLET_WITHOUT_MODELS,
            own_connection=True,
        ),
        Suite(
            "pytest-mrt",
            "pytest-mrt",
            "rows of its own before each step, up and down, and then whether rows, columns and tables are still there",
            ("pytest-mrt", *_DRIVER),
            _MRT,
            _MRT_TEST,
        ),
    )
}
"""By name. Each is given the same chains; those that share a distribution share a virtualenv."""

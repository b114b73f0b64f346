"""Other tools that test migrations or compare tables, in a virtualenv of the benchmark's own, each run as its manual says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Run
from benchmarks.measuring import command

PATIENCE = 900
"""Seconds that installing one of them may take."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool by the name of its distribution, and a word for the way in which it is used.

    What to install, what to write beside the chain, what to run with `python -m`.

    `schemas` says that it compares schemas; `accepted` are the exit statuses of a whole run.
    """

    name: str
    requirements: tuple[str, ...]
    files: Mapping[str, str]
    arguments: tuple[str, ...]
    schemas: bool = False
    accepted: tuple[int, ...] = (0,)


_PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")

_PYTEST_ALEMBIC = """import os

import pytest
from sqlalchemy import create_engine


@pytest.fixture
def alembic_config():
    return {"file": "alembic.ini"}


@pytest.fixture
def alembic_engine():
    engine = create_engine(os.environ["BENCHMARK_URL"])
    with engine.begin() as connection:  # a fresh database a test, as a fixture of most projects gives it
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    return engine
"""

_PYTEST_ALEMBIC_TEST = (
    "from pytest_alembic.tests import test_single_head_revision, test_up_down_consistency, test_upgrade  # noqa: F401\n"
)
_NO_TRACE_TEST = "from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace  # noqa: F401\n"

_MRT = """import os

from pytest_mrt import MRTConfig


def pytest_configure(config):
    config._mrt_config = MRTConfig(alembic_ini="alembic.ini", db_url=os.environ["BENCHMARK_URL"])
"""

_MRT_TEST = """def test_migrations(mrt):
    mrt.assert_all_reversible()
"""

_GAUNTLET_TEST = """import os

import pytest
from alembic_gauntlet import MigrationTestBase
from sqlalchemy import MetaData


class TestMigrations(MigrationTestBase):
    @pytest.fixture
    def orm_metadata(self):
        return MetaData()

    @pytest.fixture(scope="session")
    def migration_db_url(self):
        return os.environ["BENCHMARK_URL"].replace("+psycopg", "+asyncpg")
"""

_VERIFY_TEST = """import os

from alembic import command
from alembic.config import Config
from alembicverify.util import get_current_revision, prepare_schema_from_migrations


def test_upgrade_and_downgrade():
    config = Config()
    config.set_main_option("script_location", "migrations")
    config.set_main_option("sqlalchemy.url", os.environ["BENCHMARK_URL"])
    with prepare_schema_from_migrations(os.environ["BENCHMARK_URL"], config, revision="head") as (engine, script):
        while get_current_revision(config, engine, script) is not None:
            command.downgrade(config, "-1")
"""

PEERS = (
    Peer(
        "pytest-alembic",
        ("pytest-alembic", "psycopg[binary]"),
        {"conftest.py": _PYTEST_ALEMBIC, "test_migrations.py": _PYTEST_ALEMBIC_TEST},
        (*_PYTEST, "test_migrations.py"),
    ),
    Peer(
        "pytest-alembic no-trace",
        ("pytest-alembic", "psycopg[binary]"),
        {"conftest.py": _PYTEST_ALEMBIC, "test_migrations.py": _NO_TRACE_TEST},
        (*_PYTEST, "test_migrations.py"),
        schemas=True,
    ),
    Peer(
        "alembic-verify",
        ("alembic-verify", "sqlalchemy-diff", "pytest", "psycopg[binary]"),
        {"test_verify.py": _VERIFY_TEST},
        (*_PYTEST, "test_verify.py"),
    ),
    Peer(
        "alembic-gauntlet",
        ("alembic-gauntlet", "pytest-asyncio", "asyncpg", "psycopg[binary]"),
        {"test_gauntlet.py": _GAUNTLET_TEST},
        (*_PYTEST, "-o", "asyncio_mode=auto", "-k", "stairway or downgrade_all or single_head", "test_gauntlet.py"),
    ),
    Peer(
        "pytest-mrt",
        ("pytest-mrt", "psycopg[binary]"),
        {"conftest.py": _MRT, "test_mrt.py": _MRT_TEST},
        (*_PYTEST, "test_mrt.py"),
        schemas=True,
        accepted=(0, 1),
    ),
)
"""Those that walk chains; `reladiff`, which compares tables, is run by data.py."""

RELADIFF = ("reladiff", "psycopg2-binary")


class NotInstalled(Exception):
    """A tool that could not be installed; the text is what pip said last."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Virtualenvs below `folder`, one a tool, since their requirements contradict each other.

    `tools` are the names of those that are to walk chains; all of PEERS where it is empty.
    """

    folder: Path
    tools: frozenset[str] = frozenset()

    @property
    def peers(self) -> tuple[Peer, ...]:
        """The tools that walk chains."""
        return tuple(each for each in PEERS if not self.tools or each.name in self.tools)

    def python(self, name: str, requirements: tuple[str, ...]) -> Path:
        """The interpreter of the virtualenv that has them, made if need be. Raises NotInstalled."""
        home = self.folder / name
        interpreter = home / "bin" / "python"
        if not (home / "whole").exists():
            self._call([sys.executable, "-m", "venv", "--clear", str(home)])
            self._call([str(interpreter), "-m", "pip", "install", "--quiet", "--no-input", *requirements])
            (home / "whole").touch()
        return interpreter

    def _call(self, arguments: list[str]) -> None:
        try:
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired as late:
            raise NotInstalled(f"it took longer than {PATIENCE} s") from late
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
            raise NotInstalled(lines[-1][:200])


def run_peer(peer: Peer, interpreter: Path, project: Path, url: str) -> Run:
    """One run of a tool over the chain in `project`, on an empty database. Raises RunFailed.

    Pytest would find the configuration of a project above; an empty one keeps it at home.
    """
    (project / "pytest.ini").write_text("[pytest]\n")
    for name, text in peer.files.items():
        (project / name).write_text(text)
    try:
        return command(
            [str(interpreter), "-m", *peer.arguments], project, expected=peer.accepted, BENCHMARK_URL=url, PYTHONPATH=""
        )
    finally:
        for name in peer.files:
            (project / name).unlink()

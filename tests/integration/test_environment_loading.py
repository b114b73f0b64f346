"""A project that cannot be loaded or run is one clear sentence with a remedy, naming file and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migration_checks.environment import Environment
from migration_checks.errors import EnvironmentFailure
from tests.projects import ASYNC, SYNC, Script, make_project


@dataclass(frozen=True)
class Broken:
    """A project that cannot be used: what the message and the remedy must say."""

    says: str
    remedy: str = ""
    scripts: tuple[Script, ...] = (Script("a1"),)
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


UNRUNNABLE = {
    "missing driver": Broken("No module named 'pg8000'", "Install pg8000", options={"url": "postgresql+pg8000://"}),
    "unknown dialect": Broken("Can't load plugin", "", options={"url": "nonesuch://host/db"}),
    "another database": Broken("a sqlite database", "Name a PostgreSQL URL", options={"url": "sqlite://"}),
    "an exception": Broken(r"ValueError: no way \(.*env\.py, line 1\)", "", options={"env": "raise ValueError('no way')"}),
    "sys.exit": Broken(r"sys.exit\(2\)", "", options={"env": "import sys; sys.exit(2)"}),
    "a variable": Broken("KeyError: 'APP_URL'", "env", options={"env": "import os; os.environ['APP_URL']"}),
    "no migrations": Broken("never called context.run_migrations", "", options={"env": "from alembic import context"}),
    "offline only": Broken("no connection|offline|AttributeError|connection", "", options={"env": (
        "from alembic import context\ncontext.configure(url='postgresql+psycopg://', literal_binds=True)\n"
        "with context.begin_transaction(): context.run_migrations()")}),
    "a raw connection elsewhere": Broken("host 'production.invalid'", "SQLAlchemy", options={
        "env": "import psycopg\npsycopg.connect('host=production.invalid password=s3cret')\n" + SYNC.replace("\n    ", "\n")}),
    "asynchronous driver in a synchronous env.py": Broken("MissingGreenlet|greenlet_spawn", "", options={"url": "postgresql+asyncpg://"}),
    "synchronous driver in an asynchronous env.py": Broken("async", "", options={"env": ASYNC, "url": "postgresql+psycopg2://"}),
}  # fmt: skip


@pytest.mark.parametrize("name", UNRUNNABLE)
def test_unrunnable(name: str, tmp_path: Path, database: str) -> None:
    """What is wrong with env.py is said when it is attached, before a step is tried."""
    case = UNRUNNABLE[name]
    project = make_project(tmp_path, case.scripts, **case.options)
    expected = pytest.raises(EnvironmentFailure, match=case.says)
    with Environment(project.lineage(**case.settings), timeout=60) as environment, expected as caught:
        environment.attach(database)

    assert case.remedy in caught.value.remedy
    assert "report this" not in caught.value.remedy
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)

"""A fresh checkout of somebody's project: init, verify and a pytest run, each one command, and env.py as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repositories import git, repository

REVISION = '''"""{id}"""
import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {down}


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {back}
'''
PRODUCTION = "postgresql+asyncpg://app:s3cret@production.invalid/app"


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, env=variables, timeout=300
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of a project that `alembic init -t async` made, with a URL of production in its configuration."""
    origin = tmp_path / "origin"
    origin.mkdir()
    made = run(origin, "alembic", "init", "-t", "async", "migrations")
    assert made.returncode == 0, made.stderr
    ini = origin / "alembic.ini"
    ini.write_text(re.sub(r"^sqlalchemy\.url = .*$", f"sqlalchemy.url = {PRODUCTION}", ini.read_text(), flags=re.M))
    (origin / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    versions = origin / "migrations" / "versions"
    column = 'sa.Column("name", sa.Text)'
    key = 'sa.Column("id", sa.Integer, primary_key=True)'
    created = REVISION.format(id="a1", down=None, up=f'op.create_table("item", {key}, {column})', back='op.drop_table("item")')
    dropped = REVISION.format(
        id="b2", down='"a1"', up='op.drop_column("item", "name")', back=f'op.add_column("item", {column})'
    )
    (versions / "a1_item.py").write_text(created)
    (versions / "b2_drop.py").write_text(dropped)
    repository(origin)
    git(tmp_path, "clone", "-q", str(origin), "checkout")
    return tmp_path / "checkout"


def test_three_commands_take_it_in(checkout: Path) -> None:
    """init says what to run next; verify and pytest find the same loss. Only pyproject.toml has changed."""
    adopted = run(checkout, "migration_checks", "init")
    verified = run(checkout, "migration_checks", "verify")
    tested = run(checkout, "pytest", "--migration-checks", "-q", "-p", "no:cacheprovider")

    assert "migration-checks verify" in adopted.stdout
    assert [0, 1, 1] == [adopted.returncode, verified.returncode, tested.returncode], verified.stderr + tested.stdout
    for shown in (verified.stdout, tested.stdout):
        assert "MC302 upgrade-loses-values  b2 ascend  public.item.name" in shown
        assert "s3cret" not in shown
    assert re.search(r"^FAILED migration-checks::alembic\.ini::b2-ascend", tested.stdout, flags=re.MULTILINE)
    assert "pyproject.toml" == git(checkout, "diff", "--name-only")

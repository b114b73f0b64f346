"""Taking the toolkit into a project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from migration_checks.adopt import COMMENTS, adopt, find_configurations
from migration_checks.config import TABLE_KEYS, load_settings
from migration_checks.errors import ConfigurationError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("[alembic]\nscript_location = migrations\n")
    return folder


def test_one_configuration(tmp_path: Path) -> None:
    """What is written is what is then found, and nothing that was there is lost."""
    make(tmp_path, "backend/alembic.ini")
    (tmp_path / "pyproject.toml").write_text('# mine\n[project]\nname = "größe"')

    said = adopt(tmp_path)

    assert "backend/alembic.ini" in said[0]
    assert (
        (tmp_path / "pyproject.toml").read_text().startswith('# mine\n[project]\nname = "größe"\n\n[tool.migration_checks]\n')
    )
    assert load_settings({}, tmp_path).lineage.config == tmp_path / "backend/alembic.ini"


def test_several_configurations(tmp_path: Path) -> None:
    """Each becomes a lineage, the nearest one the default."""
    make(tmp_path, "alembic.ini", "apps/blog/alembic.ini", 'apps/"odd"/alembic.ini')

    adopt(tmp_path)

    assert load_settings({}, tmp_path).lineage.config == tmp_path / "alembic.ini"
    assert load_settings({"lineage": "apps/blog"}, tmp_path).lineage.config == tmp_path / "apps/blog/alembic.ini"
    assert load_settings({"lineage": 'apps/"odd"'}, tmp_path).lineage.config == tmp_path / 'apps/"odd"/alembic.ini'


def test_pyproject_that_configures_alembic(tmp_path: Path) -> None:
    """[tool.alembic] counts like an alembic.ini."""
    (tmp_path / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "migrations"\n')

    adopt(tmp_path)

    assert load_settings({}, tmp_path).lineage.config == tmp_path / "pyproject.toml"


def test_what_is_passed_by(tmp_path: Path) -> None:
    """Virtual environments, hidden folders and what lies deep are not searched."""
    make(tmp_path, "a/alembic.ini", ".venv/alembic.ini", "venv/lib/alembic.ini", "a/b/c/d/alembic.ini")

    assert find_configurations(tmp_path) == [Path("a/alembic.ini")]


@pytest.mark.parametrize("content", ["= 1", "tool = 1", "[tool]\nmigration_checks = 1\n[tool.migration_checks.x]", None])
def test_what_cannot_be_extended(tmp_path: Path, content: str | None) -> None:
    """A broken pyproject.toml, and a folder without Alembic, are a sentence; the file stays as it was."""
    if content is not None:
        make(tmp_path, "alembic.ini")
        (tmp_path / "pyproject.toml").write_text(content)

    with pytest.raises(ConfigurationError):
        adopt(tmp_path)
    assert content is None or (tmp_path / "pyproject.toml").read_text() == content


def test_every_comment_can_be_uncommented(tmp_path: Path) -> None:
    """The commented examples are keys that exist, in TOML that is valid."""
    make(tmp_path, "alembic.ini")
    adopt(tmp_path)
    path = tmp_path / "pyproject.toml"
    path.write_text(re.sub(r"^# ?(\w+ = |\[\[)", r"\1", path.read_text(), flags=re.MULTILINE))

    table = tomllib.loads(path.read_text())["tool"]["migration_checks"]
    loaded = load_settings({}, tmp_path)

    assert len(re.findall(r"^# \w+ = ", COMMENTS, flags=re.MULTILINE)) > 10
    assert table.keys() <= set(TABLE_KEYS)
    assert (loaded.waivers[0].subject, loaded.lineage.env) == ("public.users.*", {"APP_ENV": "test"})

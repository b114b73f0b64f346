"""Taking the toolkit into a project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from migration_checks.adopt import COMMENTS, adopt
from migration_checks.config import TABLE_KEYS, load_settings
from migration_checks.discovery import Found, find_environments
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
    """Virtual environments, hidden folders, tests and what lies very deep are not searched."""
    make(
        tmp_path,
        "a/alembic.ini",
        ".venv/alembic.ini",
        "venv/lib/alembic.ini",
        "tests/alembic.ini",
        "a/b/c/d/e/f/g/h/alembic.ini",
    )

    assert [Found(Path("a/alembic.ini"))] == find_environments(tmp_path)


def environment(folder: Path, *, package_from: Path | None = None, text: str = "from alembic import context\n") -> None:
    """What `alembic init` makes there; folders from `package_from` down become packages."""
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(text)
    if package_from is not None:
        for each in (folder, *folder.parents):
            (each / "__init__.py").write_text("")
            if each == package_from:
                break


@pytest.mark.parametrize(
    "location", ["migrations", "%(here)s/migrations", "app.db:migrations", "app:db:migrations", "src/app/db/migrations"]
)
def test_a_configuration_deep_in_a_package(tmp_path: Path, location: str) -> None:
    """It is found with its scripts, once, and the folder that they are imported from becomes sys_path."""
    environment(tmp_path / "src/app/db/migrations", package_from=tmp_path / "src/app")
    (tmp_path / "src/app/db/alembic.ini").write_text(f"[alembic]\nscript_location = {location}\n")
    said = adopt(tmp_path)
    lineage = load_settings({}, tmp_path).lineage

    assert (tmp_path / "src/app/db/alembic.ini", (tmp_path / "src",)) == (lineage.config, lineage.sys_path)
    assert any("sys_path" in each for each in said)


def test_an_environment_without_a_configuration(tmp_path: Path) -> None:
    """A program that configures Alembic itself has env.py alone: its folder is named."""
    environment(tmp_path / "store/migrations", package_from=tmp_path / "store")
    adopt(tmp_path)
    lineage = load_settings({}, tmp_path).lineage

    assert (None, tmp_path / "store/migrations", (tmp_path,)) == (lineage.config, lineage.script_location, lineage.sys_path)


def test_the_configuration_of_a_flask_application(tmp_path: Path) -> None:
    """Its alembic.ini lies beside env.py and names no scripts; what env.py needs of Flask is said."""
    environment(tmp_path / "migrations", text="from alembic import context\nfrom flask import current_app\n")
    (tmp_path / "migrations" / "alembic.ini").write_text("[alembic]\n")
    said = adopt(tmp_path)

    assert tmp_path / "migrations" == load_settings({}, tmp_path).lineage.script_location
    assert any("Flask" in each for each in said)


def test_another_env_py(tmp_path: Path) -> None:
    """A module of that name is no environment."""
    environment(tmp_path / "tool", text="import os\n")

    assert [] == find_environments(tmp_path)


def test_several_environments_in_packages(tmp_path: Path) -> None:
    """Each has its own import root where they differ, and all of them are walked by --all."""
    environment(tmp_path / "shop/migrations", package_from=tmp_path / "shop")
    environment(tmp_path / "libs/billing/migrations", package_from=tmp_path / "libs/billing")
    said = adopt(tmp_path)
    billing = load_settings({"lineage": "libs/billing/migrations"}, tmp_path).lineage

    assert "Then: migration-checks verify --all" in said
    assert ((tmp_path / "libs",), (tmp_path,)) == (billing.sys_path, load_settings({}, tmp_path).lineage.sys_path)


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


@pytest.mark.parametrize("content", [b"[alembic]\nscript_location = \xff\n", b"[alembic\n", b"nothing\n"])
def test_a_configuration_that_cannot_be_parsed(tmp_path: Path, content: bytes) -> None:
    """It is found all the same: what is wrong with it is for Alembic to say."""
    (tmp_path / "alembic.ini").write_bytes(content)

    assert [Found(Path("alembic.ini"))] == find_environments(tmp_path)

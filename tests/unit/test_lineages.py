"""Which chain a run is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.config import load_settings
from migration_checks.errors import ConfigurationError

TWO = """
[tool.migration_checks]
env = { SHARED = "yes", WHO = "all" }
[tool.migration_checks.lineages.shop]
config = "shop/alembic.ini"
env = { WHO = "shop" }
[tool.migration_checks.lineages.blog]
script_location = "blog"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two Alembic environments, and settings that name both."""
    for name in ("shop", "blog"):
        (tmp_path / name).mkdir()
    (tmp_path / "shop" / "alembic.ini").write_text("[alembic]\n")
    (tmp_path / "pyproject.toml").write_text(TWO)
    return tmp_path


def test_a_lineage_by_its_name(project: Path) -> None:
    """A name in [tool.migration_checks.lineages] is that table, over what stands above it for all."""
    shop = load_settings({"lineage": "shop"}, project).lineage
    blog = load_settings({"lineage": "blog"}, project).lineage

    assert ("shop", project / "shop/alembic.ini") == (shop.name, shop.config)
    assert shop.env == {"SHARED": "yes", "WHO": "shop"}
    assert ("blog", project / "blog", None) == (blog.name, blog.script_location, blog.config)
    assert blog.env == {"SHARED": "yes", "WHO": "all"}


def test_several_and_none_chosen(project: Path) -> None:
    """The toolkit does not guess between lineages."""
    with pytest.raises(ConfigurationError, match="'shop', 'blog'"):
        load_settings({}, project)


def test_a_misspelt_name(project: Path) -> None:
    """The nearest lineage is named."""
    with pytest.raises(ConfigurationError, match="did you mean 'shop'"):
        load_settings({"lineage": "shpo"}, project)


def test_a_config_on_the_command_line_wins(project: Path) -> None:
    """-c takes that chain, whatever the file says; -n takes that section of it."""
    lineage = load_settings({"config": "shop/alembic.ini", "section": "tenant"}, project).lineage

    assert (project / "shop/alembic.ini", "tenant") == (lineage.config, lineage.section)
    assert lineage.env == {"SHARED": "yes", "WHO": "all"}


def test_lineage_and_config_contradict(project: Path) -> None:
    """Both on one command line is a mistake, not a precedence."""
    with pytest.raises(ConfigurationError, match="says which chain twice"):
        load_settings({"lineage": "shop", "config": "shop/alembic.ini"}, project)


def test_an_imported_lineage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """module:attribute is imported from the folder of the run, and the command line is laid over it."""
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    (tmp_path / "chain_of_test_lineages.py").write_text(
        "from migration_checks.lineage import Lineage\nmine = Lineage('mine', x=('a=1',), range='a:b')\n"
    )

    lineage = load_settings({"lineage": "chain_of_test_lineages:mine", "x": ["b=2"]}, tmp_path).lineage

    assert (lineage.name, lineage.x, lineage.range) == ("mine", ("a=1", "b=2"), "a:b")
    with pytest.raises(ConfigurationError, match="did you mean 'mine'"):
        load_settings({"lineage": "chain_of_test_lineages:mien"}, tmp_path)


@pytest.mark.parametrize("line", ["raise SystemExit(3)", "1 / 0", "def", "import gone_and_away"])
def test_a_module_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Whatever an import raises is told in one sentence."""
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    name = f"broken_{abs(hash(line))}"
    (tmp_path / f"{name}.py").write_text(line)

    with pytest.raises(ConfigurationError, match="cannot be imported"):
        load_settings({"lineage": f"{name}:x"}, tmp_path)


def test_pyproject_as_alembic_configuration(tmp_path: Path) -> None:
    """[tool.alembic] is found like alembic.ini, and -c may name the file."""
    (tmp_path / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "migrations"\n')

    assert tmp_path / "pyproject.toml" == load_settings({}, tmp_path).lineage.config
    assert tmp_path / "pyproject.toml" == load_settings({"config": "pyproject.toml"}, tmp_path).lineage.config


@pytest.mark.parametrize("content", [b"[alembic]\nscript_location = \xff\n", b"no section\n", b"[alembic]\n[alembic]\n"])
def test_a_configuration_that_cannot_be_parsed_is_left_to_alembic(tmp_path: Path, content: bytes) -> None:
    """It tells what is wrong with it, from the folder that it lies in."""
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "alembic.ini").write_bytes(content)

    assert tmp_path / "db" == load_settings({"config": "db/alembic.ini"}, tmp_path).lineage.root

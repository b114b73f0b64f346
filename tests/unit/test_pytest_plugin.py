"""The door of the pytest plugin: what it costs, what it is called, what it can be offered."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from migration_checks import pytest_plugin
from migration_checks.errors import ConfigurationError
from migration_checks.in_pytest.arguments import lineages_of, settings_of
from migration_checks.in_pytest.offer import provider_arguments, server_url
from migration_checks.providers import Server


def test_the_door_loads_nothing_but_itself() -> None:
    """pytest imports it at every start, in every project."""
    program = (
        "import sys, pytest; before = set(sys.modules); import migration_checks.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert ["migration_checks", "migration_checks.pytest_plugin"] == loaded


def test_what_collects_is_light() -> None:
    """Every worker of pytest-xdist collects; drivers, Alembic and the toolkit's rooms are for the process that walks."""
    program = "import sys, migration_checks.in_pytest.collecting; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert not {"sqlalchemy", "psycopg", "alembic", "factory", "rich"} & set(loaded)


def test_fixtures_have_names_of_their_own() -> None:
    """Nobody else's fixtures begin like ours."""
    text = Path(pytest_plugin.__file__).read_text()

    names = re.findall(r"@pytest\.fixture.*\ndef (\w+)", text)
    assert {"migration_server", "migration_database", "migration_walk"} <= set(names)
    assert [name for name in names if not name.lstrip("_").startswith("migration_")] == []


@dataclass
class Process:
    """What pytest-postgresql's process fixtures give."""

    host: str = "127.0.0.1"
    port: int = 5433
    user: str = "postgres"
    password: str | None = "s3 cret"


class Container:
    """What testcontainers' PostgresContainer gives."""

    def get_connection_url(self) -> str:
        return "postgresql+psycopg2://test:test@localhost:32768/test"


@pytest.mark.parametrize(
    ("offered", "url"),
    [
        (None, None),
        ("postgresql://db/postgres", "postgresql://db/postgres"),
        (Server("postgresql://db/x", 180006, "local"), "postgresql://db/x"),
        (Process(), "postgresql://postgres:s3%20cret@127.0.0.1:5433/postgres"),
        (Process(password=""), "postgresql://postgres@127.0.0.1:5433/postgres"),
        (Container(), "postgresql+psycopg2://test:test@localhost:32768/test"),
    ],
)
def test_a_server_can_be_offered_in_many_forms(offered: object, url: str | None) -> None:
    """And a URL is all that the toolkit is told."""
    assert url == server_url(offered)
    assert ([] if url is None else ["--provider", url, "--allow-shared-server"]) == provider_arguments(offered)


def test_what_names_no_server_is_refused() -> None:
    """In one sentence that says what would do."""
    with pytest.raises(ConfigurationError, match="gives a int, which names no server"):
        server_url(5432)


def test_wrong_options_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """argparse would print its usage and end the process."""
    for arguments in (["--no-such-option"], ["--rows", "many"], ["--help"]):
        with pytest.raises(ConfigurationError) as caught:
            settings_of(arguments, tmp_path)
        assert "--migration-checks-args" in caught.value.remedy
    assert ("", "") == capsys.readouterr()


def test_several_chains_are_meant_where_nothing_says_which(tmp_path: Path) -> None:
    """The command line asks which; a test run takes all of them."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.migration_checks.lineages]\none = {script_location = "."}\ntwo = {script_location = "."}\n'
    )

    assert [["--rows", "5", "one"], ["--rows", "5", "two"]] == lineages_of(["--rows", "5"], tmp_path)
    assert [["two"]] == lineages_of(["two"], tmp_path)
    assert [["-c", "alembic.ini"]] == lineages_of(["-c", "alembic.ini"], tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.migration_checks]\nlineage = "one"\n')
    assert [[]] == lineages_of([], tmp_path)

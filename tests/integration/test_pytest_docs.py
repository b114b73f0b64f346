"""The examples of docs/pytest.md run, and end as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import docker
import pytest

from migration_checks.errors import ProviderError
from migration_checks.providers import Server
from migration_checks.providers.container import require_engine
from tests.integration.test_pytest_plugin import inside, outcomes
from tests.people import people

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text()
EXAMPLES = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, flags=re.DOTALL))


def test_the_examples_pass_and_the_listing_is_that_of_a_real_run(pytester: pytest.Pytester, server: Server) -> None:
    """With every plugin that is installed, and on the server that a conftest.py of the tests' folder offers.

    Each worker has a process for env.py and databases of its own.
    """
    people(pytester.path)
    pytester.mkdir("tests")
    for name, text in EXAMPLES.items():
        if name.startswith("tests/"):
            (pytester.path / name).write_text(text)
    host = re.search(r"host=([^&]+)", server.url)
    assert host
    options = (f"--postgresql-host={host[1]}", "--postgresql-port=5432", "--postgresql-user=postgres")
    result = inside(pytester, *options, "--migration-checks", "-v", "-n", "2")

    assert {"tests/conftest.py", "tests/test_names.py", "tests/test_refusals.py", "tests/test_async.py"} <= EXAMPLES.keys()
    assert 3 == len(re.findall(r"PASSED tests/test_", result.stdout.str()))
    assert "(external)" in result.stdout.str()
    listing = re.search(r"```text\n(migration-checks::.*?)```", PAGE, flags=re.DOTALL)
    assert listing
    promised = dict(re.findall(r"^migration-checks::(\S+) ([A-Z]+)$", listing[1], flags=re.MULTILINE))
    assert len(promised) > 8
    assert promised.items() <= outcomes(result).items()


def test_a_container_of_testcontainers_can_be_the_server(pytester: pytest.Pytester) -> None:
    """As the page has it, for the fixtures and for the walk; skipped where there is no engine with the image."""
    try:
        require_engine()
        docker.from_env().images.get("postgres:17")
    except (ProviderError, docker.errors.DockerException) as error:
        pytest.skip(f"no container can be started here: {str(error)[:200]}")
    people(pytester.path)
    pytester.makeconftest(EXAMPLES["with-testcontainers/conftest.py"])
    pytester.makepyfile(
        """
        def test_a_step(migration_walk, migration_server):
            migration_walk.upgrade("4a7f")
            assert (migration_walk.applied, migration_server.major) == (("4a7f",), 17)
        """
    )
    result = inside(pytester, "--migration-checks", "--migration-checks-args=--rows 8", "-v", "-k", "a_step or 4a7f-undo")

    result.assert_outcomes(passed=2, deselected=13)
    assert re.search(r"PostgreSQL 17\.\d+ \(external\)", result.stdout.str())

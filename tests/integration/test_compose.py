"""docker compose, for real: the server in memory, and the check in the image of this checkout's Dockerfile."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from migration_checks.config import Settings
from migration_checks.interchange import from_json
from migration_checks.providers import Server
from migration_checks.verify import verify
from tests.integration.test_same_findings import found
from tests.people import people

ROOT = Path(__file__).parents[2]
FILES = ("Dockerfile", ".dockerignore", "docker-compose.yml", "pyproject.toml", "README.md", "LICENSE")


@dataclass
class Compose:
    """A checkout in a folder of its own, under a project name of its own."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "compose", *words],
            cwd=self.folder,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            timeout=timeout,
        )


def lacking() -> str | None:
    """Why nothing can be run with compose here, None where it can."""
    if shutil.which("docker") is None:
        return "there is no docker program"
    for words in (
        ("compose", "version"),
        ("info",),
        ("image", "inspect", "postgres:17"),
        ("image", "inspect", "python:3.11-slim"),
    ):
        done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"docker {' '.join(words)} fails: {(done.stderr.strip().splitlines() or [''])[-1]}"
    return None


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """The image built, the server up and healthy; everything gone afterwards."""
    reason = lacking()
    if reason is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("compose")
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "migration_checks", folder / "migration_checks", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "reports").mkdir()
    (folder / "reports").chmod(0o777)  # whoever runs the tests, the check is user 1000
    (folder / "project").mkdir()
    people(folder / "project")
    made = Compose(
        folder, {"COMPOSE_PROJECT_NAME": folder.name.replace("_", "-"), "POSTGRES_PORT": "0", "PROJECT": "./project"}
    )
    with (tmp_path_factory.getbasetemp().parent / "compose.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker's build leaves its layers for ours
        built = made("build", "check")
    try:
        assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
        up = made("up", "-d", "--wait", "db")
        assert up.returncode == 0, up.stderr
        yield made
    finally:
        made("--profile", "check", "down", "-v", "--timeout", "1")


def test_the_check_writes_reports_and_finds_what_the_command_line_finds(
    compose: Compose, tmp_path: Path, server: Server
) -> None:
    """On the server beside it, as a user that is not root; a project mounted read-only."""
    ran = compose("run", "--rm", "check", "--rows", "12")
    report = from_json((compose.folder / "reports" / "migration-checks.json").read_bytes())
    here = verify(Settings(people(tmp_path).lineage(), tmp_path, server.url, allow_shared_server=True, rows=12))

    assert 1 == ran.returncode, ran.stderr
    assert "FAILED" in ran.stdout
    assert ("external", "17") == (report.provider, report.server.split(".")[0])
    assert found(here.findings) == found(report.findings)
    written = list((compose.folder / "reports").iterdir())
    assert {".json", ".html", ".md", ".xml"} == {each.suffix for each in written}
    assert {1000} == {each.stat().st_uid for each in written}


def test_the_server_is_in_memory_and_healthy(compose: Compose) -> None:
    """Its data directory is on a tmpfs; nothing is kept on a disk."""
    (state,) = [json.loads(line) for line in compose("ps", "--format", "json", "db").stdout.splitlines()]
    kind = compose("exec", "-T", "db", "sh", "-c", 'stat -f -c %T "$PGDATA"').stdout.strip()

    assert "healthy" == state["Health"]
    assert "tmpfs" == kind


def test_the_image_is_small_and_not_root(compose: Compose) -> None:
    """It holds neither pip nor what only tests need."""
    tools = "import importlib.util as u; print([n for n in ('pip', 'hypothesis', 'mypy', 'xdist') if u.find_spec(n)])"
    inside = compose(
        "run", "--rm", "--no-deps", "--entrypoint", "python3", "check", "-c", f"import os; print(os.getuid()); {tools}"
    )

    assert ["1000", "[]"] == inside.stdout.split("\n")[:2], inside.stderr
    user = subprocess.run(
        ["docker", "image", "inspect", "-f", "{{.Config.User}}", "migration-checks"], capture_output=True, text=True, check=True
    )
    assert "1000:1000" == user.stdout.strip()


@pytest.mark.parametrize("version", ["14", "15", "16", "17", "18"])
def test_the_version_is_chosen_by_an_environment_variable(version: str) -> None:
    """And nothing in the file depends on it: the data directory is a place of our own in every image."""
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("there is no docker compose")
    words = ("config", "--format", "json")
    config = json.loads(Compose(ROOT, {"POSTGRES_VERSION": version})(*words).stdout)["services"]

    assert f"postgres:{version}" == config["db"]["image"]
    assert "/in-memory/data" == config["db"]["environment"]["PGDATA"]
    assert "check" not in config


def test_the_file_asks_for_little() -> None:
    """The check may not write but to its reports, and has no privilege; both are reachable from this machine only."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    assert services["check"]["read_only"]
    assert ["ALL"] == services["check"]["cap_drop"]
    assert all(port.startswith("127.0.0.1:") for port in services["db"]["ports"])
    assert "ports" not in services["check"]

"""A server in a container, where there is an engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.errors import ProviderError
from migration_checks.providers import Server, farewell, provider_for
from migration_checks.providers.container import ContainerProvider, require_engine
from migration_checks.providers.guarded import sweep as sweep_directories
from tests.processes import Lender, eventually

IMAGE = "postgres:17"


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """The engine, when it answers and has the image or can pull it."""
    try:
        require_engine()
        client = docker.from_env(timeout=60)
        if not client.images.list(name=IMAGE):
            client.images.pull(IMAGE)
    except (ProviderError, docker.errors.DockerException) as error:
        pytest.skip(f"no container can be started here: {str(error)[:200]}")
    yield client
    client.close()


@pytest.fixture(scope="module")
def contained(engine: Any) -> Iterator[Server]:
    with provider_for("container", version=17).lend() as lent:
        yield lent


def ours(engine: Any) -> list[Any]:
    return list(engine.containers.list(all=True, ignore_removed=True, filters={"label": farewell.DIRECTORY_LABEL}))


def at_port(engine: Any, port: str) -> Any:
    """The container whose server is published at a port of this machine."""
    bindings = {container: container.ports.get("5432/tcp") or () for container in ours(engine)}
    return next(container for container, bound in bindings.items() if port in {binding["HostPort"] for binding in bound})


def exists(engine: Any, container: Any) -> bool:
    return container.id in {other.id for other in ours(engine)}


def test_a_server_in_a_container_is_tuned_and_private(contained: Server, engine: Any) -> None:
    """Its data lie in memory, its port is bound to the loopback, its password is its own."""
    with connect(contained.url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
        assert connection.execute("SHOW data_directory").fetchone() == ("/migration-checks/data",)
    container = at_port(engine, str(conninfo_to_dict(contained.url)["port"]))
    assert container.attrs["HostConfig"]["Tmpfs"] == {"/migration-checks": "rw,mode=1777"}
    assert {binding["HostIp"] for binding in container.ports["5432/tcp"]} == {"127.0.0.1"}
    assert len(str(conninfo_to_dict(contained.url)["password"])) == 32
    assert (contained.provider, contained.major) == ("container", 17)


def test_databases_are_made_in_a_container(contained: Server) -> None:
    """As on any other server."""
    with Databases(contained) as databases, connect(databases.create("x")) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_an_image_that_does_not_exist_is_one_sentence(engine: Any) -> None:
    """Whatever the engine's words are."""
    with pytest.raises(ProviderError, match="No container of no-such-image:1 could be started"):
        ContainerProvider(image="no-such-image:1").lend().__enter__()


def test_a_container_that_dies_at_once_says_its_last_words(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noticed at once, and removed."""
    monkeypatch.setattr("migration_checks.providers.tuning._SETTINGS", ("no_such_setting=1",))

    with pytest.raises(ProviderError, match="no_such_setting"):
        provider_for("container", version=17).lend().__enter__()
    assert not [container for container in ours(engine) if "no_such_setting=1" in container.attrs["Config"]["Cmd"]]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_container_is_removed_when_its_lender_is_killed(engine: Any) -> None:
    """The guard does it, without testcontainers' reaper, volumes included."""
    lender = Lender.start("container")
    container = at_port(engine, lender.port)
    volumes = {mount["Name"] for mount in container.attrs["Mounts"] if mount["Type"] == "volume"}
    lender.end("SIGKILL")

    assert eventually(lambda: not exists(engine, container))
    assert not volumes & {volume.id for volume in engine.volumes.list()}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_container_whose_guard_died_too_is_swept_by_the_next_start(engine: Any) -> None:
    """Its label names a directory that is no more."""
    lender = Lender.start("container")
    container = at_port(engine, lender.port)
    os.kill(lender.guard(), 9)
    lender.end("SIGKILL")
    assert exists(engine, container)

    sweep_directories()
    farewell.sweep()
    assert not exists(engine, container)


def test_no_engine_is_one_sentence_and_names_another_provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The embedded server is always there."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(ProviderError) as caught:
        provider_for("container").lend().__enter__()

    assert caught.value.message == "No container engine answers here."
    assert caught.value.remedy.endswith("Here, --provider embedded could do it.")

"""A PostgreSQL in a container, through testcontainers: any image, any version, its data in memory."""

from __future__ import annotations

import secrets
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from migration_checks.connection import connect, libpq_url, redacted
from migration_checks.errors import ProviderError
from migration_checks.providers import farewell, tuning
from migration_checks.providers.contract import Server
from migration_checks.providers.embedded import ROLE, server_version
from migration_checks.providers.guarded import Order, guarded
from migration_checks.providers.guarded import sweep as sweep_directories

DEFAULT_MAJOR = 17
_DATA = "/migration-checks"
_PORT = 5432
_PATIENCE = 60.0
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class ContainerProvider:
    """Starts `image`, by default `postgres:<version>`, on a port of the loopback with a password of its own."""

    version: int | None = None
    image: str | None = None
    name: str = "container"

    @property
    def chosen_image(self) -> str:
        """The image that is started."""
        return self.image or f"postgres:{self.version or DEFAULT_MAJOR}"

    @contextmanager
    def lend(self) -> Iterator[Server]:
        """A server in a container, removed with its volumes after the block, or by a guard should this process die."""
        require_engine()
        sweep_directories()
        farewell.sweep()
        with guarded(Order(farewell=(sys.executable, "-P", farewell.__file__))) as directory:
            try:
                url = self._start(self._container(directory))
                yield Server(url, server_version(url), self.name)
            finally:
                farewell.remove(directory)

    def _container(self, directory: Path) -> Any:
        container = _postgres_container()(self.chosen_image, username=ROLE, password=secrets.token_hex(16), dbname="postgres")
        container.with_env("PGDATA", f"{_DATA}/data")  # 18 moved its data: a place of our own suits every version
        container.with_command([word for setting in tuning.settings() for word in ("-c", setting)])
        memory = {_DATA: "rw,mode=1777"}
        if hasattr(container, "tmpfs"):
            container.tmpfs.update(memory)
            memory = {}
        container.with_kwargs(labels=farewell.labels(directory), **({"tmpfs": memory} if memory else {}))
        if _is_reached_by_loopback(container.get_docker_client()):
            container.ports.clear()
            container.ports[f"{_PORT}/tcp"] = ("127.0.0.1",)
        return container

    def _start(self, container: Any) -> str:
        """Start the container and wait for its server; return the URL of the maintenance database."""
        from docker.errors import DockerException, ImageNotFound  # type: ignore[import-untyped]

        try:
            container.start()
            url = _url(container)
            _await(container, url)
        except ImageNotFound as error:
            raise self._failed("the engine has no such image and could not pull it") from error
        except (DockerException, OSError, RuntimeError) as error:
            raise self._failed(_one_line(error)) from error
        return url

    def _failed(self, why: str) -> ProviderError:
        return ProviderError(
            f"No container of {self.chosen_image} could be started: {why}.",
            "Name an image that the engine has or can pull, or use another provider with --provider.",
        )


def require_engine() -> None:
    """Raise ProviderError where no container engine answers."""
    import docker  # type: ignore[import-untyped]
    from docker.errors import DockerException

    try:
        docker.from_env(timeout=10).ping()
    except (DockerException, OSError) as error:
        raise ProviderError(
            "No container engine answers here.",
            "Start Docker (or Podman with its Docker socket, named in DOCKER_HOST), or use another provider with --provider.",
        ) from error


def _postgres_container() -> Any:
    """testcontainers' class, without its own wait: that polls once a second, and two minutes for what died at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            from testcontainers.community.postgres import PostgresContainer
        except ImportError:  # before testcontainers 4.15
            from testcontainers.postgres import PostgresContainer

    class Container(PostgresContainer):
        def _connect(self) -> None:
            """Nothing: `_await` does it."""

    return Container


def _is_reached_by_loopback(client: Any) -> bool:
    """Whether ports of containers appear on this machine's loopback: not with a remote engine, nor inside a container."""
    return bool(client.get_connection_mode().value == "docker_host" and client.host() in ("localhost", "127.0.0.1", "::1"))


def _url(container: Any) -> str:
    return libpq_url(
        {
            "host": container.get_container_host_ip(),
            "port": container.get_exposed_port(_PORT),
            "user": container.username,
            "password": container.password,
            "dbname": container.dbname,
        }
    )


def _await(container: Any, url: str) -> None:
    """Wait until a session is accepted over TCP, which the image's first phase, setting itself up, does not offer."""
    wrapped = container.get_wrapped_container()
    deadline = time.monotonic() + _PATIENCE
    while True:
        with suppress(psycopg.OperationalError):
            connect(url).close()
            return
        wrapped.reload()
        if wrapped.status not in ("created", "running"):
            raise RuntimeError(f"it ended at once: {_last_words(wrapped)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"it was not ready after {_PATIENCE:.0f} s: {_last_words(wrapped)}")
        time.sleep(_POLL)


def _last_words(wrapped: Any) -> str:
    lines = wrapped.logs(tail=5).decode(errors="replace").strip().splitlines()
    return redacted(lines[-1].strip()) if lines else "it left no message"


def _one_line(error: BaseException) -> str:
    text = str(getattr(error, "explanation", None) or error).strip().splitlines()
    return redacted(text[0].rstrip(".")) if text else type(error).__name__

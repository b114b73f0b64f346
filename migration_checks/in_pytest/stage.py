"""What the fixtures stand on: a server, its databases, and env.py in a process that serves one test after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_checks.config import Settings
from migration_checks.connection import libpq_url
from migration_checks.database import Databases
from migration_checks.environment import Environment
from migration_checks.errors import ToolkitError
from migration_checks.in_pytest.arguments import settings_of
from migration_checks.in_pytest.offer import server_url
from migration_checks.origin import Origin
from migration_checks.providers import Provider, Server, provider_for
from migration_checks.rehearsal import Rehearsal


@contextmanager
def told() -> Iterator[None]:
    """Let pytest show the one sentence of an error of the toolkit, and no traceback."""
    try:
        yield
    except ToolkitError as error:
        pytest.fail(str(error), pytrace=False)


@contextmanager
def lent(folder: Path, offered: object, arguments: Sequence[str]) -> Iterator[Server]:
    """The server that a conftest.py offers, else the one that the settings of `arguments` in `folder` ask for."""
    with ExitStack() as stack:
        with told():
            server = stack.enter_context(_provider(folder, offered, arguments).lend())
        yield server


def _provider(folder: Path, offered: object, arguments: Sequence[str]) -> Provider:
    url = server_url(offered)
    if url is not None:
        return provider_for(url, allow_shared_server=True)
    settings = settings_of(arguments, folder)
    return provider_for(
        settings.provider,
        version=settings.provider_version,
        image=settings.image,
        allow_shared_server=settings.allow_shared_server,
    )


def for_any_driver(url: str) -> str:
    """`url` without what the toolkit set for libpq alone: other drivers take that for a setting of the server."""
    return libpq_url({**conninfo_to_dict(url), "connect_timeout": None})


@contextmanager
def borrowed(databases: Databases) -> Iterator[str]:
    """An empty database, dropped afterwards with the roles that were made meanwhile."""
    url = databases.create("test")
    try:
        yield for_any_driver(url)
    finally:
        databases.drop(url)
        databases.restore_roles()


class Stage:
    """The chain of `settings`, ready for one rehearsal after another on databases of its own."""

    def __init__(self, settings: Settings, databases: Databases) -> None:
        self.settings = settings
        self.databases = databases
        self.environment = Environment(settings.lineage, timeout=settings.timeout or None)
        self.origin = Origin(settings.lineage, databases)

    @classmethod
    def of(cls, folder: Path, arguments: Sequence[str], databases: Databases) -> Stage:
        """The stage for the chain that `arguments` of `migration-checks verify` in `folder` mean."""
        with told():
            return cls(settings_of(arguments, folder), databases)

    def __enter__(self) -> Self:
        with told():
            self.environment.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.environment.__exit__(kind, error, trace)

    @contextmanager
    def rehearsal(self) -> Iterator[Rehearsal]:
        """A database in the state before the first revision, dropped afterwards with the roles that were made meanwhile."""
        with told():
            url = self.origin.fresh()
        try:
            with told():
                rehearsal = Rehearsal(self.environment, for_any_driver(url), seed=self.settings.seed)
            with rehearsal:
                yield rehearsal
        finally:
            self.databases.drop(url)
            self.databases.restore_roles()

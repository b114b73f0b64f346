"""A server that somebody else runs, named by a URL: the toolkit makes databases of its own there, and touches no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from migration_checks.connection import OWN_PREFIX, connect, libpq_url, translated, with_database
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.providers.contract import Server

# Databases that PostgreSQL and the hosting services bring along; nobody's rows are in them.
_SYSTEM = frozenset(
    {"postgres", "template0", "template1", "rdsadmin", "azure_maintenance", "azure_sys", "cloudsqladmin", "alloydbadmin"}
)
_OWN = re.compile(rf"{OWN_PREFIX}[0-9a-f]{{8}}_[0-9]+_")
_OLDEST = 140000
_CONNECT_SECONDS = "10"


@dataclass(frozen=True, slots=True)
class ExternalProvider:
    """Lends the server of `url` after making sure that it may be used; refuses one that others seem to live on."""

    url: str = field(repr=False)
    allow_shared_server: bool = False
    name: str = "external"

    @contextmanager
    def lend(self) -> Iterator[Server]:
        """The server as it is. Raises ProviderError when it cannot or must not be used."""
        url = normalized(self.url)
        with translated(f"Connecting to {place(url)}"), connect(url) as connection:
            facts = _Facts.read(connection)
        _require_rights(facts, place(url))
        others = _others(facts, url)
        if not self.allow_shared_server:
            _require_solitude(facts, others, place(url))
        yield Server(url, facts.version, self.name, throwaway=False, shared=bool(others), fsync=facts.fsync)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the maintenance connection tells about a server; `databases` maps a name to its number of other sessions."""

    version: int
    standby: bool
    may_create: bool
    role: str
    replicas: int
    fsync: bool
    databases: dict[str, int]

    @classmethod
    def read(cls, connection: psycopg.Connection[tuple[Any, ...]]) -> _Facts:
        query = files(__package__).joinpath("external.sql").read_bytes()
        row = connection.execute(query).fetchone()
        assert row is not None
        return cls(connection.info.server_version, *row)


def normalized(url: str) -> str:
    """A libpq URL of `url`, which may be SQLAlchemy's (`postgresql+psycopg://`). Raises ConfigurationError, without the URL."""
    plain = re.sub(r"^postgres(?:ql)?(?:\+\w+)?://", "postgresql://", url.strip(), flags=re.IGNORECASE)
    try:
        given = conninfo_to_dict(plain)
        if not re.fullmatch(r"[\d,]*", str(given.get("port", ""))):  # part of a password with an unescaped slash, perhaps
            raise psycopg.ProgrammingError
    except psycopg.Error:
        raise ConfigurationError(
            "The URL of the server cannot be read.",
            "Write postgresql://user:password@host:port/postgres, with special characters percent-encoded.",
        ) from None  # libpq's own message repeats the URL, and with it the password
    return libpq_url({"connect_timeout": _CONNECT_SECONDS, **given})


def place(url: str) -> str:
    """Host and port of a URL, or its socket directory: how a message names the server."""
    given = conninfo_to_dict(url)
    host = given.get("host") or given.get("hostaddr") or given.get("service") or "the default server"
    port = given.get("port")
    return f"{host}:{port}" if port and not str(host).startswith("/") else str(host)


def _require_rights(facts: _Facts, where: str) -> None:
    if facts.version < _OLDEST:
        raise ProviderError(
            f"The server at {where} is PostgreSQL {facts.version // 10000}, and the oldest that can be used is 14.",
            "Name a newer server, or use --provider embedded.",
        )
    if facts.standby:
        raise ProviderError(f"The server at {where} is a standby and cannot be written to.", "Name a server that is not one.")
    if not facts.may_create:
        raise ProviderError(
            f"The role {facts.role} may not create databases on {where}.",
            f"Run ALTER ROLE {facts.role} CREATEDB there, name another role in the URL, or use --provider embedded.",
        )


def _require_solitude(facts: _Facts, others: list[str], where: str) -> None:
    remedy = "Use a server of its own, or pass --allow-shared-server to have databases made beside them."
    if others:
        shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        raise ProviderError(f"The server at {where} looks like one that others use: it holds {shown}.", remedy)
    if facts.replicas:
        raise ProviderError(f"The server at {where} looks like a primary: {facts.replicas} replicas follow it.", remedy)


def _others(facts: _Facts, url: str) -> list[str]:
    """Databases that somebody lives in: others are connected to them, or they hold relations, or cannot be looked into."""
    foreign = [name for name in sorted(facts.databases) if not is_ours_or_system(name)]
    return [name for name in foreign if facts.databases[name] or _is_inhabited(url, name)] + _inhabited_maintenance(url)


def is_ours_or_system(name: str) -> bool:
    """Whether a database of this name is PostgreSQL's, a hosting service's, or made by the toolkit."""
    return name in _SYSTEM or _OWN.match(name) is not None


def _inhabited_maintenance(url: str) -> list[str]:
    """`postgres` itself is used as an application's database now and then."""
    return ["postgres"] if _is_inhabited(url, "postgres", unknown=False) else []


def _is_inhabited(url: str, name: str, *, unknown: bool = True) -> bool:
    """Whether a database holds relations of anybody's; `unknown` where it does not let us in."""
    try:
        with connect(with_database(url, name)) as connection:
            row = connection.execute(files(__package__).joinpath("inhabited.sql").read_bytes()).fetchone()
    except psycopg.Error:
        return unknown
    return bool(row and row[0])

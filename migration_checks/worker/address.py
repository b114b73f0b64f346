"""The one database that the worker may reach, and whether something else is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ALIASES = {"database": "dbname", "unix_sock": "host"}
NAMING = ("host", "hostaddr", "port", "dbname", "service")
"""What, in a connection string, says which server and database is meant."""


@dataclass(frozen=True, slots=True)
class Address:
    """A database on a server.

    `host` is a name, a numeric address or the folder of a Unix socket; `rest` are further libpq options.
    """

    host: str
    port: int
    user: str
    password: str | None
    dbname: str
    rest: Mapping[str, str]

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a libpq URL that names everything but, perhaps, the port and the password."""
        given = parse_url(url)
        rest = {name: value for name, value in given.items() if name not in ("host", "port", "user", "password", "dbname")}
        host = given.get("hostaddr") or given.get("host") or "/tmp"
        return cls(
            host, int(given.get("port", 5432)), given.get("user", ""), given.get("password"), given.get("dbname", ""), rest
        )

    @property
    def libpq(self) -> dict[str, Any]:
        """Keywords for libpq."""
        return {**self.rest, **self._place, "dbname": self.dbname}

    @property
    def asyncpg(self) -> dict[str, Any]:
        """Keywords for asyncpg.connect, which reads its TLS options from a URL only."""
        query = "&".join(f"{name}={value}" for name, value in self.rest.items() if name.startswith("ssl"))
        return {"dsn": f"postgresql://?{query}" if query else None, **self._place, "database": self.dbname}

    @property
    def pg8000(self) -> dict[str, Any]:
        """Keywords for pg8000.connect."""
        place = self._place
        if self.socket is not None:
            place = {"user": self.user, "password": self.password, "unix_sock": self.socket, "host": None}
        return {**place, "database": self.dbname}

    @property
    def _place(self) -> dict[str, Any]:
        place: dict[str, Any] = {"host": self.host, "port": self.port}
        if self.user:
            place["user"] = self.user
        if self.password is not None:
            place["password"] = self.password
        return place

    @property
    def socket(self) -> str | None:
        """The path of the server's Unix socket, None when it is reached by TCP."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith(("/", "@")) else None

    @property
    def variables(self) -> dict[str, str]:
        """libpq's environment variables that lead here."""
        found = {"PGHOST": self.host, "PGPORT": str(self.port), "PGDATABASE": self.dbname}
        if self.user:
            found["PGUSER"] = self.user
        if self.password is not None:
            found["PGPASSWORD"] = self.password
        if "sslmode" in self.rest:
            found["PGSSLMODE"] = self.rest["sslmode"]
        return found

    def is_named_by(self, named: Mapping[str, Any]) -> bool:
        """True when `named` (libpq keywords) names nothing but this database; what is left out names nothing."""
        place = {_ALIASES.get(name, name): value for name, value in named.items() if value not in (None, "", [], ())}
        if place.get("service"):
            return False
        hosts = [host for key in ("host", "hostaddr") if key in place for host in _several(place[key])]
        ports = _several(place.get("port", self.port))
        return (
            all(self._is_host(host) for host in hosts)
            and all(port == str(self.port) for port in ports)
            and place.get("dbname", self.dbname) == self.dbname
        )

    def _is_host(self, host: str) -> bool:
        if host == self.host or host == self.socket:
            return True
        return host in _LOOPBACK and self.host in _LOOPBACK


def _several(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    return [each.strip() for each in str(value).split(",")]


def parse_url(url: str) -> dict[str, str]:
    """The libpq keywords in a URL of any dialect; raises ValueError when it is none."""
    parts = urlsplit(url)
    named = dict(parse_qsl(parts.query))
    named = {_ALIASES.get(name, name): value for name, value in named.items()}
    who, _, where = parts.netloc.rpartition("@")
    user, _, password = who.partition(":")
    named.update({name: unquote(value) for name, value in (("user", user), ("password", password)) if value})
    hosts, ports = [], []
    for each in filter(None, where.split(",")):
        host, port = _host_and_port(each)
        hosts.append(unquote(host))
        ports.append(port)
    if any(hosts):
        named["host"] = ",".join(hosts)
    if any(ports):
        named["port"] = ",".join(filter(None, ports))
    if name := unquote(parts.path.lstrip("/")):
        named["dbname"] = name
    return named


def _host_and_port(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.lstrip(":")
    host, _, port = text.partition(":")
    return host, port


def described(named: Mapping[str, Any]) -> str:
    """What `named` names, as words without a password."""
    place = {_ALIASES.get(name, name): value for name, value in named.items()}
    words = [f"{name} {','.join(_several(place[name]))!r}" for name in NAMING if place.get(name)]
    return ", ".join(words).replace("dbname", "database") or "the default server"

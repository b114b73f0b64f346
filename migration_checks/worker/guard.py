"""Keeps every connection that a migration opens at the one database that it may reach.

Three rings. SQLAlchemy engines are redirected, whatever URL or creator they have. Raw calls of the drivers go to our
database when they name none, and are refused when they name another (`drivers`). Whatever is left, a socket opened in
Python or a program started, is refused by an audit hook (`programs` reads the command lines).
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from migration_checks.worker.address import Address, described
from migration_checks.worker.programs import stranger_in
from migration_checks.worker.variables import WORKER_NAME, lead_libpq

# fmt: off
_DROPPED = frozenset(
    {
        "host", "hostaddr", "port", "user", "password", "database", "dbname", "dsn", "conninfo", "service", "servicefile",
        "passfile", "unix_sock", "direct_tls", "target_session_attrs", "load_balance_hosts", "replication", "application_name",
        "krbsrvname", "gsslib", "gssencmode", "gssdelegation", "gss_encmode", "requirepeer", "require_auth", "channel_binding",
        "requiressl", "async_creator_fn",
    }
)
# fmt: on
"""Options of a connection that say where it goes and who goes there; everything else is the project's own business."""


class ForeignConnection(RuntimeError):
    """A migration tried to reach something else than the database that it was given.

    Not an OSError and no driver's error, which a retry would catch as a passing trouble.
    """

    remedy = "Let it connect through SQLAlchemy, whose connections are redirected, or without naming a host."


class ForeignDialect(ForeignConnection):
    """An engine for another kind of database asked for a connection."""

    remedy = (
        "Name a PostgreSQL URL where env.py looks for one (sqlalchemy.url in a configuration of your own, or a variable set "
        "with env): only its driver counts, every connection is redirected."
    )


class Guard:
    """The rules for the connections of this process; `address` is the one database, None until there is one."""

    def __init__(self) -> None:
        self.address: Address | None = None
        self.refusals: list[str] = []
        self.raw_connections = 0
        self._redirecting = 0
        self._numeric: frozenset[str] = frozenset()
        self._resolving = False

    def point_at(self, address: Address | None) -> None:
        """Make `address` the one database that may be reached, also for programs that are started (libpq's variables)."""
        self.address = address
        self._numeric = frozenset()
        if address is not None and address.socket is None:
            self._numeric = self._resolved(address)
        lead_libpq(os.environ, address)

    def _resolved(self, address: Address) -> frozenset[str]:
        self._resolving = True
        try:
            return frozenset(str(each[4][0]) for each in socket.getaddrinfo(address.host, address.port))
        except OSError:
            return frozenset()
        finally:
            self._resolving = False

    # First ring: SQLAlchemy.

    def redirect(self, dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Open the connection that an engine asks for, to our database. A handler of SQLAlchemy's `do_connect` event.

        Returning a connection also keeps away later handlers, which would put in a token or a host of their own.
        """
        if dialect.name != "postgresql":
            self.refuse(f"a connection to a {dialect.name} database: only PostgreSQL can be checked", ForeignDialect)
        return dialect.connect(**self.aim(dialect.driver, _kept(options)))

    def aim(self, driver: str, kept: Mapping[str, Any]) -> dict[str, Any]:
        """Keywords for `driver` that lead to our database, with what is `kept` of the project's own options."""
        address = self.address
        if address is None:
            self.refuse("a connection opened before a database was attached (while revision files or settings were imported)")
        if driver == "asyncpg":
            settings = {**kept.get("server_settings", {}), "application_name": WORKER_NAME}
            return {**kept, **address.asyncpg, "server_settings": settings}
        if driver == "pg8000":
            return {**kept, **address.pg8000, "application_name": WORKER_NAME}
        if not driver.startswith("psycopg"):
            self.refuse(f"a connection with the driver {driver}, which the toolkit cannot redirect")
        options = " ".join(filter(None, (kept.get("options"), address.rest.get("options"))))
        target = {**kept, **address.libpq, "application_name": WORKER_NAME}
        return {**target, "options": options} if options else target

    def install(self) -> None:
        """Put the third ring in place, for as long as this process lives; the others follow as libraries are imported."""
        sys.addaudithook(self._audit)

    def bend_sqlalchemy(self, sqlalchemy: Any) -> None:
        """Redirect every engine, also one with a pool or a `creator` of its own.

        A creator bypasses do_connect, yet it is SQLAlchemy that connects: meanwhile the drivers redirect too.
        """
        sqlalchemy.event.listen(sqlalchemy.engine.Engine, "do_connect", self.redirect)
        owner, name = sqlalchemy.pool.base._ConnectionRecord, "_ConnectionRecord__connect"
        original: Callable[[Any], None] | None = getattr(owner, name, None)
        if original is None:
            return

        def connect(record: Any) -> None:
            self._redirecting += 1
            try:
                original(record)
            finally:
                self._redirecting -= 1

        setattr(owner, name, connect)

    # Second ring: the drivers, see `drivers`.

    def raw(self, driver: str, named: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        """Keywords for a call of a driver that names `named`; raises ForeignConnection when that is another database."""
        lead_libpq(os.environ, self.address)  # again: what a script puts there, a driver would follow
        if not self._redirecting:
            self.raw_connections += 1
            if self.address is not None and not self.address.is_named_by(named):
                self.refuse(f"a {driver} connection to {described(named)}")
        return self.aim(driver, _kept(options))

    # Third ring: sockets and programs.

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "socket.connect":
            self._examine_socket(*arguments)
        elif name == "socket.getaddrinfo":
            self._examine_name(*arguments)
        elif name in _STARTS:
            command, environment = _STARTS[name](arguments)
            if stranger := stranger_in(command, environment, self.address):
                self.refuse(f"a program started to reach {stranger}")

    def _examine_socket(self, connecting: socket.socket, address: Any) -> None:
        if connecting.family == getattr(socket, "AF_UNIX", None):
            path = os.fsdecode(address) if isinstance(address, (str, bytes)) else ""
            if os.path.basename(path).startswith(".s.PGSQL.") and not (self.address and path == self.address.socket):
                self.refuse(f"a connection to the socket {path}")
        elif connecting.type == socket.SOCK_STREAM and isinstance(address, tuple) and not self._is_ours(*address[:2]):
            self.refuse(f"a connection to host {address[0]!r}, port {address[1]}")

    def _is_ours(self, host: Any, port: Any) -> bool:
        ours = self.address
        if ours is None or ours.socket is not None:
            return False
        return str(port) == str(ours.port) and (str(host) in self._numeric or ours.is_named_by({"host": str(host)}))

    def _examine_name(self, host: Any, port: Any, family: int = 0, kind: int = 0, *_: Any) -> None:
        text = os.fsdecode(host) if isinstance(host, (str, bytes)) else ""
        if self._resolving or not text or not port or kind == socket.SOCK_DGRAM or _is_numeric(text) or text == "localhost":
            return
        if not (self.address and self.address.is_named_by({"host": text})):
            self.refuse(f"a connection to host {text!r}, port {port}")

    def refuse(self, what: str, kind: type[ForeignConnection] = ForeignConnection) -> NoReturn:
        """Raise ForeignConnection (or a `kind` of it) for `what`, and keep it: a script may swallow the exception."""
        if what not in self.refusals:
            self.refusals.append(what)
        raise kind(f"Refused {what}. While migrations are checked, only the toolkit's own database may be reached.")


def _kept(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in _DROPPED and not name.startswith("ssl")}


def _is_numeric(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return True
    return False


_Command = tuple[Any, Any]
_STARTS: Mapping[str, Callable[[tuple[Any, ...]], _Command]] = {
    "subprocess.Popen": lambda given: (given[1], given[3]),
    "os.system": lambda given: (given[0], None),
    "os.exec": lambda given: (given[1], given[2]),
    "os.posix_spawn": lambda given: (given[1], given[2]),
    "os.spawn": lambda given: (given[2], given[3]),
}

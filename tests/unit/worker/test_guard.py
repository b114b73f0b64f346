"""What a migration may connect to: the one database, however it asks; everything else is refused and remembered."""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from migration_checks.worker.address import Address
from migration_checks.worker.drivers import _AfterImport, _asyncpg, _psycopg, _psycopg2
from migration_checks.worker.guard import ForeignConnection, ForeignDialect, Guard
from migration_checks.worker.variables import WORKER_NAME

OURS = "postgresql://owner:pw@127.0.0.1:5433/walk"
SOCKET = "postgresql://owner@/walk?host=/run/pg&port=5433"


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """What a guard does to this process's variables is undone."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def guard(url: str | None = OURS) -> Guard:
    made = Guard()
    made.point_at(None if url is None else Address.of(url))
    return made


def dialect(name: str = "postgresql", driver: str = "psycopg") -> Any:
    return SimpleNamespace(name=name, driver=driver, connect=lambda **options: options)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "psycopg2cffi"])
def test_an_engine_is_redirected_whatever_it_names(driver: str) -> None:
    """Host, port, user, password, database and the options that depend on them are ours; the rest stays the project's."""
    asked = {
        "host": "production",
        "port": 1,
        "user": "app",
        "password": "x",
        "dbname": "app",
        "sslmode": "require",
        "options": "-c a=b",
    }
    found = guard().redirect(dialect(driver=driver), None, [], {**asked, "connect_timeout": 3, "options": "-c a=b"})

    assert (found["host"], str(found["port"]), found["user"], found["dbname"]) == ("127.0.0.1", "5433", "owner", "walk")
    assert (found["connect_timeout"], found["options"]) == (3, "-c a=b")
    assert found["application_name"] == WORKER_NAME
    assert "sslmode" not in found


def test_asyncpg_is_redirected_with_its_own_keywords() -> None:
    """The session is named in its server settings, beside those of the project."""
    found = guard().redirect(dialect(driver="asyncpg"), None, [], {"host": "x", "server_settings": {"jit": "off"}})

    assert found["server_settings"] == {"jit": "off", "application_name": WORKER_NAME}
    assert (found["host"], found["database"]) == ("127.0.0.1", "walk")


def test_pg8000_is_redirected_to_a_socket_too() -> None:
    """By the path of the socket."""
    found = guard(SOCKET).redirect(dialect(driver="pg8000"), None, [], {"host": "x"})

    assert found["unix_sock"] == "/run/pg/.s.PGSQL.5433"


def test_another_kind_of_database_is_refused() -> None:
    """With the remedy that is for it."""
    made = guard()

    with pytest.raises(ForeignDialect, match="sqlite database"):
        made.redirect(dialect("sqlite", "pysqlite"), None, [], {})
    assert "PostgreSQL URL" in ForeignDialect.remedy
    assert len(made.refusals) == 1


def test_a_driver_that_cannot_be_redirected_is_refused() -> None:
    """It would go where it likes."""
    with pytest.raises(ForeignConnection, match="the driver pygresql"):
        guard().aim("pygresql", {})


def test_nothing_is_reached_before_a_database_is_attached() -> None:
    """Importing revision files must not connect."""
    with pytest.raises(ForeignConnection, match="before a database was attached"):
        guard(None).aim("psycopg", {})


def test_libpq_is_led_to_the_database_or_nowhere() -> None:
    """For programs that are started, and for calls that name nothing."""
    os.environ.update(PGHOST="production", PGSERVICE="prod", PGPASSWORD="secret")
    guard(None)
    assert (os.environ["PGHOST"], os.environ["PGDATABASE"]) == ("/nonexistent/migration-checks", "nowhere")
    assert "PGSERVICE" not in os.environ
    guard()

    assert (os.environ["PGHOST"], os.environ["PGPORT"], os.environ["PGDATABASE"]) == ("127.0.0.1", "5433", "walk")


def test_a_raw_call_that_names_nothing_is_ours() -> None:
    """It is counted, since env.py has connections of its own then."""
    made = guard()
    found = made.raw("psycopg", {}, {"autocommit": True})

    assert (found["dbname"], found["autocommit"], made.raw_connections) == ("walk", True, 1)


@pytest.mark.parametrize("named", [{"host": "production"}, {"dbname": "app"}, {"port": "5432"}, {"service": "prod"}])
def test_a_raw_call_that_names_another_database_is_refused(named: dict[str, str]) -> None:
    """Whatever part of the name is another."""
    made = guard()

    with pytest.raises(ForeignConnection, match="Refused a psycopg connection to"):
        made.raw("psycopg", named, {})
    assert made.refusals


@pytest.mark.parametrize("named", [{"host": "127.0.0.1", "port": "5433", "dbname": "walk"}, {"host": "localhost"}])
def test_a_raw_call_that_names_our_database_is_taken(named: dict[str, str]) -> None:
    """Loopback by any of its names."""
    assert guard().raw("psycopg", named, {})["dbname"] == "walk"


def test_a_refusal_is_remembered_once() -> None:
    """A script may swallow the exception, and may try again."""
    made = guard()
    for _ in range(3):
        with pytest.raises(ForeignConnection):
            made.raw("psycopg", {"host": "production"}, {})

    assert len(made.refusals) == 1


@pytest.mark.parametrize(
    ("url", "family", "kind", "address", "refused"),
    [
        (OURS, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 5433), False),
        (OURS, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 5432), True),
        (OURS, socket.AF_INET, socket.SOCK_STREAM, ("10.0.0.7", 5433), True),
        (OURS, socket.AF_INET, socket.SOCK_DGRAM, ("10.0.0.7", 53), False),
        (SOCKET, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 5433), True),
        (SOCKET, socket.AF_UNIX, socket.SOCK_STREAM, "/run/pg/.s.PGSQL.5433", False),
        (SOCKET, socket.AF_UNIX, socket.SOCK_STREAM, "/var/run/postgresql/.s.PGSQL.5432", True),
        (SOCKET, socket.AF_UNIX, socket.SOCK_STREAM, "/run/app/worker.sock", False),
        (None, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 5433), True),
    ],
)
def test_sockets(url: str | None, family: int, kind: int, address: Any, refused: bool) -> None:
    """TCP and PostgreSQL's sockets only to the one server; other sockets of the machine are none of our business."""
    made = guard(url)
    connecting = SimpleNamespace(family=family, type=kind)
    with suppress(ForeignConnection):
        made._audit("socket.connect", (connecting, address))

    assert bool(made.refusals) is refused


@pytest.mark.parametrize(
    ("host", "port", "refused"),
    [
        ("production", 5432, True),
        (b"db.example.com", "5432", True),
        ("localhost", 80, False),
        ("10.0.0.7", 5432, False),
        ("db", None, False),
    ],
)
def test_names_that_are_looked_up(host: Any, port: Any, refused: bool) -> None:
    """Looking up a name with a port is how a connection begins; numbers are left to the socket."""
    made = guard()
    with suppress(ForeignConnection):
        made._audit("socket.getaddrinfo", (host, port, 0, socket.SOCK_STREAM))

    assert bool(made.refusals) is refused


@pytest.mark.parametrize(
    ("event", "arguments", "refused"),
    [
        ("subprocess.Popen", ("psql", ["psql", "-h", "production", "app"], None, {}), True),
        ("subprocess.Popen", ("psql", ["psql", "-c", "select 1"], None, None), False),
        ("subprocess.Popen", ("psql", ["psql", "-c", "select 1"], None, {}), True),  # without libpq's variables
        ("os.system", (b"psql -h production app",), True),
        ("os.posix_spawn", ("/usr/bin/psql", ["psql", "postgresql://u@production/app"], {}), True),
        ("os.exec", ("/bin/ls", ["ls"], {}), False),
    ],
)
def test_programs(event: str, arguments: tuple[Any, ...], refused: bool) -> None:
    """A client program that names another server is not started."""
    made = guard()
    with suppress(ForeignConnection):
        made._audit(event, arguments)

    assert bool(made.refusals) is refused


def test_psycopg2_calls_are_bent() -> None:
    """Its connect gets our database, with the factories of the caller."""
    calls: list[dict[str, Any]] = []
    module: Any = SimpleNamespace(
        connect=lambda dsn, **options: calls.append({"dsn": dsn, **options}),
        extensions=SimpleNamespace(parse_dsn=lambda dsn: dict(part.split("=") for part in dsn.split())),
    )
    _psycopg2(guard(), module)
    module.connect("dbname=walk", cursor_factory=dict)

    assert calls[0]["dsn"] is None
    assert (calls[0]["dbname"], calls[0]["cursor_factory"]) == ("walk", dict)
    with pytest.raises(ForeignConnection):
        module.connect("dbname=app")


def test_asyncpg_calls_are_bent() -> None:
    """Those of its pools too, which go by another name."""
    calls: list[dict[str, Any]] = []

    async def original(**options: Any) -> None:
        calls.append(options)

    module: Any = SimpleNamespace(connection=SimpleNamespace(connect=original), connect=original)
    _asyncpg(guard(), module)
    for connect in (module.connect, module.connection.connect):
        with pytest.raises(StopIteration):
            connect("postgresql://127.0.0.1:5433/walk", timeout=None).send(None)

    assert [each["database"] for each in calls] == ["walk", "walk"]
    with pytest.raises(ForeignConnection):
        module.connect(host="production").send(None)


def test_a_creator_of_its_own_is_redirected_while_sqlalchemy_connects() -> None:
    """It is SQLAlchemy that connects then: no connection of env.py's own, and no other database."""
    made = guard()
    found: list[dict[str, Any]] = []

    class Record:
        def __connect(self) -> None:
            found.append(made.raw("psycopg", {"host": "production"}, {"host": "production"}))

    listened: list[str] = []
    record = type("_ConnectionRecord", (), {"_ConnectionRecord__connect": Record._Record__connect})  # type: ignore[attr-defined]
    module = SimpleNamespace(
        event=SimpleNamespace(listen=lambda target, name, handler: listened.append(name)),
        engine=SimpleNamespace(Engine=object),
        pool=SimpleNamespace(base=SimpleNamespace(_ConnectionRecord=record)),
    )
    made.bend_sqlalchemy(module)
    record()._ConnectionRecord__connect()

    assert listened == ["do_connect"]
    assert (found[0]["dbname"], made.raw_connections, made.refusals) == ("walk", 0, [])


def test_psycopg_calls_are_bent() -> None:
    """Those of every class of connection, with what the caller asks for besides."""
    calls: list[dict[str, Any]] = []

    class Connection:
        @classmethod
        def connect(cls, conninfo: str = "", **options: Any) -> str:
            calls.append(options)
            return cls.__name__

    class AsyncConnection(Connection):
        pass

    module: Any = SimpleNamespace(Connection=Connection, AsyncConnection=AsyncConnection, conninfo=psycopg.conninfo)
    _psycopg(guard(), module)
    kinds = [module.connect(autocommit=True), module.AsyncConnection.connect("dbname=walk host=127.0.0.1 port=5433")]

    assert ["Connection", "AsyncConnection"] == kinds
    assert [("walk", "127.0.0.1"), ("walk", "127.0.0.1")] == [(each["dbname"], each["host"]) for each in calls]
    assert True is calls[0]["autocommit"]
    with pytest.raises(ForeignConnection):
        module.connect("host=production dbname=app")


def test_a_library_is_bent_once_it_has_been_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever imports it first; one that is not there stays one that is not there."""
    (tmp_path / "late_driver.py").write_text("names = ['own']")
    monkeypatch.syspath_prepend(tmp_path)
    patches = {"late_driver": lambda module: module.names.append("bent"), "absent_driver": lambda module: None}
    monkeypatch.setattr(sys, "meta_path", [_AfterImport(patches), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "late_driver", raising=False)

    assert ["own", "bent"] == importlib.import_module("late_driver").names
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("absent_driver")
    assert importlib.import_module("late_driver").names == ["own", "bent"]


def test_a_name_that_does_not_resolve_leads_nowhere() -> None:
    """The guard asks for it itself, which is no connection of the script's."""
    made = guard("postgresql://owner@host.invalid:5433/walk")

    assert frozenset() == made._resolved(Address.of("postgresql://owner@host.invalid:5433/walk"))
    assert [] == made.refusals


def test_a_sqlalchemy_that_was_rebuilt_inside_is_still_redirected() -> None:
    """Where a creator cannot be told from a call of env.py's own, do_connect is heard all the same."""
    listened: list[str] = []
    module = SimpleNamespace(
        event=SimpleNamespace(listen=lambda target, name, handler: listened.append(name)),
        engine=SimpleNamespace(Engine=object),
        pool=SimpleNamespace(base=SimpleNamespace(_ConnectionRecord=type("Record", (), {}))),
    )
    guard().bend_sqlalchemy(module)

    assert ["do_connect"] == listened

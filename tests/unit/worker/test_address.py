"""The one database that may be reached is recognised under every name that it has, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from migration_checks.worker.address import Address, described, parse_url

SOCKET = Address.of("postgresql://me@/mine?host=/tmp/s&port=5433")
TCP = Address.of("postgresql://me:s3cret@127.0.0.1:5433/mine?sslmode=require")


@pytest.mark.parametrize(
    ("named", "ours"),
    [
        ({}, True),
        ({"user": "someone", "password": "x"}, True),
        ({"host": "127.0.0.1"}, True),
        ({"host": "localhost", "port": 5433}, True),
        ({"host": "127.0.0.1", "port": "5433", "dbname": "mine"}, True),
        ({"database": "mine"}, True),
        ({"host": None, "port": "", "dbname": None}, True),
        ({"host": "127.0.0.1", "port": 5432}, False),
        ({"host": "127.0.0.1,elsewhere"}, False),
        ({"host": ["127.0.0.1", "elsewhere"]}, False),
        ({"hostaddr": "10.0.0.1", "host": "127.0.0.1"}, False),
        ({"dbname": "other"}, False),
        ({"database": "postgres"}, False),
        ({"service": "anything"}, False),
        ({"host": "/tmp"}, False),
    ],
)
def test_named(named: dict[str, Any], ours: bool) -> None:
    """Host, port, database and service say where a connection goes; what is left out, and who goes, does not."""
    assert TCP.is_named_by(named) is ours


def test_a_socket_has_two_names() -> None:
    """A Unix socket is named by its folder, or by its path."""
    assert SOCKET.socket == "/tmp/s/.s.PGSQL.5433"
    assert SOCKET.is_named_by({"host": "/tmp/s", "port": "5433"})
    assert SOCKET.is_named_by({"host": "/tmp/s/.s.PGSQL.5433"})
    assert not SOCKET.is_named_by({"host": "localhost"})
    assert not SOCKET.is_named_by({"host": "/tmp"})


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://h/d", {"host": "h", "dbname": "d"}),
        ("postgresql+asyncpg://u:p%40ss@h:1/d?x=y",
         {"user": "u", "password": "p@ss", "host": "h", "port": "1", "dbname": "d", "x": "y"}),
        ("postgres://[::1]:5/d", {"host": "::1", "port": "5", "dbname": "d"}),
        ("postgresql://a:1,b:2/d", {"host": "a,b", "port": "1,2", "dbname": "d"}),
        ("postgresql:///d?host=/tmp/s&port=7", {"host": "/tmp/s", "port": "7", "dbname": "d"}),
        ("postgresql://?database=d", {"dbname": "d"}),
        ("postgresql://", {}),
    ],
)  # fmt: skip
def test_urls(url: str, named: dict[str, str]) -> None:
    """A URL is read into libpq's keywords, whatever its driver."""
    assert parse_url(url) == named


def test_keywords_for_each_driver() -> None:
    """Each driver is told the same place in its own words."""
    assert TCP.libpq == {
        "host": "127.0.0.1", "port": 5433, "user": "me", "password": "s3cret", "dbname": "mine",
        "sslmode": "require"}  # fmt: skip
    assert TCP.asyncpg["dsn"] == "postgresql://?sslmode=require"
    assert TCP.asyncpg["database"] == "mine"
    assert SOCKET.pg8000 == {
        "user": "me",
        "password": None,
        "unix_sock": "/tmp/s/.s.PGSQL.5433",
        "host": None,
        "database": "mine",
    }
    assert SOCKET.variables == {"PGHOST": "/tmp/s", "PGPORT": "5433", "PGDATABASE": "mine", "PGUSER": "me"}


def test_description_has_no_password() -> None:
    """What is named in a message is the place, never the secret."""
    assert described({"host": "h", "port": 1, "database": "d", "password": "s3cret"}) == "host 'h', port '1', database 'd'"
    assert described({}) == "the default server"


def test_a_user_that_is_not_named_is_left_to_libpq() -> None:
    """As are a password and a mode of TLS; what is named is handed on."""
    plain, secure = Address.of("postgresql://127.0.0.1:5433/mine"), TCP

    assert {"PGHOST": "127.0.0.1", "PGPORT": "5433", "PGDATABASE": "mine"} == plain.variables
    assert {"PGUSER": "me", "PGPASSWORD": "s3cret", "PGSSLMODE": "require"}.items() <= secure.variables.items()
    assert {"host": "127.0.0.1", "port": 5433, "database": "mine"} == plain.pg8000

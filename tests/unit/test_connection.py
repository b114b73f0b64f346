"""URLs, and the sentences that errors become."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from migration_checks.connection import broke_off, database_name, libpq_url, redacted, translated, with_database
from migration_checks.errors import ProviderError


@pytest.mark.parametrize(
    "parameters",
    [
        {"host": "db.example", "port": "5433", "user": "ann", "password": "p@ss:w/rd %", "dbname": "my db"},
        {"host": "/tmp/socket dir", "port": "5432", "user": "postgres", "dbname": "postgres"},
        {"host": "a,b", "port": "1,2", "dbname": "x", "target_session_attrs": "read-write"},
        {"host": "::1", "user": "u", "dbname": "x"},
        {"dbname": 'select "x"', "user": "Weird User"},
        {"service": "mine"},
    ],
)
def test_a_url_says_what_the_parameters_said(parameters: dict[str, str]) -> None:
    """libpq reads the same parameters back from the URL, whatever characters are in them."""

    assert parameters == conninfo_to_dict(libpq_url(parameters))


def test_a_url_with_a_host_is_one_that_sqlalchemy_reads() -> None:
    """Drivers that SQLAlchemy opens get user, host, port and database from the same URL."""
    url = make_url(libpq_url({"host": "db", "port": "5433", "user": "ann", "password": "s@p", "dbname": "x"}))

    assert (url.username, url.password, url.host, url.port, url.database) == ("ann", "s@p", "db", 5433, "x")


def test_another_database_on_the_same_server() -> None:
    """Only the database changes."""
    url = with_database("postgresql://ann@/postgres?host=/tmp/x&port=5432", "mc_1")

    assert database_name(url) == "mc_1"
    assert conninfo_to_dict(url) == {"user": "ann", "host": "/tmp/x", "port": "5432", "dbname": "mc_1"}


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:secret@db/x",
        "postgresql+asyncpg://ann:sec@secret@db/x",
        "host=db password=secret dbname=x",
        "host=db password='it is secret' dbname=x",
        "postgresql://db/x?user=ann&password=secret&sslmode=require",
        "PGPASSWORD='secret' psql",
    ],
)
def test_no_password_survives(text: str) -> None:
    """A URL or a connection string in a message is shown without its password, but is still recognizable."""
    shown = redacted(text)

    assert "secret" not in shown
    assert "***" in shown
    assert ("db" in text) == ("db" in shown)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (psycopg.errors.DiskFull("no room"), "Free space"),
        (psycopg.errors.InsufficientPrivilege("no"), "CREATEDB"),
        (psycopg.errors.InvalidPassword("no"), "password in the URL"),
        (psycopg.errors.ObjectInUse("busy"), "Close the sessions"),
        (psycopg.errors.TooManyConnections("full"), "max_connections"),
        (psycopg.OperationalError("connection refused"), "server runs"),
    ],
)
def test_a_database_error_becomes_one_sentence_with_a_remedy(error: psycopg.Error, remedy: str) -> None:
    """The class of the error chooses the remedy, not its text."""
    with pytest.raises(ProviderError) as caught, translated("Creating the database x"):
        raise error

    assert f"Creating the database x failed: {error}." == caught.value.message
    assert remedy in caught.value.remedy


def test_other_errors_pass_untouched() -> None:
    """Only what the database said is translated."""
    with pytest.raises(ValueError, match="mine"), translated("Anything"):
        raise ValueError("mine")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (psycopg.OperationalError("connection refused"), "See that the server runs"),
        (psycopg.errors.InternalError_("broken"), "See the server's log for details"),
    ],
)
def test_an_error_that_nothing_more_is_known_of(error: psycopg.Error, remedy: str) -> None:
    """Without a SQLSTATE it is libpq's; else the server's log knows more."""
    with pytest.raises(ProviderError) as caught, translated("Reading"):
        raise error

    assert caught.value.remedy.startswith(remedy)


def test_a_walk_that_broke_off() -> None:
    """Where, and why, in one line; what is to be looked at is the revision."""
    error = broke_off(psycopg.OperationalError("server closed the connection\nThis probably means"), "a1 (upgrade)")

    assert "The walk broke off at a1 (upgrade): server closed the connection." == error.message
    assert "leave it out with --range" in error.remedy

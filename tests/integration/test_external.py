"""A server that is named by a URL is used with the same care whether its owner is careful or not."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migration_checks.connection import connect, with_database
from migration_checks.database import Databases
from migration_checks.errors import ProviderError
from migration_checks.providers import EmbeddedProvider, Server, provider_for


@pytest.fixture(scope="module")
def theirs() -> Iterator[Server]:
    """A server of its own, for these tests fill it with other people's databases."""
    with EmbeddedProvider().lend() as lent:
        yield lent


@pytest.fixture
def administrator(theirs: Server) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with connect(theirs.url) as connection:
        yield connection
        for database in ("app", "closed"):
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())
        connection.execute("DROP TABLE IF EXISTS public.t")
        connection.execute("DROP ROLE IF EXISTS maker, poor")


Administrator = psycopg.Connection[tuple[object, ...]]


def as_role(server: Server, role: str) -> str:
    return server.url.replace("postgres@", f"{role}:secret@")


def refused(url: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        provider_for(url).lend().__enter__()
    assert "secret" not in str(caught.value)
    return caught.value


def test_a_server_without_other_databases_is_lent(theirs: Server, administrator: Administrator) -> None:
    """It is neither the toolkit's own nor shared."""
    with provider_for(theirs.url).lend() as lent:
        assert (lent.provider, lent.version, lent.throwaway, lent.shared) == ("external", theirs.version, False, False)
        assert not lent.fsync  # as the embedded provider sets it
        with Databases(lent) as databases, connect(databases.create("x")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_role_that_may_create_databases_is_enough(theirs: Server, administrator: Administrator) -> None:
    """It need not be a superuser."""
    administrator.execute("CREATE ROLE maker LOGIN CREATEDB")
    with (
        provider_for(as_role(theirs, "maker")).lend() as lent,
        Databases(lent) as databases,
        connect(databases.create("x")) as connection,
    ):
        assert connection.execute("SELECT current_user::text").fetchone() == ("maker",)


def test_a_role_that_may_not_create_databases_is_refused(theirs: Server, administrator: Administrator) -> None:
    """The remedy is the statement that helps, and another provider."""
    administrator.execute("CREATE ROLE poor LOGIN")
    error = refused(as_role(theirs, "poor"))

    assert "The role poor may not create databases" in error.message
    assert "ALTER ROLE poor CREATEDB" in error.remedy
    assert "--provider embedded could do it" in error.remedy


def test_a_database_with_tables_makes_a_server_somebody_s(theirs: Server, administrator: Administrator) -> None:
    """Unless the user insists; then it is lent as shared."""
    administrator.execute("CREATE DATABASE app")
    with connect(with_database(theirs.url, "app")) as app:
        app.execute("CREATE TABLE public.t ()")

    assert "it holds app." in refused(theirs.url).message
    assert "it holds app." in refused(with_database(theirs.url, "app")).message
    with provider_for(theirs.url, allow_shared_server=True).lend() as lent:
        assert lent.shared


def test_a_database_that_others_are_connected_to_makes_a_server_somebody_s(
    theirs: Server, administrator: Administrator
) -> None:
    """Even an empty one."""
    administrator.execute("CREATE DATABASE app")
    with psycopg.connect(with_database(theirs.url, "app")):
        assert "it holds app." in refused(theirs.url).message


def test_a_database_that_lets_nobody_in_is_somebody_s(theirs: Server, administrator: Administrator) -> None:
    """What cannot be looked into is not taken for empty."""
    administrator.execute("CREATE ROLE maker LOGIN CREATEDB")
    administrator.execute("CREATE DATABASE closed")
    administrator.execute("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")

    assert "it holds closed." in refused(as_role(theirs, "maker")).message


def test_an_empty_database_is_nobody_s(theirs: Server, administrator: Administrator) -> None:
    """POSTGRES_DB of a compose file or a CI service makes one, with extensions perhaps; URLs name it or another."""
    administrator.execute("CREATE DATABASE app")
    with connect(with_database(theirs.url, "app")) as app:
        app.execute("CREATE EXTENSION pg_stat_statements SCHEMA public")
    for url in (theirs.url, with_database(theirs.url, "app")):
        with provider_for(url).lend() as lent:
            assert not lent.shared


def test_tables_in_postgres_itself_make_a_server_somebody_s(theirs: Server, administrator: Administrator) -> None:
    """Some applications live in the database `postgres`."""
    administrator.execute("CREATE TABLE public.t ()")

    assert "it holds postgres." in refused(theirs.url).message


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+asyncpg://ann:secret@127.0.0.1:1/postgres", "Connecting to 127.0.0.1:1 failed"),
        ("postgresql://ann:secret@/postgres?host=/nowhere", "Connecting to /nowhere failed"),
        ("postgresql://ann:secret@no-such-host.invalid/postgres", "Connecting to no-such-host.invalid failed"),
    ],
)
def test_a_server_that_cannot_be_reached_is_one_sentence(url: str, words: str) -> None:
    """It names the place, not the password."""

    assert words in refused(url).message


def test_a_database_that_does_not_exist_is_one_sentence(theirs: Server) -> None:
    """The remedy names one that does."""
    error = refused(with_database(theirs.url, "nothing"))

    assert 'database "nothing" does not exist' in error.message
    assert "database" in error.remedy

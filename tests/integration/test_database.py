"""A run's databases and roles are made, copied and dropped; nobody else's are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from migration_checks.connection import connect, database_name, with_database
from migration_checks.database import _LOCK_CLASS, _MARK, Databases
from migration_checks.errors import ProviderError
from migration_checks.providers import Server
from tests.processes import eventually


def names(server: Server) -> set[str]:
    with connect(server.url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}


def roles(server: Server) -> set[str]:
    with connect(server.url) as connection:
        return {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}


def run(url: str, *statements: str) -> None:
    with connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def leave_dead(databases: Databases) -> None:
    """End a run as its death does: its maintenance session is gone, its databases are not."""
    databases._close()
    with connect(databases.server.url) as connection:
        lock = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid::int8 = %s"
        held = (_LOCK_CLASS, databases.token)
        # The server takes some milliseconds to see that nobody is there.
        assert eventually(lambda: connection.execute(lock, held).fetchone() is None)


@pytest.fixture
def foreign(server: Server) -> Iterator[Server]:
    """The server as one that somebody else runs."""
    return replace(server, provider="external", throwaway=False)


def test_a_session_shows_values_alike_everywhere(database: str) -> None:
    """The settings survive RESET ALL, and what a database or a role prefers."""
    run(database, f'ALTER DATABASE "{database_name(database)}" SET "TimeZone" = \'Asia/Tokyo\'')
    with connect(database) as connection:
        connection.execute("SET TimeZone = 'Europe/Rome'; RESET ALL")
        shown = [
            connection.execute(f"SHOW {name}").fetchone()  # type: ignore[arg-type]
            for name in ("TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits", "bytea_output", "search_path")
        ]

    assert shown == [("UTC",), ("ISO, MDY",), ("iso_8601",), ("3",), ("hex",), ("pg_catalog",)]


def test_a_connection_keeps_the_options_that_its_url_names(database: str) -> None:
    """They are added to, not replaced."""
    with connect(f"{database}&options=-c%20work_mem%3D123MB") as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("123MB",)
        assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)


def test_everything_made_is_dropped_even_while_sessions_are_connected(server: Server) -> None:
    """A session that somebody forgot does not keep a database alive."""
    with Databases(server) as databases:
        url = databases.create('Weird "Label"; --')
        stray = psycopg.connect(url)
        databases.create("second")
        made = {name for name in names(server) if f"{databases.token:08x}" in name}
        assert len(made) == 2
    stray.close()
    assert not made & names(server)


def test_everything_is_dropped_when_the_block_raises(server: Server) -> None:
    """The block's own error is the one that is seen."""
    made: list[str] = []

    def fail() -> None:
        with Databases(server) as databases:
            made.append(databases.create("one"))
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fail()
    assert database_name(made[0]) not in names(server)


def test_a_copy_holds_what_its_source_held(server: Server) -> None:
    """And it is another database: the source does not change with it."""
    with Databases(server) as databases:
        source = databases.create("source")
        run(source, "CREATE TABLE public.t AS SELECT 1 AS x")
        databases.disconnect(source)
        copy = databases.copy(source, "copy")
        run(copy, "UPDATE public.t SET x = 2")
        with connect(source) as connection:
            assert connection.execute("SELECT x FROM public.t").fetchone() == (1,)


def test_a_session_copies_the_database_that_it_is_in(foreign: Server) -> None:
    """And stays there; nobody else may, and one that may not write is closed and does not keep others from it."""
    with Databases(foreign) as databases:
        source = databases.create("source")
        with connect(source) as inside:
            inside.execute("CREATE TABLE public.t AS SELECT 1 AS x")
            with connect(databases.copy(source, "copy", inside)) as copy:
                assert copy.execute("SELECT x FROM public.t").fetchone() == (1,)
            inside.execute("SET default_transaction_read_only = on")
            with connect(databases.copy(source, "copy", inside)) as copy:
                assert copy.execute("SELECT x FROM public.t").fetchone() == (1,)
            assert inside.closed


def test_a_copy_keeps_the_settings_of_its_source(server: Server) -> None:
    """What ALTER DATABASE ... SET left on the source holds for the copy, lists and text with quotes alike."""
    with Databases(server) as made:
        source = made.create("source")
        with connect(source) as connection:
            for setting in ("search_path = 'a b', public", "statement_timeout = '7s'", "my.word = 'it''s'"):
                connection.execute(f"ALTER DATABASE {database_name(source)} SET {setting}")
        with psycopg.connect(made.copy(source, "copy")) as connection:
            shown = [connection.execute(f"SHOW {name}").fetchone() for name in ("search_path", "statement_timeout", "my.word")]

    assert shown == [('"a b", public',), ("7s",), ("it's",)]


def test_only_own_databases_are_dropped(server: Server) -> None:
    """Asking for another one is refused before the server hears of it."""
    with Databases(server) as databases:
        with pytest.raises(ProviderError, match="postgres was not made by this run"):
            databases.drop(server.url)
        with pytest.raises(ProviderError, match="was not made by this run"):
            databases.disconnect(server.url)


def test_a_template_that_is_missing_is_one_sentence(server: Server) -> None:
    """And the failed database is not in the way of the end."""
    with Databases(server) as databases, pytest.raises(ProviderError, match="does not exist"):
        databases.create("x", template="no_such_database")


def test_roles_that_scripts_made_are_dropped(server: Server) -> None:
    """Also those that own tables, were granted rights, have default privileges, or belong to another new role."""
    before = roles(server)
    with Databases(server) as databases:
        url = databases.create("roles")
        run(
            url,
            'CREATE ROLE "select"',
            'CREATE ROLE "Weird "" Name" IN ROLE "select"',
            "CREATE TABLE public.t (x int)",
            'ALTER TABLE public.t OWNER TO "select"',
            'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "Weird "" Name"',
            'GRANT CONNECT ON DATABASE postgres TO "Weird "" Name"',
        )
        databases.restore_roles()
        assert roles(server) == before
        with connect(url) as connection:
            owner = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 't'").fetchone()
        assert owner == ("postgres",)
        run(url, "CREATE ROLE late", "GRANT SELECT ON public.t TO late")
    assert roles(server) == before


def test_databases_that_scripts_made_are_dropped(server: Server) -> None:
    """A script that creates a database on a server of the run's own leaves none."""
    with Databases(server) as databases:
        run(databases.create("maker"), "CREATE ROLE owner_of_it", "CREATE DATABASE made_by_script OWNER owner_of_it")
        assert "made_by_script" in names(server)
    assert "made_by_script" not in names(server)
    assert "owner_of_it" not in roles(server)


@pytest.mark.parametrize(
    "bolt",
    [
        "ALTER DATABASE {name} IS_TEMPLATE true",
        "ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)",
        "SELECT pg_create_logical_replication_slot('mc_test_slot', 'test_decoding')",
    ],
)
def test_what_a_script_bolted_is_dropped_too(server: Server, bolt: str) -> None:
    """A database that was made a template, is closed to sessions, subscribes to something, or holds a replication slot."""
    with Databases(server) as databases:
        url = databases.create("bolted")
        run(server.url if "ALLOW" in bolt else url, bolt.format(name=f'"{database_name(url)}"'))
    assert database_name(url) not in names(server)


def test_what_a_dead_run_left_is_swept(server: Server) -> None:
    """Its lock is free: the connection that held it is gone."""
    dead = Databases(server)
    dead.__enter__()
    url = dead.create("left")
    leave_dead(dead)

    with Databases(server):
        assert database_name(url) not in names(server)


def test_what_a_living_run_has_is_kept(server: Server) -> None:
    """Two runs share a server without seeing each other, wherever their maintenance connections are."""
    with Databases(server) as first:
        url = first.create("mine")
        elsewhere = replace(server, url=with_database(server.url, "template1"))
        with Databases(elsewhere):
            assert database_name(url) in names(server)


def test_a_database_that_is_only_named_like_ours_is_kept(server: Server) -> None:
    """The mark is missing that only the toolkit gives."""
    with connect(server.url) as connection:
        connection.execute("CREATE DATABASE mc_0badcafe_1_precious")
        try:
            with Databases(server):
                assert "mc_0badcafe_1_precious" in names(server)
            connection.execute(sql.SQL("ALTER DATABASE mc_0badcafe_1_precious CONNECTION LIMIT {}").format(_MARK))
            with Databases(server):
                assert "mc_0badcafe_1_precious" not in names(server)
        finally:
            connection.execute("DROP DATABASE IF EXISTS mc_0badcafe_1_precious")


def test_roles_of_a_dead_run_are_swept_from_a_foreign_server(foreign: Server) -> None:
    """Only those that its databases depend on and that were not there before it."""
    run(foreign.url, "CREATE ROLE was_there")
    try:
        dead = Databases(foreign)
        dead.__enter__()
        url = dead.create("left")
        run(url, "CREATE ROLE made_by_dead", "CREATE TABLE public.t ()", "GRANT SELECT ON public.t TO made_by_dead, was_there")
        run(foreign.url, "CREATE ROLE made_by_somebody")
        leave_dead(dead)

        with Databases(foreign):
            left = roles(foreign)
        assert "made_by_dead" not in left
        assert {"was_there", "made_by_somebody"} <= left
    finally:
        run(foreign.url, "DROP ROLE IF EXISTS was_there, made_by_somebody, made_by_dead")


def test_roles_that_others_make_meanwhile_are_kept_on_a_shared_server(foreign: Server) -> None:
    """Of the roles that appear, only those that the run's databases depend on are its own."""
    try:
        with Databases(replace(foreign, shared=True)) as databases:
            url = databases.create("mine")
            run(foreign.url, "CREATE ROLE of_a_colleague")
            run(url, "CREATE ROLE of_the_script", "CREATE TABLE public.t ()", "GRANT SELECT ON public.t TO of_the_script")
            databases.drop(url)
        assert "of_the_script" not in roles(foreign)
        assert "of_a_colleague" in roles(foreign)
    finally:
        run(foreign.url, "DROP ROLE IF EXISTS of_a_colleague, of_the_script")


def test_a_run_survives_the_loss_of_its_connection(server: Server) -> None:
    """The maintenance connection is opened again, and the lock is taken again."""
    with Databases(server) as databases:
        url = databases.create("before")
        assert databases._connection is not None
        run(server.url, f"SELECT pg_terminate_backend({databases._connection.info.backend_pid})")
        databases.create("after")
        with Databases(server):
            assert database_name(url) in names(server)
    assert database_name(url) not in names(server)


def test_a_server_that_died_is_one_sentence() -> None:
    """No traceback of the driver's, and a remedy."""
    nowhere = Server("postgresql://ann:secret@/postgres?host=/nowhere/at/all", 180000, "embedded")
    with pytest.raises(ProviderError) as caught:
        Databases(nowhere).__enter__()
    assert "Preparing the server failed" in caught.value.message
    assert "secret" not in str(caught.value)


def test_a_role_that_is_no_superuser_does_all_of_it(server: Server) -> None:
    """CREATEDB and CREATEROLE are enough to make, copy and drop, and to drop roles that own things."""
    run(server.url, "CREATE ROLE plain LOGIN CREATEDB CREATEROLE")
    plain = replace(server, url=server.url.replace("postgres@", "plain@"), provider="external", throwaway=False)
    try:
        with Databases(plain) as databases:
            url = databases.create("one")
            run(url, "CREATE ROLE child", "CREATE SCHEMA s", "CREATE TABLE s.t (x int)", "GRANT ALL ON s.t TO child")
            databases.copy(url, "two")
            databases.restore_roles()
            assert "child" not in roles(server)
        assert not [name for name in names(server) if f"{databases.token:08x}" in name]
    finally:
        run(server.url, "DROP ROLE IF EXISTS child", "DROP ROLE plain")


def test_a_run_that_is_killed_after_it_dropped_a_database(server: Server) -> None:
    """The next run finds the roles that the dropped database knew, noted on those that are still there."""
    theirs = Server(server.url, server.version, "external", throwaway=False, shared=True)
    killed = Databases(theirs)
    killed.__enter__()
    first, second = killed.create("first"), killed.create("second")
    with connect(first) as connection:
        connection.execute("CREATE ROLE mct_left LOGIN")
        connection.execute("CREATE TABLE public.t ()")
        connection.execute("GRANT SELECT ON public.t TO mct_left")
    killed.drop(first)
    leave_dead(killed)  # as a kill would: nothing else is done
    with Databases(theirs), connect(server.url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'mct_left'").fetchone() == (0,)
        assert second

"""The fast lane: many prepared statements in one round trip, and an error that spoils nothing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migration_checks.connection import connect
from migration_checks.lane import Lane, array


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as opened:
        yield opened


def test_many_questions_at_once(connection: psycopg.Connection) -> None:
    """Each has its own answer, also one that was asked before, and twice in one turn."""
    lane = Lane.of(connection)
    add, count = "SELECT $1::int + $2::int, NULL, 'é'".encode(), b"SELECT g FROM generate_series(1, $1::int) g"
    for _ in range(2):
        sums, none, three, again = lane.ask((add, (b"1", b"2")), (count, (b"0",)), (count, (b"3",)), (add, (b"5", b"5")))

        assert [(b"3", None, "é".encode())] == sums
        assert [] == none
        assert [(b"1",), (b"2",), (b"3",)] == three
        assert b"10" == again[0][0]


def test_values_of_any_size(connection: psycopg.Connection) -> None:
    """Questions and answers that fill the socket's buffers, in both directions."""
    lane, long = Lane.of(connection), b"x" * 3_000_000
    answers = lane.ask(*((b"SELECT repeat($1::text, 2)", (long,)) for _ in range(3)))

    assert [len(long) * 2] * 3 == [len(answer[0][0] or b"") for answer in answers]


def test_json_rows(connection: psycopg.Connection) -> None:
    """Rows of one JSON value each are parsed; arrays of numbers go in as text."""
    query = b"SELECT json_build_array(n, 'a\"b', true) FROM unnest($1::int[]) n"

    assert [[[1, 'a"b', True], [2, 'a"b', True]]] == Lane.of(connection).parsed((query, (array([1, 2]),)))
    assert [[]] == Lane.of(connection).parsed((query, (array([]),)))


@pytest.mark.parametrize("wrong", [b"SELECT * FROM nowhere", b"SELECT 1 / (SELECT 0)", b"nonsense"])
def test_an_error_is_that_of_the_question(connection: psycopg.Connection, wrong: bytes) -> None:
    """It is raised as psycopg raises it, and the next questions are answered."""
    lane = Lane.of(connection)
    for _ in range(2):
        with pytest.raises(psycopg.Error) as caught:
            lane.ask((b"SELECT 1", ()), (wrong, ()), (b"SELECT 2", ()))
        assert caught.value.sqlstate in ("42P01", "22012", "42601")
        assert [[(b"2",)]] == lane.ask((b"SELECT 2", ()))


def test_what_is_asked_beforehand(connection: psycopg.Connection) -> None:
    """Once, before the next question that is answered, and its own answer is nobody's."""
    lane, setting = Lane.of(connection), b"SELECT current_setting('work_mem')"
    assert lane.clear
    lane.beforehand((b"SELECT set_config('work_mem', '7MB', false)", ()))
    assert not lane.clear
    with pytest.raises(psycopg.errors.UndefinedTable):
        lane.ask((b"SELECT * FROM nowhere", ()))

    assert not lane.clear
    assert [[(b"7MB",)], [(b"1",)]] == lane.ask((setting, ()), (b"SELECT 1", ()))
    assert lane.clear
    connection.execute("RESET work_mem")
    assert [[(b"7MB",)]] != lane.ask((setting, ()))


def test_within_a_transaction(connection: psycopg.Connection) -> None:
    """It sees what the transaction has done, and leaves it open; what is prepared outlives a rollback."""
    lane, count = Lane.of(connection), b"SELECT count(*) FROM pg_class WHERE relname = 'made'"
    for _ in range(2):
        with connection.transaction(force_rollback=True):
            connection.execute("CREATE TABLE public.made ()")
            connection.execute("DROP TABLE IF EXISTS public.other")

            assert [[(b"1",)]] == lane.ask((count, ()))
        assert [[(b"0",)]] == lane.ask((count, ()))


def test_a_connection_that_is_lost(connection: psycopg.Connection, database: str) -> None:
    """It says so, as any other statement would."""
    Lane.of(connection).ask((b"SELECT 1", ()))
    with connect(database) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        Lane.of(connection).ask((b"SELECT pg_sleep(5)", ()))

"""Exceptions become failures by class, SQLSTATE and diagnostics."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType

from migration_checks.worker.failures import failure_of
from migration_checks.worker.statements import Places


class ServerError(Exception):
    """Shaped as drivers shape theirs."""

    sqlstate = "23505"
    table_name = "t"
    schema_name = "s"
    constraint_name = "t_pkey"


def _raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


HERE = Places([__file__], os.path.dirname(__file__))


def test_a_server_error() -> None:
    """The code and what the server names are kept, and the place is the last line in a script."""
    failure = failure_of(_raised(ServerError("duplicate key\nDETAIL: (1)\nLINE 1: more")), HERE)

    assert (failure.kind, failure.message, failure.sqlstate) == ("ServerError", "duplicate key\nDETAIL: (1)", "23505")
    assert (failure.table, failure.constraint, failure.column) == ("s.t", "t_pkey", None)
    assert failure.path == __file__


def test_an_explicit_cause() -> None:
    """A script's own exception raised from a server error keeps its SQLSTATE; one merely raised during it does not."""
    assert failure_of(_raised(ValueError("no"), ServerError()), HERE).sqlstate == "23505"
    assert failure_of(_raised(ValueError("no")), HERE).sqlstate is None


def test_elsewhere() -> None:
    """An exception that came through no script has no place."""
    assert failure_of(_raised(ValueError("no")), Places([], "/nonexistent")).path is None


def test_a_syntax_error_is_placed_where_it_is() -> None:
    """In the file that cannot be read, though no line of it ran."""
    failure = failure_of(_raised(SyntaxError("invalid", ("/p/versions/a1.py", 7, 1, "x ="))), Places([], "/nonexistent"))

    assert ("/p/versions/a1.py", 7) == (failure.path, failure.line)


def test_a_circle_of_causes_ends() -> None:
    """Exceptions that are each other's cause do not hang the toolkit."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    assert failure_of(first, Places([], "/nonexistent")).message == "first"


def test_exits_and_refusals() -> None:
    """sys.exit is a failure; NotImplementedError a refusal."""
    assert "sys.exit(3)" in failure_of(SystemExit(3), HERE).message
    assert failure_of(NotImplementedError(), HERE).refused
    assert failure_of(NotImplementedError(), HERE).message == "NotImplementedError"
    assert len(failure_of(ValueError("x" * 1000), HERE).message) == 300


def test_a_script_without_a_downgrade_refuses() -> None:
    """It says that there is no way back as others do by NotImplementedError; no other missing name does."""
    module = ModuleType("a1")
    found = failure_of(_caught(lambda: module.downgrade()), HERE)

    assert (True, "the script has no downgrade()") == (found.refused, found.message)
    assert not failure_of(_caught(lambda: module.other()), HERE).refused
    assert not failure_of(_caught(lambda: object().downgrade()), HERE).refused  # type: ignore[attr-defined]


def test_a_guard() -> None:
    """An exception that a script raises of its own accord is deliberate; one that it meets, or answers, is not."""

    def guard() -> None:
        raise RuntimeError("3 orders are open")

    def met() -> None:
        int("x")

    def answered() -> None:
        try:
            met()
        except ValueError:
            raise RuntimeError("not a number")  # noqa: B904

    def verdict(places: Places, *functions: Callable[[], None]) -> list[bool]:
        return [failure_of(_caught(function), places).deliberate for function in functions]

    assert verdict(HERE, guard, met, answered) == [True, False, False]
    assert verdict(Places([], "/nonexistent"), guard) == [False]


def _caught(function: Callable[[], None]) -> BaseException:
    try:
        function()
    except BaseException as caught:
        return caught
    raise AssertionError("nothing was raised")

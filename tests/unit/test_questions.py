"""Invariants and contracts: at which places they are asked, and what an answer of the server means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_checks.lineage import Contract, Invariant, Lineage
from migration_checks.questions import Questions


class Asked:
    """A connection that keeps what is sent, and whose statements are answered by `answer`."""

    def __init__(self, answer: Callable[[str], list[tuple[Any, ...]]] = lambda query: []) -> None:
        self.answer = answer
        self.sent: list[str] = []
        self.rolled_back: list[bool] = []

    @contextmanager
    def transaction(self, *, force_rollback: bool = False) -> Iterator[None]:
        self.rolled_back.append(force_rollback)
        yield

    @contextmanager
    def cursor(self) -> Iterator[Asked]:
        yield self

    def execute(self, query: str | bytes) -> None:
        text = query.decode() if isinstance(query, bytes) else query
        self.sent.append(text)
        self.rows = self.answer(text) if not text.startswith("SET") else []

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        return self.rows[:size]


def lineage(**questions: Any) -> Lineage:
    return Lineage(name="shop", root=Path("."), config=Path("alembic.ini"), **questions)


def ask(connection: Asked, applied: list[str], **questions: Any) -> dict[str, str | None]:
    return dict(Questions(lineage(**questions)).ask(connection, applied))  # type: ignore[arg-type]


def refuses(error: psycopg.Error) -> Callable[[str], list[tuple[Any, ...]]]:
    def answer(query: str) -> list[tuple[Any, ...]]:
        raise error

    return answer


@pytest.mark.parametrize(
    ("since", "until", "applied", "asked"),
    [
        (None, None, [], True),
        ("b", None, ["a"], False),
        ("b", None, ["a", "b"], True),
        ("b", None, ["a", "b", "c"], True),
        (None, "b", ["a"], True),
        (None, "b", ["a", "b"], True),
        (None, "b", ["a", "b", "c"], False),
        ("a", "b", ["a", "b"], True),
    ],
)
def test_a_question_is_for_some_places(since: str | None, until: str | None, applied: list[str], asked: bool) -> None:
    """From `since` on, up to `until` and no higher."""
    found = ask(Asked(), applied, invariants=(Invariant("none", "SELECT 1", since=since, until=until),))

    assert ("none" in found) is asked


def test_an_invariant_holds_when_nothing_contradicts_it() -> None:
    """Its query finds what should not be."""
    assert ask(Asked(), [], invariants=(Invariant("no orphans", "SELECT 1"),)) == {"no orphans": None}


def test_the_first_rows_that_contradict_are_told() -> None:
    """Three of them."""
    found = ask(Asked(lambda query: [(1, "a"), (2, "b"), (3, "c"), (4, "d")]), [], invariants=(Invariant("x", "SELECT 1"),))

    assert found == {"x": "1, a; 2, b; 3, c"}


def test_an_invariant_that_names_what_is_not_there_is_not_asked() -> None:
    """It holds at other places."""
    for error in (
        psycopg.errors.UndefinedTable("t"),
        psycopg.errors.UndefinedColumn("c"),
        psycopg.errors.InvalidSchemaName("s"),
    ):
        assert ask(Asked(refuses(error)), [], invariants=(Invariant("x", "SELECT 1"),)) == {}


def test_an_invariant_that_cannot_be_asked_is_contradicted() -> None:
    """By the server's first line."""
    found = ask(Asked(refuses(psycopg.errors.SyntaxError("no\nLINE 1"))), [], invariants=(Invariant("x", "SELEC"),))

    assert found == {"x": "could not be asked: no"}


def test_an_invariant_cannot_write() -> None:
    """It is asked in a read-only transaction, with the names of an application."""
    connection = Asked()
    ask(connection, [], invariants=(Invariant("x", "SELECT 1"),))

    assert connection.sent[0] == "SET TRANSACTION READ ONLY"
    assert '"$user", public' in connection.sent[1]
    assert connection.sent[2] == "SELECT 1"


def test_a_contract_is_tried_and_taken_back() -> None:
    """All of its statements, in a transaction that is rolled back."""
    connection = Asked()

    assert ask(connection, [], contracts=(Contract("old release", ("INSERT 1", "UPDATE 2")),)) == {"contract:old release": None}
    assert connection.rolled_back == [True]
    assert connection.sent[1:] == ["INSERT 1", "UPDATE 2"]


def test_a_contract_that_the_server_refuses() -> None:
    """Why is told; what is missing is a refusal too, for the old release needs it."""
    found = ask(Asked(refuses(psycopg.errors.UndefinedColumn("no column"))), [], contracts=(Contract("c", ("SELECT x",)),))

    assert found == {"contract:c": "no column"}


def test_what_was_asked_nowhere_is_known() -> None:
    """Under the names that the questions have."""
    questions = Questions(
        lineage(
            invariants=(Invariant("one", "SELECT 1"), Invariant("two", "SELECT 1", falsified=True)),
            contracts=(Contract("three", ()),),
        )
    )

    assert questions.unasked([]) == ("one", "two", "three")
    assert questions.unasked([{"one": None}, {"falsified:two": "x"}]) == ("three",)

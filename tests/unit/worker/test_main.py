"""A worker's pipes: orders in, answers out, and an end when there are no more orders."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from migration_checks.errors import ConfigurationError
from migration_checks.worker.main import Pipes, _answer
from migration_checks.worker.wire import decode, encode

Ends = tuple[Pipes, int, int]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """The worker's pipes, where orders are written, and where answers are read."""
    orders, order = os.pipe()
    answer, answers = os.pipe()
    yield Pipes(orders, answers), order, answer
    for each in (answer, answers):
        os.close(each)


def test_orders_are_taken_one_by_one(ends: Ends) -> None:
    """When whoever gives them is gone, there is one more: to leave."""
    pipes, order, _ = ends
    os.write(order, encode({"do": "one"}) + encode({"do": "two"}))
    os.close(order)

    assert [pipes.take()["do"] for _ in range(3)] == ["one", "two", "quit"]


def test_an_order_that_was_put_back_comes_next(ends: Ends) -> None:
    """Before those that wait."""
    pipes, order, _ = ends
    os.write(order, encode({"do": "later"}))
    pipes.put_back({"do": "now"})

    assert [pipes.take()["do"] for _ in range(2)] == ["now", "later"]
    os.close(order)


def test_an_answer_arrives_whole(ends: Ends) -> None:
    """On one line, whatever is in it."""
    pipes, order, answer = ends
    message = {"text": "one\ntwo ü \x00", "list": [1, None, {"a": True}]}
    pipes.reply(message)
    os.close(order)

    assert decode(os.read(answer, 65_536)) == message


def test_errors_of_ours_keep_their_kind() -> None:
    """With message and remedy, for the parent to raise."""

    def refuse(order: object) -> dict[str, object]:
        raise ConfigurationError("No range.", "Write one.")

    assert _answer(refuse, {"do": "resolve"}) == {
        "error": {"kind": "ConfigurationError", "message": "No range.", "remedy": "Write one."}
    }


def test_errors_of_nobody_are_told_as_such() -> None:
    """With their type and text."""

    def fail(order: object) -> dict[str, object]:
        raise AttributeError("no such thing in this Alembic")

    error = _answer(fail, {"do": "load"})["error"]

    assert error["kind"] == "EnvironmentFailure"
    assert "AttributeError: no such thing in this Alembic" in error["message"]

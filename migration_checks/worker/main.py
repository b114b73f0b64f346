"""The worker's life: takes orders from one pipe and answers on another, until there are no more orders."""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Callable
from typing import Any

from migration_checks.errors import ToolkitError
from migration_checks.worker.wire import Message, decode, encode


class Pipes:
    """Orders in, answers out."""

    def __init__(self, orders: int, answers: int) -> None:
        self._answers = answers
        self._back: Message | None = None
        self._process = os.getpid()
        for each in (orders, answers):
            os.set_inheritable(each, False)
        self._orders = os.fdopen(orders, "rb")

    def take(self) -> Message:
        """The next order, {"do": "quit"} when there will be none. Ends the process when a script's fork came here."""
        if os.getpid() != self._process:
            os._exit(0)
        if self._back is not None:
            order, self._back = self._back, None
            return order
        line = self._orders.readline()
        return decode(line) if line else {"do": "quit"}

    def put_back(self, order: Message) -> None:
        """Let the next `take` have `order` again."""
        self._back = order

    def reply(self, answer: Message) -> None:
        """Answer; a fork of ours has nothing to say."""
        if os.getpid() != self._process:
            os._exit(0)
        data = memoryview(encode(answer))
        while data:
            data = data[os.write(self._answers, data) :]


def main(arguments: list[str]) -> None:
    """Serve until there are no more orders; `arguments` are the descriptors of the two pipes."""
    orders, answers = (int(each) for each in arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve(Pipes(orders, answers))
    atexit._run_exitfuncs()
    os._exit(0)  # neither a script's threads nor the taking apart of every module shall keep us here


def _serve(pipes: Pipes) -> None:
    from migration_checks.worker.drivers import watch_imports
    from migration_checks.worker.guard import Guard

    guard = Guard()
    guard.install()
    watch_imports(guard)
    from migration_checks.worker.alembic_driver import Driver

    driver = Driver(guard, pipes.take, pipes.put_back, pipes.reply)
    inquiries: dict[str, Callable[[Message], Message]] = {
        "load": lambda order: driver.load(order["lineage"]),
        "resolve": lambda order: driver.resolve(order["range"]),
        "attach": lambda order: driver.attach(order["url"]),
        "detach": lambda order: {},
        "drift": lambda order: driver.drift(),
    }
    while (order := pipes.take())["do"] != "quit":
        inquiry = inquiries.get(order["do"])
        if inquiry is None:
            driver.run(order)
        else:
            pipes.reply(_answer(inquiry, order))


def _answer(inquiry: Callable[[Message], Message], order: Message) -> Message:
    try:
        return inquiry(order)
    except ToolkitError as error:
        return {"error": {"kind": type(error).__name__, "message": error.message, "remedy": error.remedy}}
    except Exception as error:
        return {"error": _unforeseen(error)}


def _unforeseen(error: BaseException) -> dict[str, Any]:
    from migration_checks.worker.loading import explain

    return {
        "kind": "EnvironmentFailure",
        "message": f"Alembic could not be driven: {explain(error)}.",
        "remedy": "Please report this with the Alembic and SQLAlchemy versions in use.",
    }

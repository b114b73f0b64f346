"""The worker's life: takes orders from one pipe, answers on another, and dies when its parent does."""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from migration_checks.errors import ToolkitError
from migration_checks.worker.wire import Message, decode, encode

_PR_SET_PDEATHSIG = 1


class Pipes:
    """Orders in, answers out. A thread of its own reads the orders, so that the parent's end is noticed during a step."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._waiting: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._back: Message | None = None
        self._process = os.getpid()
        self._idle = threading.Event()
        for each in (orders, answers):
            os.set_inheritable(each, False)
        threading.Thread(target=self._read, name="orders", daemon=True).start()

    def _read(self) -> None:
        with os.fdopen(self._orders, "rb") as lines:
            for line in lines:
                self._waiting.put(decode(line))
        self._waiting.put(None)
        if self._idle.is_set():
            time.sleep(2)  # the main thread is leaving; what keeps it longer is a script's own doing
        os.killpg(0, signal.SIGKILL)

    def take(self) -> Message:
        """The next order, {"do": "quit"} when there will be none. Ends the process when a script's fork came here."""
        if os.getpid() != self._process:
            os._exit(0)
        if self._back is not None:
            order, self._back = self._back, None
            return order
        self._idle.set()
        found = self._waiting.get()
        self._idle.clear()
        if found is None:
            self._idle.set()
            return {"do": "quit"}
        return found

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
    """Serve until there are no more orders. `arguments`: the two pipes, and "1" when the parent's main thread started us."""
    orders, answers, from_main = (int(each) for each in arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if from_main:
        _die_with_parent()
    pipes = Pipes(orders, answers)
    _serve(pipes)
    if threading.active_count() > 2:
        os._exit(0)  # a script's thread would keep us here


def _die_with_parent() -> None:
    """On Linux, let the kernel end us with the parent's thread that started us: even in the middle of a C call."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(pipes: Pipes) -> None:
    from migration_checks.worker.drivers import watch_drivers
    from migration_checks.worker.guard import Guard

    guard = Guard()
    guard.install()
    watch_drivers(guard)
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

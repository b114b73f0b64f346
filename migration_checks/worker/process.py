"""The parent's end of a worker: starts the process, asks it, keeps the last of what it prints, and ends it."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from migration_checks.worker.forkserver import serving
from migration_checks.worker.wire import Message, decode, encode

_KEPT_OUTPUT = 8_192


class WorkerDied(Exception):
    """The worker ended before it answered; `status` as subprocess.Popen.returncode has it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the worker ended with status {status}")
        self.status = status


class WorkerSilent(Exception):
    """The worker did not answer in time."""


class WorkerProcess:
    """One worker, running from the moment it is made until `close` or `kill`."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self._rest = b""
        self._output: deque[bytes] = deque()
        self._printed, printed = os.pipe()
        try:
            self._fork = serving(directory, environment).fork(directory, environment, (orders, answers, printed))
        except BaseException:
            for each in (self._orders, self._answers, self._printed):
                os.close(each)
            raise
        finally:
            for each in (orders, answers, printed):
                os.close(each)
        self._drain = threading.Thread(target=self._keep_output, name="worker output", daemon=True)
        self._drain.start()

    def _keep_output(self) -> None:
        """Read what the worker prints, however much it is, and keep the last of it."""
        kept = 0
        with suppress(OSError):
            while data := os.read(self._printed, 65_536):
                self._output.append(data[-_KEPT_OUTPUT:])
                kept += len(self._output[-1])
                while kept - len(self._output[0]) >= _KEPT_OUTPUT:
                    kept -= len(self._output.popleft())

    @property
    def output(self) -> str:
        """The last few kilobytes that the worker and its children printed."""
        return (b"".join(self._output) or self._fork.complaints)[-_KEPT_OUTPUT:].decode(errors="replace")

    @property
    def alive(self) -> bool:
        return self._fork.poll() is None

    @property
    def pid(self) -> int:
        return self._fork.pid

    def send(self, order: Message) -> None:
        """Give an order. Raises WorkerDied."""
        try:
            data = memoryview(encode(order))
            while data:
                data = data[os.write(self._orders, data) :]
        except BrokenPipeError as error:
            raise WorkerDied(self._status()) from error

    def receive(self, deadline: float) -> Message:
        """The next answer, until time.monotonic() is `deadline`. Raises WorkerDied or WorkerSilent."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise WorkerSilent
                # A fork of the worker may hold the pipe open after its death, so end of file alone does not tell.
                alive = self.alive
                if selector.select(min(left, 0.1)):
                    data = os.read(self._answers, 1 << 20)
                    if not data:
                        raise WorkerDied(self._status())
                    self._rest = self._rest + data if self._rest else data
                elif not alive:
                    raise WorkerDied(self._status())
        line, _, self._rest = self._rest.partition(b"\n")
        return decode(line)

    def _status(self) -> int:
        self._fork.wait(1)  # its pipe may close a moment before it ends, and its own status says more than ours
        return self._fork.end()

    def close(self) -> None:
        """Let the worker finish by itself, and end it when it does not; nothing of it is left."""
        with suppress(OSError):
            os.close(self._orders)
        self._orders = -1
        self._fork.wait(1)
        self.kill()

    def kill(self) -> None:
        """End the worker and everything in its session's process group, now."""
        self._fork.end()
        for each in (self._orders, self._answers):
            with suppress(OSError):
                os.close(each)
        self._orders = self._answers = -1
        self._drain.join(0.5)
        if self._printed >= 0 and not self._drain.is_alive():
            os.close(self._printed)
            self._printed = -1

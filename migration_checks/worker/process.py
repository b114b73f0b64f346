"""The parent's end of a worker: starts the process, asks it, keeps the last of what it prints, and ends it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import migration_checks
from migration_checks.worker.wire import Message, decode, encode

_START = "import sys; sys.path.append(sys.argv.pop(1)); from migration_checks.worker.main import main; main(sys.argv[1:])"
_KEPT_OUTPUT = 8_192

# Ends the worker's process group when our end of its pipe closes, which it does however we die. A program of its own: a thread
# of the worker would wait for whatever holds Python's lock there, and PR_SET_PDEATHSIG spares the worker's children.
_WATCH = 'read -r _; kill -9 "-$1"'


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
        home = str(Path(migration_checks.__file__).parent.parent)
        command = [sys.executable, "-P", "-c", _START, home, str(orders), str(answers)]
        try:
            self._process = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(orders, answers),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._orders)
            os.close(self._answers)
            raise
        finally:
            os.close(orders)
            os.close(answers)
        self._watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "sh", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._drain = threading.Thread(target=self._keep_output, name="worker output", daemon=True)
        self._drain.start()

    def _keep_output(self) -> None:
        """Read what the worker prints, however much it is, and keep the last of it."""
        assert self._process.stdout is not None
        kept = 0
        with suppress(ValueError, OSError):
            while data := os.read(self._process.stdout.fileno(), 65_536):
                self._output.append(data[-_KEPT_OUTPUT:])
                kept += len(self._output[-1])
                while kept - len(self._output[0]) >= _KEPT_OUTPUT:
                    kept -= len(self._output.popleft())

    @property
    def output(self) -> str:
        """The last few kilobytes that the worker and its children printed."""
        return b"".join(self._output)[-_KEPT_OUTPUT:].decode(errors="replace")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

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
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)  # its pipe may close a moment before it ends, and its own status says more than ours
        self._end()
        return self._process.returncode

    def close(self) -> None:
        """Let the worker finish by itself, and end it when it does not; nothing of it is left."""
        with suppress(OSError):
            os.close(self._orders)
        self._orders = -1
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self.kill()

    def kill(self) -> None:
        """End the worker and everything in its session's process group, now."""
        self._end()
        for each in (self._orders, self._answers):
            with suppress(OSError):
                os.close(each)
        self._orders = self._answers = -1
        if self._watch.stdin is not None:
            self._watch.stdin.close()
        self._drain.join(0.5)
        if self._process.stdout is not None and not self._drain.is_alive():
            self._process.stdout.close()

    def _end(self) -> None:
        if self._watch.poll() is None:
            self._watch.kill()
            self._watch.wait()
        # The group lives on while a child of the worker does; its id cannot be taken by another as long as it does.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

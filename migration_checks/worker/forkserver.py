"""The parent's end of the process that workers are forked from (`nursery`): starts it, asks it for workers, and ends it."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import migration_checks
from migration_checks.worker.nursery import LENGTH

_START = "import sys; sys.path.append(sys.argv.pop(1)); from migration_checks.worker.nursery import main; main(sys.argv[1:])"
_KEPT_COMPLAINTS = 8_192
_PATIENCE = 5.0

# pytest tells by it which test runs: no interpreter starts otherwise because of it.
_IMMATERIAL = frozenset({"PYTEST_CURRENT_TEST"})


class Fork:
    """One process forked for us; it has ended, with all that it started, after `end`."""

    def __init__(self, server: ForkServer, life: socket.socket) -> None:
        self._server = server
        self._life = life
        self._told = b""
        self._status: int | None = None

    @property
    def pid(self) -> int:
        """Its process id, which is also its process group's; waits until it has been forked. 0 when it never was."""
        while b"\n" not in self._told and self._listen(None):
            pass
        line, _, _ = self._told.partition(b"\n")
        return int(line or 0)

    @property
    def complaints(self) -> bytes:
        """What the process that it was to be forked from said of its own start, where it could not start."""
        return self._server.complaints

    def poll(self) -> int | None:
        """Its status as subprocess.Popen.returncode has it; None while it runs."""
        return self.wait(0)

    def wait(self, seconds: float) -> int | None:
        """The same, once it has ended or so many seconds have passed."""
        deadline = time.monotonic() + seconds
        while self._status is None and self._told.count(b"\n") < 2:
            if not self._listen(max(0.0, deadline - time.monotonic())):
                break
        return self._status

    def end(self) -> int:
        """End it and everything in its process group, now; returns its status."""
        if self._life.fileno() >= 0:
            with suppress(OSError):
                self._life.shutdown(socket.SHUT_WR)
            if self.wait(_PATIENCE) is None:
                self._status = self._server.failed()
            if not self._server.alive and (pid := self.pid):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)  # the nursery was killed, and cannot do it any more
            self._life.close()
            self._server.left(self)
        assert self._status is not None
        return self._status

    def _listen(self, seconds: float | None) -> bool:
        """Wait for what is said next; False when nothing was, or never will be."""
        if self._life.fileno() < 0 or not select.select([self._life], [], [], seconds)[0]:
            return False
        said = b""
        with suppress(OSError):
            said = self._life.recv(64)
        self._told += said
        if said:
            lines = self._told.split(b"\n")
            if len(lines) > 2:
                self._status = int(lines[1])
        elif self._status is None:
            self._status = self._server.failed()
        return bool(said)


class ForkServer:
    """A running nursery, for workers that an interpreter with these `circumstances` would be the same for."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.circumstances = _circumstances(directory, environment)
        self._lock = threading.Lock()
        self._forks: set[Fork] = set()
        self._retired = False
        self._orders, orders = socket.socketpair()
        home = str(Path(migration_checks.__file__).parent.parent)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, home, str(orders.fileno()), str(os.getpid())],
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(orders.fileno(),),
                start_new_session=True,  # Ctrl-C in a terminal reaches the whole group; how its workers end is for us to say
            )
        except BaseException:
            self._orders.close()
            raise
        finally:
            orders.close()
        self.complaints = b""

    def fork(self, directory: Path, environment: Mapping[str, str], descriptors: tuple[int, int, int]) -> Fork:
        """A worker that runs in `directory` with `descriptors` for its orders, its answers and what it prints.

        It has not been forked yet on return.
        """
        ours, theirs = socket.socketpair()
        order = json.dumps({"directory": str(directory), "environment": dict(environment)}).encode()
        fork = Fork(self, ours)
        with theirs, self._lock:
            self._forks.add(fork)
            with suppress(OSError):  # it has ended: that is seen when the fork is waited for
                socket.send_fds(self._orders, [len(order).to_bytes(LENGTH, "big")], [theirs.fileno(), *descriptors])
                self._orders.sendall(order)
        return fork

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def failed(self) -> int:
        """The status of the nursery, for a fork of which it said nothing; ended when it is none."""
        with self._lock:
            if self._process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(1)
            if self._process.poll() is None:
                self._process.kill()
            status = self._process.wait()
            self._hear()
        return status

    def _hear(self) -> None:
        """Keep the last of what it printed: its children print elsewhere, so this is about its own start."""
        assert self._process.stdout is not None
        if not self._process.stdout.closed:
            os.set_blocking(self._process.stdout.fileno(), False)
            with suppress(OSError):
                self.complaints = (os.read(self._process.stdout.fileno(), 65_536))[-_KEPT_COMPLAINTS:]

    def left(self, fork: Fork) -> None:
        """A fork has been ended; the last of a retired server ends it."""
        with self._lock:
            self._forks.discard(fork)
            last = self._retired and not self._forks
        if last:
            self.close()

    def retire(self) -> None:
        """End as soon as no worker is left."""
        with self._lock:
            self._retired = True
            idle = not self._forks
        if idle:
            self.close()

    def close(self) -> None:
        """End it, and every worker that is left."""
        self._orders.close()
        if not self._forks:
            self._process.kill()  # it may be importing still
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def forget(self) -> None:
        """Let go of it in a fork of our process: it is our parent's."""
        self._orders.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.returncode = 0  # not ours to wait for


_lock = threading.Lock()
_current: ForkServer | None = None


def serving(directory: Path, environment: Mapping[str, str]) -> ForkServer:
    """A server for workers in `directory` with this environment; one is kept, for the circumstances seen last.

    Raises FileNotFoundError when there is no such directory.
    """
    global _current
    os.stat(directory)
    with _lock:
        if _current is None or not _current.alive or _current.circumstances != _circumstances(directory, environment):
            if _current is not None:
                _current.retire()
            _current = ForkServer(directory, environment)
        return _current


def _circumstances(directory: Path, environment: Mapping[str, str]) -> tuple[dict[str, str], Path | None]:
    """What an interpreter finds when it starts; where it starts counts when PYTHONPATH has relative entries."""
    entries = environment.get("PYTHONPATH")
    relative = entries is not None and not all(map(os.path.isabs, entries.split(os.pathsep)))
    told = {name: value for name, value in environment.items() if name not in _IMMATERIAL}
    return told, directory if relative else None


@atexit.register
def close() -> None:
    """End the server that is kept, if there is one; at exit at the latest, which a process of multiprocessing does not have."""
    global _current
    server, _current = _current, None
    if server is not None:
        server.close()


def _in_a_fork() -> None:
    global _current, _lock
    server, _current, _lock = _current, None, threading.Lock()
    if server is not None:
        server.forget()


os.register_at_fork(after_in_child=_in_a_fork)

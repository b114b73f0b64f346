"""The process that workers are forked from: it has imported what each of them needs, which takes far longer than a fork.

It is a program of its own with one thread, so that a fork of it is safe, and it outlives no parent. An order is a message on
the socket named on its command line: four bytes of length with four descriptors (life, orders, answers, output), then JSON
with `directory` and `environment`. On `life` it says the worker's process id in one line and, once the worker has ended, its
status in another (as subprocess.Popen.returncode has it). When the other end of `life` closes or speaks, the worker's process
group is ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from typing import Any, NoReturn

DESCRIPTORS = 4
LENGTH = 4
_PARENT_POLL = 0.5  # only for a parent that died while a fork of it holds our socket open
_DEAF = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> None:
    """Serve until the parent is gone; `arguments` are the descriptor of the socket and the parent's process id."""
    for each in _DEAF:
        signal.signal(each, signal.SIG_IGN)  # whoever ends this process by a signal would leave workers behind
    os.chdir("/")  # where it began may be removed, or be on a disk that is to be unmounted
    Nursery(socket.socket(fileno=int(arguments[0])), int(arguments[1])).serve()


class Nursery:
    """The workers forked so far, by the socket on which each is spoken of."""

    def __init__(self, orders: socket.socket, parent: int) -> None:
        self._orders = orders
        self._parent = parent
        self._pid = os.getpid()
        self._workers: dict[socket.socket, int] = {}
        self._ended: set[socket.socket] = set()
        self._born = 0
        self._trouble = _imported(_import_driver)
        self._alarm = os.pipe()
        os.set_blocking(self._alarm[1], False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._alarm[1], warn_on_full_buffer=False)

    def serve(self) -> None:
        """Carry out orders until the socket closes or the parent is another; then no worker is left."""
        try:
            while os.getppid() == self._parent:
                watched: list[Any] = [self._orders, self._alarm[0], *self._workers]
                readable, _, _ = select.select(watched, [], [], _PARENT_POLL)
                if self._alarm[0] in readable:
                    os.read(self._alarm[0], 65_536)
                    self._report()
                for life in [each for each in self._workers if each in readable]:
                    self._end(life)
                if self._orders in readable and not self._obey():
                    break
        finally:
            for life in list(self._workers):
                self._end(life)

    def _obey(self) -> bool:
        """Fork a worker; False when there are no more orders."""
        header, descriptors, _, _ = socket.recv_fds(self._orders, LENGTH, DESCRIPTORS)
        if len(header) < LENGTH:
            return False
        left, parts = int.from_bytes(header, "big"), []
        while left:
            parts.append(self._orders.recv(left))
            if not parts[-1]:
                return False
            left -= len(parts[-1])
        order = json.loads(b"".join(parts))
        if self._born == 1:
            self._trouble = self._trouble or _imported(_import_psycopg)  # the second worker is seldom the last
        self._born += 1
        gc.freeze()  # what was imported stays shared with the children
        life = socket.socket(fileno=descriptors[0])
        pid = os.fork()
        if pid == 0:
            self._become_worker(order, life, *descriptors[1:])
        for each in descriptors[1:]:
            os.close(each)
        self._workers[life] = pid
        _say(life, pid)
        return True

    def _become_worker(self, order: dict[str, Any], life: socket.socket, orders: int, answers: int, output: int) -> NoReturn:
        """Be what a new interpreter would be that was started in this directory with this environment."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for each in (signal.SIGCHLD, *_DEAF):
                signal.signal(each, signal.SIG_DFL)
            os.setsid()
            _die_with(self._pid)
            os.dup2(output, 1)
            os.dup2(output, 2)
            for inherited in (self._orders, life, *self._workers):
                inherited.close()
            for descriptor in (*self._alarm, output):
                os.close(descriptor)
            os.chdir(order["directory"])
            os.environ.clear()
            os.environ.update(order["environment"])
            time.tzset()
            sys.argv[1:] = [str(orders), str(answers)]  # what a worker started by itself would be told
            if self._trouble:
                print(self._trouble, file=sys.stderr)
            else:
                from migration_checks.worker import main as worker

                worker.main(sys.argv[1:])
                status = 0
        except SystemExit as leaving:
            if leaving.code is None or isinstance(leaving.code, int):
                status = leaving.code or 0
            else:
                print(leaving.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _report(self) -> None:
        """Tell of every worker that has ended; what it has started lives on until its group is ended."""
        for life, pid in self._workers.items():
            if life not in self._ended:
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    self._tell(life, status)

    def _end(self, life: socket.socket) -> None:
        """End a worker's process group, tell its status, and forget it."""
        pid = self._workers.pop(life)
        # The group lives on while a child of the worker does; its id cannot be taken by another as long as it does.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        if life not in self._ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # before it has made its own group
            self._tell(life, os.waitpid(pid, 0)[1])
        self._ended.discard(life)
        life.close()

    def _tell(self, life: socket.socket, status: int) -> None:
        self._ended.add(life)
        _say(life, os.waitstatus_to_exitcode(status))


def _die_with(parent: int) -> None:
    """On Linux, have the kernel end this process when its parent is killed, which then can end nobody itself."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)  # 1: PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def _say(life: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):
        life.sendall(b"%d\n" % number)


def _imported(load: Any) -> str:
    """Import what workers need; the traceback where that fails, for each worker to print as its own."""
    gc.disable()
    try:
        load()
    except BaseException:
        return traceback.format_exc()
    finally:
        gc.enable()
    return ""


def _import_driver() -> None:
    import migration_checks.worker.alembic_driver
    import migration_checks.worker.main  # noqa: F401


def _import_psycopg() -> None:
    import psycopg  # noqa: F401
    import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

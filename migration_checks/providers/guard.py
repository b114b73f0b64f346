"""The process that owns a throwaway server: it starts it, outlives whoever asked for it, and removes every trace.

It runs as a script of its own (`python -I -S guard.py`), so it imports nothing but the standard library. The asker holds
one end of a pipe; when that end closes, for whatever reason (a normal end, an exception, SIGKILL), the guard stops the
server and removes the directory. One way out for all endings is easier to trust than one for each.

    stdin   one line of JSON (`Order`), then silence until end of file
    stdout  one line of JSON: {"directory": ...} when the server accepts connections, or {"error": ...}

Should the guard itself be killed, Linux ends the server with it (PR_SET_PDEATHSIG), and the next start of any toolkit
process of the same user finds the directory's lock free and sweeps it (`sweep`).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PREFIX = "mchecks-"
LOCK = "lock"
DATA = "data"
LOG = "server.log"
PORT = 5432

_POLL = 0.005
_PARENT_POLL = 1.0
_STOP_PATIENCE = 10.0
_YOUNG = 60.0
_PROGRAMS = ("postgres", "postmaster", "initdb", "pg_ctl", "postgres:")


class StartFailed(Exception):
    """The server could not be started; the text says why in one line."""


def claim(base: Path) -> tuple[Path, int]:
    """Make a directory of our own below `base`, and hold its lock; the lock file appears already locked."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    descriptor = os.open(directory / (LOCK + ".new"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.rename(directory / (LOCK + ".new"), directory / LOCK)
    return directory, descriptor


def sweep(base: Path) -> tuple[Path, ...]:
    """Remove what dead guards of this user left below `base`, servers included; return the directories removed."""
    return tuple(directory for directory in sorted(base.glob(PREFIX + "*")) if _is_stale(directory) and remove(directory))


def _is_stale(directory: Path) -> bool:
    """Whether nobody holds the directory: its lock is free, or it has stayed without one for a minute."""
    try:
        status = directory.lstat()
        if status.st_uid not in (os.getuid(), _lent_uid(directory)) or not directory.is_dir() or directory.is_symlink():
            return False
        descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - status.st_mtime > _YOUNG if directory.exists() else False
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lent_uid(directory: Path) -> int:
    """As root, the directory belongs to the unprivileged user that the server runs as; the lock in it is still root's."""
    try:
        lock = (directory / LOCK).lstat()
    except OSError:
        return os.getuid()
    return directory.lstat().st_uid if os.getuid() == 0 and lock.st_uid == 0 else os.getuid()


def remove(directory: Path) -> bool:
    """End every server program that works in `directory`, and remove it; False where that was not possible."""
    for _ in range(100):
        for pid in server_processes(directory):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return True
        time.sleep(_POLL * 4)
    return False


def server_processes(directory: Path) -> tuple[int, ...]:
    """Processes that serve `directory`: server programs whose command line names it, and the children of those."""
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=False)
    rows = [(int(pid), int(parent), command) for pid, parent, command in _fields(listing.stdout)]
    found = {pid for pid, _, command in rows if str(directory) in command and _is_server_program(command)}
    while True:
        children = {pid for pid, parent, command in rows if parent in found and command.startswith("postgres:")} - found
        if not children:
            return tuple(sorted(found))
        found |= children


def _fields(listing: str) -> Iterator[list[str]]:
    for line in listing.splitlines():
        fields = line.split(None, 2)
        if len(fields) == 3:
            yield fields


def _is_server_program(command: str) -> bool:
    return os.path.basename(command.split(None, 1)[0]) in _PROGRAMS


class Guard:
    """One server from its first file to the removal of its directory."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.asker = os.getppid()
        self.directory = Path()
        self.lock = -1
        self.server: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start what the order names, say so, wait for the asker to leave, and clean up."""
        try:
            self.directory, self.lock = claim(Path(self.order["base"]))
            self._start()
            _say({"directory": str(self.directory)})
            while not self._asker_left(_PARENT_POLL):
                pass
        except StartFailed as failure:
            _say({"error": str(failure)})
        except OSError as failure:
            _say({"error": f"{failure.strerror} ({failure.filename or self.order['base']})"})
        finally:
            self._stop()

    def _start(self) -> None:
        user = self.order.get("user")
        if user is not None:
            os.chown(self.directory, user["uid"], user["gid"])
        if not self.order.get("server"):
            return
        programs = self._programs()
        data = str(self.directory / DATA)
        self._run([str(programs / "initdb"), "-D", data, *self.order["initdb"]])
        settings = [f"unix_socket_directories={self.directory}", *self.order["settings"]]
        self.server = self._spawn([str(programs / "postgres"), "-D", data, *(f"-c{setting}" for setting in settings)])
        self._await_ready()

    def _programs(self) -> Path:
        """The folder of the programs; a private tree of links (else copies) where another user could not reach them."""
        if not self.order.get("copy"):
            return Path(self.order["programs"])
        home = self.directory / "programs"
        for source in self.order["copy"]:
            shutil.copytree(source, home / Path(source).name, symlinks=True, copy_function=_link)
        os.chmod(home, 0o755)
        return home / self.order["programs"]

    def _run(self, command: list[str]) -> None:
        """Run a program to its end, watching the asker meanwhile."""
        process = self._spawn(command)
        while process.poll() is None:
            if self._asker_left(_POLL):
                process.kill()
                process.wait()
                raise StartFailed("whoever asked for the server has gone")
        if process.returncode != 0:
            raise StartFailed(f"{os.path.basename(command[0])} ended with status {process.returncode}: {self._last_words()}")

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        user = self.order.get("user") or {}
        as_user: dict[str, Any] = {"user": user["uid"], "group": user["gid"], "extra_groups": []} if user else {}
        with open(self.directory / LOG, "ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=self.order["environment"],
                preexec_fn=_die_with_parent(),
                **as_user,
            )

    def _await_ready(self) -> None:
        """The postmaster writes `ready` on the eighth line of its pid file: cheaper to ask than the server itself."""
        assert self.server is not None
        deadline = time.monotonic() + float(self.order["patience"])
        while not self._is_ready():
            if self.server.poll() is not None:
                raise StartFailed(f"postgres ended with status {self.server.returncode}: {self._last_words()}")
            if self._asker_left(_POLL):
                raise StartFailed("whoever asked for the server has gone")
            if time.monotonic() > deadline:
                raise StartFailed(f"postgres was not ready after {self.order['patience']} s: {self._last_words()}")

    def _is_ready(self) -> bool:
        try:
            lines = (self.directory / DATA / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _asker_left(self, seconds: float) -> bool:
        """Whether the pipe was closed, or the asker died while a fork of it still holds the pipe open."""
        readable, _, _ = select.select([0], [], [], seconds)
        return bool(readable and not os.read(0, 4096)) or os.getppid() != self.asker

    def _last_words(self) -> str:
        try:
            lines = (self.directory / LOG).read_text(errors="replace").strip().splitlines()
        except OSError:
            return "it left no message"
        telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error" in line.lower()]
        return (telling or lines or ["it left no message"])[-1].strip()

    def _stop(self) -> None:
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended, not awaited
            try:
                self.server.wait(_STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                self.server.kill()
        if self.lock >= 0:
            if self.server is None or self.server.poll() is None:
                remove(self.directory)
            else:
                shutil.rmtree(self.directory, ignore_errors=True)
                if self.directory.exists():
                    remove(self.directory)


def _link(source: str, target: str) -> str:
    """A hard link where other users may read the file and the file systems agree, a readable copy otherwise."""
    mode = os.stat(source).st_mode
    if mode & 0o004:
        with contextlib.suppress(OSError):
            os.link(source, target, follow_symlinks=True)
            return target
    shutil.copyfile(source, target)
    os.chmod(target, mode | 0o444 | (0o111 if mode & 0o100 else 0))
    return target


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, have the kernel end the child (SIGQUIT: immediate shutdown) when the guard is killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return lambda: libc.prctl(1, int(signal.SIGQUIT), 0, 0, 0) and None


def _say(answer: dict[str, str]) -> None:
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(answer).encode() + b"\n")


def _read_order() -> dict[str, Any]:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, 65536)
        if not chunk:
            raise SystemExit(0)
        line += chunk
    order: dict[str, Any] = json.loads(line)
    return order


def main() -> None:
    """Read the order, and be deaf to the signals of a terminal: the asker decides when it is over."""
    for deaf in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(deaf, signal.SIG_IGN)
    Guard(_read_order()).run()


if __name__ == "__main__":
    main()

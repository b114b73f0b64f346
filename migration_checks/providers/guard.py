"""The process that owns a throwaway server: it starts it, outlives whoever asked for it, and removes every trace.

It runs as a script of its own (`python -I -S guard.py`), so it imports nothing but the standard library. The asker holds
one end of a pipe; when that end closes or speaks, for whatever reason (a normal end, an exception, SIGKILL), the guard
stops the server and removes the directory. One way out for all endings is easier to trust than one for each.

    stdin   one line of JSON: base, user, server, programs, root, copy, initdb, clone, settings, environment, patience,
            farewell; later "again" to stop the server at once and start it, another line, or the end of file, to leave
    stdout  one line of JSON: {"directory": ...} when the server accepts connections (again), or {"error": ...}

Should the guard itself be killed, Linux ends the server with it (PR_SET_PDEATHSIG), and the next start of the toolkit by
the same user finds the directory's lock free and sweeps it.
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
import stat
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
AGAIN = b"again\n"

_POLL = 0.005
_ASKER_POLL = 0.5  # only for an asker that died while a fork of it holds the pipe open
_FAST_STOP = 10.0
_YOUNG = 60.0
_SERVER_PROGRAMS = ("postgres", "initdb", "pg_ctl")


class StartFailed(Exception):
    """The server could not be started; the text says why in one line."""


def claim(base: Path) -> tuple[Path, int]:
    """Make a directory of our own below `base` and hold its lock; the lock file appears already locked."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    descriptor = os.open(directory / (LOCK + ".new"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.rename(directory / (LOCK + ".new"), directory / LOCK)
    return directory, descriptor


def sweep(base: Path) -> tuple[Path, ...]:
    """Remove what dead guards of this user left below `base`, servers included; return the directories removed."""
    return tuple(directory for directory in sorted(base.glob(PREFIX + "*")) if _is_stale(directory) and remove(directory))


def _is_stale(directory: Path) -> bool:
    """Whether the directory is this user's and nobody holds it: its lock is free, or it never got one."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return _is_abandoned(directory)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _is_abandoned(directory: Path) -> bool:
    """A directory without a lock is being made or being removed; after a minute it is neither."""
    try:
        status = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and time.time() - status.st_mtime > _YOUNG


def remove(directory: Path) -> bool:
    """End every server program that works in `directory`, and remove it; False where that was not possible."""
    for attempt in range(200):
        working = server_processes(directory)
        for pid in working:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGQUIT if attempt < 100 else signal.SIGKILL)  # SIGQUIT: immediate shutdown
        if not working:
            _free_shared_memory(directory)
            _remove_files(directory)
            if not directory.exists():
                return True
        time.sleep(_POLL * 4)
    return False


def _remove_files(directory: Path) -> None:
    """Remove a directory, its lock last: who is killed while removing leaves one that the next start takes for stale."""
    with contextlib.suppress(OSError):
        for name in os.listdir(directory):
            if name != LOCK:
                shutil.rmtree(directory / name, ignore_errors=True)
                with contextlib.suppress(OSError):
                    os.unlink(directory / name)
    shutil.rmtree(directory, ignore_errors=True)


def server_processes(directory: Path) -> tuple[int, ...]:
    """The ids of server programs whose command line names `directory`; the server's own children end with it."""
    return tuple(
        pid
        for pid, arguments in _command_lines()
        if arguments
        and os.path.basename(arguments[0]) in _SERVER_PROGRAMS
        and any(str(directory) in argument for argument in arguments)
    )


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    """Process ids and arguments; `ps` is asked only where there is no /proc, for slim images have /proc but no ps."""
    if os.path.exists("/proc/self/cmdline"):
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    yield int(entry), Path("/proc", entry, "cmdline").read_bytes().decode(errors="replace").split("\0")
        return
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=False).stdout
    for line in listing.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command.split()


def _free_shared_memory(directory: Path) -> None:
    """Remove the System V segment that a server killed with SIGKILL leaves: 56 bytes, but for ever (Linux).

    A child that has not yet seen the end of its server may be attached: the segment goes with the last of them.
    """
    try:
        key, identifier = (directory / DATA / "postmaster.pid").read_text().splitlines()[6].split()
        rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    except (OSError, IndexError, ValueError):
        return
    if any(row[0] == key and row[1] == identifier for row in rows):
        ctypes.CDLL(None).shmctl(int(identifier), 0, None)


class Guard:
    """One directory, and the server in it if one was ordered, from the first file to the last."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.asker = os.getppid()
        self.user: dict[str, Any] = order["user"] or {}
        self.directory: Path | None = None
        self.server: subprocess.Popen[bytes] | None = None
        self.bidden = False
        self.command: list[str] = []

    def run(self) -> None:
        """Start what was ordered, say so, wait for the asker to leave, and clean up."""
        try:
            directory, _ = claim(Path(self.order["base"]))
            self.directory = directory
            if self.user:
                os.chown(directory, self.user["uid"], self.user["gid"])
            if self.order["server"]:
                self._start(directory)
            _say({"directory": str(directory)})
            while not self._asker_left(_ASKER_POLL):
                pass
        except StartFailed as failure:
            _say({"error": str(failure)})
        except OSError as failure:
            _say({"error": f"{failure.strerror} ({failure.filename or self.order['base']})"})
        finally:
            self._clean_up()

    def _start(self, directory: Path) -> None:
        programs = self._programs(directory)
        data = str(directory / DATA)
        if self.order["clone"]:
            self._copy_data(directory, **self.order["clone"])
        else:
            self._run(directory, [str(programs / "initdb"), "-D", data, *self.order["initdb"]])
        settings = [f"unix_socket_directories={directory}", *self.order["settings"]]
        self.command = [str(programs / "postgres"), "-D", data, *(f"-c{setting}" for setting in settings)]
        self.server = self._spawn(directory, self.command)
        self._await_ready(directory, self.server)

    def _copy_data(self, directory: Path, source: str, skip: list[str], wal: list[str]) -> None:
        """Copy another server's files as they are, but the databases to `skip` and write-ahead log that is not in `wal`."""

        def left_out(folder: str, names: list[str]) -> set[str]:
            place = os.path.relpath(folder, source)
            if place == "base":
                return {name for name in names if name in skip}
            if place == "pg_wal":
                return {name for name in names if len(name) == 24 and name not in wal}
            return {name for name in names if name in ("postmaster.pid", "postmaster.opts")} if place == "." else set()

        shutil.copytree(source, directory / DATA, ignore=left_out)
        if self.user:
            for folder, folders, names in os.walk(directory / DATA):
                for name in (*folders, *names):
                    os.chown(os.path.join(folder, name), self.user["uid"], self.user["gid"])
            os.chown(directory / DATA, self.user["uid"], self.user["gid"])

    def _again(self) -> None:
        """Stop the server as a crash would, and start it: it recovers by its log."""
        assert self.server is not None
        assert self.directory is not None
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.directory / DATA / "postmaster.pid")  # its last line would still say that it is ready
        self.server = self._spawn(self.directory, self.command)
        self._await_ready(self.directory, self.server)
        _say({"directory": str(self.directory)})

    def _programs(self, directory: Path) -> Path:
        """The folder of the programs; in a private tree of links (else copies) where their user could not reach them."""
        programs = Path(self.order["programs"])
        if not self.order["copy"]:
            return programs
        home = directory / "programs"
        for part in self.order["copy"]:
            source, target = Path(self.order["root"], part), home / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, copy_function=_link)
            else:
                _link(str(source), str(target))
        for folder, _, _ in os.walk(home):
            os.chmod(folder, 0o755)
        return home / programs

    def _run(self, directory: Path, command: list[str]) -> None:
        """Run a program to its end, watching the asker meanwhile."""
        process = self._spawn(directory, command)
        while process.poll() is None:
            if self._asker_left(_POLL):
                process.kill()
                process.wait()
                raise StartFailed("whoever asked for the server has gone")
        if process.returncode != 0:
            name = os.path.basename(command[0])
            raise StartFailed(f"{name} ended with status {process.returncode}: {last_words(directory)}")

    def _spawn(self, directory: Path, command: list[str]) -> subprocess.Popen[bytes]:
        as_user = {"user": self.user["uid"], "group": self.user["gid"], "extra_groups": []} if self.user else {}
        with open(directory / LOG, "ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
                env=self.order["environment"],
                preexec_fn=_die_with_parent(),
                **as_user,
            )

    def _await_ready(self, directory: Path, server: subprocess.Popen[bytes]) -> None:
        """The postmaster writes `ready` on the eighth line of its pid file: cheaper to ask than the server itself."""
        deadline = time.monotonic() + float(self.order["patience"])
        while not _is_ready(directory):
            if server.poll() is not None:
                raise StartFailed(f"postgres ended with status {server.returncode}: {last_words(directory)}")
            if self._asker_left(_POLL):
                raise StartFailed("whoever asked for the server has gone")
            if time.monotonic() > deadline:
                raise StartFailed(f"postgres was not ready after {self.order['patience']} s: {last_words(directory)}")

    def _asker_left(self, seconds: float) -> bool:
        """Whether the asker said so, closed the pipe, or died while a fork of it still holds the pipe open."""
        readable, _, _ = select.select([0], [], [], seconds)
        if readable:
            word = os.read(0, 64)
            if word == AGAIN:
                self._again()
                return False
            self.bidden = bool(word)
            return True
        return os.getppid() != self.asker

    def _clean_up(self) -> None:
        if not self.bidden and self.order["farewell"] and self.directory is not None:
            farewell = [*self.order["farewell"], str(self.directory)]
            subprocess.run(farewell, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended, not awaited
            try:
                self.server.wait(_FAST_STOP)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
        if self.directory is not None:
            remove(self.directory)


def _is_ready(directory: Path) -> bool:
    try:
        lines = (directory / DATA / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def has_logged(directory: Path, text: str) -> bool:
    """Whether the server has written `text` to its log."""
    try:
        return text.encode() in (directory / LOG).read_bytes()
    except OSError:
        return False


def last_words(directory: Path) -> str:
    """The line of the server's log that tells most."""
    try:
        lines = (directory / LOG).read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:", "could not"))]
    return (telling[:1] or lines[-1:] or ["it left no message"])[0].strip().rstrip(".")


def _link(source: str, target: str) -> str:
    """A hard link where other users may read the file and the file systems agree, a readable copy otherwise."""
    mode = os.stat(source).st_mode
    if mode & stat.S_IROTH:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return target
    shutil.copyfile(source, target)
    os.chmod(target, 0o755 if mode & stat.S_IXUSR else 0o644)
    return target


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, have the kernel end the child (SIGQUIT: immediate shutdown) when the guard is killed."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(1, int(signal.SIGQUIT), 0, 0, 0)  # 1: PR_SET_PDEATHSIG


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
    """Be deaf to the signals of a terminal, for the asker decides when it is over; read the order and carry it out."""
    for deaf in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(deaf, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # programs are ended by it; what a shell runs in the background ignores it
    os.umask(0o077)
    Guard(_read_order()).run()


if __name__ == "__main__":
    main()

"""Asking a guard for a directory, or for a server in one, for the length of a with block."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from migration_checks.errors import ProviderError
from migration_checks.providers import guard
from migration_checks.providers.premises import User, base_directory, bases, is_open, server_user

_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Order:
    """What a guard shall start and do.

    `programs` is the folder of initdb and postgres (None: a directory without a server); `parts` are the files and folders
    below `root` that are copied together where the server's user cannot reach them. `farewell` is a command
    that is run, with the directory as its last argument, when the asker dies. `runs_programs` asks for a folder in which
    programs may be run. `clone` names the files of another server to begin with, instead of what initdb makes.
    """

    programs: Path | None = None
    root: Path = Path("/")
    parts: Sequence[Path] = ()
    initdb: Sequence[str] = ()
    settings: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    farewell: Sequence[str] = ()
    runs_programs: bool = False
    clone: Mapping[str, Any] | None = None

    def is_hidden(self, user: User | None) -> bool:
        """Whether the programs lie where the server's user cannot run them, such as a virtualenv below /root."""
        if user is None or self.programs is None or self.clone is not None:  # whose programs run already
            return False
        return not all(is_open(self.programs / name) for name in ("initdb", "postgres"))


@dataclass(frozen=True, slots=True)
class Guarded:
    """A directory with its guard; `stop_and_start` crashes the server in it and waits until it has recovered."""

    directory: Path
    process: subprocess.Popen[bytes]

    def stop_and_start(self) -> None:
        """Raises ProviderError when the server does not come back."""
        assert self.process.stdin is not None
        os.write(self.process.stdin.fileno(), guard.AGAIN)
        _answer(self.process)


@contextlib.contextmanager
def guarded(order: Order) -> Iterator[Path]:
    """Have a guard make a directory, and a server in it where `order.programs` is given.

    Raises ProviderError when the server does not come up. Nothing is left after the block, whatever ended it.
    """
    with guarding(order) as held:
        yield held.directory


@contextlib.contextmanager
def guarding(order: Order) -> Iterator[Guarded]:
    """The same, with the guard in hand."""
    user = server_user()
    base = base_directory(user, runs_programs=order.runs_programs or order.is_hidden(user))
    sweep()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd="/",
        start_new_session=True,  # Ctrl-C in a terminal reaches the whole group: the guard must outlive it
    )
    try:
        directory = _ask(process, _wire(order, base, user))
        with _told_of_a_full_disk(directory):
            yield Guarded(directory, process)
    finally:
        _release(process)


@contextlib.contextmanager
def _told_of_a_full_disk(directory: Path) -> Iterator[None]:
    """A server that could not write its log ahead restarts: then nothing that fails afterwards says why, but what it logged."""
    try:
        yield
    except (ProviderError, psycopg.OperationalError) as error:
        if not guard.has_logged(directory, os.strerror(errno.ENOSPC)):
            raise
        raise ProviderError(
            f"The disk of the server is full ({directory.parent}).",
            "Free space there, set TMPDIR to a larger folder, or choose fewer rows with --rows.",
        ) from error


def sweep() -> None:
    """Remove what dead guards of this user left in any base."""
    for base in bases():
        guard.sweep(base)


def _wire(order: Order, base: Path, user: User | None) -> dict[str, Any]:
    """The order as the guard's line of JSON."""
    hidden = order.is_hidden(user)
    programs = order.programs or Path()
    return {
        "base": str(base),
        "user": None if user is None else {"uid": user.uid, "gid": user.gid},
        "server": order.programs is not None,
        "programs": str(programs.relative_to(order.root) if hidden else programs),
        "root": str(order.root),
        "copy": [str(part.relative_to(order.root)) for part in order.parts] if hidden else [],
        "initdb": list(order.initdb),
        "clone": None if order.clone is None else dict(order.clone),
        "settings": list(order.settings),
        "environment": dict(order.environment),
        "farewell": list(order.farewell),
        "patience": _PATIENCE,
    }


def _ask(process: subprocess.Popen[bytes], wire: dict[str, Any]) -> Path:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(wire).encode() + b"\n")
        process.stdin.flush()
    return _answer(process)


def _answer(process: subprocess.Popen[bytes]) -> Path:
    assert process.stdout is not None
    line = process.stdout.readline()
    answer: dict[str, str] = json.loads(line) if line else {"error": "the process that guards it ended without a word"}
    if "error" in answer:
        raise ProviderError(
            f"The server could not be started: {answer['error']}.",
            "Free space or memory on this machine, or name another provider with --provider.",
        )
    return Path(answer["directory"])


def _release(process: subprocess.Popen[bytes]) -> None:
    """Tell the guard to leave and wait for it; closing alone would not do while a fork of ours holds the pipe."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        os.write(process.stdin.fileno(), b"\n")
    with contextlib.suppress(OSError):
        process.stdin.close()
    process.stdout.close()
    if process.wait() != 0:  # it was killed
        sweep()

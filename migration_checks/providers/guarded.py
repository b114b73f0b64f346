"""Asking a guard for a directory or a server, and choosing where and as whom they live."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migration_checks.errors import ProviderError
from migration_checks.providers import guard

# A Unix socket's path holds 107 bytes on Linux and 103 on macOS; ours adds "/mchecks-12345678/.s.PGSQL.5432".
_LONGEST_BASE = 60
_PATIENCE = 60.0
_UNPRIVILEGED = ("nobody", "daemon", "postgres")


@dataclass(frozen=True, slots=True)
class User:
    """The unprivileged user that the server's programs run as where the toolkit runs as root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a guard shall start: `programs` is the folder of initdb and postgres, `trees` what has to lie beside it."""

    programs: Path | None = None
    trees: Sequence[Path] = ()
    initdb: Sequence[str] = ()
    settings: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def server_user() -> User | None:
    """None where this process is not root; else an existing unprivileged user, as PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid != 0:
                return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    return User("65534", 65534, 65534)  # an id needs no entry in a user table to run programs


def base_directory(user: User | None) -> Path:
    """The temporary folder, or /tmp where it is too deep for a socket's name or closed to the server's user."""
    for base in (Path(tempfile.gettempdir()).resolve(), Path("/tmp").resolve()):
        if len(os.fsencode(base)) <= _LONGEST_BASE and (user is None or reachable(base)):
            return base
    raise ProviderError(
        "No temporary folder has a path that is short enough and open to the server's user.",
        "Set TMPDIR to a folder such as /tmp.",
    )


def reachable(path: Path) -> bool:
    """Whether every user may pass through all folders down to `path` and read it."""
    path = path.resolve()
    passable = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
    return passable and bool(path.stat().st_mode & stat.S_IROTH)


@contextlib.contextmanager
def guarded(order: Order) -> Iterator[Path]:
    """Have a guard make a directory, and a server in it where `order.programs` is given, for a with block.

    Raises ProviderError when the server does not come up. Nothing is left after the block, whatever ended it.
    """
    user = server_user()
    base = base_directory(user)
    guard.sweep(base)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in a terminal reaches the whole group: the guard must outlive it
    )
    try:
        yield _ask(process, _wire(order, base, user))
    finally:
        _release(process, base)


def _wire(order: Order, base: Path, user: User | None) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "base": str(base),
        "user": None if user is None else {"uid": user.uid, "gid": user.gid},
        "server": order.programs is not None,
        "initdb": list(order.initdb),
        "settings": list(order.settings),
        "environment": dict(order.environment),
        "patience": _PATIENCE,
    }
    if order.programs is not None:
        hidden = user is not None and not all(reachable(order.programs / name) for name in ("initdb", "postgres"))
        wire["copy"] = [str(tree) for tree in order.trees] if hidden else []
        wire["programs"] = str(order.programs.relative_to(order.trees[0].parent) if hidden else order.programs)
    return wire


def _ask(process: subprocess.Popen[bytes], wire: dict[str, Any]) -> Path:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(wire).encode() + b"\n")
        process.stdin.flush()
    line = process.stdout.readline()
    answer: dict[str, str] = json.loads(line) if line else {"error": "the process that guards it ended without a word"}
    if "error" in answer:
        raise ProviderError(
            f"The server could not be started: {answer['error']}.",
            "Free space or memory on this machine, or name another provider with --provider.",
        )
    return Path(answer["directory"])


def _release(process: subprocess.Popen[bytes], base: Path) -> None:
    """Close the pipe, which is the guard's cue, and wait for it; sweep after a guard that was killed."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    process.stdout.close()
    if process.wait() != 0:
        guard.sweep(base)

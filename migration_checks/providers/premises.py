"""Where a server's directory lies and as whom its programs run: as fast, as private and as short a place as there is."""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from migration_checks.errors import ProviderError

# A Unix socket's path holds 107 bytes on Linux and 103 on macOS; ours adds "/mchecks-12345678/.s.PGSQL.5432".
_LONGEST_BASE = 60
_UNPRIVILEGED = ("nobody", "daemon", "postgres")
_MEMORY = Path("/dev/shm")
_MEMORY_WANTED = 4 << 30
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class User:
    """The unprivileged user that the server's programs run as where the toolkit runs as root."""

    name: str
    uid: int
    gid: int


def server_user() -> User | None:
    """None where this process is not root; else an existing unprivileged user, as PostgreSQL refuses to run as root.

    Raises ProviderError where there is none, for initdb insists on an entry in the user table.
    """
    if os.geteuid() != 0:
        _require_entry(os.geteuid())
        return None
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid != 0:
                return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ProviderError(
        "PostgreSQL refuses to run as root, and this system has no unprivileged user to run it as.",
        "Add a user named nobody, or run as another user.",
    )


def _require_entry(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError as error:
        raise ProviderError(
            f"The user id {uid} has no entry in the user table, without which PostgreSQL does not start.",
            "Add one to /etc/passwd, or run as a user that has one.",
        ) from error


def bases() -> tuple[Path, ...]:
    """All folders that a server's directory may lie in, the preferred first; a sweep looks into each.

    A TMPDIR that was set is obeyed. Otherwise memory comes first where there is plenty: a database is then created in 10
    to 20 ms instead of 40 to 270, as the cost is that of some 300 small files.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    fallback = Path("/tmp").resolve()
    chosen = (temporary, fallback) if os.environ.get("TMPDIR") or not _MEMORY.is_dir() else (_MEMORY, temporary, fallback)
    return tuple(dict.fromkeys(chosen))


def base_directory(user: User | None, *, runs_programs: bool = False) -> Path:
    """The first base that is short enough, open to `user`, and allows programs in it where `runs_programs`."""
    for base in bases():
        if _is_suitable(base, user, runs_programs) and (base != _MEMORY or _spare_memory() >= _MEMORY_WANTED):
            return base
    raise ProviderError(
        "No temporary folder has a path that is short enough and open to the server's user.",
        "Set TMPDIR to a folder such as /tmp.",
    )


def _is_suitable(base: Path, user: User | None, runs_programs: bool) -> bool:
    if len(os.fsencode(base)) > _LONGEST_BASE or not os.access(base, os.W_OK | os.X_OK):
        return False
    if runs_programs and os.statvfs(base).f_flag & getattr(os, "ST_NOEXEC", 8):
        return False
    return user is None or is_open(base)


def is_open(path: Path) -> bool:
    """Whether every user may pass through all folders down to `path` and use it."""
    path = path.resolve()
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))


def _spare_memory() -> int:
    """Bytes that a directory in memory may take: the least of its file system, the machine and the control group."""
    try:
        room = os.statvfs(_MEMORY)
        fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return 0
    return min(room.f_bavail * room.f_frsize, available, _control_group_memory())


def _control_group_memory() -> int:
    """What the control group still grants; a container's limit is not in /proc/meminfo."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        return _MEMORY_WANTED if limit == "max" else int(limit) - int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return _MEMORY_WANTED

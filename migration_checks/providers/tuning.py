"""How a throwaway server is set up: everything that pays for durability or for long life is off."""

from __future__ import annotations

import ctypes
import os
from functools import cache

# What each of these buys was measured: docs/providers.md. All of them exist in every major from 14 on.
_SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "jit=off",
    "max_connections=100",
    "shared_buffers=128MB",
    "max_wal_size=1GB",
    "checkpoint_timeout=1h",
    "wal_level=logical",  # CREATE PUBLICATION warns below it, and WAL volumes are those of production
    "max_prepared_transactions=20",
    "dynamic_shared_memory_type=mmap",  # in the data directory: nothing of a killed server stays in /dev/shm
    "timezone=UTC",
    "log_timezone=UTC",
)


def settings() -> tuple[str, ...]:
    """Settings of the server as `name=value`."""
    return _SETTINGS


def initdb_options(major: int, role: str) -> tuple[str, ...]:
    """Options of initdb: UTF-8 everywhere, and from 17 on the locale that behaves alike on every machine."""
    options = (f"--username={role}", "--auth=trust", "--no-sync", "--encoding=UTF8", f"--locale={locale()}")
    return (*options, "--locale-provider=builtin", "--builtin-locale=C.UTF-8") if major >= 17 else options


def environment() -> dict[str, str]:
    """The environment of the server's programs: ours without any PG variable, in a locale that exists."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": locale()}


@cache
def locale() -> str:
    """C.UTF-8 where the C library knows it, else C; asked without changing this process's own locale."""
    library = ctypes.CDLL(None)
    library.newlocale.restype = ctypes.c_void_p
    return "C.UTF-8" if library.newlocale(1, b"C.UTF-8", None) else "C"

"""How a throwaway server is set up: everything that pays for durability or for long life is off."""

from __future__ import annotations

import os
import sys

# What each setting buys, measured on two cores with PostgreSQL 18, stands in docs/providers.md.
_SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "jit=off",
    "max_connections=100",
    "shared_buffers=128MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=1h",
    "wal_level=logical",  # publications and replication slots of a migration work as they do in production
    "max_prepared_transactions=20",
    "timezone=UTC",
    "log_timezone=UTC",
    "logging_collector=off",
    "log_checkpoints=off",
)


def settings(*, listen: str | None = "") -> tuple[str, ...]:
    """Settings as `name=value`; `listen` is listen_addresses, by default none: a Unix socket only."""
    return (*_SETTINGS, *(() if listen is None else (f"listen_addresses={listen}",)))


def initdb_options(version_major: int, role: str) -> tuple[str, ...]:
    """Options of initdb: UTF-8 everywhere, and the locale that behaves alike on every machine."""
    locale = "C" if sys.platform == "darwin" else "C.UTF-8"
    options = (f"--username={role}", "--auth=trust", "--no-sync", "--no-instructions", "--encoding=UTF8", f"--locale={locale}")
    return (*options, "--locale-provider=builtin", "--builtin-locale=C.UTF-8") if version_major >= 17 else options


def environment() -> dict[str, str]:
    """The environment of the server's programs: ours without any PG variable, in a locale that always exists."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C" if sys.platform == "darwin" else "C.UTF-8"}

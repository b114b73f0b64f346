"""Where a verification runs that is going to be killed, and what it may have left."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from migration_checks.connection import connect
from migration_checks.providers import Server
from tests.processes import eventually, mentioning
from tests.projects import Project

Inventory = tuple[frozenset[str], frozenset[str], int]
_STEADY = 5
"""Looks that must agree; `eventually` leaves some time between them."""


@dataclass(frozen=True)
class Place:
    """Where a run may leave things: a TMPDIR of its own, which names every directory and process of the run."""

    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "TMPDIR": str(self.directory), "NO_COLOR": "1"}

    @property
    def is_clean(self) -> bool:
        return not list(self.directory.iterdir()) and not mentioning(str(self.directory))

    def start(self, project: Project, *arguments: str) -> subprocess.Popen[str]:
        """`migration-checks verify` on a project, in a process of its own session."""
        command = [sys.executable, "-m", "migration_checks", "verify", "-c", str(project.config), "--rows", "10", *arguments]
        return subprocess.Popen(
            command,
            cwd=project.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@contextmanager
def a_place() -> Iterator[Place]:
    """Short and open to the server's user, as its sockets need; a project's own folder lies elsewhere."""
    with tempfile.TemporaryDirectory(prefix="mct", dir="/tmp") as name:
        Path(name).chmod(0o1777)
        yield Place(Path(name))


def inventory(server: Server) -> Inventory:
    """Databases, roles, and how many other sessions there are on a server."""
    with connect(server.url) as connection:
        return _read(connection)


def at_rest(server: Server) -> Inventory:
    """The same, once nobody is leaving any more: several looks in a row see as many sessions."""
    with connect(server.url) as connection:
        looks = [_read(connection)]

        def steady() -> bool:
            looks.append(_read(connection))
            return len(looks) >= _STEADY and len(set(looks[-_STEADY:])) == 1

        eventually(steady)
        return looks[-1]


def _read(connection: psycopg.Connection[tuple[Any, ...]]) -> Inventory:
    def names(query: str) -> frozenset[str]:
        return frozenset(str(name) for (name,) in connection.execute(query.encode()).fetchall())

    sessions = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL").fetchone()
    assert sessions is not None
    return names("SELECT datname FROM pg_database"), names("SELECT rolname FROM pg_roles"), sessions[0] - 1

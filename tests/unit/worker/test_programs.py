"""A command line that leads to another database is recognised; every other one is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_checks.worker.address import Address
from migration_checks.worker.programs import stranger_in

OURS = Address.of("postgresql://me@/mine?host=/tmp/s&port=5433")

HARMLESS: list[Any] = [
    ["ls", "-h", "/"],
    ["psql"],
    ["psql", "-c", "SELECT 1", "-X"],
    ["psql", "-h", "/tmp/s", "-p", "5433", "-d", "mine"],
    ["psql", "--host=/tmp/s", "mine"],
    ["psql", "postgresql://me@/mine?host=/tmp/s&port=5433"],
    [b"pg_dump", b"-U", b"me", b"-f", b"out.sql", b"mine"],
    "psql -f schema.sql",
    "echo 'unbalanced",
    Path("/usr/bin/pg_isready"),
    ["psql", "-c", "it's"],
    ["du", "-d", "1"],
    ["git", "clone", "https://example.org/x.git"],
]
STRANGERS: list[Any] = [
    ["psql", "-h", "production"],
    ["psql", "-hproduction"],
    ["/usr/lib/postgresql/15/bin/psql", "--host=production"],
    ["psql", "-p", "5432"],
    ["psql", "other"],
    ["psql", "-c", "SELECT 1", "other"],
    ["pg_dump", "-d", "host=production dbname=app"],
    ["dropdb", "other"],
    ["sh", "-c", "psql -h production"],
    "psql -h production < file.sql",
    "cat x | psql postgresql://u:s3cret@production/app",
    [b"alembic", b"-x", b"url=postgresql+asyncpg://u:s3cret@production/app"],
    ["psql", "service=production"],
    ["sh", "-c", "psql -h production -c 'unbalanced"],
    ["psql", "postgresql://[/app"],
    ["alembic", "-x", "postgresql://host:port/app"],
]


@pytest.mark.parametrize("command", HARMLESS, ids=str)
def test_harmless(command: Any) -> None:
    """Programs that name nothing, or our database, are started."""
    assert stranger_in(command, None, OURS) is None


@pytest.mark.parametrize("command", STRANGERS, ids=str)
def test_stranger(command: Any) -> None:
    """Programs that name another host, port, database or service are recognised; the message has no password."""
    stranger = stranger_in(command, None, OURS)

    assert stranger is not None
    assert "s3cret" not in stranger


def test_an_environment_of_its_own() -> None:
    """A PostgreSQL program that is started without our variables would find the machine's default server."""
    assert stranger_in(["psql"], {"PATH": "/bin"}, OURS) is not None
    assert stranger_in(["psql"], {"PGHOST": "production"}, OURS) is not None
    assert stranger_in(["psql"], {b"PGHOST": b"/tmp/s", b"PGPORT": b"5433", b"PGDATABASE": b"mine"}, OURS) is None
    assert stranger_in(["ls"], {"PATH": "/bin"}, OURS) is None

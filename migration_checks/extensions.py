"""Extensions that a chain asks for and a server lacks: that is the server's fault, and another one may have them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import psycopg

from migration_checks.errors import ProviderError
from migration_checks.transition import Failure

_CREATE = re.compile(r'CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")+"|\w+)', re.IGNORECASE)
_LACKING = frozenset({"0A000", "58P01"})
"""SQLSTATEs of CREATE EXTENSION where there is no such extension: feature not supported, and undefined file before 13."""


class MissingExtension(ProviderError):
    """A migration creates an `extension` that the server at hand cannot have."""

    def __init__(self, extension: str, revision: str) -> None:
        super().__init__(
            f"The extension {extension}, which {revision} creates, is not available on the server.",
            "Install it there (packages named contrib hold PostgreSQL's own), use --provider container, or name a server that "
            "has it with --provider postgresql://...",
        )
        self.extension = extension
        self.revision = revision


def require_extensions(connection: psycopg.Connection, failure: Failure | None, revision: str) -> None:
    """Raises MissingExtension where `failure` is that of creating an extension which the server does not have."""
    if failure is None or failure.sqlstate not in _LACKING or not failure.statement:
        return
    for extension in lacking(connection, created(failure.statement)):
        raise MissingExtension(extension, revision)


def require_named_extensions(connection: psycopg.Connection, error: psycopg.Error, source: str) -> None:
    """The same for an error of one statement among many in `source`: it names the extension in quotes, whatever its words."""
    if error.sqlstate not in _LACKING:
        return
    for extension in lacking(connection, re.findall(r'"([^"]+)"', error.diag.message_primary or "")):
        raise MissingExtension(extension, source)


def created(statement: str) -> tuple[str, ...]:
    """The names of the extensions that a statement (or a block, or several statements) creates, without their quotes."""
    names = (match.group(1) for match in _CREATE.finditer(statement))
    return tuple(name[1:-1].replace('""', '"') if name.startswith('"') else name.lower() for name in names)


def lacking(connection: psycopg.Connection, extensions: Iterable[str]) -> tuple[str, ...]:
    """Those of `extensions` that could not be created on the server, sorted."""
    query = "SELECT e FROM unnest(%s::text[]) AS e WHERE e NOT IN (SELECT name FROM pg_available_extensions) ORDER BY e"
    return tuple(str(name) for (name,) in connection.execute(query, (list(extensions),)).fetchall())

"""Running a baseline file, such as a dump of production, as the state that a chain starts from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import psycopg

from migration_checks.archives import REMEDY, script
from migration_checks.connection import translated
from migration_checks.errors import ConfigurationError
from migration_checks.extensions import require_named_extensions

_COPY = re.compile(rb"COPY\s.+\sFROM\s+stdin\b.*;\s*$", re.IGNORECASE)
# What dumps hold for psql; any other line that starts with a backslash is part of a text.
_FOR_PSQL = re.compile(rb"\\(?:restrict|unrestrict|connect|c|encoding|set|unset|echo|qecho|pset|timing|if|elif|else|endif|q)\b")
# Settings that older servers do not know, at their defaults, and a schema that every new database has.
_REPLACED = {b"SET transaction_timeout = 0;": b"", b"CREATE SCHEMA public;": b"CREATE SCHEMA IF NOT EXISTS public;"}

Rows = Iterator[bytes]


def fill_from(path: Path, url: str, what: str) -> None:
    """Run `path` in the database at `url`; `what` is "the baseline" or what else it is called in messages.

    Raises MissingExtension where it asks for an extension that the server lacks, else what `run_sql_file` raises.
    """
    with translated(f"Connecting for {what}"):
        # Not a connection of ours: its search_path would put unqualified names into pg_catalog.
        connection = psycopg.connect(url, autocommit=True)
    with connection:
        try:
            run_sql_file(connection, path)
        except ConfigurationError as error:
            if isinstance(error.__cause__, psycopg.Error):
                require_named_extensions(connection, error.__cause__, what)
            raise


def run_sql_file(connection: psycopg.Connection, path: Path) -> None:
    """Run the SQL of `path`, a file or an archive of pg_dump, the rows of its COPY ... FROM stdin blocks included.

    Its own settings, client_encoding among them, hold for the connection. Commands for psql are passed over.
    Raises ConfigurationError when it cannot be read or the server refuses a statement of it.
    """
    try:
        with script(path) as lines:
            for statements, rows in _parts(lines):
                _run(connection, statements, rows)
    except psycopg.Error as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ConfigurationError(f"The baseline {path} cannot be run: {reason}.", REMEDY) from error
    except Truncated:
        raise ConfigurationError(f"The baseline {path} ends in the middle of a table's rows.", REMEDY) from None


class Truncated(Exception):
    """A block of rows has no end."""


def _run(connection: psycopg.Connection, statements: bytes, rows: Rows | None) -> None:
    with connection.cursor() as cursor:
        if rows is None:
            if statements.strip():
                cursor.execute(statements)
            return
        with cursor.copy(statements) as copy:
            for row in rows:
                copy.write(row)


def _parts(lines: Iterator[bytes]) -> Iterator[tuple[bytes, Rows | None]]:
    """(SQL, None) for a stretch of statements, (COPY statement, its rows) for a block of rows, which must be read at once."""
    plain: list[bytes] = []
    first = next(lines, b"").removeprefix(b"\xef\xbb\xbf")
    for line in chain([first], lines):
        if _COPY.match(line):
            yield b"".join(plain), None
            plain = []
            yield line, _rows(lines)
        elif not _FOR_PSQL.match(line):
            bare = line.rstrip(b"\r\n")
            plain.append(_REPLACED[bare] + b"\n" if bare in _REPLACED else line)
    yield b"".join(plain), None


def _rows(lines: Iterator[bytes]) -> Rows:
    for line in lines:
        if line.rstrip(b"\r\n") == b"\\.":
            return
        yield line
    raise Truncated

"""Running an SQL file, such as a plain pg_dump, as the state that a chain starts from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg

from migration_checks.errors import ConfigurationError

_COPY = re.compile(r"^COPY\s.+\sFROM\s+stdin\b.*;\s*$", re.IGNORECASE)
REMEDY = "Give a plain SQL file: `pg_dump --format=plain --no-owner --file baseline.sql ...` writes one."


def run_sql_file(connection: psycopg.Connection, path: Path) -> None:
    """Run the statements of `path`, the data of its COPY ... FROM stdin blocks included; psql's own commands are passed over.

    Raises ConfigurationError when the file cannot be read or the server refuses a statement of it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"The baseline {path} cannot be read: {reason}.", REMEDY) from None
    try:
        for statements, data in _parts(text):
            _run(connection, statements, data)
    except psycopg.Error as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigurationError(f"The baseline {path} cannot be run: {reason}.", REMEDY) from error


def _run(connection: psycopg.Connection, statements: str, data: str | None) -> None:
    with connection.cursor() as cursor:
        if data is None:
            if statements.strip():
                cursor.execute(statements.encode())
            return
        with cursor.copy(statements.encode()) as copy:
            copy.write(data.encode())


def _parts(text: str) -> Iterator[tuple[str, str | None]]:
    """(SQL, None) for a stretch of statements, (COPY statement, its data) for a block of rows."""
    plain: list[str] = []
    lines = iter(text.splitlines(keepends=True))
    for line in lines:
        if _COPY.match(line):
            yield "".join(plain), None
            plain = []
            yield line, "".join(iter(lambda: next(lines, "\\.\n"), "\\.\n"))
        elif not line.startswith("\\"):
            plain.append(line)
    yield "".join(plain), None

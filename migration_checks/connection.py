"""Connections whose sessions show values alike everywhere, the URLs that name them, and their errors as one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from migration_checks.errors import ProviderError

OWN_PREFIX = "mc_"

_SESSION: Mapping[str, str] = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "row_security": "off",
    "statement_timeout": "0",
    "synchronize_seqscans": "off",  # the first rows of a large table are then the same ones whenever they are asked for
    "search_path": "pg_catalog",
}


def connect(url: str, *, autocommit: bool = True) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection whose session shows every value the same way, whatever the server or the role prefer.

    The settings are the session's defaults: `RESET ALL` and `DISCARD ALL` come back to them.
    Raises psycopg.OperationalError; `translated` makes a sentence of it.
    """
    given = conninfo_to_dict(url)
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    given["options"] = f"{given['options']} {options}" if given.get("options") else options
    given["application_name"] = "migration-checks"
    return psycopg.connect(**given, autocommit=autocommit)  # type: ignore[arg-type]


def libpq_url(parameters: Mapping[str, Any]) -> str:
    """Write connection parameters as the URL that libpq and SQLAlchemy both read."""
    rest = {name: str(value) for name, value in parameters.items() if value is not None}
    user, password = rest.pop("user", ""), rest.pop("password", "")
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "") + ("@" if user or password else "")
    where, name = "", quote(rest.pop("dbname", ""), safe="")
    host = rest.get("host", "")
    if host and not host.startswith(("/", "@")) and "," not in host and ":" not in host:
        where = quote(rest.pop("host"), safe="") + (f":{rest.pop('port')}" if "port" in rest else "")
    query = urlencode(rest, quote_via=quote, safe="/")
    return f"postgresql://{who}{where}/{name}{'?' + query if query else ''}"


def with_database(url: str, name: str) -> str:
    """The same server, role and options, another database."""
    return libpq_url({**conninfo_to_dict(url), "dbname": name})


def database_name(url: str) -> str:
    """The database that a URL names."""
    return str(conninfo_to_dict(url).get("dbname", ""))


def redacted(text: str) -> str:
    """`text` without the passwords of any URL or connection string in it."""
    text = re.sub(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:/@]*):\S*@", r"\g<head>:***@", text, flags=re.IGNORECASE)
    return re.sub(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", r"\1***", text)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn a psycopg error of our own operation into a ProviderError of one sentence: "<doing> failed: ...".

    Classified by SQLSTATE, never by text; no password can be in it.
    """
    try:
        yield
    except psycopg.Error as error:
        raise ProviderError(f"{doing} failed: {_first_line(error)}.", _remedy(error)) from error


def broke_off(error: psycopg.Error, where: str) -> ProviderError:
    """What to say when the toolkit's own statements fail in a database that a migration has been at."""
    return ProviderError(
        f"The walk broke off at {where}: {_first_line(error)}.",
        "See what this revision does to the server, to its catalog or to other sessions, and leave it out with --range.",
    )


def _first_line(error: psycopg.Error) -> str:
    text = error.diag.message_primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
    return redacted(text.strip().rstrip("."))


def _remedy(error: psycopg.Error) -> str:
    state = error.sqlstate or ""
    for prefix, remedy in _REMEDIES:
        if state.startswith(prefix):
            return remedy
    if not state:
        return "See that the server runs, and that host, database, user and password are right."  # libpq tells no SQLSTATE here
    return "See the server's log for details, or use another provider with --provider."


_REMEDIES = (
    ("53100", "Free space on the server's disk, or choose fewer rows with --rows."),
    ("53300", "Close other sessions or raise max_connections on the server."),
    ("53", "Free resources on the server, or choose fewer rows with --rows."),
    ("42501", "Give the role the CREATEDB privilege (ALTER ROLE ... CREATEDB), or use another role."),
    ("28", "Check the user and the password in the URL."),
    ("3D000", "Name an existing maintenance database in the URL, such as postgres."),
    ("55006", "Close the sessions that are connected to this database."),
    ("57", "See why the server was shut down, then try again."),
    ("58", "See the server's log: its storage failed."),
)

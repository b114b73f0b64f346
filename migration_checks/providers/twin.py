"""A second server with the files of a running throwaway one: it can be stopped without harm to whoever works on the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from migration_checks.connection import connect, database_name, translated, with_database
from migration_checks.errors import ProviderError
from migration_checks.providers import tuning
from migration_checks.providers.contract import Server
from migration_checks.providers.embedded import socket_url
from migration_checks.providers.guarded import Guarded, Order, guarding

PLACE = "place"
"""What the database is called on the twin: a name of the toolkit's own would be swept as a dead run's."""

_FACTS = """
SELECT (SELECT setting FROM pg_config WHERE name = 'BINDIR'), current_setting('data_directory'),
       (SELECT redo_wal_file FROM pg_control_checkpoint()), pg_walfile_name(pg_current_wal_insert_lsn())
"""
_OTHERS = "SELECT oid::text FROM pg_database WHERE datname <> %s AND datname NOT IN ('postgres', 'template0', 'template1')"
_ATTEMPTS = 4
_POSITION = "SELECT pg_current_wal_insert_lsn()::text"


@dataclass(frozen=True, slots=True)
class Twin:
    """The second server, the database on it, and how to stop it at once and have it recover."""

    server: Server
    url: str
    stop_and_start: Callable[[], None]


@contextmanager
def twin(server: Server, url: str) -> Iterator[Twin]:
    """A twin of a throwaway server on this machine, with the one database at `url`, to which nobody is connected.

    Raises ProviderError where there can be none: the files are out of reach, or others write to the server meanwhile.
    """
    with ExitStack() as stack:
        with translated("Copying the server"), connect(server.url) as connection:
            held = _copied(connection, database_name(url), stack)
            place = socket_url(held.directory)
            with connect(place) as inside:
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                inside.execute(rename.format(sql.Identifier(database_name(url)), sql.Identifier(PLACE)))
        copy = Server(place, server.version, server.provider)
        yield Twin(copy, with_database(place, PLACE), held.stop_and_start)


def _copied(connection: psycopg.Connection[tuple[Any, ...]], name: str, stack: ExitStack) -> Guarded:
    """A second server, once its files were copied while nobody wrote: the server itself does now and then."""
    for _ in range(_ATTEMPTS):
        with ExitStack() as attempt:
            order, position = _order(connection, name)
            held = attempt.enter_context(guarding(order))
            if connection.execute(_POSITION).fetchone() == position:
                stack.push(attempt.pop_all())
                return held
    raise ProviderError("Something wrote to the server whenever its files were copied.", "Let nobody else use it.")


def _order(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> tuple[Order, object]:
    """What the guard shall start, and where the write-ahead log stood."""
    connection.execute("CHECKPOINT")
    position = connection.execute(_POSITION).fetchone()
    facts = connection.execute(_FACTS).fetchone()
    assert facts is not None
    programs, data, first, last = (str(each) for each in facts)
    if not Path(data, "PG_VERSION").is_file() or not Path(programs, "postgres").is_file():
        raise ProviderError("The files of the server are not on this machine.", "Use --provider embedded.")
    clone = {
        "source": data,
        "skip": [str(oid) for (oid,) in connection.execute(_OTHERS, (name,)).fetchall()],
        "wal": [each.name for each in Path(data, "pg_wal").iterdir() if first <= each.name <= last],
    }
    # Throw-away servers report a commit before it is written; one that is stopped at once would lose it.
    settings = ("listen_addresses=", *tuning.settings(), "synchronous_commit=on")
    return Order(programs=Path(programs), settings=settings, environment=tuning.environment(), clone=clone), position

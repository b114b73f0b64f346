"""What PostgreSQL says of every table's storage, and whether its word can be taken."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from itertools import count
from typing import Any, NamedTuple

import psycopg

from migration_checks.database import OWN_SCHEMA
from migration_checks.rows.values import literal
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column

_STAMPS = files("migration_checks.rows").joinpath("stamps.sql").read_text().replace("{own}", literal(OWN_SCHEMA))
_WHOLE = _STAMPS.encode()
STORAGE = re.sub(r".*-- shape\n", "", _STAMPS).encode()
"""SQL for what `stamps_of` takes as `found`, where shapes are known."""

_SESSIONS = """
SELECT json_build_array(
    current_setting('track_counts')::bool AND NOT EXISTS (
        SELECT FROM pg_db_role_setting WHERE array_to_string(setconfig, ' ') ~* '(^| )track_counts='
    ),
    ARRAY(
        SELECT pid
        FROM pg_stat_get_activity(NULL)
        WHERE datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND backend_type = 'client backend'
          AND application_name <> 'migration-checks' AND pid <> $1
    )
)
"""

_WRITTEN = b"""
SELECT EXISTS (
    SELECT FROM pg_class
    WHERE NOT relisshared
      AND pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid) + pg_stat_get_tuples_deleted(oid) > 0
) OR EXISTS (
    SELECT FROM pg_database d
    WHERE datname = current_database() AND (
        pg_stat_get_db_stat_reset_time(oid) IS NOT NULL OR EXISTS (SELECT FROM pg_db_role_setting WHERE setdatabase = d.oid)
    )
)
"""

_PATIENCE = 25
"""How often sessions that are about to leave are looked for."""
PAUSE = 0.01
"""Seconds between two such looks."""

_doubts = count(1)


class Stamp(NamedTuple):
    """A table as it stands: `data` changes when anything may have been written, `shape` when its definition was.

    `kinds` changes when a type of the user's did, whatever table has a column of it.
    """

    oid: int
    name: str
    relation: str
    data: str
    kinds: str
    shape: str
    unread: str | None

    def rows(self, columns: Iterable[Column]) -> str:
        """Equal as long as nothing was written to rows of these columns, and their types mean what they meant."""
        return f"{self.data}.{self.kinds}" if any(column.stored for column in columns) else self.data

    def whole(self, columns: Iterable[Column]) -> str:
        """Equal as long as neither the rows nor the definition of a table with these columns were touched."""
        return f"{self.rows(columns)}|{self.shape}"


def stamps_of(
    shop: Workshop,
    *,
    trusted: bool,
    shapes: Mapping[int, str] | None = None,
    found: Sequence[Any] | None = None,
) -> list[Stamp]:
    """One Stamp a user table, by name, partitions under their root; where counters are not `trusted` every one is new.

    `shapes` are by oid what a reading of the catalog has just told of definitions: then the server is not asked for that.
    `found` is what STORAGE has just given, if it was asked.
    """
    doubt = "" if trusted else f"?{next(_doubts)}"
    known = shapes or {}
    if found is None or shapes is None:
        found = shop.look(_WHOLE if shapes is None else STORAGE)
    return [
        Stamp(oid, name, f"ONLY {name}" if only else name, data + doubt, kinds, known.get(oid, shape), unread)
        for oid, name, only, data, kinds, shape, unread in found
    ]


class Watch:
    """Says whether counters can be trusted. Sessions report them at the latest when they leave: while one that is not the
    toolkit's stays, every table counts as touched. So it does on PostgreSQL 14, which hears of counters late.
    """

    query = _SESSIONS.encode()
    """SQL for what `judge` takes; its one parameter is the process id of a session that stays, and has reported."""

    def __init__(self) -> None:
        self._lingering: frozenset[int] = frozenset()
        self._looks = 0

    def judge(self, version: int, found: tuple[bool, list[int]]) -> bool | None:
        """True when all other sessions are gone and counting is on; None when it is worth looking again in a moment."""
        if version < 150000:
            return False
        counting, connected = found
        sessions = frozenset(connected)
        if not sessions or sessions <= self._lingering or self._looks >= _PATIENCE:
            self._lingering, self._looks = sessions, 0
            return bool(counting) and not sessions
        self._looks += 1
        return None

    def settled(self, shop: Workshop, spared: int | None = None) -> bool:
        """Wait a moment for sessions that are leaving; True when all are gone, have reported, and counting is on.

        Our own session reports what it wrote as well. `spared` is the process id of one that stays, and has reported.
        """
        report(shop.connection)
        verdict: bool | None = None
        while verdict is None:
            (found,) = shop.look(self.query, str(spared or 0).encode())
            verdict = self.judge(shop.connection.info.server_version, found)
            if verdict is None:
                time.sleep(PAUSE)
        return verdict


def ever_written(connection: psycopg.Connection[Any]) -> bool:
    """Whether anything was written to the database since it was made, even in vain; counters must be worth trusting.

    They begin anew with every database, a copy included, and are kept for the system catalogs too. Where somebody has reset
    them, they tell nothing: then it counts as written to.
    """
    row = connection.execute(_WRITTEN).fetchone()
    return row is None or bool(row[0])


def report(connection: psycopg.Connection[Any]) -> None:
    """Have a session of our own report its counters now, where it can be told to."""
    if connection.info.server_version >= 150000:
        connection.execute("SELECT pg_stat_force_next_flush()")

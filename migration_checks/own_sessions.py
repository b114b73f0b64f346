"""The toolkit's own sessions in a database under walk: one that writes rows, and one that looks."""

from __future__ import annotations

from typing import Any, TypeAlias

import psycopg

from migration_checks.connection import connect
from migration_checks.rows.touched import report
from migration_checks.rows.workshop import settle_in

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

SMALL = 20
"""Objects in a catalog for which any plan of a query is good enough."""


class OwnSessions:
    """Open until `close`: `writer` from its first use on, `reader` from the start.

    `reader` is for the catalog, whose queries cost more to plan than to run: it keeps their plans, until `replan` drops them
    when they no longer fit. It compares rows as well, for which it is set up (workshop.settle_in).
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._unreported = False
        self._writer: Connection | None = None
        self._open_reader()

    def _open_reader(self) -> None:
        self.reader: Connection = connect(self.url)
        settle_in(self.reader)
        self.reader.execute("SET plan_cache_mode = force_generic_plan")
        self._planned_for = SMALL

    def open(self) -> None:
        """Connect anew, but for a reader that still is connected. Raises psycopg.OperationalError."""
        self._unreported = False
        self._writer = None
        try:
            self.reader.execute("")
        except psycopg.OperationalError:
            self._open_reader()

    def make_room(self) -> Connection:
        """Close all but the reader, and return that one."""
        for each in self._opened():
            if each is not self.reader:
                each.close()
        return self.reader

    def close(self) -> None:
        """Let go of the database."""
        for each in self._opened():
            each.close()

    def _opened(self) -> tuple[Connection, ...]:
        return tuple(each for each in (self._writer, self.reader) if each is not None)

    @property
    def writer(self) -> Connection:
        """For writing rows: what it did is reported before anybody looks. Raises psycopg.OperationalError when closed."""
        self._unreported = True
        if self._writer is None:
            if self.reader.closed:
                raise psycopg.OperationalError("the connection is closed")
            self._writer = connect(self.url)
        return self._writer

    def report(self) -> None:
        """See to it that the server's counters tell what was written here."""
        if self._unreported and self._writer is not None:
            report(self._writer)
            self._unreported = False

    def alive(self) -> bool:
        """Whether all of them are still connected."""
        try:
            for each in self._opened():
                each.execute("")
        except psycopg.OperationalError:
            return False
        return True

    def replan(self, objects: int) -> None:
        """Plans made while the catalog was small join it in loops: at 500 objects one took 26 ms, a new one 5."""
        if objects > 2 * self._planned_for:
            self.reader.execute("DISCARD PLANS")
            self._planned_for = objects

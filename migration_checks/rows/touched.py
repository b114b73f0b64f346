"""What PostgreSQL says of every table's storage, and whether its word can be taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import count

from migration_checks.database import OWN_SCHEMA
from migration_checks.rows.values import literal
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column

_STAMPS = files("migration_checks.rows").joinpath("stamps.sql").read_text().replace("{own}", literal(OWN_SCHEMA))
_STORAGE_ONLY = re.sub(r".*-- shape\n", "", _STAMPS)

_SESSIONS = """
SELECT pg_stat_force_next_flush(), current_setting('track_counts')::bool AND NOT EXISTS (
           SELECT FROM pg_db_role_setting WHERE array_to_string(setconfig, ' ') ~* '(^| )track_counts='
       ),
       (SELECT array_agg(pid)
        FROM pg_stat_get_activity(NULL)
        WHERE datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND backend_type = 'client backend'
          AND application_name <> 'migration-checks' AND pid <> {spared})
"""

_PATIENCE = 25
"""How often sessions that are about to leave are looked for, ten milliseconds apart."""

_doubts = count(1)


@dataclass(frozen=True, slots=True)
class Stamp:
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


def stamps_of(shop: Workshop, *, trusted: bool, shapes: Mapping[int, str] | None = None) -> list[Stamp]:
    """One Stamp a user table, by name, partitions under their root; where counters are not `trusted` every one is new.

    `shapes` are by oid what a reading of the catalog has just told of definitions: then the server is not asked for that.
    """
    doubt = "" if trusted else f"?{next(_doubts)}"
    known = shapes or {}
    return [
        Stamp(oid, name, f"ONLY {name}" if only else name, data + doubt, kinds, known.get(oid, shape), unread)
        for oid, name, only, data, kinds, shape, unread in shop.look(_STAMPS if shapes is None else _STORAGE_ONLY)
    ]


class Watch:
    """Says whether counters can be trusted. Sessions report them at the latest when they leave: while one that is not the
    toolkit's stays, every table counts as touched. So it does on PostgreSQL 14, which hears of counters late.
    """

    def __init__(self) -> None:
        self._lingering: frozenset[int] = frozenset()

    def settled(self, shop: Workshop, spared: int | None = None) -> bool:
        """Wait a moment for sessions that are leaving; True when all are gone, have reported, and counting is on.

        Our own session, which fills tables, reports as soon as the statement is over that looks for others. The one whose
        process is `spared` stays, and has reported.
        """
        return shop.connection.info.server_version >= 150000 and self._alone(shop, spared or 0)

    def _alone(self, shop: Workshop, spared: int) -> bool:
        for _ in range(_PATIENCE):
            ((_, counting, found),) = shop.rows(_SESSIONS.format(spared=spared))
            sessions = frozenset(found or ())
            if not sessions or sessions <= self._lingering:
                return bool(counting) and not sessions
            shop.execute("SELECT pg_sleep(0.01)")
        self._lingering = sessions
        return False

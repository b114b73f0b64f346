"""What PostgreSQL says of every table's storage, and whether its word can be taken."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from itertools import count

from migration_checks.database import OWN_SCHEMA
from migration_checks.rows.values import literal
from migration_checks.rows.workshop import Workshop

_STAMPS = files("migration_checks.rows").joinpath("stamps.sql").read_text().replace("{own}", literal(OWN_SCHEMA))

_SESSIONS = """
SELECT current_setting('track_counts')::bool AND NOT EXISTS (
           SELECT FROM pg_db_role_setting WHERE array_to_string(setconfig, ' ') ~* '(^| )track_counts='
       ),
       (SELECT array_agg(pid)
        FROM pg_stat_get_activity(NULL)
        WHERE datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND backend_type = 'client backend'
          AND application_name <> 'migration-checks')
"""

_PATIENCE = 25
"""How often sessions that are about to leave are looked for, ten milliseconds apart."""

_doubts = count(1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A table as it stands: `data` changes when anything may have been written, `shape` when its definition was."""

    oid: int
    name: str
    relation: str
    data: str
    shape: str
    unread: str | None

    @property
    def whole(self) -> str:
        return f"{self.data}|{self.shape}"


def stamps_of(shop: Workshop, *, trusted: bool) -> list[Stamp]:
    """One Stamp a user table, by name, partitions under their root; where counters are not `trusted` every one is new."""
    doubt = "" if trusted else f"?{next(_doubts)}"
    return [
        Stamp(oid, name, f"ONLY {name}" if only else name, data + doubt, shape, unread)
        for oid, name, only, data, shape, unread in shop.look(_STAMPS)
    ]


class Watch:
    """Says whether counters can be trusted. Sessions report them at the latest when they leave: while one that is not the
    toolkit's stays, every table counts as touched. So it does on PostgreSQL 14, which hears of counters late.
    """

    def __init__(self) -> None:
        self._lingering: frozenset[int] = frozenset()

    def settled(self, shop: Workshop) -> bool:
        """Wait a moment for sessions that are leaving; True when all are gone, have reported, and counting is on."""
        if shop.connection.info.server_version < 150000 or not self._alone(shop):
            return False
        shop.execute("SELECT pg_stat_force_next_flush()")
        return True

    def _alone(self, shop: Workshop) -> bool:
        for _ in range(_PATIENCE):
            ((counting, found),) = shop.look(_SESSIONS)
            sessions = frozenset(found or ())
            if not sessions or sessions <= self._lingering:
                return bool(counting) and not sessions
            shop.execute("SELECT pg_sleep(0.01)")
        self._lingering = sessions
        return False

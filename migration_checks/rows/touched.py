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
SELECT pid
FROM pg_stat_get_activity(NULL)
WHERE datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND backend_type = 'client backend'
  AND application_name <> 'migration-checks'
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


class Watch:
    """Reads stamps. Sessions report their counters at the latest when they leave: while one that is not the toolkit's stays,
    every table counts as touched. So it does on PostgreSQL 14, which hears of counters late.
    """

    def __init__(self) -> None:
        self._lingering: frozenset[int] = frozenset()

    def stamps(self, shop: Workshop) -> list[Stamp]:
        """One Stamp a user table, by name, partitions under their root."""
        trusted = shop.connection.info.server_version >= 150000 and self._settled(shop)
        if trusted:
            shop.execute("SELECT pg_stat_force_next_flush()")
        doubt = "" if trusted else f"?{next(_doubts)}"
        return [
            Stamp(oid, name, f"ONLY {name}" if only else name, data + doubt, shape, unread)
            for oid, name, only, data, shape, unread in shop.look(_STAMPS)
        ]

    def _settled(self, shop: Workshop) -> bool:
        """Wait a moment for sessions that are leaving; True when all are gone and counting is on."""
        for _ in range(_PATIENCE):
            sessions = {pid for (pid,) in shop.look(_SESSIONS)}
            if not sessions:
                return bool(shop.look("SELECT current_setting('track_counts')::bool")[0][0])
            if sessions <= self._lingering:
                return False
            shop.execute("SELECT pg_sleep(0.01)")
        self._lingering = frozenset(sessions)
        return False

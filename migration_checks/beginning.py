"""What only a new session finds, at its start: as long as that stays the same, an old one will do."""

from __future__ import annotations

from migration_checks.worker.keeping import SEEDING

FIRST_OF_USERS = 16384
"""The oids below belong to PostgreSQL itself."""

BEGINNING = f"""
SELECT json_build_array(
    NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtevent = 'login')
        AND NOT EXISTS (
            SELECT FROM pg_proc
            WHERE oid >= {FIRST_OF_USERS}
              AND (prosrc ~* '{SEEDING}'
                   OR prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('internal', 'sql', 'plpgsql'))
                      AND (provolatile = 'v' OR prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')))
        ),
    concat_ws('|',
        pg_conf_load_time(),
        (SELECT concat_ws('.', oid, xmin) FROM pg_database WHERE datname = current_database()),
        (SELECT concat_ws('.', count(*), max(xmin::text::bigint)) FROM pg_db_role_setting),
        (SELECT concat_ws('.', count(*), max(xmin::text::bigint)) FROM pg_extension),
        (SELECT r::text FROM pg_roles AS r WHERE rolname = session_user)
    )
)
""".encode()
"""SQL for what `Beginning.same` takes: whether sessions can be used again at all, and what a new one would find."""


class Beginning:
    """Says at each place whether a new session would find what it would have found at the place before."""

    def __init__(self) -> None:
        self._last: str | None = None

    def same(self, found: tuple[bool, str]) -> bool:
        """`found` is what BEGINNING has just given.

        Settings of the role and the database, their rights and limits are what a session finds at its start; a trigger at
        login runs for each, and what functions in C and in other languages keep for their session cannot be taken back.
        """
        reusable, now = found
        last, self._last = self._last, now
        return reusable and now == last

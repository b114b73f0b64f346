"""The modes in which PostgreSQL locks a relation, which of them exclude each other, and what that means in words.

Table 13.2 of https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
"""From the weakest to the strongest. SHARE is no stronger than SHARE UPDATE EXCLUSIVE, but it keeps more work waiting."""

_CONFLICTS = (
    "       X",
    "      XX",
    "    XXXX",
    "   XXXXX",
    "  XX XXX",
    "  XXXXXX",
    " XXXXXXX",
    "XXXXXXXX",
)

CONFLICTS: Mapping[str, frozenset[str]] = {
    mode: frozenset(other for other, mark in zip(MODES, row, strict=True) if mark == "X")
    for mode, row in zip(MODES, _CONFLICTS, strict=True)
}
"""The modes that another transaction cannot have while one has the key."""

BLOCKS: Mapping[str, str] = {
    "ACCESS SHARE": "nothing but DROP, TRUNCATE, VACUUM FULL and most forms of ALTER TABLE",
    "ROW SHARE": "nothing but what ACCESS SHARE blocks, and REFRESH MATERIALIZED VIEW CONCURRENTLY",
    "ROW EXCLUSIVE": "CREATE INDEX, new foreign keys and triggers, and most forms of ALTER TABLE; no reads and no writes",
    "SHARE UPDATE EXCLUSIVE": "VACUUM, ANALYZE, index builds and every change of the definition; no reads and no writes",
    "SHARE": "writes (INSERT, UPDATE, DELETE, MERGE), VACUUM and every change of the definition; no reads",
    "SHARE ROW EXCLUSIVE": "writes (INSERT, UPDATE, DELETE, MERGE), VACUUM and every change of the definition; no reads",
    "EXCLUSIVE": "writes, SELECT FOR UPDATE or SHARE, VACUUM and every change of the definition; only plain reads go on",
    "ACCESS EXCLUSIVE": "everything: reads, writes, VACUUM and every change of the definition",
}
"""What waits behind a lock, in words."""

READS, WRITES = "ACCESS SHARE", "ROW EXCLUSIVE"
"""What SELECT needs, and what INSERT, UPDATE, DELETE and MERGE need."""


def mode_named(name: str) -> str:
    """The mode that pg_locks calls `name`: "ShareUpdateExclusiveLock" is SHARE UPDATE EXCLUSIVE."""
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in name.removesuffix("Lock"))
    return words.strip().upper()


def strength(mode: str) -> int:
    """The place of a mode among MODES; the manual's order, in which each excludes at least as many as those before it do."""
    return MODES.index(mode)


def strongest(modes: Iterable[str]) -> str | None:
    """The strongest of `modes`, None where there is none."""
    return max(modes, key=strength, default=None)


def blocks_reads(mode: str) -> bool:
    """Whether SELECT waits behind it."""
    return READS in CONFLICTS[mode]


def blocks_writes(mode: str) -> bool:
    """Whether INSERT, UPDATE, DELETE and MERGE wait behind it."""
    return WRITES in CONFLICTS[mode]

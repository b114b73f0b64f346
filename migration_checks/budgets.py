"""How long is too long, and how large is large: the limits that a project may set, each with the source of its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from migration_checks.fields import Fields
from migration_checks.identities import bare, parts

if TYPE_CHECKING:
    from migration_checks.profile import Profile

SCANNED, BUILT, REWRITTEN, CHANGED = 40_000_000, 10_000_000, 5_000_000, 2_500_000
"""Rows a second that one session may scan, put into an index, write anew or change, at the very best.

Twice what `python -m tests.rates` measures for the narrowest table there is, in memory. What takes longer than a budget even so
takes longer in production; what does not may still, which the growth trial measures.
"""


@dataclass(frozen=True, slots=True)
class Budgets:
    """Limits of [tool.migration_checks.budgets], in seconds and rows.

    `blocks_reads` and `blocks_writes`: how long others may be kept from a table. One second is PostgreSQL's deadlock_timeout,
    after which it looks into a wait, and with log_lock_waits reports it as a problem
    (https://www.postgresql.org/docs/current/runtime-config-locks.html). `small_table`: up to so many rows in production,
    nothing that is done to a whole table is worth more than a remark; GitLab lets tables of less than 1,000 records do
    without CONCURRENTLY (https://docs.gitlab.com/development/migration_style_guide/).
    """

    blocks_reads: float = 1.0
    blocks_writes: float = 1.0
    small_table: int = 1_000


KEYS = tuple(field.name for field in fields(Budgets))


def read_budgets(table: Fields | None) -> Budgets | None:
    """The budgets that a table of settings names, None where there is none. Raises ConfigurationError."""
    if table is None:
        return None
    plain = Budgets()
    reads, writes, small = table.number("blocks_reads"), table.number("blocks_writes"), table.integer("small_table")
    return Budgets(
        plain.blocks_reads if reads is None else reads,
        plain.blocks_writes if writes is None else writes,
        plain.small_table if small is None else small,
    )


@dataclass(frozen=True, slots=True)
class Production:
    """How many rows production has: what was said of a table by name, else what a profile knows, else what holds for all."""

    said: Mapping[str, int]
    profile: Profile | None = None

    def rows(self, table: str) -> int | None:
        """The rows of a table by its qualified, quoted name; None where nobody said."""
        names = [bare(part) for part in parts(table)]
        spelled = (table, ".".join(names), names[-1], parts(table)[-1]) if names else (table,)
        for name in spelled:
            if name in self.said:
                return self.said[name]
        known = self.profile.by_name.get(table) if self.profile is not None else None
        return known.rows if known is not None else self.said.get("")

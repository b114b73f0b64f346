"""The revision graph as values: who follows whom, read without a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision script.

    `down` are the revisions that it replaces as head, `depends_on` those it only needs applied. `path` is the script's file,
    `upgrade_line` and `downgrade_line` the 1-based lines of its functions (0 when absent). `downgrade_empty` is true when
    the downgrade function has no statement but pass, a docstring or a bare return.
    """

    id: str
    down: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    doc: str = ""
    path: str = ""
    upgrade_line: int = 0
    downgrade_line: int = 0
    downgrade_empty: bool = False

    @property
    def parents(self) -> tuple[str, ...]:
        """Every revision that must be applied before this one."""
        return (*self.down, *(each for each in self.depends_on if each not in self.down))


@dataclass(frozen=True)
class Graph:
    """All revisions, parents first; the order is the one Alembic would apply them in."""

    revisions: tuple[Revision, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Revision]:
        return {revision.id: revision for revision in self.revisions}

    @cached_property
    def heads(self) -> tuple[str, ...]:
        replaced = {parent for revision in self.revisions for parent in revision.down}
        return tuple(revision.id for revision in self.revisions if revision.id not in replaced)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        return tuple(revision.id for revision in self.revisions if not revision.down)

    def ancestors(self, ids: Iterable[str]) -> frozenset[str]:
        """`ids` and everything that must be applied before them."""
        seen: set[str] = set()
        waiting = list(ids)
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting.extend(self.by_id[each].parents)
        return frozenset(seen)

    def between(self, start: Iterable[str], end: Iterable[str]) -> tuple[Revision, ...]:
        """What an upgrade from `start` to `end` applies, parents first."""
        wanted = self.ancestors(end) - self.ancestors(start)
        return tuple(revision for revision in self.revisions if revision.id in wanted)

    def heads_of(self, applied: Iterable[str]) -> frozenset[str]:
        """What the version table holds once `applied` (closed under parents) are applied.

        A revision that another one replaces, or depends on, is not listed (alembic.runtime.migration.HeadMaintainer).
        """
        ids = set(applied)
        covered = {parent for each in ids for parent in self.by_id[each].parents}
        return frozenset(ids - covered)

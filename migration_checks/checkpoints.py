"""Copies of places that the walk can be brought back to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migration_checks.database import Databases, Session
from migration_checks.snapshot import Snapshot

LIMIT = 48
"""How many copies are kept at once: each costs the size of the database, some 8 MB for an empty one."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A copy of a place that nobody is connected to: the revisions applied there and what the place looked like.

    `url` is None where no copy is needed: any fresh database is in that place. `roles` are those that scripts had made in the
    cluster by then: what comes after may name them.
    """

    applied: frozenset[str]
    url: str | None
    snapshot: Snapshot
    roles: frozenset[str] = frozenset()


class Checkpoints:
    """The copies made so far, the start of the walk first; `fresh` makes a database in the state before the first revision."""

    def __init__(self, databases: Databases, fresh: Callable[[], str]) -> None:
        self.databases = databases
        self.fresh = fresh
        self.kept: list[Checkpoint] = []

    def keep(self, url: str, applied: frozenset[str], snapshot: Snapshot, by: Session | None = None) -> Checkpoint | None:
        """Copy the database at `url`, to which nobody may be connected but `by`. Beyond LIMIT the second oldest copy goes.

        Above the start no copy is made of a database that depends on roles which scripts made on the way: the copy would
        keep their downgrades from dropping them, which in production they can.
        """
        roles = self.databases.made_roles()
        if self.kept and self.databases.depends_on_roles(url, roles - self.kept[0].roles):
            return None
        checkpoint = Checkpoint(applied, self.databases.copy(url, "place", by), snapshot, roles)
        self.kept.append(checkpoint)
        if len(self.kept) > LIMIT:
            self._drop(self.kept.pop(1))
        return checkpoint

    def begin_fresh(self, snapshot: Snapshot) -> None:
        """Know the start of the walk, which looks like `snapshot`, as a place where any fresh database is."""
        self.kept.append(Checkpoint(frozenset(), None, snapshot, self.databases.made_roles()))

    def again(self, checkpoint: Checkpoint, label: str) -> str:
        """The URL of a new database in that place, the caller's own."""
        return self.fresh() if checkpoint.url is None else self.databases.copy(checkpoint.url, label)

    def below(self, applied: frozenset[str]) -> Checkpoint:
        """The copy from which `applied` is reached with the fewest steps; the start of the walk is always one.

        A copy is of no use once a role that was there with it has been dropped.
        """
        start, *rest = self.kept
        roles = self.databases.made_roles() if any(each.roles for each in rest) else frozenset()
        useful = [start, *(each for each in rest if each.roles <= roles)]
        return max((each for each in useful if each.applied <= applied), key=lambda each: len(each.applied))

    def exact(self, applied: frozenset[str]) -> Checkpoint | None:
        """The copy of just this place, if one was kept."""
        return next((each for each in reversed(self.kept) if each.applied == applied), None)

    def release_all_but_start(self) -> Checkpoint:
        """Drop every copy but that of the start of the walk, and return it."""
        start, *rest = self.kept
        for each in rest:
            self._drop(each)
        self.kept = [start]
        return start

    def _drop(self, checkpoint: Checkpoint) -> None:
        if checkpoint.url is not None:
            self.databases.drop(checkpoint.url)

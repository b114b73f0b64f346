"""Copies of places that the walk can be brought back to."""

from __future__ import annotations

from dataclasses import dataclass

from migration_checks.database import Databases
from migration_checks.snapshot import Snapshot

LIMIT = 48
"""How many copies are kept at once: each costs the size of the database, some 8 MB for an empty one."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A copy of a place that nobody is connected to: the revisions applied there and what the place looked like."""

    applied: frozenset[str]
    url: str
    snapshot: Snapshot


class Checkpoints:
    """The copies made so far, the start of the walk first."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.kept: list[Checkpoint] = []

    def keep(self, url: str, applied: frozenset[str], snapshot: Snapshot) -> Checkpoint:
        """Copy the database at `url`, to which nobody may be connected. Beyond LIMIT the second oldest copy goes."""
        checkpoint = Checkpoint(applied, self.databases.copy(url, "place"), snapshot)
        self.kept.append(checkpoint)
        if len(self.kept) > LIMIT:
            self.databases.drop(self.kept.pop(1).url)
        return checkpoint

    def below(self, applied: frozenset[str]) -> Checkpoint:
        """The copy from which `applied` is reached with the fewest steps; the start of the walk is always one."""
        return max((each for each in self.kept if each.applied <= applied), key=lambda each: len(each.applied))

    def exact(self, applied: frozenset[str]) -> Checkpoint | None:
        """The copy of just this place, if one was kept."""
        return next((each for each in reversed(self.kept) if each.applied == applied), None)

    def release_all_but_start(self) -> Checkpoint:
        """Drop every copy but that of the start of the walk, and return it."""
        start, *rest = self.kept
        for each in rest:
            self.databases.drop(each.url)
        self.kept = [start]
        return start

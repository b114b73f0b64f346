"""What a walk remembers of the places where it stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from migration_checks.bench import Tables, Written
from migration_checks.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Place:
    """Where the walk stands: the revisions applied, in the order in which they were, and what the database looks like."""

    applied: tuple[str, ...]
    snapshot: Snapshot

    @property
    def key(self) -> frozenset[str]:
        return frozenset(self.applied)


@dataclass(slots=True)
class Trail:
    """Places by their revisions, what the toolkit wrote at each, and what each upgrade started from and built.

    `filled` are the added columns ("schema.table.column") that the toolkit filled in rows which were there before. `gone` are
    the revisions whose entry in `written` tells of rows that are not in the database at hand.
    One entry a revision: when a stretch is walked again after a fault, the newer entry counts, since it is the one whose rows
    the database at hand holds.
    """

    places: dict[frozenset[str], Place] = field(default_factory=dict)
    written: dict[str, Written] = field(default_factory=dict)
    ascents: dict[str, Written] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    _known: dict[str, tuple[Written, Written]] = field(default_factory=dict)

    def first_with_rows(self, start: int) -> Place | None:
        """The lowest place with rows in its tables; `start` is how many revisions are applied where the walk begins."""
        populated = (place for place in self.places.values() if place.snapshot.rows and len(place.applied) >= start)
        return min(populated, key=lambda place: len(place.applied), default=None)

    def written_above(self, applied: Iterable[str]) -> tuple[Written, ...]:
        """What the toolkit wrote at places that are not part of `applied`."""
        below = frozenset(applied)
        return tuple(pair for revision, pair in self.written.items() if revision not in below)

    def fills(self, applied: Iterable[str]) -> tuple[Written, ...]:
        """What the toolkit wrote to rows that were there already, at the places of `applied`: values of added columns."""
        below = frozenset(applied) - self.gone
        fills = (self._fill(revision, pair) for revision, pair in self.written.items() if revision in below)
        return tuple(fill for fill in fills if fill[0])

    def _fill(self, revision: str, pair: Written) -> Written:
        """`_into_rows` of a pair, worked out once: every leg asks for those of all places below it."""
        known = self._known.get(revision)
        if known is None or known[0] is not pair:
            known = self._known[revision] = (pair, _into_rows(pair))
        return known[1]

    def forget_above(self, applied: Iterable[str]) -> None:
        """The walk goes on with a copy of the place `applied`: what was written above it before is not in there."""
        below = frozenset(applied)
        self.written = {revision: pair for revision, pair in self.written.items() if revision in below}

    def history(self, applied: Iterable[str]) -> tuple[tuple[str, Tables, Tables], ...]:
        """(revision, tables before, tables after) of the upgrades in `applied` that were walked, in order."""
        return tuple((each, *self.ascents[each]) for each in applied if each in self.ascents)


def _into_rows(pair: Written) -> Written:
    """A pair of states, of the tables only in which the toolkit altered rows rather than put the first ones in."""
    before, after = pair
    names = [name for name, table in before.items() if table.rows and name in after and after[name].digests != table.digests]
    return {name: before[name] for name in names}, {name: after[name] for name in names}

"""Which revisions a walk visits, and which it only passes on the way to its start."""

from __future__ import annotations

from dataclasses import dataclass

from migration_checks.graph import Graph, Revision


@dataclass(frozen=True, slots=True)
class Route:
    """`before` is applied to reach the start, `revisions` are walked; both parents first. `start` and `end` are heads.

    Those of `revisions` that are `passed` are only upgraded and filled on the way, unjudged. `descends` says whether the walk
    leads down again and leaps; where it does, `skips` says that the way down jumps over what was passed.
    """

    before: tuple[Revision, ...]
    revisions: tuple[Revision, ...]
    start: frozenset[str]
    end: frozenset[str]
    passed: frozenset[str] = frozenset()
    descends: bool = True
    skips: bool = False

    @property
    def visited(self) -> tuple[Revision, ...]:
        """What is judged."""
        return tuple(revision for revision in self.revisions if revision.id not in self.passed)


def plan(graph: Graph, start: frozenset[str], end: frozenset[str]) -> Route:
    """The route from `start` to `end`, both as heads; the empty set is the state before the first revision."""
    return Route(graph.between((), start), graph.between(start, end), start, end)

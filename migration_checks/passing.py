"""A walk that only passes some of its revisions: upgraded once and filled as a whole walk fills them, and not judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migration_checks.diff import diff_catalogs
from migration_checks.graph import Revision
from migration_checks.recovery import LostPlace
from migration_checks.trail import Place
from migration_checks.transition import Transition
from migration_checks.walker import Walker

STRIDE = 100
"""After how many passed revisions a copy is kept: bringing a walk back repeats no more than that, and a copy costs a step."""


class PartWalker(Walker):
    """Walks the revisions of its route that are not passed.

    What it passes is upgraded once, and topped up with the rows that a whole walk would put in there, so that the judged
    revisions meet the same rows. Beside an upgrade that fails on them it steps as a whole walk does.
    """

    def _take(self, revision: Revision) -> Iterator[Transition]:
        if revision.id not in self.route.passed:
            yield from super()._take(revision)
            return
        self._pass(revision)
        # What could not be filled here is told where this revision is judged.
        self.recovery.unfilled.pop("start", None)
        self.recovery.unfilled.pop(revision.id, None)

    def _descend(self) -> Iterator[Transition]:
        return super()._descend() if self.route.descends else iter(())

    def _pass(self, revision: Revision) -> None:
        below = self.here
        try:
            self.here = self.recovery.repeat(revision, below)
        except LostPlace:
            self._pass_without_rows(revision, below)
            return
        if self.route.skips:
            self.barred.add(revision.id)
        elif self.route.descends:
            self._foresee(revision, below)
        self._keep_now_and_then(revision)

    def _pass_without_rows(self, revision: Revision, below: Place) -> None:
        self._give_way(revision, below)
        if revision.id in self.blocked:
            return
        below, built, _ = self.recovery.step_aside(revision.id, below.applied)
        if revision.id in self.recovery.plain:
            built = self.recovery.without_rows((*below.applied, revision.id))
        self.here = self.recovery.arrive(revision, below, built)
        self.recovery.keep(self.here)

    def _foresee(self, revision: Revision, below: Place) -> None:
        """Know for the way down what the legs of this revision would have shown: what it wrote, and whether it leads back."""
        before, built = self.trail.ascents[revision.id]
        changes = self.bench.rows.compare(before, built)
        self.wrote[revision.id] = frozenset(each.table for each in changes.tables if each.added or each.columns)
        if revision.downgrade_empty:
            objects = diff_catalogs(below.snapshot.catalog, self.here.snapshot.catalog)
            if not changes.data_equal or any(not each.cosmetic for each in objects):
                self.barred.add(revision.id)

    def _keep_now_and_then(self, revision: Revision) -> None:
        steps = len(self.here.applied) - len(self.checkpoints.below(self.here.key).applied)
        number = self.route.revisions.index(revision) + 1
        following, next_but_one = (self.route.revisions[each : each + 1] for each in (number, number + 1))
        if self._judges(following):
            return  # with a copy just below it a revision would be tried out in ways in which a whole walk does not try it
        if steps >= STRIDE or self._judges(next_but_one):
            self.recovery.keep(self.here)

    def _judges(self, revisions: Sequence[Revision]) -> bool:
        return any(revision.id not in self.route.passed for revision in revisions)

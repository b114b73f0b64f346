"""The walk: every revision upgraded, undone, redone and tried out, then all the way down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from migration_checks.bench import Bench, Window, Written
from migration_checks.checkpoints import Checkpoint, Checkpoints
from migration_checks.contradictions import spared
from migration_checks.environment import Outcome
from migration_checks.errors import EnvironmentFailure
from migration_checks.graph import Graph, Revision
from migration_checks.halfway import left_behind
from migration_checks.nature import bare, mentions
from migration_checks.recovery import LostPlace, Recovery
from migration_checks.report import Note
from migration_checks.route import Route
from migration_checks.snapshot import Snapshot
from migration_checks.trail import Place, Trail
from migration_checks.transition import Changes, Failure, Leg, Transition
from migration_checks.trials.lab import Lab, Trial
from migration_checks.trials.order import order_trial
from migration_checks.trials.writes import writes_trial


class Walker:
    """Walks a route on a bench and yields a Transition for each leg.

    A leg that fails, or leaves another state than it should, hides nothing above or below it: the walk is brought back to
    the right place, from a copy and by repeating steps, and goes on. What could not be walked is in `notes`.
    `fresh` makes a database in the state before the first revision; `progress(revision, leg)` is called before each leg.
    """

    def __init__(
        self,
        bench: Bench,
        checkpoints: Checkpoints,
        graph: Graph,
        route: Route,
        *,
        rows: int,
        fresh: Callable[[], str],
        progress: Callable[[str, Leg], None],
        trials: Sequence[Trial] = (),
    ) -> None:
        self.bench = bench
        self.graph = graph
        self.route = route
        self.checkpoints = checkpoints
        self.progress = progress
        self.trail = Trail()
        self.recovery = Recovery(bench, checkpoints, graph, self.trail, rows, fresh)
        self.lab = Lab(bench, checkpoints.databases, trials, progress)
        self.notes: list[Note] = self.lab.notes
        self.barred: set[str] = set()
        self.blocked: set[str] = set()
        self.emptied: set[str] = set()
        self.wrote: dict[str, frozenset[str]] = {}
        self.lost = False
        self.here: Place
        self.window: Window

    def walk(self) -> Iterator[Transition]:
        """ASCEND, UNDO, REDO, ORDER and WRITES for each revision, then DESCEND; LEAP is run apart (leap.py)."""
        self.here = self.recovery.start(self.route.before)
        self._say_what_seeds_contradict(self.here.snapshot, None)
        unreached: list[str] = []
        for revision in self.route.revisions:
            if self.lost or (self.blocked and self.blocked & self.graph.ancestors([revision.id])):
                unreached.append(revision.id)
            else:
                yield from self._take(revision)
        if unreached:
            reason = "Not walked: what they need could not be built; the failed upgrade above says why."
            self.notes.append(Note(_listed(unreached), reason))
        if not self.lost:
            yield from self._descend()

    # -- one revision ------------------------------------------------------------------------------------------------

    def _take(self, revision: Revision) -> Iterator[Transition]:
        with self.lab.place_below() as below:
            legs = list(self._arrived(revision, list(self._visit(revision))))
            yield from legs
            if not self.lost:
                yield from self.lab.experiments(revision, below, legs)

    def _visit(self, revision: Revision) -> Iterator[Transition]:
        below = self.here
        outcome, window = self._step(Leg.ASCEND, revision)
        self.window = window
        if outcome.failure is None:
            after = self._look(below.snapshot, outcome, (*below.applied, revision.id), keep=True)
            ascend = self._ascended(revision, below, after, outcome)
        else:
            failed = self._failed(Leg.ASCEND, revision, below.snapshot, outcome)
            self._give_way(revision, below)
            yield replace(failed, made_up=revision.id in self.emptied and not self.bench.lineage.seeds)
            if revision.id in self.blocked:
                return
            below, after, window = self.recovery.step_aside(revision.id, below.applied)
            on = "on plain rows only" if revision.id in self.recovery.plain else "without the rows of the revisions below"
            self._note(revision, f"Its upgrade fails on rows; its other legs were walked {on}.")
            ascend = None
        yield from self._there_and_back(revision, below, after, ascend, window)
        if revision.id not in self.blocked:
            built = self.here.snapshot
            if revision.id in self.recovery.plain:  # above it rows are as odd as anywhere
                built = self.recovery.without_rows((*below.applied, revision.id))
            self.here = self.recovery.arrive(revision, below, built)
            self._say_what_seeds_contradict(self.here.snapshot, built)
            if outcome.failure is not None:
                # From below nothing leads here with rows in the tables, so whoever must come back starts from this copy.
                self.recovery.keep(self.here)

    def _arrived(self, revision: Revision, legs: list[Transition]) -> Iterator[Transition]:
        """The legs of a visit, the first one saying which tables could not be filled once it was over, and what drifted."""
        unfilled = {**self.recovery.unfilled.pop("start", {}), **self.recovery.unfilled.pop(revision.id, {})}
        yield replace(legs[0], unfilled=unfilled, drift=self._drift(revision))
        yield from legs[1:]

    def _drift(self, revision: Revision) -> tuple[str, ...]:
        """What the models would still change, asked where every revision is applied and env.py offers models."""
        if set(self.here.applied) != self.graph.by_id.keys():
            return ()
        try:
            return self.bench.environment.drift() or ()
        except EnvironmentFailure as failure:
            self._note(revision, f"The schema at head was not held against the models: {failure.message}")
            return ()

    def _there_and_back(
        self, revision: Revision, below: Place, after: Snapshot, ascend: Transition | None, window: Window
    ) -> Iterator[Transition]:
        """UNDO and what follows from it; afterwards the bench stands where the upgrade left it, `here` says so."""
        undo = self._undo(revision, below, after)
        if ascend is not None:
            if undo.failure is None:
                fates = self.bench.rows.acquit(ascend.fates, below.snapshot.tables, undo.after.tables)
                ascend = replace(ascend, fates=fates)
            yield ascend
        yield undo
        self.here = Place((*below.applied, revision.id), after)
        if undo.failure is not None or (revision.downgrade_empty and not clean(undo)):
            self.barred.add(revision.id)
        if ascend is not None and clean(undo):
            yield from order_trial(self.bench, self.checkpoints.databases, ascend, window, self._step)
            ascend = None
        yield from self._redo(revision, below, undo, window)
        if ascend is not None and (start := self.checkpoints.exact(below.key)) is not None and start.url is not None:
            yield from self._order_from(start, ascend)
        if undo.failure is None and revision.id not in self.barred and revision.id not in self.blocked:
            yield from writes_trial(self.bench, self.checkpoints.databases, undo, self.here.snapshot, self._step)

    def _order_from(self, start: Checkpoint, ascend: Transition) -> Iterator[Transition]:
        """ORDER of a revision whose downgrade does not lead back: from a copy of the place below, against what stands now."""
        again = replace(ascend, before=start.snapshot, after=self.here.snapshot)
        yield from order_trial(self.bench, self.checkpoints.databases, again, self.window, self._step, start=start.url)

    def _undo(self, revision: Revision, below: Place, after: Snapshot) -> Transition:
        outcome, _ = self._step(Leg.UNDO, revision)
        undone = self._look(below.snapshot, outcome, below.applied, keep=False)
        residue = Changes()
        if outcome.failure is None:
            found = self.bench.compare(below.snapshot, undone, same_place=True)
            residue = self._spared(found, below.snapshot, undone, self.trail.fills(below.applied))
        changes = self.bench.compare(after, undone)
        return self._transition(Leg.UNDO, revision, after, undone, outcome, below.snapshot, changes, residue)

    def _spared(
        self, found: Changes, baseline: Snapshot, now: Snapshot, fills: Sequence[Written], written: Sequence[Written] = ()
    ) -> Changes:
        """`found`, less what only rows show that the walk made contradictory (see contradictions.py)."""
        if found.data_equal or not fills:
            return found
        apart = self.bench.compare(baseline, now, written=(*written, *fills), same_place=True)
        return spared(found, apart, self.trail.filled)

    def _redo(self, revision: Revision, below: Place, undo: Transition, window: Window) -> Iterator[Transition]:
        """Upgrade again where that says something, and see to it that the bench ends where the first upgrade ended."""
        after = self.here.snapshot
        if undo.changes.schema_equal and undo.changes.data_equal and not clean(undo):
            if undo.after.heads != after.heads:  # an empty downgrade: only the version table went back
                self.bench.environment.stamp(after.heads)
            return
        if undo.failure is None:
            redo, led_back = self._redone(revision, undo, window)
            yield redo
            if led_back:
                return
        self._again(revision, below)

    def _redone(self, revision: Revision, undo: Transition, window: Window) -> tuple[Transition, bool]:
        """REDO. Where the downgrade left another schema, or other rows, that is its fault: only the other half is compared.

        Also says whether the bench stands just where the first upgrade left it.
        """
        after, undone = self.here.snapshot, undo.after
        outcome, again = self._step(Leg.REDO, revision)
        now = self._look(after, outcome, self.here.applied, keep=outcome.failure is None)
        found = Changes()
        if outcome.failure is None:
            found = self.bench.compare(after, now, windows=(window, again), origin=undo.baseline, same_place=True)
        residue = replace(
            found,
            catalog=found.catalog if undo.residue.schema_equal else (),
            tables=found.tables if clean(undo) else (),
        )
        redo = self._transition(Leg.REDO, revision, undone, now, outcome, after, Changes(), residue)
        led_back = clean(replace(redo, residue=found))
        if led_back:  # to the same, but for keys and moments that were drawn anew
            self.here, self.window = Place(self.here.applied, now), again
        return redo, led_back

    def _ascended(self, revision: Revision, below: Place, after: Snapshot, outcome: Outcome) -> Transition:
        before = below.snapshot
        self.trail.ascents[revision.id] = (before.tables, after.tables)
        changes = self.bench.compare(before, after)
        self.wrote[revision.id] = frozenset(each.table for each in changes.tables if each.added or each.columns)
        fates = self.bench.rows.trace(
            before.tables,
            after.tables,
            history=self.trail.history(below.applied),
            written=self.trail.fills(below.applied),
        )
        for table, reason in self.bench.rows.untraced.items():
            self.notes.append(Note(table, f"Where its values went was not followed: {reason}.", revision.id))
        declared = [each for each in self.bench.lineage.transformations if each.revision == revision.id]
        fates = self.bench.rows.declared(fates, declared, after.tables)
        return replace(self._transition(Leg.ASCEND, revision, before, after, outcome, None, changes), fates=fates)

    # -- after faults ------------------------------------------------------------------------------------------------

    def _again(self, revision: Revision, below: Place) -> None:
        """Make what the upgrade built once more, from the place below; block the revision when that fails."""
        try:
            place = self._below_again(revision, below)
            outcome, self.window = self.bench.step(Leg.REDO, revision.id)
            if outcome.failure is not None:
                raise LostPlace(outcome.failure.message)
        except LostPlace as lost:
            self._block(revision, f"the state after its upgrade cannot be made a second time ({lost})", below)
            return
        applied = (*below.applied, revision.id)
        built = self.bench.snapshot(place.snapshot, self.bench.heads, keep=True, asked=applied)
        self.trail.ascents[revision.id] = (place.snapshot.tables, built.tables)
        self.here = Place(applied, built)

    def _below_again(self, revision: Revision, below: Place) -> Place:
        """Bring the bench back to the place below, without rows where the upgrade fails on them. Raises LostPlace."""
        if revision.id in self.emptied:
            return self.recovery.below_again(revision.id, below.applied)
        place = self.recovery.back_to(below.applied)
        self.recovery.keep(place)
        return place

    def _give_way(self, revision: Revision, below: Place) -> None:
        """After a failed upgrade: keep a copy of the place below it, and see whether the step works without rows."""
        try:
            self.recovery.keep(self.recovery.back_to(below.applied))
            self.recovery.without_rows((*below.applied, revision.id))
        except LostPlace as lost:
            self._block(revision, f"it cannot be upgraded on empty tables either ({lost})", below)
            return
        self.barred.add(revision.id)
        self.emptied.add(revision.id)

    def _block(self, revision: Revision, reason: str, below: Place) -> None:
        self.blocked.add(revision.id)
        self._note(revision, f"Nothing above it was walked: {reason}.")
        try:
            self.here = self.recovery.back_to(below.applied)
        except LostPlace as lost:
            self.lost = True
            self._note(revision, f"The walk ends here: the state below it cannot be made a second time ({lost}).")

    def _say_what_seeds_contradict(self, seeded: Snapshot, built: Snapshot | None) -> None:
        """An invariant that the rows put in here contradict is no step's fault, and no step above can be blamed for it."""
        for name, answer in seeded.answers.items():
            if answer is not None and (built is None or built.answers.get(name) is None):
                where = "where the walk begins" if built is None else f"once rows were put in at {self.here.applied[-1]}"
                subject = name.removeprefix("falsified:").removeprefix("contract:")
                reason = f"It does not hold {where}, so no step from there on could break it: {answer}."
                self.notes.append(Note(subject, reason, self.here.applied[-1] if self.here.applied else None))

    def _note(self, revision: Revision, reason: str) -> None:
        self.notes.append(Note(revision.id, reason, revision.id))

    # -- down --------------------------------------------------------------------------------------------------------

    def _descend(self) -> Iterator[Transition]:
        """Downgrade from where the walk ended to where it began, each place held against what it was on the way up."""
        walked = [each for each in self.here.applied if each in {revision.id for revision in self.route.revisions}]
        while walked:
            revision = self.graph.by_id[walked.pop()]
            target = tuple(each for each in self.here.applied if each != revision.id)
            if revision.id in self.barred:
                while walked and walked[-1] in self.barred:
                    target = tuple(each for each in target if each != walked[-1])
                    walked.pop()
                if walked and not self._jump(revision, target):
                    return
                continue
            descend = self._down(revision, target)
            yield descend
            if descend.failure is not None and walked and not self._jump(revision, target):
                return

    def _down(self, revision: Revision, target: tuple[str, ...]) -> Transition:
        before, place = self.here.snapshot, self.trail.places[frozenset(target)]
        outcome, _ = self._step(Leg.DESCEND, revision)
        now = self._look(place.snapshot, outcome, target, keep=False)
        residue = Changes()
        if outcome.failure is None:
            above = self.trail.written_above(target)
            found = self.bench.compare(place.snapshot, now, written=above, same_place=True)
            residue = self._spared(found, place.snapshot, now, self.trail.fills(target), above)
        self.here = Place(target, now)
        changes = left_behind(before, now) if outcome.failure is not None else Changes()
        descend = self._transition(Leg.DESCEND, revision, before, now, outcome, place.snapshot, changes, residue)
        return replace(descend, made_up=outcome.failure is not None and self._meets_made_up_rows(outcome.failure, target))

    def _meets_made_up_rows(self, failure: Failure, target: tuple[str, ...]) -> bool:
        """Whether a way down that fails can have met only rows that the walk put in above `target`.

        The same downgrade succeeded right after its upgrade, or it would be barred. Since then rows came from the walk, and
        from upgrades above: where one of those wrote to a table that the failure is about, the fault may be the chain's own.
        """
        above = [each for each in self.wrote if each not in target]
        text = f"{failure.table or ''} {failure.statement or ''}".lower()
        suspects = {bare(table).lower() for each in above[1:] for table in self.wrote[each]}
        return bool(self.trail.written_above(target)) and not any(mentions(text, name) for name in suspects)

    def _jump(self, revision: Revision, target: tuple[str, ...]) -> bool:
        """Go on below a downgrade that is known not to lead there."""
        try:
            self.here = self.recovery.back_to(target)
        except LostPlace as lost:
            self._note(revision, f"The way down ends here: the state below cannot be made a second time ({lost}).")
            return False
        return True

    # -- values ------------------------------------------------------------------------------------------------------

    def _step(self, leg: Leg, revision: Revision | str) -> tuple[Outcome, Window]:
        name = revision if isinstance(revision, str) else revision.id
        self.progress(name, leg)
        return self.bench.step(leg, name)

    def _look(self, previous: Snapshot, outcome: Outcome, applied: tuple[str, ...], *, keep: bool) -> Snapshot:
        return self.bench.snapshot(previous, outcome.heads, keep=keep, asked=applied)

    def _failed(self, leg: Leg, revision: Revision, before: Snapshot, outcome: Outcome) -> Transition:
        now = self._look(before, outcome, self.here.applied, keep=False)
        return self._transition(leg, revision, before, now, outcome, None, self.bench.compare(before, now))

    def _transition(
        self,
        leg: Leg,
        revision: Revision,
        before: Snapshot,
        after: Snapshot,
        outcome: Outcome,
        baseline: Snapshot | None,
        changes: Changes,
        residue: Changes | None = None,
    ) -> Transition:
        line = revision.upgrade_line if leg.upward else revision.downgrade_line or revision.upgrade_line
        return Transition(
            leg=leg,
            revision=revision.id,
            before=before,
            after=after,
            baseline=baseline,
            changes=changes,
            residue=residue or Changes(),
            statements=outcome.statements,
            seconds=outcome.seconds,
            failure=outcome.failure,
            expected_heads=outcome.expected_heads,
            downgrade_empty=revision.downgrade_empty,
            emptied=revision.id in self.emptied,
            marked_irreversible=revision.id in self.bench.lineage.irreversible,
            location=(revision.path, line) if revision.path else None,
        )


def clean(transition: Transition) -> bool:
    """Whether a leg ended just where it should."""
    return transition.failure is None and transition.residue.schema_equal and transition.residue.data_equal


def _listed(revisions: list[str]) -> str:
    """Many revisions in few words."""
    if len(revisions) <= 3:
        return ", ".join(revisions)
    return f"{len(revisions)} revisions from {revisions[0]} to {revisions[-1]}"

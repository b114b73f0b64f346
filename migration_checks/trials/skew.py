"""The SKEW trial: the application of one version on the schema of the other, in a rolling deployment and after a rollback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migration_checks.bench import Bench
from migration_checks.config import Settings
from migration_checks.lineage import Contract
from migration_checks.nature import bare, mentions
from migration_checks.snapshot import Catalog
from migration_checks.transition import Leg, Transition
from migration_checks.trials.lab import Bed
from migration_checks.trials.refusals import AHEAD, ROLLBACK, ROLLING, Refusal, SkewEvidence
from migration_checks.trials.skew_book import subjects
from migration_checks.trials.skew_talk import Talk, bare_name
from migration_checks.trials.skew_try import Tongue

OF_NAMES = ("42703", "42P01", "3F000", "42704", "42883")
"""SQLSTATEs of a name that is not there: new code naturally names what the old schema has not."""


OF_A_TABLE = frozenset({"table", "column", "constraint", "index", "trigger", "sequence", "view", "policy", "statistics"})
"""Kinds of object that concern the tables that they name; anything else may concern any table."""


def trial(settings: Settings) -> SkewTrial:
    """The trial that `--trial skew` names."""
    return SkewTrial()


@dataclass(frozen=True, slots=True)
class SkewTrial:
    """Says what the old application says to the new schema, and after a rollback to the old one; and the other way round."""

    name: str = "skew"

    def run(self, bed: Bed) -> Iterator[Transition]:
        if bed.ascend.changes.schema_equal:
            # What only writes rows takes nothing away from what an application may say.
            yield bed.transition(Leg.SKEW, SkewEvidence())
            return
        with bed.copy("skew") as copy:
            evidence = self._evidence(bed, copy)
        if evidence is not None:
            yield bed.transition(Leg.SKEW, evidence)

    def _evidence(self, bed: Bed, copy: Bench) -> SkewEvidence | None:
        names = {**bed.ascend.before.catalog, **bed.ascend.after.catalog}
        concerned = about(bed.ascend.before.catalog, bed.ascend.after.catalog)
        old = Talk(subjects(copy.connection, copy.bookkeeping, concerned), _contracts(bed))
        self._listen(old, copy)
        if (failure := copy.environment.upgrade(bed.revision.id).failure) is not None:
            bed.note(f"Its skew trial has no result: the upgrade of a copy fails ({failure.kind}).")
            return None
        rolling = self._repeat(old, copy, ROLLING, names)
        tried = {ROLLING: old.tried}
        if bed.undo is None or bed.undo.failure is not None:
            return SkewEvidence(tried, rolling)
        new = Talk(subjects(copy.connection, copy.bookkeeping, concerned))
        self._listen(new, copy)
        if copy.environment.downgrade(bed.revision.id).failure is not None:
            return SkewEvidence(tried, rolling)
        known, names = {each.key for each in rolling}, {**names, **bed.undo.after.catalog}
        back = [each for each in self._repeat(old, copy, ROLLBACK, names) if each.key not in known]
        ahead = [each for each in self._repeat(new, copy, AHEAD, names) if each.sqlstate not in OF_NAMES]
        return SkewEvidence({**tried, ROLLBACK: old.tried, AHEAD: new.tried}, (*rolling, *back, *ahead))

    def _listen(self, talk: Talk, copy: Bench) -> None:
        with Tongue(copy.url) as tongue:
            talk.listen(tongue)

    def _repeat(self, talk: Talk, copy: Bench, direction: str, names: Catalog) -> tuple[Refusal, ...]:
        with Tongue(copy.url) as tongue:
            return talk.repeat(tongue, direction, names)


def about(before: Catalog, after: Catalog) -> Callable[[str], bool]:
    """Whether what differs between two catalogs has to do with a table: it names it, or is something any table may use."""
    keys = sorted(before.keys() | after.keys())
    changed = [(key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]
    texts = [json.dumps([key, *(each.definition for each in both if each is not None)]) for key, *both in changed]
    text = "\n".join(bare_name(each.replace('\\"', '"')) for each in texts)
    general = any(kind not in OF_A_TABLE for (kind, _), *_ in changed)
    return lambda table: general or mentions(text, bare(table))


def _contracts(bed: Bed) -> tuple[Contract, ...]:
    """The contracts that are kept below the step; one that is claimed above it too is judged there (MC402)."""
    before, after = bed.ascend.before.answers, bed.ascend.after.answers
    contracts = bed.bench.lineage.contracts
    return tuple(each for each in contracts if f"contract:{each.name}" in before and f"contract:{each.name}" not in after)

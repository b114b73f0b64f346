"""From transitions to findings: every check looks at every leg, and a residue seen again is folded into its first place.

A downgrade that leaves something behind is seen at once (UNDO), and again at every lower place of the way down (DESCEND).
It is one fault, so it is one finding: at its own revision where UNDO saw it, else at the highest place of the chain that
shows it. What only the chain shows stays a finding of its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from migration_checks.check import Check, Evidence, Finding, Location, Severity
from migration_checks.checks.schema import ailment
from migration_checks.checks.wording import does_nothing
from migration_checks.looks import Look
from migration_checks.snapshot import Json
from migration_checks.transition import Leg, Transition

Facts = Mapping[str, Json]

IDENTIFYING = (
    "answer",
    "change",
    "cosmetic",
    "difference",
    "direction",
    "facets",
    "how",
    "invalid",
    "kind",
    "reason",
    "renamed_from",
    "why",
)
"""The facts that make two sightings the same one; counts and samples may differ from place to place."""

OF_FAILURE = ("kind", "sqlstate", "path", "line", "table", "column", "constraint")
"""The facts that make two failures the same one. Never the message: it quotes values."""

FAILING = {"MC101": "up", "MC103": "up", "MC105": "up", "MC102": "down"}
"""Checks of failures, and the direction in which they fail: a leap that fails like a single step is that failure."""

OF_THE_WALK = ("unfilled", "unread")
"""What MC901 says of a table once for the whole walk, since every later step meets the same table."""


def judge(
    transitions: Iterable[Transition], checks: Sequence[Check], *, only: Collection[str] = (), skip: Collection[str] = ()
) -> tuple[Finding, ...]:
    """The findings of a walk, worst first, then along the chain, then by leg and subject.

    `transitions` come in the order of the walk. `only` and `skip` are ids of checks; an empty `only` means all. All checks
    are asked in any case, because a finding that is not shown may still be the first place of others.
    """
    return fold([look(transition, checks) for transition in transitions], only=only, skip=skip)


def look(transition: Transition, checks: Sequence[Check]) -> Look:
    """What every check says of one leg, and what folding needs to know of the leg itself."""
    leads_back = transition.failure is None and (
        not transition.downgrade_empty or (transition.residue.schema_equal and transition.residue.data_equal)
    )
    climbed = transition.leg is Leg.ASCEND and transition.failure is None
    return Look(
        leg=transition.leg,
        revision=transition.revision,
        before=transition.before.heads,
        after=transition.after.heads,
        failed=transition.failure is not None,
        barred=transition.leg in (Leg.ASCEND, Leg.UNDO) and not (climbed or leads_back),
        ailing=_unvalidated(transition) if climbed else frozenset(),
        said=tuple(_finding(check, transition, each) for check in checks for each in check.examine(transition)),
    )


def _unvalidated(transition: Transition) -> frozenset[str]:
    constraints = (each for each in transition.after.catalog.values() if each.kind == "constraint")
    return frozenset(each.identity for each in constraints if ailment(each) is not None)


def fold(looks: Sequence[Look], *, only: Collection[str] = (), skip: Collection[str] = ()) -> tuple[Finding, ...]:
    """The findings of looks in the order of the walk, each residue once; sorted as `judge` says."""
    ledger = Ledger()
    for each in looks:
        ledger.set_out(each)
        for finding in each.said:
            ledger.enter(each, finding)
    shown = (entry.close() for entry in ledger.entries)
    chosen = (each for each in shown if (not only or each.check in only) and each.check not in skip)
    return tuple(sorted((_until_validated(each, looks) for each in chosen), key=_rank(looks)))


@dataclass(slots=True)
class Entry:
    """A finding in the making."""

    finding: Finding
    also_at: dict[str, None] = field(default_factory=dict)

    def repeat(self, finding: Finding) -> None:
        """The same residue at another place; the graver sighting is the one that is shown."""
        kept, folded = self.finding, finding
        if finding.check == kept.check and finding.severity > kept.severity:
            kept, folded = finding, kept
        self.finding = kept
        self.also_at[_address(folded)] = None
        self.also_at.pop(_address(kept), None)

    def close(self) -> Finding:
        return replace(self.finding, also_at=tuple(self.also_at))


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a residue was seen, how much of it, and the entry that reports it. `descent` numbers the legs of the way down."""

    entry: Entry
    revision: str
    descent: int | None
    count: int


@dataclass(slots=True)
class Ledger:
    """Every sighting so far, and the entries that they led to."""

    entries: list[Entry] = field(default_factory=list)
    sightings: dict[str, list[Sighting]] = field(default_factory=dict)
    descents: int = 0
    stood: frozenset[str] | None = None

    def set_out(self, look: Look) -> None:
        """Count the legs of the way down; one that does not start where the last one ended follows on none.

        The walk was brought back to the right place in between, so what was left above is not there any more.
        """
        if look.leg is Leg.DESCEND:
            self.descents += 1 if look.before == self.stood else 2
            self.stood = look.after

    def enter(self, look: Look, finding: Finding) -> None:
        """Folds what a look found into the entry that explains it, or opens a new one."""
        leaves = finding.evidence.get("leaves")
        if isinstance(leaves, list):
            self._enter_leaves(look, finding, [leaf for leaf in leaves if isinstance(leaf, dict)])
            return
        key = identity(finding.check, finding.subject, finding.evidence)
        host = self.explanation(key, look, finding.evidence)
        if host is None:
            host = self._open(finding)
        else:
            host.repeat(finding)
        self._sight(key, look, host, finding.evidence)

    def _enter_leaves(self, look: Look, finding: Finding, leaves: list[dict[str, Json]]) -> None:
        """One entry for everything that a downgrade leaves; each leaf is then known at lower places.

        On the way down leaves from higher places lie there too. An empty downgrade that adds none of its own is silent.
        """
        own_key = identity(finding.check, finding.subject, {})
        own = self.explanation(own_key, look, {})
        keys = [identity(str(leaf["check"]), str(leaf["subject"]), leaf) for leaf in leaves]
        hosts = [self.explanation(key, look, leaf) for key, leaf in zip(keys, leaves, strict=True)]
        if own is not None:
            own.repeat(finding)
        else:
            own = self._open_for_leaves(finding, [leaf for leaf, host in zip(leaves, hosts, strict=True) if host is None])
        if own is not None:
            self._sight(own_key, look, own, {})
        for key, leaf, host in zip(keys, leaves, hosts, strict=True):
            if host is not None and host is not own:
                host.also_at[_address(finding)] = None
            if (entry := host or own) is not None:
                self._sight(key, look, entry, leaf)

    def _open_for_leaves(self, finding: Finding, unexplained: list[dict[str, Json]]) -> Entry | None:
        says_more = set(finding.evidence) - {"leaves"}
        if not unexplained and not says_more:
            return None
        message = finding.message if says_more else does_nothing(str(leaf["subject"]) for leaf in unexplained)
        return self._open(replace(finding, message=message, evidence={**finding.evidence, "leaves": [*unexplained]}))

    def explanation(self, key: str, look: Look, facts: Facts) -> Entry | None:
        """The entry that accounts for a sighting: at the same revision, or at the place just above it on the way down.

        A place that shows more of it than all of them together has a fault of its own.
        """
        near = [each for each in self.sightings.get(key, ()) if self._reaches(each, look, facts)]
        explained: dict[int, int] = {}
        for each in near:
            explained[id(each.entry)] = max(each.count, explained.get(id(each.entry), 0))
        if not near or _count(facts) > sum(explained.values()):
            return None
        here = (each.entry for each in near if each.revision == look.revision)
        return next(here, near[0].entry)

    def _reaches(self, sighting: Sighting, look: Look, facts: Facts) -> bool:
        if sighting.revision == look.revision or facts.get("why") in OF_THE_WALK:
            return True
        if look.leg is Leg.LEAP:
            return sighting.entry.finding.check in FAILING
        return look.leg is Leg.DESCEND and sighting.descent == self.descents - 1

    def _open(self, finding: Finding) -> Entry:
        entry = Entry(finding)
        self.entries.append(entry)
        return entry

    def _sight(self, key: str, look: Look, entry: Entry, facts: Facts) -> None:
        descent = self.descents if look.leg is Leg.DESCEND else None
        self.sightings.setdefault(key, []).append(Sighting(entry, look.revision, descent, _count(facts)))


def identity(check: str, subject: str, facts: Facts) -> str:
    """What makes two sightings the same residue, as canonical JSON."""
    if check in FAILING:
        return json.dumps([FAILING[check], {name: facts.get(name) for name in OF_FAILURE}], sort_keys=True)
    telling = {name: facts[name] for name in IDENTIFYING if name in facts}
    return json.dumps([check, subject, telling if "leaves" not in facts else {}], sort_keys=True)


def _count(facts: Facts) -> int:
    """How much a sighting shows, with what was set aside: at lower places the walk set fewer rows aside."""
    return sum(count for name in ("count", "set_aside") if isinstance(count := facts.get(name), int))


def _address(finding: Finding) -> str:
    return f"{finding.leg} {finding.revision}"


def _finding(check: Check, transition: Transition, evidence: Evidence) -> Finding:
    return Finding(
        check=check.id,
        name=check.name,
        severity=check.severity if evidence.severity is None else evidence.severity,
        revision=transition.revision,
        leg=transition.leg,
        subject=evidence.subject,
        message=evidence.message,
        evidence=evidence.facts,
        location=_location(transition, evidence.facts),
    )


def _location(transition: Transition, facts: Facts) -> Location | None:
    """The line that raised, or that the evidence names, else where the step begins."""
    failure = transition.failure
    if failure is not None and failure.path is not None and failure.line is not None:
        return Location(failure.path, failure.line)
    path, line = facts.get("path"), facts.get("line")
    if isinstance(path, str) and isinstance(line, int):
        return Location(path, line)
    return Location(*transition.location) if transition.location else None


def _until_validated(finding: Finding, walked: Sequence[Look]) -> Finding:
    """A constraint added NOT VALID and validated by a later revision is how it is done without a long lock: info."""
    if finding.check != "MC206" or finding.evidence.get("kind") != "constraint" or not finding.leg.upward:
        return finding
    climbed = [each for each in walked if each.leg is Leg.ASCEND and not each.failed]
    place = next((number for number, each in enumerate(climbed) if each.revision == finding.revision), len(climbed))
    for later in climbed[place + 1 :]:
        if finding.subject not in later.ailing:
            message = f"{finding.message.rstrip('.')}, until revision {later.revision}."
            evidence = {**finding.evidence, "until": later.revision}
            return replace(finding, severity=Severity.INFO, message=message, evidence=evidence)
    return finding


def _rank(walked: Sequence[Look]) -> Any:
    """The key to sort findings by: worst first, then along the chain, then by leg and subject."""
    chain = {revision: number for number, revision in enumerate(dict.fromkeys(each.revision for each in walked))}
    legs = list(Leg)

    def rank(finding: Finding) -> tuple[Any, ...]:
        where = (chain[finding.revision], legs.index(finding.leg))
        return (-finding.severity, *where, finding.subject, finding.check, finding.message)

    return rank

"""What a walk found, as a value; the terminal, JSON and every other format are views of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from migration_checks.check import Finding, Location, Severity
from migration_checks.graph import Revision
from migration_checks.looks import Part
from migration_checks.snapshot import Json
from migration_checks.transition import Evidence, Failure, Fate, Leg, Transition

FORMAT = "migration-checks/1"
PASSED, FAILED, INCOMPLETE = VERDICTS = ("passed", "failed", "incomplete")
NEVER = "never"
THRESHOLDS = ("error", "warning", "info", NEVER)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a walk is: `done` of `total` legs are over, and `leg` at `revision` is the one that runs now."""

    revision: str
    leg: Leg
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a reader must know about `subject` and that is no finding: `reason` is one sentence."""

    subject: str
    reason: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One leg as it went.

    `rows_compared` and `values_compared` count what was held against the baseline (for ASCEND: against the state before).
    `timing` holds everything that differs between two runs of the same input, `seconds` first; `observations` what
    observers and trials add. `flows` says, of an ASCEND, where the values went that it made disappear (without samples:
    those are evidence of findings).
    """

    revision: str
    leg: Leg
    statements: int
    rows_compared: int
    values_compared: int
    failure: Failure | None = None
    observations: Mapping[str, Json] = field(default_factory=dict)
    timing: Mapping[str, Json] = field(default_factory=dict)
    flows: tuple[Fate, ...] = ()

    @property
    def seconds(self) -> float:
        seconds = self.timing.get("seconds", 0.0)
        return float(seconds) if isinstance(seconds, int | float) else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """A whole walk, judged.

    `server` is PostgreSQL's version as people write it ("18.6"), `provider` the kind that lent it. `range` is START:END or
    "" for everything. `findings` are sorted worst first, then along the chain, waived ones last; `steps` are in the order
    of the walk. `not_checked` lists what was left unchecked and why, `notes` what to know about waivers and the baseline.
    `chain` are the revisions that were to be walked, parents first, each with its place in the graph, title and file only.
    `part` is there where this is only a part of a walk (--shard), which other reports make whole.
    """

    lineage: str
    server: str
    provider: str
    seed: int
    range: str
    verdict: str
    fail_on: str = "warning"
    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()
    not_checked: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    chain: tuple[Revision, ...] = ()
    part: Part | None = None

    @property
    def nothing_to_walk(self) -> bool:
        """Whether a run was over before it began, for nothing has changed."""
        return self.verdict == PASSED and not self.steps

    @property
    def exit_status(self) -> int:
        return 1 if self.verdict == FAILED else 0

    @property
    def counting(self) -> tuple[Finding, ...]:
        """The findings that fail the run: not waived, at or above the threshold."""
        return tuple(each for each in self.findings if counts(each, self.fail_on))

    @property
    def rows_compared(self) -> int:
        return sum(step.rows_compared for step in self.steps)

    @property
    def values_compared(self) -> int:
        return sum(step.values_compared for step in self.steps)

    @property
    def revisions(self) -> tuple[str, ...]:
        """The revisions that were walked, in the order in which they first were."""
        return tuple(dict.fromkeys(step.revision for step in self.steps))


def counts(finding: Finding, fail_on: str) -> bool:
    """Whether `finding` fails a run with this threshold."""
    return fail_on != NEVER and finding.waiver is None and finding.severity >= Severity[fail_on.upper()]


def judge_run(findings: Iterable[Finding], steps: Iterable[Step], fail_on: str) -> str:
    """The verdict. A run in which no row was ever compared is incomplete, never passed."""
    if any(counts(finding, fail_on) for finding in findings):
        return FAILED
    return PASSED if any(step.rows_compared for step in steps) else INCOMPLETE


def step_of(transition: Transition, root: Path) -> Step:
    """A Step of a leg: held against its baseline where it has one, else against the state before."""
    compared = transition.changes if transition.baseline is None else transition.residue
    failure = transition.failure
    if failure is not None and failure.path is not None:
        failure = replace(failure, path=relative(failure.path, root))
    seen = transition.evidence
    return Step(
        revision=transition.revision,
        leg=transition.leg,
        statements=len(transition.statements),
        rows_compared=compared.rows_compared,
        values_compared=compared.values_compared,
        failure=failure,
        observations={} if seen is None else {key: plain(value) for key, value in seen.observations().items()},
        timing={"seconds": round(transition.seconds, 6)} | ({} if seen is None else measured(seen)),
        flows=tuple(replace(fate, samples=()) for fate in transition.fates),
    )


def placed(revision: Revision, root: Path) -> Revision:
    """What a report keeps of a revision: its place in the graph, the first line of its title, its file."""
    first, *_ = revision.doc.strip().splitlines() or [""]
    path = relative(revision.path, root) if revision.path else ""
    return Revision(revision.id, revision.down, revision.depends_on, revision.labels, first, path)


def measured(evidence: Evidence) -> dict[str, Json]:
    """What differs from run to run, as JSON has it."""
    return {key: plain(value) for key, value in evidence.timing().items()}


def worst_first(findings: Iterable[Finding], order: Sequence[str]) -> tuple[Finding, ...]:
    """Findings by severity, then along the chain; those that were waived come last."""
    place = {revision: number for number, revision in enumerate(order)}
    legs = list(Leg)

    def rank(finding: Finding) -> tuple[Any, ...]:
        where = place.get(finding.revision, len(place))
        address = (legs.index(finding.leg), finding.check, finding.subject, finding.message)
        return (finding.waiver is not None, -finding.severity, where, finding.revision, *address)

    return tuple(sorted(findings, key=rank))


def cleaned(finding: Finding, root: Path) -> Finding:
    """`finding` with evidence that JSON can hold and a path that is relative to the project where it can be."""
    location = finding.location
    if location is not None:
        location = Location(relative(location.path, root), location.line)
    evidence = {str(key): plain(value) for key, value in finding.evidence.items()}
    path = evidence.get("path")
    if isinstance(path, str):
        evidence["path"] = relative(path, root)
    return replace(finding, evidence=evidence, location=location)


def plain(value: object) -> Json:
    """`value` as JSON has it: tuples become lists, sets sorted lists, what JSON has no word for its text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return value if abs(value) != float("inf") and value == value else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(each) for each in sorted(value, key=repr)]
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(each) for each in value]
    return str(value)


def relative(path: str, root: Path) -> str:
    """`path` from `root` on with forward slashes, or as it is where it lies elsewhere."""
    each = Path(path)
    for base in (root, root.resolve()):
        if each.is_absolute() and each.is_relative_to(base):
            return each.relative_to(base).as_posix()
    return each.as_posix()


def version_text(number: int) -> str:
    """180006 as "18.6" (server_version_num: https://www.postgresql.org/docs/current/libpq-status.html)."""
    return f"{number // 10000}.{number % 10000}"

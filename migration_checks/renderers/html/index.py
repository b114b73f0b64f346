"""What the parts of the page share: addresses within it, the order of revisions, and the state of each leg."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from migration_checks.check import Check, Finding
from migration_checks.checks import CHECKS
from migration_checks.graph import Revision
from migration_checks.renderers.fingerprint import fingerprint
from migration_checks.renderers.summary import worst
from migration_checks.report import Report, Step
from migration_checks.transition import Leg

# A part of a qualified name: quoted, or up to the next dot.
PART = re.compile(r'"(?:[^"]|"")*"|[^."]+')

WALKING = (Leg.ASCEND, Leg.UNDO, Leg.REDO, Leg.WRITES, Leg.LEAP, Leg.DESCEND, Leg.ORDER)
"""The legs that compare rows; the others are trials, whose evidence is their own."""


@dataclass(frozen=True, slots=True)
class State:
    """How a leg, a revision or the run stands: `name` is its CSS class, `mark` a glyph, `words` what is read out."""

    name: str
    mark: str
    words: str


ERROR = State("error", "✗", "error")
WARNING = State("warning", "!", "warning")
INFO = State("info", "i", "info")
PASSED = State("ok", "✓", "nothing found")
EMPTY = State("empty", "○", "no row compared")
STOPPED = State("stopped", "–", "did not get through")
SEEN = State("seen", "•", "evidence below")
UNWALKED = State("unchecked", "?", "not walked")
BY_SEVERITY = (INFO, WARNING, ERROR)
GRAVITY = (ERROR, WARNING, UNWALKED, STOPPED, INFO, EMPTY, PASSED, SEEN)
"""The states of a revision's legs in the order in which the gravest stands for all."""


class Index:
    """A report, and where everything in it stands on the page."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.checks: dict[str, Check] = {check.id: check for check in CHECKS}
        self.worst = worst(report)

    @cached_property
    def revisions(self) -> dict[str, Revision]:
        """Every revision that the report speaks of: the chain in its order, then what only steps and findings name."""
        named = {revision.id: revision for revision in self.report.chain}
        others = [step.revision for step in self.report.steps] + [finding.revision for finding in self.report.findings]
        for name in others:
            named.setdefault(name, Revision(name, ()))
        return named

    @cached_property
    def steps(self) -> dict[str, list[Step]]:
        """The legs of each revision, in the order of the walk."""
        walked: dict[str, list[Step]] = {name: [] for name in self.revisions}
        for step in self.report.steps:
            walked[step.revision].append(step)
        return walked

    @cached_property
    def findings(self) -> dict[str, list[Finding]]:
        """The findings of each revision that stand, worst first."""
        found: dict[str, list[Finding]] = {name: [] for name in self.revisions}
        for finding in self.report.findings:
            if finding.waiver is None:
                found[finding.revision].append(finding)
        return found

    @cached_property
    def _finding_ids(self) -> dict[int, str]:
        """By identity: an address that is the same in another run's page where the finding is the same."""
        seen: Counter[str] = Counter()
        ids = {}
        for finding in self.report.findings:
            print_ = fingerprint(self.report, finding)[:12]
            seen[print_] += 1
            ids[id(finding)] = f"f-{print_}" if seen[print_] == 1 else f"f-{print_}-{seen[print_]}"
        return ids

    def finding_id(self, finding: Finding) -> str:
        """The address of a finding of this report."""
        return self._finding_ids[id(finding)]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Revision -> its number among all, by which the filter knows it."""
        return {name: number for number, name in enumerate(self.revisions)}

    @cached_property
    def tables(self) -> dict[str, int]:
        """Table (or other object) -> its number, in the order of names."""
        names = {table for finding in self.report.findings if (table := table_of(finding))}
        return {name: number for number, name in enumerate(sorted(names))}

    def state(self, step: Step) -> State:
        """How one leg went."""
        severity = self.worst.get((step.revision, step.leg))
        if severity is not None and (severity or step.failure is None):
            return BY_SEVERITY[severity]
        if step.failure is not None:
            return STOPPED
        if step.leg not in WALKING:
            return SEEN
        return PASSED if step.rows_compared else EMPTY

    def revision_state(self, revision: str) -> State:
        """How a revision stands: the gravest of its legs and findings; what was not walked is not well."""
        states = [self.state(step) for step in self.steps[revision]]
        states += [BY_SEVERITY[finding.severity] for finding in self.findings[revision]]
        if not self.steps[revision]:
            states.append(UNWALKED)
        # A leg over rows makes up for legs without any (LEAP from an empty start): the revision has been compared.
        if PASSED in states:
            states = [each for each in states if each is not EMPTY]
        return min(states, key=GRAVITY.index)


def revision_id(revision: str) -> str:
    """The address of a revision's evidence."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", revision):
        return f"r-{revision}"
    return f"r-{hashlib.sha256(revision.encode(errors='surrogatepass')).hexdigest()[:16]}"


def table_of(finding: Finding) -> str:
    """The table, or other object with a schema, that a finding is about; "" where it is about none."""
    subject = finding.subject
    parts = PART.findall(subject)
    if subject == finding.revision or len(parts) < 2 or len(parts) > 4 or ".".join(parts) != subject:
        return ""
    return ".".join(parts[:2])

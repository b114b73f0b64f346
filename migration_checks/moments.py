"""The moment at which a run took place, kept out of its report: scripts write now(), and two runs shall read the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from migration_checks.check import Finding
from migration_checks.report import Report, plain
from migration_checks.snapshot import Json
from migration_checks.transition import Transition

MASK = "(a moment of this run)"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d(?::?\d\d)?)?")
_QUARTER = timedelta(minutes=15)
_SLACK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Moments:
    """The time from `since` to `until`, both with a zone."""

    since: datetime
    until: datetime

    def masked(self, text: str) -> str:
        """`text` with each date and time that lies within the run replaced by a mark."""
        return _MOMENT.sub(lambda match: MASK if self._holds(match.group()) else match.group(), text)

    def finding(self, finding: Finding) -> Finding:
        """`finding` without the moments of the run in its message and evidence."""
        evidence = {key: self._fact(plain(value)) for key, value in finding.evidence.items()}
        return replace(finding, message=self.masked(finding.message), evidence=evidence)

    def transition(self, transition: Transition) -> Transition:
        """`transition` without them in the message of its failure."""
        if transition.failure is None:
            return transition
        return replace(transition, failure=replace(transition.failure, message=self.masked(transition.failure.message)))

    def report(self, report: Report) -> Report:
        """`report` without them in what its steps observed: a statement may carry the time at which it was written."""
        steps = (
            replace(step, observations={key: self._fact(value) for key, value in step.observations.items()})
            if step.observations
            else step
            for step in report.steps
        )
        return replace(report, steps=tuple(steps))

    def _fact(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.masked(value)
        if isinstance(value, dict):
            return {key: self._fact(each) for key, each in value.items()}
        return [self._fact(each) for each in value] if isinstance(value, list) else value

    def _holds(self, text: str) -> bool:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return False
        if moment.tzinfo is not None:
            return self.since - _SLACK <= moment <= self.until + _SLACK
        # Without a zone it is local time somewhere: zones lie whole quarters of an hour from UTC.
        off = (moment.replace(tzinfo=UTC) - self.since + _SLACK) % _QUARTER
        near = abs(moment.replace(tzinfo=UTC) - self.since) < timedelta(hours=15)
        return near and off <= self.until - self.since + 2 * _SLACK

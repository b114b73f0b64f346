"""Several reports of one walk, made on several machines, as one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from migration_checks.check import Finding
from migration_checks.errors import ConfigurationError
from migration_checks.report import THRESHOLDS, Report, judge_run, worst_first

T = TypeVar("T")
ONE_WALK = ("lineage", "server", "provider", "seed", "range")


def merge(reports: Sequence[Report]) -> Report:
    """One report of everything that `reports` (at least one) hold; a step or finding that several hold is kept once.

    Raises ConfigurationError where they are not of one walk: of another lineage, server, seed or range.
    """
    first, *others = reports
    for other in others:
        for name in ONE_WALK:
            one, another = getattr(first, name), getattr(other, name)
            if one != another:
                raise ConfigurationError(
                    f"The reports are of different walks: their {name} is {one!r} and {another!r}.",
                    "Render them one by one.",
                )
    if not others:
        return first
    steps = _joined([report.steps for report in reports], lambda step: (step.revision, step.leg))
    found = _joined([report.findings for report in reports], _address)
    findings = worst_first(found, tuple(dict.fromkeys(step.revision for step in steps)))
    fail_on = max((report.fail_on for report in reports), key=THRESHOLDS[::-1].index)
    return replace(
        first,
        steps=steps,
        findings=findings,
        fail_on=fail_on,
        verdict=judge_run(findings, steps, fail_on),
        not_checked=_joined([report.not_checked for report in reports], lambda note: note),
        notes=_joined([report.notes for report in reports], lambda note: note),
        chain=max((report.chain for report in reports), key=len),
    )


def _joined(groups: Iterable[Sequence[T]], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Everything in `groups`, without what an earlier group already held."""
    kept: list[T] = []
    seen: set[Hashable] = set()
    for group in groups:
        kept += [each for each in group if key(each) not in seen]
        seen |= {key(each) for each in group}
    return tuple(kept)


def _address(finding: Finding) -> Hashable:
    return (finding.check, finding.revision, finding.leg, finding.subject, finding.message)

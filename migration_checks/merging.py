"""Several reports of one walk, made by several processes or machines, as one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from migration_checks.check import Finding
from migration_checks.errors import ConfigurationError
from migration_checks.findings import fold
from migration_checks.looks import Look, Part
from migration_checks.report import INCOMPLETE, PASSED, THRESHOLDS, Note, Report, Step, judge_run, worst_first
from migration_checks.transition import Leg

T = TypeVar("T")
ONE_WALK = ("lineage", "server", "provider", "seed", "range")


def merge(reports: Sequence[Report]) -> Report:
    """One report of everything that `reports` (at least one) hold; a step or finding that several hold is kept once.

    Where they are the parts of one walk (--shard), the findings are folded anew, as the whole walk would have folded them.
    Raises ConfigurationError where they are not of one walk: of another lineage, server, seed, range or cut.
    """
    first, *others = reports
    for other in others:
        for name in ONE_WALK:
            _require_equal(name, getattr(first, name), getattr(other, name))
        _require_equal("number of parts", *(report.part.of if report.part else 1 for report in (first, other)))
    if first.part is not None:
        return _whole(reports, first.part.of)
    if not others:
        return first
    return _together(reports, _joined([report.findings for report in reports], _address))


def _require_equal(name: str, one: object, another: object) -> None:
    if one != another:
        raise ConfigurationError(
            f"The reports are of different walks: their {name} is {one!r} and {another!r}.", "Render them one by one."
        )


def _together(reports: Sequence[Report], found: Iterable[Finding]) -> Report:
    """Everything that stands side by side in `reports`, with the findings `found`."""
    steps = _joined([report.steps for report in reports], lambda step: (step.revision, step.leg))
    chain = max((report.chain for report in reports), key=len)
    findings = worst_first(found, tuple(dict.fromkeys(step.revision for step in steps)))
    fail_on = max((report.fail_on for report in reports), key=THRESHOLDS[::-1].index)
    return replace(
        reports[0],
        steps=steps,
        findings=findings,
        fail_on=fail_on,
        verdict=judge_run(findings, steps, fail_on),
        not_checked=_joined([report.not_checked for report in reports], lambda note: note),
        notes=_joined([report.notes for report in reports], lambda note: note),
        chain=chain,
    )


def _whole(reports: Sequence[Report], of: int) -> Report:
    """The report of the walk that `reports` are parts of, in whatever order; what is missing is said, and never a pass."""
    parts = {report.part.number: report for report in reports if report.part is not None}
    ordered = [parts[number] for number in sorted(parts)]
    looks, steps = _walked([(report.part, report.steps) for report in ordered if report.part is not None])
    shown = {check for report in ordered if report.part is not None for check in report.part.shown}
    merged = _together(ordered, fold(looks, only=shown))
    chain = _joined([report.chain for report in ordered], lambda revision: revision.id)
    findings = worst_first(merged.findings, [revision.id for revision in chain])
    merged = replace(merged, steps=steps, chain=chain, part=None, findings=findings)
    missing = sorted(set(range(1, of + 1)) - parts.keys())
    if not missing:
        return merged
    numbers = ", ".join(map(str, missing))
    note = Note(f"part {numbers} of {of}", "Its report was not among those that were merged.")
    verdict = INCOMPLETE if merged.verdict == PASSED else merged.verdict
    return replace(merged, not_checked=(note, *merged.not_checked), verdict=verdict)


def _walked(parts: Iterable[tuple[Part, Sequence[Step]]]) -> tuple[list[Look], tuple[Step, ...]]:
    """The looks and the steps of a whole walk, in its order.

    The last part goes down without knowing what the legs of the others showed: a whole walk passes over a revision through
    which it cannot go down, so what was seen there on the way down is left out.
    """
    pairs = [pair for part, steps in parts for pair in zip(part.looks, steps, strict=False)]
    barred = {look.revision for look, _ in pairs if look.barred}
    kept = [(look, step) for look, step in pairs if not (look.leg is Leg.DESCEND and look.revision in barred)]
    return [look for look, _ in kept], tuple(step for _, step in kept)


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

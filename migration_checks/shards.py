"""A walk cut into parts that are walked apart: which revisions each of them judges, and which it only passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from migration_checks.config import Settings
from migration_checks.graph import Revision
from migration_checks.looks import Look, Part
from migration_checks.moments import Moments
from migration_checks.report import cleaned
from migration_checks.route import Route
from migration_checks.selection import selected_checks
from migration_checks.waiving import waive

PASS, CLIMB, DESCENT = 0.3, 0.7, 0.3
"""What a revision costs, as shares of a whole walk: to be passed, judged on the way up, walked down and leapt over."""


def cut(count: int, parts: int) -> tuple[range, ...]:
    """The stretches of a chain of `count` revisions, one a part, so that all parts take about as long.

    Each part passes what lies below its stretch. The last one also walks down the whole chain, so its own stretch is
    shorter, and may be empty: only what has climbed everything can go down through everything, as a whole walk does.
    """
    bounds = _bounds(count, parts, DESCENT)
    if parts > 1 and bounds[-1] == count:  # the last part has nothing left to judge: the others share it evenly
        bounds = [*_bounds(count, parts - 1, 0.0), count]
    return tuple(range(begin, max(begin, end)) for begin, end in zip(bounds, [*bounds[1:], count], strict=True))


def _bounds(count: int, parts: int, descent: float) -> list[int]:
    """Where each part begins, when the last one also goes down, at the cost of `descent` a revision."""
    low, high = 0.0, count * (PASS + CLIMB + DESCENT)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _reach(middle, count, parts, descent) < count else (low, middle)
    return [min(count, round(_bound(high, each))) for each in range(parts)]


def _bound(time: float, parts: int) -> float:
    """How far `parts` parts come, one above the other, when none of them takes longer than `time`."""
    reached = 0.0
    for _ in range(parts):
        reached += max(0.0, time - PASS * reached) / CLIMB
    return reached


def _reach(time: float, count: int, parts: int, descent: float) -> float:
    """How far all parts come when the last one goes down as well."""
    below = min(_bound(time, parts - 1), count)
    return below + (time - PASS * below - descent * count) / CLIMB


def part_report(settings: Settings, chain: Sequence[Revision], looks: Sequence[Look], moments: Moments) -> Part:
    """What a part's report keeps of its looks, each finding waived for itself: they are folded once all parts are there.

    `chain` are all revisions, whose scripts may hold waivers.
    """
    assert settings.shard is not None
    said = [cleaned(moments.finding(finding), settings.project) for look in looks for finding in look.said]
    waived = iter(waive(settings, chain, said, left_out={revision.id for revision in chain})[0])
    number, of = settings.shard
    kept = tuple(replace(look, said=tuple(islice(waived, len(look.said)))) for look in looks)
    return Part(number, of, tuple(sorted(selected_checks(settings.only, settings.skip))), kept)


def part_of(route: Route, number: int, parts: int) -> Route:
    """The route of part `number` (from 1 on) of `parts` of the walk along `route`."""
    if parts == 1:
        return route
    mine = cut(len(route.revisions), parts)[number - 1]
    last = number == parts
    revisions = route.revisions if last else route.revisions[: mine.stop]
    judged = {revision.id for revision in route.revisions[mine.start : mine.stop]}
    passed = frozenset(revision.id for revision in revisions if revision.id not in judged)
    return replace(route, revisions=revisions, passed=passed, descends=last)

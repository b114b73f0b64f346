"""From what a walk showed to its report: every check looks at every leg, and waivers say what was accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migration_checks.checks import CHECKS
from migration_checks.config import Settings
from migration_checks.findings import fold, look
from migration_checks.graph import Graph
from migration_checks.moments import Moments
from migration_checks.providers import Server
from migration_checks.report import Note, Report
from migration_checks.reporting import build_report
from migration_checks.route import Route
from migration_checks.shards import part_report
from migration_checks.transition import Transition
from migration_checks.waiving import waive


def judged(
    settings: Settings,
    server: Server,
    graph: Graph,
    route: Route,
    transitions: Iterable[Transition],
    not_checked: Sequence[Note],
    notes: Sequence[Note],
    moments: Moments,
) -> Report:
    """The report on a walk of `route`; `notes` go before those on waivers, `moments` masks when it took place."""
    legs = tuple(transitions)
    looks = tuple(look(transition, CHECKS) for transition in legs)
    found = fold(looks, only=settings.only, skip=settings.skip)
    part = None if settings.shard is None else part_report(settings, graph.revisions, looks, moments)
    # A waiver may match in another part, so no part says of one that it matches nothing.
    walked = route.visited if part is None else ()
    left_out = graph.by_id.keys() - {revision.id for revision in walked}
    findings, said = waive(settings, route.revisions, tuple(map(moments.finding, found)), left_out=left_out)
    order = [revision.id for revision in graph.revisions]
    report = build_report(settings, server, order, legs, findings, not_checked, (*notes, *said), route.visited, part)
    return moments.report(report)

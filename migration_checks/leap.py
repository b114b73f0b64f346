"""LEAP: the whole range at once, as `alembic upgrade` runs it, held against what single steps built."""

from __future__ import annotations

from dataclasses import replace

from migration_checks.bench import Bench
from migration_checks.diff import diff_catalogs
from migration_checks.graph import Graph, Revision
from migration_checks.route import Route
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Changes, Leg, Transition


def leap(bench: Bench, graph: Graph, route: Route, before: Snapshot, stepped: Snapshot) -> Transition:
    """Upgrade from the start of `route` to its end in one run of env.py; `stepped` is what single steps built there.

    `before` is what its start looks like, in this database or in the one of which it is a copy.
    Only schemas are compared: the rows that a walk puts in between are not there. Nor are invariants asked where seeds
    belong to revisions in between, for such an invariant may speak of their rows.
    """
    applied = tuple(revision.id for revision in route.before)
    outcome = bench.environment.leap(route.end)
    whole = (*applied, *(revision.id for revision in route.revisions))
    after = bench.snapshot(before, outcome.heads, keep=False, asked=whole if outcome.failure is None else applied)
    if {seed.revision for seed in bench.lineage.seeds} & {revision.id for revision in route.revisions}:
        contracts = {name: answer for name, answer in after.answers.items() if name.startswith("contract:")}
        after = replace(after, answers=contracts)
    residue = Changes()
    if outcome.failure is None:
        residue = Changes(catalog=diff_catalogs(stepped.catalog, after.catalog))
    last = _named(graph, route, outcome.failure.path if outcome.failure else None)
    return Transition(
        leg=Leg.LEAP,
        revision=last.id,
        before=before,
        after=after,
        baseline=stepped,
        residue=residue,
        statements=outcome.statements,
        seconds=outcome.seconds,
        failure=outcome.failure,
        expected_heads=outcome.expected_heads,
        location=(last.path, last.upgrade_line) if last.path else None,
    )


def _named(graph: Graph, route: Route, path: str | None) -> Revision:
    """The revision that a failure points at, else the last one of the route."""
    return next((each for each in graph.revisions if path and each.path == path), route.revisions[-1])

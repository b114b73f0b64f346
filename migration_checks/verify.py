"""The whole story: lend a server, walk the chain, judge every leg, report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

import psycopg

from migration_checks.config import Settings
from migration_checks.connection import broke_off
from migration_checks.database import Databases
from migration_checks.environment import Environment
from migration_checks.errors import ConfigurationError
from migration_checks.extensions import MissingExtension
from migration_checks.moments import Moments
from migration_checks.providers import Provider, elsewhere, provider_for
from migration_checks.providers.ahead import Ahead
from migration_checks.report import Note, Progress, Report
from migration_checks.route import plan
from migration_checks.shards import part_of


def verify(settings: Settings, *, progress: Callable[[Progress], None] | None = None) -> Report:
    """Walk and judge what `settings` name. Raises ToolkitError when the toolkit cannot do its job."""
    if settings.matrix:
        from migration_checks.matrix import walk_matrix

        return walk_matrix(settings, verify, progress)
    if settings.jobs > 1 and settings.since is None and settings.shard is None:
        from migration_checks.jobs import walk_in_parts

        return walk_in_parts(settings, verify, progress)
    provider, notes = _provider(settings), tuple[Note, ...]()
    while True:
        try:
            return _verify_on(provider, settings, notes, progress)
        except MissingExtension as missing:
            provider = elsewhere(provider, missing)
            notes = (*notes, Note(missing.extension, "The first server at hand lacks this extension, so another one was used."))


def _verify_on(
    provider: Provider, settings: Settings, known: tuple[Note, ...], progress: Callable[[Progress], None] | None
) -> Report:
    """The walk on a server of `provider`; raises MissingExtension where that one lacks what the chain asks for."""
    with ExitStack() as stack:
        lending = Ahead(provider)
        if settings.since is None:  # where little has changed it may not be needed
            stack.enter_context(lending)
        environment = stack.enter_context(Environment(settings.lineage, timeout=settings.timeout or None))
        # The server and the process of env.py are starting now, and the rest takes as long to load.
        from migration_checks.judgement import judged
        from migration_checks.reporting import empty_report
        from migration_checks.run import Run, origin_of, profile_of
        from migration_checks.since import difference, notes_on, route_since

        profile = profile_of(settings)
        graph = environment.graph()
        if not graph.revisions:
            raise ConfigurationError(
                f"There is no revision in the versions folder of {settings.lineage.name}.",
                "Look at script_location and version_locations, or write the first one with `alembic revision`.",
            )
        found = difference(settings.since, graph.revisions) if settings.since is not None else None
        if found is not None and not found.changed:
            return empty_report(settings, notes_on(found, graph))
        start, end = environment.resolve(settings.lineage.range)
        if settings.since is not None:
            stack.enter_context(lending)
        server = lending.server()
        databases = stack.enter_context(Databases(server))
        origin = origin_of(settings, databases)
        if found is None:
            route = plan(graph, origin.start(environment, graph, start, end), end)
        else:
            route = route_since(graph, found.changed)
            origin.start_below(environment, graph, route.start)
        if settings.shard is not None:
            route = part_of(route, *settings.shard)
        run = Run(settings, environment, origin, graph, route, progress, profile)
        since = datetime.now(UTC)
        try:
            transitions = tuple(run.legs())
        except psycopg.Error as error:
            raise broke_off(error, run.at) from error
        # A server by URL may have another clock; what it wrote is dated by that one.
        moments = Moments(since + run.clock, datetime.now(UTC) + run.clock)
    known = (*known, *(notes_on(found, graph) if found is not None else ()))
    return judged(settings, server, graph, route, map(moments.transition, transitions), run.not_checked, known, moments)


def _provider(settings: Settings) -> Provider:
    return provider_for(
        settings.provider,
        version=settings.provider_version,
        image=settings.image,
        allow_shared_server=settings.allow_shared_server,
    )

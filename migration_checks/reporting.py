"""Makes the report on a walk: what it showed, what the checks said of it, and what took part."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from importlib import metadata

from migration_checks import __version__
from migration_checks.check import Finding
from migration_checks.config import Settings
from migration_checks.graph import Revision
from migration_checks.looks import Part
from migration_checks.providers import Server
from migration_checks.redaction import redact
from migration_checks.report import PASSED, Note, Report, cleaned, judge_run, placed, step_of, version_text, worst_first
from migration_checks.transition import Transition


def build_report(
    settings: Settings,
    server: Server,
    order: Sequence[str],
    transitions: Iterable[Transition],
    findings: Iterable[Finding],
    not_checked: Iterable[Note] = (),
    notes: Iterable[Note] = (),
    chain: Iterable[Revision] = (),
    part: Part | None = None,
) -> Report:
    """A Report of what was walked; `order` are the revisions, parents first, `findings` those that `waivers` went over.

    `chain` are the revisions of the route.
    """
    root = settings.project
    steps = tuple(step_of(transition, root) for transition in transitions)
    ordered = worst_first((cleaned(finding, root) for finding in findings), order)
    report = Report(
        lineage=settings.lineage.name,
        server=version_text(server.version),
        provider=server.provider,
        seed=settings.seed,
        range=settings.lineage.range,
        verdict=judge_run(ordered, steps, settings.fail_on),
        fail_on=settings.fail_on,
        findings=ordered,
        steps=steps,
        not_checked=tuple(dict.fromkeys(not_checked)),
        notes=tuple(dict.fromkeys(notes)),
        versions=versions(),
        chain=tuple(placed(revision, root) for revision in chain),
        part=part,
    )
    return redact(report) if settings.redact else report


def empty_report(settings: Settings, notes: Iterable[Note]) -> Report:
    """The report of a run that had nothing to walk, so that it needed no server; `notes` say why."""
    return Report(
        lineage=settings.lineage.name,
        server="",
        provider=settings.provider if "://" not in settings.provider else "external",
        seed=settings.seed,
        range=settings.lineage.range,
        verdict=PASSED,
        fail_on=settings.fail_on,
        notes=tuple(notes),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """What took part in the walk beside the server."""
    found = {"migration-checks": __version__, "python": platform.python_version()}
    return found | {name: metadata.version(name) for name in ("alembic", "sqlalchemy")}

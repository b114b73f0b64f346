"""Goes over the findings of a run with all that its settings and its scripts have accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from migration_checks.check import Finding
from migration_checks.config import Settings
from migration_checks.errors import ConfigurationError
from migration_checks.graph import Revision
from migration_checks.interchange import from_json
from migration_checks.report import Note
from migration_checks.selection import check_ids, selected_checks
from migration_checks.waivers import accept_baseline, apply_waivers, comment_waivers


def waive(
    settings: Settings,
    revisions: Iterable[Revision],
    findings: Iterable[Finding],
    today: date | None = None,
    left_out: Collection[str] = (),
) -> tuple[tuple[Finding, ...], tuple[Note, ...]]:
    """`findings` after all waivers: those of the walked `revisions`' scripts, of the settings, and of the baseline.

    `left_out` are the revisions of the chain that were not walked.
    """
    ids, run = check_ids(), selected_checks(settings.only, settings.skip)
    written = [waiver for revision in revisions for waiver in comment_waivers(revision, ids)]
    waivers = [waiver for waiver in (*written, *settings.waivers) if waiver.check in run]
    found, notes = apply_waivers(findings, waivers, today or date.today(), left_out)
    if settings.baseline is None:
        return found, notes
    name = settings.baseline.name
    try:
        baseline = from_json(settings.baseline.read_bytes(), f"the baseline {name}")
    except OSError as error:
        raise ConfigurationError(
            f"The baseline {settings.baseline} cannot be read: {error.strerror}.",
            "Write one with `migration-checks verify --report json=FILE`.",
        ) from None
    found, more = accept_baseline(found, baseline, name, left_out)
    return found, (*notes, *more)

"""Walks a chain on a server that is there, and tells which findings are whose."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from migration_checks.check import Finding, Severity
from migration_checks.config import Settings
from migration_checks.providers import Server
from migration_checks.report import Report
from migration_checks.verify import verify
from tests.matrix.chains import STRUCK, chain, planted, token
from tests.matrix.plant import Place
from tests.projects import Script, make_project


def walk(scripts: Iterable[Script], server: Server, *, rows: int = 30, seed: int = 1, range: str = "") -> Report:
    """Verify a chain, or a range of it, its tables filled with `rows` synthesized rows each."""
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder), scripts)
        lineage = project.lineage(range=range)
        settings = Settings(lineage, Path(folder), provider=server.url, allow_shared_server=True, rows=rows, seed=seed)
        return verify(settings)


def alarms(report: Report) -> list[Finding]:
    """The findings that are worth more than a remark."""
    return [each for each in report.findings if each.severity > Severity.INFO]


@dataclass(frozen=True)
class Caught:
    """By which checks each kind was caught, and what was found that belongs to none of them."""

    checks: dict[str, frozenset[str]]
    stray: tuple[Finding, ...]


def plant_and_walk(kinds: Sequence[str], place: Place | None, server: Server, seed: int, *, whole: bool = True) -> Caught:
    """Walk one chain with all of `kinds` that can strike at `place`; None plants nothing.

    Unless the `whole` of it is asked for, only the revision that can be faulty is walked.
    """
    plants = {kind: planted(kind, seed) for kind in kinds}
    chosen = [kind for kind, plant in plants.items() if place is None or plant.bad(place) is not None]
    scripts = chain([plants[kind] for kind in chosen], place, seed)
    struck = next(each for each in scripts if each.id == STRUCK)
    report = walk(scripts, server, seed=seed, range="" if whole else f"{struck.down}:{struck.id}")
    by_token = {token(kind): kind for kind in chosen}
    found: dict[str, set[str]] = defaultdict(set, {kind: set() for kind in chosen})
    stray = []
    for finding in alarms(report):
        # What a second upgrade stumbles over is named in its message only; the first such kind hides the others.
        match = re.search(r"\bk\d{3}", finding.subject) or re.search(r"\bk\d{3}", finding.message)
        if match and match.group() in by_token:
            found[by_token[match.group()]].add(finding.check)
        else:
            stray.append(finding)
    return Caught({kind: frozenset(checks) for kind, checks in found.items()}, tuple(stray))

"""One walk on several versions of PostgreSQL in turn, as one report that tells where they differ."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from migration_checks.check import Finding
from migration_checks.config import Settings
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.report import Note, Progress, Report, Step, judge_run, worst_first
from migration_checks.snapshot import Json

Walk = Callable[..., Report]


def walk_matrix(settings: Settings, walk: Walk, progress: Callable[[Progress], None] | None = None) -> Report:
    """`walk(settings, progress=...)` on each major version of `settings.matrix`, as one report.

    A version that cannot be had is named among what was not checked. Raises ProviderError where none can be had.
    """
    reports: dict[int, Report] = {}
    missing: dict[int, ProviderError] = {}
    for major in settings.matrix:
        try:
            reports[major] = walk(_on(settings, major), progress=progress)
        except ProviderError as error:
            missing[major] = error
        if major in reports and reports[major].nothing_to_walk:
            return reports[major]
    if not reports:
        reasons = "; ".join(f"{major}: {error.message.rstrip('.')}" for major, error in missing.items())
        raise ProviderError(
            f"None of the versions of --matrix can be had ({reasons}).",
            "Install their server programs, or start a container engine.",
        )
    notes = [Note(f"PostgreSQL {major}", f"Not walked: {error.message} {error.remedy}") for major, error in missing.items()]
    return across(reports, notes)


def _on(settings: Settings, major: int) -> Settings:
    """The settings of the walk on one version. Raises ConfigurationError where the server is given."""
    if "://" in settings.provider or settings.image is not None:
        what = "a server by URL" if "://" in settings.provider else "an image"
        raise ConfigurationError(f"--matrix and {what} exclude each other: it has one version.", "Leave one of them out.")
    kind, _, folder = settings.provider.partition(":")
    provider = "auto" if kind == "embedded" else settings.provider
    programs = Path(folder).expanduser() / str(major) / "bin"
    if kind == "local" and folder and programs.is_dir():
        provider = f"local:{programs}"
    return replace(settings, matrix=(), provider=provider, provider_version=str(major))


def across(reports: Mapping[int, Report], missing: Sequence[Note] = ()) -> Report:
    """One report of what was found on each version (at least one), as the newest has it where they agree.

    A finding that was not made on all of them says on which; so does what was not checked. `missing` are the versions that
    could not be had.
    """
    newest = reports[max(reports)]
    findings = worst_first(_findings(reports), [revision.id for revision in newest.chain])
    steps = _steps(reports)
    shared = [note for note in newest.notes if all(note in each.notes for each in reports.values())]
    return replace(
        newest,
        findings=findings,
        steps=steps,
        verdict=judge_run(findings, steps, newest.fail_on),
        not_checked=(*missing, *_unchecked(reports)),
        notes=(*_summaries(reports), *shared),
        versions={**newest.versions, "postgresql": ", ".join(reports[major].server for major in sorted(reports))},
    )


def _findings(reports: Mapping[int, Report]) -> Iterable[Finding]:
    """Every finding once, the newest version's words first."""
    seen: dict[Hashable, dict[int, Finding]] = {}
    for major in sorted(reports, reverse=True):
        for finding in reports[major].findings:
            seen.setdefault(_address(finding), {}).setdefault(major, finding)
    for found in seen.values():
        finding = max(found.values(), key=lambda each: each.severity)
        if len(found) < len(reports):
            others = _named(each for each in reports if each not in found)
            message = f"{finding.message.rstrip()} Only on {_named(found)}, not on {others}."
            majors: Json = [str(major) for major in sorted(found)]
            evidence = {**finding.evidence, "postgresql": majors}
            finding = replace(finding, message=message, evidence=evidence)
        yield finding


def _address(finding: Finding) -> Hashable:
    return (finding.check, finding.revision, finding.leg, finding.subject)


def _steps(reports: Mapping[int, Report]) -> tuple[Step, ...]:
    """The newest version's steps, and those that only others took."""
    steps: list[Step] = []
    for major in sorted(reports, reverse=True):
        known = {(step.revision, step.leg) for step in steps}
        steps += [step for step in reports[major].steps if (step.revision, step.leg) not in known]
    return tuple(steps)


def _unchecked(reports: Mapping[int, Report]) -> Iterable[Note]:
    """What was not checked; where it was on some version, on which it was not."""
    for note in dict.fromkeys(note for report in reports.values() for note in report.not_checked):
        where = [major for major, report in reports.items() if note in report.not_checked]
        yield note if len(where) == len(reports) else replace(note, subject=f"{note.subject} on {_named(where)}")


def _summaries(reports: Mapping[int, Report]) -> list[Note]:
    """What each version came to, and which of them differ."""
    notes = []
    for major in sorted(reports):
        report = reports[major]
        found = f"{len(report.findings):,} finding{'' if len(report.findings) == 1 else 's'}"
        notes.append(Note(f"PostgreSQL {report.server}", f"{report.verdict} ({report.provider}): {found}."))
    known = {major: {_address(each) for each in report.findings} for major, report in reports.items()}
    differ = len(set().union(*known.values()) - set.intersection(*known.values()))
    same = f"The findings are the same on {_named(reports)}."
    notes.append(Note("versions", same if not differ else f"{differ} of the findings were not made on every version."))
    return notes if len(reports) > 1 else notes[:-1]


def _named(majors: Iterable[int]) -> str:
    """ "PostgreSQL 14, 16 and 17"."""
    *most, last = [str(major) for major in sorted(majors)]
    return f"PostgreSQL {', '.join(most)} and {last}" if most else f"PostgreSQL {last}"

"""What a project has looked at and accepted: waivers in revision scripts, in pyproject.toml, and a baseline report."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from migration_checks.check import Finding
from migration_checks.errors import ConfigurationError
from migration_checks.fields import Fields, nearest, shorten
from migration_checks.graph import Revision
from migration_checks.report import Note, Report

KEYS = ("check", "revision", "subject", "reason", "expires")
COMMENT = re.compile(r"#\s*migration-checks\s*:\s*(?P<directive>.*)", re.IGNORECASE)
IGNORE = re.compile(r"ignore\s+(?P<checks>[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)\s*(?:(?:-+|–|—|:)\s*(?P<reason>.*))?$")
REMEDY = "Write it as `# migration-checks: ignore MC302 - why it may be ignored`."


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings of `check` at `revision` on `subject` (both fnmatch patterns) do not count, because of `reason`.

    It holds up to and including the day `expires`. `source` says where it is written.
    """

    check: str
    reason: str
    revision: str = "*"
    subject: str = "*"
    expires: date | None = None
    source: str = ""

    def matches(self, finding: Finding) -> bool:
        return (
            self.check == finding.check
            and (self.revision == finding.revision or fnmatchcase(finding.revision, self.revision))
            and (self.subject == finding.subject or fnmatchcase(finding.subject, self.subject))
        )

    def expired(self, today: date) -> bool:
        return self.expires is not None and self.expires < today

    def __str__(self) -> str:
        narrowed = "".join(f" {each}" for each in (self.revision, self.subject) if each != "*")
        return f"waiver of {self.check}{narrowed} ({self.source})"


def read_waiver(table: Fields, ids: Collection[str]) -> Waiver:
    """A Waiver of [[tool.migration_checks.waivers]]. `ids` are the checks that exist."""
    reason = table.text("reason")
    if not (reason or "").strip():
        raise table.error(f"{table.where} has no reason.")
    return Waiver(
        check=table.required("check", table.choice("check", ids)),
        reason=str(reason).strip(),
        revision=table.text("revision") or "*",
        subject=table.text("subject") or "*",
        expires=table.day("expires"),
        source=table.where,
    )


def comment_waivers(revision: Revision, ids: Collection[str]) -> tuple[Waiver, ...]:
    """The waivers that a revision's script holds in its comments.

    Raises ConfigurationError for a comment that names no reason or no check of `ids`, or is no waiver at all.
    """
    path = Path(revision.path)
    if path.suffix != ".py" or not path.is_file():
        return ()
    found: list[Waiver] = []
    try:
        if b"migration-checks" not in path.read_bytes().lower():
            return ()
        with path.open("rb") as script:
            for token in tokenize.tokenize(script.readline):
                comment = COMMENT.match(token.string) if token.type == tokenize.COMMENT else None
                if comment:
                    found += _ignored(comment["directive"], revision.id, f"{path}:{token.start[0]}", ids)
    except (OSError, SyntaxError, UnicodeDecodeError, tokenize.TokenError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.", "Make it a Python file that can be parsed.") from None
    return tuple(found)


def _ignored(directive: str, revision: str, where: str, ids: Collection[str]) -> list[Waiver]:
    """The waivers of one comment, one a check."""
    match = IGNORE.match(directive.strip())
    if match is None:
        raise ConfigurationError(f"{where}: {shorten(directive.strip())} is not a waiver.", REMEDY)
    reason = (match["reason"] or "").strip()
    if not reason:
        raise ConfigurationError(f"{where}: the waiver of {match['checks']} has no reason.", REMEDY)
    checks = [each.strip() for each in match["checks"].split(",")]
    for check in checks:
        if check not in ids:
            raise ConfigurationError(f"{where}: there is no check {check}; {nearest(check, ids)}", REMEDY)
    return [Waiver(check, reason, revision=revision, source=where) for check in checks]


def apply_waivers(
    findings: Iterable[Finding], waivers: Iterable[Waiver], today: date, left_out: Collection[str] = ()
) -> tuple[tuple[Finding, ...], tuple[Note, ...]]:
    """`findings` with `waiver` set where one matches, and a note on each waiver that is expired or matches nothing.

    A waiver that may match something at a revision that was `left_out` of the walk is not said to match nothing.
    """
    found = tuple(findings)
    waivers = tuple(waivers)
    valid = [waiver for waiver in waivers if not waiver.expired(today)]
    waived = tuple(_waived(finding, valid) for finding in found)
    return waived, tuple(note for waiver in waivers for note in _about(waiver, found, today, left_out))


def _waived(finding: Finding, waivers: Iterable[Waiver]) -> Finding:
    reason = next((waiver.reason for waiver in waivers if waiver.matches(finding)), None)
    return finding if reason is None or finding.waiver is not None else replace(finding, waiver=reason)


def _about(waiver: Waiver, findings: Iterable[Finding], today: date, left_out: Collection[str]) -> Iterable[Note]:
    revision = None if waiver.revision == "*" else waiver.revision
    if not any(waiver.matches(finding) for finding in findings):
        if not any(waiver.revision == each or fnmatchcase(each, waiver.revision) for each in left_out):
            yield Note(str(waiver), "matches no finding of this run and can go.", revision)
    elif waiver.expired(today):
        yield Note(str(waiver), f"expired on {waiver.expires}, so it no longer waives what it matches.", revision)


def accept_baseline(
    findings: Iterable[Finding], baseline: Report, source: str, left_out: Collection[str] = ()
) -> tuple[tuple[Finding, ...], tuple[Note, ...]]:
    """`findings` with those waived that `baseline`, read from `source`, already held; `left_out` are revisions not walked.

    The same finding is one of the same check, revision, leg and subject: counts and samples may differ.
    """
    known = {_address(finding) for finding in baseline.findings}
    found = tuple(findings)
    walked = {_address(finding) for finding in baseline.findings if finding.revision not in left_out}
    gone = len(walked - {_address(finding) for finding in found})
    reason = f"accepted in the baseline {source}"
    waived = tuple(replace(each, waiver=reason) if each.waiver is None and _address(each) in known else each for each in found)
    remark = f"{gone} of its {len(known)} findings no longer occur; write it anew so that they cannot come back unseen."
    return waived, (Note(f"baseline {source}", remark),) if gone else ()


def _address(finding: Finding) -> tuple[str, ...]:
    return (finding.check, finding.revision, str(finding.leg), finding.subject)

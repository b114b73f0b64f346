"""The page as a whole: the verdict, then the findings, what was not checked, the walk, the evidence, and how to read it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources

from migration_checks.check import Finding, Severity
from migration_checks.renderers.html.element import Html, element, join, paragraphs, raw
from migration_checks.renderers.html.filter import filter_form
from migration_checks.renderers.html.findings import by_check, findings_list, manual
from migration_checks.renderers.html.graph import walk_picture
from migration_checks.renderers.html.index import Index
from migration_checks.renderers.html.parts import check_link, code, quiet, revision_link, terms
from migration_checks.renderers.html.reading import reading
from migration_checks.renderers.html.revisions import revisions_list
from migration_checks.renderers.html.units import middle_cut
from migration_checks.renderers.summary import closing_line, counted, verdict_reason
from migration_checks.report import FAILED, PASSED, Note, Report

MARKS = {PASSED: "✓", FAILED: "✗"}
ICONS = {PASSED: "157f3b", FAILED: "b3261e"}
NAMED = 5
NAME = 60
UNCHECKED = "Whatever stands here was not held against anything: it is neither well nor wrong."


def render(report: Report) -> str:
    """`report` as one HTML document; the same report gives the same bytes."""
    style, script = _file("page.css"), _file("page.js")
    index = Index(report)
    main = element("main", *_sections(index))
    body = element("body", _skip(), _top(report), _navigation(report), main, _foot(report), raw("script", script))
    return f"<!doctype html>\n{element('html', _head(report, style, script), body, lang='en')}\n"


def _file(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _head(report: Report, style: str, script: str) -> Html:
    """The policy allows this file's own style and script and nothing else: even a value that got through could do nothing."""
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    fill = ICONS.get(report.verdict, "8a5a00")
    icon = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><circle cx='4' cy='4' r='4' fill='#{fill}'/></svg>"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{MARKS.get(report.verdict, '?')} {report.lineage} {report.verdict} · migration-checks"),
        element("link", rel="icon", href=f"data:image/svg+xml;base64,{base64.b64encode(icon.encode()).decode()}"),
        raw("style", style),
    )


def _digest(content: str) -> str:
    """The name of a style or script in the policy (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _skip() -> Html:
    return element("a", "Skip to the findings", href="#findings", class_="skip")


# -- the verdict -----------------------------------------------------------------------------------------------------


def _top(report: Report) -> Html:
    mark = element("span", MARKS.get(report.verdict, "?"), aria_hidden="true", class_="mark")
    verdict = element("p", mark, f" {report.verdict}", class_="verdict")
    title = element("h1", "Migrations of ", element("span", report.lineage, class_="v"))
    told = (element("p", verdict_reason(report), class_="reason"), element("p", quiet(closing_line(report))), _left_out(report))
    head = element("div", verdict, element("div", title, *told), class_="headline")
    return element(
        "header", element("div", head, _tiles(report), _context(report), class_="top"), class_=f"page {report.verdict}"
    )


def _left_out(report: Report) -> Html | None:
    """What was not checked, by name, where the verdict is read."""
    if not report.not_checked:
        return None
    subjects = list(dict.fromkeys(note.subject for note in report.not_checked))
    link = element("a", f"{counted(len(report.not_checked), 'thing')} not checked", href="#not-checked")
    named = (part for subject in subjects[:NAMED] for part in (", ", code(middle_cut(subject, NAME))))
    rest = f" and {len(subjects) - NAMED:,} more" if len(subjects) > NAMED else ""
    return element("p", link, ": ", list(named)[1:], rest, class_="unchecked")


def _tiles(report: Report) -> Html:
    """The figures that decide, at a glance."""
    standing = [finding for finding in report.findings if finding.waiver is None]

    def count(severity: Severity) -> int:
        return sum(finding.severity is severity for finding in standing)

    tiles = [
        ("errors", count(Severity.ERROR), "#findings", "error"),
        ("warnings", count(Severity.WARNING), "#findings", "warning"),
        ("info", count(Severity.INFO), "#findings", "info"),
        ("not checked", len(report.not_checked), "#not-checked", "unchecked"),
        ("waived", len(report.findings) - len(standing), "#waived", "seen"),
        ("revisions", len(report.revisions), "#walk", "seen"),
        ("rows compared", report.rows_compared, "#evidence", "seen" if report.rows_compared else "unchecked"),
    ]
    listed = (element("li", _tile(*tile), class_=f"{tile[3]}{'' if tile[1] else ' none'}") for tile in tiles)
    return element("ul", listed, class_="tiles")


def _tile(title: str, number: int, target: str, style: str) -> Html:
    words = (element("b", f"{number:,}"), " ", element("span", title))
    return element("a", words, href=target) if number else element("span", words)


def _context(report: Report) -> Html:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    pairs = (
        ("server", f"PostgreSQL {report.server} ({report.provider})"),
        ("range", report.range or "the whole chain"),
        ("seed", str(report.seed)),
        ("fails on", report.fail_on),
        ("versions", versions),
    )
    return terms(((term, said) for term, said in pairs if said), "told context")


def _navigation(report: Report) -> Html:
    targets = [
        ("findings", "Findings"),
        ("not-checked", "Not checked"),
        ("walk", "The walk"),
        ("evidence", "Evidence by revision"),
        *([("waived", "Waived")] if any(finding.waiver is not None for finding in report.findings) else []),
        *([("notes", "Notes")] if report.notes else []),
        ("reading", "How to read this"),
    ]
    links = (element("li", element("a", words, href=f"#{target}")) for target, words in targets)
    return element("nav", element("ul", links), aria_label="On this page")


# -- sections --------------------------------------------------------------------------------------------------------


def _sections(index: Index) -> Iterator[Html]:
    report = index.report
    standing = [finding for finding in report.findings if finding.waiver is None]
    waived = [finding for finding in report.findings if finding.waiver is not None]
    yield _section("findings", "Findings, worst first", *_found(index, standing), count=len(standing))
    yield _section("not-checked", "Not checked", _unchecked(report), count=len(report.not_checked))
    yield _section(
        "walk", "The walk", element("p", quiet("Parents first; each leg with its outcome and its time.")), walk_picture(index)
    )
    yield _section("evidence", "Evidence by revision", revisions_list(index))
    if waived:
        yield _section("waived", "Waived", _notes(_waived(index, finding) for finding in waived), count=len(waived))
    if report.notes:
        yield _section("notes", "Notes", _notes(map(_note, report.notes)), count=len(report.notes))
    used = {finding.check for finding in report.findings} & index.checks.keys()
    if used:
        folded = element("details", element("summary", counted(len(used), "check")), manual(index, used))
        yield _section("checks", "What the checks mean", folded)
    yield _section("reading", "How to read this page", reading())


def _section(name: str, title: str, *children: Html | None, count: int | None = None) -> Html:
    number = element("span", f" {count:,}", class_="count") if count is not None else None
    heading = element("h2", title, number, id=f"{name}-title")
    return element("section", heading, *children, id=name, aria_labelledby=f"{name}-title", tabindex=-1)


def _found(index: Index, standing: Sequence[Finding]) -> Iterator[Html | None]:
    if standing:
        yield by_check(index, standing)
        yield filter_form(index, standing)
        yield findings_list(index, standing)
    else:
        passed = index.report.verdict == PASSED
        words = "Nothing was found in what was compared." if passed else "Nothing was found, and nothing was compared."
        yield element("p", words, class_="note")


def _unchecked(report: Report) -> Html:
    if not report.not_checked:
        return element("p", "Nothing is listed as left out. What each leg compared is told with it.")
    return join(element("p", UNCHECKED), _notes(map(_note, report.not_checked), "notes unchecked"))


def _notes(entries: Iterable[Html], style: str = "notes") -> Html:
    return element("ul", entries, class_=style)


def _note(note: Note) -> Html:
    where = (" at ", revision_link(note.revision)) if note.revision else None
    return element("li", code(note.subject), where, paragraphs(note.reason))


def _waived(index: Index, finding: Finding) -> Html:
    place = (" · ", code(finding.subject), " · ", revision_link(finding.revision), f" {finding.leg}")
    head = element("p", f"{finding.severity} ", check_link(index, finding.check, finding.name), place)
    reason = element("p", element("b", "Waived: "), finding.waiver)
    return element("li", head, reason, element("p", quiet(finding.message)), id=index.finding_id(finding))


def _foot(report: Report) -> Html:
    version = report.versions.get("migration-checks", "")
    return element(
        "footer",
        element("p", f"Made by migration-checks {version} from its JSON report, without asking the network for anything."),
    )

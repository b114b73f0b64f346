"""The findings, worst first: what was found, the evidence, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from migration_checks.check import Check, Finding
from migration_checks.renderers.escape import cut
from migration_checks.renderers.html.element import Html, element, join, paragraphs
from migration_checks.renderers.html.evidence import evidence_of
from migration_checks.renderers.html.index import BY_SEVERITY, Index, table_of
from migration_checks.renderers.html.parts import badge, check_link, code, quiet, revision_link

ROOM = 400_000
"""Characters that findings with all their evidence may take; those beyond are told in a line each."""
LINE = 100
PLACES = 20


class Room:
    """How many characters are left for what takes many."""

    def __init__(self, characters: int) -> None:
        self.left = characters

    def takes(self, part: Html) -> bool:
        """Whether `part` still fits, which it then takes; once something did not fit, nothing does."""
        self.left = self.left - len(part) if len(part) <= self.left else 0
        return self.left > 0


def findings_list(index: Index, findings: Sequence[Finding]) -> Html:
    """Every finding: with its evidence while there is room, then in one line each."""
    room = Room(ROOM)
    explained: set[str] = set()
    whole: list[Html] = []
    for finding in findings:
        card = _card(index, finding, finding.check not in explained)
        if not room.takes(card):
            break
        explained.add(finding.check)
        whole.append(card)
    rest = findings[len(whole) :]
    listed = element("ol", whole, class_="findings") if whole else None
    if not rest:
        return join(listed)
    note = f"With the evidence of {len(rest):,} more findings this page would be too large: it is in the JSON report."
    lines = element("ol", (_line(index, finding) for finding in rest), class_="findings lines")
    return join(listed, element("p", note, class_="note"), lines)


def _address(index: Index, finding: Finding) -> dict[str, str | int | None]:
    """What a finding is found and filtered by."""
    places = dict.fromkeys([finding.revision, *(text.partition(" ")[2] for text in finding.also_at)])
    numbers = " ".join(str(index.numbers[place]) for place in places if place in index.numbers)
    table = table_of(finding)
    return {
        "id": index.finding_id(finding),
        "data_s": str(finding.severity),
        "data_r": numbers,
        "data_t": index.tables[table] if table else None,
    }


def _card(index: Index, finding: Finding, first: bool) -> Html:
    state = BY_SEVERITY[finding.severity]
    check = index.checks.get(finding.check)
    title = f" {check.title}" if check else None
    heading = element(
        "h3", badge(state, str(finding.severity)), " ", code(finding.subject, "subject"), title, " ", _link(index, finding)
    )
    again = quiet("Seen again at ", ", ".join(finding.also_at[:PLACES]), ".") if finding.also_at else None
    card = (
        element("header", heading, _place(index, finding)),
        paragraphs(finding.message, class_="message"),
        evidence_of(finding),
        again,
        advice(check, first),
    )
    return element("li", element("article", *card, class_=f"finding {state.name}"), **_address(index, finding))


def _link(index: Index, finding: Finding) -> Html:
    """The finding's own address, to be copied."""
    words = (element("span", "#", aria_hidden="true"), element("span", "Link to this finding", class_="hidden"))
    return element("a", *words, href=f"#{index.finding_id(finding)}", class_="link")


def _place(index: Index, finding: Finding) -> Html:
    """Check, revision, leg and file on one line."""
    place = finding.location
    file = (" · ", code(f"{place.path}:{place.line}")) if place else None
    check = check_link(index, finding.check, finding.name)
    return element("p", check, " · ", revision_link(finding.revision), f" {finding.leg}", file, class_="where")


def _line(index: Index, finding: Finding) -> Html:
    state = BY_SEVERITY[finding.severity]
    link = element("a", finding.check, href=f"#{index.finding_id(finding)}")
    mark = element("b", f"{state.mark} {finding.severity}", class_=state.name)
    told = f" {finding.revision} {finding.leg}: {cut(finding.message, LINE)}"
    return element("li", mark, " ", link, " ", code(cut(finding.subject, LINE)), told, **_address(index, finding))


def advice(check: Check | None, first: bool) -> Html | None:
    """What it means and what to do: open where a check first appears, folded where it appears again."""
    if check is None:
        return None
    pairs = (("What it means", check.effect), ("What to do", check.remedy))
    told = element("dl", ((element("dt", term), element("dd", text)) for term, text in pairs), class_="advice")
    return told if first else element("details", element("summary", "What to do"), told, class_="advice")


def by_check(index: Index, findings: Sequence[Finding]) -> Html | None:
    """How many of each check, with a link to the first of them."""
    first: dict[str, Finding] = {}
    counts: dict[str, int] = {}
    for finding in findings:
        first.setdefault(finding.check, finding)
        counts[finding.check] = counts.get(finding.check, 0) + 1
    if len(counts) < 2:
        return None
    entries = (
        element("li", _first(index, each), f" × {counts[each.check]:,}", class_=BY_SEVERITY[each.severity].name)
        for each in first.values()
    )
    return element("ul", entries, class_="by-check")


def _first(index: Index, finding: Finding) -> Html:
    return element("a", f"{finding.check} {finding.name}", href=f"#{index.finding_id(finding)}")


def manual(index: Index, used: Collection[str]) -> Html:
    """What the checks mean that have found something."""
    known = [check for check in index.checks.values() if check.id in used]
    entries = (
        (
            element("h3", f"{check.id} {check.name}", id=f"check-{check.id}"),
            element("p", f"{check.title}."),
            advice(check, True),
        )
        for check in known
    )
    return join(entries)

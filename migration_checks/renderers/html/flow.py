"""The picture of where values went: from one column to others, moved, brought back and lost in proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migration_checks.checks.wording import share
from migration_checks.renderers.html.element import Html, element, join
from migration_checks.renderers.html.facts import tables, whole, words
from migration_checks.snapshot import Json
from migration_checks.transition import Destination, Fate

ROW = 56
"""Height of a row in pixels; page.css gives the same to the words beside it."""
BAND = 40
"""Of it, the most that a ribbon takes."""
MOST = 6


@dataclass(frozen=True, slots=True)
class End:
    """Where a part of the values ended: `kind` is "moved", "restored" or "lost"."""

    kind: str
    count: int
    label: str
    place: str = ""
    detail: str = ""


def flow_of_evidence(subject: str, evidence: Mapping[str, Json]) -> Fate | None:
    """The flow that a finding's evidence tells of, None where it tells of none."""
    total, lost = whole(evidence.get("total")), whole(evidence.get("count"))
    if total is None or lost is None or "moved" not in evidence:
        return None
    moved = tuple(
        Destination(
            words(to.get("place")), words(to.get("how")), whole(to.get("count")) or 0, words(to.get("written_by")) or None
        )
        for to in tables(evidence["moved"])
    )
    what = "rows" if words(evidence.get("how")) == "deleted" else "values"
    caused_by = words(evidence.get("caused_by")) or None
    return Fate(
        subject, what, words(evidence.get("how")), total, moved, whole(evidence.get("restored")) or 0, lost, (), caused_by
    )


def flow_picture(fate: Fate) -> Html:
    """One column's (or table's) values as ribbons, with the words beside them that say the same."""
    ends = _ends(fate)
    summary = f"{fate.total:,} {fate.what} {fate.how}"
    caption = element("figcaption", element("code", fate.subject), " ", element("span", summary, class_="quiet"))
    caused = (
        element(
            "p",
            "Revision ",
            element("code", fate.caused_by),
            " carried other values of it away and skipped these.",
            class_="quiet",
        )
        if fate.caused_by
        else None
    )
    words_ = element("ul", (_words(end, fate.total) for end in ends), class_="flow-ends")
    picture = element("div", _ribbons(ends, f"{fate.subject}: {summary}"), words_, class_="flow-picture")
    return element("figure", caption, picture, caused, class_="flow")


def _ends(fate: Fate) -> list[End]:
    """Where they went, the largest part first, what is lost last; many small parts are one."""
    moved = sorted(fate.moved, key=lambda each: (-each.count, each.place))
    shown, rest = (moved, []) if len(moved) <= MOST else (moved[: MOST - 1], moved[MOST - 1 :])
    ends = [End("moved", to.count, "moved", to.place, _detail(to)) for to in shown]
    if rest:
        ends.append(End("moved", sum(to.count for to in rest), f"moved to {len(rest):,} more places"))
    if fate.restored:
        ends.append(End("restored", fate.restored, "came back", "", "found nowhere, and exact again after the downgrade"))
    if fate.lost:
        ends.append(End("lost", fate.lost, "lost", "", "found nowhere"))
    return ends or [End("restored", fate.total, "accounted for")]


def _detail(to: Destination) -> str:
    return f"{to.how}, written by {to.written_by}" if to.written_by else to.how


def _words(end: End, total: int) -> Html:
    place = element("code", end.place) if end.place else None
    detail = element("span", end.detail, class_="quiet") if end.detail else None
    head = element(
        "span", element("b", f"{end.count:,}"), f" {end.label} ", element("span", share(end.count, total), class_="quiet")
    )
    return element("li", element("span", head, " ", place, " ", detail), class_=end.kind)


def _ribbons(ends: Sequence[End], label: str) -> Html:
    """The ribbons: as high as the rows beside them, as wide as there is room (all x are percentages)."""
    height = ROW * len(ends)
    scale = min((height - (ROW - BAND)) / max(sum(end.count for end in ends), 1), BAND / max(1, *(end.count for end in ends)))
    bands = [max(end.count * scale, 2.0) for end in ends]
    top = (height - sum(bands)) / 2
    drawn: list[Html] = [element("rect", x=0, y=top, width=4, height=sum(bands), class_="source")]
    for number, (end, band) in enumerate(zip(ends, bands, strict=True)):
        middle = ROW * number + ROW / 2
        low, high = middle - band / 2, middle + band / 2
        drawn.append(element("path", d=_ribbon(top, top + band, low, high), class_=end.kind))
        drawn.append(element("rect", x=96, y=low, width=4, height=band, class_=f"end {end.kind}"))
        top += band
    parts = "; ".join(f"{end.count:,} {end.label} {end.place}".rstrip() for end in ends)
    options = {"viewBox": f"0 0 100 {height}", "preserveAspectRatio": "none"}
    return element("svg", join(*drawn), role="img", aria_label=f"{label}: {parts}", width="100%", height=height, **options)


def _ribbon(top: float, bottom: float, low: float, high: float) -> str:
    """The outline of a ribbon from top..bottom on the left to low..high on the right."""
    there = f"M4 {top:.1f}C50 {top:.1f} 50 {low:.1f} 96 {low:.1f}"
    return f"{there}V{high:.1f}C50 {high:.1f} 50 {bottom:.1f} 4 {bottom:.1f}Z"

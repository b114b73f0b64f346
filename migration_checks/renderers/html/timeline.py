"""The lock timeline of a watched step: relations against time, each mode by its colour and by its letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migration_checks.renderers.html.element import Html, element, join
from migration_checks.renderers.html.locks import MODES, Hold, Run, holds
from migration_checks.renderers.html.parts import scroll
from migration_checks.renderers.html.units import duration, middle_cut
from migration_checks.report import Step

AXIS = 44
LABEL = 18
LANE = 22
BAR = 18
MOST = 24
TOLD = 8
NAME = 42
"""Characters of a relation's name in the picture: what fits on a phone."""
ROOM = 7.0
"""Percent of the width that a bar needs to hold its letters."""


def timeline(step: Step, found: Sequence[Run], measured: bool) -> Html | None:
    """The picture with its words, None where no lock was seen."""
    held = holds(found)
    if not held:
        return None
    lanes = _lanes(held)
    shown = dict(list(lanes.items())[:MOST])
    total = max([each.end for each in held] + [run.ended for run in found] + [step.seconds if measured else 0.0]) or 1.0
    left = len(lanes) - len(shown)
    more = element("p", f"{left:,} more relations are in the table below.", class_="quiet") if left else None
    how = "Time runs from left to right" if measured else "No times in this report: statements stand in their order"
    caption = element("figcaption", element("b", "Locks held"), f" {how}; a lock is held to the end of its transaction.")
    drawn = _picture(shown, found, total, measured)
    return element("figure", caption, _legend(held), drawn, more, _table(held, measured), class_="timeline")


def _lanes(held: Iterable[Hold]) -> dict[str, dict[str, list[Hold]]]:
    """relation -> mode -> its holds; relations with the strongest and longest lock first, modes likewise."""

    def weight(holds: Iterable[Hold]) -> tuple[int, float]:
        return max((each.mode.rank, each.end - each.start) for each in holds)

    by_relation: dict[str, list[Hold]] = {}
    for hold in held:
        by_relation.setdefault(hold.relation, []).append(hold)
    lanes: dict[str, dict[str, list[Hold]]] = {}
    for relation in sorted(by_relation, key=lambda name: (*(-part for part in weight(by_relation[name])), name)):
        modes = sorted(by_relation[relation], key=lambda each: (-each.mode.rank, each.mode.name, each.start))
        for hold in modes:
            lanes.setdefault(relation, {}).setdefault(hold.mode.name, []).append(hold)
    return lanes


def _picture(lanes: dict[str, dict[str, list[Hold]]], found: Sequence[Run], total: float, measured: bool) -> Html:
    drawn: list[Html] = [*_axis(total, measured)]
    top = AXIS
    for relation, modes in lanes.items():
        kind = next(iter(modes.values()))[0].kind
        name = f"{middle_cut(relation, NAME)}{f' ({middle_cut(kind, 12)})' if kind not in ('', 'table') else ''}"
        drawn.append(element("text", name, x=0, y=top + 13, class_="name"))
        top += LABEL
        for held in modes.values():
            drawn.append(element("rect", x=0, y=top + BAR - 1, width="100%", height=1, class_="rail"))
            drawn += [part for hold in held for part in _bar(hold, top, total)]
            top += LANE
        top += 4
    lines = [element("line", x1=f"{25 * part}%", x2=f"{25 * part}%", y1=AXIS - 8, y2=top, class_="grid") for part in range(5)]
    drawn = [*lines, *_statements(found, total), *drawn]
    return element("svg", join(*drawn), role="img", aria_label=_summary(lanes, total, measured), width="100%", height=top)


def _axis(total: float, measured: bool) -> Iterator[Html]:
    for part in range(5):
        anchor = "start" if part == 0 else "end" if part == 4 else "middle"
        if measured or part in (0, 4):
            words = duration(total * part / 4) if measured else ("first" if part == 0 else "last")
            yield element("text", words, x=f"{25 * part}%", y=12, text_anchor=anchor, class_="tick")


def _statements(found: Sequence[Run], total: float) -> Iterator[Html]:
    """A row of marks that says when each statement ran."""
    for number, run in enumerate(found[:2000], 1):
        start, width = _share(run.began, total), _share(run.seconds, total)
        yield element(
            "rect", x=f"{start}%", y=20, width=f"{width}%", height=14, class_="statement odd" if number % 2 else "statement"
        )
        if width > ROOM / 2:
            yield element("text", f"{number}", x=f"{start + width / 2:.2f}%", y=31, text_anchor="middle", class_="number")


def _bar(hold: Hold, top: int, total: float) -> Iterator[Html]:
    start, width = _share(hold.start, total), _share(hold.end - hold.start, total)
    letters, style = hold.mode.letters, f"mode-{hold.mode.rank}"
    about = element("title", f"{hold.mode.name} on {hold.relation}, blocks {hold.blocks or 'nobody'}")
    yield element("rect", about, x=f"{start}%", y=top, width=f"{max(width, 0.4)}%", height=BAR, rx=2, class_=style)
    if width >= ROOM:
        yield element("text", letters, x=f"{start}%", y=top + 13, dx=5, class_="letters")
    elif start + width > 100 - ROOM:
        yield element("text", letters, x=f"{start}%", y=top + 13, dx=-4, text_anchor="end", class_="letters outside")
    else:
        yield element("text", letters, x=f"{start + max(width, 0.4):.2f}%", y=top + 13, dx=4, class_="letters outside")


def _share(seconds: float, total: float) -> float:
    return round(100 * min(max(seconds, 0.0) / total, 1.0), 2)


def _summary(lanes: dict[str, dict[str, list[Hold]]], total: float, measured: bool) -> str:
    told = [
        f"{relation}: {hold.mode.name or 'a lock'} held {duration(hold.end - hold.start) if measured else 'meanwhile'}"
        for relation, modes in list(lanes.items())[:TOLD]
        for held in modes.values()
        for hold in held[:1]
    ]
    return f"Locks over {duration(total) if measured else 'the statements'}. {'; '.join(told)}. The table below holds all."


def _legend(held: Iterable[Hold]) -> Html:
    used = {hold.mode for hold in held}
    known = [mode for mode in MODES if mode in used]
    entries = (
        element(
            "li",
            chip(mode.letters, mode.rank),
            " ",
            mode.name,
            element("span", f" blocks {mode.blocks}", class_="quiet"),
        )
        for mode in known
    )
    return element("ul", entries, class_="legend")


def chip(letters: str, rank: int) -> Html:
    """The letters of a mode on its colour."""
    return element("span", letters, class_=f"chip mode-{rank}")


def _table(held: Sequence[Hold], measured: bool) -> Html:
    """The same in words."""
    titles = ("Relation", "Mode", "Blocks", "From", "Until", "Seen by")
    head = element("tr", (element("th", title, scope="col") for title in titles))
    ordered = sorted(held, key=lambda each: (-each.mode.rank, each.start, each.relation))
    body = (_row(hold, measured) for hold in ordered[: 8 * MOST])
    table = element("table", element("thead", head), element("tbody", body), class_="facts")
    return element("details", element("summary", f"The same as a table ({len(held):,})"), scroll(table, "Locks as a table"))


def _row(hold: Hold, measured: bool) -> Html:
    relation = element("th", element("code", hold.relation), f" {hold.kind}" if hold.kind else None, scope="row")
    mode = element("td", chip(hold.mode.letters, hold.mode.rank), " ", hold.mode.name)
    since = duration(hold.start) if measured else f"statement {hold.start + 1:.0f}"
    until = duration(hold.end) if measured else f"statement {hold.end:.0f}"
    return element("tr", relation, mode, *(element("td", each) for each in (hold.blocks, since, until, hold.sources)))

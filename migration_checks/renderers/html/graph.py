"""The walk as a picture: the revision graph, a row a revision, and on each the legs that were walked with their outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration_checks.graph import Revision
from migration_checks.renderers.html.element import Html, element, join
from migration_checks.renderers.html.index import EMPTY, INFO, PASSED, SEEN, Index, State
from migration_checks.renderers.html.parts import badge, quiet, revision_link
from migration_checks.renderers.html.units import duration
from migration_checks.report import Step

LANE = 16
MOST_LANES = 8
FEW = 40
"""Up to so many revisions each has its row; of a longer chain, quiet stretches are folded."""
QUIET = frozenset({PASSED, INFO, EMPTY, SEEN})
STRETCH = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A revision in the picture: its lane, the lanes that reach it from above and go on below, and its edges.

    `above` are lanes with a line at the upper edge of the row, `through` those that pass it untouched; `arriving` lead from
    the upper edge to the dot, `leaving` from the dot to the lower edge; both are (lane, whether only a dependency).
    """

    revision: Revision
    lane: int
    through: tuple[int, ...]
    arriving: tuple[tuple[int, bool], ...]
    leaving: tuple[tuple[int, bool], ...]


def laid_out(chain: Sequence[Revision]) -> list[Row]:
    """The rows of a graph whose revisions stand parents first.

    A lane carries one edge, from a parent to the child that waits for it; it is free again below that child.
    """
    children: dict[str, list[tuple[str, bool]]] = {}
    above: set[str] = set()
    for revision in chain:
        for parent in revision.parents:
            if parent in above:
                children.setdefault(parent, []).append((revision.id, parent not in revision.down))
        above.add(revision.id)
    lanes: list[tuple[str, bool] | None] = []
    rows = []
    for revision in chain:
        arriving = [(number, edge[1]) for number, edge in enumerate(lanes) if edge is not None and edge[0] == revision.id]
        through = [number for number, edge in enumerate(lanes) if edge is not None and edge[0] != revision.id]
        for number, _ in arriving:
            lanes[number] = None
        lane = arriving[0][0] if arriving else _free(lanes, 0)
        leaving = []
        for child, weak in children.get(revision.id, []):
            number = _free(lanes, lane)
            lanes[number] = (child, weak)
            leaving.append((number, weak))
        rows.append(Row(revision, lane, tuple(through), tuple(arriving), tuple(leaving)))
    return rows


def _free(lanes: list[tuple[str, bool] | None], wanted: int) -> int:
    """A free lane, `wanted` if it can be; the list grows where there is none."""
    while len(lanes) <= wanted:
        lanes.append(None)
    if lanes[wanted] is None:
        return wanted
    for number, edge in enumerate(lanes):
        if edge is None:
            return number
    lanes.append(None)
    return len(lanes) - 1


def walk_picture(index: Index) -> Html:
    """The whole walk: rows in the order of the chain, quiet stretches of a long one folded."""
    rows = laid_out(tuple(index.revisions.values()))
    width = min(max((max((row.lane, *row.through, *(n for n, _ in row.leaving))) for row in rows), default=0) + 1, MOST_LANES)
    states = {row.revision.id: index.revision_state(row.revision.id) for row in rows}
    listed: list[Html] = []
    for uneventful, stretch in _stretches(rows, states):
        drawn = [_row(index, row, states[row.revision.id], width) for row in stretch]
        listed += [_folded(stretch, drawn)] if uneventful else drawn
    return element("ol", listed, class_="walk")


def _stretches(rows: Sequence[Row], states: Mapping[str, State]) -> Iterator[tuple[bool, list[Row]]]:
    """The rows in stretches, and whether a stretch is to be folded."""
    stretch: list[Row] = []
    folding = False
    for row in rows:
        uneventful = len(rows) > FEW and states[row.revision.id] in QUIET
        if uneventful != folding and stretch:
            yield folding and len(stretch) >= STRETCH, stretch
            stretch = []
        folding = uneventful
        stretch.append(row)
    if stretch:
        yield folding and len(stretch) >= STRETCH, stretch


def _folded(stretch: Sequence[Row], drawn: Sequence[Html]) -> Html:
    first, last = stretch[0].revision.id, stretch[-1].revision.id
    title = element(
        "summary", f"{len(stretch):,} revisions with nothing to report, ", element("code", first), " to ", element("code", last)
    )
    return element("li", element("details", title, element("ol", drawn, class_="walk")), class_="folded")


def _row(index: Index, row: Row, state: State, width: int) -> Html:
    revision = row.revision
    steps = index.steps[revision.id]
    title = element("p", revision_link(revision.id), " ", badge(state), class_="id")
    about = element("p", f"{revision.doc} " if revision.doc else None, quiet(ancestry(revision)), class_="about")
    legs = element("ul", (_leg(index, step) for step in steps), class_="legs") if steps else None
    body = element("div", title, about, legs, class_="stop")
    return element("li", _lanes(row, width, state), body, data_r=index.numbers[revision.id])


def ancestry(revision: Revision) -> str:
    """What it follows, needs and is labelled, in words."""
    follows = f"follows {', '.join(revision.down)}" if revision.down else ""
    needs = f"needs {', '.join(revision.depends_on)}" if revision.depends_on else ""
    merge = "merge" if len(revision.down) > 1 else ""
    labels = f"labelled {', '.join(revision.labels)}" if revision.labels else ""
    return "; ".join(filter(None, (follows, merge, needs, labels)))


def _leg(index: Index, step: Step) -> Html:
    state = index.state(step)
    arrow = "↑" if step.leg.upward else "↓"
    mark = element("span", state.mark, aria_hidden="true", class_="mark")
    words = element("span", f": {state.words},", class_="hidden")
    time = element("span", duration(step.seconds), class_="quiet")
    return element(
        "li", mark, " ", element("span", arrow, aria_hidden="true"), f" {step.leg}", words, " ", time, class_=state.name
    )


def _lanes(row: Row, width: int, state: State) -> Html:
    """The lines of a row as high as the row gets: y in percent, x in pixels. The words beside them say the same."""

    def x(lane: int) -> int:
        return LANE // 2 + LANE * min(lane, MOST_LANES - 1)

    drawn = [_line(x(lane), "0%", x(lane), "100%", False) for lane in row.through]
    drawn += [_line(x(lane), "0%", x(row.lane), "26", weak) for lane, weak in row.arriving]
    drawn += [_line(x(row.lane), "26", x(lane), "100%", weak) for lane, weak in row.leaving]
    dot = element("circle", cx=x(row.lane), cy=26, r=6, class_=f"dot {state.name}")
    picture = element("svg", join(*drawn), dot, width=LANE * width, height="100%", aria_hidden="true")
    return element("div", picture, class_=f"lanes lanes-{width}")


def _line(x1: int, y1: str, x2: int, y2: str, weak: bool) -> Html:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_="weak" if weak else None)

"""How to read the page: the marks, the legs, the letters of locks, and what the pictures show."""

from __future__ import annotations

from migration_checks.renderers.html.element import Html, element, join
from migration_checks.renderers.html.index import EMPTY, ERROR, INFO, PASSED, SEEN, STOPPED, UNWALKED, WARNING, State
from migration_checks.renderers.html.locks import MODES
from migration_checks.renderers.html.parts import scroll
from migration_checks.renderers.html.timeline import chip
from migration_checks.transition import Leg

MARKS: tuple[tuple[State, str], ...] = (
    (ERROR, "an error was found here"),
    (WARNING, "a warning was found here"),
    (INFO, "something to know, which fails no run unless asked to"),
    (PASSED, "rows were compared and nothing was found"),
    (EMPTY, "it ran, but there was no row to compare: this is no pass"),
    (STOPPED, "it raised an error that no check counts, such as a downgrade that says it cannot"),
    (SEEN, "a trial, which compares no rows: its evidence stands below"),
    (UNWALKED, "the walk did not come here; Not checked says why"),
)
LEGS = (
    (Leg.ASCEND, "upgrade a revision; held against the state before it"),
    (Leg.UNDO, "downgrade it again; held against the state before the upgrade"),
    (Leg.REDO, "upgrade it once more; held against what the first upgrade built"),
    (Leg.ORDER, "upgrade a copy whose rows lie in another physical order"),
    (Leg.WRITES, "downgrade a copy after rows were written through the new schema"),
    (Leg.DESCEND, "downgrade on the way from head to start"),
    (Leg.LEAP, "upgrade everything in one go, as alembic upgrade does"),
    (Leg.OBSERVE, "the upgrade, watched statement by statement"),
    (Leg.OBSERVE_DOWN, "the downgrade, watched statement by statement"),
    (Leg.QUEUE, "the step behind a reader that keeps its transaction open"),
    (Leg.GROWTH, "the step at several numbers of rows"),
    (Leg.SKEW, "statements of one version of the application on the schema of the other"),
    (Leg.CRASH, "the step killed at its statements, and run again"),
    (Leg.RUNNERS, "the step run by two at once"),
    (Leg.TRAFFIC, "the step while others read and write"),
)
PICTURES = (
    ("The walk", "A dot is a revision, a line leads from a parent to its child, a dashed line only from what it depends on."),
    (
        "Where values went",
        "Ribbons lead from a column to where its values were found, as broad as their share; what was lost leads nowhere.",
    ),
    (
        "Locks held",
        "A bar is a lock from when it was taken to the end of its transaction; the blocks above say when each statement ran.",
    ),
    (
        "Growth",
        "Both axes are logarithmic. Dots were measured, the line is the fit, the area its interval, and the ring the estimate.",
    ),
)


def reading() -> Html:
    """The legend of everything, folded."""
    parts = (_marks(), _legs(), _pictures(), _modes())
    return element("details", element("summary", "Marks, legs, pictures and lock modes"), *parts)


def _marks() -> Html:
    entries = (
        (element("dt", element("span", f"{state.mark} {state.words}", class_=f"badge {state.name}")), element("dd", said))
        for state, said in MARKS
    )
    return join(element("h3", "Marks"), element("dl", entries, class_="key"))


def _legs() -> Html:
    entries = ((element("dt", f"{'↑' if leg.upward else '↓'} {leg}"), element("dd", said)) for leg, said in LEGS)
    return join(element("h3", "Legs"), element("dl", entries, class_="key"))


def _pictures() -> Html:
    entries = ((element("dt", title), element("dd", said)) for title, said in PICTURES)
    return join(element("h3", "Pictures"), element("dl", entries, class_="key"))


def _modes() -> Html:
    head = element("tr", (element("th", title, scope="col") for title in ("Letters", "Lock mode", "What waits behind it")))
    rows = (
        element(
            "tr",
            element("td", chip(mode.letters, mode.rank)),
            element("th", mode.name, scope="row"),
            element("td", mode.blocks),
        )
        for mode in MODES
    )
    table = element("table", element("thead", head), element("tbody", rows), class_="facts")
    return join(element("h3", "Lock modes"), scroll(table, "Lock modes"))

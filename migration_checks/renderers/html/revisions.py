"""The evidence of each revision: its legs, where values went, and what trials saw; folded where all is well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migration_checks.check import Finding
from migration_checks.renderers.escape import cut
from migration_checks.renderers.html.element import Html, element, join, paragraphs
from migration_checks.renderers.html.findings import Room
from migration_checks.renderers.html.flow import flow_picture
from migration_checks.renderers.html.graph import ancestry
from migration_checks.renderers.html.index import BY_SEVERITY, ERROR, WALKING, WARNING, Index, State, revision_id
from migration_checks.renderers.html.parts import scroll
from migration_checks.renderers.html.trials import trial
from migration_checks.renderers.html.units import duration
from migration_checks.renderers.summary import counted
from migration_checks.report import Step
from migration_checks.transition import Failure, Leg

ROOM = 1_000_000
"""Characters that trials and flows of all revisions may take; those beyond are in the JSON report only."""
LINKS = 12
OPEN = 20
"""So many revisions with errors or warnings are unfolded; where there are more, a reader chooses."""
FLOWS = 20
MESSAGE = 600


def revisions_list(index: Index) -> Html:
    """Every revision, in the order of the chain."""
    room = Room(ROOM)
    states = {name: index.revision_state(name) for name in index.revisions}
    unfolded = [name for name, state in states.items() if state in (ERROR, WARNING)][:OPEN]
    return join(_revision(index, name, state, room, name in unfolded) for name, state in states.items())


def _revision(index: Index, name: str, state: State, room: Room, unfolded: bool) -> Html:
    revision, steps, found = index.revisions[name], index.steps[name], index.findings[name]
    badge = element("span", f"{state.mark} {state.words}", class_=f"badge {state.name}")
    about = " · ".join(filter(None, (_extent(steps), _counted(found))))
    title = element(
        "summary",
        element("h3", element("code", name), " ", badge),
        element("span", revision.doc, class_="doc"),
        element("span", about, class_="quiet"),
    )
    known = element("p", element("code", revision.path) if revision.path else None, f" {ancestry(revision)}", class_="where")
    body = (known, _links(index, found), _legs(index, steps), _evidence(steps, room))
    return element(
        "details",
        title,
        *body,
        id=revision_id(name),
        class_=f"revision {state.name}",
        data_r=index.numbers[name],
        open=unfolded,
    )


def _extent(steps: Sequence[Step]) -> str:
    if not steps:
        return "not walked"
    rows = sum(step.rows_compared for step in steps)
    return f"{counted(len(steps), 'leg')}, {counted(rows, 'row')} compared, {duration(sum(step.seconds for step in steps))}"


def _counted(found: Sequence[Finding]) -> str:
    return counted(len(found), "finding") if found else ""


def _links(index: Index, found: Sequence[Finding]) -> Html | None:
    """The way to each finding of the revision."""
    if not found:
        return None
    entries = [
        element(
            "li",
            element("span", BY_SEVERITY[each.severity].mark, aria_hidden="true"),
            " ",
            element("a", f"{each.check} {cut(each.subject, 80)}", href=f"#{index.finding_id(each)}"),
            class_=BY_SEVERITY[each.severity].name,
        )
        for each in found[:LINKS]
    ]
    if len(found) > LINKS:
        entries.append(element("li", f"and {len(found) - LINKS:,} more"))
    return element("ul", entries, class_="by-check")


def _legs(index: Index, steps: Sequence[Step]) -> Html | None:
    """A row a leg of the walk, and of a trial that failed."""
    walked = [step for step in steps if step.leg in WALKING or step.failure is not None]
    if not walked:
        return None
    titles = ("Leg", "Outcome", "Time", "Statements", "Rows compared", "Values compared")
    head = element("tr", (element("th", title, scope="col") for title in titles))
    rows = (_leg(index, step) for step in walked)
    table = element("table", element("thead", head), element("tbody", rows), class_="facts numbers legs-table")
    failures = (_failed(step.leg, step.failure) for step in walked if step.failure is not None)
    return join(scroll(table, "Legs"), failures)


def _leg(index: Index, step: Step) -> Html:
    state = index.state(step)
    outcome = element("td", element("span", f"{state.mark} {state.words}", class_=f"badge {state.name}"))
    numbers = (duration(step.seconds), f"{step.statements:,}", f"{step.rows_compared:,}", f"{step.values_compared:,}")
    return element("tr", element("th", str(step.leg), scope="row"), outcome, (element("td", each) for each in numbers))


def _failed(leg: Leg, failure: Failure) -> Html:
    code = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
    place = element("code", f"{failure.path}:{failure.line}") if failure.path else None
    head = element("p", element("b", f"{leg}: {failure.kind}{code}"), " ", place)
    return element("div", head, paragraphs(cut(failure.message, MESSAGE)), class_="failure")


def _evidence(steps: Sequence[Step], room: Room) -> Iterator[Html]:
    """Flows, then trials, while there is room."""
    flows = [flow for step in steps for flow in step.flows]
    parts = [join(element("h4", "Where values went"), (flow_picture(flow) for flow in flows[:FLOWS]))] if flows else []
    if len(flows) > FLOWS:
        parts.append(element("p", f"{len(flows) - FLOWS:,} more flows are in the JSON report.", class_="quiet"))
    parts += [part for step in steps if (part := trial(step)) is not None]
    for number, part in enumerate(parts):
        if not room.takes(part):
            left = len(parts) - number
            yield element(
                "p", f"{left:,} more parts would make this page too large: they are in the JSON report.", class_="note"
            )
            return
        yield part

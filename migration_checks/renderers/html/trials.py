"""The trials of a step, each in its own picture or table: queue, growth, skew, deaths, and whatever else was seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from migration_checks.renderers.html.curve import curve, growth_of, summary
from migration_checks.renderers.html.element import Html, element, join, preformatted
from migration_checks.renderers.html.evidence import facts_of
from migration_checks.renderers.html.facts import Facts, amount, either, facts, items, quantity, tables, whole, words
from migration_checks.renderers.html.locks import mode_named
from migration_checks.renderers.html.parts import cells, code, head_cell, more, scroll, table
from migration_checks.renderers.html.timeline import chip
from migration_checks.renderers.html.units import duration
from migration_checks.renderers.html.watched import KNOWN, watched
from migration_checks.report import Step
from migration_checks.snapshot import Json
from migration_checks.transition import Leg

MOST = 60
SQL = 400


def trial(step: Step) -> Html | None:
    """What a step of a trial saw, None for a leg of the walk that saw nothing of its own."""
    if step.leg not in TRIALS:
        rest = _rest(step, ())
        return join(element("h4", f"Seen in {step.leg}"), rest) if rest else None
    title, draw, known = TRIALS[step.leg]
    return element("section", element("h4", title), draw(step), _rest(step, known), class_=f"trial {step.leg}")


def _rest(step: Step, known: Collection[str]) -> Html | None:
    """Facts that no part of the page knows: in words, so that none is hidden."""
    rest = {key: value for key, value in step.observations.items() if key not in known and value not in (None, [], {}, "")}
    found = [*facts_of(rest)]
    return join(found) if found else None


# -- queue -----------------------------------------------------------------------------------------------------------


def _queue(step: Step) -> Html:
    """How long each one waited, as bars on one scale with the budget marked, and what they waited for."""
    waits = tables(step.timing.get("waits"))
    budget = quantity(step.timing.get("budget"))
    longest = max([amount(each.get("seconds")) for each in waits] + [budget or 0.0]) or 1.0
    stalls = tables(step.observations.get("stalls"))
    if not waits and not stalls:
        return element("p", "While one reader kept a transaction open, nobody was seen to wait behind the step.")
    relation = words(step.observations.get("relation"))
    lead = element(
        "p",
        "One reader keeps a transaction open",
        (" on ", code(relation)) if relation else None,
        "; the step waits for it, and everybody else behind the step.",
    )
    rows = (element("li", *_wait(each, longest, budget)) for each in waits[:MOST])
    told = element("p", f"Budget: {duration(budget)}, the line in each bar.", class_="quiet") if budget else None
    return join(lead, element("ul", rows, class_="waits") if waits else None, told, *_stalls(stalls), *_limits(step))


def _stalls(stalls: Sequence[Facts]) -> Iterator[Html]:
    """The statements that others waited behind, with the lock that each waited for itself."""
    for stall in stalls[:MOST]:
        mode = mode_named(words(stall.get("mode")))
        lock = (chip(mode.letters, mode.rank), f" {mode.name} on ", code(words(stall.get("relation"))))
        yield element("div", element("p", "Behind this statement, which waits for ", lock, ":"), _sql(stall.get("sql")))


def _limits(step: Step) -> Iterator[Html]:
    """Whether a lock_timeout, its own or a trial's, would have ended the wait."""
    used = step.observations.get("lock_timeout_used")
    own = either(used, "It gave up by its own lock_timeout.", "No lock_timeout of its own ended its wait.")
    limited = facts(step.observations.get("with_lock_timeout"))
    tried = either(limited.get("gives_up"), "With a lock_timeout it gives up instead.", "With a lock_timeout it went on, too.")
    yield from (element("p", sentence) for sentence in (own, tried) if sentence)


def _wait(wait: Facts, longest: float, budget: float | None) -> Iterator[Html]:
    seconds = amount(wait.get("seconds"))
    over = budget is not None and seconds > budget
    limit = either(wait.get("with_lock_timeout"), ", with lock_timeout", ", without lock_timeout")
    who = f"{words(wait.get('who')) or 'others'}{limit}"
    yield element(
        "span", element("b", duration(seconds)), f" {who}", element("b", " over budget", class_="bad") if over else None
    )
    bar = element(
        "rect",
        x=0,
        y=2,
        height=12,
        rx=2,
        width=f"{max(100 * seconds / longest, 0.5):.2f}%",
        class_="over" if over else "within",
    )
    line = f"{min(100 * budget / longest, 99.6):.2f}%" if budget else ""
    mark = element("line", x1=line, x2=line, y1=0, y2=16, class_="budget") if line else None
    yield element("svg", bar, mark, width="100%", height=16, aria_hidden="true")


# -- growth ----------------------------------------------------------------------------------------------------------


def _growth(step: Step) -> Html:
    growth = growth_of(step)
    row_by_row = step.observations.get("row_by_row") is True
    verdict = (
        element("p", element("b", "Row by row: "), "the number of statements grows with the rows.", class_="bad")
        if row_by_row
        else None
    )
    picture = curve(growth)
    told = summary(growth) if growth.points or growth.refused else ""
    figure = element("figure", picture, element("figcaption", told)) if picture else element("p", told) if told else None
    return join(verdict, figure, _sizes(step))


def _sizes(step: Step) -> Html | None:
    """Rows and statements of each size that was tried."""
    sizes, statements = (items(step.observations.get(name)) for name in ("sizes", "statements_by_size"))
    if not sizes or len(sizes) != len(statements):
        return None
    head = element("tr", element("th", "Rows", scope="col"), element("th", "Statements", scope="col"))
    body = (
        element("tr", element("td", _count(rows)), element("td", _count(count)))
        for rows, count in list(zip(sizes, statements, strict=True))[:MOST]
    )
    return element("table", element("thead", head), element("tbody", body), class_="facts numbers narrow")


def _count(value: Json) -> str:
    found = quantity(value)
    return words(value) if found is None else f"{found:,.0f}"


# -- skew ------------------------------------------------------------------------------------------------------------


def _skew(step: Step) -> Html:
    """Statements that are refused first, the others folded."""
    found = tables(step.observations.get("statements"))
    refused = [each for each in found if _refused(each)]
    passed = [each for each in found if not _refused(each)]
    tried = sum(whole(each) or 0 for each in facts(step.observations.get("tried")).values()) or len(found)
    lead = element(
        "p", element("b", f"{len(refused):,} of {tried:,} statements are refused."), class_="bad" if refused else None
    )
    listed = element("ul", (_replayed(each) for each in refused[:MOST]), class_="replayed") if refused else None
    folded = element("ul", (_replayed(each) for each in passed[:MOST]), class_="replayed")
    details = element("details", element("summary", f"{len(passed):,} statements go through"), folded) if passed else None
    return join(lead, listed, more(max(len(refused), len(passed)) - MOST), details)


def _refused(statement: Facts) -> bool:
    return bool(words(statement.get("error")) or words(statement.get("sqlstate")))


def _replayed(statement: Facts) -> Html:
    what = words(statement.get("what"))
    about = ", ".join(filter(None, (what, words(statement.get("direction")))))
    code = " ".join(filter(None, (words(statement.get("sqlstate")), words(statement.get("error")))))
    never = ", which the schema before refused too" if statement.get("accepted_before") is False else ""
    result = element("p", element("b", "✗ "), f"{code}{never}", class_="bad") if code else None
    return element("li", element("p", about, class_="quiet") if about else None, _sql(statement.get("sql")), result)


def _sql(value: Json) -> Html | None:
    sql = words(value)
    cut = f" … ({len(sql):,} characters)" if len(sql) > SQL else ""
    return element("pre", element("code", preformatted(sql[:SQL] + cut)), tabindex=0) if sql else None


# -- deaths ----------------------------------------------------------------------------------------------------------


def _deaths(step: Step) -> Html | None:
    """A row a death: where it was killed, what was left, and whether running it again reached the goal."""
    found = [*tables(step.observations.get("deaths")), *tables(step.observations.get("retries"))]
    if not found:
        return None
    shown = table(("Stopped at", "How", "What was left", "Run again"), (_death(each) for each in found[:MOST]))
    return join(scroll(shown, "Deaths"), more(len(found) - MOST))


def _death(death: Facts) -> list[Html]:
    state = words(death.get("state"))
    between = state not in ("", "before", "after")
    left = element("td", f"{'✗' if between else '✓'} {state}" if state else "", class_="bad" if between else None)
    resumed = either(death.get("resumed"), "✓ reached the goal", "✗ did not reach the goal")
    again = _ended(death.get("resumed"), resumed, death)
    return [_moment(death), *cells([words(death.get("kind"))]), left, again]


def _moment(death: Facts) -> Html:
    number = whole(death.get("statement"))
    return head_cell(f"statement {number}" if number is not None else words(death.get("statement"))[:SQL])


def _ended(well: Json, outcome: str, seen: Facts) -> Html:
    difference = words(seen.get("difference"))
    return element("td", f"{outcome}: {difference}" if difference else outcome, class_="bad" if well is False else None)


def _runners(step: Step) -> Html:
    """A row a race, with what became of either runner; then those that met a lock and were run again."""
    found = tables(step.observations.get("races"))
    rows = ([_moment(each), *cells([_either_end(each)]), _race(each)] for each in found[:MOST])
    shown = table(("One stood before", "What became of both", "Outcome"), rows) if found else None
    return join(scroll(shown, "Races") if shown else None, more(len(found) - MOST), _deaths(step))


def _either_end(race: Facts) -> str:
    return " · ".join(filter(None, map(words, items(race.get("ends")))))


def _race(race: Facts) -> Html:
    return _ended(race.get("clean"), either(race.get("clean"), "✓ one clean result", "✗ no clean result"), race)


def _traffic(step: Step) -> Html | None:
    """Writes that were lost or doubled, in plain view; the rest in figures."""
    measured = facts(step.timing.get("traffic"))
    spoiled = tables(step.observations.get("spoiled"))
    rows = ([_moment(each), *cells((code(words(each.get("table"))), words(each.get("how"))))] for each in spoiled[:MOST])
    shown = table(("Before", "Table", "The write was"), rows) if spoiled else None
    lead = (
        element("p", element("b", f"✗ {len(spoiled):,} committed writes were lost or doubled."), class_="bad")
        if spoiled
        else None
    )
    return join(
        lead if spoiled else None,
        scroll(shown, "Spoiled writes") if shown else None,
        more(len(spoiled) - MOST),
        *facts_of(measured),
    )


QUEUE = frozenset({"relation", "reader", "stalls", "lock_timeout_used", "with_lock_timeout"})
DEATHS = frozenset({"deaths", "retries"})
TRIALS: dict[Leg, tuple[str, Callable[[Step], Html | None], frozenset[str]]] = {
    Leg.OBSERVE: ("The upgrade, statement by statement", watched, KNOWN),
    Leg.OBSERVE_DOWN: ("The downgrade, statement by statement", watched, KNOWN),
    Leg.QUEUE: ("Who waits behind it", _queue, QUEUE),
    Leg.GROWTH: ("How it grows with the rows", _growth, frozenset({"sizes", "statements_by_size", "row_by_row"})),
    Leg.SKEW: ("The application of the other version", _skew, frozenset({"statements"})),
    Leg.CRASH: ("Killed half-way", _deaths, DEATHS),
    Leg.RUNNERS: ("Two runners at once", _runners, DEATHS | {"races"}),
    Leg.TRAFFIC: ("Under traffic", _traffic, frozenset({"spoiled"})),
}
"""Leg -> heading, picture, and the facts that the picture shows."""

"""The evidence of trials in a pull request's comment: a section a step and trial, short enough to be read there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migration_checks.renderers.escape import cut
from migration_checks.renderers.html.curve import growth_of, summary
from migration_checks.renderers.html.facts import Facts, amount, either, items, quantity, tables, whole, words
from migration_checks.renderers.html.locks import Run, mode_named, runs
from migration_checks.renderers.html.units import duration
from migration_checks.renderers.markdown_text import code, prose
from migration_checks.report import Report, Step
from migration_checks.transition import Leg

SQL = 90
WORDS = 200
MOST = 12
LOCKS = 4


def trial_entries(report: Report) -> Iterator[str]:
    """An entry each step of a trial that saw something, in the order of the walk."""
    for step in report.steps:
        lines = list(TRIALS.get(step.leg, _nothing)(step))
        if lines:
            yield f"**{step.leg}** of {code(cut(step.revision, WORDS))}\n\n" + "".join(f"{line}\n" for line in lines) + "\n"


def _nothing(step: Step) -> Iterator[str]:
    return iter(())


# -- statements ------------------------------------------------------------------------------------------------------


def _statements(step: Step) -> Iterator[str]:
    """A row a statement: what it did, how long it took and which locks it took; beyond a dozen, those that took longest."""
    found, measured = runs(step)
    if not found:
        return
    numbered = list(enumerate(found, 1))
    shown = sorted(sorted(numbered, key=lambda each: -each[1].seconds)[:MOST]) if len(numbered) > MOST else numbered
    yield "| # | statement | took | locks taken | held for | rows, rewrites, scans |"
    yield "|--:|---|--:|---|--:|---|"
    for number, run in shown:
        took, held = (duration(run.seconds), duration(run.held_until - run.began)) if measured else ("", "")
        times = whole(run.facts.get("times")) or 1
        sql = code(cut(" ".join(words(run.facts.get("sql")).split()), SQL)) + (f" × {times:,}" if times > 1 else "")
        yield f"| {number} | {sql} | {took} | {_locks(run)} | {held} | {_did(run)} |"
    if len(shown) < len(numbered):
        yield f"\n{len(numbered) - len(shown):,} that took less time are in the full report."


def _locks(run: Run) -> str:
    taken = [lock for lock in tables(run.facts.get("locks")) if lock.get("new") is not False]
    strongest = sorted(taken, key=lambda each: -mode_named(words(each.get("mode"))).rank)
    told = [f"{prose(mode_named(words(each.get('mode'))).name)} {_name(each)}" for each in strongest[:LOCKS]]
    return ", ".join(told) + (f" and {len(strongest) - LOCKS:,} more" if len(strongest) > LOCKS else "")


def _name(fact: Facts) -> str:
    return code(cut(words(fact.get("relation")), SQL))


def _did(run: Run) -> str:
    rows = whole(run.facts.get("rows"))
    parts = [
        *([f"{rows:,} rows"] if rows else []),
        *(f"rewrites {_name(each)}" for each in tables(run.facts.get("rewrites"))[:LOCKS]),
        *(f"scans {_name(each)}" for each in tables(run.facts.get("scans"))[:LOCKS]),
    ]
    return ", ".join(parts)


# -- the other trials ------------------------------------------------------------------------------------------------


def _waits(step: Step) -> Iterator[str]:
    budget = quantity(step.timing.get("budget"))
    for wait in tables(step.timing.get("waits"))[:MOST]:
        seconds = amount(wait.get("seconds"))
        limit = either(wait.get("with_lock_timeout"), " with lock_timeout", " without lock_timeout")
        over = f", beyond the budget of {duration(budget)}" if budget is not None and seconds > budget else ""
        yield f"- A {prose(words(wait.get('who')) or 'session')} of {_name(wait)} waited {duration(seconds)}{limit}{over}."


def _growth(step: Step) -> Iterator[str]:
    growth = growth_of(step)
    if step.observations.get("row_by_row") is True:
        yield "- Row by row: the number of statements grows with the rows."
    if growth.points or growth.refused:
        yield f"- {prose(cut(summary(growth), 4 * WORDS))}"


def _skew(step: Step) -> Iterator[str]:
    for each in tables(step.observations.get("statements")):
        why = " ".join(filter(None, (words(each.get("sqlstate")), words(each.get("error")))))
        if why:
            sql = code(cut(" ".join(words(each.get("sql")).split()), SQL))
            yield f"- {prose(words(each.get('direction')))}: {sql} is refused: {prose(cut(why, WORDS))}"


def _deaths(step: Step) -> Iterator[str]:
    """Deaths that left something in between, or after which running it again did not reach the goal."""
    for each in (*tables(step.observations.get("deaths")), *tables(step.observations.get("retries"))):
        state = words(each.get("state"))
        resumed = either(each.get("resumed"), "", "running it again does not reach the goal")
        left = f"it leaves a state that is {state}" if state not in ("", "before", "after") else ""
        if told := " and ".join(filter(None, (left, resumed))):
            how = f"{words(each.get('kind'))} at statement {words(each.get('statement'))}"
            yield f"- {prose(cut(f'{how}: {told}', WORDS))}."
    for race in tables(step.observations.get("races")):
        if race.get("clean") is False:
            ends = " and ".join(filter(None, map(words, items(race.get("ends")))))
            yield f"- {prose(cut(f'Two runners end with {ends}: no clean result', WORDS))}."
    for write in tables(step.observations.get("spoiled")):
        yield f"- A committed write to {code(cut(words(write.get('table')), SQL))} was {prose(words(write.get('how')))}."


TRIALS: dict[Leg, Callable[[Step], Iterator[str]]] = {
    Leg.OBSERVE: _statements,
    Leg.OBSERVE_DOWN: _statements,
    Leg.QUEUE: _waits,
    Leg.GROWTH: _growth,
    Leg.SKEW: _skew,
    Leg.CRASH: _deaths,
    Leg.RUNNERS: _deaths,
    Leg.TRAFFIC: _deaths,
}

"""A watched leg: every statement with its locks, rewrites, scans, rows and times, and the relations it left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from migration_checks.renderers.html.element import Html, element, join, preformatted
from migration_checks.renderers.html.facts import Facts, amount, facts, items, quantity, tables, whole, words
from migration_checks.renderers.html.locks import Run, mode_named, runs
from migration_checks.renderers.html.parts import cells, code, head_cell, scroll, table
from migration_checks.renderers.html.parts import more as left_out
from migration_checks.renderers.html.timeline import chip, timeline
from migration_checks.renderers.html.units import duration, size
from migration_checks.report import Step
from migration_checks.snapshot import Json

MOST = 40
SQL = 1_500
CHIPS = 12
ROWS = 30
KNOWN = frozenset({"statements", "relations", "foreign_keys_unindexed", "upkeep", "left_out", "unseen"})
KINDS = frozenset({"inserted", "updated", "deleted"})


@dataclass(slots=True)
class Group:
    """The runs of one statement: the same text from the same line, in the same kind of transaction."""

    number: int
    first: Run
    runs: list[Run] = field(default_factory=list)

    @property
    def times(self) -> int:
        """How often it was sent: an observer may have gathered several runs in one entry already."""
        return sum(whole(run.facts.get("times")) or 1 for run in self.runs)

    def total(self, name: str) -> float:
        return sum(amount(run.timing.get(name)) for run in self.runs)


def watched(step: Step) -> Html:
    """The timeline, the statements, and what they left."""
    found, measured = runs(step)
    groups = _grouped(found)
    shown = element("ol", (_statement(group, measured) for group in groups[:MOST]), class_="statements") if groups else None
    left = len(groups) - MOST
    more = element("p", f"{left:,} more statements are in the JSON report.", class_="quiet") if left > 0 else None
    heading = element("h5", f"Statements ({sum(group.times for group in groups):,})") if groups else None
    unseen = _unseen(step)
    return join(timeline(step, found, measured), unseen, heading, shown, more, _relations(step), *_left(step))


def _unseen(step: Step) -> Html | None:
    """What the observer could not look at, in plain view."""
    count, why = whole(step.observations.get("left_out")), words(step.observations.get("unseen"))
    parts = [f"{count:,} statements are not listed." if count else "", why]
    return element("p", " ".join(filter(None, parts)), class_="note") if any(parts) else None


def _grouped(found: Sequence[Run]) -> list[Group]:
    """Statements in the order in which each was first sent."""
    groups: dict[tuple[object, ...], Group] = {}
    for number, run in enumerate(found, 1):
        key = tuple(str(run.facts.get(name)) for name in ("sql", "path", "line", "autocommit"))
        groups.setdefault(key, Group(number, run)).runs.append(run)
    return list(groups.values())


def _statement(group: Group, measured: bool) -> Html:
    said = group.first.facts
    sql = words(said.get("sql"))
    cut = f"\n… ({len(sql):,} characters)" if len(sql) > SQL else ""
    times = element("span", f" × {group.times:,}", class_="times") if group.times > 1 else None
    head = element("p", element("b", f"#{group.number}"), times, " ", _where(said), class_="where")
    code = element("pre", element("code", preformatted(sql[:SQL] + cut)), tabindex=0) if sql else None
    return element("li", head, code, element("dl", *_told(group, measured), class_="told"))


def _where(said: Facts) -> Html:
    path, line = words(said.get("path")), whole(said.get("line"))
    place = f"{path}:{line}" if path and line is not None else path
    number = whole(said.get("transaction"))
    alone = said.get("autocommit") is True
    kind = "outside a transaction (autocommit)" if alone else f"transaction {number}" if number is not None else ""
    return element("span", element("code", place) if place else None, f" {kind}" if kind else None, class_="quiet")


def _told(group: Group, measured: bool) -> Iterator[Html]:
    """What a statement did, a term and its description each."""
    seconds = sum(run.seconds for run in group.runs)
    held = max((run.held_until - run.began for run in group.runs), default=0.0)
    rows = sum(whole(run.facts.get("rows")) or 0 for run in group.runs)
    yield from _pair("took", duration(seconds) if measured else "")
    yield from _pair("locks", _locks(group.runs))
    yield from _pair("held for", duration(held) if measured and any(run.facts.get("locks") for run in group.runs) else "")
    yield from _pair("rewrites", _named(group, "rewrites", lambda each: words(each.get("reason"))), "bad")
    yield from _pair("scans", _named(group, "scans", _scan))
    yield from _pair("rows", _changed(group) or (f"{rows:,}" if rows else ""))
    yield from _pair("WAL", size(group.total("wal_bytes")) if group.total("wal_bytes") else "")
    yield from _pair("temporary files", size(group.total("temp_bytes")) if group.total("temp_bytes") else "", "bad")
    yield from _pair("not looked at", "its locks are unknown" if group.first.facts.get("looked") is False else "")


def _pair(term: str, said: Html | str | None, style: str = "") -> Iterator[Html]:
    if said:
        yield element("div", element("dt", term), element("dd", said), class_=style or None)


def _locks(found: Iterable[Run]) -> Html | None:
    """The locks that a statement took, then those that were held already."""
    taken: dict[tuple[str, str], tuple[Facts, bool]] = {}
    for run in found:
        for lock in tables(run.facts.get("locks")):
            key = (words(lock.get("relation")), words(lock.get("mode")))
            new = lock.get("new") is not False
            taken[key] = (lock, new or taken.get(key, (lock, False))[1])
    ordered = sorted(taken.values(), key=lambda each: (not each[1], -mode_named(words(each[0].get("mode"))).rank))
    shown = [_lock(lock, new) for lock, new in ordered[:CHIPS]]
    if len(ordered) > CHIPS:
        shown.append(element("li", f"and {len(ordered) - CHIPS:,} more", class_="quiet"))
    return element("ul", shown, class_="locks") if shown else None


def _lock(lock: Facts, new: bool) -> Html:
    mode = mode_named(words(lock.get("mode")))
    blocks = words(lock.get("blocks")) or mode.blocks
    held = "" if new else ", held already"
    about = element("span", f" {mode.name}, blocks {blocks or 'nobody'}{held}", class_="quiet")
    return element(
        "li",
        chip(mode.letters, mode.rank),
        " ",
        element("code", words(lock.get("relation"))),
        about,
        class_=None if new else "held",
    )


def _named(group: Group, name: str, describe: Callable[[Facts], str]) -> Html | None:
    """Relations of a kind of fact, each once, with what is said of it."""
    found: dict[str, str] = {}
    for run in group.runs:
        for each in tables(run.facts.get(name)):
            found.setdefault(words(each.get("relation")), describe(each))
    shown = [
        element("li", element("code", relation), f" {said}" if said else None) for relation, said in list(found.items())[:CHIPS]
    ]
    return element("ul", shown) if shown else None


def _scan(each: Facts) -> str:
    rows, under = quantity(each.get("rows")), words(each.get("under"))
    return f"{f'{rows:,.0f} rows' if rows else ''}{f' under {under}' if under else ''}".strip()


def _changed(group: Group) -> str:
    """Rows inserted, updated and deleted, by relation; either may be the outer key."""
    counts: dict[tuple[str, str], int] = {}
    for run in group.runs:
        for outer, inner in facts(run.facts.get("changed")).items():
            for name, count in facts(inner).items():
                key = (outer, name) if outer in KINDS else (name, outer)
                counts[key] = counts.get(key, 0) + (whole(count) or 0)
    told = [f"{count:,} {what} in {relation}" for (what, relation), count in counts.items() if count]
    return ", ".join(told[:CHIPS])


def _relations(step: Step) -> Html | None:
    """Size before and after, rows and dead rows, the largest first; sizes are measured, so they may stand with the times."""
    measured = {words(each.get("name")): each for each in tables(step.timing.get("relations"))}
    found = [{**each, **measured.get(words(each.get("name")), {})} for each in tables(step.observations.get("relations"))]
    if not found:
        return None
    ordered = sorted(found, key=lambda each: (-amount(each.get("size_after")), -amount(each.get("rows"))))
    titles = ("Relation", "Rows", "In production", "Size before", "Size after", "Dead rows")
    shown = table(titles, (_relation(each) for each in ordered[:ROWS]), "facts numbers")
    return join(element("h5", "Relations"), scroll(shown, "Relations"), left_out(len(found) - ROWS, "smaller ones"))


def _relation(each: Facts) -> list[Html]:
    rows, production, dead = (_counted(each.get(name)) for name in ("rows", "production_rows", "dead_rows"))
    sizes = [size(found) if (found := quantity(each.get(name))) is not None else "" for name in ("size_before", "size_after")]
    name = head_cell(code(words(each.get("name"))), " new" if each.get("new") is True else None)
    return [name, *cells((rows, production, *sizes, dead))]


def _counted(value: Json) -> str:
    found = quantity(value)
    return "" if found is None else f"{found:,.0f}"


def _left(step: Step) -> Iterator[Html]:
    """What needs care after the step."""
    for name, title in (("foreign_keys_unindexed", "Foreign keys without an index"), ("upkeep", "Left to be mended")):
        if found := items(step.observations.get(name)):
            yield element("h5", title)
            yield element("ul", (element("li", _any(each)) for each in found[:ROWS]))


def _any(value: Json) -> Html:
    """A name, or the parts of a fact in words."""
    told = facts(value)
    if not told:
        return code(words(value))
    before = element("b", "there before this step ", class_="quiet") if told.get("new") is False else None
    parts = ((f"{name.replace('_', ' ')} ", code(words(each)), " ") for name, each in told.items() if words(each))
    return join(parts, before)

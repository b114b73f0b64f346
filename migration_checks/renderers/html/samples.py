"""Sample rows: values before and after side by side, with what differs marked, and rows that are gone or left over."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from migration_checks.redaction import REMOVED
from migration_checks.renderers.escape import cut, shown, visible
from migration_checks.renderers.html.element import Html, element, join
from migration_checks.renderers.html.facts import Facts, facts, tables
from migration_checks.renderers.html.parts import cells, head_cell, more, quiet, scroll, table
from migration_checks.snapshot import Json

MOST = 10
WIDTH = 240
LONG = 20_000
"""Values beyond are not searched for where they differ."""
COLUMNS = 8
ROWS = {"missing": "Rows that are missing", "added": "Rows that were not there before"}


def samples_table(value: Json, titles: tuple[str, str] = ("Before", "After")) -> Html | None:
    """Values of single rows, each with its key; None where there is none."""
    rows = [each for each in tables(value) if "before" in each or "after" in each]
    if not rows:
        return None
    keyed = any(each.get("key") for each in rows)
    if keyed and all(each.get("before") is None and each.get("after") is None for each in rows):
        # Of a row that is gone there is nothing but the row.
        alone = table(["Row"], ([head_cell(_key(each.get("key")))] for each in rows[:MOST]), _style(keyed), "Samples")
        return join(alone, more(len(rows) - MOST))
    shown = table(
        [*(["Row"] if keyed else []), *titles], (_sample(each, keyed) for each in rows[:MOST]), _style(keyed), "Samples"
    )
    return join(shown, more(len(rows) - MOST))


def _style(named: bool) -> str:
    return "samples" if named else "samples bare"


def _sample(sample: Facts, keyed: bool) -> list[Html]:
    return [*([head_cell(_key(sample.get("key")))] if keyed else []), *_sides(sample)]


def _sides(pair: Facts) -> list[Html]:
    before, after = sides(pair.get("before"), pair.get("after"))
    return [element("td", before, class_="before"), element("td", after, class_="after")]


def _key(value: Json) -> Html:
    """The key of a row as "id='1'"."""
    pairs = list(facts(value).items())[:COLUMNS]
    return join((quiet(f"{name}="), value_of(each), " ") for name, each in pairs) if pairs else value_of(value)


def rows_table(name: str, value: Json) -> Html | None:
    """Whole rows, or their keys, a column each; None where there is none."""
    rows = tables(value)
    if not rows:
        return None
    columns = list(dict.fromkeys(column for row in rows[:MOST] for column in row))
    kept = columns[:COLUMNS]
    titles = [*kept, *([f"+{len(columns) - COLUMNS:,}"] if len(columns) > COLUMNS else [])]
    body = (
        cells([*(value_of(row.get(column)) for column in kept), *([None] if len(titles) > len(kept) else [])])
        for row in rows[:MOST]
    )
    title = ROWS.get(name, name)
    return join(scroll(table(titles, body, "rows", title), title), more(len(rows) - MOST))


def facets_table(value: Json) -> Html | None:
    """What of a catalog object differs, before and after."""
    changed = [(name, facts(each)) for name, each in facts(value).items()]
    if not changed or not all({"before", "after"} <= each.keys() for _, each in changed):
        return None
    body = ([head_cell(name), *_sides(facet)] for name, facet in changed[:MOST])
    return join(table(("What", "Before", "After"), body, "samples", "Differences"), more(len(changed) - MOST))


def sides(before: Json, after: Json) -> tuple[Html, Html]:
    """Two values, the part in which they differ marked where both are text."""
    if not isinstance(before, str) or not isinstance(after, str) or before == after or REMOVED in (before, after):
        return value_of(before), value_of(after)
    if max(len(before), len(after)) > LONG:
        return value_of(before), value_of(after)
    start = _same(before, after)
    end = _same(before[start:][::-1], after[start:][::-1])
    return _marked(before, start, end), _marked(after, start, end)


def _same(one: str, another: str) -> int:
    """How many characters at the beginning are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, another, strict=False)))


def _marked(text: str, start: int, end: int) -> Html:
    head, middle, tail = text[:start], text[start : len(text) - end], text[len(text) - end :] if end else ""
    if len(head) > WIDTH // 3:
        head = f"…{head[-WIDTH // 4 :]}"
    if len(tail) > WIDTH // 3:
        tail = f"{tail[: WIDTH // 4]}…"
    marked = element("mark", _escaped(middle)) if middle else None
    return element("span", "'", _escaped(head), marked, _escaped(tail), "'", class_="v")


def _escaped(text: str) -> str:
    """Text as `shown` writes it: a backslash is doubled, to stay apart from an escape."""
    return cut(visible(text.replace("\\", "\\\\")), WIDTH)


def value_of(value: Json) -> Html:
    """A value as evidence shows it: NULL and what was redacted stand apart from any text."""
    if value is None:
        return element("span", "NULL", class_="v null")
    if value == REMOVED:
        return element("span", "redacted", class_="v redacted")
    return element("span", shown(value if not isinstance(value, Mapping) else dict(value), WIDTH), class_="v")

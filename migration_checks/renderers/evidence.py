"""Evidence as lines of plain text that any view can show, every value escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migration_checks.renderers.escape import cut, lines, shown, visible
from migration_checks.snapshot import Json

LIMIT = 5
LINE = 200
ROWS = frozenset({"samples", "missing", "added"})
"""Facts that hold rows: their texts are values, and quoted; elsewhere a text is a word of the toolkit or a name."""


def evidence_lines(evidence: Mapping[str, Json]) -> list[str]:
    """What a check saw, one fact or sample a line: plain facts first, together, then those with parts of their own."""
    plain = {key: value for key, value in evidence.items() if _is_plain(value)}
    found = [_words(plain)] if _words(plain) else []
    for key, value in evidence.items():
        if key not in plain:
            found += _parts(key, value)
    return found


def _is_plain(value: Json) -> bool:
    """Whether a value is worth no line of its own."""
    if isinstance(value, list):
        return all(not isinstance(each, list) and _is_plain(each) for each in value)
    return not isinstance(value, dict) and not (isinstance(value, str) and "\n" in value.strip())


def _words(facts: Mapping[str, Json]) -> str:
    return ", ".join(f"{_label(key)} {_word(value)}" for key, value in facts.items() if value not in (None, [], ""))


def _label(key: str) -> str:
    return visible(key.replace("_", " "))


def _word(value: Json) -> str:
    if isinstance(value, list):
        return cut(" ".join(shown(each) if isinstance(each, list) else _word(each) for each in value), LINE)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return cut(visible(value) if isinstance(value, str) else shown(value), LINE)


def _parts(key: str, value: Json) -> Iterator[str]:
    """Samples, a table of facts or a text of several lines, indented below their label."""
    entries: list[str] = []
    if isinstance(value, dict):
        entries += [f"{visible(name)}: {_entry(key, each)}" for name, each in value.items()]
    elif isinstance(value, list):
        entries += [_entry(key, each) for each in value]
    else:
        entries += lines(str(value))
    limit = LIMIT if isinstance(value, dict | list) else LIMIT * 3
    if entries:
        yield f"{_label(key)}:"
        yield from (f"  {entry}" for entry in entries[:limit])
    if len(entries) > limit:
        yield f"  and {len(entries) - limit:,} more"


def _entry(key: str, value: Json) -> str:
    """A sample as "id='1': 'a' → NULL", a row (or one of which only the key is told) quoted, anything else in words."""
    if not isinstance(value, dict):
        return cut(shown(value), LINE) if key in ROWS else _word(value)
    if "before" in value and "after" in value:
        if value["before"] is None and value["after"] is None and value.get("key"):
            return cut(shown(value["key"]), LINE)
        change = f"{shown(value['before'])} → {shown(value['after'])}"
        return f"{shown(value['key'])}: {change}" if value.get("key") else change
    if {"check", "subject", "message"} <= value.keys():
        return cut(visible(f"{value['check']} {value['subject']}: {value['message']}"), LINE)
    return cut(shown(value), LINE) if key in ROWS else cut(_words(value), LINE)

"""Evidence as lines of plain text that any view can show, every value escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migration_checks.renderers.escape import cut, shown, visible
from migration_checks.snapshot import Json

LIMIT = 5
LINE = 200


def evidence_lines(evidence: Mapping[str, Json]) -> list[str]:
    """What a check saw, one fact or sample a line: plain facts first, together, then those with parts of their own."""
    facts = [f"{_label(key)} {_scalar(value)}" for key, value in evidence.items() if _plain(value)]
    lines = [", ".join(facts)] if facts else []
    for key, value in evidence.items():
        if not _plain(value):
            lines += _nested(_label(key), value)
    return lines


def _label(key: str) -> str:
    return visible(key.replace("_", " "))


def _plain(value: Json) -> bool:
    return not isinstance(value, list | dict) or (isinstance(value, list) and all(_plain_word(each) for each in value))


def _plain_word(value: Json) -> bool:
    return not isinstance(value, list | dict)


def _scalar(value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return cut(shown(value), LINE)


def _nested(label: str, value: Json) -> Iterator[str]:
    """A list of samples, or a table of facts, as indented lines below their label."""
    entries: list[tuple[str | None, Json]] = []
    if isinstance(value, dict):
        entries += value.items()
    elif isinstance(value, list):
        entries += [(None, each) for each in value]
    if not entries:
        return
    yield f"{label}:"
    for name, each in entries[:LIMIT]:
        yield f"  {f'{visible(name)}: ' if name is not None else ''}{_entry(each)}"
    if len(entries) > LIMIT:
        yield f"  and {len(entries) - LIMIT:,} more"


def _entry(value: Json) -> str:
    """A sample as "id=1: 'a' → NULL", anything else as it is."""
    if not isinstance(value, dict) or "before" not in value or "after" not in value:
        return cut(shown(value), LINE)
    rest = {key: each for key, each in value.items() if key not in ("before", "after")}
    where = rest.pop("key", None)
    named = [shown(each) for each in (where, rest) if each]
    change = f"{shown(value['before'])} → {shown(value['after'])}"
    return f"{', '.join(named)}: {change}" if named else change

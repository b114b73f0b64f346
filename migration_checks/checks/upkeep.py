"""What triggers write by themselves whenever a row is written, read from their functions: times, counters and journals.

A step that writes to a table with such triggers changes these too. That is what they are for, and no downgrade can help it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migration_checks.identities import bare, last, parts
from migration_checks.snapshot import Catalog, CatalogObject, ObjectId
from migration_checks.transition import Transition

_NAME = r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
_FIRED = re.compile(rf"^(BEFORE|AFTER) (.*?) ON .*\bEXECUTE (?:FUNCTION|PROCEDURE) ({_NAME}(?:\.{_NAME})*)\(", re.DOTALL)
_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_ASSIGNED = re.compile(rf"(?:^|\b(?:BEGIN|THEN|ELSE|LOOP)\s)\s*NEW\s*\.\s*({_NAME})\s*:?=\s*(.*)$", re.DOTALL | re.IGNORECASE)
_CLOCK = re.compile(
    r"^\W*(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timezone|current_timestamp|current_date|localtimestamp)\b",
    re.IGNORECASE,
)
_COUNTER = r"^(?:coalesce\s*\(\s*)?(?:OLD|NEW)\s*\.\s*{name}(?:\s*,\s*\d+\s*\))?\s*\+\s*\d+\s*$"
_INSERTED = re.compile(rf"\bINSERT\s+INTO\s+({_NAME}(?:\s*\.\s*{_NAME})*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """`columns` ("schema.table.column") take the time, or count on, at every update; `journals` are tables that gain rows."""

    columns: frozenset[str]
    journals: frozenset[str]


def upkeep(transition: Transition) -> Upkeep:
    """What the triggers that were there before, or are after, a leg keep up."""
    columns: set[str] = set()
    journals: set[str] = set()
    catalogs = {id(each.catalog): each.catalog for each in (transition.before, transition.after, transition.baseline) if each}
    for catalog in catalogs.values():
        for table, when, events, source in _fired(catalog):
            if when == "BEFORE" and "UPDATE" in events:
                columns.update(_kept(catalog, table, source))
            if "UPDATE" in events or "DELETE" in events:
                journals.update(_journals(catalog, table, source))
    return Upkeep(frozenset(columns), frozenset(journals))


def _fired(catalog: Catalog) -> Iterator[tuple[ObjectId, str, str, str]]:
    """Table, moment, events and the function's source, without comments and strings, of each trigger that is awake."""
    for each in catalog.values():
        if each.kind != "trigger" or each.parent is None or each.definition.get("enabled") not in ("O", "A"):
            continue
        fired = _FIRED.match(str(each.definition.get("definition")))
        function = catalog.get(("function", f"{fired[3]}()")) if fired else None
        if fired and function is not None:
            yield each.parent, fired[1], fired[2], _source(function)


def _source(function: CatalogObject) -> str:
    return _NOISE.sub(" ", str(function.definition.get("source") or ""))


def _kept(catalog: Catalog, table: ObjectId, source: str) -> Iterator[str]:
    """The columns that a trigger of `table` sets to the time of the change, or counts on."""
    names = {
        _folded(found[1]) for found in map(_ASSIGNED.search, source.split(";")) if found and _by_itself(found[1], found[2])
    }
    for each in catalog.values() if names else ():
        if each.kind == "column" and each.parent == table and last(each.identity) in names:
            yield each.identity


def _by_itself(name: str, value: str) -> bool:
    return bool(_CLOCK.match(value) or re.match(_COUNTER.format(name=re.escape(name)), value.strip(), re.IGNORECASE))


def _journals(catalog: Catalog, table: ObjectId, source: str) -> Iterator[str]:
    """The tables, other than its own, that a trigger of `table` inserts rows into."""
    wanted = [tuple(map(_folded, parts(re.sub(r"\s*\.\s*", ".", name)))) for name in _INSERTED.findall(source)]
    for kind, identity in catalog if wanted else ():
        if kind == "table" and (kind, identity) != table:
            names = tuple(map(bare, parts(identity)))
            if any(names[-len(each) :] == each for each in wanted):
                yield identity


def _folded(name: str) -> str:
    """The bare name that PostgreSQL reads in a script: in lower case unless quoted."""
    return bare(name) if name.startswith('"') else name.lower()

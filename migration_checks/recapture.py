"""Reads the catalog again and again, asking only for what a step has touched; what that is the catalog's own rows tell.

Every object is described by rows of the system catalogs. Those for one relation (its columns, indexes, constraints, ...) are
watched by the transaction that wrote them and by their number: a relation is read again when a row of it, or of one that it
refers to, was written or deleted. A definition also quotes the names of other things, and how it does depends on more. So
everything is read again when a relation or a column got another name, a view or a composite type changed, or anything was
written to any other system catalog: there the server's own counters tell, as they do for the rows of tables
(rows/touched.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import count
from typing import Any, NamedTuple

import psycopg

from migration_checks.capture import ask, queries_for, read_parts
from migration_checks.database import OWN_SCHEMA
from migration_checks.lane import Lane, Question
from migration_checks.snapshot import Catalog, CatalogObject, ObjectId

_SQL = files(__package__).joinpath("recapture.sql").read_text().replace(":'own_schema'", f"'{OWN_SCHEMA}'")
_WHOLE, _RELATIONS = (part.encode() for part in _SQL.split("-- part: ")[1:])
_WHOLE = _WHOLE.removeprefix(b"whole")
_RELATIONS = _RELATIONS.removeprefix(b"relations")

_versions = count(1)

_EVERYTHING = b"3"
"""The first transaction of a cluster: every row was written since."""

_OWNING = frozenset({"table", "foreign table", "view", "materialized view"})
_CONTAINED = frozenset({"column", "constraint", "index"})

_ELSEWHERE = frozenset({"database.sql"})
"""Queries that look at no system catalog in which something is kept for each relation."""


class _Relation(NamedTuple):
    """A relation of the user: kind (pg_class.relkind), name, relations it may quote."""

    kind: str
    name: str
    links: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Marks:
    """Where a reading stood: its horizon, what stood elsewhere, the relations, and those written since the last one.

    `relations` and `pieces`, the number of catalog rows of each, are by oid.
    """

    horizon: bytes
    elsewhere: str
    triggers: bool
    relations: Mapping[int, _Relation]
    pieces: Mapping[int, int]
    fresh: frozenset[int]

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(each.kind for each in self.relations.values())


@dataclass(slots=True)
class _Reading:
    """What was read last: objects by the query that found them, and what belongs to each relation, by its name."""

    marks: _Marks
    parts: dict[str, Catalog]
    homes: dict[str, dict[str, list[ObjectId]]] = field(default_factory=dict)

    def add(self, query: str, part: Mapping[ObjectId, CatalogObject], names: Collection[str] | None = None) -> None:
        """Take over what a query found about relations; about those in `names` only, where they are given."""
        homes = self.homes.setdefault(query, {})
        for key, each in part.items():
            home = _home(each, part)
            if names is None or home in names:
                homes.setdefault(home, []).append(key)


class CatalogReader:
    """Reads the catalog of one database; remembers the latest reading, which the next one begins with.

    `shapes` maps the oid of each relation to a text that changes whenever a catalog row of it does; None while nothing is
    known of that.
    """

    def __init__(self) -> None:
        self._last: _Reading | None = None
        self.shapes: dict[int, str] | None = None

    def questions(self) -> tuple[Question, Question]:
        """What must be asked before `read`, which takes the two answers as `found`."""
        return (_WHOLE, ()), (_RELATIONS, (self._horizon, b"false"))

    @property
    def _horizon(self) -> bytes:
        return self._last.marks.horizon if self._last else _EVERYTHING

    def read(self, connection: psycopg.Connection[Any], found: tuple[Any, Any] | None) -> Catalog:
        """What `capture.read_catalog` would read now. Raises psycopg.Error.

        `found` is what `questions` has just been answered, None where counters cannot be trusted: where a session is connected
        that is not the toolkit's, or one has not reported. Then everything is read.
        """
        if found is None:
            self._last = self.shapes = None
            return _joined(read_parts(connection))
        last, horizon = self._last, self._horizon
        self._last = None  # an error must not leave half a reading
        marks = _marks(*found, last.marks if last else None)
        if marks is None:
            ((relations,),) = Lane.of(connection).parsed((_RELATIONS, (horizon, b"true")))
            marks = _marks(found[0], relations, None)
            assert marks is not None
        if last is None or marks.elsewhere != last.marks.elsewhere or _reshaped(last.marks, marks):
            reading = _everything(connection, marks)
        else:
            reading = _updated(connection, last, marks) or _everything(connection, marks)
        self._last = reading
        self.shapes = self._shaped(last.marks if last else None, marks)
        return _joined(reading.parts)

    def _shaped(self, before: _Marks | None, after: _Marks) -> dict[int, str]:
        """The shapes as they were, and another text for what was written or is new."""
        touched = _written(before, after) if before else after.relations.keys()
        known = self.shapes or {}
        return {oid: str(next(_versions)) if oid in touched or oid not in known else known[oid] for oid in after.relations}


def _joined(parts: Mapping[str, Catalog]) -> Catalog:
    joined: dict[ObjectId, CatalogObject] = {}
    for query in sorted(parts):
        joined |= parts[query]
    return joined


def _marks(whole: Any, relations: Any, last: _Marks | None) -> _Marks | None:
    """What two answers say, with what `last` says of relations that they do not describe.

    None where that says too little: something elsewhere may have given them other names.
    """
    (horizon, elsewhere, triggers), (oids, pieces, described) = whole, relations
    if last is not None and last.elsewhere != elsewhere:
        return None
    found = {oid: _Relation(kind, name, tuple(links)) for oid, _, kind, name, links in described}
    known = last.relations if last is not None else {}
    try:
        current = {oid: found.get(oid) or known[oid] for oid in oids}
    except KeyError:
        return None
    fresh = frozenset(oid for oid, written, *_ in described if written)
    return _Marks(horizon.encode(), elsewhere, triggers, current, dict(zip(oids, pieces, strict=True)), fresh)


def _reshaped(before: _Marks, after: _Marks) -> bool:
    """Whether a relation that is still there has another name, or a view or a composite type may have other columns."""
    was = before.relations
    return any(
        oid in was and (was[oid].name != each.name or (each.kind in "vmc" and oid in after.fresh))
        for oid, each in after.relations.items()
    )


def _columns_renamed(before: Catalog, after: Catalog) -> bool:
    """Whether a column in the place of an earlier one has another name: expressions elsewhere may quote it."""
    new = [each for each in after.values() if each.kind == "column" and each.id not in before]
    if not new:
        return False
    tables = {each.parent for each in new}
    places = {(each.parent, each.definition.get("position")) for each in before.values() if each.parent in tables}
    return any((each.parent, each.definition["position"]) in places for each in new)


def _everything(connection: psycopg.Connection[Any], marks: _Marks) -> _Reading:
    reading = _Reading(marks, read_parts(connection))
    for query in queries_for(connection.info.server_version // 10000).partial:
        reading.add(query, reading.parts.get(query, {}))
    return reading


def _updated(connection: psycopg.Connection[Any], last: _Reading, marks: _Marks) -> _Reading | None:
    """The last reading with what concerns touched relations read anew; it is used up. None where that does not suffice."""
    queries = queries_for(connection.info.server_version // 10000)
    touched = set(_touched(last.marks, marks))
    stale = {each.name for oid, each in last.marks.relations.items() if oid in touched or oid not in marks.relations}
    stale |= set(_owned_sequences(last.parts.get("tables.sql", {}), stale))
    named = {each.name: oid for oid, each in marks.relations.items()}
    again = sorted({*touched, *(named[name] for name in stale if name in named)} & marks.relations.keys())
    texts = {name: queries.whole[name] for name in _asked(last, marks) if name not in queries.partial}
    found = ask(connection, texts | (dict(queries.partial) if again else {}), again)
    reading = _Reading(marks, {"database.sql": last.parts["database.sql"]} | found, last.homes)
    if _columns_renamed(last.parts.get("tables.sql", {}), found.get("tables.sql", {})):
        return None
    for query in queries.partial:
        part = dict(last.parts.get(query, {}))
        for name in stale:
            for key in reading.homes[query].pop(name, ()):
                del part[key]
        part |= found.get(query, {})
        reading.parts[query] = part
        reading.add(query, found.get(query, {}))
    return reading


def _written(before: _Marks, after: _Marks) -> set[int]:
    """Relations that are new or gone, and those of which a catalog row was written or deleted."""
    return {*after.fresh, *(oid for oid, _ in before.pieces.items() ^ after.pieces.items())}


def _touched(before: _Marks, after: _Marks) -> Iterator[int]:
    """Relations that were written, and those that may quote one that was."""
    own = _written(before, after)
    for oid, each in after.relations.items():
        if oid in own or not own.isdisjoint(each.links):
            yield oid


def _asked(last: _Reading, marks: _Marks) -> Iterator[str]:
    """The queries that would find something and may quote a relation: all of it is read again, for it is little as a rule."""
    yield from last.parts.keys() - _ELSEWHERE
    if marks.kinds & {"v", "m"}:
        yield "views.sql"
    if "c" in marks.kinds:
        yield "types.sql"
    if marks.triggers:
        yield "triggers.sql"


def _home(each: CatalogObject, part: Mapping[ObjectId, CatalogObject]) -> str:
    """The name of the relation that an object belongs to; "" for a domain's constraint."""
    parent = each.parent
    if each.kind not in _CONTAINED:
        return each.identity
    if parent is not None and parent[0] == "constraint" and parent in part:
        parent = part[parent].parent
    return parent[1] if parent is not None and parent[0] in _OWNING else ""


def _owned_sequences(part: Catalog, names: Collection[str]) -> Iterator[str]:
    """Sequences that a column of one of these tables owns: they say which, by its name."""
    for each in part.values():
        if each.kind == "sequence" and each.parent is not None and each.parent[0] == "column":
            column = part.get(each.parent)
            if column is not None and column.parent is not None and column.parent[1] in names:
                yield each.identity

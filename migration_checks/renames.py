"""Finds catalog objects that only have another name now, and reads the earlier catalog under the later names."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from migration_checks.identities import last, parts
from migration_checks.snapshot import Catalog, CatalogObject, Json, ObjectId

LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"schema"}),
    frozenset({"enum", "domain", "composite type", "range type", "type", "collation"}),
    frozenset({"table", "foreign table"}),
    frozenset({"function", "procedure", "aggregate", "window function"}),
    frozenset({"view", "materialized view"}),
    frozenset({"column"}),
    frozenset({"sequence"}),
    frozenset({"constraint"}),
    frozenset({"index"}),
    frozenset({"trigger", "policy", "rule", "statistics", "text search configuration", "text search dictionary"}),
)
"""Kinds whose objects can be renamed, so that what a definition mentions is known before the definition is compared."""

BELOW = frozenset({"column", "constraint", "trigger", "policy", "rule"})
"""Kinds whose identity begins with that of their parent."""

MOVING = frozenset({"index", "sequence"})
"""Kinds that change the schema together with their table."""

RELATIONS = frozenset({"table", "foreign table", "view", "materialized view"})
QUERIES = frozenset({"view", "materialized view", "rule"})
"""Kinds whose text is a query, in which the bare name of a relation stands before its columns."""

PLACE = "position"
PROSE = frozenset({"comment", "source"})
"""Facets in which a name is text that no rename changes."""

ALIKE = 0.75
"""The share of columns that tables of two names must have in common to be taken for one."""


@dataclass
class Renames:
    """The earlier catalog under the later names. `known` maps a new id to the old identity."""

    catalog: dict[ObjectId, CatalogObject]
    known: dict[ObjectId, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    aliases: dict[str, str] = field(default_factory=dict)

    def rename(self, thing: CatalogObject, new: CatalogObject) -> None:
        """Give `thing` of the earlier catalog, and what is below it, the name of `new`."""
        self.known[new.id] = thing.identity
        if thing.kind == "column" and new.parent is not None:
            self.columns[new.parent[1]][parts(thing.identity)[-1]] = parts(new.identity)[-1]
        elif thing.kind == "schema":
            self.names[thing.identity + "."] = new.identity + "."
        elif thing.kind in RELATIONS:
            self.aliases[parts(thing.identity)[-1] + "."] = parts(new.identity)[-1] + "."
        relabel = _relabel(thing, new)
        for each in self.catalog.values():
            moved = relabel(each)
            if moved.identity != each.identity and each.kind not in BELOW and thing.kind != "schema":
                self.names[_name(each.identity)] = _name(moved.identity)
        self.catalog = {each.id: each for each in map(relabel, self.catalog.values())}

    def translated(self, thing: CatalogObject, value: Json) -> Json:
        """A facet of the earlier `thing` as it reads when everything in it has its later name."""
        if not self.known:
            return value
        if isinstance(value, list):
            return [self.translated(thing, each) for each in value]
        if isinstance(value, dict):
            return {key: self.translated(thing, each) for key, each in value.items()}
        if not isinstance(value, str):
            return value
        text = _replaced(value, self.names)
        if thing.kind in QUERIES:
            text = _replaced(text, self.aliases)
        for table, names in self.columns.items():
            if (thing.parent is not None and thing.parent[1] == table) or table in text:
                text = _replaced(text, names)
        return text

    def definition(self, thing: CatalogObject) -> Mapping[str, Json]:
        """The definition of the earlier `thing` with later names in it."""
        return {facet: value if facet in PROSE else self.translated(thing, value) for facet, value in thing.definition.items()}


def find_renames(before: Catalog, after: Catalog) -> Renames:
    """Recognise the objects of `before` that have another name in `after`, wherever there is only one way to see it.

    An object was renamed when one under the same parent disappears and another with the equal definition appears. A table
    is known by its columns, a schema by what is in it. Objects that could be paired in several ways are left alone.
    """
    renames = Renames(dict(before))
    missing, extra = before.keys() - after.keys(), after.keys() - before.keys()
    for kinds in LEVELS:
        if not (missing and extra):
            break
        gone = [renames.catalog[key] for key in missing if key[0] in kinds]
        come = [after[key] for key in extra if key[0] in kinds]
        if gone and come and (pairs := _pairs(next(iter(kinds)), gone, come, renames, after)):
            for old, new in pairs:
                renames.rename(renames.catalog[old.id], new)
            missing, extra = renames.catalog.keys() - after.keys(), after.keys() - renames.catalog.keys()
    return renames


def _pairs(
    kind: str, gone: list[CatalogObject], come: list[CatalogObject], renames: Renames, after: Catalog
) -> list[tuple[CatalogObject, CatalogObject]]:
    if kind == "schema":
        return _alike(gone, come, _contents(renames.catalog), _contents(after), 0.5)
    if kind in ("table", "foreign table"):
        return _alike(gone, come, _columns(renames.catalog), _columns(after), ALIKE)
    slots_before, slots_after = (
        (_slots(renames.catalog, after), _slots(after, renames.catalog)) if kind == "column" else ({}, {})
    )
    return _equal(
        gone,
        come,
        lambda each: (each.kind, each.parent, slots_before.get(each.id), _canonical(renames.definition(each))),
        lambda each: (each.kind, each.parent, slots_after.get(each.id), _canonical(each.definition)),
    )


def _equal(
    gone: Iterable[CatalogObject],
    come: Iterable[CatalogObject],
    was: Callable[[CatalogObject], Hashable],
    now: Callable[[CatalogObject], Hashable],
) -> list[tuple[CatalogObject, CatalogObject]]:
    """Pairs whose keys are equal; columns stand in their order, all others must be the only ones with their key."""
    groups: dict[Hashable, tuple[list[CatalogObject], list[CatalogObject]]] = defaultdict(lambda: ([], []))
    for each in gone:
        groups[was(each)][0].append(each)
    for each in come:
        groups[now(each)][1].append(each)
    found: list[tuple[CatalogObject, CatalogObject]] = []
    for olds, news in groups.values():
        if len(olds) == len(news) and (len(olds) == 1 or all(each.kind == "column" for each in olds)):
            found += zip(sorted(olds, key=position), sorted(news, key=position), strict=True)
    return found


def _alike(
    gone: list[CatalogObject],
    come: list[CatalogObject],
    was: Mapping[ObjectId, frozenset[Hashable]],
    now: Mapping[ObjectId, frozenset[Hashable]],
    least: float,
) -> list[tuple[CatalogObject, CatalogObject]]:
    """Pairs that have at least that share of their parts in common, and more than either has with any other."""
    scores: list[tuple[float, CatalogObject, CatalogObject]] = []
    for old in gone:
        for new in come:
            if old.kind == new.kind and (old.parent == new.parent or last(old.identity) == last(new.identity)):
                score = _share(was.get(old.id, frozenset()), now.get(new.id, frozenset()))
                if score >= least:
                    scores.append((score, old, new))
    best: dict[tuple[str, ObjectId], list[float]] = defaultdict(list)
    for score, old, new in scores:
        best["old", old.id].append(score)
        best["new", new.id].append(score)
    return [
        (old, new)
        for score, old, new in scores
        if all(max(rivals) == score and rivals.count(score) == 1 for rivals in (best["old", old.id], best["new", new.id]))
    ]


def _share(one: frozenset[Hashable], two: frozenset[Hashable]) -> float:
    return len(one & two) / len(one | two) if one | two else 1.0


def _contents(catalog: Catalog) -> Mapping[ObjectId, frozenset[Hashable]]:
    found: dict[ObjectId, set[Hashable]] = defaultdict(set)
    for each in catalog.values():
        if each.parent is not None and each.parent[0] == "schema":
            found[each.parent].add((each.kind, each.identity.removeprefix(each.parent[1])))
    return {key: frozenset(value) for key, value in found.items()}


def _columns(catalog: Catalog) -> Mapping[ObjectId, frozenset[Hashable]]:
    found: dict[ObjectId, set[Hashable]] = defaultdict(set)
    for each in catalog.values():
        if each.kind == "column" and each.parent is not None:
            found[each.parent].add((last(each.identity), str(each.definition.get("type"))))
    return {key: frozenset(value) for key, value in found.items()}


def _slots(catalog: Catalog, other: Catalog) -> Mapping[ObjectId, int]:
    """For each column that only `catalog` has, after how many columns of both it stands: a rename leaves it there."""
    shared: dict[ObjectId, int] = defaultdict(int)
    found: dict[ObjectId, int] = {}
    for each in sorted((each for each in catalog.values() if each.kind == "column"), key=position):
        if each.parent is not None and each.id in other:
            shared[each.parent] += 1
        elif each.parent is not None:
            found[each.id] = shared[each.parent]
    return found


def position(thing: CatalogObject) -> int:
    """Where a column stands in its table, from 1; 0 for anything else."""
    place = thing.definition.get(PLACE, 0)
    return place if isinstance(place, int) else 0


def _canonical(definition: Mapping[str, Json]) -> str:
    return json.dumps({facet: value for facet, value in definition.items() if facet != PLACE}, sort_keys=True)


def _name(identity: str) -> str:
    """An identity without arguments, as other definitions mention it."""
    return ".".join(parts(identity))


def _replaced(text: str, names: Mapping[str, str]) -> str:
    """`text` with each name that stands by itself replaced; a name that ends in a dot is a schema before another."""
    if not any(old in text for old in names):
        return text
    choice = "|".join(
        rf'(?<![\w$".]){re.escape(old)}' if old.endswith(".") else rf"(?<![\w$]){re.escape(old)}(?![\w$])"
        for old in sorted(names, key=len, reverse=True)
    )
    return re.sub(choice, lambda found: names[found[0]], text)


def _relabel(old: CatalogObject, new: CatalogObject) -> Callable[[CatalogObject], CatalogObject]:
    """What turns each object of the earlier catalog into the one that `old` having become `new` makes of it."""
    before, after = old.identity + ".", new.identity + "."
    schemas = parts(old.identity)[0] + ".", parts(new.identity)[0] + "."

    def moved(kind: str, identity: str, parent: ObjectId | None) -> str:
        if (kind, identity) == old.id:
            return new.identity
        if identity.startswith(before) and (old.kind == "schema" or kind in BELOW):
            return after + identity.removeprefix(before)
        if kind == "index" and parent == old.id and old.kind == "constraint":
            return f"{parts(identity)[0]}.{parts(new.identity)[-1]}"
        if kind in MOVING and parent is not None and _under(parent, old) and identity.startswith(schemas[0]):
            return schemas[1] + identity.removeprefix(schemas[0])
        return identity

    def relabel(thing: CatalogObject) -> CatalogObject:
        identity = moved(thing.kind, thing.identity, thing.parent)
        parent = (thing.parent[0], moved(*thing.parent, None)) if thing.parent else None
        if thing.id == old.id:
            parent = new.parent
        if identity == thing.identity and parent == thing.parent:
            return thing
        return replace(thing, identity=identity, parent=parent)

    return relabel


def _under(parent: ObjectId, table: CatalogObject) -> bool:
    """Whether `parent` is `table`, or a column or constraint of it."""
    return parent == table.id or (parent[0] in BELOW and parent[1].startswith(table.identity + "."))


def ancestors(thing: CatalogObject, catalog: Catalog) -> Iterator[CatalogObject]:
    """The object's parent, its parent's parent and so on, as far as the catalog holds them."""
    seen = {thing.id}
    parent = catalog.get(thing.parent) if thing.parent else None
    while parent is not None and parent.id not in seen:
        seen.add(parent.id)
        yield parent
        parent = catalog.get(parent.parent) if parent.parent else None

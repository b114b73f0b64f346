"""Compares two catalogs: what was added, removed, changed or renamed, with what only followed from that folded into it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from migration_checks.identities import generated, last
from migration_checks.renames import PLACE, PROSE, Renames, ancestors, find_renames, position
from migration_checks.snapshot import Catalog, CatalogObject, Json, ObjectId
from migration_checks.transition import CatalogChange

QUIET = frozenset({"storage", "compression", "local"})
"""Facets of a column that say only how its values are stored, or whether it would outlive the one that it is inherited from."""

INHERITED = frozenset({"inherited", "local", PLACE})
"""Facets in which a partition's column or constraint may differ from that of its parent, and still be nothing of its own."""

CASCADING = frozenset({"owner", "persistence"})
"""Facets that PostgreSQL changes below a table when it changes them there."""

ATTACHED = frozenset({"index", "statistics"})
"""Kinds that can hang on another table under the same identity."""

NAMED_BY_DEFAULT = frozenset({"constraint", "index", "sequence", "statistics"})


def diff_catalogs(before: Catalog, after: Catalog) -> tuple[CatalogChange, ...]:
    """What differs between two catalogs, sorted by kind and identity; empty when they are equal.

    An object below an added or removed one is counted in its `folded`, as is what a partition only took over from its
    parent. A column's place is compared among the columns that both sides have, and reported once for a table.
    """
    if before is after:
        return ()
    comparison = _Comparison(find_renames(before, after), after)
    found = [*comparison.changes(), *comparison.orders()]
    return tuple(sorted(found, key=lambda each: (each.kind, each.identity, each.change, sorted(each.facets))))


@dataclass(frozen=True, slots=True)
class _Difference:
    """One object that differs; `thing` is the later one, or the earlier one under its later name."""

    thing: CatalogObject
    change: str
    facets: Mapping[str, tuple[Json, Json]]


class _Comparison:
    """Both catalogs, the earlier one under the names of the later one."""

    def __init__(self, renames: Renames, after: Catalog) -> None:
        self.renames = renames
        self.before: Catalog = renames.catalog
        self.after = after
        # Most objects are the very same ones on both sides, and need no second look.
        self.touched = [(key, old, after.get(key)) for key, old in self.before.items() if after.get(key) is not old]
        self.differences = {each.thing.id: each for each in self._differences()}

    def changes(self) -> Iterator[CatalogChange]:
        """Every difference that is not folded into another."""
        hosts = {key: self._host(each) for key, each in self.differences.items()}
        counts = Counter(_final(key, hosts) for key, host in hosts.items() if host is not None)
        for key, each in self.differences.items():
            if hosts[key] is None:
                yield self._change(each, counts[key])

    def orders(self) -> Iterator[CatalogChange]:
        """One change for each table whose columns stand in another order."""
        moved = {new.parent for _, _, new in self.touched if new is not None and new.kind == "column" and new.parent}
        columns_of: dict[ObjectId, list[CatalogObject]] = defaultdict(list)
        for key, each in self.after.items() if moved else ():
            if each.kind == "column" and each.parent in moved and key in self.before:
                columns_of[each.parent].append(each)
        for table, columns in columns_of.items():
            was = [last(each.identity) for each in sorted(columns, key=lambda each: position(self.before[each.id]))]
            now = [last(each.identity) for each in sorted(columns, key=position)]
            if was != now:
                parent = self.after[table].parent if table in self.after else None
                yield CatalogChange(*table, "changed", {"column order": ([*was], [*now])}, cosmetic=True, parent=parent)

    def _differences(self) -> Iterator[_Difference]:
        for key, old, new in self.touched:
            if new is None:
                yield _Difference(old, "removed", {})
                continue
            facets = dict(self._facets(old, new))
            if key in self.renames.known:
                yield _Difference(new, "renamed", facets)
            elif facets:
                yield _Difference(new, "changed", facets)
        if self.after.keys() - self.before.keys():
            yield from (_Difference(new, "added", {}) for key, new in self.after.items() if key not in self.before)

    def _facets(self, old: CatalogObject, new: CatalogObject) -> Iterator[tuple[str, tuple[Json, Json]]]:
        for facet in sorted({*old.definition, *new.definition} - {PLACE}):
            was, now = old.definition.get(facet), new.definition.get(facet)
            if not _same(was, now) and (facet in PROSE or not _same(self.renames.translated(old, was), now)):
                yield facet, (was, now)
        if new.kind in ATTACHED and old.parent != new.parent:
            yield "parent", (_named(old.parent), _named(new.parent))

    def _host(self, each: _Difference) -> ObjectId | None:
        """The difference that this one only follows from, if there is one."""
        catalog = self.before if each.change == "removed" else self.after
        for host in (*ancestors(each.thing, catalog), *self._models(each.thing, catalog)):
            other = self.differences.get(host.id)
            if other is not None and self._follows(each, other, catalog):
                return host.id
        return None

    def _follows(self, each: _Difference, host: _Difference, catalog: Catalog) -> bool:
        below = host.thing in ancestors(each.thing, catalog)
        if each.change in ("added", "removed"):
            if _is_not_null(each.thing) and host.thing.kind in ("column", "domain") and host.change == "changed":
                return "not null" in host.facets and each.thing.definition.get("validated") is True
            return each.change == host.change and (below or _plain(each.thing) == _plain(host.thing))
        if each.change == "changed" and host.change in ("changed", "renamed"):
            allowed = CASCADING if below else each.facets.keys()
            return all(facet in allowed and host.facets.get(facet) == value for facet, value in each.facets.items())
        return False

    def _models(self, thing: CatalogObject, catalog: Catalog) -> Iterator[CatalogObject]:
        """What a partition's or heir's object was made after, and the column that a NOT NULL constraint is of."""
        table = catalog.get(thing.parent) if thing.parent else None
        names = [thing.definition.get("partition of")] if thing.kind == "index" else []
        if table is not None and thing.kind in ("column", "constraint"):
            inherits = table.definition.get("inherits")
            above = [table.definition.get("partition of"), *(inherits if isinstance(inherits, list) else ())]
            own = thing.identity.removeprefix(table.identity)
            names += [f"{name}{own}" for name in above if name]
        yield from (catalog[thing.kind, str(name)] for name in names if (thing.kind, str(name)) in catalog)
        if table is not None and _is_not_null(thing):
            column = str(thing.definition.get("definition")).removeprefix("NOT NULL ")
            yield from (catalog[key] for key in (("column", f"{table.identity}.{column}"),) if key in catalog)

    def _change(self, each: _Difference, folded: int) -> CatalogChange:
        thing = each.thing
        cosmetic = each.change == "changed" and thing.kind == "column" and each.facets.keys() <= QUIET
        change = CatalogChange(*thing.id, each.change, each.facets, cosmetic, thing.parent, folded=folded)
        if each.change != "renamed":
            return change
        old = self.renames.known[thing.id]
        return replace(change, renamed_from=old, cosmetic=not each.facets and self._only_generated(thing, old))

    def _only_generated(self, thing: CatalogObject, old: str) -> bool:
        """Whether the old or the new name is one that nobody chose."""
        if thing.kind not in NAMED_BY_DEFAULT or thing.parent is None:
            return False
        owners = [thing.parent[1]]
        if thing.parent in self.renames.known:
            owners.append(self.renames.known[thing.parent])
        columns = [last(key[1]) for key, each in self.after.items() if key[0] == "column" and each.parent == thing.parent]
        return any(generated(thing.kind, last(name), thing.definition, owners, columns) for name in (old, thing.identity))


def _same(one: Json, two: Json) -> bool:
    """Equality that tells true from 1."""
    return one == two and type(one) is type(two)


def _plain(thing: CatalogObject) -> dict[str, Json]:
    kept = INHERITED | {"partition of"}
    if thing.kind == "index":
        kept |= {"comment"}
    return {facet: value for facet, value in thing.definition.items() if facet not in kept}


def _named(parent: ObjectId | None) -> str | None:
    return " ".join(parent) if parent else None


def _is_not_null(thing: CatalogObject) -> bool:
    return thing.kind == "constraint" and thing.definition.get("type") == "not null"


def _final(key: ObjectId, hosts: Mapping[ObjectId, ObjectId | None]) -> ObjectId:
    """Where a chain of hosts ends."""
    seen = {key}
    host = hosts[key]
    while host is not None and host not in seen:
        seen.add(host)
        key, host = host, hosts[host]
    return key

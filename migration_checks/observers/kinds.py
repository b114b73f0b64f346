"""What a relation is to the statement that locks it: a table, an index, a partition, a child, a table referred to, ..."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migration_checks.observers.standing import Key, Known

_PLAIN: Mapping[str, str] = {
    "r": "table",
    "p": "table",
    "m": "materialized view",
    "v": "view",
    "f": "foreign table",
    "i": "index",
    "I": "index",
    "S": "sequence",
}
"""pg_class.relkind in words."""


class Kinds:
    """Relations and foreign keys, from before and after a step."""

    def __init__(self, keys: Iterable[Key], relations: Mapping[int, Known]) -> None:
        self._refers: set[tuple[int, int]] = {(key.table, key.referenced) for key in keys if key.table != key.referenced}
        self._inherits = {oid: each for oid, each in relations.items() if each.parents or each.partition}
        self._relkinds: dict[int, str] = {}
        self.learn(relations)

    def learn(self, relations: Mapping[int, Known]) -> None:
        """Know what these are."""
        for oid, each in relations.items():
            self._relkinds.setdefault(oid, each.kind)

    def plain(self, oid: int) -> str:
        """What kind of relation it is by itself."""
        return _PLAIN.get(self._relkinds.get(oid, "r"), "table")

    def of(self, oid: int, locked: Iterable[int]) -> str:
        """What it is among the relations that are `locked` together with it."""
        plain = self.plain(oid)
        if plain not in ("table", "foreign table"):
            return plain
        standing = self._inherits.get(oid)
        if standing is not None:
            return "partition" if standing.partition else "child"
        others = [each for each in locked if each != oid]
        refers = any((other, oid) in self._refers for other in others)
        referred = any((oid, other) in self._refers for other in others)
        return "referenced" if refers and not referred else plain

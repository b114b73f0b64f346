"""How rows are multiplied: which columns of a clone must differ from the original, and whose clones they must then follow.

A clone is its original with other keys. Where a key is a foreign key, it follows its parent: clone number i of a row belongs to
clone number i of the row's parent. So every reference between clones holds, and nothing else about the rows changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from migration_checks.nature import mentions
from migration_checks.seeding.schema import Column, ForeignKey, Table, Type, Unique

Place: TypeAlias = "tuple[str, str]"
"""(table, column), the column unquoted."""

KINDS: Mapping[str, str] = {
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    "uuid": "uuid",
    **dict.fromkeys(("text", "varchar", "bpchar", "citext", "name"), "text"),
    **dict.fromkeys(("timestamp", "timestamptz", "date"), "moment"),
    **dict.fromkeys(("numeric", "float4", "float8"), "number"),
    "bytea": "bytes",
}
"""The types whose values can be made different, in the order in which a key's columns are chosen."""

FREE = ("integer", "uuid", "text", "bytes")
"""Kinds that are varied in a column without a key too, where nearly every row has a value of its own."""


@dataclass
class Plan:
    """The tables to multiply, parents first, of those `known`, and the roots of the columns in which clones differ."""

    known: Mapping[str, Table]
    tables: Mapping[str, Table] = field(default_factory=dict)
    varied: set[Place] = field(default_factory=set)
    why_not: dict[str, str] = field(default_factory=dict)

    def root(self, table: Table, column: str) -> Place:
        """Where the values of a column come from: up the foreign keys until a column has none."""
        seen: set[Place] = set()
        place = (table.name, column)
        while place not in seen:
            seen.add(place)
            above = _above(self.known.get(place[0]), place[1])
            if above is None:
                return place
            place = above
        return min(seen)

    def changes(self, table: Table, column: str) -> bool:
        """Whether a column of a clone differs from the original's."""
        return self.root(table, column) in self.varied


def plan(wanted: Collection[str], known: Mapping[str, Table], excluded: Mapping[str, str]) -> Plan:
    """How to multiply `wanted` tables and whatever their keys lead to; `excluded` are those that cannot be, and why."""
    made = Plan(known, why_not=dict(excluded))
    chosen = {name for name in wanted if name in known and name not in excluded}
    while True:
        before = (len(chosen), len(made.varied), len(made.why_not))
        for name in sorted(chosen):
            chosen |= _parents(made, known[name])
            for unique in known[name].uniques:
                chosen |= _told_apart(made, known[name], unique)
        chosen -= made.why_not.keys()
        if (len(chosen), len(made.varied), len(made.why_not)) == before:
            break
    made.tables = {name: known[name] for name in _ordered(chosen, known)}
    return made


def _parents(made: Plan, table: Table) -> set[str]:
    """The tables that a reference leads to whose values differ in a clone; a table none of whose clones could refer is out."""
    needed = {key.parent for key in table.foreign_keys if any(made.changes(table, column) for column in key.columns)}
    for parent in needed & made.why_not.keys():
        made.why_not[table.name] = f"its rows belong to those of {parent}"
    return needed - made.why_not.keys() if table.name not in made.why_not else set()


def _told_apart(made: Plan, table: Table, unique: Unique) -> set[str]:
    """See to it that no clone has the key of its original: the tables that must be multiplied too for that."""
    columns = [each for each in table.columns if _in(unique, each.name)]
    if any(made.changes(table, each.name) for each in columns) or table.name in made.why_not:
        return set()
    roots = sorted(_candidates(made, table, columns))
    if not roots:
        made.why_not[table.name] = f"no column of its key {unique.name} can be varied"
        return set()
    root = roots[0][-1]
    made.varied.add(root)
    return {root[0]}


def _candidates(made: Plan, table: Table, columns: list[Column]) -> Iterator[tuple[bool, int, Place]]:
    """The roots of columns that can be varied: own values before those of others, then by kind."""
    for column in columns:
        place = made.root(table, column.name)
        owner = made.known.get(place[0])
        kind = kind_of(owner.by_name[place[1]].type) if owner and place[1] in owner.by_name else None
        if kind is not None and place[0] not in made.why_not and not column.generated:
            yield place[0] != table.name, list(KINDS.values()).index(kind), place


def _in(unique: Unique, column: str) -> bool:
    return any(column == each.column or (each.expression and mentions(each.expression, column)) for each in unique.elements)


def _above(table: Table | None, column: str) -> Place | None:
    if table is None:
        return None
    for key in table.foreign_keys:
        if column in key.columns:
            return key.parent, key.parent_columns[key.columns.index(column)]
    return None


def kind_of(type_: Type) -> str | None:
    """How values of a type can be made different, None where they cannot."""
    while type_.kind == "d" and type_.element is not None:
        type_ = type_.element
    return KINDS.get(type_.name) if type_.kind == "b" else None


def longest(column: Column) -> int | None:
    """How many characters a column holds, None where there is no limit."""
    type_, modifier = column.type, column.modifier
    while type_.kind == "d" and type_.element is not None:
        type_, modifier = type_.element, type_.modifier
    return modifier - 4 if type_.name in ("varchar", "bpchar") and modifier > 4 else None


def _ordered(chosen: set[str], known: Mapping[str, Table]) -> list[str]:
    """Parents first; a circle of references is broken where it is met."""
    order: dict[str, None] = {}

    def visit(name: str, path: frozenset[str]) -> None:
        keys: tuple[ForeignKey, ...] = known[name].foreign_keys
        for parent in sorted({key.parent for key in keys}):
            if parent in chosen and parent not in order and parent not in path:
                visit(parent, path | {parent})
        order.setdefault(name)

    for name in sorted(chosen):
        if name not in order:
            visit(name, frozenset({name}))
    return list(order)

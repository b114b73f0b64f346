"""What seeding must know of a schema, read from the catalog with a few queries and frozen into values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import Any

import psycopg

from migration_checks.database import OWN_SCHEMA
from migration_checks.lane import Lane, array

Record = Mapping[str, Any]

# OIDs below this one are assigned by initdb: such types cannot change while a server runs.
_FIRST_USER_OID = 16384


@dataclass(frozen=True, slots=True)
class Type:
    """A type: `kind` is b(ase), a(rray), c(omposite), d(omain), e(num), r(ange), m(ultirange) or p(seudo).

    `element` is what an array holds, a range ranges over or a domain restricts; `modifier` is the domain's own.
    """

    schema: str
    name: str
    sql: str
    kind: str
    element: Type | None = None
    modifier: int = -1
    not_null: bool = False
    labels: tuple[str, ...] = ()
    attributes: tuple[tuple[str, Type, int], ...] = ()
    checks: tuple[str, ...] = ()
    delimiter: str = ","

    @property
    def builtin(self) -> bool:
        return self.schema == "pg_catalog"


@dataclass(frozen=True, slots=True)
class Sequence:
    """The sequence that feeds a column."""

    name: str
    start: int
    increment: int
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `identity` is '', 'a'(lways) or 'd'(efault); `folds` is true under a nondeterministic collation.

    `dimensions` is how many an array was declared with, which PostgreSQL remembers and does not enforce.
    """

    name: str
    quoted: str
    number: int
    type: Type
    modifier: int
    formatted: str
    not_null: bool
    generated: bool
    identity: str
    default: str | None
    comment: str
    folds: bool
    sequence: Sequence | None
    dimensions: int = 1

    @property
    def serial(self) -> bool:
        """True when the database numbers this column's rows by itself."""
        numeric = self.type.name in ("int2", "int4", "int8", "numeric") and self.type.builtin
        return bool(self.identity) or (numeric and self.sequence is not None and "nextval(" in (self.default or ""))

    @property
    def nullable(self) -> bool:
        return not self.not_null and not self.type.not_null


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; `full` is MATCH FULL, `period` a temporal one (PostgreSQL 18)."""

    name: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    full: bool = False
    period: bool = False
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """One member of a unique or exclusion constraint: a column, or an expression; `operator` is set for exclusions."""

    column: str | None
    expression: str | None = None
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class Unique:
    """A primary key, unique index or exclusion constraint."""

    name: str
    elements: tuple[Element, ...]
    predicate: str | None = None
    primary: bool = False
    nulls_equal: bool = False
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint, as PostgreSQL writes its expression."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A partition that holds rows, and the condition that they meet (None for a lone default partition)."""

    name: str
    bound: str | None


@dataclass(frozen=True)
class Table:
    """A table as seeding sees it."""

    name: str
    relation: str
    columns: tuple[Column, ...]
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    uniques: tuple[Unique, ...] = ()
    partitioned: bool = False
    partition_key: tuple[str, ...] = ()
    leaves: tuple[Leaf, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def writable(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.generated)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table in the list of all of them: `stored` says whether it has any storage in use, `root` its partition root."""

    oid: int
    name: str
    short: str
    partitioned: bool
    stored: bool
    root: int | None


@cache
def _query(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


@dataclass
class Reader:
    """Reads tables and their types; types of the system are read once, the user's at every request."""

    connection: psycopg.Connection[Any]
    _system: dict[int, Record] = field(default_factory=dict)

    def relations(self) -> tuple[Relation, ...]:
        """Every table of the user, in the order of its name."""
        rows = self._ask("relations.sql", OWN_SCHEMA.encode())
        return tuple(Relation(oid, name, short, kind == "p", stored, root) for oid, name, short, kind, stored, root in rows)

    def tables(self, oids: Collection[int]) -> tuple[Table, ...]:
        """The tables with these OIDs, described."""
        if not oids:
            return ()
        records = self._ask("tables.sql", array(oids))
        types = self._types({column["type"] for record in records for column in record["columns"] or ()})
        return tuple(_table(record, types) for record in records)

    def _ask(self, name: str, given: bytes) -> list[Any]:
        (found,) = Lane.of(self.connection).parsed((_query(name), (given,)))
        return found

    def _types(self, oids: Iterable[int]) -> Mapping[int, Type]:
        wanted = list(oids)
        missing = [oid for oid in wanted if oid not in self._system]
        records = dict(self._system)
        if missing:
            for row in self._ask("types.sql", array(missing)):
                record = dict(zip(_TYPE_FIELDS, row, strict=True))
                records[row[0]] = record
                if row[0] < _FIRST_USER_OID:
                    self._system[row[0]] = record
        made: dict[int, Type] = {}
        for oid in wanted:
            _make_type(oid, records, made)
        return made


_TYPE_FIELDS = (
    "oid",
    "schema",
    "name",
    "sql",
    "kind",
    "element",
    "modifier",
    "not_null",
    "labels",
    "attributes",
    "checks",
    "delimiter",
)


def _make_type(oid: int, records: Mapping[int, Record], made: dict[int, Type]) -> Type:
    if oid in made:
        return made[oid]
    record = records[oid]
    made[oid] = Type(
        record["schema"],
        record["name"],
        record["sql"],
        record["kind"],
        _make_type(record["element"], records, made) if record["element"] else None,
        record["modifier"],
        record["not_null"],
        tuple(record["labels"] or ()),
        tuple((name, _make_type(each, records, made), modifier) for name, each, modifier in record["attributes"] or ()),
        tuple(record["checks"] or ()),
        record["delimiter"],
    )
    return made[oid]


def _table(record: Record, types: Mapping[int, Type]) -> Table:
    return Table(
        name=record["name"],
        relation=record["relation"],
        columns=tuple(_column(each, types) for each in record["columns"] or ()),
        checks=tuple(Check(each["name"], each["expression"]) for each in record["checks"] or ()),
        foreign_keys=tuple(_foreign_key(each) for each in record["foreign_keys"] or ()),
        uniques=tuple(_unique(each) for each in record["uniques"] or ()),
        partitioned=record["partitioned"],
        partition_key=tuple(record["partition_key"] or ()),
        leaves=tuple(Leaf(each["name"], each["bound"]) for each in record["leaves"] or ()),
    )


def _column(record: Record, types: Mapping[int, Type]) -> Column:
    flags = ("not_null", "generated", "identity", "default", "folds", "dimensions")
    same = ("name", "quoted", "number", "modifier", "formatted", *flags)
    sequence = record["sequence"]
    return Column(
        type=types[record["type"]],
        comment=record["comment"] or "",
        sequence=Sequence(**sequence) if sequence else None,
        **{name: record[name] for name in same},
    )


def _foreign_key(record: Record) -> ForeignKey:
    columns, parents = tuple(record["columns"]), tuple(record["parent_columns"])
    return ForeignKey(
        record["name"], columns, record["parent"], parents, record["full"], record["period"], record["deferrable"]
    )


def _unique(record: Record) -> Unique:
    elements = tuple(Element(each["column"], each["expression"], each["operator"]) for each in record["elements"])
    return Unique(record["name"], elements, record["predicate"], record["primary"], record["nulls_equal"], record["deferrable"])

"""What a database looks like at one place of the walk: catalog objects, tables, sequences and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
ObjectId: TypeAlias = "tuple[str, str]"
"""(kind, identity): for example ("column", "public.users.email")."""


@dataclass(frozen=True, slots=True)
class CatalogObject:
    """One object of the system catalog, described without OIDs so that equal things compare equal.

    `identity` is the qualified name, each part quoted where PostgreSQL's quote_ident would; it is unique within `kind`.
    `definition` maps a facet ("type", "default", "comment", "position", ...) to a JSON value.
    `parent` is the object whose removal removes this one (a column's table), or None.
    """

    kind: str
    identity: str
    definition: Mapping[str, Json]
    parent: ObjectId | None = None

    @property
    def id(self) -> ObjectId:
        return (self.kind, self.identity)


Catalog: TypeAlias = "Mapping[ObjectId, CatalogObject]"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table as the data comparison sees it.

    `number` is pg_attribute.attnum: it survives a rename, so a renamed column is recognised exactly.
    `type` is format_type() of the column. A generated column (stored or virtual) is compared, never written.
    `stored` is the built-in type under which mirrors hold and comparisons see its values ("" when it is `type` itself).
    `drawn` is true when its default is drawn at run time: a sequence, now(), a random uuid.
    """

    name: str
    number: int
    type: str
    not_null: bool = False
    generated: bool = False
    stored: str = ""
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: `columns` of the table that has it point at `referenced` of the table `table` (its oid `oid`)."""

    columns: tuple[str, ...]
    table: str
    oid: int
    referenced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table at one place of the walk.

    `name` is the qualified, quoted name; `oid` survives a rename. `key` are the names of the columns that identify a row
    (primary key, else a unique index over NOT NULL columns), empty when there are none: then rows compare as a multiset.
    `relation` is the quoted relation that holds these rows now: a mirror of the toolkit's own, or the table itself.
    `digests` maps a column to a digest of its values bound to the key, "" to one of whole rows; equal digests mean equal
    values. `rows` is the exact count. `unread` says why the rows could not be read, if so (then nothing of it is compared).
    `uniques` are further sets of columns that identify a row, `references` its foreign keys. `stamp` is what PostgreSQL
    said of its storage when it was read: as long as it says the same, nothing wrote to the table. `horizon` is a transaction
    (an xid8): what any before it had written was there then; 0 when that is not known.
    """

    name: str
    oid: int
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: int
    relation: str
    digests: Mapping[str, str] = field(default_factory=dict)
    unread: str | None = None
    uniques: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()
    stamp: str = ""
    horizon: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Where a sequence stands: the value that it hands out next, and the highest value in use in the column it feeds."""

    name: str
    column: str
    next_value: int
    highest_used: int | None
    ascending: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A database at `heads`. `answers` maps an invariant's name to None when it holds, else to what contradicts it."""

    heads: frozenset[str]
    catalog: Catalog
    tables: Mapping[str, Table]
    sequences: tuple[Sequence, ...] = ()
    answers: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows the database holds in all tables that could be read."""
        return sum(table.rows for table in self.tables.values())

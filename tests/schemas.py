"""Schemas written by hand: types, columns and tables as seeding sees them, without a server that could describe them.

    users = table("users", column("id", INT, identity="d"), column("email", TEXT, not_null=True), uniques=[primary("id")])

`NoServer` stands where a connection is asked for. It answers what libpq knows from the beginning of a session and fails the
test when a query is sent: what these tests look at must come from the schema alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.draft import Draft
from migration_checks.seeding.plan import Order, make_plan
from migration_checks.seeding.pool import chance
from migration_checks.seeding.pools import Pools
from migration_checks.seeding.references import Key
from migration_checks.seeding.schema import Check, Column, Element, ForeignKey, Leaf, Table, Type, Unique
from migration_checks.seeding.schema import Sequence as Numbering


def builtin(name: str, kind: str = "b", element: Type | None = None, delimiter: str = ",") -> Type:
    """A type of pg_catalog by its short name."""
    return Type("pg_catalog", name, f"pg_catalog.{name}", kind, element, delimiter=delimiter)


def array_of(element: Type) -> Type:
    """The array type of a type."""
    return Type(element.schema, "_" + element.name, element.sql + "[]", "a", element, delimiter=element.delimiter)


def domain(name: str, base: Type, *checks: str, not_null: bool = False, modifier: int = -1) -> Type:
    """A domain of the user's; checks speak of VALUE."""
    return Type("public", name, f"public.{name}", "d", base, modifier, not_null, checks=checks)


def enum(name: str, *labels: str) -> Type:
    """An enum of the user's."""
    return Type("public", name, f"public.{name}", "e", labels=labels)


INT = builtin("int4")
SMALL = builtin("int2")
BIG = builtin("int8")
TEXT = builtin("text")
VARCHAR = builtin("varchar")
BOOL = builtin("bool")
DATE = builtin("date")
MOMENT = builtin("timestamptz")
NUMERIC = builtin("numeric")
UUID = builtin("uuid")
JSONB = builtin("jsonb")
DATERANGE = builtin("daterange", "r", DATE)
MOOD = enum("mood", "sad", "ok", "happy")


class _Info:
    server_version = 180000

    def parameter_status(self, name: str) -> str | None:
        return {"server_encoding": "UTF8", "is_superuser": "on"}.get(name)


class NoServer:
    """A connection that nothing may be asked of."""

    info = _Info()

    def transaction(self) -> Any:
        raise AssertionError("a query was sent")

    execute = transaction


def pools(seed: int = 1) -> Pools:
    """Pools that must do without a server."""
    return Pools(NoServer(), seed)  # type: ignore[arg-type]


def column(
    name: str,
    type: Type,
    *,
    modifier: int = -1,
    not_null: bool = False,
    identity: str = "",
    generated: bool = False,
    folds: bool = False,
    sequence: Numbering | None = None,
    default: str | None = None,
) -> Column:
    """A column; `table` numbers it."""
    quoted = '"' + name.replace('"', '""') + '"'
    if identity and sequence is None:
        sequence = Numbering(f"public.{name}_seq", 1, 1, 1, 2**31 - 1)
    not_null = not_null or bool(identity)
    return Column(name, quoted, 0, type, modifier, type.sql, not_null, generated, identity, default, "", folds, sequence)


def table(
    name: str,
    *columns: Column,
    checks: Sequence[str] = (),
    keys: Sequence[ForeignKey] = (),
    uniques: Sequence[Unique] = (),
    partition_key: Sequence[str] = (),
    leaves: Sequence[Leaf] = (),
) -> Table:
    """A table in the schema public."""
    numbered = tuple(replace(each, number=number) for number, each in enumerate(columns, 1))
    return Table(
        name=f"public.{name}",
        relation=f"public.{name}",
        columns=numbered,
        checks=tuple(Check(f"check_{place}", text) for place, text in enumerate(checks)),
        foreign_keys=tuple(keys),
        uniques=tuple(uniques),
        partitioned=bool(leaves),
        partition_key=tuple(partition_key),
        leaves=tuple(leaves),
    )


def primary(*names: str) -> Unique:
    """A primary key."""
    return Unique("pkey", tuple(Element(name) for name in names), primary=True)


def unique(*names: str, where: str | None = None, nulls_equal: bool = False) -> Unique:
    """A unique index over columns."""
    return Unique("_".join(names) + "_key", tuple(Element(name) for name in names), where, nulls_equal=nulls_equal)


def refers(*names: str, to: str, columns: Sequence[str] = ("id",), full: bool = False) -> ForeignKey:
    """A foreign key to a table in public."""
    return ForeignKey("_".join(names) + "_fkey", names, f"public.{to}", tuple(columns), full)


def drafted(
    table: Table,
    count: int,
    *,
    keys: Callable[[ForeignKey], Sequence[Key] | None] = lambda key: None,
    order: Order | None = None,
) -> Batch:
    """The rows that seeding would write into `table`."""
    order = order or Order(1)
    plan = make_plan(table, pools(order.seed), keys, order)
    return Draft(plan, chance(order.seed, table.name, "draft")).make(count)


def rows_of(batch: Batch, *names: str) -> list[tuple[str | None, ...]]:
    """The rows of a batch as tuples of these columns."""
    return list(zip(*(batch.spread(name) for name in names), strict=True))

"""Reads what tables consist of, columns, keys and references, with one catalog query for all that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from migration_checks.lane import array
from migration_checks.rows.touched import Stamp
from migration_checks.rows.values import stored_type
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Reference, Table

_TABLES = files("migration_checks.rows").joinpath("tables.sql").read_bytes()


def describe(shop: Workshop, stamps: Sequence[Stamp]) -> dict[int, Table]:
    """Tables by oid, as yet without rows or digests; `relation` is the table itself."""
    if not stamps:
        return {}
    found = shop.look(_TABLES, array([stamp.oid for stamp in stamps]))
    parts = {oid: rest for oid, *rest in found}
    return {stamp.oid: _table(stamp, *parts[stamp.oid]) for stamp in stamps}


def _table(
    stamp: Stamp, described: list[list[Any]], uniques: list[list[str]], references: list[list[Any]], horizon: int
) -> Table:
    columns = tuple(_column(*each) for each in described)
    distinct = list(dict.fromkeys(tuple(each) for each in uniques))
    return Table(
        name=stamp.name,
        oid=stamp.oid,
        columns=columns,
        key=distinct[0] if distinct else (),
        rows=0,
        relation=stamp.relation,
        unread=stamp.unread,
        uniques=tuple(distinct[1:]),
        references=tuple(Reference(tuple(own), table, oid, tuple(there)) for own, table, oid, there in references),
        stamp=stamp.whole(columns),
        horizon=horizon,
    )


def _column(
    name: str, number: int, type: str, not_null: bool, generated: bool, built_in: str | None, written: str, drawn: bool
) -> Column:
    return Column(name, number, type, not_null, generated, stored_type(type, built_in, written), drawn)


def by_oid(tables: Mapping[str, Table] | None) -> dict[int, Table]:
    """The same tables by oid."""
    return {table.oid: table for table in tables.values()} if tables else {}

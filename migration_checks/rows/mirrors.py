"""Where the rows of a state are held: in the user's own table, or in a copy of the toolkit's that no step can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import psycopg

from migration_checks.database import OWN_SCHEMA
from migration_checks.rows.batches import batches
from migration_checks.rows.values import lowered, quoted
from migration_checks.rows.workshop import Workshop, why
from migration_checks.snapshot import Table

_BATCH = 40
"""Tables copied by one statement: many small ones then cost a fraction of a round trip each."""


def is_mirror(table: Table) -> bool:
    """Whether the rows of `table` are held apart from the user's own table, so that nothing can change them."""
    return table.relation.startswith(f"{OWN_SCHEMA}.")


def source(table: Table, where: str = "") -> str:
    """SQL for a relation that holds the rows of `table` under its column names, all types built in.

    `where` is a condition on the rows of the table itself, which then must not be a mirror.
    """
    if is_mirror(table):
        assert not where, "a mirror has other rows than the table, of the same values"
        return table.relation
    columns = ", ".join(f"{lowered(column)} AS {quoted(column.name)}" for column in table.columns)
    return f"(SELECT {columns} FROM {table.relation}{f' WHERE {where}' if where else ''})"


def mirrored(shop: Workshop, tables: Iterable[Table]) -> Iterator[Table]:
    """Tables with their rows copied where no step can reach them, if they are not yet."""
    waiting = []
    for table in tables:
        if is_mirror(table) or table.unread is not None:
            yield table
        else:
            waiting.append(table)
    for batch in batches(waiting, _BATCH):
        yield from _copied(shop, batch)


def _copied(shop: Workshop, tables: list[Table]) -> list[Table]:
    copies = [(table, shop.relation("mirror")) for table in tables]
    try:
        with shop.alone():
            shop.execute("; ".join(_copy(table, relation) for table, relation in copies))
    except psycopg.Error as error:
        if len(tables) == 1:
            return [replace(tables[0], unread=why(error), rows=0, digests={})]
        return [each for table in tables for each in _copied(shop, [table])]
    return [replace(table, relation=relation) for table, relation in copies]


def _copy(table: Table, relation: str) -> str:
    columns = ", ".join(f"{lowered(column)} AS {quoted(column.name)}" for column in table.columns)
    return f"CREATE UNLOGGED TABLE {relation} AS SELECT {columns} FROM {table.relation}"

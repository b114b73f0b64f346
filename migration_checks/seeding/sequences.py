"""Moves sequences past the highest value in the columns that they feed, so that the next row finds a free one."""

from __future__ import annotations

from typing import Any

import psycopg

from migration_checks.seeding.schema import Column, Sequence, Table


def advance(connection: psycopg.Connection[Any], table: Table) -> None:
    """Advance every sequence of the table that is behind; none is ever moved back."""
    fed = [(column, column.sequence) for column in table.columns if column.sequence is not None and _numeric(column)]
    for column, sequence in fed:
        connection.execute(_advancing(table, column, sequence).encode(), {"sequence": sequence.name})


def _numeric(column: Column) -> bool:
    return column.type.builtin and column.type.name in ("int2", "int4", "int8", "numeric")


def _advancing(table: Table, column: Column, sequence: Sequence) -> str:
    furthest, ahead = ("max", ">") if sequence.increment > 0 else ("min", "<")
    within = f"u.used BETWEEN {sequence.minimum} AND {sequence.maximum}"
    return (
        f"SELECT pg_catalog.setval(%(sequence)s::pg_catalog.regclass, u.used) "
        f"FROM (SELECT {furthest}({column.quoted})::bigint AS used FROM {table.name}) u, {sequence.name} s "
        f"WHERE {within} AND (u.used {ahead} s.last_value OR (u.used = s.last_value AND NOT s.is_called))"
    )

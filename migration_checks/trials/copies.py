"""Borrowing a copy of the walked database for an experiment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from migration_checks.bench import Bench
from migration_checks.connection import connect
from migration_checks.database import OWN_SCHEMA, Databases
from migration_checks.transition import Failure

_OF_SHARED_ROLES = frozenset({"2BP01", "42710", "55006"})
"""SQLSTATEs: dependent objects still exist, duplicate object, object in use."""


@contextmanager
def copied(bench: Bench, databases: Databases, label: str, *, of: str | None = None) -> Iterator[Bench]:
    """A bench on a copy of what `bench` stands on, or of the database `of` that nobody is connected to.

    The copy holds the mirrors too; it is dropped afterwards, and env.py is attached to `bench` again.
    """
    own = bench.make_room()
    try:
        url = databases.copy(of, label) if of is not None else databases.copy(bench.url, label, own)
        try:
            with Bench(bench.environment, url, bench.lineage, rows=bench.size, seed=bench.seed) as other:
                yield other
        finally:
            databases.drop(url)
    finally:
        bench.enter()


def in_each_others_way(databases: Databases, failure: Failure | None) -> bool:
    """Whether a step failed only because two databases were there at once: roles, which scripts made, are one for both."""
    return failure is not None and failure.sqlstate in _OF_SHARED_ROLES and bool(databases.made_roles())


def carry(source: str, target: psycopg.Connection, relations: Iterable[str]) -> None:
    """Bring mirrors (tables of our own, built-in types only) from the database `source` into another that lacks them."""
    absent = "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL"
    missing = [name for (name,) in target.execute(absent, (sorted(relations),))]
    if not missing:
        return
    target.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(OWN_SCHEMA)))
    with connect(source) as connection:
        for relation in missing:
            name = sql.SQL(relation)
            target.execute(sql.SQL("CREATE UNLOGGED TABLE {} ({})").format(name, sql.SQL(_columns(connection, relation))))
            with (
                connection.cursor().copy(sql.SQL("COPY {} TO STDOUT (FORMAT BINARY)").format(name)) as rows,
                target.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(name)) as sink,
            ):
                for block in rows:
                    sink.write(block)


def _columns(connection: psycopg.Connection, relation: str) -> str:
    row = connection.execute(_DEFINITION, (relation,)).fetchone()
    return str(row[0]) if row and row[0] else ""


_DEFINITION = """
SELECT string_agg(format('%%I %%s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""

"""Silences for a moment what stands between an owner and a table: triggers, forced row security, foreign keys in a circle.

A superuser needs none of it: the session is a replica then. Everything happens inside the caller's transaction and is put
back before it ends, so that no other session and no later look at the catalog sees a difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from migration_checks.seeding.schema import Table

Connection = psycopg.Connection[Any]

_TRIGGERS = b"""
SELECT pg_catalog.quote_ident(tgname), tgenabled::text FROM pg_catalog.pg_trigger
WHERE tgrelid = %s::pg_catalog.regclass AND NOT tgisinternal AND tgenabled <> 'D' AND tgparentid = 0 ORDER BY tgname COLLATE "C"
"""
_ENABLE = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}
_FORCED = b"SELECT relforcerowsecurity FROM pg_catalog.pg_class WHERE oid = %s::pg_catalog.regclass"


@contextmanager
def calm(connection: Connection, table: Table) -> Iterator[None]:
    """User triggers off, and row security not forced upon the owner."""
    triggers = connection.execute(_TRIGGERS, [table.name]).fetchall()
    row = connection.execute(_FORCED, [table.name]).fetchone()
    forced = bool(row and row[0])
    for name, _ in triggers:
        connection.execute(f"ALTER TABLE {table.name} DISABLE TRIGGER {name}".encode())
    if forced:
        connection.execute(f"ALTER TABLE {table.name} NO FORCE ROW LEVEL SECURITY".encode())
    yield
    if triggers or forced:
        connection.execute(b"SET CONSTRAINTS ALL IMMEDIATE")
    for name, enabled in triggers:
        connection.execute(f"ALTER TABLE {table.name} {_ENABLE[enabled]} TRIGGER {name}".encode())
    if forced:
        connection.execute(f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY".encode())


@contextmanager
def deferred(connection: Connection, tables: Collection[Table]) -> Iterator[None]:
    """Foreign keys between these tables wait for the end; they are checked before this context closes."""
    names = {table.name for table in tables}
    strict = [(t.name, key.name) for t in tables for key in t.foreign_keys if key.parent in names and not key.deferrable]
    for table, key in strict:
        connection.execute(f"ALTER TABLE {table} ALTER CONSTRAINT {_quoted(key)} DEFERRABLE INITIALLY DEFERRED".encode())
    connection.execute(b"SET CONSTRAINTS ALL DEFERRED")
    yield
    connection.execute(b"SET CONSTRAINTS ALL IMMEDIATE")
    for table, key in strict:
        connection.execute(f"ALTER TABLE {table} ALTER CONSTRAINT {_quoted(key)} NOT DEFERRABLE".encode())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

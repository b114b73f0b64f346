"""Dropping roles that scripts made: they are cluster-wide and would leak from one database, and one run, to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, sql

from migration_checks.connection import connect

_DEPENDENT = """
SELECT DISTINCT r.rolname::text
FROM pg_shdepend s
JOIN pg_database d ON d.oid = s.dbid
JOIN pg_roles r ON r.oid = s.refobjid
WHERE s.refclassid = 'pg_authid'::regclass AND d.datname = ANY (%s)
"""


def dependent_roles(connection: psycopg.Connection[tuple[Any, ...]], databases: Sequence[str]) -> frozenset[str]:
    """Roles that own something, or were granted something, in the databases of these names."""
    return frozenset(name for (name,) in connection.execute(_DEPENDENT, (list(databases),)).fetchall())


def drop_role(connection: psycopg.Connection[tuple[Any, ...]], role: str, urls: Iterable[str]) -> None:
    """Drop a role; where something depends on it, first take that from it, in the databases of `urls` and cluster-wide.

    Raises psycopg.Error, for instance when it still owns something in a database that is not among them.
    """
    statement = sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role))
    try:
        connection.execute(statement)
        return
    except (errors.DependentObjectsStillExist, errors.ObjectInUse):
        pass
    _dispossess(connection, role)
    for url in urls:
        with connect(url) as inside:
            _dispossess(inside, role)
    connection.execute(statement)


def _dispossess(connection: psycopg.Connection[tuple[Any, ...]], role: str) -> None:
    """Give what the role owns here to the current one, and revoke what it was granted."""
    name = sql.Identifier(role)
    with suppress(psycopg.Error):  # from 16 on, who created a role must make itself a member first; a superuser need not
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    connection.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(name))
    connection.execute(sql.SQL("DROP OWNED BY {}").format(name))

"""Reads the system catalog of a database as values: every object that a migration can leave different, without OIDs."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import psycopg

from migration_checks.database import OWN_SCHEMA
from migration_checks.snapshot import Catalog, CatalogObject, ObjectId

_SINCE = re.compile(r"-- since (\d+)\s*$")


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Read every catalog object of the database that `connection` is open on.

    The session's search_path must be pg_catalog (`migration_checks.database.connect` sees to it), so that every name in a
    definition is qualified. What extensions own, the system's schemas and the toolkit's own are left out. Kinds and facets
    are those of the queries in migration_checks/catalog/. Raises psycopg.Error.
    """
    statements = _statements(connection.info.server_version // 10000)
    with connection.pipeline():
        cursors = [connection.execute(statement, prepare=True) for statement in statements]
    objects = (_object(*row) for cursor in cursors for row in cursor)
    return {each.id: each for each in objects}


@cache
def _statements(major: int) -> tuple[bytes, ...]:
    """The catalog queries for a major version, without the lines that need a newer one."""
    folder = files("migration_checks").joinpath("catalog")
    sources = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(_statement(folder.joinpath(name).read_text(encoding="utf-8"), major) for name in sources)


def _statement(source: str, major: int) -> bytes:
    lines = (line for line in source.splitlines() if (since := _SINCE.search(line)) is None or int(since[1]) <= major)
    return "\n".join(lines).replace(":'own_schema'", f"'{OWN_SCHEMA}'").encode()


# A walk reads the same objects again and again: one value for each saves the parsing, and equal objects compare by identity.
@lru_cache(maxsize=100_000)
def _object(kind: str, identity: str, parent_kind: str | None, parent: str | None, definition: str) -> CatalogObject:
    above: ObjectId | None = (parent_kind, parent) if parent_kind is not None and parent is not None else None
    return CatalogObject(kind, identity, json.loads(definition), above)

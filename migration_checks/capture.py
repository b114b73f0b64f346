"""Reads the system catalog of a database as values: every object that a migration can leave different, without OIDs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import psycopg

from migration_checks.database import OWN_SCHEMA
from migration_checks.snapshot import Catalog, CatalogObject, ObjectId

_SINCE = re.compile(r"-- since (\d+)\s*$")
_ASKED_WHEN = re.compile(r"^-- asked when:(.*\n(?:--     .*\n)*)", re.MULTILINE)


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Read every catalog object of the database that `connection` is open on.

    The session's search_path must be pg_catalog (`migration_checks.database.connect` sees to it), so that every name in a
    definition is qualified. What extensions own, the system's schemas and the toolkit's own are left out. Kinds and facets
    are those of the queries in migration_checks/catalog/. Raises psycopg.Error.
    """
    queries = _queries(connection.info.server_version // 10000)
    wanted = connection.execute(queries.probe, prepare=True).fetchone()
    assert wanted is not None
    with connection.pipeline():
        cursors = [connection.execute(text, prepare=True) for text, asked in zip(queries.texts, wanted, strict=True) if asked]
    objects = (_object(*row) for cursor in cursors for row in cursor)
    return {each.id: each for each in objects}


@dataclass(frozen=True, slots=True)
class _Queries:
    """The catalog queries for one major version, and a probe that says for each of them whether it would find anything.

    Planning them all takes longer than running them, and most databases have no operators, publications or parsers.
    """

    probe: bytes
    texts: tuple[bytes, ...]


@cache
def _queries(major: int) -> _Queries:
    folder = files("migration_checks").joinpath("catalog")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    sources = [folder.joinpath(name).read_text(encoding="utf-8") for name in names]
    conditions = (condition[1].replace("\n--", "\n") if (condition := _ASKED_WHEN.search(each)) else "true" for each in sources)
    return _Queries(f"SELECT {', '.join(conditions)}".encode(), tuple(_text(source, major) for source in sources))


def _text(source: str, major: int) -> bytes:
    """A query without its comments and without the lines that need a newer server."""
    lines = (line for line in source.splitlines() if (since := _SINCE.search(line)) is None or int(since[1]) <= major)
    code = (line for line in lines if not line.lstrip().startswith("--"))
    return "\n".join(code).replace(":'own_schema'", f"'{OWN_SCHEMA}'").encode()


# A walk reads the same objects again and again: one value for each saves the parsing, and equal objects compare by identity.
@lru_cache(maxsize=100_000)
def _object(kind: str, identity: str, parent_kind: str | None, parent: str | None, definition: str) -> CatalogObject:
    above: ObjectId | None = (parent_kind, parent) if parent_kind is not None and parent is not None else None
    facets = {facet: value for facet, value in json.loads(definition).items() if value is not None}
    return CatalogObject(kind, identity, facets, above)

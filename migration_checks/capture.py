"""Reads the system catalog of a database as values: every object that a migration can leave different, without OIDs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import starmap
from typing import Any

import psycopg

from migration_checks.database import OWN_SCHEMA
from migration_checks.lane import Lane, array
from migration_checks.snapshot import Catalog, CatalogObject, ObjectId

_SINCE = re.compile(r"-- since (\d+)\s*$")
_GIVEN = re.compile(r"-- given$", re.MULTILINE)
_ASKED_WHEN = re.compile(r"^-- asked when:(.*\n(?:--     .*\n)*)", re.MULTILINE)


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Read every catalog object of the database that `connection` is open on.

    The session's search_path must be pg_catalog (`migration_checks.database.connect` sees to it), so that every name in a
    definition is qualified. What extensions own, the system's schemas and the toolkit's own are left out. Kinds and facets
    are those of the queries in migration_checks/catalog/. Raises psycopg.Error.
    """
    return {key: each for part in read_parts(connection).values() for key, each in part.items()}


def read_parts(connection: psycopg.Connection[Any]) -> dict[str, Catalog]:
    """What `read_catalog` reads, by the name of the query that found it; a query that would find nothing is not asked."""
    queries = queries_for(connection.info.server_version // 10000)
    ((wanted,),) = Lane.of(connection).parsed((queries.probe, ()))
    return ask(connection, {name: queries.whole[name] for name, asked in zip(queries.whole, wanted, strict=True) if asked})


def ask(connection: psycopg.Connection[Any], texts: Mapping[str, bytes], oids: Sequence[int] = ()) -> dict[str, Catalog]:
    """The objects that each of these queries finds, all in one round trip; those of `partial` find them for `oids` only."""
    given = array(oids)
    answers = Lane.of(connection).ask(*((text, (given,) if b"$1" in text else ()) for text in texts.values()))
    return {name: {each.id: each for each in starmap(_object, rows)} for name, rows in zip(texts, answers, strict=True)}


@dataclass(frozen=True, slots=True)
class Queries:
    """The catalog queries for one major version by name, and a probe that says for each of them whether it would find anything.

    Planning them all takes longer than running them, and most databases have no operators, publications or parsers.
    `partial` are those that can be asked of some relations only; their oids are the one parameter.
    """

    probe: bytes
    whole: Mapping[str, bytes]
    partial: Mapping[str, bytes]


@cache
def queries_for(major: int) -> Queries:
    """The queries for servers of this major version."""
    folder = files("migration_checks").joinpath("catalog")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    sources = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}
    conditions = (
        condition[1].replace("\n--", "\n") if (condition := _ASKED_WHEN.search(each)) else "true" for each in sources.values()
    )
    return Queries(
        f"SELECT json_build_array({', '.join(conditions)})".encode(),
        {name: _text(source, major, given=False) for name, source in sources.items()},
        {name: _text(source, major, given=True) for name, source in sources.items() if _GIVEN.search(source)},
    )


def _text(source: str, major: int, *, given: bool) -> bytes:
    """A query without its comments, the lines that need a newer server, and those for given relations where it is not."""
    lines = (line for line in source.splitlines() if (since := _SINCE.search(line)) is None or int(since[1]) <= major)
    code = (line for line in lines if not line.lstrip().startswith("--") and (given or not _GIVEN.search(line)))
    return "\n".join(code).replace(":'own_schema'", f"'{OWN_SCHEMA}'").encode()


# A walk reads the same objects again and again: one value for each saves the parsing, and equal objects compare by identity.
@lru_cache(maxsize=100_000)
def _object(kind: bytes, identity: bytes, parent_kind: bytes | None, parent: bytes | None, definition: bytes) -> CatalogObject:
    above: ObjectId | None = (parent_kind.decode(), parent.decode()) if parent_kind is not None and parent is not None else None
    facets = {facet: value for facet, value in json.loads(definition).items() if value is not None}
    return CatalogObject(kind.decode(), identity.decode(), facets, above)

"""Trial and repair: rows that a table refuses as a whole are offered one by one, and what it takes stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.copy import copy_rows, lines, ordered
from migration_checks.seeding.schema import Column, Table

_SCRATCH = "pg_temp.migration_checks_rows"
_TALLY = "pg_temp.migration_checks_tally"


@dataclass(frozen=True, slots=True)
class Salvaged:
    """How many rows a table took, and why it refused the last of the others."""

    taken: int
    refused: int
    reason: str


def salvage(
    connection: psycopg.Connection[Any],
    table: Table,
    batch: Batch,
    columns: Sequence[Column],
    *,
    bound: str | None = None,
    limit: int = 0,
) -> Salvaged:
    """Offer a batch row by row; with `bound` only rows that meet it, and at most `limit` of them when that is not 0.

    Runs in the caller's transaction. The rows wait in a temporary table of text columns, which is gone at the end.
    """
    placed = ordered(batch, columns)
    names = [f"c{place}" for place in range(len(placed))]
    texts = ", ".join(f"{name} text" for name in names)
    connection.execute(
        f"CREATE TEMPORARY TABLE migration_checks_rows (place bigserial, {texts}) ON COMMIT DROP; "
        "CREATE TEMPORARY TABLE migration_checks_tally (taken bigint, refused bigint, reason text) ON COMMIT DROP".encode()
    )
    copy_rows(connection, _SCRATCH, names, lines(batch, [column.name for column in placed]))
    connection.execute(_offering(table, placed, names, bound, limit).encode())
    row = connection.execute(f"SELECT taken, refused, reason FROM {_TALLY}".encode()).fetchone()
    connection.execute(f"DROP TABLE {_SCRATCH}, {_TALLY}".encode())
    return Salvaged(*(row or (0, 0, "")))


def _offering(table: Table, columns: Sequence[Column], names: Sequence[str], bound: str | None, limit: int) -> str:
    values = ", ".join(f"one.{name}::{column.formatted}" for name, column in zip(names, columns, strict=True))
    listed = ", ".join(column.quoted for column in columns)
    typed = ", ".join(f"{name}::{column.formatted} AS {column.quoted}" for name, column in zip(names, columns, strict=True))
    source = f"SELECT * FROM {_SCRATCH} ORDER BY place"
    if bound:
        source = f"SELECT s.* FROM {_SCRATCH} s, LATERAL (SELECT {typed}) r WHERE {bound} ORDER BY s.place"
    stop = f"EXIT WHEN taken >= {limit};" if limit else ""
    return f"""DO $migration_checks$
DECLARE one record; taken bigint := 0; refused bigint := 0; reason text := '';
BEGIN
  FOR one IN {source} LOOP
    {stop}
    BEGIN
      INSERT INTO {table.name} ({listed}) OVERRIDING SYSTEM VALUE VALUES ({values});
      taken := taken + 1;
    EXCEPTION WHEN OTHERS THEN
      refused := refused + 1;
      reason := SQLERRM;
    END;
  END LOOP;
  INSERT INTO {_TALLY} VALUES (taken, refused, reason);
END $migration_checks$"""

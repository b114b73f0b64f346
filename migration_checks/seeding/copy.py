"""Writes batches through COPY; columns that repeat are encoded once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, cycle, islice
from typing import Any

import psycopg

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.literals import copy_fields
from migration_checks.seeding.schema import Column

Connection = psycopg.Connection[Any]
_CHUNK = 4000


def lines(batch: Batch, names: Sequence[str]) -> Iterator[str]:
    """The rows of a batch in COPY's text format, columns in the order of `names`; columns that repeat must come last."""
    whole = [name for name in names if len(batch.columns[name]) == batch.count]
    repeated = [name for name in names if name not in whole]
    if not names:
        return iter([""] * batch.rows)
    parts: list[Iterable[str]] = [copy_fields(batch.columns[name]) for name in whole]
    if repeated:
        tails = ["\t".join(row) for row in zip(*(copy_fields(batch.columns[name]) for name in repeated), strict=True)]
        parts.append(cycle(tails) if whole else (tails * (batch.count // len(tails) + 1))[: batch.count])
    rows = map("\t".join, zip(*parts, strict=False))
    return compress(rows, (row not in batch.dropped for row in range(batch.count))) if batch.dropped else rows


def ordered(batch: Batch, columns: Sequence[Column]) -> list[Column]:
    """The columns, those that repeat last."""
    return sorted(columns, key=lambda column: len(batch.columns[column.name]) != batch.count)


def copy_rows(connection: Connection, target: str, quoted: Sequence[str], rows: Iterator[str]) -> int:
    """Copy lines into a table; returns how many rows were written."""
    listed = f" ({', '.join(quoted)})" if quoted else ""
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {target}{listed} FROM STDIN".encode()) as copy:
            while chunk := list(islice(rows, _CHUNK)):
                copy.write("\n".join(chunk) + "\n")
        return cursor.rowcount


def write_batch(connection: Connection, target: str, batch: Batch, columns: Sequence[Column]) -> int:
    """Write the rows of a batch into a table; returns how many."""
    placed = ordered(batch, columns)
    return copy_rows(connection, target, [column.quoted for column in placed], lines(batch, [column.name for column in placed]))

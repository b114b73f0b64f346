"""Builds the rows of a table from the sources of its columns, a whole column of the batch at a time.

Columns rather than rows, because a walk fills tables at every revision: one call a column costs a hundredth of one a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migration_checks.seeding.conditions import bottom
from migration_checks.seeding.realism import moment_rank
from migration_checks.seeding.schema import Column, Table
from migration_checks.seeding.sources import Source

Columns = dict[str, list["str | None"]]


def build(table: Table, sources: Mapping[str, Source], count: int) -> Columns:
    """Columns of `count` values, fewer where a source has no more."""
    columns = [column for column in table.writable if column.name in sources]
    first = {bottom(column.type)[0].name: column for column in reversed(columns) if _orderly(column, sources, 0)}
    built: Columns = {}

    def make(column: Column) -> list[str | None]:
        if column.name not in built:
            leader = first.get(bottom(column.type)[0].name) if _orderly(column, sources, 1) else None
            then = sources[column.name].draw(count) if leader is None else _behind(make(leader), sources[column.name], count)
            built[column.name] = then
        return built[column.name]

    return {column.name: make(column) for column in columns}


def _orderly(column: Column, sources: Mapping[str, Source], rank: int) -> bool:
    """Whether the column is a moment of this rank in a row's life that may be moved."""
    kind = bottom(column.type)[0].name
    return (
        kind in ("date", "timestamp", "timestamptz") and not sources[column.name].distinct and moment_rank(column.name) == rank
    )


def _behind(leading: Sequence[str | None], source: Source, count: int) -> list[str | None]:
    """A column of moments, none before the one that leads its row."""
    return [_after(first, then) for first, then in zip(leading, source.draw(count), strict=False)]


def _after(first: str | None, then: str | None) -> str | None:
    """A row is not updated before it is created."""
    return first if first is not None and then is not None and then < first else then

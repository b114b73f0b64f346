"""factory-boy factories derived from a schema: one declaration a column, each giving the whole column of a batch of rows.

A factory builds columns rather than rows because a walk fills tables at every revision: one declaration call a column costs
a hundredth of one a value, and dependencies between columns are still factory-boy's to resolve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from migration_checks.seeding.conditions import bottom
from migration_checks.seeding.realism import moment_rank
from migration_checks.seeding.schema import Column, Table
from migration_checks.seeding.sources import Source

Columns = dict[str, list["str | None"]]


def factory_for(table: Table, sources: Mapping[str, Source]) -> Any:
    """A factory whose `build(count=n)` gives a dict of declaration names to columns of n values.

    Declarations are named by column number, because a column's name may be no Python identifier.
    """
    from factory.base import Factory  # takes a while to load, with all of Faker: not before the first step
    from factory.declarations import LazyAttribute

    columns = [column for column in table.writable if column.name in sources]
    first = {bottom(column.type)[0].name: column for column in reversed(columns) if _orderly(column, sources, 0)}
    declarations: dict[str, Any] = {"count": 0}
    for column in columns:
        kind = bottom(column.type)[0].name
        leader = first.get(kind) if _orderly(column, sources, 1) else None
        declarations[_declared(column)] = LazyAttribute(_column(sources[column.name], leader))  # type: ignore[no-untyped-call]
    meta = type("Meta", (), {"model": dict, "exclude": ("count",)})
    return type("RowsFactory", (Factory,), {"Meta": meta, **declarations})


def build(table: Table, sources: Mapping[str, Source], count: int) -> Columns:
    """Columns of `count` values, fewer where a source has no more."""
    built = factory_for(table, sources).build(count=count)
    return {column.name: built[_declared(column)] for column in table.writable if column.name in sources}


def _declared(column: Column) -> str:
    return f"c{column.number}"


def _orderly(column: Column, sources: Mapping[str, Source], rank: int) -> bool:
    """Whether the column is a moment of this rank in a row's life that may be moved."""
    kind = bottom(column.type)[0].name
    return (
        kind in ("date", "timestamp", "timestamptz") and not sources[column.name].distinct and moment_rank(column.name) == rank
    )


def _column(source: Source, leader: Column | None) -> Callable[[Any], list[str | None]]:
    if leader is None:
        return lambda rows: source.draw(rows.count)
    name = _declared(leader)
    return lambda rows: [_after(first, then) for first, then in zip(getattr(rows, name), source.draw(rows.count), strict=False)]


def _after(first: str | None, then: str | None) -> str | None:
    """A row is not updated before it is created."""
    return first if first is not None and then is not None and then < first else then

"""Which tables and columns a chain wrote, and by which revision: told by the digests and rows of its earlier ascents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from migration_checks.rows.identity import Tables, pair_columns, same_digest, same_rows, same_table
from migration_checks.rows.values import quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table

Ascent: TypeAlias = "tuple[str, Tables, Tables]"


@dataclass(frozen=True, slots=True)
class Holdings:
    """Answers whether a column of a mirror holds any value, asking PostgreSQL once a table."""

    shop: Workshop
    known: dict[str, frozenset[str]] = field(default_factory=dict)

    def __call__(self, table: Table, column: Column) -> bool:
        if table.relation not in self.known:
            names = [each.name for each in table.columns]
            counts = self.shop.row(f"SELECT {', '.join(f'count({quoted(name)})' for name in names)} FROM {table.relation}")
            self.known[table.relation] = frozenset(name for name, count in zip(names, counts, strict=True) if count)
        return column.name in self.known[table.relation]


@dataclass(frozen=True, slots=True)
class Chain:
    """This ascent, `before` to `after`, and the earlier ones of `history` (revision, before, after), oldest first.

    `holds` says whether a column held any value in an earlier state.
    """

    before: Tables
    after: Tables
    history: Sequence[Ascent]
    holds: Callable[[Table, Column], bool]

    @property
    def after_by_oid(self) -> dict[int, Table]:
        """The tables of now by oid."""
        return {table.oid: table for table in self.after.values()}

    def steps(self) -> Iterator[tuple[str | None, Tables, Tables]]:
        """Ascents, this one (None) first, then back in time."""
        yield None, self.before, self.after
        yield from reversed(self.history)

    def written(self, place: Table, column: Column, lost: Table, value: Column) -> tuple[bool, str | None]:
        """Whether, and by which revision (None: this one), values may have been carried to `column` of `place`.

        Only an ascent that met the lost column `value` of the table `lost` can have carried its values, and only one that
        wrote to the place: what stood beside the value from the beginning is not where it went. An earlier one that left the
        place empty wrote nothing there either, whoever filled it since.
        """
        for revision, before, after in self.steps():
            if same_column(lost, value, before) is None:
                return False, None
            if _wrote(place, column, before, after) and (revision is None or self._left_values(place, column, after)):
                return True, revision
        return False, None

    def _left_values(self, place: Table, column: Column, after: Tables) -> bool:
        then, there = same_table(place, after), same_column(place, column, after)
        return then is not None and there is not None and then.rows > 0 and self.holds(then, there)


def same_column(table: Table, column: Column, tables: Tables) -> Column | None:
    """What `column` of `table` is in another snapshot."""
    there = same_table(table, tables)
    if there is None:
        return None
    return next((right for left, right in pair_columns(table, there).pairs if left.name == column.name), None)


def _wrote(place: Table, column: Column, before: Tables, after: Tables) -> bool:
    """Whether an ascent created the place or changed what it holds."""
    new, now = same_table(place, after), same_column(place, column, after)
    if new is None or now is None:
        return False
    old, then = same_table(place, before), same_column(place, column, before)
    if old is None or then is None:
        return True
    if old is new:
        return False
    if same_rows(old, new, pair_columns(old, new)):
        return not same_digest(old, new, (then, now))
    return old.oid != place.oid or old.digests != new.digests

"""Which tables and columns a chain wrote, and by which revision: told by the digests and rows of its earlier ascents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from migration_checks.rows.identity import Tables, pair_columns, same_digest, same_rows
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


class Snapshots:
    """Finds tables of one state by what they are in another; an index a state, made when first asked for."""

    def __init__(self) -> None:
        self._indexes: dict[int, dict[int, Table]] = {}

    def same_table(self, table: Table, tables: Tables) -> Table | None:
        """What `table` is in another state: the same oid, else the same name."""
        index = self._indexes.get(id(tables))
        if index is None:
            index = self._indexes[id(tables)] = {each.oid: each for each in tables.values()}
        return index.get(table.oid) or tables.get(table.name)

    def same_column(self, table: Table, column: Column, tables: Tables) -> Column | None:
        """What `column` of `table` is in another state."""
        there = self.same_table(table, tables)
        if there is None or there is table:
            return column if there is not None else None
        return next((right for left, right in pair_columns(table, there).pairs if left.name == column.name), None)


class Chain:
    """This ascent, `before` to `after`, and the earlier ones of `history` (revision, before, after), oldest first.

    `holds` says whether a column held any value in an earlier state.
    """

    def __init__(
        self, before: Tables, after: Tables, history: Sequence[Ascent], holds: Callable[[Table, Column], bool]
    ) -> None:
        self.before = before
        self.after = after
        self.after_by_oid = {table.oid: table for table in after.values()}
        self._history = history
        self._holds = holds
        self._snapshots = Snapshots()

    def steps(self, *, earlier: bool = False) -> Iterator[tuple[str | None, Tables, Tables]]:
        """Ascents, this one (None) first unless only `earlier` ones are wanted, then back in time."""
        if not earlier:
            yield None, self.before, self.after
        yield from reversed(self._history)

    def now(self, table: Table) -> Table | None:
        """What `table` is after this ascent."""
        return self._snapshots.same_table(table, self.after)

    def written(
        self, place: Table, column: Column, lost: Table, value: Column, *, earlier: bool = False
    ) -> tuple[bool, str | None]:
        """Whether, and by which revision (None: this one), values may have been carried to `column` of `place`.

        `earlier` leaves this ascent out, for columns of the lost value's own row, which it compared itself.
        Only an ascent that met the lost column `value` of the table `lost` can have carried its values, and only one that
        wrote to the place: what stood beside the value from the beginning is not where it went. An earlier one that left the
        place empty wrote nothing there either, whoever filled it since.
        """
        for revision, before, after in self.steps(earlier=earlier):
            if self._snapshots.same_column(lost, value, before) is None:
                return False, None
            if self._wrote(place, column, before, after, own_row=earlier) and (
                revision is None or self._left_values(place, column, after)
            ):
                return True, revision
        return False, None

    def _left_values(self, place: Table, column: Column, after: Tables) -> bool:
        then, there = self._snapshots.same_table(place, after), self._snapshots.same_column(place, column, after)
        return then is not None and there is not None and then.rows > 0 and self._holds(then, there)

    def _wrote(self, place: Table, column: Column, before: Tables, after: Tables, *, own_row: bool) -> bool:
        """Whether an ascent created the place or changed what it holds.

        Where rows came or went, digests do not say whether the others were changed: taken for granted, but not of the
        lost value's own row, in which some columns are equal by nature (created and updated at).
        """
        new, old = (self._snapshots.same_table(place, tables) for tables in (after, before))
        if new is None or old is new:
            return False
        now = self._snapshots.same_column(place, column, after)
        then = self._snapshots.same_column(place, column, before)
        if now is None:
            return False
        if old is None or then is None:
            return True
        if same_rows(old, new, pair_columns(old, new)):
            return not same_digest(old, new, (then, now))
        return not own_row and (old.oid != new.oid or old.digests != new.digests)

    def receivers(self, lost: Table) -> list[Table]:
        """Tables of now, other than `lost`, that may have taken rows of it without saying so by a foreign key.

        They were created, got a new column or got more rows by an ascent that met the lost table.
        """
        found: dict[int, Table] = {}
        for _, before, after in self.steps():
            if self._snapshots.same_table(lost, before) is None:
                break
            for name in sorted(after):
                table = self.now(after[name])
                if table is not None and table.oid not in found and not table.unread and table.oid != lost.oid:
                    old = self._snapshots.same_table(after[name], before)
                    if _received(old, after[name]):
                        found[table.oid] = table
        successor = self.now(lost)
        return [table for table in found.values() if successor is None or table.oid != successor.oid]


def _received(old: Table | None, new: Table) -> bool:
    if old is None or new.rows > old.rows:
        return new.rows > 0
    return old is not new and len(pair_columns(old, new).created) > 0

"""A batch is rows by column, before they are written."""

from __future__ import annotations

from dataclasses import dataclass, field

from migration_checks.seeding.building import Columns


@dataclass
class Batch:
    """Rows by column. A column that is shorter than `count` repeats; rows in `dropped` are left out."""

    count: int
    columns: Columns
    dropped: set[int] = field(default_factory=set)

    @property
    def rows(self) -> int:
        return self.count - len(self.dropped)

    def value(self, name: str, row: int) -> str | None:
        """The value of a column in a row."""
        column = self.columns[name]
        return column[row % len(column)]

    def spread(self, name: str) -> list[str | None]:
        """A whole column, dropped rows left out."""
        column = self.columns[name]
        whole = column if len(column) == self.count else (column * (self.count // len(column) + 1))[: self.count]
        return [value for row, value in enumerate(whole) if row not in self.dropped] if self.dropped else whole

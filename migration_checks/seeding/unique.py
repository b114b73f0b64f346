"""Uniqueness as PostgreSQL counts it: which columns decide it, which rows are exempt, which values are equal."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from migration_checks.seeding.conditions import Condition, read
from migration_checks.seeding.pool import same
from migration_checks.seeding.schema import Element, Table, Unique

Identity = Callable[[str], Hashable]
Cell = Callable[[str], "str | None"]


def mentioned(text: str, table: Table) -> tuple[str, ...]:
    """The columns of the table that an expression names, read if it can be, else found by their names."""
    columns = read(text).columns or {name for name in table.by_name if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)}
    return tuple(column.name for column in table.columns if column.name in columns)


def columns_of(unique: Unique, table: Table) -> tuple[str, ...]:
    """The columns that decide a unique key, its predicate left aside."""
    found: dict[str, None] = {}
    for element in unique.elements:
        found.update(dict.fromkeys([element.column] if element.column else mentioned(element.expression or "", table)))
    return tuple(found)


class Uniqueness:
    """One unique key at work: the keys seen so far, and whether a row would repeat one."""

    def __init__(self, unique: Unique, table: Table, identities: Mapping[str, Identity]) -> None:
        self.unique = unique
        self.columns = columns_of(unique, table)
        self.predicate: Condition | None = read(unique.predicate) if unique.predicate else None
        self.predicate_columns = tuple(name for name in mentioned(unique.predicate, table)) if unique.predicate else ()
        self.identities = identities
        self.parts = [_part(element, table, identities) for element in unique.elements]
        self.seen: set[Hashable] = set()

    @property
    def single(self) -> str | None:
        """The one column that decides it, if no predicate narrows it."""
        return self.columns[0] if len(self.columns) == 1 and self.predicate is None else None

    def key(self, cell: Cell, typed: Callable[[str], object]) -> Hashable | None:
        """What must differ from every other row's, None when the row is exempt."""
        if self.predicate is not None and self.predicate.met(typed) is False:
            return None
        values = tuple(part(cell) for part in self.parts)
        if None in values and not self.unique.nulls_equal:
            return None
        return values

    @property
    def plain(self) -> bool:
        """Whether nothing but columns decides it."""
        return self.predicate is None and all(element.column for element in self.unique.elements)

    def keys(self, columns: Sequence[Sequence[str | None]]) -> Iterator[Hashable | None]:
        """The keys of many rows of a plain key, given its columns in their order."""
        told = [
            values if identity is same else [None if value is None else identity(value) for value in values]
            for values, identity in (
                (values, self.identities.get(name, same)) for name, values in zip(self.names, columns, strict=True)
            )
        ]
        rows: Iterator[Hashable | None] = zip(*told, strict=True)
        return rows if self.unique.nulls_equal else (None if None in row else row for row in rows)  # type: ignore[operator]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a plain key in the order of the key."""
        return tuple(element.column for element in self.unique.elements if element.column)

    def learn(self, rows: Iterable[Mapping[str, str | None]], typed: Callable[[str, str | None], object]) -> None:
        """Take note of rows that exist."""
        for row in rows:
            key = self.key(row.__getitem__, lambda name, row=row: typed(name, row[name]))  # type: ignore[misc]
            if key is not None:
                self.seen.add(key)


def _part(element: Element, table: Table, identities: Mapping[str, Identity]) -> Callable[[Cell], Hashable | None]:
    if element.column is not None:
        name, identity = element.column, identities.get(element.column, same)
        return lambda cell: None if (value := cell(name)) is None else identity(value)
    text = element.expression or ""
    names = mentioned(text, table)
    fold = transform(text)
    filled = "coalesce" in text.lower()

    def run(cell: Cell) -> Hashable | None:
        values = tuple(None if (value := cell(name)) is None else fold(identities.get(name, same)(value)) for name in names)
        return None if None in values and not filled else ("", *values)

    return run


def transform(expression: str) -> Callable[[Hashable], Hashable]:
    """What an expression makes equal, for the usual ones: letter case, surrounding blanks."""
    lowered = expression.lower()
    folds = "lower(" in lowered or "upper(" in lowered
    trims = "trim(" in lowered

    def run(value: Hashable) -> Hashable:
        if not isinstance(value, str):
            return value
        value = value.strip() if trims else value
        return value.casefold() if folds else value

    return run

"""Which rows that were written through one schema another schema can hold: told by trying to write them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg

from migration_checks.rows.identity import ColumnPair, Columns
from migration_checks.rows.keys import common_key
from migration_checks.rows.matching import temporary
from migration_checks.rows.values import base, is_integer, is_text, literal, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Table

_PLACE = "migration_checks_place"


def holdable(shop: Workshop, written: Table, now: Table, columns: Columns) -> Table:
    """`written` with only those rows whose values the table `now`, as it is defined, has a place for.

    Each row that has a partner in `now` is given its written values once more, one that is gone is inserted, and what that
    wrote is rolled back. A row that a constraint or a type refuses cannot be held, nor can one that comes out as it already
    stands there, rounded or cut. What cannot be tried counts as holdable: a converted column, a row whose parent is gone as
    well, a value that a trigger minds.
    """
    key = common_key(shop, written, now, columns)
    tried = [pair for pair in columns.pairs if pair not in key and not pair[1].generated and _comparable(pair)]
    if not key or not tried:
        return written
    rows = temporary(shop, "tried", f"SELECT r.*, row_number() OVER () AS {_PLACE} FROM {written.relation} AS r")
    texts = ", ".join(f"r.{quoted(left.name)}::text" for left, _ in (*key, *tried))
    found = shop.rows(f"SELECT {_PLACE}, ARRAY[{texts}]::text[] FROM {rows} AS r")
    given = {right.name for _, right in (*key, *tried)}
    others = frozenset(column.name for column in now.columns if column.name not in given)
    trial = _Trial(shop, now.name, [right.name for _, right in key], [right.name for _, right in tried], others)
    refused = [str(place) for place, values in found if not trial.fits(values)]
    if not refused:
        return written
    fitting = temporary(shop, "fitting", f"SELECT * FROM {rows} WHERE {_PLACE} NOT IN ({', '.join(refused)})")
    return replace(written, relation=fitting, rows=len(found) - len(refused), digests={})


def _comparable(pair: ColumnPair) -> bool:
    """Whether a value means the same in both columns as it is spelled: a conversion could be of another unit."""
    left, right = pair
    return base(left) == base(right) or all(is_text(each) for each in pair) or all(is_integer(each) for each in pair)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Writes values to a row of `table`, found by `key`, and takes that back; for the `others` no values are known."""

    shop: Workshop
    table: str
    key: Sequence[str]
    columns: Sequence[str]
    others: frozenset[str]

    def fits(self, values: Sequence[str | None]) -> bool:
        """Whether the table takes `values` (of the key, then of the columns) for what they are."""
        try:
            with self.shop.connection.transaction(force_rollback=True):
                return self._written(values[: len(self.key)], values[len(self.key) :])
        except psycopg.errors.ForeignKeyViolation:
            return self._standing(values[: len(self.key)]) == []
        except (psycopg.errors.IntegrityError, psycopg.errors.DataError) as error:
            return error.diag.column_name in self.others
        except psycopg.Error:
            return True

    def _written(self, key: Sequence[str | None], values: Sequence[str | None]) -> bool:
        standing = self._standing(key)
        if not standing:
            return self._inserted([*key, *values])
        if len(standing) > 1:
            return True
        given = ", ".join(f"{quoted(name)} = {_constant(value)}" for name, value in zip(self.columns, values, strict=True))
        update = f"UPDATE {self.table} SET {given} WHERE {self._here(key)} RETURNING {_texts(self.columns)}"
        now = self.shop.rows(update)
        differing = [place for place, value in enumerate(values) if value != standing[0][place]]
        return not differing or not now or any(now[0][0][place] != standing[0][place] for place in differing)

    def _inserted(self, values: Sequence[str | None]) -> bool:
        """Whether a new row comes out as it was given, or a trigger did something else with it."""
        names = [*self.key, *self.columns]
        listed, given = ", ".join(map(quoted, names)), ", ".join(map(_constant, values))
        insert = f"INSERT INTO {self.table} ({listed}) OVERRIDING SYSTEM VALUE VALUES ({given}) RETURNING {_texts(names)}"
        now = self.shop.rows(insert)
        return not now or list(now[0][0]) == list(values)

    def _standing(self, key: Sequence[str | None]) -> list[list[str | None]]:
        """The values of the rows that have that key."""
        return [row[0] for row in self.shop.rows(f"SELECT {_texts(self.columns)} FROM {self.table} WHERE {self._here(key)}")]

    def _here(self, key: Sequence[str | None]) -> str:
        return " AND ".join(f"{quoted(name)}::text = {_constant(value)}" for name, value in zip(self.key, key, strict=True))


def _texts(names: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(f'{quoted(name)}::text' for name in names)}]::text[]"


def _constant(value: str | None) -> str:
    """SQL of a value whose type the column decides: too long a text is then refused, not cut."""
    return "NULL" if value is None else literal(value)

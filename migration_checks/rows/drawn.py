"""Names for rows whose keys a step draws: two runs give them different numbers, so they are known by what they hold."""

from __future__ import annotations

from collections.abc import Mapping

from migration_checks.rows.identity import Tables, pair_columns, same_table
from migration_checks.rows.mirrors import is_mirror, source
from migration_checks.rows.run_made import Window
from migration_checks.rows.values import base, is_moment, plain, quoted
from migration_checks.rows.volatile import KEY, NAME, within
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table

KNOWN = "key "
"""How the name of a row begins that both runs found; any other begins with "row" or a parenthesis."""


class Drawn:
    """The rows that each of two runs of one step made under keys of its own drawing, or under such keys of other rows.

    `before` and `after` are the tables as the runs left them, `origin` as both found them: a row whose key was there is the
    row it was, whatever it holds now. A new row of a table whose key is drawn (by a sequence, at random), and any row where
    the step added that key, is named by its other columns; where one of them, or the key itself, refers to a row with a drawn
    key, by that row's name.
    """

    def __init__(self, shop: Workshop, before: Tables, after: Tables, origin: Tables, windows: tuple[Window, Window]) -> None:
        self._shop = shop
        self._before = before
        self._after = {table.oid: table for table in after.values()}
        self._origin = origin
        self._windows = windows
        self._made: dict[int, tuple[str, str] | None] = {}

    def created(self, table: Table) -> frozenset[str]:
        """Columns with drawn values that both runs added to a table: numbers that say nothing of the row."""
        origin = same_table(table, self._origin)
        there = {right.name for _, right in pair_columns(origin, table).pairs} if origin is not None else frozenset()
        return frozenset(column.name for column in table.columns if column.drawn and column.name not in there)

    def names(self, oid: int) -> tuple[str, str] | None:
        """Relations of (KEY text, NAME text) for each run's rows of a table; None where keys are not drawn, or in a circle."""
        if oid not in self._made:
            self._made[oid] = None  # a circle of references is cut here
            table = self._after.get(oid)
            first = same_table(table, self._before) if table is not None else None
            if table is not None and first is not None and self._by_content(first, table):
                self._made[oid] = self._build(first, table, 0), self._build(first, table, 1)
        return self._made[oid]

    def references(self, table: Table) -> Mapping[str, tuple[str, str]]:
        """The names behind each column of `table` that alone refers to the drawn key of a table."""
        found = {}
        for reference in table.references:
            target = self._after.get(reference.oid)
            if target is not None and len(reference.columns) == 1 and reference.referenced == target.key:
                names = self.names(reference.oid)
                if names is not None:
                    found[reference.columns[0]] = names
        return found

    def forget(self) -> None:
        """Make every relation anew: what was made in a transaction that failed is gone."""
        self._made.clear()

    def _by_content(self, first: Table, table: Table) -> bool:
        if first.unread or table.unread or first.key != table.key or len(table.key) != 1:
            return False
        known = self._known(table)
        if known is not None and not (is_mirror(known) and known.key == table.key and not known.unread):
            return False
        drawn = any(column.drawn for column in table.columns if column.name in table.key)
        return drawn or table.key[0] in self.references(table)

    def _known(self, table: Table) -> Table | None:
        """The table as both runs found it, if it had rows, and they a key that was not added only now."""
        origin = same_table(table, self._origin)
        return origin if origin is not None and origin.rows and not self.created(table) & set(table.key) else None

    def _build(self, first: Table, table: Table, side: int) -> str:
        each, key = (first, table)[side], quoted(table.key[0])
        behind = self.references(table)
        skipped = self.created(table) | (set(table.key) - behind.keys())
        parts = [self._part(column, behind, side) for column in table.columns if column.name not in skipped]
        name = f"ROW({', '.join(parts)})::text"
        origin = self._known(table)
        if origin is not None:
            known = f"SELECT o.{key}::text FROM {source(origin)} AS o"
            name = f"CASE WHEN r.{key}::text IN ({known}) THEN '{KNOWN}' || r.{key}::text ELSE 'row ' || {name} END"
        relation = self._shop.temporary("names")
        query = f"SELECT r.{key}::text AS {KEY}, {name} AS {NAME} FROM {source(each)} AS r"
        self._shop.execute(f"CREATE TEMPORARY TABLE {relation} ON COMMIT DROP AS {query}")
        return relation

    def _part(self, column: Column, behind: Mapping[str, tuple[str, str]], side: int) -> str:
        value = f"r.{quoted(column.name)}"
        if column.name in behind:
            return f"(SELECT n.{NAME} FROM {behind[column.name][side]} AS n WHERE n.{KEY} = {value}::text)"
        if is_moment(column):
            return f"CASE WHEN {within(value, base(column), self._windows[side])} THEN 'now' ELSE {value}::text END"
        return plain(value, column)


def unpaired(shop: Workshop, names: tuple[str, str], before: str, after: str, key: str) -> tuple[str, str, int]:
    """What is left of two relations when new rows of one name are paired off, in temporary tables, and how many pairs."""
    new = f"left({NAME}, {len(KNOWN)}) <> '{KNOWN}'"  # a row that was there is not known by what it holds
    place = f"row_number() OVER (PARTITION BY {NAME} ORDER BY {KEY}) AS place"
    placed = [f"SELECT {KEY}, {NAME}, {place} FROM {each} WHERE {new}" for each in names]
    pairs = shop.temporary("paired")
    shop.execute(
        f"CREATE TEMPORARY TABLE {pairs} ON COMMIT DROP AS SELECT x.{KEY} AS b, y.{KEY} AS a "
        f"FROM ({placed[0]}) AS x JOIN ({placed[1]}) AS y USING ({NAME}, place)"
    )
    rest = []
    for relation, side in ((before, "b"), (after, "a")):
        rest.append(shop.temporary("rest"))
        shop.execute(
            f"CREATE TEMPORARY TABLE {rest[-1]} ON COMMIT DROP AS "
            f"SELECT r.* FROM {relation} AS r WHERE r.{key}::text NOT IN (SELECT {side} FROM {pairs})"
        )
    return rest[0], rest[1], int(shop.row(f"SELECT count(*) FROM {pairs}")[0])

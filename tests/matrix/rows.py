"""Kinds of corruption of rows, and of what belongs together: dropped, duplicated, swapped, re-pointed, left behind."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.matrix.plant import Plant
from tests.matrix.shapes import Carried, Shape, draw_carried, draw_shape, rename, side
from tests.matrix.values import struck

Strike = Callable[[str, str], str]
Draw = Callable[[str, random.Random], Plant]


def _simple(strike: Strike, type: str = "text", *, keyless: bool = False) -> Draw:
    """A kind that strikes the rows of the table itself, whatever else happens to its column."""

    def draw(token: str, dice: random.Random) -> Plant:
        shape = draw_shape(dice, token, type, keyless=keyless)
        carried = draw_carried(dice, shape)
        name = carried.column if carried.table == shape.table else "o0"
        return struck(
            token, carried, (shape.create,), (f"DROP TABLE {shape.table}",),
            strike(shape.table, name), strike(shape.table, shape.column),
        )  # fmt: skip

    return draw


def _first(table: str, column: str, where: str = "true", offset: int = 0) -> str:
    """SQL of one row's ctid: the first by what it holds."""
    return f"(SELECT ctid FROM {table} WHERE {where} ORDER BY {table}::text LIMIT 1 OFFSET {offset})"


def _drop_row(table: str, column: str) -> str:
    return f"DELETE FROM {table} WHERE ctid = {_first(table, column)}"


def _drop_where_null(table: str, column: str) -> str:
    return f"DELETE FROM {table} WHERE {column} IS NULL"


def _duplicate(table: str, column: str) -> str:
    return f"INSERT INTO {table} SELECT * FROM {table} WHERE ctid = {_first(table, column)}"


def _drop_one_of_two(table: str, column: str) -> str:
    twin = f"SELECT max(ctid) FROM {table} GROUP BY {table}::text HAVING count(*) > 1 ORDER BY {table}::text LIMIT 1"
    return f"DELETE FROM {table} WHERE ctid = ({twin})"


def _swap(table: str, column: str) -> str:
    """Two rows exchange the values of a column."""
    low, high = (f"(SELECT {agg}({column}::text) FROM {table})" for agg in ("min", "max"))
    pick = f"(SELECT ctid FROM {table} WHERE {column}::text = {{}} ORDER BY {table}::text LIMIT 1)"
    return (
        f"UPDATE {table} a SET {column} = b.{column} FROM {table} b "
        f"WHERE (a.ctid = {pick.format(low)} AND b.ctid = {pick.format(high)}) "
        f"OR (a.ctid = {pick.format(high)} AND b.ctid = {pick.format(low)})"
    )


def _rotate(table: str, column: str) -> str:
    """Every row gets the value of the one before it."""
    ordered = f"SELECT ctid AS row, lag({column}) OVER (ORDER BY {table}::text) AS value FROM {table}"
    return f"UPDATE {table} t SET {column} = r.value FROM ({ordered}) r WHERE r.row = t.ctid"


def _keyed_duplicate(token: str, dice: random.Random) -> Plant:
    """A row is there twice, the second time with a key of its own."""
    shape = Shape(f"{token}_t", "v", "text", (("id", "bigint PRIMARY KEY"),), ("int",))
    carried = rename(shape)

    def strike(column: str) -> str:
        return (
            f"INSERT INTO {shape.table} (id, o0, {column}) SELECT 777000777, o0, {column} FROM {shape.table} "
            f"WHERE id = (SELECT min(id) FROM {shape.table})"
        )

    return struck(token, carried, (shape.create,), (f"DROP TABLE {shape.table}",), strike("w"), strike("v"))


def _family(strike: Callable[[str, str], str], *, nullable: bool = True) -> Draw:
    """A kind that strikes children, which refer to parents."""

    def draw(token: str, dice: random.Random) -> Plant:
        parent, child = f"{token}_p", f"{token}_c"
        key = dice.choice(("int", "bigint", "uuid"))
        null = "" if nullable else " NOT NULL"
        create = (
            f"CREATE TABLE {parent} (id {key} PRIMARY KEY, name text)",
            f"CREATE TABLE {child} (id int PRIMARY KEY, p{null} {key} REFERENCES {parent}, note text)".replace(
                f"p{null} {key}", f"p {key}{null}"
            ),
        )
        up = (f"ALTER TABLE {child} RENAME p TO q", f"ALTER TABLE {parent} ADD extra int")
        down = (f"ALTER TABLE {child} RENAME q TO p", f"ALTER TABLE {parent} DROP extra")
        carried = Carried(up, down, child, "q")
        drop = (f"DROP TABLE {child}", f"DROP TABLE {parent}")
        return struck(token, carried, create, drop, strike(token, "q"), strike(token, "p"))

    return draw


def _repoint(token: str, column: str) -> str:
    child, parent = f"{token}_c", f"{token}_p"
    return (
        f"UPDATE {child} c SET {column} = (SELECT id FROM {parent} p WHERE p.id <> c.{column} ORDER BY id LIMIT 1) "
        f"WHERE c.id = (SELECT min(id) FROM {child} WHERE {column} IS NOT NULL)"
    )


def _shuffle(token: str, column: str) -> str:
    """The children keep being referred to as often, by others."""
    child = f"{token}_c"
    ordered = (
        f"SELECT id, first_value({column}) OVER w AS first, lead({column}) OVER w AS next "
        f"FROM {child} WINDOW w AS (ORDER BY id)"
    )
    return f"UPDATE {child} c SET {column} = coalesce(o.next, o.first) FROM ({ordered}) o WHERE o.id = c.id"


def _cut(token: str, column: str) -> str:
    return f"UPDATE {token}_c SET {column} = NULL WHERE id = (SELECT min(id) FROM {token}_c WHERE {column} IS NOT NULL)"


def _inner_join(token: str, column: str) -> str:
    return f"DELETE FROM {token}_c c WHERE NOT EXISTS (SELECT FROM {token}_p p WHERE p.id = c.{column})"


def _wrong_row(token: str, dice: random.Random) -> Plant:
    """Values that move to a table of their own, or back, arrive at the row beside theirs."""
    shape = Shape(f"{token}_t", "v", "text", (("id", "int PRIMARY KEY"),), ("date",))
    carried = side(shape)

    def strike(table: str, column: str) -> str:
        ordered = (
            f"SELECT id, coalesce(lead({column}) OVER w, first_value({column}) OVER w) AS v "
            f"FROM {table} WINDOW w AS (ORDER BY id)"
        )
        return f"UPDATE {table} t SET {column} = o.v FROM ({ordered}) o WHERE o.id = t.id"

    drop = (f"DROP TABLE {shape.table}",)
    return struck(token, carried, (shape.create,), drop, strike(carried.table, "w"), strike(shape.table, "v"))


def _cascade(token: str, dice: random.Random) -> Plant:
    """A parent is deleted, and its children with it."""
    parent, child = f"{token}_p", f"{token}_c"
    create = (
        f"CREATE TABLE {parent} (id int PRIMARY KEY, name text)",
        f"CREATE TABLE {child} (id int PRIMARY KEY, p int NOT NULL REFERENCES {parent} ON DELETE CASCADE, note text)",
    )
    carried = Carried((f"ALTER TABLE {child} ADD extra int",), (f"ALTER TABLE {child} DROP extra",), child, "p")
    gone = f"DELETE FROM {parent} WHERE id = (SELECT min(p) FROM {child})"
    return struck(token, carried, create, (f"DROP TABLE {child}", f"DROP TABLE {parent}"), gone, gone)


def _partition(token: str, dice: random.Random) -> Plant:
    """Rows of a partition are not carried over when the table is partitioned, or made one piece again."""
    table, parts = f"{token}_t", f"{token}_parts"
    moduli = dice.randint(2, 4)
    up = (
        f"CREATE TABLE {parts} (id int PRIMARY KEY, v text) PARTITION BY HASH (id)",
        *(
            f"CREATE TABLE {parts}_{each} PARTITION OF {parts} FOR VALUES WITH (MODULUS {moduli}, REMAINDER {each})"
            for each in range(moduli)
        ),
        f"INSERT INTO {parts} SELECT * FROM {table}",
        f"DROP TABLE {table}",
    )
    down = (
        f"CREATE TABLE {table} (id int PRIMARY KEY, v text)",
        f"INSERT INTO {table} SELECT * FROM {parts}",
        f"DROP TABLE {parts}",
    )
    above = f"DELETE FROM {parts}_0 WHERE id = (SELECT min(id) FROM {parts}_0)"
    below = f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})"
    create = (f"CREATE TABLE {table} (id int PRIMARY KEY, v text)",)
    return struck(token, Carried(up, down, parts, "v"), create, (f"DROP TABLE {table}",), above, below)


def _sequence(token: str, dice: random.Random) -> Plant:
    """A rebuilt table hands out keys from one on, although rows have them."""
    table = f"{token}_t"

    def rebuilt(old: str, new: str) -> tuple[str, ...]:
        return (
            f"CREATE TABLE {new} (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v text)",
            f"INSERT INTO {new} (id, v) SELECT id, v FROM {old}",
            f"SELECT setval(pg_get_serial_sequence('{new}', 'id'), (SELECT max(id) FROM {new}))",
            f"DROP TABLE {old}",
        )

    up, down = rebuilt(table, f"{token}_u"), rebuilt(f"{token}_u", table)
    return Plant(
        token, (f"CREATE TABLE {table} (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v text)",),
        (f"DROP TABLE {table}",), up, down, (*up[:2], up[3]), (*down[:2], down[3]), None,
    )  # fmt: skip


ROWS: dict[str, Draw] = {
    "row dropped": _simple(_drop_row),
    "rows with NULL dropped": _simple(_drop_where_null),
    "row duplicated under a new key": _keyed_duplicate,
    "row duplicated without a key": _simple(_duplicate, keyless=True),
    "one of two equal rows without a key dropped": _simple(_drop_one_of_two, keyless=True, type="boolean"),
    "row without a key dropped": _simple(_drop_row, keyless=True),
    "numbers swapped between two rows": _simple(_swap, type="int"),
    "texts swapped between two rows": _simple(_swap),
    "values swapped between rows without a key": _simple(_swap, keyless=True),
    "values shifted by one row": _simple(_rotate),
    "moved values attached to the wrong row": _wrong_row,
    "foreign key re-pointed": _family(_repoint),
    "children shuffled among parents": _family(_shuffle),
    "reference cut": _family(_cut),
    "children without a parent dropped by a join": _family(_inner_join),
    "children gone with their parent": _cascade,
    "row of a partition lost": _partition,
    "sequence not advanced": _sequence,
}

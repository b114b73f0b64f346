"""Matches rows that no key identifies: first those that are equal, then those that agree in what a step left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from migration_checks.rows.identity import ColumnPair
from migration_checks.rows.values import hashed, is_document, is_moment, plain, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column

# A column of the user's may bear any name, and must not be taken for one of ours.
ID = '"migration_checks id"'
_PLACE = '"migration_checks place"'
_TEXT = '"migration_checks text"'
_PAIRED = '"migration_checks paired"'

Chance = Callable[[ColumnPair, int, str], str]
"""SQL that is true when the value of a pair of columns on one side (0 or 1) is of that run's making."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """Rows of either side that have no partner yet: temporary tables with all columns and a number (ID) a row."""

    before: str
    after: str
    rows_before: int
    rows_after: int


def leftover_by_value(shop: Workshop, before: str, after: str, pairs: Sequence[ColumnPair]) -> Leftover:
    """What is left when rows written exactly alike are paired off: one pass of hashing a side, then only what differs.

    `before` and `after` are SQL of relations; they are compared as multisets over `pairs`.
    """
    ours, theirs = (_row_hash(pairs, side) for side in (0, 1))
    odd = temporary(
        shop,
        "odd",
        f"""
        SELECT h, coalesce(x.n, 0) AS ours, coalesce(y.n, 0) AS theirs
        FROM (SELECT {ours} AS h, count(*) AS n FROM {before} AS r GROUP BY 1) AS x
        FULL JOIN (SELECT {theirs} AS h, count(*) AS n FROM {after} AS r GROUP BY 1) AS y USING (h)
        WHERE x.n IS DISTINCT FROM y.n""",
    )
    tables = [
        temporary(
            shop,
            "left",
            f"""
            SELECT r.*, row_number() OVER () AS {ID}
            FROM (SELECT r.*, o.{other} AS {_PAIRED}, row_number() OVER (PARTITION BY o.h) AS {_PLACE}
                  FROM {relation} AS r JOIN {odd} AS o ON o.h = {hash}) AS r
            WHERE {_PLACE} > {_PAIRED}""",
        )
        for relation, hash, other in ((before, ours, "theirs"), (after, theirs, "ours"))
    ]
    return Leftover(tables[0], tables[1], *_sizes(shop, *tables))


def leftover_by_key(
    shop: Workshop, before: str, after: str, on: str, rows_before: int | None = None, rows_after: int | None = None
) -> Leftover:
    """What is left when rows are joined `on` a condition between the aliases b and a, under which rows are unique.

    The numbers of rows, where they are known, spare the search on a side that cannot have any.
    """
    ours = temporary(shop, "left", _alone("b", before, "a", after, on))
    missing: int = shop.row(f"SELECT count(*) FROM {ours}")[0]
    known = rows_before is not None and rows_after is not None
    none = known and rows_before - missing == rows_after  # type: ignore[operator]
    theirs = temporary(shop, "left", _alone("a", after, "b", before, "false" if none else on) + (" LIMIT 0" if none else ""))
    added: int = 0 if none else shop.row(f"SELECT count(*) FROM {theirs}")[0]
    return Leftover(ours, theirs, missing, added)


def _alone(one: str, relation: str, other: str, partner: str, on: str) -> str:
    return f"""SELECT {one}.*, row_number() OVER () AS {ID} FROM {relation} AS {one}
               WHERE NOT EXISTS (SELECT FROM {partner} AS {other} WHERE {on})"""


def pair_off(
    shop: Workshop,
    left: Leftover,
    agreeing: Sequence[ColumnPair],
    order: Sequence[ColumnPair],
    *,
    unique: bool,
    chance: Chance | None = None,
) -> str:
    """Pair rows that agree in meaning in all of `agreeing`, a temporary table (b, a) of their numbers.

    Within a group rows are paired in `order`; with `unique` only groups of one row a side are paired at all. Values that
    `chance` explains agree with one another.
    """
    texts = [[_meaning(shop, pair, side, chance) for pair in agreeing] for side in (0, 1)]
    orders = [[f"r.{quoted(pair[side].name)}::text" for pair in order] for side in (0, 1)]
    shop.finish()
    ranked = [
        f"""SELECT {ID} AS id, {_TEXT} AS text, count(*) OVER (PARTITION BY {_TEXT}) AS size,
                   row_number() OVER (PARTITION BY {_TEXT} ORDER BY {", ".join([*order_by, ID])}) AS place
            FROM (SELECT r.*, ROW({", ".join(text)})::text AS {_TEXT} FROM {table} AS r) AS r"""
        for table, text, order_by in zip((left.before, left.after), texts, orders, strict=True)
    ]
    single = "WHERE x.size = 1 AND y.size = 1" if unique else ""
    return temporary(
        shop,
        "pairs",
        f"""
        SELECT x.id AS b, y.id AS a FROM ({ranked[0]}) AS x JOIN ({ranked[1]}) AS y USING (text, place) {single}""",
    )


def paired(left: Leftover, pairs: str) -> str:
    """A FROM clause of the paired rows, with the aliases b and a."""
    return f"{pairs} AS p JOIN {left.before} AS b ON b.{ID} = p.b JOIN {left.after} AS a ON a.{ID} = p.a"


def without_pairs(shop: Workshop, left: Leftover, pairs: str) -> Leftover:
    """What is still left after pairing."""
    found = shop.row(f"SELECT count(*) FROM {pairs}")[0]
    if found:
        shop.execute(f"DELETE FROM {left.before} WHERE {ID} IN (SELECT b FROM {pairs})")
        shop.execute(f"DELETE FROM {left.after} WHERE {ID} IN (SELECT a FROM {pairs})")
    return Leftover(left.before, left.after, left.rows_before - found, left.rows_after - found)


def temporary(shop: Workshop, prefix: str, query: str) -> str:
    """A temporary table of the current transaction that holds what `query` selects."""
    name = shop.temporary(prefix)
    shop.execute(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {query}")
    return name


def _sizes(shop: Workshop, before: str, after: str) -> tuple[int, int]:
    ours, theirs = shop.row(f"SELECT (SELECT count(*) FROM {before}), (SELECT count(*) FROM {after})")
    return ours, theirs


def _row_hash(pairs: Sequence[ColumnPair], side: int) -> str:
    parts = []
    for pair in pairs:
        column: Column = pair[side]
        value = f"r.{quoted(column.name)}"
        if hashed(pair[0])[0] == hashed(pair[1])[0]:
            parts.append(hashed(column)[1](value, "7"))
        else:
            parts.append(f"hashtextextended({plain(value, column)}, 7)")
    return f"hash_record_extended(ROW({', '.join(parts)}), 7)" if parts else "0::bigint"


def _meaning(shop: Workshop, pair: ColumnPair, side: int, chance: Chance | None) -> str:
    """SQL of text that is the same on both sides when the values mean the same, or are both of their run's making."""
    value = f"r.{quoted(pair[side].name)}"
    meaning = _spelled(shop, pair, side, value)
    explained = chance(pair, side, value) if chance else "false"
    return meaning if explained == "false" else f"CASE WHEN {explained} THEN 'migration_checks run' ELSE {meaning} END"


def _spelled(shop: Workshop, pair: ColumnPair, side: int, value: str) -> str:
    column = pair[side]
    if any(is_document(each) for each in pair):
        return f"coalesce({shop.cast(f'{value}::text', 'text', 'jsonb')}::text, {value}::text)"
    if all(is_moment(each) for each in pair) and len({each.type for each in pair}) > 1:
        return f"{value}::timestamptz::text"
    return plain(value, column)

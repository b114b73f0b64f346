"""Where rows lead to: the same row, rows that refer to it or that it refers to, rows that carry its key or its content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration_checks.rows.chain import Chain
from migration_checks.rows.identity import pair_columns
from migration_checks.rows.keys import equal
from migration_checks.rows.lineup import ROW, Lineup, anchor
from migration_checks.rows.mirrors import source
from migration_checks.rows.spelling import spelled
from migration_checks.rows.values import base, is_number, is_text, plain, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Reference, Table

_COVERAGE = 0.6
"""The share of a column's values that must be keys of a table before it is taken for an undeclared reference to it."""


@dataclass(frozen=True, slots=True)
class Link:
    """`join` leads from a lost value g (with the names of its row before, kid, and after, akid) to rows x of `table`.

    `via` are columns of `table` that the link itself uses. `how` is the word of Destination. `single` says that no value
    has more than one such row.
    """

    how: str
    table: Table
    join: str
    via: tuple[str, ...] = ()
    single: bool = False


def same_row(lineup: Lineup) -> Iterator[Link]:
    """The row itself, as it is now."""
    if lineup.right is not None:
        yield Link("same row", lineup.right, f"JOIN {anchor(lineup, 1)} AS x ON x.{ROW} = g.akid", single=bool(lineup.left.key))


def referencing(lineup: Lineup, chain: Chain) -> Iterator[Link]:
    """Rows that refer to the row by a foreign key of now or of before, and rows beyond those that link two tables."""
    for table, reference in _references_to(lineup, chain):
        start = _start(lineup, reference.referenced)
        columns = _columns(table, reference.columns)
        if start is None or columns is None:
            continue
        join, alias, referenced = start
        on, beyond = (
            " AND ".join(equal(alias, left, other, right) for left, right in zip(referenced, columns, strict=True))
            for other in ("x", "y")
        )
        yield Link("referencing row", table, f"{join} JOIN {source(table)} AS x ON {on}", reference.columns)
        yield from _beyond(chain, table, reference, f"{join} JOIN {source(table)} AS y ON {beyond}")


def _beyond(chain: Chain, table: Table, reference: Reference, join: str) -> Iterator[Link]:
    """What a table that links rows of two tables leads to."""
    for other in table.references:
        target = chain.after_by_oid.get(other.oid)
        own = _columns(table, other.columns)
        if other == reference or target is None or target.unread or own is None or target.oid == reference.oid:
            continue
        there = _columns(target, other.referenced)
        if there is not None:
            on = " AND ".join(equal("y", left, "x", right) for left, right in zip(own, there, strict=True))
            yield Link("referencing row", target, f"{join} JOIN {source(target)} AS x ON {on}", other.referenced)


def referenced(lineup: Lineup, chain: Chain) -> Iterator[Link]:
    """Rows that the row refers to, by a foreign key that it has now or had before."""
    for side, table in enumerate((lineup.left, lineup.right)):
        for reference in table.references if table is not None else ():
            target = chain.after_by_oid.get(reference.oid) or chain.after.get(reference.table)
            assert table is not None, "only an existing side has references"
            own = _columns(table, reference.columns)
            there = _columns(target, reference.referenced) if target is not None and not target.unread else None
            if target is None or own is None or there is None:
                continue
            on = " AND ".join(equal("t", left, "x", right) for left, right in zip(own, there, strict=True))
            name = ("kid", "akid")[side]
            join = f"JOIN {anchor(lineup, side)} AS t ON t.{ROW} = g.{name} JOIN {source(target)} AS x ON {on}"
            yield Link("referenced row", target, join, reference.referenced)


def carriers(shop: Workshop, lineup: Lineup, tables: Sequence[Table]) -> Iterator[Link]:
    """Rows of `tables` that hold the row's key without a foreign key: under the same names, or as an obvious reference."""
    key = [pair[0] for pair in lineup.naming if pair[0].name in lineup.left.key]
    if not key or not lineup.left.rows:
        return
    for table in tables:
        same = _columns(table, tuple(column.name for column in key))
        if same is not None:
            yield _carrier(table, same)
        for column in table.columns if len(key) == 1 else ():
            if (same is None or column not in same) and _covers(shop, lineup, key[0], table, column):
                yield _carrier(table, [column])


def content(shop: Workshop, lineup: Lineup, dead: str, tables: Sequence[Table]) -> Iterator[Link]:
    """Rows of `tables` with the same content under the same names, whatever their keys; `dead` holds the rows sought.

    The content must tell rows apart; without a key the tables must hold it as often as it was.
    """
    for table in tables:
        names = [column.name for column in lineup.left.columns if _columns(table, (column.name,))]
        names = [name for name in names if name not in lineup.left.key] or names
        ours, theirs = _columns(lineup.left, names), _columns(table, names)
        if not names or ours is None or theirs is None:
            continue
        texts = [
            f"ROW({', '.join(spelled(shop, f'{alias}.{quoted(each.name)}', each) for each in columns)})::text"
            for alias, columns in (("t", ours), ("r", theirs))
        ]
        shop.finish()
        if _telling(shop, lineup, dead, table, texts):
            there = f"(SELECT {texts[1]} AS {ROW}, r.* FROM {source(table)} AS r)"
            join = f"JOIN {anchor(lineup, 0)} AS t ON t.{ROW} = g.kid JOIN {there} AS x ON x.{ROW} = {texts[0]}"
            yield Link("new table", table, join)


def _telling(shop: Workshop, lineup: Lineup, dead: str, table: Table, texts: Sequence[str]) -> bool:
    rows, distinct, held = shop.row(f"""
        SELECT coalesce(sum(s.n), 0), count(*), coalesce(sum(least(s.n, r.n)), 0)
        FROM (SELECT {texts[0]} AS c, count(*) AS n FROM {dead} AS t GROUP BY 1) AS s
        LEFT JOIN (SELECT {texts[1]} AS c, count(*) AS n FROM {source(table)} AS r GROUP BY 1) AS r USING (c)""")
    return bool(held) and (distinct * 2 >= rows if lineup.left.key else held * 2 >= rows)


def _carrier(table: Table, columns: Sequence[Column]) -> Link:
    texts = [plain(f"r.{quoted(column.name)}", column) for column in columns]
    name = texts[0] if len(texts) == 1 else f"ROW({', '.join(texts)})::text"
    join = f"JOIN (SELECT {name} AS {ROW}, r.* FROM {source(table)} AS r) AS x ON x.{ROW} = g.kid"
    return Link("referencing row", table, join, tuple(column.name for column in columns))


def _covers(shop: Workshop, lineup: Lineup, key: Column, table: Table, column: Column) -> bool:
    """Whether a column holds keys of the table. Numbers are alike everywhere: their column must also be named for it."""
    if any(column.name in reference.columns for reference in table.references):
        return False
    if is_number(key) or is_number(column):
        stem = lineup.left.name.rpartition(".")[2].strip('"').lower()
        hints = {f"{each}_{key.name}" for each in (stem, stem.removesuffix("s"), stem.removesuffix("es"))}
        if not (is_number(key) and is_number(column)) or column.name.lower() not in hints:
            return False
    elif not ({base(key), base(column)} <= {"uuid"} or is_text(column) or is_text(key)):
        return False
    values = f"SELECT DISTINCT {plain(f'x.{quoted(column.name)}', column)} AS v FROM {source(table)} AS x LIMIT 500"
    query = f"""SELECT coalesce(avg((t.{ROW} IS NOT NULL)::int), 0) FROM ({values}) AS s
                LEFT JOIN {anchor(lineup, 0)} AS t ON t.{ROW} = s.v WHERE s.v IS NOT NULL"""
    return float(shop.row(query)[0]) >= _COVERAGE


def _references_to(lineup: Lineup, chain: Chain) -> Iterator[tuple[Table, Reference]]:
    """Tables of now with a foreign key to the table, of now or, translated to the names of now, of before."""
    seen = set()
    for table in chain.after.values():
        for reference in table.references:
            if lineup.right is not None and reference.oid == lineup.right.oid and not table.unread:
                seen.add((table.oid, reference.columns))
                yield table, reference
    for old in chain.before.values():
        now = chain.now(old)
        for reference in old.references if now is not None and not now.unread else ():
            assert now is not None, "checked above"
            pairs = pair_columns(old, now).onward(reference.columns)
            if reference.oid == lineup.left.oid and pairs is not None:
                columns = tuple(right.name for _, right in pairs)
                if (now.oid, columns) not in seen:
                    yield now, Reference(columns, reference.table, reference.oid, reference.referenced)


def _start(lineup: Lineup, names: tuple[str, ...]) -> tuple[str, str, list[Column]] | None:
    """A join to the row's own columns `names`: as they are now where the row stayed, else as they were."""
    if lineup.right is not None and lineup.same and (columns := _columns(lineup.right, names)) is not None:
        return f"JOIN {anchor(lineup, 1)} AS t ON t.{ROW} = g.akid", "t", columns
    if (columns := _columns(lineup.left, names)) is not None:
        return f"JOIN {anchor(lineup, 0)} AS t ON t.{ROW} = g.kid", "t", columns
    return None


def _columns(table: Table, names: Sequence[str]) -> list[Column] | None:
    found = {column.name: column for column in table.columns}
    return [found[name] for name in names] if all(name in found for name in names) else None

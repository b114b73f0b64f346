"""Lines up the rows of one table before and after a step: which stayed the same row, and which are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from migration_checks.rows.identity import ColumnPair, Columns, pair_columns, same_rows
from migration_checks.rows.keys import common_key, joined
from migration_checks.rows.matching import ID, Leftover, leftover_by_key, leftover_by_value, pair_off, paired, temporary
from migration_checks.rows.mirrors import source
from migration_checks.rows.values import plain, quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table

ROW = '"migration_checks row"'
"""The column of `anchor` that names a row."""


@dataclass(frozen=True, slots=True)
class Lineup:
    """Rows of `left` and `right` as FROM clauses with the aliases b and a.

    `naming` are the columns whose values name a row: the key, or without one all that both sides have. `same` are clauses of
    rows that stayed, `gone` is a relation of those that are no more. Without a key, `by_value` holds the rows that stayed as
    they were; any later row that is equal may be one of them. `rest` holds the rows that the key alone does not match.
    """

    left: Table
    right: Table | None
    columns: Columns
    naming: tuple[ColumnPair, ...]
    same: tuple[str, ...]
    gone: str | None
    gone_rows: int
    rest: Leftover | None = None
    by_value: str | None = None

    def named(self, side: int, alias: str) -> str:
        """SQL for the text that names a row of either side."""
        return name_of([pair[side] for pair in self.naming], alias)


def name_of(columns: Sequence[Column], alias: str) -> str:
    """SQL for one text of several values."""
    texts = [plain(f"{alias}.{quoted(column.name)}", column) for column in columns]
    return texts[0] if len(texts) == 1 else f"ROW({', '.join(texts)})::text"


def anchor(lineup: Lineup, side: int) -> str:
    """SQL of a relation with the rows of one side, each with its name in ROW."""
    table = (lineup.left, lineup.right)[side]
    assert table is not None, "only a side that exists is asked for"
    return f"(SELECT {lineup.named(side, 'r')} AS {ROW}, r.* FROM {source(table)} AS r)"


def line_up(shop: Workshop, left: Table, right: Table | None) -> Lineup:
    """Line up the rows of a table that a step touched, or dropped (`right` is None)."""
    if right is None:
        naming = tuple((column, column) for column in left.columns if not left.key or column.name in left.key)
        return Lineup(left, None, Columns((), left.columns, ()), naming, (), source(left), left.rows)
    columns = pair_columns(left, right)
    before, after = source(left), source(right)
    key = common_key(shop, left, right, columns)
    if not key:
        return _by_value(shop, left, right, columns)
    same = [f"{before} AS b JOIN {after} AS a ON {joined(key)}"]
    if same_rows(left, right, columns):
        return Lineup(left, right, columns, key, tuple(same), None, 0, Leftover("", "", 0, 0))
    rest = leftover_by_key(shop, before, after, joined(key), left.rows, right.rows)
    if rest.rows_before and rest.rows_after:
        agreeing = [pair for pair in columns.pairs if pair not in key]
        met = rest.rows_before < left.rows
        return _paired(shop, left, right, columns, key, same, rest, agreeing, unique=met)
    return Lineup(left, right, columns, key, tuple(same), rest.before, rest.rows_before, rest)


def _by_value(shop: Workshop, left: Table, right: Table, columns: Columns) -> Lineup:
    """Without a key: rows that are equal stayed; of the others, those that agree in what was left alone."""
    before = source(left)
    rest = leftover_by_value(shop, before, source(right), columns.pairs)
    agreeing = [pair for pair in columns.pairs if rest.rows_after and same_values(shop, rest, pair)]
    lineup = _paired(shop, left, right, columns, columns.pairs, [], rest, agreeing, unique=False)
    names = [name_of([pair[side] for pair in columns.pairs], "r") for side in (0, 1)]
    stayed = f"(SELECT r.* FROM {before} AS r WHERE {names[0]} IN (SELECT {names[1]} FROM {source(right)} AS r))"
    return replace(lineup, by_value=stayed)


def _paired(
    shop: Workshop,
    left: Table,
    right: Table,
    columns: Columns,
    naming: tuple[ColumnPair, ...],
    same: Sequence[str],
    rest: Leftover,
    agreeing: Sequence[ColumnPair],
    *,
    unique: bool,
) -> Lineup:
    if not agreeing or not rest.rows_before or not rest.rows_after:
        return Lineup(left, right, columns, naming, tuple(same), rest.before, rest.rows_before, rest if same else None)
    others = [pair for pair in columns.pairs if pair not in agreeing]
    pairs = pair_off(shop, rest, agreeing, others, unique=unique)
    gone = temporary(shop, "gone", f"SELECT * FROM {rest.before} WHERE {ID} NOT IN (SELECT b FROM {pairs})")
    count = shop.row(f"SELECT count(*) FROM {gone}")[0]
    whole = (*same, paired(rest, pairs))
    return Lineup(left, right, columns, naming, whole, gone, count, rest if same else None)


def same_values(shop: Workshop, left: Leftover, pair: ColumnPair) -> bool:
    """Whether a column holds the same values, as a multiset, in what is left of either side."""
    ours, theirs = (f"{quoted(column.name)}::text" for column in pair)
    query = f"""SELECT NOT EXISTS (
        SELECT FROM (SELECT {ours} AS v, count(*) AS n FROM {left.before} GROUP BY 1) AS x
        FULL JOIN (SELECT {theirs} AS v, count(*) AS n FROM {left.after} GROUP BY 1) AS y
        ON coalesce('=' || x.v, '') = coalesce('=' || y.v, '')
        WHERE x.n IS DISTINCT FROM y.n)"""
    return bool(shop.row(query)[0])

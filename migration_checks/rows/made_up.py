"""Sets aside what the toolkit itself made contradictory: rows in which it filled a column that a step had added."""

from __future__ import annotations

from collections.abc import Sequence

from migration_checks.rows.identity import pair_columns, same_table
from migration_checks.rows.lineup import name_of
from migration_checks.rows.mirrors import source
from migration_checks.rows.values import quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.rows.written import Written
from migration_checks.snapshot import Column, Table


def excuse(
    shop: Workshop,
    table: Table,
    naming: Sequence[Column],
    column: Column,
    rest: str,
    written: Sequence[Written],
    *,
    moved: bool,
) -> int:
    """Take from `rest` (unfound values of `column`, rows named `kid`) the rows in which the toolkit filled another column.

    A chain that expands, back-fills and contracts derives the new column from the old one. Where the toolkit had filled the
    new one in between, as an application may, the two say different things, and dropping the old one proves nothing. The
    column that was filled is judged all the same, and so are the rows that were left alone. Unless values were `moved`, or rows
    that were left alone keep theirs, no back-fill is in play and every row counts. Returns how many were taken.
    """
    queries = []
    for earlier, later in written:
        old, new = same_table(table, earlier), same_table(table, later)
        if old is None or new is None or old is new or old.unread or new.unread or not old.key:
            continue
        query = _altered(table, old, new, naming, column)
        if query is not None:
            queries.append(f"kid IN ({query})")
    if not queries:
        return 0
    filled = " OR ".join(queries)
    if not moved and not _kept(shop, table, naming, column, rest, filled):
        return 0
    return shop.execute(f"DELETE FROM {rest} WHERE {filled}").rowcount


def _kept(shop: Workshop, table: Table, naming: Sequence[Column], column: Column, rest: str, filled: str) -> bool:
    """Whether there are rows that were left alone and had a value in `column`, and all of them still have it."""
    alone = f"""SELECT FROM {source(table)} AS b CROSS JOIN LATERAL (SELECT {name_of(naming, "b")} AS kid) AS n
                WHERE b.{quoted(column.name)} IS NOT NULL AND NOT ({filled})"""
    row = shop.row(f"SELECT EXISTS ({alone}) AND NOT EXISTS (SELECT FROM {rest} WHERE NOT ({filled}))")
    return bool(row[0])


def _altered(table: Table, old: Table, new: Table, naming: Sequence[Column], column: Column) -> str | None:
    """SELECT of the names of rows of which another column than `column` was filled between `old` and `new`."""
    now = {left.name: right for left, right in pair_columns(table, new).pairs}
    then = {right.name: left for left, right in pair_columns(old, new).pairs}
    if not all(each.name in now for each in naming) or not all(name in then for name in (each.name for each in new.columns)):
        return None
    itself = now[column.name].name if column.name in now else None
    key = pair_columns(old, new).onward(old.key)
    if key is None:
        return None
    same = " AND ".join(f"o.{quoted(left.name)}::text = n.{quoted(right.name)}::text" for left, right in key)
    filled = " OR ".join(
        f"o.{quoted(then[each.name].name)} IS NULL AND n.{quoted(each.name)} IS NOT NULL"
        for each in new.columns
        if each.name != itself and not each.generated
    )
    names = name_of([now[each.name] for each in naming], "n")
    return f"SELECT {names} FROM {source(new)} AS n JOIN {source(old)} AS o ON {same} WHERE {filled or 'false'}"

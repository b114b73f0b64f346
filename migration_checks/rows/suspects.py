"""Which columns can differ at all in the rows that both sides hold, told by digests alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from migration_checks.rows.digest import digest_query, digests, total
from migration_checks.rows.identity import ColumnPair, Columns, same_digest
from migration_checks.rows.matching import Leftover
from migration_checks.rows.values import quoted
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Table


def suspects(
    shop: Workshop, left: Table, right: Table, columns: Columns, pairs: Sequence[ColumnPair], rest: Leftover
) -> list[ColumnPair]:
    """Those of `pairs` whose values may differ in the rows that are on both sides; `rest` holds all other rows.

    Digests are sums over rows: what the rows of one side alone contribute is taken off, and the remainders must be equal.
    """
    key = columns.onward(left.key)
    if not key or tuple(pair[1].name for pair in key) != right.key or not (left.digests and right.digests):
        return list(pairs)
    if not rest.rows_before and not rest.rows_after:
        both = all(same_digest(left, right, pair) for pair in key)
        return [pair for pair in pairs if not same_digest(left, right, pair)] if both else list(pairs)
    before, after = _remaining(shop, left, rest.before), _remaining(shop, right, rest.after)
    if any(before[one.name] != after[other.name] for one, other in key):
        return list(pairs)
    return [(one, other) for one, other in pairs if before[one.name] != after[other.name]]


def _remaining(shop: Workshop, table: Table, relation: str) -> dict[str, tuple[str, int]]:
    """For each column, the family of its hash and the sum over the rows of `table` that are not in `relation`."""
    alone = replace(table, relation=relation)
    _, _, sums = shop.row(digest_query(alone, lambda column: quoted(column.name)))
    taken = digests(alone, sums)
    return {
        name: (digest.partition(":")[0], total(digest) - total(taken[name])) for name, digest in table.digests.items() if name
    }

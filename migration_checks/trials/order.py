"""The ORDER trial: the same upgrade on rows that lie in another physical order must end in the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import resources

import psycopg
from psycopg import sql

from migration_checks.bench import Bench, Window
from migration_checks.database import Databases
from migration_checks.environment import Outcome
from migration_checks.nature import writes_rows
from migration_checks.rows.mirrors import is_mirror
from migration_checks.snapshot import Table
from migration_checks.transition import Changes, Leg, Transition
from migration_checks.trials.copies import carry, copied, in_each_others_way

LARGEST = 20_000
"""Tables with more rows stay in their order: turning one round touches each row by itself."""

_WRITABLE = """
SELECT attname
FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a'
ORDER BY attnum
LIMIT 1
"""


def order_trial(
    bench: Bench,
    databases: Databases,
    ascend: Transition,
    window: Window,
    step: Callable[[Leg, str], tuple[Outcome, Window]],
    *,
    start: str | None = None,
) -> Iterator[Transition]:
    """Yield the ORDER leg of the revision that `ascend` upgraded.

    The rows to turn round are those of `start`, a database that stands where `ascend` started, or of the bench itself; what
    `ascend` built is still mirrored in the bench's database. Only worth its time when the upgrade wrote rows: what it only
    defines does not depend on them.
    """
    if not _wrote(ascend):
        return
    states = (ascend.before.tables, ascend.after.tables)
    wanted = {table.relation for state in states for table in state.values() if is_mirror(table) and not table.unread}
    with copied(bench, databases, "order", of=start) as copy:
        if not turn_round(copy.connection, ascend.before.tables.values()):
            return
        outcome, again = step(Leg.ORDER, ascend.revision)
        if in_each_others_way(databases, outcome.failure):
            return
        now = copy.reread(ascend.after, outcome.heads, ascend.after.catalog, keep=False)
        residue = Changes()
        if outcome.failure is None:
            carry(bench.url, copy.connection, wanted)
            residue = replace(
                copy.compare(ascend.after, now, windows=(window, again), origin=ascend.before, same_place=True), catalog=()
            )
    yield replace(
        ascend,
        leg=Leg.ORDER,
        after=now,
        baseline=ascend.after,
        changes=Changes(),
        residue=residue,
        statements=outcome.statements,
        seconds=outcome.seconds,
        failure=outcome.failure,
        fates=(),
        unfilled={},
    )


def _wrote(ascend: Transition) -> bool:
    """Whether the upgrade wrote rows or values; those of a column that it adds are written unless its default says them."""
    changes = ascend.changes.tables
    if any(change.added or change.missing or change.columns for change in changes):
        return True
    return any(change.created for change in changes) and any(writes_rows(each.sql) for each in ascend.statements)


def turn_round(connection: psycopg.Connection, tables: Iterable[Table]) -> bool:
    """Let the rows of `tables` lie in the opposite order; False where no table's rows could be.

    Every row is updated to itself, last row first, so that its new version is appended: keys and references stay. Rows that
    must not be written again stay where they lie, with the others of their table: a constraint that was never validated is
    held against every row written. So does everything where this role may not keep triggers silent meanwhile.
    """
    turned = False
    for table in tables:
        if not table.unread and 1 < table.rows <= LARGEST:
            try:
                turned = _turned(connection, table.name) or turned
            except psycopg.errors.InsufficientPrivilege:
                return False
            except (psycopg.errors.IntegrityError, psycopg.errors.DataError):
                continue
    return turned


def _turned(connection: psycopg.Connection, table: str) -> bool:
    """Turn one table round, or leave it as it was; False when it has no column that may be written."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        column = connection.execute(_WRITABLE, (table,)).fetchone()
        if column is not None:
            statement = resources.files(__package__).joinpath("turn_round.sql").read_text(encoding="utf-8")
            connection.execute(sql.SQL(statement).format(table=sql.SQL(table), column=sql.Identifier(column[0])))
    return column is not None

"""The ORDER trial: the same upgrade on rows that lie in another physical order must end in the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import resources

import psycopg
from psycopg import sql

from migration_checks.bench import Bench, Window
from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.environment import Outcome
from migration_checks.snapshot import Table
from migration_checks.transition import Changes, Leg, Transition
from migration_checks.trials.copies import carry, copied, in_each_others_way

LARGEST = 20_000
"""Tables with more rows stay in their order: turning one round touches each row by itself."""


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
    if not any(change.added or change.missing or change.columns for change in ascend.changes.tables):
        return
    wanted = [table.relation for table in ascend.after.tables.values() if not table.unread]
    with copied(bench, databases, "order", of=start) as copy:
        if not turn_round(copy.connection, ascend.before.tables.values()):
            return
        outcome, again = step(Leg.ORDER, ascend.revision)
        if in_each_others_way(databases, outcome.failure):
            return
        now = copy.snapshot(ascend.after, outcome.heads, keep=False, asked=())
        residue = Changes()
        if outcome.failure is None:
            with connect(bench.url) as source:
                carry(source, copy.connection, wanted)
            residue = replace(copy.compare(ascend.after, now, windows=(window, again)), catalog=())
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


def turn_round(connection: psycopg.Connection, tables: Iterable[Table]) -> bool:
    """Let the rows of `tables` lie in the opposite order; False where this role may not keep triggers silent meanwhile.

    Every row is updated to itself, last row first, so that its new version is appended: keys and references stay.
    """
    statement = resources.files(__package__).joinpath("turn_round.sql").read_text(encoding="utf-8")
    try:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in tables:
                if table.unread or not 1 < table.rows <= LARGEST:
                    continue
                column = next((each.name for each in table.columns if not each.generated), None)
                if column is not None:
                    connection.execute(sql.SQL(statement).format(table=sql.SQL(table.name), column=sql.Identifier(column)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True

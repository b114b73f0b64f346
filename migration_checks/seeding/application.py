"""Writes rows as an application would: triggers awake, defaults used, one row at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.draft import Draft
from migration_checks.seeding.filling import first_line, further
from migration_checks.seeding.keys import Keys
from migration_checks.seeding.plan import Impossible, make_plan
from migration_checks.seeding.pool import chance
from migration_checks.seeding.pools import Pools
from migration_checks.seeding.schema import Column, Table

# More candidates than rows are drafted: what a trigger or an unreadable rule refuses is replaced.
_CANDIDATES = 3


class Application:
    """Inserts rows into tables that hold some; `session` opens a transaction for each."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        pools: Pools,
        seed: int,
        session: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self.connection = connection
        self.pools = pools
        self.seed = seed
        self.session = session

    def write(self, table: Table, rows: int) -> tuple[int, str | None]:
        """How many of `rows` were inserted, and why not all, if so."""
        try:
            with self.session():
                batch = self._draft(table, rows * _CANDIDATES)
        except (Impossible, psycopg.Error) as error:
            return 0, first_line(str(error))
        return self._inserted(table, batch, rows)

    def _draft(self, table: Table, count: int) -> Batch:
        order = further(self.connection, table, self.seed, "write")
        plan = make_plan(table, self.pools, Keys(self.connection).of, order)
        return Draft(plan, chance(self.seed, table.name, "write", str(len(order.existing)))).make(count)

    def _inserted(self, table: Table, batch: Batch, rows: int) -> tuple[int, str | None]:
        random = chance(self.seed, table.name, "defaults")
        written = refused = 0
        reason = "no further row could be drawn that its keys allow"
        for place in range(batch.count):
            if written == rows:
                break
            if place in batch.dropped:
                continue
            given = [c for c in table.writable if not c.serial and (c.default is None or random.random() < 0.5)]
            try:
                with self.session():
                    self._insert(table, given, {column.name: batch.value(column.name, place) for column in given})
                written += 1
            except psycopg.Error as error:
                refused += 1
                reason = first_line(str(error))
        return written, None if written == rows else f"{refused} rows were refused, {written} of {rows} written: {reason}"

    def _insert(self, table: Table, given: Sequence[Column], values: Mapping[str, str | None]) -> None:
        if not given:
            self.connection.execute(f"INSERT INTO {table.name} DEFAULT VALUES".encode())
            return
        listed = ", ".join(column.quoted for column in given)
        marks = ", ".join("%s" for _ in given)
        query = f"INSERT INTO {table.name} ({listed.replace('%', '%%')}) VALUES ({marks})".replace(
            table.name, table.name.replace("%", "%%")
        )
        self.connection.execute(query.encode(), [values[column.name] for column in given])

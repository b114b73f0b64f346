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

# What a trigger or an unreadable rule refuses is replaced: so often are other rows drafted. Each time just as many as are
# wanted, for of more of them those that are taken might hold no NULL and no odd value.
_DRAFTS = 3


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
        written, refused, reason = 0, 0, "no further row could be drawn that its keys allow"
        for turn in range(_DRAFTS):
            try:
                with self.session():
                    batch = self._draft(table, rows - written, f"write {turn}" if turn else "write")
            except (Impossible, psycopg.Error) as error:
                reason = first_line(str(error))
                break
            taken, errors = self._inserted(table, batch)
            written, refused, reason = written + taken, refused + len(errors), errors[-1] if errors else reason
            if written == rows:
                return written, None
        return written, f"{refused} rows were refused, {written} of {rows} written: {reason}"

    def _draft(self, table: Table, count: int, salt: str) -> Batch:
        order = further(self.connection, table, self.seed, salt)
        plan = make_plan(table, self.pools, Keys(self.connection).of, order)
        return Draft(plan, chance(self.seed, table.name, salt, str(len(order.existing)))).make(count)

    def _inserted(self, table: Table, batch: Batch) -> tuple[int, list[str]]:
        """How many rows of the batch the table took, and why not the others."""
        random = chance(self.seed, table.name, "defaults")
        written, errors = 0, []
        for place in range(batch.count):
            if place in batch.dropped:
                continue
            given = [c for c in table.writable if not c.serial and (c.default is None or random.random() < 0.5)]
            try:
                with self.session():
                    self._insert(table, given, {column.name: batch.value(column.name, place) for column in given})
                written += 1
            except psycopg.Error as error:
                errors.append(first_line(str(error)))
        return written, errors

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

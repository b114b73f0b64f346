"""Work in the toolkit's own transactions: one for a job, a part of one where something is open already."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from migration_checks.rows.workshop import Workshop
from tests.unit.rows.support import Paper

if TYPE_CHECKING:
    from collections.abc import Iterator


class Connection:
    """Keeps what is said, and whether a transaction is open; `superuser` is what the server says of the role."""

    def __init__(self, superuser: str = "on") -> None:
        self.said: list[str] = []
        self.info = SimpleNamespace(
            server_version=180000, transaction_status=TransactionStatus.IDLE, parameter_status=lambda name: superuser
        )

    def execute(self, statement: str) -> Any:
        self.said.append(statement)
        if statement.startswith("BEGIN"):
            self.info.transaction_status = TransactionStatus.INTRANS
        if statement == "boom":
            raise psycopg.errors.DivisionByZero("division by zero")
        return SimpleNamespace(fetchone=lambda: (True,), fetchall=lambda: [(True,)])

    def commit(self) -> None:
        self.said.append("COMMIT")
        self.info.transaction_status = TransactionStatus.IDLE

    def rollback(self) -> None:
        self.said.append("ROLLBACK")
        self.info.transaction_status = TransactionStatus.IDLE

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.said.append("SAVEPOINT")
        yield
        self.said.append("RELEASE")


def workshop(superuser: str = "on") -> tuple[Workshop, Connection]:
    connection = Connection(superuser)
    return Workshop(connection), connection  # type: ignore[arg-type]


def test_a_job_is_one_transaction() -> None:
    """Begun with its settings in one round trip; its locks wait for nobody long."""
    shop, connection = workshop()
    with shop.work():
        shop.execute("SELECT 1")
    begun, *rest = connection.said

    assert begun.startswith("BEGIN; SET LOCAL work_mem = '128MB'; SET LOCAL lock_timeout = '10s'; ")
    assert begun.endswith("SET LOCAL event_triggers = off")
    assert ["SELECT 1", "COMMIT"] == rest


def test_a_job_that_fails_leaves_nothing_behind() -> None:
    """What was made in it is made again the next time."""
    shop, connection = workshop()

    def fail() -> None:
        with shop.work():
            shop.relation("mirror")
            shop.execute("boom")

    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            fail()

    assert "ROLLBACK" == connection.said[-1]
    assert 2 == sum("CREATE SCHEMA IF NOT EXISTS" in each for each in connection.said)
    with shop.work():
        shop.relation("mirror")
    with shop.work():
        shop.relation("mirror")
    assert 3 == sum("CREATE SCHEMA IF NOT EXISTS" in each for each in connection.said)


def test_whoever_is_no_superuser_lives_with_event_triggers() -> None:
    """Only a superuser may silence them."""
    shop, connection = workshop("off")
    with shop.work():
        pass

    assert not any("event_triggers" in each or "replication" in each for each in connection.said)


def test_a_single_statement_needs_a_savepoint_only_where_something_is_open() -> None:
    """Its failure must not end what it stands in."""
    shop, connection = workshop()
    with shop.alone():
        shop.execute("one")
    with shop.work(), shop.alone():
        shop.execute("two")

    assert ["one", "SAVEPOINT", "two", "RELEASE", "COMMIT"] == [each for each in connection.said if "BEGIN" not in each]


def test_a_relation_may_be_asked_for_without_those_that_inherit_from_it() -> None:
    """ONLY is no part of its name."""
    shop, connection = workshop()

    assert shop.exists("ONLY public.users")
    assert ["SELECT to_regclass('public.users') IS NOT NULL"] == connection.said


def test_a_name_is_asked_for_once() -> None:
    """How PostgreSQL writes it, in quotes or not."""
    shop = Paper(lambda query: [('"User"',)])

    assert ['"User"', '"User"'] == [shop.identifier("User") for _ in range(2)]
    assert ["SELECT quote_ident('User')"] == shop.sent

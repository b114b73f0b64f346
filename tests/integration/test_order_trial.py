"""The ORDER trial on tables whose rows are not simply written again."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from migration_checks.connection import connect
from migration_checks.lineage import Contract
from migration_checks.providers import Server
from migration_checks.rows import Rows
from migration_checks.transition import Leg
from migration_checks.trials.order import turn_round
from tests.projects import Script, sql
from tests.walks import walk

MAKE = "CREATE TABLE {table} ({columns}); INSERT INTO {table} {values}"


@pytest.mark.parametrize(
    ("columns", "values", "more", "turned"),
    [
        ("id int PRIMARY KEY", "VALUES (1), (2)", "", True),
        ("id int GENERATED ALWAYS AS IDENTITY, n int", "(n) VALUES (1), (2)", "", True),
        ("n int GENERATED ALWAYS AS (id + 1) STORED, id int", "(id) VALUES (1), (2)", "", True),
        ("id int GENERATED ALWAYS AS IDENTITY", "OVERRIDING SYSTEM VALUE VALUES (1), (2)", "", False),
        ("n int", "VALUES (1), (-2)", "ALTER TABLE {table} ADD CHECK (n > 0) NOT VALID", False),
    ],
)
def test_what_lies_in_another_order(database: str, columns: str, values: str, more: str, turned: bool) -> None:
    """A table's rows are turned round by any column that may be written; where one row refuses, all stay where they lie."""
    table = 'public."from"'
    with psycopg.connect(database, autocommit=True) as scripts:
        scripts.execute(";".join((MAKE, more)).format(table=table, columns=columns, values=values).encode())
    with connect(database) as connection:
        found = Rows(connection).read(None, keep=False)
        order = f"SELECT array_agg(t::text) FROM (SELECT * FROM {table}) AS t".encode()
        (before,) = connection.execute(order).fetchone() or ()

        assert turn_round(connection, found.values()) is turned
        (after,) = connection.execute(order).fetchone() or ()
        assert after == (before[::-1] if turned else before)


def test_a_table_that_cannot_be_turned_round_hides_no_other(tmp_path: Path, server: Server) -> None:
    """An upgrade that takes any row of a table is found out, although rows beside it can only stay where they lie."""
    tables = Script(
        "a1",
        upgrade=sql(
            "CREATE TABLE logs (id bigint GENERATED ALWAYS AS IDENTITY)",
            "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL)",
            "CREATE TABLE teams (id int PRIMARY KEY)",
        ),
        downgrade=sql("DROP TABLE logs", "DROP TABLE people", "DROP TABLE teams"),
    )
    any_of = Script(
        "b2",
        down="a1",
        upgrade=sql("ALTER TABLE teams ADD chosen int", "UPDATE teams SET chosen = (SELECT id FROM people LIMIT 1)"),
        downgrade=sql("ALTER TABLE teams DROP chosen"),
    )

    assert ("MC307", "b2") in walk(tmp_path, server, [tables, any_of]).found


def test_a_trial_asks_no_contract(tmp_path: Path, server: Server) -> None:
    """What the old application was promised until a1 is not asked of the copy on which b2 is tried once more."""
    table = Script("a1", None, sql("CREATE TABLE t (id serial PRIMARY KEY, old int)"), sql("DROP TABLE t"))
    renames = Script(
        "b2",
        "a1",
        sql("ALTER TABLE t RENAME old TO kept", "ALTER TABLE t ADD twice bigint", "UPDATE t SET twice = id * 2::bigint"),
        sql("ALTER TABLE t DROP twice", "ALTER TABLE t RENAME kept TO old"),
    )
    contract = Contract("the old application reads old", ("SELECT old FROM t",), until="a1")
    walked = walk(tmp_path, server, [table, renames], contracts=(contract,))

    assert Leg.ORDER in {step.leg for step in walked.report.steps if step.revision == "b2"}
    assert "MC402" not in {finding.check for finding in walked.report.findings}

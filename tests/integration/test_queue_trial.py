"""The QUEUE trial on a chain of every kind of step: who waits behind one that waits for an open reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_checks.budgets import Budgets
from migration_checks.check import Finding
from migration_checks.providers import Server
from migration_checks.report import Step
from migration_checks.transition import Leg
from tests.projects import ASYNC, Script, sql
from tests.walks import Walk, walk

BUDGET = 0.4
START = sql(
    'CREATE TABLE "select" (id int PRIMARY KEY, note text)',
    'CREATE INDEX notes ON "select" (note)',
    'CREATE INDEX ids ON "select" (id)',
    "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
    "CREATE TABLE parts_1 PARTITION OF parts DEFAULT",
    "CREATE TABLE other (id int PRIMARY KEY)",
    "CREATE VIEW shown AS SELECT id FROM other",
)
CONCURRENTLY = "with op.get_context().autocommit_block():\n    op.execute('DROP INDEX CONCURRENTLY ids')"

STALLING = {
    "column": ('ALTER TABLE "select" ADD more int', 'public."select"', {"reader", "writer"}),
    "partitioned": ("ALTER TABLE parts ADD more int", "public.parts", {"reader", "writer"}),
    "index": ("DROP INDEX notes", 'public."select"', {"reader", "writer"}),
    "view": ("CREATE OR REPLACE VIEW shown AS SELECT id, 1 AS one FROM other", "public.shown", {"reader"}),
    "exclusive": ("LOCK TABLE other IN ACCESS EXCLUSIVE MODE", "public.other", {"reader", "writer"}),
}
"""By revision: the statement that waits, the relation that it waits for, and who waits behind it."""

HARMLESS = {
    "shared": sql('CREATE INDEX ON "select" (note)'),
    "rows": sql("UPDATE other SET id = id"),
    "timeout": sql("SET LOCAL lock_timeout = '50ms'", "ALTER TABLE other ADD extra int"),
    "own": sql("CREATE TABLE new (id int)", "ALTER TABLE new ADD more int"),
    "concurrently": CONCURRENTLY,
}
"""By revision: what keeps nobody waiting for long."""

FURTHER = {
    "two": sql('ALTER TABLE "select" ADD two int', "ALTER TABLE other ADD two int"),
    "overruled": sql("SET lock_timeout = 0", "ALTER TABLE other ADD three int"),
}


@pytest.fixture(scope="module")
def walked(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """All of it in one chain, through an asyncio env.py."""
    bodies = {"start": START, **{name: sql(each[0]) for name, each in STALLING.items()}, **HARMLESS, **FURTHER}
    scripts, below = [], None
    for name, body in bodies.items():
        scripts.append(Script(name, below, body, "raise NotImplementedError('no way back')"))
        below = name
    env = {"env": ASYNC, "url": "postgresql+asyncpg://app@production.invalid/app"}
    options: dict[str, Any] = {"trials": frozenset({"queue"}), "budgets": Budgets(blocks_reads=BUDGET), "rows": 3, **env}
    return walk(tmp_path_factory.mktemp("queue"), server, scripts, **options)


def stalls(walked: Walk, revision: str) -> dict[str, Finding]:
    """The findings at a revision by subject."""
    return {each.subject: each for each in walked.report.findings if (each.check, each.revision) == ("MC608", revision)}


def step(walked: Walk, revision: str) -> Step:
    """What the trial says of a revision."""
    (found,) = (each for each in walked.report.steps if (each.leg, each.revision) == (Leg.QUEUE, revision))
    return found


@pytest.mark.parametrize("revision", STALLING)
def test_a_step_that_waits_for_a_reader_stalls_all_others(walked: Walk, revision: str) -> None:
    """The relation, the statement and those who wait behind it are named; a lock_timeout from outside would help."""
    statement, relation, behind = STALLING[revision]
    found = stalls(walked, revision)[relation]

    assert statement == found.evidence["statement"]
    assert [{"who": who, "relation": relation} for who in sorted(behind)] == found.evidence["waiting"]
    assert found.evidence["gives_up_with_lock_timeout"] is True
    assert relation == step(walked, revision).observations["relation"]


@pytest.mark.parametrize("revision", ["start", *HARMLESS])
def test_what_lets_others_pass_is_no_stall(walked: Walk, revision: str) -> None:
    """A step that waits for no reader, or for a moment only, or while nobody else has to, is not reported."""
    assert {} == stalls(walked, revision)
    assert (revision == "timeout") == step(walked, revision).observations["lock_timeout_used"]


def test_every_table_that_waits_is_told_with_those_that_are_locked_already(walked: Walk) -> None:
    """While the second table is waited for, the first one is still locked."""
    found = stalls(walked, "two")
    waiting: Any = found["public.other"].evidence["waiting"]

    assert {'public."select"', "public.other"} == found.keys()
    assert {"public.other", 'public."select"'} == {each["relation"] for each in waiting}


def test_waits_are_measured(walked: Walk) -> None:
    """Those who waited are timed, with and without a lock_timeout."""
    waits: Any = step(walked, "column").timing["waits"]

    assert {("reader", False), ("writer", False), ("reader", True), ("writer", True)} == {
        (each["who"], each["with_lock_timeout"]) for each in waits
    }
    assert all(each["seconds"] >= BUDGET for each in waits if not each["with_lock_timeout"])


def test_a_lock_timeout_that_the_step_puts_out_of_force_helps_nobody(walked: Walk) -> None:
    """The second run says that one from outside is overruled."""
    assert "A lock_timeout from outside changes nothing." in stalls(walked, "overruled")["public.other"].message


def test_a_step_that_fails_behind_a_reader_is_not_judged(tmp_path: Path, server: Server) -> None:
    """Another failure than a lock_timeout is no result, and says so."""
    guard = "SELECT 1 / (count(*) - 1) FROM pg_stat_activity WHERE state ~ '^idle in' AND datname = current_database()"
    scripts = [Script("a1", upgrade=sql("CREATE TABLE t (id int)"), downgrade=sql("DROP TABLE t"))]
    # Behind readers (and only there) there are sessions in a transaction that do nothing: of this one table exactly one.
    walked = walk(tmp_path, server, [*scripts, Script("b2", "a1", sql(guard))], trials=frozenset({"queue"}))

    assert "Its queue trial has no result: behind an open reader the upgrade fails with SQLSTATE 22012" in walked.said
    assert ["a1"] == walked.of(Leg.QUEUE)

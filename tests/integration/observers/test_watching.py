"""Looking at a session from within: with every driver, whatever the script does to it, and without its noticing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_checks.database import Databases
from migration_checks.report import Report
from tests.observing import watched
from tests.projects import ASYNC, SYNC, Script, sql

BASE = sql("CREATE TABLE t (id int PRIMARY KEY, n int)", "CREATE TABLE o (id int PRIMARY KEY, n int)")
PLANT = """
INSERT INTO public.t SELECT g, g FROM generate_series(1, 20) g;
INSERT INTO public.o SELECT g, g FROM generate_series(1, 20) g;
"""
DRIVERS = {
    "psycopg": (SYNC, "postgresql+psycopg://nowhere/app"),
    "psycopg2": (SYNC, "postgresql+psycopg2://nowhere/app"),
    "asyncpg": (ASYNC, "postgresql+asyncpg://nowhere/app"),
    "psycopg_async": (ASYNC, "postgresql+psycopg_async://nowhere/app"),
}
BODY = """
op.execute("SET LOCAL lock_timeout = '5s'")
op.execute("ALTER TABLE t ADD COLUMN x int")
op.execute("UPDATE t SET x = 1")
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY t_x ON t (x)")
    op.execute("ALTER TABLE o ADD COLUMN x int")
op.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
op.execute("SELECT count(*) FROM o")
"""


AUTOCOMMIT = SYNC.replace("connectable.connect()", "connectable.connect().execution_options(isolation_level='AUTOCOMMIT')")
TENANTS = """
    from alembic import context
    from sqlalchemy import engine_from_config, pool, text

    config = context.config
    connectable = engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.",
                                     poolclass=pool.NullPool)
    with connectable.connect() as connection:
        for schema in ("public", "other"):
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            connection.execute(text(f"SET search_path = {schema}"))
            connection.commit()
            connection.dialect.default_schema_name = schema
            context.configure(connection=connection, version_table_schema=schema)
            with context.begin_transaction():
                context.run_migrations()
"""


def watch(
    root: Path, databases: Databases, body: str, driver: str = "psycopg", shape: str | None = None, **options: Any
) -> Report:
    """One step on tables with twenty rows; `shape` is another env.py than the driver's usual one."""
    env, url = DRIVERS[driver]
    env = shape or env
    return watched(
        root, databases, [Script("first", None, BASE), Script("step", "first", body)], PLANT, env=env, url=url, **options
    )


def told(report: Report) -> list[tuple[str, int, bool, set[tuple[str, str]], dict[str, int]]]:
    """Of each statement: its text, transaction, autocommit, new locks on tables, and how many rows of what it wrote."""
    (step,) = report.steps
    statements: Any = step.observations["statements"]
    return [
        (
            each["sql"],
            each["transaction"],
            each["autocommit"],
            {(lock["relation"], lock["mode"]) for lock in each["locks"] if lock["new"] and lock["kind"] == "table"},
            {name: sum(rows.values()) for name, rows in each["changed"].items()},
        )
        for each in statements
    ]


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_is_looked_at(tmp_path: Path, databases: Databases, driver: str) -> None:
    """In a transaction, and outside of one; SET TRANSACTION after a statement without a query is still allowed."""
    report = watch(tmp_path, databases, BODY, driver)

    assert [
        ("SET LOCAL lock_timeout = '5s'", 1, False, set(), {}),
        ("ALTER TABLE t ADD COLUMN x int", 1, False, {("public.t", "ACCESS EXCLUSIVE")}, {}),
        ("UPDATE t SET x = 1", 1, False, set(), {"public.t": 20}),
        ("CREATE INDEX CONCURRENTLY t_x ON t (x)", 2, True, {("public.t", "SHARE UPDATE EXCLUSIVE")}, {}),
        ("ALTER TABLE o ADD COLUMN x int", 3, True, {("public.o", "ACCESS EXCLUSIVE")}, {}),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", 4, False, set(), {}),
        ("SELECT count(*) FROM o", 4, False, {("public.o", "ACCESS SHARE")}, {}),
    ] == told(report)
    assert "unseen" not in report.steps[0].observations


def test_a_script_notices_nothing(tmp_path: Path, databases: Databases) -> None:
    """An empty search_path, hostile objects, another role, a server-side cursor, a savepoint, an aborted transaction."""
    body = """
    import sqlalchemy
    connection = op.get_bind()
    op.execute("CREATE SCHEMA hostile")
    op.execute("CREATE FUNCTION hostile.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 1/0'")
    op.execute("CREATE TABLE hostile.pg_locks (x int)")
    op.execute("SET LOCAL search_path = hostile, pg_catalog, public")
    op.execute("CREATE ROLE migration_checks_watched")
    op.execute("GRANT ALL ON public.t TO migration_checks_watched")
    op.execute("SET LOCAL ROLE migration_checks_watched")
    op.execute("UPDATE public.t SET n = 1 WHERE id = 1")
    op.execute("RESET ROLE")
    op.execute("SET LOCAL statement_timeout = '2s'")
    try:
        with connection.begin_nested():
            op.execute("ALTER TABLE public.o ADD COLUMN y int")
            op.execute("SELECT 1/0")
    except sqlalchemy.exc.DBAPIError:
        pass
    streamed = sqlalchemy.text("SELECT id FROM public.t ORDER BY id").execution_options(stream_results=True)
    rows = connection.execute(streamed)
    first = rows.fetchmany(2)
    op.execute("ALTER TABLE public.o ADD COLUMN z int")
    assert [row.id for row in (*first, *rows)] == list(range(1, 21))
    assert connection.execute(sqlalchemy.text("SHOW search_path")).scalar() == "hostile, pg_catalog, public"
    connection.exec_driver_sql("SELECT * FROM public.t WHERE n = %s", (1,))
    """
    report = watch(tmp_path, databases, body)

    by_sql = {each[0]: each for each in told(report)}
    assert {"public.t": 1} == by_sql["UPDATE public.t SET n = 1 WHERE id = 1"][4]
    assert {("public.o", "ACCESS EXCLUSIVE")} == by_sql["ALTER TABLE public.o ADD COLUMN z int"][3]
    databases.restore_roles()


def test_a_loop_is_one_record(tmp_path: Path, databases: Databases) -> None:
    """Statements of one line and one text are told once, with how often; beyond a bound they are only counted."""
    body = """
    connection = op.get_bind()
    connection.exec_driver_sql("ALTER TABLE o ADD COLUMN total int")
    for each in connection.exec_driver_sql("SELECT id FROM t").scalars().all():
        connection.exec_driver_sql("UPDATE o SET total = %s WHERE id = %s", (each, each))
    for each in range(300):
        connection.exec_driver_sql(f"SELECT {each}")
    """
    report = watch(tmp_path, databases, body)

    (step,) = report.steps
    observed: Any = step.observations
    update = observed["statements"][2]
    assert (20, 20, {"inserted": 0, "updated": 20, "deleted": 0}) == (
        update["times"],
        update["rows"],
        update["changed"]["public.o"],
    )
    assert 200 == len(observed["statements"]) == len(step.timing["statements"])  # type: ignore[arg-type]
    assert 103 == observed["left_out"]
    assert {("MC605", "public.o")} == {(each.check, each.subject) for each in report.findings}


def test_production_decides(tmp_path: Path, databases: Databases) -> None:
    """Small tables are a remark; large ones keep others waiting for longer than the budget even at best, small ones too."""
    body = sql("ALTER TABLE t ALTER n TYPE bigint", "CREATE INDEX o_n ON o (n)")
    report = watch(tmp_path, databases, body, at_rows={"t": 500, "public.o": 50_000_000})

    found = {(each.check, each.subject): str(each.severity) for each in report.findings}
    assert {
        ("MC603", "public.t"): "info",
        ("MC601", "public.t"): "warning",  # locked while the index of the other table is built
        ("MC602", "public.o"): "warning",
        ("MC604", "public.o"): "warning",
    } == found
    (blocked,) = (each for each in report.findings if each.check == "MC602")
    assert "production rows" == blocked.evidence["basis"]
    assert "public.o has 50,000,000 rows in production" in blocked.message


def test_a_budget_that_is_exceeded_here(tmp_path: Path, databases: Databases) -> None:
    """By the statements' own time, from taking the lock to the end of the transaction."""
    from migration_checks.budgets import Budgets

    body = sql("ALTER TABLE t ADD COLUMN x int", "SELECT pg_sleep(0.3)")
    report = watch(tmp_path, databases, body, budgets=Budgets(blocks_reads=0.2))

    (finding,) = report.findings
    assert ("MC601", "public.t", "measured") == (finding.check, finding.subject, finding.evidence["basis"])
    assert "longer than the budget of 0.2 s" in finding.message


def test_an_environment_that_commits_everything_by_itself(tmp_path: Path, databases: Databases) -> None:
    """Each statement is known by what it did, or by an event trigger; each is a transaction of its own."""
    body = sql(
        "ALTER TABLE t ADD x int",
        "UPDATE t SET x = 1",
        "CLUSTER o USING o_pkey",
        "REINDEX TABLE o",
        "DO $$BEGIN ALTER TABLE o ALTER n TYPE bigint; UPDATE o SET n = 2; END$$",
        "TRUNCATE t",
    )
    report = watch(tmp_path, databases, body, shape=AUTOCOMMIT)

    assert [
        (1, {("public.t", "ACCESS EXCLUSIVE")}, {}),
        (2, {("public.t", "ROW EXCLUSIVE")}, {"public.t": 20}),
        (3, {("public.o", "ACCESS EXCLUSIVE")}, {}),
        (4, {("public.o", "SHARE")}, {}),
        (5, {("public.o", "ACCESS EXCLUSIVE")}, {"public.o": 20}),
        (6, {("public.t", "ACCESS EXCLUSIVE")}, {}),
    ] == [(number, locks, changed) for _, number, _, locks, changed in told(report)]
    found = {(each.check, each.subject) for each in report.findings}
    assert {("MC603", "public.o"), ("MC603", "public.o_pkey"), ("MC605", "public.o")} == found - {("MC604", "public.o")}


def test_several_tenants(tmp_path: Path, databases: Databases) -> None:
    """The same step in each schema: statements of their own, in transactions of their own, on tables of their own."""
    body = sql("ALTER TABLE t ADD x int", "UPDATE t SET x = 1")
    report = watch(tmp_path, databases, body, shape=TENANTS)

    assert [
        ("ALTER TABLE t ADD x int", 1, {("public.t", "ACCESS EXCLUSIVE")}, {}),
        ("UPDATE t SET x = 1", 1, set(), {"public.t": 20}),
        ("ALTER TABLE t ADD x int", 2, {("other.t", "ACCESS EXCLUSIVE")}, {}),
        ("UPDATE t SET x = 1", 2, set(), {}),
    ] == [(text, number, locks, changed) for text, number, _, locks, changed in told(report)]
    assert [("MC605", "public.t")] == [(each.check, each.subject) for each in report.findings]

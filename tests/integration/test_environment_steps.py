"""Steps on every kind of chain: exactly the ordered one, committed, heard, and described when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.connection import connect, database_name
from migration_checks.environment import Environment
from migration_checks.providers import Server
from tests.projects import ASYNC, SYNC, Script, make_project, sql

DIAMOND = (
    Script("a1"),
    Script("b1", down="a1", labels=("left",)),
    Script("b2", down="a1", labels=("right",)),
    Script("b3", down="b2"),
    Script("m1", down=("b1", "b3")),
    Script("x1", depends_on="b1", labels=("side",)),
    Script("deadbeef", down="x1", depends_on="m1"),
)


@pytest.mark.parametrize(
    "env", [SYNC, SYNC.replace("connectable.connect()", "connectable.begin()")], ids=["parked", "run by run"]
)
def test_branches_merges_and_dependencies(env: str, tmp_path: Path, database: str) -> None:
    """Each step moves the version table to where the chain's own rules say it should stand, up and down."""
    with Environment(make_project(tmp_path, DIAMOND, env=env).lineage(), timeout=60) as environment:
        graph = environment.graph()
        environment.attach(database)
        applied: list[str] = []
        for revision in graph.revisions:
            applied.append(revision.id)
            outcome = environment.upgrade(revision.id)

            assert graph.heads_of(applied) == outcome.heads == outcome.expected_heads, (revision.id, outcome.failure)
        for revision in reversed(graph.revisions):
            applied.remove(revision.id)
            outcome = environment.downgrade(revision.id)

            assert graph.heads_of(applied) == outcome.heads == outcome.expected_heads, (revision.id, outcome.failure)


def test_empty_chain(tmp_path: Path, database: str) -> None:
    """A project without revisions is an empty chain, not an error."""
    with Environment(make_project(tmp_path, []).lineage()) as environment:
        assert environment.graph().revisions == ()
        assert environment.resolve("") == (frozenset(), frozenset())
        environment.attach(database)
        assert environment.heads() == frozenset()


@pytest.mark.parametrize(("env", "driver"), [(SYNC, "psycopg"), (ASYNC, "asyncpg")])
def test_statements(env: str, driver: str, tmp_path: Path, database: str) -> None:
    """What a script sends is heard, with its line, and nothing of the bookkeeping; what is handed on is bounded."""
    upgrade = [
        "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))",
        "for i in range(3):",
        "    op.get_bind().execute(sa.text('INSERT INTO t VALUES (:i)'), {'i': i})",
        "with context.get_context().autocommit_block():",
        "    op.execute('CREATE INDEX CONCURRENTLY t_id ON t (id)')",
        "op.get_bind().execute(sa.text('UPDATE t SET id = id + 10'))",
        "op.execute(\"SELECT '\" + 'x' * 20000 + \"'\")",
    ]
    many = "for i in range(6000): op.get_bind().exec_driver_sql('SELECT 1')"
    project = make_project(
        tmp_path,
        [Script("a1", upgrade="\n".join(upgrade)), Script("b2", down="a1", upgrade=many)],
        env=env,
        url=f"postgresql+{driver}://",
    )
    with Environment(project.lineage(), timeout=60) as environment:
        environment.attach(database)
        outcome = environment.upgrade("a1")

        assert outcome.failure is None
        words = [" ".join(each.sql.split()[:2]) for each in outcome.statements]
        assert words == [
            "CREATE TABLE",
            "INSERT INTO",
            "INSERT INTO",
            "INSERT INTO",
            "CREATE INDEX",
            "UPDATE t",
            f"SELECT '{'x' * 9992}",
        ]
        assert [each.autocommit for each in outcome.statements] == [False] * 4 + [True] + [False] * 2
        assert outcome.statements[5].rows == 3
        lines = project.files["a1"].read_text().splitlines()
        found = [
            lines[each.line - 1].strip() for each in outcome.statements if each.line and each.path == str(project.files["a1"])
        ]
        assert found == [upgrade[0], *[upgrade[2].strip()] * 3, upgrade[4].strip(), upgrade[5], upgrade[6]]
        more = environment.upgrade("b2")
        assert more.statement_count == 6000
        assert len(more.statements) == 5000


FAILURES = {
    "op.execute('SELECT 1/0')": {"sqlstate": "22012", "statement": "SELECT 1/0"},
    "op.execute('INSERT INTO t VALUES (1), (1)')": {"sqlstate": "23505", "constraint": "t_pkey", "table": "public.t"},
    "op.execute('INSERT INTO t VALUES (NULL)')": {"sqlstate": "23502", "column": "id", "table": "public.t"},
    "raise NotImplementedError('cannot go there')": {
        "refused": True, "kind": "NotImplementedError", "message": "cannot go there"},
    "raise ValueError('x' * 1000)": {"kind": "ValueError", "refused": False, "sqlstate": None},
    "import sys\nsys.exit(3)": {"kind": "SystemExit"},
    "raise KeyboardInterrupt": {"kind": "KeyboardInterrupt"},
    "op.nonesuch()": {"kind": "AttributeError"},
    "try:\n    op.execute('SELECT 1/0')\nexcept Exception as e:\n    raise RuntimeError('wrapped') from e": {
        "kind": "RuntimeError", "sqlstate": "22012", "message": "wrapped"},
    "op.execute('CREATE TABLE d (id int REFERENCES t DEFERRABLE INITIALLY DEFERRED)')\n"
    "op.execute('INSERT INTO d VALUES (7)')": {
        "sqlstate": "23503", "constraint": "d_id_fkey", "path": None},
    "import psycopg\nwith psycopg.connect() as c: c.execute('SELECT 1/0')": {"sqlstate": "22012", "kind": "DivisionByZero"},
}  # fmt: skip


@pytest.mark.parametrize(("env", "driver"), [(SYNC, "psycopg"), (SYNC, "psycopg2"), (ASYNC, "asyncpg")])
def test_failures(env: str, driver: str, tmp_path: Path, database: str) -> None:
    """A failure is described by class, SQLSTATE and diagnostics; the database stands where it stood; the next step goes on."""
    first = Script("a1", upgrade=sql("CREATE TABLE t (id int PRIMARY KEY)"))
    scripts = [first, *(Script(f"f{n}", down="a1", upgrade=text) for n, text in enumerate(FAILURES))]
    project = make_project(tmp_path, scripts, env=env, url=f"postgresql+{driver}://")
    with Environment(project.lineage(), timeout=60) as environment, connect(database) as look:
        environment.attach(database)
        environment.upgrade("a1")
        for n, (text, expected) in enumerate(FAILURES.items()):
            outcome = environment.upgrade(f"f{n}")

            assert outcome.failure is not None, text
            expected = {"path": str(project.files[f"f{n}"]), **expected}
            assert {name: getattr(outcome.failure, name) for name in expected} == expected, text
            assert len(outcome.failure.message) <= 300
            assert (outcome.heads, outcome.expected_heads) == ({"a1"}, {f"f{n}"})
            assert look.execute("SELECT count(*) FROM public.t").fetchone() == (0,)


@pytest.mark.parametrize(("env", "driver"), [(SYNC, "psycopg"), (SYNC, "psycopg2"), (ASYNC, "asyncpg")])
def test_an_error_that_a_script_swallows_is_the_one_that_is_told(env: str, driver: str, tmp_path: Path, database: str) -> None:
    """Not that of the statement after it; the next step begins without it."""
    swallows = [
        "op.execute('CREATE TABLE t (n int)')",
        "op.execute('INSERT INTO t VALUES (NULL)')",
        "try:",
        "    op.execute('ALTER TABLE t ALTER n SET NOT NULL')",
        "except Exception: pass",
    ]
    retries = [
        "with op.get_bind().begin_nested(): op.execute('SELECT 1')",
        "try:",
        "    with op.get_bind().begin_nested(): op.execute('SELECT 1 / 0')",
        "except Exception: pass",
        "op.execute('SELECT * FROM nowhere')",
    ]
    scripts = [Script("a1", upgrade="\n".join(swallows)), Script("b2", upgrade="\n".join(retries))]
    with Environment(
        make_project(tmp_path, scripts, env=env, url=f"postgresql+{driver}://").lineage(), timeout=60
    ) as environment:
        environment.attach(database)
        swallowed = environment.upgrade("a1").failure
        assert swallowed is not None
        assert ("23502", "ALTER TABLE t ALTER n SET NOT NULL") == (swallowed.sqlstate, swallowed.statement)
        assert "it was caught, and the script went on" in swallowed.message
        assert (swallowed.path or "").endswith("a1_script.py")

        handled = environment.upgrade("b2").failure
        assert handled is not None
        assert ("42P01", "SELECT * FROM nowhere") == (handled.sqlstate, handled.statement)


def test_each_step_has_a_fresh_session(tmp_path: Path, database: str) -> None:
    """Settings, temporary tables and roles that a step leaves in its session are gone for the next, as between commands."""
    leave = sql(
        "SET statement_timeout = '1h'", "SET my.setting = 'x'", "CREATE TEMP TABLE left_over ()", "SELECT pg_advisory_lock(7)"
    )
    check = (
        "row = op.get_bind().execute(sa.text(\"SELECT current_setting('statement_timeout'),"
        " current_setting('my.setting', true),"
        " to_regclass('left_over'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7)\")).one()\n"
        "assert row == ('0', None, None, 0), row"
    )
    project = make_project(tmp_path, [Script("a1", upgrade=leave), Script("b2", down="a1", upgrade=check)])
    with Environment(project.lineage(), timeout=60) as environment:
        environment.attach(database)

        assert environment.upgrade("a1").failure is None
        assert environment.why_not_parked == ""
        assert environment.upgrade("b2").failure is None


def test_second_connections_end_with_the_step(tmp_path: Path, database: str) -> None:
    """A connection that a script leaves open, in a transaction, is closed as it would be at the end of the command."""
    leave = "import psycopg\nglobal kept\nkept = psycopg.connect()\nkept.execute('LOCK TABLE t')"
    scripts = [
        Script("a1", upgrade=sql("CREATE TABLE t ()")),
        Script("b2", down="a1", upgrade=leave),
        Script("c3", down="b2", upgrade=sql("DROP TABLE t")),
    ]
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=20) as environment:
        environment.attach(database)

        assert [environment.upgrade(each).failure for each in ("a1", "b2", "c3")] == [None] * 3


def test_no_session_is_left_between_steps(tmp_path: Path, database: str, server: Server) -> None:
    """After a step nobody is connected but we, and the one that waits for the next; after detach nobody is at all."""
    stray = "import psycopg\nglobal kept\nkept = psycopg.connect()"
    project = make_project(tmp_path, [Script("a1", upgrade=stray)])
    with Environment(project.lineage(), timeout=60) as environment, connect(database) as look:
        environment.attach(database)
        environment.upgrade("a1")
        others = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'migration-checks'"
        )

        assert look.execute(others).fetchall() == [(environment.session,)]
        environment.detach()
        environment.detach()
    with connect(server.url) as maintenance:
        maintenance.execute(f"CREATE DATABASE {database_name(database)}_copy TEMPLATE {database_name(database)}")
        maintenance.execute(f"DROP DATABASE {database_name(database)}_copy")


def test_stamp_and_leap(tmp_path: Path, database: str) -> None:
    """Stamping writes exactly the heads; a leap goes on from there in one transaction."""
    scripts = [
        Script("a1", upgrade=sql("CREATE TYPE mood AS ENUM ('calm')")),
        Script("b2", down="a1", upgrade=sql("ALTER TYPE mood ADD VALUE 'glad'")),
        Script("c3", down="b2", upgrade=sql("CREATE TABLE t AS SELECT 'glad'::mood AS m")),
        Script("d4", down="a1"),
    ]
    with Environment(make_project(tmp_path, scripts).lineage(), timeout=60) as environment:
        environment.attach(database)
        environment.stamp(["b2", "d4"])
        assert environment.heads() == {"b2", "d4"}
        environment.stamp([])
        assert environment.heads() == frozenset()
        assert environment.upgrade("a1").failure is None
        leap = environment.leap(["c3"])

        assert leap.failure is not None
        assert leap.failure.sqlstate == "55P04"
        assert (leap.heads, leap.expected_heads) == ({"a1"}, {"c3"})
        assert [environment.upgrade(each).failure for each in ("b2", "c3")] == [None, None]
        assert environment.heads() == {"c3"}


def test_without_a_transaction_nothing_is_committed(tmp_path: Path, database: str) -> None:
    """An env.py that never commits ends without an error, and with a version table that says so."""
    env = SYNC.replace("with context.begin_transaction():", "if True:")
    with Environment(
        make_project(tmp_path, [Script("a1", upgrade=sql("CREATE TABLE t ()"))], env=env).lineage(), timeout=60
    ) as environment:
        environment.attach(database)
        outcome = environment.upgrade("a1")

        assert outcome.failure is None
        assert (outcome.heads, outcome.expected_heads) == (frozenset(), {"a1"})


def test_a_script_that_moves_the_version_table(tmp_path: Path, database: str) -> None:
    """What the version table holds and what it should hold are told apart, and the next step goes by what it holds."""
    scripts = [Script("a1"), Script("b2", down="a1", upgrade="pass", downgrade="pass"), Script("c3", down="b2")]
    project = make_project(tmp_path, scripts)
    with Environment(project.lineage(), timeout=60) as environment, connect(database) as look:
        environment.attach(database)
        environment.upgrade("a1")
        look.execute("UPDATE public.alembic_version SET version_num = 'b2'")
        environment.heads()

        assert environment.upgrade("c3").heads == {"c3"}


def test_drift(tmp_path: Path, database: str) -> None:
    """What autogenerate would change at head is said in words, by env.py's own options, without our own schema."""
    env = SYNC.replace(
        "target_metadata = None",
        "import sqlalchemy as sa\n    target_metadata = sa.MetaData()\n"
        "    sa.Table('t', target_metadata, sa.Column('id', sa.BigInteger, primary_key=True), sa.Column('extra', sa.Text))\n"
        "    sa.Table('u', target_metadata, sa.Column('id', sa.Integer, index=True))\n"
        "    sa.Index('twice', target_metadata.tables['t'].c.extra)",
    ).replace("target_metadata=target_metadata", "target_metadata=target_metadata, compare_type=True, include_schemas=True")
    project = make_project(
        tmp_path,
        [
            Script(
                "a1",
                upgrade=sql(
                    "CREATE TABLE t (id int PRIMARY KEY)",
                    "CREATE INDEX by_id ON t (id)",
                    "CREATE INDEX twice ON t (id)",
                    "CREATE TABLE v (id int)",
                    "CREATE INDEX on_v ON v (id)",
                ),
            )
        ],
        env=env,
    )
    with Environment(project.lineage(), timeout=60) as environment, connect(database) as look:
        environment.attach(database)
        environment.upgrade("a1")
        look.execute("CREATE SCHEMA migration_checks_own CREATE TABLE mirror (id int)")

        assert environment.drift() == (
            "column t.extra is in the models, not in the database",
            "column t.id: type is INTEGER, the models say BIGINT",
            "index by_id on t (id) is in the database, not in the models",
            "index twice on t: the models say otherwise",
            "table u is in the models, not in the database",
            "table v is in the database, not in the models",
        )


def test_no_drift_without_models(tmp_path: Path, database: str) -> None:
    """An env.py that offers no metadata has no drift to tell of."""
    with Environment(make_project(tmp_path, [Script("a1")]).lineage(), timeout=60) as environment:
        environment.attach(database)

        assert environment.drift() is None


NOTE = """
    def note(*, ctx, step, heads, run_args, **_):
        ctx.connection.exec_driver_sql(f"COMMENT ON TABLE t IS '{','.join(heads)} {run_args['flavour']}'")
"""


def test_callbacks_and_arguments_of_env_py(tmp_path: Path, database: str) -> None:
    """on_version_apply callbacks and arguments of run_migrations are honoured, parked too."""
    env = (
        SYNC.replace("target_metadata=target_metadata)", "on_version_apply=note)")
        .replace("context.run_migrations()", "context.run_migrations(flavour='mint')")
        .replace("def run_migrations_online", f"{NOTE}\n    def run_migrations_online")
    )
    script = Script("a1", upgrade=sql("CREATE TABLE t ()"))
    project = make_project(tmp_path, [script], env=env)
    path = project.files["a1"]
    path.write_text(path.read_text().replace("def upgrade():", "def upgrade(flavour):"))
    with Environment(project.lineage(), timeout=60) as environment, connect(database) as look:
        environment.attach(database)

        assert environment.upgrade("a1").failure is None
        row = look.execute("SELECT obj_description('public.t'::regclass)").fetchone()
        assert row == ("a1 mint",)


def test_a_step_repeated_creates_its_enum_types_again(tmp_path: Path, database: str) -> None:
    """What SQLAlchemy remembers within one run of env.py does not reach from one step into the next."""
    tickets = Script(
        "a1",
        upgrade="op.create_table('tickets', sa.Column('status', sa.Enum('open', 'closed', name='status')))",
        downgrade="op.drop_table('tickets')\nop.execute('DROP TYPE status')",
    )
    with Environment(make_project(tmp_path, [tickets]).lineage(), timeout=60) as environment:
        environment.attach(database)

        failures = [
            outcome.failure for outcome in (environment.upgrade("a1"), environment.downgrade("a1"), environment.upgrade("a1"))
        ]

        assert failures == [None, None, None]

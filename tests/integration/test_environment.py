"""Every shape of env.py is run unchanged, in the database it was given, parked where that is exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import alembic
import pytest

from migration_checks.connection import connect
from migration_checks.environment import Environment
from tests.projects import ASYNC, NOWHERE, SYNC, Script, make_project, sql

SCRIPTS = (
    Script("a1", upgrade=sql("CREATE TABLE first (id int PRIMARY KEY)"), downgrade=sql("DROP TABLE first")),
    Script("b2", down="a1", upgrade=sql("CREATE TABLE second (id int)"), downgrade=sql("DROP TABLE second")),
)


@dataclass(frozen=True)
class Shape:
    """A project, and what is true of it. `tables` maps a table that a1 makes to where it must be; `why` is why not parked."""

    env: str = SYNC
    url: str | None = NOWHERE
    ini: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    toml: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    scripts: tuple[Script, ...] = SCRIPTS
    table: str = "public.first"
    versions: tuple[str, ...] = ("public.alembic_version",)
    why: str = ""


def body(text: str, *, configure: str = "connection=connection", head: str = "") -> str:
    """An env.py that opens `connection` in its own way: `text` is the with line, or several lines ending in it."""
    lines = [
        "import os",
        "from alembic import context",
        "from sqlalchemy import create_engine, event, pool, text",
        "from sqlalchemy.pool import NullPool",
        "config = context.config",
        *head.strip().splitlines(),
        *text.strip().splitlines(),
    ]
    indent = " " * (len(lines[-1]) - len(lines[-1].lstrip()) + 4)
    lines += [
        f"{indent}context.configure({configure})",
        f"{indent}with context.begin_transaction():",
        f"{indent}    context.run_migrations()",
    ]
    return "\n".join(lines)


PRODUCTION = "postgresql+psycopg://app:s3cret@production.invalid/app"
ENGINE = f"engine = create_engine({PRODUCTION!r}, poolclass=NullPool)\n"
CONNECT = "with engine.connect() as connection:"

SHAPES: dict[str, Shape] = {
    "as alembic init writes it": Shape(),
    "psycopg2": Shape(url="postgresql+psycopg2://app:s3cret@production.invalid/app"),
    "no driver named": Shape(url="postgresql+psycopg2://production.invalid/app?sslmode=verify-full&sslrootcert=/nonexistent"),
    "asyncio and asyncpg": Shape(ASYNC, "postgresql+asyncpg://app:s3cret@production.invalid/app"),
    "asyncio and asyncpg with options": Shape(ASYNC, "postgresql+asyncpg://production.invalid/app?ssl=require&statement_cache_size=0"),
    "asyncio and psycopg": Shape(ASYNC, PRODUCTION),
    "no URL": Shape(url=None),
    "the placeholder of alembic init": Shape(url="driver://user:pass@localhost/dbname"),
    "URL overridden in env.py": Shape(
        body(f"config.set_main_option('sqlalchemy.url', {PRODUCTION!r})\n"
             "with create_engine(config.get_main_option('sqlalchemy.url'), poolclass=NullPool).connect() as connection:")
    ),
    "URL from the environment": Shape(
        body("with create_engine(os.environ['APP_URL']).connect() as connection:"),
        settings={"env": {"APP_URL": PRODUCTION}},
    ),
    "several hosts": Shape(body("with create_engine('postgresql+psycopg://u:p@/app?host=one.invalid:1&host=two.invalid:2')"
                                ".connect() as connection:")),
    "a pool that keeps connections": Shape(
        body(f"engine = create_engine({PRODUCTION!r}, pool_size=3, pool_pre_ping=True)\n" + CONNECT)
    ),
    "a creator": Shape(
        body("with create_engine('postgresql+psycopg://', creator=lambda: psycopg.connect(host='production.invalid'))"
             ".connect() as connection:", head="import psycopg")
    ),
    "an asynchronous creator": Shape(
        ASYNC.replace("async_engine_from_config(", "make(").replace(
            "config = context.config",
            "import asyncpg\n    from sqlalchemy.ext.asyncio import create_async_engine\n    config = context.config\n"
            "    async def creator(): return await asyncpg.connect(host='production.invalid', database='app')\n"
            "    def make(*a, **k): return create_async_engine('postgresql+asyncpg://', async_creator=creator)",
        )
    ),
    "a listener that puts in a token": Shape(
        body(ENGINE + "@event.listens_for(engine, 'do_connect')\n"
             "def token(dialect, record, args, params): params.update(host='production.invalid', password='token')\n" + CONNECT)
    ),
    "connection attribute, optional": Shape(
        body("connection = config.attributes.get('connection')\n"
             "engine = create_engine(config.get_main_option('sqlalchemy.url'))\n" + CONNECT)
    ),
    "connection attribute, required": Shape(
        body("connection = config.attributes['connection']\nif True:")
    ),
    "connection attribute, required by what env.py calls": Shape(
        body("connection = getattr(config, 'attr' + 'ibutes')['connection']\nif True:")
    ),
    "connection attribute, an engine": Shape(
        body("engine = config.attributes['connection']\n" + CONNECT)
    ),
    "begins the transaction itself": Shape(
        body(ENGINE + "with engine.begin() as connection:"), why="env.py begins the transaction itself"
    ),
    "a transaction after configure": Shape(
        body(ENGINE + CONNECT).replace("with context.begin_transaction", "with connection.begin"),
        why="env.py does not let Alembic begin the transaction",
    ),
    "a transaction for each revision": Shape(
        body(ENGINE + CONNECT, configure="connection=connection, transaction_per_migration=True")
    ),
    "autocommit": Shape(
        body(ENGINE.replace("poolclass", "isolation_level='AUTOCOMMIT', poolclass") + CONNECT),
        why="env.py migrates in autocommit mode",
    ),
    "a version table elsewhere": Shape(
        body(ENGINE + CONNECT + "\n    connection.execute(text('CREATE SCHEMA IF NOT EXISTS \"Own\"'))\n"
             "    connection.commit()\n    if True:",
             configure="connection=connection, version_table='Versions', version_table_schema='Own'"),
        versions=('"Own"."Versions"',),
        why="env.py sends statements of its own",
    ),
    "search_path set by a statement": Shape(
        body(ENGINE + CONNECT + "\n    connection.execute(text('CREATE SCHEMA IF NOT EXISTS app'))"
             "\n    connection.execute(text('SET search_path = app'))\n    connection.commit()\n    if True:"),
        table="app.first", versions=("app.alembic_version",),
        why="env.py changes settings or the role of its session; env.py sends statements of its own",
    ),
    "search_path set by a pool event": Shape(
        body(ENGINE + "@event.listens_for(engine, 'connect')\n"
             "def prepare(connection, record):\n    connection.autocommit = True\n"
             "    connection.execute('CREATE SCHEMA IF NOT EXISTS app')\n    connection.execute('SET search_path = app')\n"
             "    connection.autocommit = False\n" + CONNECT),
        table="app.first", versions=("app.alembic_version",),
        why="env.py changes settings or the role of its session",
    ),
    "a schema for each tenant": Shape(
        body(ENGINE + "for schema in ('one', 'two'):\n    with engine.connect() as connection:\n"
             "        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS {schema}'))\n"
             "        connection.execute(text(f'SET search_path = {schema}'))\n        connection.commit()\n        if True:",
             configure="connection=connection, version_table_schema=schema"),
        table="two.first", versions=("one.alembic_version", "two.alembic_version"),
        why="env.py changes settings or the role of its session; env.py migrates several times in one run; "
            "env.py sends statements of its own",
    ),
    "several version locations": Shape(
        ini={"version_locations": "%(here)s/migrations/versions %(here)s/plugin"},
        scripts=(SCRIPTS[0], replace(SCRIPTS[1], folder="plugin")),
    ),
    "pyproject.toml": Shape(toml=True),
    "settings on sys_path": Shape(
        body("import app_settings\nwith create_engine(app_settings.url).connect() as connection:"),
        files={"src/app_settings.py": f"import os\nassert os.environ['MODE'] == 'check'\nurl = {PRODUCTION!r}"},
        settings={"sys_path": (Path("src"),), "env": {"MODE": "check"}},
    ),
    "a boot hook": Shape(
        body("import app_state\nwith create_engine(app_state.url).connect() as connection:"),
        files={"app_state.py": f"url = None\ndef boot():\n    global url\n    url = {PRODUCTION!r}\n"},
        settings={"boot": "app_state:boot"},
        scripts=(replace(SCRIPTS[0], head="import app_state\nassert app_state.url"), SCRIPTS[1]),
    ),
    "arguments": Shape(
        body("assert context.get_x_argument(as_dictionary=True) == {'tenant': 'blue'}\n"
             "assert not context.is_offline_mode()\n" + ENGINE + CONNECT),
        settings={"x": ("tenant=blue",)},
    ),
    "logging and a working directory": Shape(
        body("import logging.config\nlogging.config.fileConfig(config.config_file_name)\nos.chdir('/')\n" + ENGINE + CONNECT),
    ),
    "only a folder": Shape(url=None, settings={"config": None, "script_location": Path("migrations")}),
}  # fmt: skip


def shapes() -> list[Any]:
    """The shapes; before Alembic 1.16 it cannot read pyproject.toml itself."""
    old = tuple(map(int, alembic.__version__.split(".")[:2])) < (1, 16)
    skip = pytest.mark.skipif(old, reason="Alembic reads pyproject.toml from 1.16 on")
    return [pytest.param(name, marks=[skip] if name == "pyproject.toml" else []) for name in SHAPES]


@pytest.mark.parametrize("name", shapes())
def test_shape(name: str, tmp_path: Path, database: str) -> None:
    """The project's steps are applied to our database, one by one, and taken back, whatever its env.py looks like."""
    shape = SHAPES[name]
    project = make_project(
        tmp_path, shape.scripts, env=shape.env, url=shape.url, ini=shape.ini, toml=shape.toml, files=shape.files
    )
    if "fileConfig" in shape.env:
        with project.config.open("a") as config:
            config.write(LOGGING)
    with Environment(project.lineage(**shape.settings), timeout=60) as environment, connect(database) as look:
        environment.attach(database)
        steps = [environment.upgrade("a1"), environment.upgrade("b2"), environment.downgrade("b2")]

        assert [step.failure for step in steps] == [None] * 3
        assert [step.heads for step in steps] == [{"a1"}, {"b2"}, {"a1"}]
        assert [step.expected_heads for step in steps] == [{"a1"}, {"b2"}, {"a1"}]
        assert look.execute("SELECT to_regclass(%s)::text", [shape.table]).fetchone() == (shape.table,)
        assert environment.version_tables == set(shape.versions)
        assert environment.why_not_parked == shape.why
        assert environment.downgrade("a1").heads == frozenset()
        assert look.execute("SELECT to_regclass(%s)::text", [shape.table]).fetchone() == (None,)
        assert environment.leap({"b2"}).heads == {"b2"}


LOGGING = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = DEBUG
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
"""

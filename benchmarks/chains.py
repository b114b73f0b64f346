"""Chains of small revisions to measure with: tables, columns, indexes, constraints and foreign keys, as people write them."""

from __future__ import annotations

from pathlib import Path

_SCRIPT = '''"""revision {number}"""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {below}
branch_labels = None
depends_on = None


def upgrade():
    {up}


def downgrade():
    {down}
'''

_ENV = """import os

from alembic import context
from sqlalchemy import Connection, MetaData, create_engine, pool

target_metadata = MetaData()
config = context.config
given = config.attributes.get("connection")
schema = config.attributes.get("target_schema")


def run(connection):
    if schema:
        connection.exec_driver_sql(f'SET search_path TO "{schema}"')
    context.configure(connection=connection, target_metadata=target_metadata, version_table_schema=schema)
    with context.begin_transaction():
        context.run_migrations()


if given is None:
    url = os.environ.get("BENCHMARK_URL") or config.get_main_option("sqlalchemy.url")
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        run(connection)
elif isinstance(given, Connection):
    run(given)
else:
    with given.connect() as connection:
        run(connection)
"""

_INI = """[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = postgresql+psycopg://nobody@nowhere.invalid/nothing
"""

CYCLE = 5
"""Revisions after which the kinds of change come round again: a table, a column, an index, a constraint, a reference."""


def write_chain(folder: Path, length: int) -> Path:
    """An Alembic project of `length` revisions in `folder`; the folder. Its env.py reads BENCHMARK_URL, if it is set."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(_INI)
    (folder / "migrations" / "env.py").write_text(_ENV)
    (folder / "migrations" / "script.py.mako").write_text("")
    for number in range(length):
        up, down = change(number)
        below = repr(_name(number - 1)) if number else None
        script = _SCRIPT.format(number=number, name=_name(number), below=below, up=_lines(up), down=_lines(down))
        (versions / f"{_name(number)}.py").write_text(script)
    return folder


def _name(number: int) -> str:
    return f"r{number:04}"


def _lines(statements: tuple[str, ...]) -> str:
    return "\n    ".join(statements)


def change(number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The statements of a revision's upgrade and downgrade; whatever it needs an earlier one of its cycle has made."""
    cycle, kind = divmod(number, CYCLE)
    table = f"item_{cycle}"
    if kind == 0:
        columns = (
            'sa.Column("id", sa.Integer, primary_key=True)',
            'sa.Column("name", sa.String(80), nullable=False)',
            'sa.Column("amount", sa.Numeric(10, 2))',
            'sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now())',
        )
        return (f'op.create_table("{table}", {", ".join(columns)})',), (f'op.drop_table("{table}")',)
    if kind == 1:
        column = 'sa.Column("state", sa.String(20), nullable=False, server_default="new")'
        return (f'op.add_column("{table}", {column})',), (f'op.drop_column("{table}", "state")',)
    if kind == 2:
        name = f"ix_{table}_name"
        return (f'op.create_index("{name}", "{table}", ["name"])',), (f'op.drop_index("{name}", "{table}")',)
    if kind == 3:
        name, rule = f"ck_{table}_state", "length(state) > 0"
        return (
            (f'op.create_check_constraint("{name}", "{table}", "{rule}")',),
            (f'op.drop_constraint("{name}", "{table}", type_="check")',),
        )
    name, above = f"fk_{table}_parent", f"item_{max(cycle - 1, 0)}"
    return (
        (
            f'op.add_column("{table}", sa.Column("parent_id", sa.Integer))',
            f'op.create_foreign_key("{name}", "{table}", "{above}", ["parent_id"], ["id"])',
        ),
        (
            f'op.drop_constraint("{name}", "{table}", type_="foreignkey")',
            f'op.drop_column("{table}", "parent_id")',
        ),
    )

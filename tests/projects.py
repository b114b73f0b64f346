"""Alembic projects made from data: the folder, its configuration, an env.py of a chosen shape and the revision scripts.

    project = make_project(tmp_path, [Script("a1", upgrade="op.execute('CREATE TABLE t (id int)')"), Script("b2", down="a1")])
    with Environment(project.lineage()) as environment: ...

The URL in the configuration names a host that does not exist, on purpose: what works, works because connections are redirected.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migration_checks.lineage import Lineage

NOWHERE = "postgresql+psycopg://app:s3cret@production.invalid:5999/app"
"""The URL that configurations name unless told otherwise; its password must never be seen in a message."""

SYNC = """
    from alembic import context
    from sqlalchemy import engine_from_config, pool

    config = context.config
    target_metadata = None

    def run_migrations_online():
        connectable = engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.",
                                         poolclass=pool.NullPool)
        with connectable.connect() as connection:
            context.configure(connection=connection, target_metadata=target_metadata)
            with context.begin_transaction():
                context.run_migrations()

    run_migrations_online()
"""
"""env.py as `alembic init` writes it (without its offline half)."""

ASYNC = """
    import asyncio
    from alembic import context
    from sqlalchemy import pool
    from sqlalchemy.ext.asyncio import async_engine_from_config

    config = context.config

    def do_run_migrations(connection):
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()

    async def run_async_migrations():
        connectable = async_engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.",
                                               poolclass=pool.NullPool)
        async with connectable.connect() as connection:
            await connection.run_sync(do_run_migrations)
        await connectable.dispose()

    asyncio.run(run_async_migrations())
"""
"""env.py as `alembic init -t async` writes it."""


@dataclass(frozen=True)
class Script:
    """One revision script. `upgrade` and `downgrade` are function bodies, dedented for you, `head` is code at module level.

    `down` is a revision id, several of them, or None for a base. `folder` places it below another version location.
    """

    id: str
    down: str | tuple[str, ...] | None = None
    upgrade: str = "pass"
    downgrade: str = "pass"
    depends_on: str | tuple[str, ...] | None = None
    labels: tuple[str, ...] = ()
    head: str = ""
    doc: str = ""
    folder: str = "migrations/versions"

    @property
    def text(self) -> str:
        """The script as it is written to disk; `op`, `sa` and `context` are imported."""
        return "\n".join(
            [
                f'"""{self.doc or "revision " + self.id}"""',
                "import sqlalchemy as sa",
                "from alembic import context, op",
                f"revision = {self.id!r}",
                f"down_revision = {self.down!r}",
                f"branch_labels = {self.labels or None!r}",
                f"depends_on = {self.depends_on!r}",
                textwrap.dedent(self.head),
                "def upgrade():",
                textwrap.indent(textwrap.dedent(self.upgrade).strip("\n"), "    "),
                "",
                "def downgrade():",
                textwrap.indent(textwrap.dedent(self.downgrade).strip("\n"), "    "),
                "",
            ]
        )


def sql(*statements: str) -> str:
    """A function body that executes `statements` one by one."""
    return "\n".join(f"op.execute({statement!r})" for statement in statements) or "pass"


@dataclass(frozen=True)
class Project:
    """A project on disk: `root` is its folder, `config` its alembic.ini or pyproject.toml."""

    root: Path
    config: Path
    files: Mapping[str, Path] = field(default_factory=dict)

    def lineage(self, **settings: Any) -> Lineage:
        """A lineage of this project; `settings` are fields of Lineage."""
        return Lineage(**{"name": "project", "root": self.root, "config": self.config, **settings})


def make_project(
    root: Path,
    scripts: Iterable[Script],
    *,
    env: str | None = SYNC,
    url: str | None = NOWHERE,
    ini: Mapping[str, str] | None = None,
    toml: bool = False,
    files: Mapping[str, str] | None = None,
) -> Project:
    """Write a project below `root` and say where everything is; `Project.files` maps a revision id to its file.

    `env` is the text of env.py (None: there is none), `url` the `sqlalchemy.url` (None: left out), `ini` further options.
    `toml` puts the options into pyproject.toml (the URL stays in alembic.ini, as Alembic wants it). `files` are further
    files by relative path. Text is dedented.
    """
    (root / "migrations" / "versions").mkdir(parents=True, exist_ok=True)
    if env is not None:
        (root / "migrations" / "env.py").write_text(textwrap.dedent(env))
    for name, text in (files or {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    paths = {}
    for script in scripts:
        path = root / script.folder / f"{script.id}_script.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script.text)
        paths[script.id] = path
    return Project(root, _write_config(root, url, dict(ini or {}), toml), paths)


def _write_config(root: Path, url: str | None, options: dict[str, str], toml: bool) -> Path:
    options = {"script_location": "%(here)s/migrations", **options}
    connection = {} if url is None else {"sqlalchemy.url": url}
    if not toml:
        return _write_ini(root, {**options, **connection})
    _write_ini(root, connection)
    path = root / "pyproject.toml"
    path.write_text("[tool.alembic]\n" + "".join(f"{key} = {value!r}\n" for key, value in options.items()))
    return path


def _write_ini(root: Path, options: Mapping[str, str]) -> Path:
    path = root / "alembic.ini"
    path.write_text("[alembic]\n" + "".join(f"{key} = {value}\n" for key, value in options.items()))
    return path

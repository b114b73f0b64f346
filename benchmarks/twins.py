"""The chains of fixtures/faults as projects that any tool can take: a folder with alembic.ini and migrations, and their SQL."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from benchmarks.verdicts import one_line
from fixtures.faults import HERE, TWINS

_INI = """[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = {url}
"""

_ENV = """
import sqlalchemy as sa
from alembic import context

config = context.config
metadata = globals().get("models", sa.MetaData())
given = config.attributes.get("connection")
schema = config.attributes.get("target_schema")


def run(**options):
    if schema:
        options["connection"].exec_driver_sql(f'SET search_path TO "{schema}"')
        options["version_table_schema"] = schema
    context.configure(target_metadata=metadata, **options)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run(url=config.get_main_option("sqlalchemy.url"), literal_binds=True)
elif isinstance(given, sa.Connection):
    run(connection=given)
else:
    engine = given or sa.engine_from_config(config.get_section(config.config_ini_section, {}), poolclass=sa.NullPool)
    with engine.connect() as connection:
        run(connection=connection)
"""
"""As `alembic init` writes it, both halves; and with the connection, and the schema, that a test hands over, as manuals ask."""


NOWHERE = "postgresql+psycopg://localhost/nothing"
_IMPORT = "from alembic import context\n"


@dataclass(frozen=True, slots=True)
class Project:
    """One chain in a folder of its own; `url` is the SQLAlchemy URL of its database."""

    case: str
    twin: str
    folder: Path
    url: str

    @property
    def key(self) -> str:
        """A name for folders and files; no other chain has it."""
        return f"{self.case}-{self.twin}"

    @property
    def declarations(self) -> str:
        """The part of its env.py before Alembic's configuration, which declares the application's models, if there are any."""
        return (self.folder / "migrations" / "env.py").read_text().partition("config = context.config")[0].replace(_IMPORT, "")

    @property
    def has_models(self) -> bool:
        """Whether its env.py names the application's models."""
        return _declares_models(self.declarations)

    @property
    def takes_connection(self) -> bool:
        """Whether its env.py runs on a connection that is handed over; one that is the very fault may not."""
        return "config.attributes" in (self.folder / "migrations" / "env.py").read_text()


def _declares_models(text: str) -> bool:
    return "\nmodels = " in text


def write(root: Path, case: str, twin: str, url: str = NOWHERE) -> Project:
    """The chain as a project below `root`. An env.py of its own is kept, or, where it only adds models, those are."""
    assert twin in TWINS
    origin, project = HERE / case / twin, Project(case, twin, root / f"{case}-{twin}", url)
    migrations = project.folder / "migrations"
    migrations.mkdir(parents=True)
    (project.folder / "alembic.ini").write_text(_INI.format(url=url.replace("%", "%%")))
    shutil.copytree(origin / "versions", migrations / "versions", ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "script.py.mako").write_text("")
    (migrations / "env.py").write_text(environment(origin / "env.py"))
    return project


def environment(own: Path) -> str:
    """The env.py of a copy: declarations of models are taken over, and other habits of an env.py as they are."""
    text = own.read_text() if own.is_file() else ""
    declared, _, rest = text.partition("config = context.config")
    if _declares_models(declared):
        return declared + _ENV
    return text if rest else _ENV


@dataclass(frozen=True, slots=True)
class Script:
    """The SQL of one revision in one direction; `trouble` says why there is none, and is empty where there is."""

    revision: str
    sql: str
    trouble: str = ""


def offline(project: Project, direction: str) -> list[Script]:
    """What `alembic upgrade --sql` (or `downgrade --sql`) writes for each revision, from the base up."""
    (project.folder / "migrations" / "env.py").write_text(_ENV)  # one that wants a server has no offline half
    config = Config(str(project.folder / "alembic.ini"), stdout=io.StringIO())
    revisions = reversed([each for each in ScriptDirectory.from_config(config).walk_revisions() if each])
    return [_script(config, each.revision, str(each.down_revision or "base"), direction) for each in revisions]


def _script(config: Config, revision: str, below: str, direction: str) -> Script:
    config.output_buffer = written = io.StringIO()
    try:
        if direction == "upgrade":
            command.upgrade(config, revision if below == "base" else f"{below}:{revision}", sql=True)
        else:
            command.downgrade(config, f"{revision}:{below}", sql=True)
    except (Exception, SystemExit) as error:  # a script may raise anything: there is no result set to read offline
        return Script(revision, "", one_line(f"{type(error).__name__}: {error}"))
    return Script(revision, without_bookkeeping(written.getvalue()))


def without_bookkeeping(sql: str) -> str:
    """`sql` without the statement that creates Alembic's own table, which no project can write otherwise."""
    return ";\n\n".join(each for each in sql.split(";\n\n") if not each.startswith("CREATE TABLE alembic_version"))

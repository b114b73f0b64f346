"""How an env.py wants to be run: what speaks against one run for many steps, and what cannot be run at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from migration_checks.errors import EnvironmentFailure
from migration_checks.worker.address import Address
from migration_checks.worker.guard import ForeignConnection, Guard
from migration_checks.worker.manner import Attributes, Manner, Probe, url_for
from migration_checks.worker.statements import Recorder
from tests.projects import NOWHERE, SYNC, Script, make_project

VERSION = ("public", "alembic_version")


class Answered:
    """A SQLAlchemy connection to a server, as far as a probe looks at it."""

    def __init__(self, schema: str = "public", *, fresh: bool = True, plain: bool = True, autocommit: bool = False) -> None:
        self.row = (schema, fresh, plain)
        self.options = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
        self.connection = SimpleNamespace(dbapi_connection=SimpleNamespace(autocommit=autocommit))

    def exec_driver_sql(self, query: str) -> Any:
        return SimpleNamespace(one=lambda: self.row)

    def get_execution_options(self) -> dict[str, str]:
        return self.options


def context(**more: Any) -> Any:
    """What env.py configured, in Alembic's words."""
    usual = {
        "as_sql": False,
        "connection": Answered(),
        "version_table_schema": None,
        "version_table": "alembic_version",
        "_in_external_transaction": False,
        "_transaction": object(),
        "_transaction_per_migration": False,
    }
    return SimpleNamespace(**{**usual, **more})


def probe(folder: Path, env: str = SYNC) -> Probe:
    config = Config(make_project(folder, [Script("a1")], env=env).config)
    return Probe(config, ScriptDirectory.from_config(config), Guard(), Recorder("/nowhere"))


def judged(folder: Path, *contexts: Any, strangers: int = 0, raw: int = 0) -> Manner:
    """What a probe concludes from these visits."""
    made = probe(folder)
    for each in contexts:
        made._visit((), each)
    made._recorder.strangers, made._guard.raw_connections = strangers, raw
    return made._judged(None)


def test_an_env_py_as_alembic_writes_it_is_parked(tmp_path: Path) -> None:
    """One run serves all steps; its version table lies where the session's names lead."""
    assert judged(tmp_path, context()) == Manner(True, False, None, (VERSION,), plain=True)


def test_a_session_that_holds_something_of_env_pys_own(tmp_path: Path) -> None:
    """What DISCARD ALL would take away no later step may miss: each is given a session of its own."""
    assert not judged(tmp_path, context(connection=Answered(plain=False))).plain


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({"_in_external_transaction": True}, "env.py begins the transaction itself"),
        ({"_transaction": None}, "env.py does not let Alembic begin the transaction"),
        ({"connection": Answered(autocommit=True)}, "env.py migrates in autocommit mode"),
        ({"connection": Answered(fresh=False)}, "env.py changes settings or the role of its session"),
    ],
)
def test_what_speaks_against_one_run_for_many_steps(tmp_path: Path, found: dict[str, Any], why: str) -> None:
    """What `alembic upgrade` would do between two commands could not be had then."""
    manner = judged(tmp_path, context(**found))

    assert (manner.parked, manner.why) == (False, why)


def test_a_transaction_for_each_migration_is_no_objection(tmp_path: Path) -> None:
    """That is how steps are run anyway."""
    assert judged(tmp_path, context(_transaction=None, _transaction_per_migration=True)).parked


def test_statements_and_connections_of_its_own(tmp_path: Path) -> None:
    """They would be made once instead of once a step; each objection is named once."""
    manner = judged(tmp_path, context(), strangers=2, raw=1)

    assert manner.why == "env.py sends statements of its own; env.py opens connections of its own"


def test_several_tenants(tmp_path: Path) -> None:
    """Each has its version table, in its schema."""
    manner = judged(tmp_path, context(version_table_schema="one"), context(version_table_schema="two"))

    assert (manner.several, manner.parked) == (True, False)
    assert manner.versions == (("one", "alembic_version"), ("two", "alembic_version"))
    assert manner.message()["versions"] == [["one", "alembic_version"], ["two", "alembic_version"]]


def test_a_version_table_of_another_name(tmp_path: Path) -> None:
    """In the schema that the session's search path leads to."""
    assert judged(tmp_path, context(connection=Answered("app"), version_table="revisions")).versions == (("app", "revisions"),)


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ("pass", r"never called context\.run_migrations"),
        ("raise ValueError('no settings')", "env.py cannot be run.*no settings"),
        ("import sys; sys.exit(4)", "env.py cannot be run.*SystemExit"),
        ("import nonesuch", "No module named 'nonesuch'"),
    ],
)
def test_an_env_py_that_cannot_be_run(tmp_path: Path, env: str, says: str) -> None:
    """In a sentence, with what to look at."""
    with pytest.raises(EnvironmentFailure, match=says) as caught:
        probe(tmp_path, env).manner()

    assert caught.value.remedy


def test_an_env_py_that_runs_offline(tmp_path: Path) -> None:
    """There is no connection to watch."""
    offline = "from alembic import context\ncontext.configure(url='postgresql://', as_sql=True)\ncontext.run_migrations()"

    with pytest.raises(EnvironmentFailure, match="it runs offline"):
        probe(tmp_path, offline).manner()


TAKES = """
    from alembic import context
    connection = context.config.attributes.get("connection")
    seen = open(__file__ + ".seen", "a")
    seen.write(type(connection).__name__ + " ")
    seen.close()
    raise LookupError("not this one")
"""


def test_an_env_py_that_takes_a_connection_is_offered_one(tmp_path: Path) -> None:
    """First nothing, then a connection (none can be had without a server), then an engine; the first failure is told."""
    with pytest.raises(EnvironmentFailure, match="not this one"):
        probe(tmp_path, TAKES).manner()

    assert (tmp_path / "migrations" / "env.py.seen").read_text().split() == ["NoneType", "Engine"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (NOWHERE, "postgresql+psycopg://"),
        ("postgresql+asyncpg://app@production/app", "postgresql+asyncpg://"),
        ("driver://user:pass@localhost/dbname", "postgresql+psycopg://"),
        (None, "postgresql+psycopg://"),
    ],
)
def test_the_configured_url_names_our_database(tmp_path: Path, given: str | None, expected: str) -> None:
    """With the driver that the project chose."""
    config = Config(make_project(tmp_path, [], url=given).config)
    url_for(config, Address.of("postgresql://owner:p%25w@127.0.0.1:5433/walk"))
    found = config.get_main_option("sqlalchemy.url") or ""

    assert found.startswith(expected)
    assert "production" not in found
    assert "/walk?" in found
    assert "port=5433" in found


@pytest.mark.parametrize("given", ["sqlite:///app.db", "this is no URL", "%(missing)s"])
def test_a_url_that_is_none_of_postgresql_is_left_alone(tmp_path: Path, given: str) -> None:
    """Whoever connects to it is refused then, with the reason."""
    config = Config(make_project(tmp_path, [], url=given).config)
    url_for(config, Address.of("postgresql://owner@127.0.0.1/walk"))

    assert config.file_config.get("alembic", "sqlalchemy.url", raw=True) == given


def test_an_engine_is_supplied_to_whoever_takes_one(tmp_path: Path) -> None:
    """And to nobody else."""
    config = Config(make_project(tmp_path, []).config)
    with Manner(False, False, "engine", ()).supplied(config):
        assert config.attributes["connection"].dialect.name == "postgresql"
    with Manner(False, False, None, ()).supplied(config):
        assert "connection" not in config.attributes


@pytest.mark.parametrize(
    "ask",
    [
        lambda attributes: attributes.get("connection"),
        lambda attributes: attributes["connection"],
        lambda attributes: "connection" in attributes,
        lambda attributes: attributes.setdefault("connection"),
    ],
)
def test_a_connection_is_offered_to_whoever_asks_for_one(ask: Callable[[Attributes], object]) -> None:
    """In whichever way, and whoever it is that asks; nothing else counts."""
    attributes = Attributes(tag="x")
    assert ("x", [None]) == (attributes["tag"], list(Probe._supplies(attributes)))
    with suppress(KeyError):
        ask(attributes)

    assert [None, "connection", "engine"] == list(Probe._supplies(attributes))


def test_an_env_py_that_cannot_be_read_takes_no_connection(tmp_path: Path) -> None:
    """What is wrong with it is told when it is run."""
    with pytest.raises(EnvironmentFailure, match="SyntaxError") as caught:
        probe(tmp_path, "x =").manner()
    assert "Correct the syntax" in caught.value.remedy


def test_an_env_py_that_goes_elsewhere_is_told_what_would_do(tmp_path: Path) -> None:
    """The remedy is the guard's."""
    foreign = "from migration_checks.worker.guard import ForeignConnection\nraise ForeignConnection('Refused a trip')"

    with pytest.raises(EnvironmentFailure, match=r"env\.py cannot be run: .*Refused a trip") as caught:
        probe(tmp_path, foreign).manner()
    assert ForeignConnection.remedy == caught.value.remedy

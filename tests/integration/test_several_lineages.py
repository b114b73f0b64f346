"""Projects with several Alembic environments, schemas of several tenants, and arguments that env.py is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migration_checks.cli import main
from migration_checks.providers import Server
from tests.projects import Script, make_project, sql
from tests.walks import creates, walk, widens

TENANT = """
    from alembic import context
    from sqlalchemy import engine_from_config, pool, text

    tenant = context.get_x_argument(as_dictionary=True)["tenant"]
    engine = engine_from_config(context.config.get_section("alembic", {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{tenant}"'))
        connection.execute(text(f'SET search_path TO "{tenant}"'))
        connection.commit()
        connection.dialect.default_schema_name = tenant
        context.configure(connection=connection, version_table_schema=tenant)
        with context.begin_transaction():
            context.run_migrations()
"""
"""env.py of the recipe for schemas by tenant in Alembic's cookbook, without its metadata."""


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    """A project with two environments, the second of which loses values; neither knows the other's tables."""
    make_project(tmp_path / "shop", [creates("orders", "a1"), widens("orders", "b2", "a1")])
    loses = Script("x2", "x1", sql("ALTER TABLE bills DROP COLUMN note"), sql("ALTER TABLE bills ADD COLUMN note text"))
    make_project(tmp_path / "billing", [creates("bills", "x1"), loses])
    (tmp_path / "pyproject.toml").write_text(
        f"""
        [tool.migration_checks]
        provider = '{server.url}'
        allow_shared_server = true
        rows = 12
        reports = ["json=reports/walk.json"]
        [tool.migration_checks.lineages.shop]
        config = "shop/alembic.ini"
        [tool.migration_checks.lineages."down/billing"]
        config = "billing/alembic.ini"
        """
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def test_every_lineage_in_turn(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The worst status of all, a report file for each."""
    status = main(["verify", "--all"])
    shop, billing = (json.loads((two / "reports" / f"walk.{name}.json").read_text()) for name in ("shop", "down-billing"))

    assert 1 == status
    assert (("shop", "passed"), ("down/billing", "failed")) == tuple(
        (each["lineage"], each["verdict"]) for each in (shop, billing)
    )
    assert {"MC302", "MC304"} <= {each["check"] for each in billing["findings"]}
    assert capsys.readouterr().out.count("migration-checks  ") == 2


def test_one_lineage_by_name(two: Path) -> None:
    """Only that one is walked, with the settings of all."""
    status = main(["verify", "shop", "--only", "MC302"])

    assert 0 == status
    assert "shop" == json.loads((two / "reports" / "walk.json").read_text())["lineage"]


def test_one_that_cannot_be_walked(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are; the status says that the job could not be done."""
    (two / "shop" / "migrations" / "env.py").write_text("raise RuntimeError('not today')\n")
    status = main(["verify", "--all"])
    said = capsys.readouterr()

    assert 2 == status
    assert "migration-checks: shop: " in said.err
    assert "down/billing" in said.out


def test_all_and_one(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Either all or one."""
    assert 2 == main(["verify", "shop", "--all"])
    assert "exclude each other" in capsys.readouterr().err


@pytest.mark.parametrize("tenant", ["acme", 'Weird "Name'])
def test_a_tenant_of_the_command_line(tmp_path: Path, server: Server, tenant: str) -> None:
    """Tables, rows and the version table lie in the tenant's schema; a loss there is seen and named."""
    scripts = [
        creates("bills", "a1"),
        Script("b2", "a1", sql("ALTER TABLE bills DROP COLUMN note"), sql("ALTER TABLE bills ADD COLUMN note text")),
    ]
    env = TENANT.replace('"{tenant}"', '"{tenant.replace(chr(34), chr(34) * 2)}"')
    walked = walk(tmp_path, server, scripts, env=env, x=(f"tenant={tenant}",))
    quoted = tenant if tenant == "acme" else '"Weird ""Name"'

    assert ("MC302", "b2") in walked.found
    assert f"{quoted}.bills.note" == walked.finding("MC302").subject
    assert not any(each.check == "MC106" for each in walked.report.findings)


def test_arguments_reach_env_py_and_revisions(tmp_path: Path, server: Server) -> None:
    """Several of them, with an equals sign within, in their order, on every leg; those of the settings first."""
    asks = "assert context.get_x_argument() == ['a=1', 'b=x=y', 'flag'], context.get_x_argument()\n"
    script = Script("a1", None, asks + sql("CREATE TABLE t (id int PRIMARY KEY)"), asks + sql("DROP TABLE t"))

    assert set() == walk(tmp_path, server, [script], x=("a=1", "b=x=y", "flag")).found

"""Several lineages of a project in one run: each with its settings and report files, none in the way of another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from migration_checks.cli import main
from migration_checks.errors import ConfigurationError
from migration_checks.several import settings_of_all
from tests.projects import Script, make_project

LINEAGES = """
    [tool.migration_checks]
    provider = "postgresql://nobody@127.0.0.1:1/postgres"
    rows = 12
    reports = ["json=reports/walk.json", "text=-"]
    [tool.migration_checks.lineages.shop]
    config = "shop/alembic.ini"
    [tool.migration_checks.lineages."down/billing"]
    config = "billing/alembic.ini"
    [tool.migration_checks.lineages."//"]
    config = "billing/alembic.ini"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path / "shop", [Script("a1")])
    make_project(tmp_path / "billing", [Script("x1")])
    (tmp_path / "pyproject.toml").write_text(LINEAGES)
    return tmp_path


def asked(**given: Any) -> argparse.Namespace:
    return argparse.Namespace(**{"lineage": None, "config": None, **given})


def test_each_lineage_has_its_own_settings(project: Path) -> None:
    """In the order of the file, with what holds for all, and with a report file named after it."""
    shop, billing, odd = settings_of_all(asked(seed=5), project)

    assert ["shop", "down/billing", "//"] == [each.lineage.name for each in (shop, billing, odd)]
    assert {(12, 5)} == {(each.rows, each.seed) for each in (shop, billing, odd)}
    assert (("json", project / "reports" / "walk.shop.json"), ("text", None)) == shop.reports
    assert ["walk.down-billing.json", "walk.lineage.json"] == [each.reports[0][1].name for each in (billing, odd)]  # type: ignore[union-attr]


@pytest.mark.parametrize("given", [{"lineage": "shop"}, {"config": "shop/alembic.ini"}])
def test_all_and_one_contradict(project: Path, given: dict[str, str]) -> None:
    """It is not guessed which was meant."""
    with pytest.raises(ConfigurationError, match="--all and the name of a chain exclude each other"):
        settings_of_all(asked(**given), project)


def test_a_mistake_in_the_last_of_them_is_told_before_anything_is_walked(project: Path) -> None:
    """All settings are read first."""
    (project / "pyproject.toml").write_text(LINEAGES.rpartition("billing")[0] + 'no.ini"')

    with pytest.raises(ConfigurationError, match=r"There is no Alembic configuration at .*no\.ini"):
        settings_of_all(asked(), project)


def test_all_of_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A project without lineages has one chain, which needs no name."""
    make_project(tmp_path, [Script("a1")])
    monkeypatch.chdir(tmp_path)

    assert 2 == main(["verify", "--all"])
    assert "knows no lineage" in capsys.readouterr().err


def test_one_that_cannot_be_walked_keeps_nobody_from_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is named with what is wrong; the worst status is that of the run."""
    monkeypatch.chdir(project)

    assert 2 == main(["verify", "--all"])
    complaint = capsys.readouterr().err
    for name in ("shop", "down/billing", "//"):
        assert f"migration-checks: {name}: Connecting to 127.0.0.1:1 failed" in complaint
    assert "Traceback" not in complaint
    (project / "pyproject.toml").write_text(LINEAGES.partition('[tool.migration_checks.lineages."down')[0])
    assert 2 == main(["verify", "--all", "--debug"])
    assert "Traceback" in capsys.readouterr().err

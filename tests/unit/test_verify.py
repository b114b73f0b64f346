"""Runs that end before a server is needed, or because there is none: nothing to walk, mistakes in a chain, and their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migration_checks.cli import main
from migration_checks.config import Settings
from migration_checks.errors import ConfigurationError, EnvironmentFailure, ProviderError, ToolkitError, UnknownRevision
from migration_checks.interchange import from_json, to_json
from migration_checks.report import Report
from migration_checks.verify import verify
from tests.projects import Script, make_project
from tests.repositories import git, repository
from tests.walks import creates, widens

NOBODY = "postgresql://app:s3cret@127.0.0.1:1/postgres"
CHAIN = [creates("t", "a1"), creates("u", "b2", "a1"), widens("t", "c3", "b2")]


def walked(root: Path, *scripts: Script, **more: Any) -> Report:
    """A run on a server that is not there."""
    lineage = replace(make_project(root, scripts).lineage(), range=more.pop("range", ""))
    return verify(Settings(lineage, project=root, provider=NOBODY, **more))


@pytest.mark.parametrize(
    ("kind", "says", "scripts", "more"),
    [
        (EnvironmentFailure, r"SyntaxError.*a1_script\.py", [Script("a1", head="def (")], {}),
        (ConfigurationError, "There is no revision in the versions folder of project", [], {}),
        (UnknownRevision, "'zz'", CHAIN, {"range": "zz:head"}),
        (ConfigurationError, "The profile .* cannot be read", CHAIN, {"profile": Path("/nowhere/profile.json")}),
        (ProviderError, r"127\.0\.0\.1:1", CHAIN, {}),
    ],
)
def test_what_is_wrong_with_a_project_is_told_first(
    tmp_path: Path, kind: type[ToolkitError], says: str, scripts: list[Script], more: dict[str, Any]
) -> None:
    """Whether or not there is a server; its password is in no message."""
    with pytest.raises(kind, match=says) as caught:
        walked(tmp_path, *scripts, **more)

    assert caught.value.remedy
    assert "s3cret" not in str(caught.value)


def test_a_provider_that_nobody_knows(tmp_path: Path) -> None:
    """Before anything is loaded."""
    lineage = make_project(tmp_path, [Script("a1", head="x =")]).lineage()

    with pytest.raises(ConfigurationError, match="nonsense"):
        verify(Settings(lineage, project=tmp_path, provider="nonsense"))


def test_none_of_several_versions_can_be_had(tmp_path: Path) -> None:
    """Each with its reason."""
    lineage = make_project(tmp_path, CHAIN).lineage()

    with pytest.raises(ProviderError, match=r"None of the versions of --matrix can be had \(97: .*; 98: "):
        verify(Settings(lineage, project=tmp_path, provider="local", matrix=(97, 98)))


def branch(root: Path) -> Path:
    """A repository whose main holds CHAIN, with nothing changed since."""
    make_project(root, CHAIN)
    return repository(root)


def test_nothing_to_walk(tmp_path: Path) -> None:
    """An answer at once, without a server, that passes."""
    branch(tmp_path)
    report = walked(tmp_path, *CHAIN, since="main")

    assert ("passed", 0, ()) == (report.verdict, report.exit_status, report.steps)
    assert ("", "external", "project") == (report.server, report.provider, report.lineage)
    assert any("Nothing to walk" in each.reason for each in report.notes)
    assert report == from_json(to_json(report))


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0 and a clear word where nothing has changed; 2 and a remedy where the reference is missing or a range given."""
    branch(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f'[tool.migration_checks]\nconfig = "alembic.ini"\nprovider = "{NOBODY}"\n')

    assert 2 == main(["verify", "--since", "origin/nowhere"])
    assert "git fetch origin nowhere" in capsys.readouterr().err
    assert 2 == main(["verify", "--since", "main", "--range", "a1:c3"])
    assert "exclude each other" in capsys.readouterr().err
    assert 0 == main(["verify", "--since", "main"])
    assert "PASSED  Nothing to walk" in capsys.readouterr().out
    assert ("work", "1") == (git(tmp_path, "branch", "--show-current"), git(tmp_path, "rev-list", "--count", "HEAD"))

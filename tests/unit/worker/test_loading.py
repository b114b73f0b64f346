"""A project that cannot be loaded is one clear sentence with a remedy, naming file and line."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migration_checks.errors import ConfigurationError, EnvironmentFailure
from migration_checks.worker import loading
from migration_checks.worker.wire import lineage_message
from tests.projects import Script, make_project


@dataclass(frozen=True)
class Broken:
    """A project that cannot be used: what the message and the remedy must say."""

    says: str
    remedy: str = ""
    scripts: tuple[Script, ...] = (Script("a1"),)
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def head(code: str) -> tuple[Script, ...]:
    """A chain of one script with `code` at module level."""
    return (Script("a1", head=code),)


UNLOADABLE = {
    "syntax error": Broken(r"SyntaxError.*a1_script\.py, line 8", "syntax", head("x =")),
    "missing module": Broken(r"No module named 'nonesuch' \(.*a1_script\.py, line 8\)", "nonesuch", head("import nonesuch")),
    "settings that are not there": Broken("KeyError: 'APP_URL'.*line 8", "env", head("import os; os.environ['APP_URL']")),
    "an application context": Broken(
        "RuntimeError: Working outside", "boot", head("raise RuntimeError('Working outside of application context')")
    ),
    "sys.exit at import": Broken(r"SystemExit: sys.exit\(4\)", "", head("import sys; sys.exit(4)")),
    "duplicate id": Broken(
        "Revision a1 is in two files: .*a1_.* and .*b2_script.py", "id", (Script("a1"), Script("b2", head="revision = 'a1'"))
    ),
    "missing down_revision": Broken("b2_script.py names down_revision 'a0'", "Restore", (Script("b2", down="a0"),)),
    "missing depends_on": Broken("b2_script.py names depends_on 'a0'", "Restore", (Script("b2", depends_on="a0"),)),
    "cycle": Broken("do not form a chain", "down_revision", (Script("a1", down="b2"), Script("b2", down="a1"))),
    "itself as parent": Broken("do not form a chain", "down_revision", (Script("a1", down="a1"),)),
    "no revision id": Broken("chain.*Could not determine revision id", "", head("del revision")),
    "no env.py": Broken("There is no env.py in", "script_location", options={"env": None}),
    "no configuration": Broken("nonesuch.ini does not exist", "alembic.ini", settings={"config": Path("nonesuch.ini")}),
    "nothing named": Broken("Neither an Alembic configuration", "-c", settings={"config": None}),
    "no such section": Broken(r"no section \[other\]", r"alembic", settings={"section": "other"}),
    "no such folder": Broken("Path doesn't exist", "script_location", options={"ini": {"script_location": "nowhere"}}),
    "boot hook that is not there": Broken(
        "boot hook nonesuch:go failed: No module named", "module:function", settings={"boot": "nonesuch:go"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLOADABLE)
def test_unloadable(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with a project is said in one sentence, and what to do about it."""
    case = UNLOADABLE[name]
    project = make_project(tmp_path, case.scripts, **case.options)
    message = lineage_message(project.lineage(**case.settings))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    with pytest.raises((EnvironmentFailure, ConfigurationError), match=case.says) as caught:
        _load(message)

    assert case.remedy in caught.value.remedy
    assert "report this" not in caught.value.remedy
    assert "\n" not in str(caught.value)


def _load(message: dict[str, Any]) -> None:
    loading.prepare_imports(message)
    loading.load_scripts(loading.load_config(message))


def test_loadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A healthy project passes through the same steps (else the test above could not fail)."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    _load(lineage_message(make_project(tmp_path, [Script("a1")]).lineage()))


def test_a_script_location_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No alembic.ini is needed then; a percent sign in it is one."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    project = make_project(tmp_path / "100%", [Script("a1")])
    message = lineage_message(project.lineage(config=None, script_location="migrations"))
    config = loading.load_config(message)

    assert ["a1"] == [each.revision for each in loading.load_scripts(config).walk_revisions()]


def test_pyproject_is_read_with_the_ini_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one has the options, the other the URL."""
    project = make_project(tmp_path, [Script("a1")], toml=True)
    config = loading.load_config(lineage_message(project.lineage()))

    assert "production.invalid" in (config.get_main_option("sqlalchemy.url") or "")
    assert ["a1"] == [each.revision for each in loading.load_scripts(config).walk_revisions()]


def test_an_alembic_that_knows_no_pyproject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said which one does."""
    project = make_project(tmp_path, [Script("a1")], toml=True)
    monkeypatch.setattr(loading, "_reads_toml", lambda: False)

    with pytest.raises(EnvironmentFailure, match=r"can only be read by Alembic 1\.16 or newer; this environment has 1\."):
        loading.load_config(lineage_message(project.lineage()))


def test_a_boot_hook_runs_before_the_scripts_are_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they need at import is there then; the project's folder is on the path once."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    files = {"app_boot.py": "import builtins\ndef go(): builtins.app_is_ready = True"}
    project = make_project(tmp_path, [Script("a1", head="assert app_is_ready")], files=files)
    message = lineage_message(project.lineage(boot="app_boot:go"))
    try:
        _load(message)
        loading.prepare_imports(message)
    finally:
        vars(builtins).pop("app_is_ready", None)
        sys.modules.pop("app_boot", None)

    assert 1 == sys.path.count(str(tmp_path))


def test_a_configuration_that_alembic_itself_stumbles_over(tmp_path: Path) -> None:
    """Whatever it raises, it is one sentence."""
    project = make_project(tmp_path, [Script("a1")], ini={"truncate_slug_length": "many"})
    config = loading.load_config(lineage_message(project.lineage()))

    with pytest.raises(EnvironmentFailure, match="invalid literal for int") as caught:
        loading.load_scripts(config)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("remedy", "error"),
    [
        ("Correct the syntax.", SyntaxError("x")),
        ("Install nonesuch here, or add its folder to sys_path.", ModuleNotFoundError("x", name="nonesuch.part")),
        ("Install what is missing here, or add its folder to sys_path.", ImportError("cannot import name")),
        ("boot = 'module:function'", LookupError("no application")),
        ("Run `alembic history` there", ValueError("x")),
    ],
)
def test_what_to_do_about_code_that_does_not_run(remedy: str, error: BaseException) -> None:
    """By the kind of what it raised."""
    assert remedy in loading.remedy_for(error)

"""The templates for CI services: their own steps, run by a shell in a repository with an Alembic project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from migration_checks.providers import Server
from tests.projects import Script, make_project, sql
from tests.repositories import commit, repository
from tests.walks import creates

ROOT = Path(__file__).parents[2]
LOSES = Script("b2", "a1", sql("ALTER TABLE shelf DROP COLUMN note"), sql("ALTER TABLE shelf ADD COLUMN note text"))
INSTALLED = "migration-checks[drivers]"
"""What is installed already, so that the templates' own pip has nothing to do and needs no network."""

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are written for bash")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository whose branch adds a revision that loses values."""
    folder = tmp_path / "checkout"
    make_project(folder, [creates("shelf", "a1")])
    repository(folder)
    make_project(folder, [creates("shelf", "a1"), LOSES])
    commit(folder, "Drop the notes")
    return folder


@pytest.fixture
def options(server: Server) -> str:
    return f"--provider '{server.url}' --allow-shared-server --rows 12"


@dataclass
class Job:
    """The steps of a job, run one after another as a runner does: the first that fails ends it."""

    folder: Path
    variables: Mapping[str, str]

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """One step, with bash's options as the services set them."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            timeout=300,
        )


def runner(**more: str) -> dict[str, str]:
    """The environment of a step: the programs of this virtualenv first."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", **more}


# GitHub


class Action:
    """action.yml, its steps run with inputs in place as the runner puts them."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.action = yaml.safe_load((ROOT / "action.yml").read_text())
        self.folder, self.temporary = folder, temporary
        self.summary, self.output = temporary / "summary.md", temporary / "output"

    def run(self, **inputs: str) -> tuple[list[subprocess.CompletedProcess[str]], dict[str, str]]:
        """Run every step that is a script; what each came to, and the outputs."""
        given = {name: each["default"] for name, each in self.action["inputs"].items()} | inputs
        files = {
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
            "RUNNER_TEMP": str(self.temporary),
        }
        ended = []
        for step in self.action["runs"]["steps"]:
            if "run" in step:
                folder = self.folder / self._filled(step["working-directory"], given)
                variables = {name: self._filled(text, given) for name, text in step["env"].items()}
                ended.append(Job(folder, runner(**files)).run(step["run"], **variables))
                if ended[-1].returncode:
                    break
        lines = self.output.read_text().splitlines() if self.output.exists() else []
        return ended, dict(line.split("=", 1) for line in lines)

    def _filled(self, text: str, given: Mapping[str, str]) -> str:
        """`text` with the expressions that this action uses: inputs, and the one default that is made of the action's path."""

        def value(match: re.Match[str]) -> str:
            name, _, otherwise = match[1].partition(" || ")
            if otherwise and not given[name.removeprefix("inputs.")]:
                assert otherwise == "format('{0}[drivers]', github.action_path)"
                return f"{ROOT}[drivers]"
            return given[name.removeprefix("inputs.")]

        return re.sub(r"\$\{\{ (.+?) \}\}", value, text)


@pytest.fixture
def action(checkout: Path, tmp_path: Path) -> Action:
    (tmp_path / "runner").mkdir()
    return Action(checkout, tmp_path / "runner")


def test_the_action_annotates_summarizes_and_fails(action: Action, options: str) -> None:
    """Annotations on the script's line, the Markdown report as summary, every report in its folder.

    While the report is shown, the runner is told to stop reading commands: no value in it can be taken for one.
    """
    ended, outputs = action.run(args=f"{options} --only MC302", package=INSTALLED)
    pattern = r"^::stop-commands::(\w{32})\n(.*)^::\1::\n(.*)"
    stopped = re.search(pattern, ended[-1].stdout, flags=re.MULTILINE | re.DOTALL)

    assert [0, 1] == [each.returncode for each in ended]
    assert stopped
    assert "✗ error MC302 upgrade-loses-values" in stopped[2]
    assert "::error" not in stopped[2]
    assert re.search(r"^::error file=migrations/versions/b2_script\.py,line=\d+,title=MC302 ", stopped[3], flags=re.MULTILINE)
    assert "Migrations failed: 1 error" in action.summary.read_text()
    assert "failed" == outputs["verdict"]
    assert json.loads(Path(outputs["sarif"]).read_text())["runs"][0]["results"]
    written = {each.suffix for each in Path(outputs["markdown"]).parent.glob("migration-checks.*")}
    assert {".txt", ".annotations", ".md", ".json", ".xml", ".sarif", ".html"} == written


def test_the_action_walks_what_a_branch_changed(action: Action, options: str) -> None:
    """From a folder below the repository's, too: annotations name files from the repository's root."""
    (action.folder / "service").mkdir()
    for name in ("migrations", "alembic.ini"):
        shutil.move(action.folder / name, action.folder / "service" / name)
    base = commit(action.folder, "Move into a service")
    added = Script("c3", "b2", sql("ALTER TABLE shelf ADD COLUMN n int"))
    (action.folder / "service" / "migrations" / "versions" / "c3_script.py").write_text(added.text)
    ended, outputs = action.run(args=options, since=base, package=INSTALLED, **{"working-directory": "service"})
    report = json.loads((action.folder / "service" / "reports" / "migration-checks.json").read_text())

    assert 1 == ended[-1].returncode
    assert {"c3"} == {step["revision"] for step in report["steps"]}
    assert "::warning file=service/migrations/versions/c3_script.py,line=" in ended[-1].stdout
    assert "failed" == outputs["verdict"]


def test_the_action_says_why_it_could_not_do_its_job(action: Action, options: str) -> None:
    """As an annotation and in the summary."""
    ended, outputs = action.run(args="--range nope:", package=INSTALLED)

    assert 2 == ended[-1].returncode
    assert "::error title=migration-checks::migration-checks: The range 'nope:'" in ended[-1].stdout
    assert "could not do its job" in action.summary.read_text()
    assert "error" == outputs["verdict"]


# GitLab


def component(**inputs: str) -> dict[str, Any]:
    """The job of templates/verify.yml with inputs in place, as GitLab interpolates them: as text, before it is YAML."""
    head, body = (ROOT / "templates" / "verify.yml").read_text().split("\n---\n")
    given = {name: each["default"] for name, each in yaml.safe_load(head)["spec"]["inputs"].items()} | inputs
    filled = re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: given[match[1]], body)
    job: dict[str, Any] = yaml.safe_load(filled)["migration-checks"]
    return job


def test_the_gitlab_component_reports_into_the_merge_request(checkout: Path, options: str) -> None:
    """Its artifacts are what its script writes."""
    job = component(args=f"{options} --only MC302", package=INSTALLED)
    script = "\n".join((*job["before_script"], *job["script"]))
    ended = Job(checkout, runner(CI_PROJECT_DIR=str(checkout))).run(script)

    assert 1 == ended.returncode, ended.stderr
    reports = job["artifacts"]["reports"]
    junit = ET.parse(checkout / reports["junit"])
    assert [case.get("name") for case in junit.iter("testcase") if case.find("failure") is not None] == ["ascend"]
    (issue,) = json.loads((checkout / reports["codequality"]).read_text())
    assert issue["location"]["path"] == "migrations/versions/b2_script.py"
    assert {"report.html", "report.md", "report.json"} <= {each.name for each in (checkout / "migration-checks").iterdir()}
    assert "test" == job["stage"]


# pre-commit


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that offers our hooks; the one of this checkout may have other people's work in it."""
    folder = tmp_path_factory.mktemp("hooks")
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", folder)
    return repository(folder)


def pre_commit(folder: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    variables = runner(PRE_COMMIT_HOME=str(home), GIT_CONFIG_COUNT="0")
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments], cwd=folder, env=variables, capture_output=True, text=True, timeout=300
    )


def test_the_hook_runs_where_a_revision_is_touched(checkout: Path, hooks: Path, tmp_path: Path, server: Server) -> None:
    """And not otherwise."""
    (checkout / "pyproject.toml").write_text(
        f'[tool.migration_checks]\nprovider = "{server.url}"\nallow_shared_server = true\nrows = 12\nonly = ["MC302"]\n'
    )
    commit(checkout, "Say which server")
    attempt = ("try-repo", str(hooks), "migration-checks-system", "--verbose", "--files")
    touched = pre_commit(checkout, *attempt, "migrations/versions/b2_script.py", home=tmp_path / "home")
    other = pre_commit(checkout, *attempt, "pyproject.toml", home=tmp_path / "home")

    assert 1 == touched.returncode, touched.stdout + touched.stderr
    assert "MC302 upgrade-loses-values" in touched.stdout
    assert 0 == other.returncode
    assert "(no files to check)Skipped" in other.stdout


def test_the_manifest_of_hooks_is_valid(tmp_path: Path) -> None:
    """As pre-commit itself reads it."""
    checked = pre_commit(ROOT, "validate-manifest", ".pre-commit-hooks.yaml", home=tmp_path)

    assert 0 == checked.returncode, checked.stdout
    assert {"migration-checks", "migration-checks-system"} == {
        each["id"] for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    }

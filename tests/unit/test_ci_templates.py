"""The templates for CI services and compose: what they can be told is documented, and nothing of it can break out."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CI = (ROOT / "docs" / "ci.md").read_text()
COMPOSE = (ROOT / "docs" / "how-to" / "compose.md").read_text()
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
COMPONENT = (ROOT / "templates" / "verify.yml").read_text()
SERVICES = (ROOT / "docker-compose.yml").read_text()


def test_inputs_and_outputs_of_the_action_are_documented() -> None:
    """In the table of docs/ci.md, and no others."""
    section = CI.split("## GitHub Actions")[1].split("\n## ")[0]

    assert set(ACTION["inputs"]) == set(re.findall(r"^\| `([\w-]+)` \|", section, flags=re.MULTILINE))
    assert [name for name in ACTION["outputs"] if f"`{name}`" not in section] == []


def test_scripts_of_the_action_hold_no_expression() -> None:
    """What the service puts in as text would be run: the name of a branch, for one. They come as variables."""
    assert [step["name"] for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")] == []


def test_inputs_of_the_component_are_documented() -> None:
    """And each is used."""
    inputs = yaml.safe_load(COMPONENT.split("\n---\n")[0])["spec"]["inputs"]
    section = CI.split("## GitLab")[1].split("\n## ")[0]

    assert [name for name in inputs if f"`{name}`" not in section] == []
    assert set(inputs) == set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", COMPONENT))


def test_hooks_are_documented() -> None:
    """By their ids."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    assert [hook["id"] for hook in hooks if f"`{hook['id']}`" not in CI] == []


def test_variables_of_compose_are_documented() -> None:
    """With the value that each has unless it is set; also at the head of the file."""
    variables = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", SERVICES))

    assert len(variables) == 7
    for name, otherwise in variables.items():
        (row,) = [line for line in COMPOSE.splitlines() if line.startswith("|") and f"`{name}`" in line]
        assert otherwise in row
        assert name in SERVICES.split("services:")[0]

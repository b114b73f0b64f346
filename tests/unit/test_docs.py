"""The documentation keeps up with the code: commands, options, settings, formats, checks and rooms."""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

import pytest

import migration_checks
from fixtures.faults import TWINS
from migration_checks import manual
from migration_checks.check import Check
from migration_checks.checks import CHECKS
from migration_checks.cli import build_parser
from migration_checks.config import TABLE_KEYS
from migration_checks.lineages import INVARIANT_KEYS, TRANSFORMATION_KEYS
from migration_checks.renderers import RENDERERS
from migration_checks.waivers import KEYS as WAIVER_KEYS
from tests import api
from tests.examples.__main__ import example_of, scripts

ROOT = Path(__file__).parents[2]
CLI = (ROOT / "docs" / "cli.md").read_text()
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def commands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (each for each in build_parser()._actions if isinstance(each, argparse._SubParsersAction))
    return dict(action.choices)


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_is_documented(name: str) -> None:
    """A command has a section, and each of its options stands in it."""
    section = re.search(rf"^## `migration-checks {name}\b.*?(?=^## )", CLI, flags=re.MULTILINE | re.DOTALL)

    assert section, f"docs/cli.md has no section on {name}"
    text = section[0] + CLI.split("\n## ")[0]
    actions = [action for action in commands()[name]._actions if action.option_strings and action.dest != "help"]
    assert [action.dest for action in actions if not any(f"`{option}" in text for option in action.option_strings)] == []


def test_every_documented_option_exists() -> None:
    """Nothing is promised that the parser refuses."""
    known = {option for parser in commands().values() for action in parser._actions for option in action.option_strings}

    assert set(re.findall(r"`(--?[a-z][a-z-]*)", CLI)) - known - {"--version"} == set()


def test_every_command_of_the_readme_exists() -> None:
    """The examples of the README can be typed."""
    assert {"verify", "init", "checks"} <= set(re.findall(r"migration-checks (\w+)", README)) <= set(commands())


@pytest.mark.parametrize("key", [*TABLE_KEYS, *WAIVER_KEYS, *INVARIANT_KEYS, *TRANSFORMATION_KEYS])
def test_every_setting_is_documented(key: str) -> None:
    """Each key of [tool.migration_checks] and of its tables stands among the settings."""
    assert f"`{key}`" in CLI.split("\n## Settings")[1]


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
def test_every_format_is_documented(renderer: object) -> None:
    """Each format has a row."""
    assert f"| `{renderer.name}` |" in CLI  # type: ignore[attr-defined]


def test_the_manual_is_that_of_the_checks() -> None:
    """docs/checks.md is what the checks say of themselves."""
    written = (ROOT / "docs" / "checks.md").read_text()

    assert written == manual.markdown(CHECKS), "Run: migration-checks checks --markdown > docs/checks.md"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_has_a_page(check: object) -> None:
    """Id, severity, effect and remedy; whole sentences."""
    assert re.fullmatch(r"MC\d{3}", check.id)  # type: ignore[attr-defined]
    assert check.effect.endswith(".")  # type: ignore[attr-defined]
    assert check.remedy.endswith(".")  # type: ignore[attr-defined]
    assert check.name in manual.page(check)  # type: ignore[attr-defined, arg-type]


def test_every_room_of_the_architecture_exists() -> None:
    """The page on the architecture names no module or folder that is gone."""
    rooms = re.findall(r"`([\w/]+(?:\.py|/))`", ARCHITECTURE)

    assert len(rooms) > 30
    assert [room for room in rooms if not ((ROOT / "migration_checks" / room).exists() or (ROOT / room).exists())] in (
        [],
        ["unit/", "integration/"],
    )


def test_links_lead_somewhere() -> None:
    """Links between the pages name files that are there."""
    for page, folder in ((README, ROOT), (CLI, ROOT / "docs"), (ARCHITECTURE, ROOT / "docs")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page):
            assert (folder / target).exists(), target


def test_the_public_api_is_the_documented_one() -> None:
    """Nothing that other projects import changes unnoticed: docs/api.md has each name and each parameter."""
    written = (ROOT / "docs" / "api.md").read_text()

    assert f"```python\n{api.listing().rstrip()}\n```" in written, "Take over what `python -m tests.api` prints."


def test_the_version_is_one() -> None:
    """The package and its metadata say the same."""
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert metadata["project"]["version"] == migration_checks.__version__


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_has_an_example(check: Check) -> None:
    """Its section shows the scripts of the chain as they are, and a run that reported it; the manual leads there."""
    text = (ROOT / "docs" / "examples.md").read_text()
    section = re.search(rf"^## {check.id} {check.name}\n.*?(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)

    assert section, f"docs/examples.md has no section on {check.id}: python -m tests.examples"
    case = example_of(check)
    shown = [path.read_text().rstrip() for twin in TWINS for path in scripts(case, twin)]
    assert [] == [each for each in shown if f"```python\n{each}\n```" not in section[0]]
    assert re.search(rf"^```text\n\S+ \w+ {check.id} {check.name} ", section[0], flags=re.MULTILINE)
    assert f"(examples.md#{check.id.lower()}-{check.name})" in manual.markdown([check])

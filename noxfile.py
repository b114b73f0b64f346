"""The few commands that a contributor needs: `nox --list` shows them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "venv"

SHARES = nox.project.load_toml("pyproject.toml")["tool"]["coverage_by_suite"]
"""The shares of lines and branches, in percent, that each suite must cover alone, and both together."""


@nox.session
def lint(session: nox.Session) -> None:
    """Style and types."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def unit(session: nox.Session) -> None:
    """The tests that need no server."""
    session.install("-e", ".[test]")
    session.run("pytest", "tests/unit", "--cov", f"--cov-fail-under={SHARES['unit']}", *session.posargs)


@nox.session
def integration(session: nox.Session) -> None:
    """The tests on a real PostgreSQL."""
    session.install("-e", ".[test]")
    session.run("pytest", "tests/integration", "--cov", f"--cov-fail-under={SHARES['integration']}", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite."""
    session.install("-e", ".[test]")
    session.run("pytest", "--cov", f"--cov-fail-under={SHARES['together']}", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as a site in site/, warnings as errors."""
    session.install("-e", ".", "-r", "docs/requirements.txt")
    session.run("mkdocs", "build", "--strict", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Wheel and sdist in dist/, checked; the wheel alone, in an empty environment, on a foreign project."""
    shutil.rmtree("dist", ignore_errors=True)
    session.install("build", "twine")
    session.run("python", "-m", "build")
    built = sorted(str(path) for path in Path("dist").iterdir())
    session.run("twine", "check", "--strict", *built)
    session.run("python", "-m", "tests.package", *built, env={"PYTHONPATH": os.getcwd()})


@nox.session
def mutation(session: nox.Session) -> None:
    """Mutation testing of diff, checks and waivers; the score is in docs/mutation-testing.md."""
    session.install("-e", ".[test]", "mutmut")
    session.run("python", "-m", "tests.mutation", *session.posargs)

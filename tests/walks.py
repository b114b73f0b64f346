"""Whole walks of small chains, in this process and on a server that lives on: what a test of the walk asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migration_checks.check import Finding
from migration_checks.config import Settings
from migration_checks.providers import Server
from migration_checks.report import Report
from migration_checks.transition import Leg
from migration_checks.verify import verify
from tests.projects import Script, make_project, sql

OF_A_PROJECT = ("env", "url", "ini", "toml", "files")
OF_SETTINGS = ("provider", "rows", "seed", "timeout", "redact", "since", "clone", "trials", "at_rows", "budgets")


@dataclass(frozen=True)
class Walk:
    """A report, as tests look at it."""

    report: Report

    @property
    def legs(self) -> list[str]:
        """Each leg in the order of the walk, "!" behind one that failed: "undo b2!"."""
        return [f"{step.leg} {step.revision}{'!' if step.failure else ''}" for step in self.report.steps]

    @property
    def found(self) -> set[tuple[str, str]]:
        """The checks that fired, each with its revision."""
        return {(finding.check, finding.revision) for finding in self.report.findings}

    @property
    def said(self) -> str:
        """Everything that stands under "not checked" and in the notes."""
        return "\n".join(f"{note.subject}: {note.reason}" for note in (*self.report.not_checked, *self.report.notes))

    def of(self, leg: Leg) -> list[str]:
        """The revisions at which a leg was walked, in order."""
        return [step.revision for step in self.report.steps if step.leg is leg]

    def finding(self, check: str) -> Finding:
        """The one finding of a check."""
        (found,) = (finding for finding in self.report.findings if finding.check == check)
        return found


def walk(root: Path, server: Server | None, scripts: Iterable[Script], **options: Any) -> Walk:
    """Walk `scripts`, on databases of its own on `server`, or on a server of its own where that is None.

    `options` are those of make_project, of Settings, and fields of Lineage.
    """
    project = make_project(root, scripts, **{name: options.pop(name) for name in OF_A_PROJECT if name in options})
    chosen = {"rows": 12, "timeout": 120.0, **{name: options.pop(name) for name in OF_SETTINGS if name in options}}
    if server is not None:
        chosen |= {"provider": server.url, "allow_shared_server": True}
    return Walk(verify(Settings(project.lineage(**options), project=root, **chosen)))


def creates(table: str, id: str, down: str | tuple[str, ...] | None = None, **more: Any) -> Script:
    """A healthy revision that creates a table with a key and a text."""
    return Script(id, down, sql(f"CREATE TABLE {table} (id int PRIMARY KEY, note text)"), sql(f"DROP TABLE {table}"), **more)


def widens(table: str, id: str, down: str | tuple[str, ...], column: str = "n") -> Script:
    """A healthy revision that adds a column."""
    return Script(
        id, down, sql(f"ALTER TABLE {table} ADD COLUMN {column} int"), sql(f"ALTER TABLE {table} DROP COLUMN {column}")
    )

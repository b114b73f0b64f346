"""The settings of every lineage of a project that has several, each with report files of its own."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from migration_checks.config import Settings, load_settings, read_table
from migration_checks.errors import ConfigurationError
from migration_checks.lineages import lineage_names


def settings_of_all(arguments: argparse.Namespace, cwd: Path) -> tuple[Settings, ...]:
    """The settings of a run for each lineage of the nearest pyproject.toml, in its order.

    A report "FORMAT=folder/name.json" is written to folder/name.LINEAGE.json. Raises ConfigurationError where the command
    line names a chain as well, or a lineage's settings cannot be used.
    """
    if arguments.lineage is not None or arguments.config is not None:
        raise ConfigurationError("--all and the name of a chain exclude each other.", "Leave one of them out.")
    names = lineage_names(read_table(cwd.resolve()).table)
    return tuple(_apart(load_settings(argparse.Namespace(**{**vars(arguments), "lineage": name}), cwd), name) for name in names)


def _apart(settings: Settings, name: str) -> Settings:
    """`settings` with the lineage's name in every report's, so that none overwrites another's."""
    word = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "lineage"
    reports = tuple((kind, path and path.with_name(f"{path.stem}.{word}{path.suffix}")) for kind, path in settings.reports)
    return replace(settings, reports=reports)

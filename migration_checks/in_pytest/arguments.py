"""The options that a pytest run hands on to `migration-checks verify`."""

from __future__ import annotations

import argparse
import io
import shlex
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migration_checks.cli import build_parser
from migration_checks.errors import ConfigurationError

if TYPE_CHECKING:
    from migration_checks.config import Settings

REMEDY = "Correct --migration-checks-args; `migration-checks verify --help` lists the options."


def of_config(config: pytest.Config) -> list[str]:
    """The options of a pytest run: those of its settings file, then those of its command line."""
    written = config.getini("migration_checks_args")
    given = config.getoption("migration_checks_args")
    return [*map(str, written), *shlex.split(given or "")]


def settings_of(arguments: Sequence[str], folder: Path) -> Settings:
    """The settings of `migration-checks verify ARGUMENTS` in `folder`. Raises ConfigurationError."""
    from migration_checks.config import load_settings

    return load_settings(_parsed(arguments), folder)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    said = io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(io.StringIO()):
            return build_parser().parse_args(["verify", *arguments])
    except SystemExit as end:
        words = (said.getvalue().strip().splitlines() or ["--help has no meaning here"])[-1]
        sentence = words.removeprefix("migration-checks verify: error: ")
        raise ConfigurationError(f"{sentence[:1].upper()}{sentence[1:]}.", REMEDY) from end


def lineages_of(arguments: Sequence[str], folder: Path) -> list[list[str]]:
    """`arguments` once for each chain that they mean: all that the project knows, where neither says which."""
    from migration_checks.config import read_table

    parsed = _parsed(arguments)
    table = read_table(folder).table.table
    chosen = any(key in table for key in ("lineage", "config", "script_location"))
    known = table.get("lineages")
    if parsed.lineage is not None or parsed.config is not None or chosen or not isinstance(known, dict):
        return [list(arguments)]
    return [[*arguments, name] for name in known] or [list(arguments)]

"""Which profile a run follows, and at which scale."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.config import load_settings
from migration_checks.errors import ConfigurationError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (tmp_path / "pyproject.toml").write_text('[tool.migration_checks]\nprofile = "legacy.json"\nscale = 0.5\n')
    return tmp_path


def test_the_command_line_wins(project: Path) -> None:
    """Paths start where they are written."""
    written = load_settings({}, project)
    given = load_settings({"profile": "other.json", "scale": 2.0}, project)

    assert (written.profile, written.scale) == (project / "legacy.json", 0.5)
    assert (given.profile, given.scale) == (project / "other.json", 2.0)


@pytest.mark.parametrize("scale", [0, 0.0, -1.0, 1e9, float("nan"), float("inf"), "1", True])
def test_a_scale_that_is_none(project: Path, scale: object) -> None:
    """One sentence says what would be one."""
    with pytest.raises(ConfigurationError, match=r"scale is .*, not a number"):
        load_settings({"scale": scale}, project)

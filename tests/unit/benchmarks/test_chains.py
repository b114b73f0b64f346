"""The chains that are measured."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from benchmarks.chains import CYCLE, change, write_chain


def test_a_chain_is_one_line_of_revisions(tmp_path: Path) -> None:
    """As many as were asked for, each upon the one before."""
    project = write_chain(tmp_path, 7)
    scripts = ScriptDirectory.from_config(Config(str(project / "alembic.ini")))

    assert ["r0006", "r0005", "r0004", "r0003", "r0002", "r0001", "r0000"] == [
        each.revision for each in scripts.walk_revisions()
    ]


def test_a_downgrade_takes_back_what_the_upgrade_made() -> None:
    """Every object that is made under a name is dropped under it."""
    for number in range(CYCLE):
        up, down = (" ".join(statements) for statements in change(number))
        assert up.count("op.create_") + up.count("op.add_column") == down.count("op.drop_")

"""Which extensions a statement creates."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.extensions import created
from migration_checks.providers.choice import has_control_file


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE EXTENSION PgCrypto", ("pgcrypto",)),
        ('create extension if not exists "uuid-ossp" with schema public;', ("uuid-ossp",)),
        ('DO $$ BEGIN CREATE EXTENSION "Odd "" Name"; CREATE EXTENSION b CASCADE; END $$', ('Odd " Name', "b")),
        ("DROP EXTENSION pgcrypto", ()),
    ],
)
def test_created(statement: str, expected: tuple[str, ...]) -> None:
    """Folded to lower case unless quoted, in blocks and in several statements too."""
    assert created(statement) == expected


def test_where_packages_put_control_files(tmp_path: Path) -> None:
    """Beside the programs' folder."""
    folder = tmp_path / "share" / "postgresql" / "extension"
    folder.mkdir(parents=True)
    (folder / "mine_of_a_test.control").touch()

    assert has_control_file(tmp_path / "bin", 17, "mine_of_a_test")
    assert not has_control_file(tmp_path / "bin", 17, "other_of_a_test")

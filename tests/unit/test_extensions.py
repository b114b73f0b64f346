"""Which extensions a statement creates."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from migration_checks.extensions import MissingExtension, created, require_extensions, require_named_extensions
from migration_checks.providers.choice import has_control_file
from migration_checks.transition import Failure


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


@pytest.mark.parametrize(
    "failure",
    [
        None,
        Failure(kind="UndefinedTable", message="no", sqlstate="42P01", statement="CREATE EXTENSION vector"),
        Failure(kind="FeatureNotSupported", message="no", sqlstate="0A000"),
    ],
)
def test_a_failure_that_is_no_lack_of_an_extension(failure: Failure | None) -> None:
    """The server is not asked which it has."""
    require_extensions(None, failure, "a1")  # type: ignore[arg-type]


def test_a_statement_of_many_that_lacked_no_extension() -> None:
    """By its SQLSTATE."""
    error = psycopg.errors.UndefinedTable('relation "vector" does not exist')

    require_named_extensions(None, error, "the baseline")  # type: ignore[arg-type]


def test_a_missing_extension_is_a_matter_of_the_server() -> None:
    """Who creates it and where it could be had is told; both parts survive on the way from another process."""
    error = MissingExtension("vector", "a1")

    assert "The extension vector, which a1 creates, is not available on the server." == error.message
    assert ("vector", "a1") == (error.extension, error.revision)

"""The chains of fixtures/faults as projects of their own, and as SQL."""

from __future__ import annotations

from pathlib import Path

from benchmarks.twins import environment, offline, write
from fixtures.faults import HERE


def test_a_copy_stands_alone(tmp_path: Path) -> None:
    """Scripts, an env.py and a configuration that names the database; a % in a URL is no interpolation."""
    project = write(tmp_path, "MC201_lost_index", "fault", "postgresql+psycopg:///x?host=%2Ftmp")

    assert (project.folder / "migrations" / "env.py").is_file()
    assert sorted(path.name for path in (project.folder / "migrations" / "versions").glob("*.py"))
    assert "host=%%2Ftmp" in (project.folder / "alembic.ini").read_text()
    assert not project.has_models


def test_models_of_an_env_are_taken_over(tmp_path: Path) -> None:
    """What declares them stands before Alembic's own part, and runs without Alembic."""
    project = write(tmp_path, "MC205_model_drift", "fault")
    space: dict[str, object] = {}
    exec(project.declarations, space)

    assert project.has_models
    assert "people" in space["models"].tables  # type: ignore[attr-defined]
    assert "is_offline_mode" in (project.folder / "migrations" / "env.py").read_text()


def test_another_habit_of_an_env_is_kept() -> None:
    """It may be the very fault."""
    own = HERE / "MC106_env_forgets_to_commit" / "fault" / "env.py"

    assert own.read_text() == environment(own)


def test_sql_of_each_revision_in_each_direction(tmp_path: Path) -> None:
    """A script a revision, from the base up, without a server."""
    up = offline(write(tmp_path / "up", "MC201_lost_index", "fault"), "upgrade")
    down = offline(write(tmp_path / "down", "MC201_lost_index", "fault"), "downgrade")

    assert ["a1", "b2"] == [script.revision for script in up]
    assert "CREATE TABLE" in up[0].sql
    assert "CREATE INDEX" in up[1].sql
    assert "CREATE TABLE" not in up[1].sql
    assert "CREATE TABLE alembic_version" not in up[0].sql
    assert "DROP TABLE" in down[0].sql
    assert "DROP TABLE" not in down[1].sql


def test_a_script_that_reads_rows_has_no_sql(tmp_path: Path) -> None:
    """Offline there is no result to read, which is told as it was raised."""
    scripts = offline(write(tmp_path, "MC203_leap_differs", "fault"), "upgrade")

    assert ["a1"] == [script.revision for script in scripts if not script.trouble]
    assert all(not script.sql for script in scripts if script.trouble)

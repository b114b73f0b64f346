"""A way down that fails on rows which only the walk put in is no fault; one that fails on rows of a later revision is."""

from __future__ import annotations

from pathlib import Path

from migration_checks.config import Settings
from migration_checks.providers import Server
from migration_checks.verify import verify
from tests.projects import Script, make_project

START = Script(
    "a",
    upgrade="op.execute('CREATE TABLE items (id int PRIMARY KEY, code int NOT NULL)')",
    downgrade="op.execute('DROP TABLE items')",
)
LOOSEN = Script(
    "b",
    down="a",
    upgrade="""
        op.execute('CREATE TABLE spare (id int, code int)')
        op.execute('ALTER TABLE items ALTER code DROP NOT NULL')
    """,
    downgrade="""
        op.execute('INSERT INTO items SELECT id, code FROM spare')
        op.execute('ALTER TABLE items ALTER code SET NOT NULL')
        op.execute('DROP TABLE spare')
    """,
)


def failures(folder: Path, server: Server, *scripts: Script) -> list[tuple[str, str]]:
    """(severity, revision) of the downgrades that fail in a walk of these scripts."""
    project = make_project(folder, list(scripts))
    settings = Settings(lineage=project.lineage(), project=folder, provider=server.url, allow_shared_server=True, rows=30)
    return [(str(each.severity), each.revision) for each in verify(settings).findings if each.check == "MC102"]


def test_rows_of_the_walk_are_no_fault_of_the_chain(tmp_path: Path, server: Server) -> None:
    """The table that the step made is filled afterwards, with rows that the older schema cannot hold."""

    assert {("info", "b")} == set(failures(tmp_path, server, START, LOOSEN))


def test_rows_of_a_later_revision_are(tmp_path: Path, server: Server) -> None:
    """A later revision writes what an earlier downgrade cannot bring down, and leaves it there."""
    loosen = Script(
        "b",
        down="a",
        upgrade="op.execute('ALTER TABLE items ALTER code DROP NOT NULL')",
        downgrade="op.execute('ALTER TABLE items ALTER code SET NOT NULL')",
    )
    later = Script(
        "c", down="b", upgrade="op.execute('UPDATE items SET code = NULL WHERE id % 2 = 0')", downgrade="op.execute('SELECT 1')"
    )

    assert ("error", "b") in failures(tmp_path, server, START, loosen, later)

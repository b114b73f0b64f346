"""A chain that expands, back-fills and contracts loses nothing, whatever the walk puts into the new column meanwhile."""

from __future__ import annotations

from pathlib import Path

from migration_checks.config import Settings
from migration_checks.providers import Server
from migration_checks.verify import verify
from tests.projects import Script, make_project

EXPAND = Script(
    "b",
    down="a",
    upgrade="op.execute('ALTER TABLE items ADD cents bigint')",
    downgrade="op.execute('ALTER TABLE items DROP cents')",
)
CONTRACT = Script(
    "d",
    down="c",
    upgrade="op.execute('ALTER TABLE items DROP price')",
    downgrade="""
        op.execute('ALTER TABLE items ADD price bigint')
        op.execute('UPDATE items SET price = cents')
    """,
)
START = Script(
    "a",
    upgrade="op.execute('CREATE TABLE items (id int PRIMARY KEY, price bigint NOT NULL)')",
    downgrade="op.execute('DROP TABLE items')",
)


def lost(folder: Path, server: Server, backfill: str) -> list[tuple[str, str, str]]:
    """(check, revision, subject) of what verify finds about data, on the way up and back, when this is the back-fill."""
    middle = Script("c", down="b", upgrade=f"op.execute({backfill!r})", downgrade="pass")
    project = make_project(folder, [START, EXPAND, middle, CONTRACT])
    settings = Settings(lineage=project.lineage(), project=folder, provider=server.url, allow_shared_server=True, rows=60)
    return [(each.check, each.revision, each.subject) for each in verify(settings).findings if each.check.startswith("MC3")]


def test_a_faithful_back_fill_loses_nothing(tmp_path: Path, server: Server) -> None:
    """Rows in which the walk itself filled the new column say nothing about the old one."""

    assert [] == lost(tmp_path, server, "UPDATE items SET cents = price WHERE cents IS NULL")


def test_a_back_fill_that_skips_rows_is_still_found(tmp_path: Path, server: Server) -> None:
    """The rows that the walk left alone show what the contraction loses."""
    backfill = "UPDATE items SET cents = price WHERE cents IS NULL AND id % 2 = 0"

    assert ("MC302", "d", "public.items.price") in lost(tmp_path, server, backfill)


def test_the_filled_column_itself_is_judged(tmp_path: Path, server: Server) -> None:
    """A step that drops the very column that the walk filled loses what is in it."""
    project = make_project(
        tmp_path, [START, EXPAND, Script("c", down="b", upgrade="op.execute('ALTER TABLE items DROP cents')", downgrade="pass")]
    )
    settings = Settings(lineage=project.lineage(), project=tmp_path, provider=server.url, allow_shared_server=True, rows=60)

    assert "public.items.cents" in {each.subject for each in verify(settings).findings if each.check == "MC302"}

"""What a downgrade discards of rows written after the upgrade is found; deleting the upgrade's own rows is no such thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migration_checks.config import Settings
from migration_checks.providers import Server
from migration_checks.verify import verify
from tests.projects import Script, make_project

CREATE = "op.execute('CREATE TABLE kinds (id serial PRIMARY KEY, code text UNIQUE NOT NULL, title text)')"
START = Script("a", upgrade=CREATE, downgrade="op.execute('DROP TABLE kinds')")


def step(downgrade: str) -> Script:
    """A revision that inserts two rows, whose keys each run draws anew."""
    insert = "INSERT INTO kinds (code, title) VALUES ('new-1', 'one'), ('new-2', NULL)"
    return Script("b", down="a", upgrade=f'op.execute("{insert}")', downgrade=f'op.execute("{downgrade}")')


def discarded(folder: Path, server: Server, *scripts: Script) -> list[tuple[str, str]]:
    """(revision, table) of the tables of which a downgrade discards or alters written rows."""
    project = make_project(folder, list(scripts))
    settings = Settings(lineage=project.lineage(), project=folder, provider=server.url, allow_shared_server=True, rows=30)
    return [(str(each.revision), each.subject) for each in verify(settings).findings if each.check == "MC306"]


def test_rows_of_the_upgrade_are_not_written_ones(tmp_path: Path, server: Server) -> None:
    """The second upgrade gave them other keys than the first one; deleting them by their codes is no loss."""

    assert discarded(tmp_path, server, START, step("DELETE FROM kinds WHERE code IN ('new-1', 'new-2')")) == []


@pytest.mark.parametrize(
    "downgrade",
    [
        "DELETE FROM kinds WHERE code IN ('new-1', 'new-2') OR id > (SELECT max(id) FROM kinds WHERE code = 'new-2')",
        "DELETE FROM kinds WHERE id >= (SELECT min(id) FROM kinds WHERE code = 'new-1')",
    ],
)
def test_rows_that_go_with_them_are_found(downgrade: str, tmp_path: Path, server: Server) -> None:
    """A downgrade that deletes by key takes along what came after the upgrade."""

    assert discarded(tmp_path, server, START, step(downgrade)) == [("b", "public.kinds")]


def test_altered_rows_are_found(tmp_path: Path, server: Server) -> None:
    """A downgrade that overwrites every row overwrites those of the application."""
    downgrade = "UPDATE kinds SET title = coalesce(title, ''); DELETE FROM kinds WHERE code LIKE 'new-_'"

    assert discarded(tmp_path, server, START, step(downgrade)) == [("b", "public.kinds")]


SETTINGS = Script(
    "a",
    upgrade="""op.execute("CREATE TABLE settings (id int PRIMARY KEY, data {type} DEFAULT '{{}}')")""",
    downgrade="op.execute('DROP TABLE settings')",
)
FOLDED = "UPDATE settings SET data = data::jsonb || jsonb_build_object('theme', theme, 'size', size) WHERE theme IS NOT NULL"
REPLACED = "UPDATE settings SET data = jsonb_build_object('theme', theme, 'size', size) WHERE theme IS NOT NULL"
INVENTED = "UPDATE settings SET data = data::jsonb || jsonb_build_object('theme', 'dark') WHERE theme IS NOT NULL"
CUT = "UPDATE settings SET data = (data::jsonb - 'name') || jsonb_build_object('theme', theme) WHERE theme IS NOT NULL"


@pytest.mark.parametrize("type", ["json", "jsonb"])
@pytest.mark.parametrize(
    ("expected", "fold"),
    [([], FOLDED), (["public.settings"], REPLACED), (["public.settings"], INVENTED), (["public.settings"], CUT)],
    ids=["folded", "replaced", "invented", "cut"],
)
def test_a_document_may_take_up_a_dropped_column(
    expected: list[str], fold: str, type: str, tmp_path: Path, server: Server
) -> None:
    """As long as it keeps what was written to it, and takes up nothing else."""
    start = replace(SETTINGS, upgrade=SETTINGS.upgrade.format(type=type))
    split = Script(
        "b",
        down="a",
        upgrade="op.execute('ALTER TABLE settings ADD theme text, ADD size int')",
        downgrade=f"""
            op.execute("{fold.replace("SET data = ", "SET data = (").replace(" WHERE", f")::{type} WHERE")}")
            op.execute("ALTER TABLE settings DROP theme, DROP size")
        """,
    )

    assert [table for _, table in discarded(tmp_path, server, start, split)] == expected

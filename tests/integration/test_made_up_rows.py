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


def test_a_loss_is_seen_whatever_was_filled_before(tmp_path: Path, server: Server) -> None:
    """Columns that were added, and filled by the walk, one after the other excuse nothing: some rows were left alone."""
    scripts = [
        Script("r0", None, "op.execute('CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL)')", "op.execute('DROP TABLE t')")
    ]
    for number in range(1, 13):
        add, drop = f"op.execute('ALTER TABLE t ADD c{number} text')", f"op.execute('ALTER TABLE t DROP c{number}')"
        scripts.append(Script(f"r{number}", f"r{number - 1}", add, drop))
    lose, back = "op.execute('ALTER TABLE t DROP a')", """op.execute("ALTER TABLE t ADD a text NOT NULL DEFAULT ''")"""
    project = make_project(tmp_path, [*scripts, Script("lose", "r12", lose, back)])
    settings = Settings(lineage=project.lineage(), project=tmp_path, provider=server.url, allow_shared_server=True, rows=40)
    found = {each.check: each for each in verify(settings).findings if each.revision == "lose"}

    assert {"MC302", "MC304"} <= found.keys()
    assert (40, 40) == (found["MC302"].evidence["total"], sum(found["MC302"].evidence[name] for name in ("count", "restored")))  # type: ignore[misc]
    facts, message = found["MC304"].evidence, found["MC304"].message
    assert message.startswith(f"{facts['count']} of {40 - facts['set_aside']} values")  # type: ignore[operator]
    assert "in which the walk had filled another column" in message

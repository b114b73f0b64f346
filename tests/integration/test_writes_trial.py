"""What a downgrade discards of rows written after the upgrade is found; deleting the upgrade's own rows is no such thing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_checks.providers import Server
from tests.projects import Script, sql
from tests.walks import walk

KINDS = {
    # The second upgrade gives its rows other keys than the first one; deleting them by their codes is no loss.
    "its own rows": ("DELETE FROM {t} WHERE code IN ('new-1', 'new-2')", False),
    # A downgrade that deletes by key takes along what came after the upgrade.
    "keys above": (
        "DELETE FROM {t} WHERE code IN ('new-1', 'new-2') OR id > (SELECT max(id) FROM {t} WHERE code = 'new-2')",
        True,
    ),
    "keys from": ("DELETE FROM {t} WHERE id >= (SELECT min(id) FROM {t} WHERE code = 'new-1')", True),
    # A downgrade that overwrites every row overwrites those of the application.
    "altered": ("UPDATE {t} SET title = coalesce(title, ''); DELETE FROM {t} WHERE code LIKE 'new-_'", True),
}
"""Downgrades of a revision that inserts two rows, and whether they discard or alter written ones."""

FOLDED = (
    "UPDATE {t} SET data = (data::jsonb || jsonb_build_object('theme', theme, 'size', size))::{type} WHERE theme IS NOT NULL"
)
REPLACED = "UPDATE {t} SET data = (jsonb_build_object('theme', theme, 'size', size))::{type} WHERE theme IS NOT NULL"
INVENTED = "UPDATE {t} SET data = (data::jsonb || jsonb_build_object('theme', 'dark'))::{type} WHERE theme IS NOT NULL"
CUT = "UPDATE {t} SET data = ((data::jsonb - 'name') || jsonb_build_object('theme', theme))::{type} WHERE theme IS NOT NULL"
DOCUMENTS = {"folded": (FOLDED, False), "replaced": (REPLACED, True), "invented": (INVENTED, True), "cut": (CUT, True)}
"""Downgrades that take up two columns into a document before they drop them, and whether they discard what was written."""


def chain() -> Iterator[Script]:
    """A table for each case, and upon them a revision for each: none of them knows of another."""
    documents = [(name, type) for name in DOCUMENTS for type in ("json", "jsonb")]
    tables = {
        **{f"kinds_{number}": "id serial PRIMARY KEY, code text UNIQUE NOT NULL, title text" for number in range(len(KINDS))},
        **{f"{name}_{type}": f"id int PRIMARY KEY, data {type} DEFAULT '{{}}'" for name, type in documents},
    }
    create = [f"CREATE TABLE {table} ({columns})" for table, columns in tables.items()]
    yield Script("start", None, sql(*create), sql(*(f"DROP TABLE {table}" for table in tables)))
    below = "start"
    for number, (downgrade, _) in enumerate(KINDS.values()):
        table = f"kinds_{number}"
        insert = f"INSERT INTO {table} (code, title) VALUES ('new-1', 'one'), ('new-2', NULL)"
        yield Script(table, below, sql(insert), sql(downgrade.format(t=table)))
        below = table
    for name, type in documents:
        table = f"{name}_{type}"
        fold = DOCUMENTS[name][0].format(t=table, type=type)
        add, drop = (f"ALTER TABLE {table} {what}" for what in ("ADD theme text, ADD size int", "DROP theme, DROP size"))
        yield Script(table, below, sql(add), sql(fold, drop))
        below = table


@pytest.fixture(scope="module")
def discarded(server: Server, tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """(revision, table) of the tables of which a downgrade discards or alters written rows."""
    walked = walk(tmp_path_factory.mktemp("writes"), server, chain(), rows=30, range="start:heads")
    return {(each.revision, each.subject) for each in walked.report.findings if each.check == "MC306"}


@pytest.mark.parametrize("number", range(len(KINDS)), ids=KINDS)
def test_rows_that_are_discarded_or_altered_are_found(number: int, discarded: set[tuple[str, str]]) -> None:
    """Those of the application, and only those: rows that the upgrade inserted are no written ones."""
    expected = {f"public.kinds_{number}"} if list(KINDS.values())[number][1] else set()

    assert expected == {table for revision, table in discarded if revision == f"kinds_{number}"}


@pytest.mark.parametrize("type", ["json", "jsonb"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_may_take_up_a_dropped_column(name: str, type: str, discarded: set[tuple[str, str]]) -> None:
    """As long as it keeps what was written to it, and takes up nothing else."""
    expected = {f"public.{name}_{type}"} if DOCUMENTS[name][1] else set()

    assert expected == {table for revision, table in discarded if revision == f"{name}_{type}"}


def test_nothing_else_is_found(discarded: set[tuple[str, str]]) -> None:
    """No revision is blamed for another one's table."""
    assert set() == {(revision, table) for revision, table in discarded if table != f"public.{revision}"}


def test_rows_that_the_old_schema_refuses_may_go(tmp_path: Path, server: Server) -> None:
    """Deleted before NOT NULL or a unique constraint is back: there is no place for them. Others were taken along."""
    make = Script("a1", None, sql("CREATE TABLE t (id serial PRIMARY KEY, d int NOT NULL, note text)"), sql("DROP TABLE t"))
    loosen = "ALTER TABLE t ALTER d DROP NOT NULL"
    tighten = "ALTER TABLE t ALTER d SET NOT NULL"
    null = Script("b2", "a1", sql(loosen), sql("DELETE FROM t WHERE d IS NULL", tighten))
    more = Script("c3", "b2", sql(loosen), sql("DELETE FROM t WHERE d IS NULL OR id > 50", tighten))
    walked = walk(tmp_path, server, [make, null, more], rows=50)

    assert ["c3"] == [each.revision for each in walked.report.findings if each.check == "MC306"]


def test_rows_of_which_not_all_can_be_tried_are_missed(tmp_path: Path, server: Server) -> None:
    """A converted column that must have a value keeps a row from being inserted again: it counts as one that may stay."""
    columns = "id serial PRIMARY KEY, d smallint NOT NULL, v int NOT NULL"
    make = Script("a1", None, sql(f"CREATE TABLE t ({columns})"), sql("DROP TABLE t"))
    up = sql("ALTER TABLE t ALTER d TYPE numeric(5, 0)")
    down = sql("DELETE FROM t WHERE id > 60", "ALTER TABLE t ALTER d TYPE smallint")
    walked = walk(tmp_path, server, [make, Script("b2", "a1", up, down)], rows=50)

    (found,) = (each for each in walked.report.findings if each.check == "MC306")
    assert "b2" == found.revision
    assert "are gone after the downgrade" in found.message

"""What a workload writes, in SQL; and which of what a downgrade did to written rows was no more than another spelling."""

from __future__ import annotations

import pytest

from migration_checks.snapshot import Column, Table
from migration_checks.transition import ColumnChange, Statement, TableChange
from migration_checks.trials.order import _wrote
from migration_checks.trials.workload import Writer, _another_key, _fits
from migration_checks.trials.writes import _added, _values, not_translated
from tests.transitions import ascend, residue, rows, snapshot, table

ITEMS = Table(
    'public."Items"',
    1,
    (
        Column("id", 1, "integer", True),
        Column('we"ird', 2, "uuid"),
        Column("code", 3, "character varying(8)"),
        Column("note", 4, "text"),
        Column("total", 5, "numeric", generated="s"),
        Column("at", 6, "timestamp", drawn=True),
    ),
    ("id", "code"),
    9,
    'public."Items"',
)
WRITER = Writer(ITEMS, ITEMS.columns[3], (("1", "it's"), ("2", "b")))


def test_a_write_changes_a_row_by_its_key() -> None:
    """Names are quoted, and so are values."""
    write = WRITER.write(0, "mcw00007")

    assert (ITEMS.name, "note", "mcw00007") == (write.table, write.column, write.word)
    assert """UPDATE public."Items" SET "note" = 'mcw00007' WHERE "id" = '1' AND "code" = 'it''s'""" == write.sql


def test_a_write_adds_a_row_like_another_one() -> None:
    """Under a key of its own; what is generated or drawn is left to the database."""
    write = Writer(ITEMS, ITEMS.columns[3], WRITER.rows, inserts=True).write(1, "mcw00007")

    assert (
        'INSERT INTO public."Items" ("id", "we""ird", "code", "note") '
        """SELECT (SELECT max("id") + 1 FROM public."Items"), "we""ird", 'mcw00007', 'mcw00007' """
        """FROM public."Items" WHERE "id" = '2' AND "code" = 'b'"""
    ) == write.sql


@pytest.mark.parametrize(
    ("expected", "column"),
    [
        ('(SELECT max("k") + 1 FROM public.t)', Column("k", 1, "bigint")),
        ('(SELECT max("k") + 1 FROM public.t)', Column("k", 1, "public.positive", stored="integer")),
        ("gen_random_uuid()", Column("k", 1, "uuid")),
        ("'word'", Column("k", 1, "text")),
        ('"k"', Column("k", 1, "character varying(3)")),
        ('"k"', Column("k", 1, "date")),
    ],
)
def test_another_key(expected: str, column: Column) -> None:
    """By its type; where none can be had, the same one, which the database refuses."""
    assert expected == _another_key(table("public.t"), column, "word")


@pytest.mark.parametrize(
    ("fits", "column"),
    [
        (True, Column("c", 1, "text")),
        (True, Column("c", 1, "citext")),
        (True, Column("c", 1, "character varying")),
        (True, Column("c", 1, "character varying(8)")),
        (False, Column("c", 1, "character varying(7)")),
        (False, Column("c", 1, "public.email", stored="text")),
        (False, Column("c", 1, "character(8)")),
        (False, Column("c", 1, "integer")),
    ],
)
def test_where_a_word_can_stand(fits: bool, column: Column) -> None:
    """A domain may have conditions, and a padded text is none that is found again."""
    assert fits is _fits(column)


def changed(column: str, before: str | None = None, number: int = 1) -> ColumnChange:
    return ColumnChange(column, before or column, number)


@pytest.mark.parametrize(
    ("expected", "down", "back"),
    [
        ([], [rows(columns=(changed("a"),))], []),
        ([["a"]], [rows(columns=(changed("a"),))], [rows(columns=(changed("a"),))]),
        ([["a"]], [rows(columns=(changed("a"), changed("b")))], [rows(columns=(changed("a"), changed("b", number=0)))]),
        ([["later"]], [rows(columns=(changed("later", "a"),))], [rows(columns=(changed("a"),))]),
        ([[]], [rows(missing=2, columns=(changed("a"),))], []),
        ([], [rows("public.t", columns=(changed("a"),))], [rows("public.u", columns=(changed("a"),))]),
    ],
)
def test_what_another_upgrade_brings_back_was_only_spelled(
    expected: list[list[str]], down: list[TableChange], back: list[TableChange]
) -> None:
    """Column by column, under the names of before; rows that are gone are gone."""
    assert expected == [[each.column for each in table.columns] for table in not_translated(down, back)]


def test_how_much_was_written() -> None:
    """Rows beyond those that were there, and their values; a table that is new is not counted by values."""
    before, after = snapshot("b", tables=[table(rows=10)]), snapshot("b", tables=[table(rows=14), table("public.u", rows=3)])

    assert (7, 8) == (_added(before, after), _values(before, after))
    assert (0, 0) == (_added(after, before), _values(after, before))


@pytest.mark.parametrize(
    ("wrote", "change", "sql"),
    [
        (True, rows(added=1), "x"),
        (True, rows(missing=1), "x"),
        (True, rows(columns=(changed("a"),)), "x"),
        (True, rows(created=("a",)), "UPDATE t SET a = 1"),
        (False, rows(created=("a",)), "ALTER TABLE t ADD a int"),
        (False, rows(), "UPDATE t SET a = 1"),
    ],
)
def test_whether_an_upgrade_wrote(wrote: bool, change: TableChange, sql: str) -> None:
    """What it only defines does not depend on the order of rows."""
    assert wrote is _wrote(ascend(changes=residue(change), statements=(Statement(sql),)))

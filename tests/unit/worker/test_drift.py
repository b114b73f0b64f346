"""What autogenerate would still change, in sentences: one for each thing that differs, from the database's point of view."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations.ops import CreateTableOp, DowngradeOps, MigrationScript, UpgradeOps

from migration_checks.worker.drift import OWN_SCHEMA, _flat, _lines, _processed, _without_own_schema

META = sa.MetaData()
ITEMS = sa.Table("items", META, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text), schema="shop")
NOTES = sa.Table("notes", META, sa.Column("item", sa.Integer))
BY_NOTE = sa.Index("by_note", ITEMS.c.note)
LOWER = sa.Index("by_lower", sa.func.lower(ITEMS.c.note), _table=ITEMS)
UNIQUE = sa.UniqueConstraint(ITEMS.c.note, ITEMS.c.id, name="pair")
UNNAMED = sa.UniqueConstraint(NOTES.c.item)
KEY = sa.ForeignKeyConstraint([NOTES.c.item], [ITEMS.c.id], name="notes_item")
NOTES.append_constraint(KEY)


@pytest.mark.parametrize(
    ("expected", "differences"),
    [
        (["table shop.items is in the models, not in the database"], [("add_table", ITEMS)]),
        (["table notes is in the database, not in the models"], [("remove_table", NOTES)]),
        (["column shop.items.note is in the models, not in the database"], [("add_column", "shop", "items", ITEMS.c.note)]),
        (["column notes.item is in the database, not in the models"], [("remove_column", None, "notes", NOTES.c.item)]),
        (["index by_note on shop.items (note) is in the models, not in the database"], [("add_index", BY_NOTE)]),
        (["constraint pair on shop.items (note, id) is in the database, not in the models"], [("remove_constraint", UNIQUE)]),
        (["constraint (unnamed) on notes (item) is in the models, not in the database"], [("add_constraint", UNNAMED)]),
        (["foreign key notes_item on notes (item) is in the database, not in the models"], [("remove_fk", KEY)]),
        (["comment on table shop.items is in the models, not in the database"], [("add_table_comment", ITEMS, None)]),
        (
            ["column shop.items.note: nullable is False, the models say True"],
            [[("modify_nullable", "shop", "items", "note", {}, False, True)]],
        ),
        (
            ["column notes.item: default is 0, the models say None"],
            [[("modify_default", None, "notes", "item", {}, sa.DefaultClause(sa.text("0")), None)]],
        ),
        (
            ["column notes.item: type is VARCHAR(3), the models say INTEGER"],
            [[("modify_type", None, "notes", "item", {}, sa.String(3), sa.Integer())]],
        ),
        # What lies on a table that is new, or to go, goes with it; another table's stays.
        (
            [
                "table notes is in the models, not in the database",
                "index by_note on shop.items (note) is in the models, not in the database",
            ],
            [("add_table", NOTES), ("add_constraint", UNNAMED), ("add_index", BY_NOTE)],
        ),
        # What would be dropped and made again is one thing that differs.
        (
            ["index by_note on shop.items: the models say otherwise"],
            [("remove_index", BY_NOTE), ("add_index", BY_NOTE)],
        ),
        (
            ["foreign key notes_item on notes: the models say otherwise"],
            [("remove_fk", KEY), ("add_fk", KEY)],
        ),
        (
            [
                "constraint (unnamed) on notes (item) is in the database, not in the models",
                "constraint (unnamed) on notes (item) is in the models, not in the database",
            ],
            [("remove_constraint", UNNAMED), ("add_constraint", UNNAMED)],
        ),
        # What a newer Alembic may come up with is shown as it is.
        (["rename_everything ['a', 'b']"], [("rename_everything", "a", "b")]),
    ],
)
def test_differences_in_words(expected: list[str], differences: list[Any]) -> None:
    """Qualified names, the columns of what has no other name, and one sentence for one thing."""
    assert expected == _lines(list(_flat(differences)))


def test_an_endless_default_is_cut() -> None:
    """At 200 characters."""
    default = sa.DefaultClause(sa.text("'" + "x" * 500 + "'"))
    (line,) = _lines([("modify_default", None, "notes", "item", {}, default, None)])

    assert f"default is '{'x' * 198}…, the models say None" in line


@pytest.mark.parametrize(
    ("kept", "name", "kind", "parents"),
    [
        (False, OWN_SCHEMA, "schema", {}),
        (True, "public", "schema", {}),
        (True, None, "schema", {}),
        (False, "m1", "table", {"schema_name": OWN_SCHEMA}),
        (True, "items", "table", {"schema_name": None}),
        (False, "secret", "table", {"schema_name": None}),
    ],
)
def test_what_is_the_toolkit_s_own_is_not_compared(kept: bool, name: str | None, kind: str, parents: dict[str, Any]) -> None:
    """Beside what env.py itself leaves out."""
    assert kept is _without_own_schema(lambda name, kind, parents: name != "secret")(name, kind, parents)
    assert (kept or name == "secret") is _without_own_schema(None)(name, kind, parents)


class Context:
    """A migration context with the hook of an env.py."""

    def __init__(self, hook: Any) -> None:
        self.opts = {"process_revision_directives": hook}

    def get_current_heads(self) -> tuple[str, ...]:
        return ("b",)


def clears(context: Any, heads: Any, directives: list[Any]) -> None:
    assert heads == ("b",)
    directives.clear()


def drops(context: Any, heads: Any, directives: list[Any]) -> None:
    directives[0].upgrade_ops.ops.pop()


def breaks(context: Any, heads: Any, directives: list[Any]) -> None:
    directives[0].upgrade_ops.ops.clear()
    raise RuntimeError("where is the command?")


@pytest.mark.parametrize(("hook", "left"), [(None, 2), (clears, 0), (drops, 1), (breaks, 2)])
def test_what_env_py_takes_out_is_no_drift(hook: Any, left: int) -> None:
    """As for `alembic check`; a hook that fails takes nothing out."""
    operations = UpgradeOps([CreateTableOp.from_table(table) for table in (ITEMS, NOTES)])
    found = _processed(Context(hook), MigrationScript(None, operations, DowngradeOps([])))  # type: ignore[arg-type]

    assert left == sum(len(each.upgrade_ops.ops) for each in found if each.upgrade_ops)

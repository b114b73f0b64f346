"""Records of the catalog, as queries answer them, become values: nothing of them is lost, and no type is made twice."""

from __future__ import annotations

from typing import Any

import pytest

from migration_checks.seeding.schema import (
    _TYPE_FIELDS,
    Check,
    Element,
    ForeignKey,
    Leaf,
    Sequence,
    Type,
    Unique,
    _make_type,
    _query,
    _table,
)
from tests.schemas import INT, TEXT


def record(**more: Any) -> dict[str, Any]:
    """A type as the query tells it."""
    plain = {"schema": "public", "kind": "b", "element": 0, "modifier": -1, "not_null": False, "delimiter": ","}
    return dict.fromkeys(_TYPE_FIELDS) | plain | more


TYPES = {
    23: record(schema="pg_catalog", name="int4", sql="pg_catalog.int4"),
    100: record(name="mood", sql="public.mood", kind="e", labels=["sad", "ok"]),
    101: record(name="_mood", sql="public.mood[]", kind="a", element=100),
    102: record(name="small", sql="public.small", kind="d", element=23, not_null=True, checks=["(VALUE < 10)"], modifier=3),
    103: record(name="pair", sql="public.pair", kind="c", attributes=[["n", 102, -1], ["m", 101, 7]], delimiter=";"),
}
MOOD = Type("public", "mood", "public.mood", "e", labels=("sad", "ok"))
SMALL = Type("public", "small", "public.small", "d", INT, 3, True, checks=("(VALUE < 10)",))
MOODS = Type("public", "_mood", "public.mood[]", "a", MOOD)
PAIR = Type("public", "pair", "public.pair", "c", attributes=(("n", SMALL, -1), ("m", MOODS, 7)), delimiter=";")


@pytest.mark.parametrize(("expected", "oid"), [(MOOD, 100), (MOODS, 101), (SMALL, 102), (PAIR, 103)])
def test_types_and_what_they_are_made_of(expected: Type, oid: int) -> None:
    """Elements, bases and attributes down to the bottom."""
    made: dict[int, Type] = {}

    assert expected == _make_type(oid, TYPES, made)
    assert made[oid] is _make_type(oid, TYPES, made)


COLUMN = {
    "name": "id", "quoted": "id", "number": 1, "type": 23, "modifier": -1, "formatted": "integer", "not_null": True,
    "generated": False, "identity": "d", "default": None, "folds": False, "dimensions": 0, "comment": None, "sequence": None,
}  # fmt: skip


def test_a_table_with_everything() -> None:
    """Columns, conditions, references, keys and partitions."""
    found = _table(
        {
            "name": 'public."T"',
            "relation": 'public."T"',
            "columns": [
                COLUMN | {"sequence": {"name": "s", "start": 5, "increment": 2, "minimum": 1, "maximum": 99}},
                COLUMN | {"name": "Note", "quoted": '"Note"', "number": 2, "type": 25, "comment": "who", "identity": ""},
            ],
            "checks": [{"name": "c", "expression": "(id > 0)"}],
            "foreign_keys": [
                {
                    "name": "f",
                    "columns": ["id"],
                    "parent": "public.p",
                    "parent_columns": ["k"],
                    "full": True,
                    "period": False,
                    "deferrable": True,
                }
            ],
            "uniques": [
                {
                    "name": "u",
                    "elements": [
                        {"column": "id", "expression": None, "operator": "="},
                        {"column": None, "expression": 'lower("Note")', "operator": None},
                    ],
                    "predicate": "(id > 3)",
                    "primary": False,
                    "nulls_equal": True,
                    "deferrable": False,
                }
            ],
            "partitioned": True,
            "partition_key": ["id"],
            "leaves": [{"name": "public.l", "bound": None}],
        },
        {23: INT, 25: TEXT},
    )
    identity, note = found.columns

    assert (Sequence("s", 5, 2, 1, 99), INT, "", True) == (identity.sequence, identity.type, identity.comment, identity.serial)
    assert (TEXT, "who", '"Note"', False, None) == (note.type, note.comment, note.quoted, note.serial, note.sequence)
    assert (Check("c", "(id > 0)"),) == found.checks
    assert (ForeignKey("f", ("id",), "public.p", ("k",), True, False, True),) == found.foreign_keys
    elements = (Element("id", None, "="), Element(None, 'lower("Note")'))
    assert (Unique("u", elements, "(id > 3)", nulls_equal=True),) == found.uniques
    assert (True, ("id",), (Leaf("public.l", None),)) == (found.partitioned, found.partition_key, found.leaves)
    assert ['public."T"', "Note"] == [found.name, [*found.by_name][1]]


def test_a_table_with_nothing() -> None:
    """PostgreSQL answers NULL where there is nothing to list."""
    empty = dict.fromkeys(("columns", "checks", "foreign_keys", "uniques", "partition_key", "leaves"))
    found = _table({"name": "public.t", "relation": "public.t", "partitioned": False, **empty}, {})

    assert () == found.columns == found.checks == found.foreign_keys == found.uniques == found.partition_key == found.leaves


@pytest.mark.parametrize("name", ["relations.sql", "tables.sql", "types.sql"])
def test_queries_are_in_the_package(name: str) -> None:
    """Where a wheel has them too, with every schema spelled out where it matters."""
    assert b"SELECT" in _query(name)

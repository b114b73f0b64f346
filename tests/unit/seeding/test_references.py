"""References: which row of another table a row points at, what is left open, and when nothing fits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from migration_checks.seeding.references import Key, Reference, has_room
from migration_checks.seeding.schema import Type
from migration_checks.seeding.sources import Exhausted
from tests.schemas import BIG, INT, SMALL, TEXT, VARCHAR, column, domain, refers, table

CHILD = table("child", column("a", INT), column("b", INT, not_null=True), column("c", INT))


def reference(*names: str, keys: list[Key], full: bool = False, **more: Any) -> Reference:
    key = refers(*names, to="parent", columns=[f"p{name}" for name in names], full=full)
    return Reference(key, CHILD, Random(1), keys, **{"unique": False, "own": False, **more})


def cells(**values: str | None) -> dict[str, str | None]:
    return {"a": None, "b": None, "c": None, **values}


NOWHERE = frozenset[str]()


def test_a_row_points_at_a_row_that_is_there() -> None:
    """At some of them more often than at others, and now and then nowhere where it may."""
    chosen: Counter[str | None] = Counter()
    made = reference("a", keys=[(str(k),) for k in range(10)])
    for _ in range(1000):
        row = cells()
        made.choose(row, NOWHERE)
        chosen[row["a"]] += 1

    assert set(chosen) == {None, *map(str, range(10))}
    assert 80 < chosen[None] < 170
    assert chosen["0"] > 2 * chosen["9"]


def test_columns_that_are_fixed_narrow_the_choice() -> None:
    """Two references that share a column agree on it; a key that came later is among them."""
    made = reference("a", "b", keys=[("1", "x"), ("1", "y"), ("2", "z")])
    made.null_share = 0.0
    seen = set()
    for round in range(40):
        row = cells(a="1")
        made.choose(row, frozenset("a"))
        seen.add(row["b"])
        if round == 20:
            made.add(("1", "new"))

    assert {"x", "y", "new"} == seen
    assert made.met(cells(a="1", b="new"))
    assert not made.met(cells(a="2", b="new"))


def test_nothing_fits() -> None:
    """The row points nowhere where it may; where it may not, that is said."""
    made = reference("a", "b", keys=[("1", "x")])
    row = cells(a="9", b="x")
    with pytest.raises(Exhausted):
        made.choose(row, frozenset("ab"))
    open_ended = reference("a", keys=[])
    row = cells(a="9")
    open_ended.choose(row, NOWHERE)

    assert row["a"] is None
    with pytest.raises(Exhausted):
        reference("b", keys=[]).choose(cells(), NOWHERE)


def test_a_row_may_point_at_itself_where_nobody_else_is() -> None:
    """In a table that refers to itself, and with what is fixed left as it is."""
    made = reference("a", "b", keys=[], own=True)
    made.null_share = 0.0
    row = cells(a="1")
    made.choose(row, frozenset("a"), itself=("1", "me"))

    assert ("1", "me") == (row["a"], row["b"])
    assert made.met(row, itself=("1", "me"))
    assert not made.met(row, itself=("1", "other"))
    with pytest.raises(Exhausted):
        made.choose(cells(a="2", b="z"), frozenset("ab"), itself=("1", "me"))


def test_of_one_to_one_each_is_taken_once() -> None:
    """Row by row, or many at once; what is fixed must fit here too."""
    made = reference("b", keys=[("1",), ("2",), ("3",)], unique=True)
    made.null_share = 0.0
    row = cells(b="2")
    made.choose(row, frozenset("b"))
    rest = made.many(5)

    assert row["b"] == "2"
    assert {("1",), ("3",)} == set(rest or ())
    assert [] == made.many(5)
    with pytest.raises(Exhausted):
        made.choose(cells(b="2"), frozenset("b"))


@pytest.mark.parametrize(
    ("expected", "more"), [(None, {"keys": []}), (None, {"keys": [("1",)], "own": True}), ([("1",)] * 3, {"keys": [("1",)]})]
)
def test_many_rows_are_pointed_at_once_where_that_can_be(expected: list[Key] | None, more: dict[str, Any]) -> None:
    """Not without rows, nor where the rows are those that are being made."""
    assert expected == reference("b", **more).many(3)


@pytest.mark.parametrize(
    ("expected", "names", "full"), [(("a",), "ab", False), (("a", "c"), "ac", True), (None, "ab", True), (None, "b", False)]
)
def test_pointing_nowhere(expected: tuple[str, ...] | None, names: str, full: bool) -> None:
    """MATCH FULL wants all columns to be NULL, or none."""
    made = reference(*names, keys=[], full=full)
    row = cells(a="1", b="1", c="1")

    assert (expected is not None) is made.blank(row, NOWHERE) is made.blankable
    assert set(expected or ()) == {name for name, value in row.items() if value is None}


@pytest.mark.parametrize(
    ("met", "full", "row"),
    [
        (True, False, {"a": "1", "c": "x"}),
        (False, False, {"a": "1", "c": "y"}),
        (True, False, {"a": "1"}),
        (False, True, {"a": "1"}),
        (True, True, {}),
    ],
)
def test_a_reference_is_met_as_its_match_type_says(met: bool, full: bool, row: dict[str, str]) -> None:
    """One NULL suffices, unless it is MATCH FULL."""
    assert met is reference("a", "c", keys=[("1", "x")], full=full).met(cells(**row))


def test_the_first_rows_at_once() -> None:
    """Skewed alike; a row that points nowhere keeps what it may not lose."""
    made = reference("a", "b", keys=[("1", "x"), ("2", "y")])
    given: list[list[str | None]] = [["?"] * 400, ["kept"] * 400]
    rows = set(zip(*made.several(400, given), strict=True))

    assert {("1", "x"), ("2", "y"), (None, "kept")} == rows
    assert [["?"], ["kept"]] == [column[:1] for column in given]
    assert [[None] * 3, ["kept"] * 3] == reference("a", "b", keys=[]).several(3, [["?"] * 3, ["kept"] * 3])


def test_rows_of_a_table_that_refers_to_itself_point_at_earlier_ones() -> None:
    """Or nowhere; never at a row that is not there yet."""
    made = reference("a", keys=[], own=True)
    keys = [str(k) for k in range(300)]
    found = made.earlier(keys, 100)

    assert len(found) == 200
    assert None in found
    assert [(row, key) for row, key in enumerate(found, 100) if key is not None and int(key) >= row] == []
    assert None not in reference("b", keys=[], own=True).earlier(keys, 100)


@pytest.mark.parametrize(
    ("kind", "modifier", "value", "room"),
    [
        (TEXT, -1, "x" * 99, True),
        (VARCHAR, 4 + 5, "12345", True),
        (VARCHAR, 4 + 5, "123456", False),
        (SMALL, -1, "32767", True),
        (SMALL, -1, "-32769", False),
        (INT, -1, "2147483648", False),
        (BIG, -1, "2147483648", True),
        (domain("code", VARCHAR, modifier=4 + 2), -1, "abc", False),
    ],
)
def test_keys_that_a_column_has_no_room_for(kind: Type, modifier: int, value: str, room: bool) -> None:
    """Those of a parent that is wider: they cannot be referred to."""
    assert room is has_room(replace(column("ref", kind), modifier=modifier), value)

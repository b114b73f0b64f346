"""Which parts of the catalog are read again: what was written, what may quote it, and everything where names changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from migration_checks.recapture import (
    CatalogReader,
    _asked,
    _columns_renamed,
    _home,
    _joined,
    _Marks,
    _owned_sequences,
    _Reading,
    _Relation,
    _reshaped,
    _touched,
    _written,
)
from migration_checks.snapshot import Catalog, CatalogObject
from tests.transitions import thing

T, U, VIEW = _Relation("r", "public.t", ()), _Relation("r", "public.u", (1,)), _Relation("v", "public.v", (1,))


def marks(
    relations: dict[int, _Relation], fresh: Collection[int] = (), triggers: bool = False, more: Collection[int] = ()
) -> _Marks:
    """Relations with five catalog rows each, but for those that have one `more`."""
    pieces = {oid: 6 if oid in more else 5 for oid in relations}
    return _Marks(b"100", "elsewhere", triggers, relations, pieces, frozenset(fresh))


BEFORE = marks({1: T, 2: U, 3: VIEW})


@pytest.mark.parametrize(
    ("written", "touched", "after"),
    [
        (set(), [], BEFORE),
        ({1}, [1, 2, 3], marks(dict(BEFORE.relations), fresh={1})),
        ({2}, [2], marks(dict(BEFORE.relations), fresh={2})),
        ({9}, [9], marks({**BEFORE.relations, 9: _Relation("r", "public.new", ())})),
        ({2}, [2], marks(dict(BEFORE.relations), more={2})),
        ({1}, [2, 3], marks({2: U, 3: VIEW})),
    ],
)
def test_what_is_read_again(written: set[int], touched: list[int], after: _Marks) -> None:
    """What a row was written of, what came or went, what has more rows now; and what refers to any of that."""
    assert written == _written(BEFORE, after)
    assert touched == list(_touched(BEFORE, after))


@pytest.mark.parametrize(
    ("reshaped", "after"),
    [
        (False, BEFORE),
        (True, marks({**BEFORE.relations, 1: _Relation("r", "public.renamed", ())})),
        (False, marks(dict(BEFORE.relations), fresh={1})),
        (True, marks(dict(BEFORE.relations), fresh={3})),
        (False, marks({**BEFORE.relations, 9: _Relation("v", "public.new", ())}, fresh={9})),
        (False, marks({1: T})),
    ],
)
def test_where_definitions_elsewhere_may_read_differently(reshaped: bool, after: _Marks) -> None:
    """A relation with another name, a view that was written; one that is new is quoted by nobody yet."""
    assert reshaped is _reshaped(BEFORE, after)


def column(name: str, position: int, table: str = "public.t") -> CatalogObject:
    return thing("column", f"{table}.{name}", ("table", table), position=position)


def catalog(*objects: CatalogObject) -> Catalog:
    return {each.id: each for each in objects}


@pytest.mark.parametrize(
    ("renamed", "after"),
    [
        (False, [column("a", 1), column("b", 2)]),
        (True, [column("z", 1), column("b", 2)]),
        (False, [column("a", 1), column("b", 2), column("c", 3)]),
        (False, [column("a", 1)]),
        (False, [column("a", 1), column("b", 2), column("x", 1, "public.new")]),
    ],
)
def test_a_column_in_the_place_of_another(renamed: bool, after: list[CatalogObject]) -> None:
    """It may be the same one under another name, which expressions quote; a new one stands at the end."""
    assert renamed is _columns_renamed(catalog(column("a", 1), column("b", 2)), catalog(*after))


KEY = thing("constraint", "public.t.pkey", ("table", "public.t"))
PART = catalog(thing("table", "public.t"), column("a", 1), KEY)


@pytest.mark.parametrize(
    ("home", "each"),
    [
        ("public.t", thing("table", "public.t")),
        ("public.t", column("a", 1)),
        ("public.t", KEY),
        ("public.t", thing("index", "public.pkey", KEY.id)),
        ("", thing("index", "public.lost", ("constraint", "public.gone.pkey"))),
        ("", thing("constraint", "public.positive.check", ("domain", "public.positive"))),
        ("public.s", thing("sequence", "public.s", ("column", "public.t.a"))),
        ("", thing("column", "c", None)),
    ],
)
def test_what_an_object_is_read_with(home: str, each: CatalogObject) -> None:
    """The relation that it belongs to, through its constraint if need be; itself where it stands alone."""
    assert home == _home(each, PART)


def test_sequences_go_with_the_column_that_owns_them() -> None:
    """Its name is part of their definition."""
    owned, free = thing("sequence", "public.s", ("column", "public.t.a")), thing("sequence", "public.free")
    lost = thing("sequence", "public.lost", ("column", "public.t.gone"))
    part = {**PART, **catalog(owned, free, lost)}

    assert ["public.s"] == list(_owned_sequences(part, {"public.t"}))
    assert [] == list(_owned_sequences(part, {"public.u"}))


def test_a_reading_remembers_where_objects_belong() -> None:
    """Of some relations only, where only those were asked for."""
    reading = _Reading(BEFORE, {})
    reading.add("tables.sql", PART)
    reading.add("tables.sql", catalog(column("b", 2), column("b", 1, "public.u")), {"public.u"})

    assert {"public.t": [*PART], "public.u": [("column", "public.u.b")]} == reading.homes["tables.sql"]


@pytest.mark.parametrize(
    ("expected", "relations", "triggers"),
    [
        ({"schemas.sql"}, {1: T}, False),
        ({"schemas.sql", "views.sql"}, {1: T, 3: VIEW}, False),
        ({"schemas.sql", "views.sql"}, {1: _Relation("m", "m", ())}, False),
        ({"schemas.sql", "types.sql"}, {1: _Relation("c", "c", ())}, False),
        ({"schemas.sql", "triggers.sql"}, {1: T}, True),
    ],
)
def test_which_queries_are_asked_again(expected: set[str], relations: dict[int, _Relation], triggers: bool) -> None:
    """Those that found something, and those that would now; not what holds nothing of relations."""
    last = _Reading(BEFORE, {"database.sql": {}, "schemas.sql": {}})

    assert expected == set(_asked(last, marks(relations, triggers=triggers)))


def test_parts_are_one_catalog_in_a_fixed_order() -> None:
    """Whatever order they were read in."""
    one, two = catalog(thing("table", "a")), catalog(thing("view", "b"))
    joined = [list(_joined(parts)) for parts in ({"2": two, "1": one}, {"1": one, "2": two})]

    assert [[("table", "a"), ("view", "b")]] * 2 == joined


def test_shapes_change_with_what_was_written() -> None:
    """A table keeps the text of its shape as long as nothing of it was written, and never gets an earlier one again."""
    reader = CatalogReader()
    first = reader.shapes = reader._shaped(None, BEFORE)
    second = reader.shapes = reader._shaped(BEFORE, marks({1: T, 3: VIEW, 9: U}, fresh={1}))
    again: dict[int, Any] = reader._shaped(BEFORE, BEFORE)

    assert {1, 2, 3} == first.keys()
    assert {1, 3, 9} == second.keys()
    assert (first[3], True) == (second[3], first[1] != second[1])
    assert 5 == len({*first.values(), *second.values()})
    assert (second[1], second[3]) == (again[1], again[3])

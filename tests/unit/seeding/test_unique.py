"""When two rows have the same key: by columns and expressions, with predicates, letter case and NULLs."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from migration_checks.seeding.schema import Element, Unique
from migration_checks.seeding.unique import Uniqueness, columns_of, transform
from tests.schemas import INT, TEXT, column, table

TABLE = table("t", column("a", TEXT), column("b", TEXT), column("n", INT))
Row = dict[str, str | None]


def on(*elements: str, **more: bool | str) -> Uniqueness:
    """A unique index; what is no column of the table is an expression."""
    parts = tuple(Element(each) if each in TABLE.by_name else Element(None, each) for each in elements)
    return Uniqueness(Unique("u", parts, **more), TABLE, {"b": str.casefold})  # type: ignore[arg-type]


def key(made: Uniqueness, row: Row) -> Hashable | None:
    full: Row = {"a": None, "b": None, "n": None, **row}
    return made.key(full.__getitem__, lambda name: None if full[name] is None else full[name])


@pytest.mark.parametrize(
    ("alike", "made", "one", "other"),
    [
        (True, on("a"), {"a": "x"}, {"a": "x"}),
        (False, on("a"), {"a": "x"}, {"a": "X"}),
        (True, on("b"), {"b": "x"}, {"b": "X"}),
        (False, on("a", "n"), {"a": "x", "n": "1"}, {"a": "x", "n": "2"}),
        (True, on("lower(a)"), {"a": "x"}, {"a": "X"}),
        (False, on("lower(a)"), {"a": " x"}, {"a": "X"}),
        (True, on("upper(btrim(a))"), {"a": " x"}, {"a": "X "}),
        (False, on("btrim(a)"), {"a": " x"}, {"a": "X "}),
        (True, on("COALESCE(a, ''::text)", "n"), {"n": "1"}, {"n": "1"}),
        (False, on("COALESCE(a, ''::text)", "n"), {"n": "1"}, {"n": "1", "a": "x"}),
        (True, on("a", nulls_equal=True), {}, {}),
    ],
)
def test_rows_with_the_same_key(alike: bool, made: Uniqueness, one: Row, other: Row) -> None:
    """As the index sees them; neither row is exempt."""
    first, second = key(made, one), key(made, other)

    assert None is not first
    assert alike is (first == second)


@pytest.mark.parametrize(
    ("made", "row"),
    [
        (on("a"), {}),
        (on("a", "n"), {"a": "x"}),
        (on("lower(a)"), {}),
        (on("a", predicate="(n IS NOT NULL)"), {"a": "x"}),
    ],
)
def test_rows_that_are_exempt(made: Uniqueness, row: Row) -> None:
    """A NULL, or a predicate that is not met: any number of them may be there."""
    assert None is key(made, row)


def test_rows_that_are_there_are_learned() -> None:
    """But for those that are exempt."""
    made = on("a")
    made.learn([{"a": "x"}, {"a": None}, {"a": "y"}], lambda name, text: text)

    assert {("x",), ("y",)} == made.seen


@pytest.mark.parametrize(
    ("single", "plain", "names", "made"),
    [
        ("a", True, ("a",), on("a")),
        (None, True, ("a", "n"), on("a", "n")),
        (None, False, ("a",), on("a", predicate="(n > 0)")),
        ("a", False, ("a",), on("lower(a)")),
    ],
)
def test_what_decides_a_key(single: str | None, plain: bool, names: tuple[str, ...], made: Uniqueness) -> None:
    """Its columns, and whether nothing but they do."""
    assert (single, plain, names) == (made.single, made.plain, columns_of(made.unique, TABLE))


@pytest.mark.parametrize(
    ("expected", "expression", "value"),
    [("abc", "lower(a)", "ABC"), ("ABC", "a", "ABC"), ("a", "trim(a)", " a "), (7, "lower(a)", 7), ("", "(a || 'x')", "")],
)
def test_what_an_expression_makes_equal(expected: Hashable, expression: str, value: Hashable) -> None:
    """What is no text stays as it is."""
    assert expected == transform(expression)(value)

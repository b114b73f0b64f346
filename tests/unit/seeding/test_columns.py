"""What added columns are filled with, and the SQL that offers rows one by one: to a table, or to a column of it."""

from __future__ import annotations

import pytest

from migration_checks.seeding.batch import Batch
from migration_checks.seeding.columns import (
    SHARE,
    UNTOUCHED,
    ColumnFilling,
    _assigned,
    _from,
    _lines,
    _offering,
    tied,
    untouched,
)
from migration_checks.seeding.repair import _offering as offering_rows
from migration_checks.seeding.schema import Leaf
from tests.schemas import DATE, INT, MOOD, TEXT, NoServer, column, pools, refers, table, unique

A, B = column("a", INT), column('Weird "B"', MOOD)
PLAIN = table("t", A, B)
PARTED = table("parted", A, partition_key=["a"], leaves=[Leaf("public.low", "(a < 0)")])


def filling(seed: int = 1) -> ColumnFilling:
    return ColumnFilling(NoServer(), pools(), None, seed)  # type: ignore[arg-type]


def batch(count: int, **columns: list[str | None]) -> Batch:
    return Batch(count, columns)


def test_some_rows_are_never_touched() -> None:
    """The same ones whichever other rows there are and in whatever order; at least one of two, and never all."""
    names = [str(number) for number in range(1000)]
    chosen = {names[row] for row in untouched(names)}

    assert abs(len(chosen) - 1000 / UNTOUCHED) < 50
    assert chosen & set(names[500:]) == {names[500:][row] for row in untouched(names[500:])}
    assert all(0 < len(untouched(names[start : start + 2])) < 2 for start in range(50))
    assert frozenset() == untouched(["1"]) == untouched([])


def test_what_is_not_to_be_touched_keeps_its_null() -> None:
    """Even where a column would be left without any value otherwise."""
    made = table("t", column("a", INT))
    draft = batch(3, a=["1", None, "3"])
    filling()._mask(made, draft, made.columns, frozenset({2}))

    assert draft.columns["a"][2] is None
    assert ["1", None] == draft.columns["a"][:2]


def test_about_half_of_the_rows_get_a_value() -> None:
    """The same ones for the same seed; each column by itself."""
    made = table("t", column("a", INT), column("b", INT))
    drafts = [batch(2000, a=["1"] * 2000, b=["1"] * 2000) for _ in range(2)]
    for each in drafts:
        filling()._mask(made, each, made.columns, frozenset())
    given = [[value is not None for value in drafts[0].columns[name]] for name in "ab"]

    assert drafts[0].columns == drafts[1].columns
    assert all(abs(sum(each) / 2000 - SHARE) < 0.05 for each in given)
    assert given[0] != given[1]


@pytest.mark.parametrize(
    "rule",
    [
        {"checks": ["((a IS NULL) = (b IS NULL))"]},
        {"uniques": [unique("a", "b")]},
        {"keys": [refers("a", "b", to="u", columns=("x", "y"))]},
    ],
)
def test_columns_that_a_rule_ties_are_filled_in_the_same_rows(rule: dict[str, list[object]]) -> None:
    """Half of a pair would break it."""
    made = table("t", column("a", INT), column("b", INT), column("c", INT), **rule)  # type: ignore[arg-type]
    draft = batch(400, a=["1"] * 400, b=["1"] * 400, c=["1"] * 400)
    filling()._mask(made, draft, made.columns, frozenset())
    a, b, c = ([value is None for value in draft.columns[name]] for name in "abc")

    assert a == b != c
    assert tied(made, frozenset("a")) == ["b"]


def test_a_column_is_never_left_without_any_value() -> None:
    """Where chance would blank all few of its rows, it blanks none."""
    made = table("t", column("a", INT))
    for seed in range(30):
        draft = batch(2, a=["1", "2"])
        filling(seed)._mask(made, draft, made.columns, frozenset())
        assert set(draft.columns["a"]) - {None}


def test_where_rows_of_a_table_are_looked_for() -> None:
    """Not in those that inherit from it; in a partitioned one, in its partitions."""
    assert ("ONLY public.t", "public.parted") == (_from(PLAIN), _from(PARTED))


def test_each_value_is_read_as_its_column_s_type() -> None:
    """Names are quoted; values have short names of their own."""
    assert '"a" = s.v0::pg_catalog.int4, "Weird ""B""" = s.v1::public.mood' == _assigned([A, B], "s")


def test_rows_without_any_value_are_not_written() -> None:
    """Nor those that were dropped; a line is COPY's, the place first."""
    made = batch(4, a=["1", None, "3", "4"], **{'Weird "B"': [None, None, "x\ty", "z"]})
    made.dropped.add(3)

    assert ["p0\t1\t\\N", "p2\t3\tx\\ty"] == list(_lines(made, ["p0", "p1", "p2", "p3"], [A, B]))


def test_values_are_offered_row_by_row() -> None:
    """Where the table refuses them all at once; a row that is refused keeps its NULL, and no error ends the block."""
    text = _offering(PLAIN, [A])

    assert (
        'UPDATE ONLY public.t t SET "a" = one.v0::pg_catalog.int4 WHERE t.ctid = one.place AND t.tableoid = one.part;' in text
    )
    assert "EXCEPTION WHEN OTHERS THEN NULL;" in text


@pytest.mark.parametrize(
    ("bound", "limit", "source", "stop"),
    [
        (None, 0, "FOR one IN SELECT * FROM pg_temp.migration_checks_rows ORDER BY place LOOP\n    \n", False),
        (
            "(d > now())",
            3,
            "SELECT s.* FROM pg_temp.migration_checks_rows s, LATERAL "
            '(SELECT c0::pg_catalog.date AS "d", c1::pg_catalog.text AS "s") r WHERE (d > now()) ORDER BY s.place',
            True,
        ),
    ],
)
def test_whole_rows_are_offered_one_by_one(bound: str | None, limit: int, source: str, stop: bool) -> None:
    """All of them, or as many as are wanted of those that a partition may hold; what is refused is counted, with the reason."""
    made = table("t", column("d", DATE), column("s", TEXT))
    text = offering_rows(made, made.columns, ["c0", "c1"], bound, limit)

    assert source in text
    assert stop is ("EXIT WHEN taken >= 3;" in text)
    assert 'INSERT INTO public.t ("d", "s") OVERRIDING SYSTEM VALUE VALUES (' in text
    assert "VALUES (one.c0::pg_catalog.date, one.c1::pg_catalog.text);" in text
    assert "INSERT INTO pg_temp.migration_checks_tally VALUES (taken, refused, reason);" in text

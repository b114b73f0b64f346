"""Rows are odd enough for what migrations do to them: twins, fractions of a second, bare numbers in documents."""

from __future__ import annotations

import json

import pytest

from migration_checks.seeding.plan import Order
from migration_checks.seeding.schema import Leaf, Sequence
from tests.schemas import DATE, INT, JSONB, MOMENT, TEXT, builtin, column, drafted, pools, primary, rows_of, table, unique

LEAVES = [Leaf("public.low", "((n IS NOT NULL) AND (n < 0))"), Leaf("public.high", "((n IS NOT NULL) AND (n >= 0))")]


@pytest.mark.parametrize("count", [5, 30, 300])
def test_a_table_without_a_key_holds_equal_rows(count: int) -> None:
    """Two at least, however many columns could tell them apart."""
    made = table("t", column("a", TEXT), column("b", INT), column("c", DATE), column("d", JSONB), column("e", MOMENT))
    rows = rows_of(drafted(made, count), *"abcde")

    assert count == len(rows)
    assert len(set(rows)) < count


def test_equal_rows_belong_to_the_same_partition() -> None:
    """Of a partitioned table as of any other; each row still goes where it was meant to."""
    made = table("t", column("n", INT), column("s", TEXT), partition_key=["n"], leaves=LEAVES)
    rows = rows_of(drafted(made, 40), "n", "s")

    assert len(set(rows)) < 40
    assert all((int(str(number)) < 0) == (place % 2 == 0) for place, (number, _) in enumerate(rows))


@pytest.mark.parametrize(
    "made",
    [
        table("t", column("a", INT, not_null=True), column("b", TEXT), uniques=[primary("a")]),
        table("t", column("a", INT), column("b", TEXT), uniques=[unique("a", "b")]),
        table("t", column("a", INT, sequence=Sequence("public.a_seq", 1, 1, 1, 1000)), column("b", TEXT)),
    ],
)
def test_keys_and_numbers_tell_rows_apart(made) -> None:  # type: ignore[no-untyped-def]
    """Nothing is equal that a key, a unique constraint or a sequence keeps apart."""
    rows = rows_of(drafted(made, 40), "a", "b")

    assert 40 == len({row for row in rows if None not in row}) + len([row for row in rows if None in row])


@pytest.mark.parametrize(
    ("name", "modifier", "digits"), [("timestamptz", -1, 6), ("timestamp", 3, 3), ("time", 2, 2), ("time", 0, 0)]
)
def test_moments_have_fractions_of_a_second(name: str, modifier: int, digits: int) -> None:
    """As many digits as the type keeps, in most of the plausible values."""
    pool = pools().of(builtin(name), modifier)
    assert pool is not None
    fractions = [value.removesuffix("+00").partition(".")[2] for value in pool.plausible]

    assert digits == max(map(len, fractions))
    assert (sum(map(bool, fractions)) > len(fractions) / 2) == (digits > 0)


def test_a_few_documents_are_of_many_shapes() -> None:
    """Thirty rows suffice for an object, an array, a bare number, a bare string and null."""
    values = drafted(table("t", column("d", JSONB)), 30).spread("d")

    assert {dict, list, int, str, type(None)} <= {type(json.loads(value)) for value in values if value is not None}


def test_plain_rows_have_nothing_odd() -> None:
    """No NULL, no twin, no edge value; names go on as a series, a status has few values for any number of rows."""
    made = table(
        "t", column("name", TEXT), column("status", TEXT), column("at", MOMENT), column("d", JSONB), uniques=[unique("at")]
    )
    rows = rows_of(drafted(made, 200, order=Order(1, plain=True)), "name", "status", "at", "d")
    names, states, moments, documents = zip(*rows, strict=True)

    assert not any(None in row for row in rows)
    assert len(set(names)) == 200 == len(set(moments))
    assert 4 <= len(set(states)) <= 16
    assert all(name == name.strip() for name in names)
    assert {dict} == {type(json.loads(document)) for document in documents}
    assert not any(moment.startswith("9999") for moment in moments)


def test_plain_rows_meet_rules_that_ask_for_null() -> None:
    """A condition may still leave one of two columns empty."""
    made = table("t", column("a", INT), column("b", INT), checks=["(num_nonnulls(a, b) = 1)"])
    rows = rows_of(drafted(made, 40, order=Order(1, plain=True)), "a", "b")

    assert 40 == len(rows) == len([row for row in rows if row.count(None) == 1])

"""Sources of values: shares, distinctness and where they end."""

from __future__ import annotations

from random import Random

import pytest

from migration_checks.seeding.literals import array, composite, copy_fields, read_array
from migration_checks.seeding.pool import Pool, chance
from migration_checks.seeding.schema import Sequence
from migration_checks.seeding.sources import FAR, Distinct, Exhausted, Numbers, Plain, Repeating


def test_a_nullable_column_has_nulls_and_every_rare_value_once():
    """NULLs beside values, adversarial values beside plausible ones, rare values once."""

    pool = Pool(tuple("abcdefgh"), ("", "A", " a "), ("infinity",))

    drawn = Repeating(pool, Random(1), nullable=True).draw(100)

    assert len(drawn) == 100
    assert drawn.count(None) == 12
    assert drawn.count("infinity") == 1
    assert {"", "A", " a ", *"abcdefgh"} <= set(drawn)
    assert len(set(drawn)) < len(drawn)


@pytest.mark.parametrize("count", [5, 10, 40, 1000])
def test_a_value_comes_twice_among_the_first_rows(count: int):
    """A unique index over what repeats fails on a small table too."""

    drawn = Repeating(Pool(tuple(map(str, range(2000))), ("-1",)), Random(1), nullable=True).draw(count)

    first = [value for value in drawn[:10] if value is not None]
    assert len(drawn) == count
    assert len(set(first)) < len(first)


def test_two_rows_suffice_for_a_null_and_a_value():
    """Even the smallest table shows both."""

    drawn = Repeating(Pool(("a",), ("",)), Random(1), nullable=True).draw(2)

    assert {None} < set(drawn)


def test_distinct_values_differ_by_what_decides_their_equality():
    """Values that are equal but for case do not meet in a column that folds it."""

    pool = Pool(("Anna", "anna", "ANNA", "Bert"), nth=lambda k: f"v{k}", canonical=str.casefold)

    drawn = Distinct(pool, Random(1)).draw(50)

    assert len({str(value).casefold() for value in drawn}) == 50


def test_distinct_values_end():
    """A boolean key has two values and no third."""

    pool = Pool(("true", "false"), nth=lambda k: ("false", "true")[k] if k < 2 else None)
    source = Distinct(pool, Random(1))

    assert {"true", "false"} == set(source.draw(10))
    with pytest.raises(Exhausted):
        source.again()


def test_spaced_values_take_turns():
    """Two columns of one exclusion constraint share a series without ever meeting."""

    pool = Pool((), nth=str)

    low = Distinct(pool, Random(1), spaced=(0, 2)).draw(3)
    high = Distinct(pool, Random(1), spaced=(1, 2)).draw(3)

    assert (low, high) == (["0", "2", "4"], ["1", "3", "5"])


@pytest.mark.parametrize(
    ("expected", "sequence"),
    [
        (["1", "2", "3"], None),
        (["10", "15", "20"], Sequence("s", 10, 5, 1, 100)),
        (["-1", "-2", "-3"], Sequence("s", -1, -1, -100, -1)),
        (["99", "100"], Sequence("s", 99, 1, 1, 100)),
    ],
)
def test_numbers_are_those_of_the_sequence(expected: list[str], sequence: Sequence | None) -> None:
    """Start, increment and end are the sequence's own."""

    assert expected == Numbers(sequence).draw(3)


def test_numbers_have_gaps() -> None:
    """The same ones however they are drawn; keys that are dealt out anew without them are other keys."""
    at_once, one_by_one = Numbers(None), Numbers(None)

    assert [each for each in map(str, range(1, 45)) if int(each) % 11 != 8] == at_once.draw(40)
    assert [one_by_one.again() for _ in range(40)] == Numbers(None).draw(40)
    assert at_once.again() == "45"


def test_a_sequence_that_has_few_numbers_has_no_gaps() -> None:
    """No row is to go without one."""
    assert list(map(str, range(1, 21))) == Numbers(Sequence("s", 1, 1, 1, 20)).draw(20)


def test_chance_depends_on_names_alone():
    """The same names give the same numbers on every machine; other names others."""

    assert chance(1, "public.t", "c").random() == 0.15842574402302545
    assert chance(1, "ab", "c").random() != chance(1, "a", "bc").random()


def test_text_forms_are_quoted():
    """Arrays, composites and COPY quote what would be read as something else."""

    values = ["a,b", "", None, "null", 'say "hi"', "back\\slash"]

    assert values == read_array(array(values))
    assert composite(["a,b", "", 'x "y"', None]) == '("a,b","","x ""y""",)'
    assert copy_fields(["a\tb", None, "c\\d"]) == ["a\\tb", "\\N", "c\\\\d"]


def test_a_sequence_that_ended_has_no_other_number() -> None:
    """Whoever needs one is told so."""
    numbers = Numbers(Sequence("s", 99, 1, 1, 100))

    assert ["99", "100"] == [numbers.again(), numbers.again()]
    with pytest.raises(Exhausted):
        numbers.again()


def test_a_column_without_values() -> None:
    """NULL where it may be, nothing where it may not."""
    empty = Pool(())

    assert [None] * 3 == Repeating(empty, Random(1), nullable=True).draw(3)
    assert [] == Repeating(empty, Random(1), nullable=False).draw(3)
    assert [None] * 3 == Plain(empty, Random(1), nullable=True).draw(3)
    assert None is Repeating(empty, Random(1), nullable=True).again()
    with pytest.raises(Exhausted):
        Repeating(empty, Random(1), nullable=False).again()


def test_another_value_is_mostly_one_that_a_condition_names() -> None:
    """A row was refused; what the condition speaks of is likelier to be taken, and the rest is not forgotten."""
    source = Repeating(Pool(tuple("abcdef"), ("!",)).joined(["x"]), Random(1), nullable=False)
    drawn = [source.again() for _ in range(1000)]

    assert 700 < drawn.count("x") < 850
    assert {*"abcdef", "!"} <= set(drawn)


def test_plain_values_differ_as_long_as_they_can() -> None:
    """A name goes on with the endless series until that ends; a status is shared by any number of rows."""
    names = Plain(
        Pool(tuple(f"n{k}" for k in range(20)), ("odd",), nth=lambda k: f"more{k}" if k < 5 else None), Random(1), nullable=True
    )
    statuses = Plain(Pool(("open", "paid"), nth=str), Random(1), nullable=True)

    drawn = names.draw(30)
    assert len(set(drawn)) == 25
    assert not {None, "odd"} & {*drawn, *names.fresh(50)}
    assert set(statuses.draw(100)) == {"open", "paid"}


def test_a_usual_value_is_a_plausible_one() -> None:
    """Or, where there is none, whatever there is."""
    assert {Repeating(Pool(("a",), ("!",), ("?",)), Random(k), nullable=True).usual() for k in range(20)} == {"a"}
    assert "?" == Repeating(Pool((), (), ("?",)), Random(1), nullable=True).usual()


@pytest.mark.parametrize(
    ("expected", "pool", "nulls"),
    [
        (["v0", "v1", None], Pool((), nth=lambda k: f"v{k}" if k < 2 else None), 2),
        (["v1", "a"], Pool(("a", "v0"), nth=lambda k: ("v0", "v1")[k] if k < 2 else None), 0),
        (["a", "b"], Pool(("a", "b")), 0),
    ],
)
def test_another_distinct_value_is_the_next_that_is_free(expected: list[str | None], pool: Pool, nulls: int) -> None:
    """Of the series, then NULL where that may come again, then of the pool; then there is none."""
    source = Distinct(pool, Random(1), nulls=nulls, taken=frozenset(["v0"]) if nulls == 0 else frozenset())

    assert expected == [source.again() for _ in expected]
    if nulls < 2:
        with pytest.raises(Exhausted):
            source.again()


def test_distinct_values_give_way_to_null_where_there_are_too_few() -> None:
    """As often as it takes, where NULL may repeat; else fewer rows are made."""
    pool = Pool(("a", "b"))

    assert sorted(map(str, Distinct(pool, Random(1), nulls=2).draw(6))) == ["None"] * 4 + ["a", "b"]
    assert sorted(map(str, Distinct(pool, Random(1), nulls=1).draw(6))) == ["None", "a", "b"]
    assert sorted(map(str, Distinct(pool, Random(1), nulls=0).draw(6))) == ["a", "b"]


def test_a_key_that_cannot_be_known_to_be_free_is_far_from_the_others() -> None:
    """A table too large to be read whole may hold any of the first values."""
    source = Distinct(Pool((), nth=str), Random(1), taken=frozenset(str(k) for k in range(FAR)))

    assert ["10000000", "10000001"] == source.fresh(2)

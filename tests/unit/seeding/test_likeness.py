"""Seeding after a profile: strata, NULLs and made values, without a server."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.profile.values import Bucket, ColumnProfile, Common, NullGroup, NullPattern, Shape
from migration_checks.seeding.blanks import Blanks, apportioned
from migration_checks.seeding.likeness import moments, number_fits, numbers, texts
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.sources import Exhausted
from migration_checks.seeding.weighted import ADVERSARIAL, Stratum, Weighted, strata


@given(st.lists(st.floats(0, 10), min_size=1, max_size=8), st.integers(0, 1000))
def test_shares_come_to_the_whole(weights: list[float], count: int) -> None:
    """No row too many, none too few, and none for a weight of 0."""
    shares = apportioned(weights, count)

    assert (count if sum(weights) else 0) == sum(shares)
    assert all(share >= 0 for share in shares)


def test_a_weighted_source_keeps_its_weights_over_several_draws() -> None:
    """What the first rows had too few of, the later ones make up for."""
    source = Weighted([Stratum(0.9, ("a",)), Stratum(0.097, ("b", "c")), Stratum(0.003, ("d",))], Random(1), nullable=False)

    counts = Counter(source.draw(10) + source.draw(246) + source.fresh(9744))

    assert {name: counts[name] for name in "ad"} == {"a": 9000, "d": 30}
    assert abs(counts["b"] - counts["c"]) <= 1


def test_another_value_comes_by_its_weight() -> None:
    """For a row that was refused; now and then it is NULL, where that may be."""
    source = Weighted([Stratum(0.9, ("a",)), Stratum(0.1, ("b", "c"))], Random(1), nullable=False)
    seen = Counter(source.again() for _ in range(2000))
    nullable = Weighted([Stratum(1.0, ("a",))], Random(1), nullable=True)

    assert 1700 < seen["a"] < 1900
    assert 50 < seen["b"] < 150
    assert {"a", None} == {nullable.again() for _ in range(50)}
    assert None is Weighted([], Random(1), nullable=True).again()


def test_draws_of_any_length_are_as_long_as_asked() -> None:
    """What rounding took from a stratum before is made up for by weight."""
    source = Weighted([Stratum(1 / 3, ("a",)), Stratum(1 / 3, ("b",)), Stratum(1 / 3, ("c",))], Random(1), nullable=False)

    assert [count for count in range(40) if len(source.draw(count)) != count] == []


def test_a_source_without_values() -> None:
    """It is NULL where it may be, and says so where it may not."""
    assert Weighted([], Random(1), nullable=True).draw(2) == [None, None]
    assert Weighted([], Random(1), nullable=False).draw(2) == []
    with pytest.raises(Exhausted):
        Weighted([], Random(1), nullable=False).again()


def drawn(known: ColumnProfile, pool: Pool, wanted: int, count: int = 10_000, *, labels: bool = False) -> Counter[str | None]:
    return Counter(Weighted(strata(known, pool, wanted, labels=labels), Random(1), nullable=False).draw(count))


def test_told_values_are_as_frequent_as_they_were() -> None:
    """Less the known small share that adversarial values take."""
    known = ColumnProfile("s", "text", 0.5, 4, None, 5, (Common(0.3, "paid"), Common(0.1, "open"), Common(0.05)))

    counts = drawn(known, Pool(("paid", "open", "made1", "made2"), ("", "Paid")), 4)

    assert tuple(counts[each] for each in ("paid", "open", "made1", "made2")) == (5880, 1960, 980, 980)
    assert round(10_000 * ADVERSARIAL) == counts[""]


def test_a_told_value_that_the_column_refuses_now() -> None:
    """Its share goes to what the column takes."""
    known = ColumnProfile("s", "text", 0.0, 2, None, 5, (Common(0.6, "gone"), Common(0.4, "open")))

    assert drawn(known, Pool(("open", "made")), 2) == {"open": 4000, "made": 6000}


def test_every_label_occurs() -> None:
    """Those that production never used share the small share."""
    known = ColumnProfile("e", "mood", 0.0, 1, None, 4, (Common(1.0, "happy"),))

    assert drawn(known, Pool(("happy", "sad", "calm")), 1, labels=True) == {"happy": 9800, "sad": 100, "calm": 100}


def test_made_numbers_have_the_shape() -> None:
    """Each bucket has its weight, less what told values in it take."""
    shape = Shape("number", (Bucket(0.0, 0.0001, 0.5), Bucket(1.0, 2.0, 0.1), Bucket(100.0, 200.0, 0.4)))
    made = numbers(shape, "int4", None, 60, Random(1))
    known = ColumnProfile("n", "integer", 0.0, 60, None, 4, (Common(0.3, "0"),), shape)

    counts = drawn(known, Pool(("0", *made)), 60)

    assert {"0", "1"} == {each for each in made if int(each) < 100}
    assert {True} == {100 <= int(each) < 200 for each in made if int(each) > 1}
    assert 0.35 < sum(count for value, count in counts.items() if value and int(value) >= 100) / 10_000 < 0.6


def test_numbers_stay_within_their_type() -> None:
    """A narrower column than the profile's takes what fits."""
    shape = Shape("number", (Bucket(20_000.0, 50_000.0, 0.5), Bucket(10.0, 20.0, 0.5)))

    assert all(int(each) <= 32_767 for each in numbers(shape, "int2", None, 50, Random(1)))
    assert all(float(each) < 100 for each in numbers(shape, "numeric", (4, 2), 50, Random(1)))
    assert not number_fits("NaN", "numeric", None)
    assert not number_fits("1.5", "int4", None)


@pytest.mark.parametrize(
    ("fits", "text", "kind", "limits"),
    [
        (True, "-32767", "int2", None),
        (False, "40000", "int2", None),
        (True, "1e3", "int4", None),
        (False, "2.5", "int8", None),
        (False, "x", "float8", None),
        (False, "Infinity", "float8", None),
        (True, "1e300", "numeric", None),
        (True, "98.99", "numeric", (4, 2)),
        (False, "99", "numeric", (4, 2)),
    ],
)
def test_which_numbers_fit(fits: bool, text: str, kind: str, limits: tuple[int, int] | None) -> None:
    """Whole ones in a whole type, and none that rounding could push out of its digits."""
    assert fits is number_fits(text, kind, limits)


def test_made_fractions_keep_to_their_bucket() -> None:
    """As many places as it takes to be different: two for amounts, more where a bucket is narrow."""
    amounts = numbers(Shape("number", (Bucket(2.0, 5.0, 1.0),)), "numeric", None, 40, Random(1))
    narrow = numbers(Shape("number", (Bucket(0.001, 0.002, 1.0),)), "float8", None, 5000, Random(1))
    zero = numbers(Shape("number", (Bucket(0.0, 0.0001, 1.0),)), "float8", None, 5, Random(1))

    assert {True} == {2.0 <= float(each) < 5.0 and len(each.partition(".")[2]) == 2 for each in amounts}
    assert {True} == {0.001 <= float(each) < 0.002 for each in narrow}
    assert len(narrow) > 4900
    assert ("0",) == zero


def test_made_dates_lie_in_their_year() -> None:
    """No more of them than the year has days."""
    made = moments(Shape("year", (Bucket(2024.0, 2025.0, 1.0),)), "date", 1000, Random(1))

    assert {2024} == {date.fromisoformat(each).year for each in made}
    assert 300 < len(made) <= 366
    assert len(moments(Shape("year", (Bucket(2024.0, 2025.0, 1.0),)), "timestamptz", 1000, Random(1))) == 1000


@pytest.mark.parametrize("width", [1, 2, 4, 12, 40, 300])
def test_made_texts_have_the_width(width: int) -> None:
    """On average, all of them different, and an address stays one."""
    pool = Pool(("anna@example.org", "Tokyo", "two words"), nth=lambda k: f"user{k:07d}@example.org")
    count = 30 if width < 2 else 500

    made = texts(pool, count, width, None, Random(1))

    assert count == len(set(made))
    assert abs(sum(map(len, made)) / count - width) <= max(2, 0.15 * width)
    assert all(len(each) <= 7 for each in texts(pool, 100, width, 7, Random(1)))
    if width > 30:
        assert all("@" in each for each in made if "example.org" in each)


def test_made_texts_end_where_the_pool_ends() -> None:
    """A pool without a series has no more of them, and without a width they stay as they are."""
    assert {"a", "bb"} == set(texts(Pool(("a", "bb")), 10, 0, None, Random(1)))
    ending = Pool(("a", "bb"), nth=lambda k: f"c{k}" if k < 2 else None)
    assert {"a", "bb", "c0", "c1"} == set(texts(ending, 10, 0, None, Random(1)))


def test_nulls_come_together() -> None:
    """As often as the patterns say, and what they leave over is spread by itself."""
    group = NullGroup(("a", "b"), (NullPattern(("a", "b"), 0.4), NullPattern((), 0.5)))
    columns: dict[str, list[str | None]] = {name: ["x"] * 1000 for name in "abc"}

    Blanks({"a": ("a",), "b": ("b",), "c": ("c",)}, {"a": 0.45, "b": 0.4, "c": 0.1}, [group], Random(1)).apply(columns, 1000)

    both = sum(a is None and b is None for a, b in zip(columns["a"], columns["b"], strict=True))
    assert (both, columns["a"].count(None), columns["b"].count(None), columns["c"].count(None)) == (400, 450, 400, 100)


def test_columns_of_one_reference_are_null_as_one() -> None:
    """A composite key points somewhere or nowhere."""
    columns: dict[str, list[str | None]] = {name: ["x"] * 100 for name in "ab"}

    Blanks({"a": ("a", "b")}, {"a": 0.3}, [], Random(1)).apply(columns, 100)

    assert columns["a"].count(None) == 30
    assert [value is None for value in columns["a"]] == [value is None for value in columns["b"]]

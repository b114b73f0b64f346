"""What a profile asks of a table: rows at a scale, how many values, and which of those that it names can stand there."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.profile.values import Bucket, ColumnProfile, Common, Profile, Shape, TableProfile
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.portraits import CHECKED, UNKNOWN, Portrait, Portraits
from migration_checks.seeding.schema import Column
from tests.schemas import BOOL, DATE, INT, MOOD, NUMERIC, SMALL, TEXT, UUID, VARCHAR, builtin, column, domain

ODD = Pool(("made1", "made2"), ("",), ("rare",), nth=lambda k: f"more{k:03}")


def portrait(known: ColumnProfile, rows: int = 1000) -> Portrait:
    return Portrait(TableProfile("public.t", 5000, None, (known,)), rows)


def test_rows_at_a_scale() -> None:
    """One at least; a table that the profile does not know has the usual number."""
    profile = Profile("18", True, (TableProfile("public.t", 400, None, ()),))

    assert [40, 1, 20] == [
        Portraits(profile, 0.1).rows("public.t", 20),
        Portraits(profile, 0.0001).rows("public.t", 20),
        Portraits(profile, 0.1).rows("public.other", 20),
    ]
    assert None is Portraits().of("public.t")


@pytest.mark.parametrize(
    ("expected", "known"),
    [
        (7, ColumnProfile("c", "text", distinct=7)),
        (250, ColumnProfile("c", "text", distinct_fraction=0.25)),
        (1, ColumnProfile("c", "text", distinct_fraction=0.0)),
        (UNKNOWN, ColumnProfile("c", "text")),
        (1000, ColumnProfile("c", "text", distinct=5_000)),
    ],
)
def test_how_many_values_a_column_has(expected: int, known: ColumnProfile) -> None:
    """No more than rows, and as many as are known, or a share of the rows."""
    assert expected == portrait(known).values(column("c", TEXT))


@given(st.floats(0, 0.99), st.integers(1, 400))
def test_values_are_left_once_nulls_took_their_places(share: float, distinct: int) -> None:
    """So many are drawn that, on average, as many as are known still occur."""
    drawn = portrait(ColumnProfile("c", "text", share, distinct)).values(column("c", TEXT))
    wanted = min(max(1, round(1000 * (1 - share))), distinct)

    assert wanted <= drawn <= 1000
    assert drawn == 1000 or drawn * (1 - share ** (1000 / drawn)) >= wanted - 0.5


def test_a_column_that_may_not_be_null_has_none() -> None:
    """Whatever production had before it was forbidden."""
    known = portrait(ColumnProfile("c", "text", 0.4))

    assert [0.4, 0.0, 0.0] == [
        known.null_share(column("c", TEXT)),
        known.null_share(column("c", TEXT, not_null=True)),
        known.null_share(column("unknown", TEXT)),
    ]


@pytest.mark.parametrize(
    ("stays", "value", "of"),
    [
        (True, "ok", column("c", MOOD)),
        (False, "gone", column("c", MOOD)),
        (True, "12", column("c", SMALL)),
        (False, "40000", column("c", SMALL)),
        (False, "100", column("c", NUMERIC, modifier=(4 << 16 | 2) + 4)),
        (True, "100", column("c", NUMERIC)),
        (True, "abc", column("c", VARCHAR, modifier=7)),
        (False, "abcd", column("c", VARCHAR, modifier=7)),
        (True, "abcd", column("c", domain("word", TEXT))),
        (True, "t", column("c", BOOL)),
        (False, "yes", column("c", BOOL)),
        (False, "00000000-0000-0000-0000-000000000001", column("c", UUID)),
    ],
)
def test_values_that_are_named_must_fit(stays: bool, value: str, of: Column) -> None:
    """At this revision the column may be narrower than production's."""
    known = portrait(ColumnProfile("c", "text", distinct=3, common=(Common(0.5, value), Common(0.2))))
    painted = known.painted(of, replace(ODD, nth=str), Random(1), checked=False)

    assert stays is (value in painted.plausible)


def test_a_column_that_is_not_known_keeps_its_pool() -> None:
    """It was added since the profile was taken."""
    assert ODD is portrait(ColumnProfile("c", "text")).painted(column("other", TEXT), ODD, Random(1), checked=False)


def test_what_the_profile_knows_is_plausible() -> None:
    """Named values first, made ones to the number that is known, and nothing rare."""
    known = portrait(ColumnProfile("c", "text", distinct=6, width=0, common=(Common(0.5, "paid"),)))
    painted = known.painted(column("c", TEXT), ODD, Random(1), checked=False)

    assert (6, "paid", ()) == (len(painted.plausible), painted.plausible[0], painted.rare)
    assert ODD.adversarial == painted.adversarial


def test_made_values_have_the_shape_and_width_of_production() -> None:
    """Numbers in their buckets, dates in their years, texts as long on average."""
    number = ColumnProfile("c", "integer", distinct=50, shape=Shape("number", (Bucket(100.0, 200.0, 1.0),)))
    year = ColumnProfile("c", "date", distinct=50, shape=Shape("year", (Bucket(2020.0, 2021.0, 1.0),)))
    wide = ColumnProfile("c", "text", distinct=50, width=31)

    numbers = portrait(number).painted(column("c", INT), ODD, Random(1), checked=False).plausible
    dates = portrait(year).painted(column("c", DATE), ODD, Random(1), checked=False).plausible
    texts = portrait(wide).painted(column("c", TEXT), ODD, Random(1), checked=False).plausible

    assert {True} == {100 <= int(each) < 200 for each in numbers}
    assert {"2020"} == {each[:4] for each in dates}
    assert 27 <= sum(map(len, texts)) / len(texts) <= 33


def test_what_a_condition_looks_at_is_not_made_without_end() -> None:
    """Each made value is tried against it; nor is its width kept, since that could not be what the condition asks for."""
    known = portrait(ColumnProfile("c", "text", distinct_fraction=1.0, width=40), rows=10 * CHECKED)
    painted = known.painted(column("c", TEXT), ODD, Random(1), checked=True)

    assert len(painted.plausible) == CHECKED
    assert max(map(len, painted.plausible)) < 20


def test_a_character_column_without_a_length_holds_one() -> None:
    """char is char(1)."""
    known = portrait(ColumnProfile("c", "character", distinct=10, width=2))

    assert {1} == set(map(len, known.painted(column("c", builtin("bpchar")), ODD, Random(1), checked=False).plausible))

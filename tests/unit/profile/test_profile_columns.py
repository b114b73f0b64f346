"""What of a column's statistics goes into a profile, and how a profile that lacks something says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.profile import ColumnProfile, Profile, TableProfile, from_json, open_read_only, shortcomings, to_json
from migration_checks.profile.reading import MOST_COMMON, _column, _distinct, _failed
from migration_checks.profile.shapes import bucket_of, shape_of
from migration_checks.profile.values import Common


def column(
    name: str = "status",
    kind: str = "text",
    *,
    category: str = "b",
    about: str = "",
    distinct: float = 3,
    shares: Sequence[float] = (0.5, 0.3, 0.004),
    texts: Sequence[str] | None = ("open", "closed", "lost"),
    bounds: Sequence[str] | None = None,
    key: bool = False,
    values: bool = True,
    rows: int = 10_000,
) -> ColumnProfile:
    """The column that a row of statistics describes."""
    record = (name, f"a {kind}", kind, category, about, 0.12345, distinct, 8, shares, texts, bounds, key, True, True)
    return _column(record, rows, values)


def test_a_column_by_its_statistics() -> None:
    """Common values with their shares, the rest in numbers; a rare value is not worth its line unless it is told."""
    assert ColumnProfile("status", "a text", 0.1235, 3, None, 8, (Common(0.5, "open"), Common(0.3, "closed")), None) == column()
    assert (Common(0.5, "open"), Common(0.3, "closed"), Common(0.01, "lost")) == column(shares=(0.5, 0.3, 0.01)).common


@pytest.mark.parametrize(
    "more",
    [
        {"values": False},
        {"key": True},
        {"name": "email"},
        {"about": "the customer's name"},
        {"kind": "bytea"},
        {"texts": None},
        {"rows": 30},
        {"distinct": 51},
        {"distinct": -0.9},
        {"distinct": 0},
    ],
)
def test_values_that_are_not_told(more: dict[str, Any]) -> None:
    """Only how frequent they are."""
    assert (Common(0.5), Common(0.3)) == column(**more).common


def test_labels_and_booleans_are_always_told() -> None:
    """They are part of the schema, however rare they are; but not where no value is to leave the database."""
    rare = (Common(0.5, "open"), Common(0.3, "closed"), Common(0.004, "lost"))

    assert rare == column(kind="mood", category="e", rows=30).common == column(kind="bool", rows=30).common
    assert (Common(0.5), Common(0.3)) == column(kind="mood", category="e", values=False).common


def test_no_more_than_the_most_common_values() -> None:
    """A statistics target may be thousands."""
    assert MOST_COMMON == len(column(shares=[0.006] * 300, texts=None).common)


@pytest.mark.parametrize(
    ("distinct", "number", "share"), [(42, 42, None), (-0.25, None, 0.25), (-1, None, 1.0), (0, None, None)]
)
def test_distinct_values_are_a_number_or_a_share(distinct: float, number: int | None, share: float | None) -> None:
    """Whichever stays the same while the table grows; 0 is PostgreSQL's word for not knowing."""
    found = column(distinct=distinct)

    assert (number, share) == (found.distinct, found.distinct_fraction)
    assert {42: 42, -0.25: 2500, -1: 10_000, 0: None}[distinct] == _distinct(distinct, 10_000)


def test_numbers_and_moments_have_a_shape() -> None:
    """But not those of a key, and no other type."""
    bounds = [str(each) for each in range(0, 101, 10)]
    more: dict[str, Any] = {"name": "weight", "kind": "int4", "shares": (), "texts": (), "bounds": bounds}
    shape = column(**more).shape

    assert shape is not None
    assert "number" == shape.kind
    assert 1 == pytest.approx(sum(each.fraction for each in shape.buckets), abs=0.01)
    assert 100 == max(each.high for each in shape.buckets)
    assert column(**more, key=True).shape is None
    assert column(**(more | {"kind": "text"})).shape is None


# -- shapes ------------------------------------------------------------------------------------------------------------


def test_values_that_have_no_place_in_a_shape_are_left_out() -> None:
    """Infinity, NaN and moments before our era are no number and no year; the others are."""
    numbers = shape_of("float8", [("NaN", 0.2), ("Infinity", 0.2), ("5", 0.2)], ["-Infinity", "6", "7"], 0.0, 1000)
    years = shape_of("date", [("infinity", 0.3), ("0044-03-15 BC", 0.3), ("2024-02-29", 0.4)], [], 0.0, 1000)

    assert numbers is not None
    assert years is not None
    assert {(5.0, 10.0)} == {(each.low, each.high) for each in numbers.buckets}
    assert [(2024.0, 2025.0, 1.0)] == [(each.low, each.high, each.fraction) for each in years.buckets]


def test_bounds_of_a_histogram_may_be_the_same() -> None:
    """Many rows have that value: they are all there."""
    shape = shape_of("int4", [], ["7", "7", "7"], 0.0, 1000)

    assert shape is not None
    assert [(5.0, 10.0, 1.0)] == [(each.low, each.high, each.fraction) for each in shape.buckets]


def test_numbers_beyond_the_outermost_step_lie_in_it() -> None:
    """A shape ends somewhere."""
    shape = shape_of("numeric", [], ["1e30", "2e30"], 0.0, 1000)

    assert shape is not None
    assert [1.0] == [each.fraction for each in shape.buckets]
    assert bucket_of("number", "1e30") == bucket_of("number", "2e30") == (shape.buckets[0].low, shape.buckets[0].high)


# -- what is lacking ---------------------------------------------------------------------------------------------------


def lacking(*missing: tuple[str, str | None]) -> list[str]:
    return shortcomings(Profile("18.1", True, tuple(TableProfile(name, 5, why) for name, why in missing)), "reader")


def test_what_a_profile_lacks_is_a_sentence_for_each_reason() -> None:
    """With what can be done about it; nothing where all was described."""
    assert [] == lacking(("a", None))
    privilege, security, statistics, time = lacking(
        ("a", "no privilege"), ("b", "row security"), ("c", "never analyzed"), ("d", "timeout"), ("e", None)
    )

    assert "The role reader may not read a: grant it SELECT, or pg_read_all_data; only rows are counted." == privilege
    assert security.startswith("Row security hides rows of b from the role reader: use one with BYPASSRLS")
    assert statistics.startswith("There are no statistics of c: run ANALYZE there")
    assert "NULLs that come together were not looked for in d: it was locked, or the sample took too long." == time


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("a", "a"),
        ("ab", "a and b"),
        ("abc", "a, b and c"),
        ("abcd", "a, b and 2 more tables"),
        ("abcdefg", "a, b and 5 more tables"),
    ],
)
def test_tables_are_listed_as_long_as_they_are_few(names: str, words: str) -> None:
    """Then they are counted."""
    (sentence,) = lacking(*((name, "never analyzed") for name in names))

    assert f"There are no statistics of {words}: run ANALYZE there; only rows are counted." == sentence


# -- a database that cannot be described -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (psycopg.errors.InvalidPassword("password authentication failed"), "See that the server runs"),
        (psycopg.OperationalError("connection refused\nIs it running?"), "See that the server runs"),
        (psycopg.errors.InsufficientPrivilege("permission denied."), "Use a role that may connect and read"),
    ],
)
def test_why_a_profile_cannot_be_read(error: psycopg.Error, words: str) -> None:
    """In one sentence of the server's, with what to look at."""
    told = _failed(error)

    assert f"The profile cannot be read: {str(error).splitlines()[0].rstrip('.')}." == told.message
    assert told.remedy.startswith(words)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:s3cret@/x?host=/nowhere",
        "postgresql://app:s3cret@[/x",
        "postgresql:/app:s3cret@host/x y=z",
        "password=s3cret host",
    ],
)
def test_no_password_is_shown(url: str) -> None:
    """A server that is not there, and URLs that cannot be read."""
    with pytest.raises((ProviderError, ConfigurationError)) as caught, open_read_only(url):
        pass

    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("patterns", "part"),
    [
        ('[{"nulls": ["a"], "fraction": 0.7}, {"nulls": ["b"], "fraction": 0.4}]', "come to more than 1"),
        ('[{"nulls": ["a"], "fraction": NaN}]', "NaN is no JSON value"),
    ],
)
def test_shares_that_cannot_be(patterns: str, part: str) -> None:
    """A profile that was written by hand is read with care."""
    made = to_json(
        Profile("18.1", True, (TableProfile("t", 5, None, (ColumnProfile("a", "text"), ColumnProfile("b", "text"))),))
    )
    text = made.replace('"null_groups": []', f'"null_groups": [{{"columns": ["a", "b"], "patterns": {patterns}}}]')

    assert text != made
    with pytest.raises(ConfigurationError, match=part):
        from_json(text)

"""What a profile may tell: values, shapes and NULLs, from statistics as PostgreSQL keeps them."""

from __future__ import annotations

import pytest

from migration_checks.profile.nulls import null_groups
from migration_checks.profile.privacy import may_be_kept, personal
from migration_checks.profile.shapes import bucket_of, shape_of
from migration_checks.profile.values import Bucket, NullGroup, NullPattern


@pytest.mark.parametrize(
    "name",
    ["email", "EMail2", "fullName", "first_name", "approved_by", "ip", "clientIp", "birth_date", "iban", "customer",
     "author_id", "user_login", "vorname", "notes", "home_address", "lat", "api_token", "id", "patient_status"],
)  # fmt: skip
def test_names_that_hint_at_people(name: str) -> None:
    """Contact, identity, money, health, free text, ids and who did something, in any spelling."""
    assert personal(name)


@pytest.mark.parametrize(
    "name", ["status", "kind", "currency", "priority", "format", "tier", "is_active", "carrier", "language"]
)
def test_names_that_do_not(name: str) -> None:
    """The words that lookup values stand under."""
    assert not personal(name)


def test_comments_and_types_hint_as_well() -> None:
    """What is said of a column counts like its name."""
    assert personal("kind", "GDPR: special category text")
    assert personal("kind", " email_address")
    assert not personal("kind", "which of the lists text")


def test_frequent_values_of_few_are_kept() -> None:
    """1 % of the rows, 20 rows and at most 50 different values: all three."""
    assert may_be_kept("open", 0.01, 2000, 50)
    assert not may_be_kept("open", 0.009, 100_000, 5)
    assert not may_be_kept("open", 0.5, 39, 5)
    assert not may_be_kept("open", 0.5, 2000, 51)
    assert not may_be_kept("open", 0.5, 2000, None)


@pytest.mark.parametrize(
    "value",
    [
        "ada@example.org",
        "https://example.org/ada",
        "Ada Lovelace",
        "Lovelace, Ada",
        "+49 30 1234567",
        "10115",
        "a" * 61,
        "a\nb",
    ],
)
def test_telling_values_are_not_kept(value: str) -> None:
    """Addresses, links, names and numbers that somebody has, however frequent."""
    assert not may_be_kept(value, 0.5, 10_000, 3)


def test_the_shape_of_numbers() -> None:
    """Frequent values lie in their own bucket, those between two bounds are spread, rare buckets are not told."""
    shape = shape_of("int4", [("0", 0.2), ("7", 0.3)], ["10", "20", "40"], 0.1, 1000)

    assert shape is not None
    assert shape.kind == "number"
    assert [(each.low, each.fraction) for each in shape.buckets] == [
        (0.0, 0.2222),
        (5.0, 0.3333),
        (10.0, 0.2222),
        (20.0, 0.2222),
    ]
    assert shape_of("int4", [("7", 0.3)], [], 0.0, 60) is None


def test_no_bound_of_a_histogram_is_in_a_shape() -> None:
    """An exact value, such as the one salary at the top, cannot be read from the edges."""
    shape = shape_of("numeric", [], ["1234.5", "2345.6", "98765.4"], 0.0, 10_000)

    assert shape is not None
    edges = {edge for each in shape.buckets for edge in (each.low, each.high)}
    assert edges <= {1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0, 50_000.0, 100_000.0}


def test_the_shape_of_moments() -> None:
    """By calendar years; infinity and the years before Christ have no place."""
    bounds = ["-infinity", "0044-03-15 BC", "2020-01-01 00:00:00+00", "2022-01-01 00:00:00+00", "infinity"]

    assert shape_of("timestamptz", [], bounds, 0.0, 1000) is not None
    assert (Bucket(2020.0, 2021.0, 0.5), Bucket(2021.0, 2022.0, 0.5)) == shape_of("timestamptz", [], bounds, 0.0, 1000).buckets  # type: ignore[union-attr]
    assert bucket_of("year", "2020-02-29") == (2020.0, 2021.0)
    assert bucket_of("year", "infinity") is None


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "x"])
def test_numbers_without_a_bucket(text: str) -> None:
    """They are left out."""
    assert bucket_of("number", text) is None


@pytest.mark.parametrize("value", ["1e300", "-1e300", "0", "-0.00001", "0.00001", "5", "-5", "99999999999999999999"])
def test_every_number_has_a_bucket(value: str) -> None:
    """Beyond the outermost edges it is the outermost bucket."""
    bucket = bucket_of("number", value)

    assert bucket is not None
    assert bucket[0] < bucket[1]
    assert bucket[0] <= float(value) < bucket[1] or abs(float(value)) > 1e17


def test_nulls_that_come_together() -> None:
    """Correlated columns make a group, in either direction; independent ones do not."""
    patterns = {"110": 200, "111": 200, "001": 300, "000": 300}

    assert (NullGroup(("a", "b"), (NullPattern((), 0.6), NullPattern(("a", "b"), 0.4))),) == null_groups(
        ["a", "b", "c"], patterns
    )
    assert null_groups(["a", "b"], {"00": 250, "01": 250, "10": 250, "11": 250}) == ()
    assert null_groups(["a", "b"], {"01": 500, "10": 500})[0].columns == ("a", "b")


def test_rare_patterns_are_not_told() -> None:
    """Those of fewer than 20 rows of the sample, or of a sample that is itself too small."""
    (group,) = null_groups(["a", "b"], {"11": 500, "00": 500, "10": 19})

    assert {("a", "b"), ()} == {pattern.nulls for pattern in group.patterns}
    assert null_groups(["a", "b"], {"11": 9, "00": 10}) == ()

"""Texts of values as what is compared: what equals what, what lies above what, and what is not known."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from migration_checks.seeding.schema import Type
from migration_checks.seeding.values import UNKNOWN, Document, Label, cast, convert, reads
from tests.schemas import DATE, INT, MOOD, TEXT, array_of, builtin, domain


@pytest.mark.parametrize(
    ("expected", "text", "name"),
    [
        (Decimal("1.50"), "1.50", "numeric"),
        (Decimal("Infinity"), "NaN", "float8"),
        (UNKNOWN, "no number", "int4"),
        (UNKNOWN, "\u0664", "int4"),
        (datetime(2024, 2, 29), "2024-02-29", "date"),
        (datetime(2024, 1, 1, 1), "2024-01-01 00:00:00-01:00", "timestamptz"),
        (datetime.max, "infinity", "date"),
        (datetime.min, "-infinity", "timestamp"),
        (UNKNOWN, "0044-03-15 BC", "date"),
        (timedelta(days=1, hours=2), "1 day 02:00:00", "interval"),
        (timedelta(days=-3), "-3 days", "interval"),
        (timedelta(days=1) - timedelta(seconds=1.5), "1 day -00:00:01.5", "interval"),
        (UNKNOWN, "1 mon", "interval"),
        (UNKNOWN, "", "interval"),
        (True, "on", "bool"),
        (False, "f", "bool"),
        ("ab", "ab   ", "bpchar"),
        (" ab ", " ab ", "text"),
        ("straße", "STRAßE", "citext"),
        (Document({"a": [1, None]}), '{"a": [1, null]}', "jsonb"),
        (UNKNOWN, "\\x00", "bytea"),
    ],
)
def test_the_value_of_a_text(expected: Any, text: str, name: str) -> None:
    """UNKNOWN is a value of a type, or of a kind, that only the server compares."""
    found = convert(text, name)

    assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize(
    ("expected", "value", "name"),
    [
        (None, None, "int4"),
        (UNKNOWN, UNKNOWN, "text"),
        (Decimal(4), "4", "int4"),
        (Decimal(4), Decimal("3.7"), "int8"),
        (UNKNOWN, Decimal("2.5"), "int4"),
        (Decimal("2.5"), Decimal("2.5"), "float8"),
        ("12", Decimal("12"), "text"),
        (UNKNOWN, Decimal("12.0"), "text"),
        (UNKNOWN, Decimal("1E+20"), "text"),
        (UNKNOWN, Decimal(1), "bool"),
        (datetime(2024, 1, 2), datetime(2024, 1, 2, 10), "date"),
        (datetime(2024, 1, 2, 10), datetime(2024, 1, 2, 10), "timestamp"),
        (UNKNOWN, datetime(2024, 1, 2), "text"),
        ("ab", "ab ", "bpchar"),
        ("happy", "happy", "mood"),
        ([Decimal(1), None], "{1,NULL}", "int4[]"),
        ([Decimal(1)], ["1"], "integer[]"),
        (UNKNOWN, "{{1}}", "int4[]"),
        (UNKNOWN, ["1"], "int4"),
        (True, True, "bool"),
        (UNKNOWN, True, "int4"),
        (Document(1), Document(1), "json"),
        (UNKNOWN, timedelta(1), "text"),
    ],
)
def test_casts(expected: Any, value: Any, name: str) -> None:
    """From one type to another, as far as that is the same wherever the value comes from."""
    found = cast(value, name)

    assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize(
    ("expected", "kind", "text"),
    [
        (None, INT, None),
        (Decimal(3), domain("small", domain("positive", INT)), "3"),
        (["a", None], array_of(TEXT), "{a,NULL}"),
        (UNKNOWN, array_of(TEXT), "{{a},{b}}"),
        (None, array_of(TEXT), None),
        (UNKNOWN, MOOD, "gone"),
        (None, MOOD, None),
        (UNKNOWN, Type("public", "int4", "public.int4", "b"), "3"),
        ("abc", Type("ext", "citext", "ext.citext", "b"), "ABC"),
        (datetime(2024, 1, 1), DATE, "2024-01-01"),
        (UNKNOWN, builtin("cidr"), "10.0.0.0/8"),
    ],
)
def test_a_column_reads_its_texts(expected: Any, kind: Type, text: str | None) -> None:
    """Under domains and in arrays too; a type of the user's with a name of the system's is none of the system's."""
    assert expected == reads(kind)(text)


def test_a_label_knows_its_place() -> None:
    """It is equal to its text, and compared by where it stands in the type."""
    low, high = reads(MOOD)("sad"), reads(MOOD)("happy")

    assert ("sad", 0, 2) == (low, low.place, high.place)
    assert isinstance(low, Label)


def test_what_is_unknown_is_neither_true_nor_false() -> None:
    """Whoever asks made a mistake, and hears of it."""
    assert "UNKNOWN" == repr(UNKNOWN)
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(UNKNOWN)

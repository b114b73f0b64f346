"""Pools: every value of a type fits the type, the endless series never repeats, and a seed decides all of it."""

from __future__ import annotations

import ipaddress
import json
import re
import struct
import uuid
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.seeding.extensions import EXTENSIONS
from migration_checks.seeding.literals import read_array
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.scalars import SCALARS, base36, precision
from migration_checks.seeding.schema import Type
from migration_checks.seeding.values import convert
from tests.schemas import (
    DATE,
    DATERANGE,
    INT,
    JSONB,
    MOOD,
    NUMERIC,
    TEXT,
    VARCHAR,
    array_of,
    builtin,
    domain,
    enum,
    pools,
)


def pool_of(kind: Type, modifier: int = -1, seed: int = 1) -> Pool:
    found = pools(seed).of(kind, modifier)
    assert found is not None
    return found


def series(pool: Pool, count: int) -> list[str]:
    """The first values of the endless series, fewer when it ends."""
    assert pool.nth is not None
    return [value for place in range(count) if (value := pool.nth(place)) is not None]


def between(low: int, high: int) -> Callable[[str], bool]:
    return lambda text: low <= int(text) <= high


def parses(read: Callable[[str], Any]) -> Callable[[str], bool]:
    """Whether `read` takes a text without complaint."""

    def fits(text: str) -> bool:
        read(text)
        return True

    return fits


def single_precision(text: str) -> bool:
    return text in ("NaN", "Infinity", "-Infinity") or bool(struct.pack("f", float(text)))


FITS: dict[str, Callable[[str], bool]] = {
    "int2": between(-(2**15), 2**15 - 1),
    "int4": between(-(2**31), 2**31 - 1),
    "int8": between(-(2**63), 2**63 - 1),
    "oid": between(0, 2**32 - 1),
    "xid8": between(0, 2**63 - 1),
    "numeric": parses(Decimal),
    "float4": single_precision,
    "float8": parses(float),
    "bool": lambda text: text in ("true", "false"),
    "text": lambda text: "\0" not in text,
    "bpchar": lambda text: len(text) <= 1,
    "char": lambda text: len(text.encode()) <= 1,
    "name": lambda text: len(text.encode()) <= 63,
    "bytea": parses(lambda text: bytes.fromhex(text.removeprefix("\\x"))),
    "date": parses(date.fromisoformat),
    "time": parses(time.fromisoformat),
    "timetz": lambda text: time.fromisoformat(text).tzinfo is not None,
    "timestamp": lambda text: datetime.fromisoformat(text).tzinfo is None,
    "timestamptz": lambda text: datetime.fromisoformat(text).tzinfo is not None,
    "uuid": parses(uuid.UUID),
    "json": parses(json.loads),
    "jsonb": parses(json.loads),
    "bit": lambda text: text in ("0", "1"),
    "varbit": lambda text: set(text) <= {"0", "1"},
    "inet": parses(ipaddress.ip_interface),
    "cidr": parses(ipaddress.ip_network),
    "macaddr": lambda text: bool(re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", text)),
    "macaddr8": lambda text: bool(re.fullmatch(r"([0-9a-f]{2}:){7}[0-9a-f]{2}", text)),
    "pg_lsn": lambda text: bool(re.fullmatch(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}", text)),
}


@pytest.mark.parametrize("name", sorted(FITS))
def test_every_value_fits_its_type(name: str) -> None:
    """Plausible values, those at the bounds, rare ones and the endless series alike."""
    pool = pool_of(builtin(name))

    assert [value for value in (*pool.values, *series(pool, 300)) if not FITS[name](value)] == []


@pytest.mark.parametrize("name", sorted(SCALARS.keys() - {"xml"}))
def test_no_scalar_type_is_without_values(name: str) -> None:
    """The series gives different values, none of which the pool held before; nothing of it needs a server."""
    pool = pool_of(builtin(name))
    values = [pool.canonical(value) for value in series(pool, 200)]

    assert pool.plausible
    assert len(values) == len(set(values))


@pytest.mark.parametrize("name", sorted(SCALARS.keys() - {"xml"}))
def test_the_seed_decides_the_values(name: str) -> None:
    """The same seed gives the same values in another process, on another machine."""
    one, two = pool_of(builtin(name), seed=7), pool_of(builtin(name), seed=7)

    assert one.values == two.values
    assert series(one, 20) == series(two, 20)


@pytest.mark.parametrize("name", ["int4", "numeric", "text", "bytea", "date", "timestamptz", "time", "bit", "varbit"])
def test_an_ascending_series_ascends(name: str) -> None:
    """Ranges are made of it: a lower bound must not lie above an upper one."""
    pool = pool_of(builtin(name))
    values = [convert(text, name) for text in series(pool, 500)] if name in ("int4", "numeric", "date") else series(pool, 500)

    assert pool.ascending
    assert all(first < second for first, second in pairwise(values))


@given(st.integers(1, 40))
def test_text_keeps_to_its_length(limit: int) -> None:
    """varchar(n) counts characters; a series that has no more words of that length ends."""
    pool = pool_of(VARCHAR, limit + 4)

    assert max(map(len, (*pool.values, *series(pool, 60)))) <= limit


@given(digits=st.integers(1, 30), scale=st.integers(0, 30))
def test_numbers_keep_to_their_precision(digits: int, scale: int) -> None:
    """Of numeric(p, s) no value has more than p - s digits before the point, nor more than s behind it."""
    scale = min(scale, digits)
    pool = pool_of(NUMERIC, ((digits << 16) | scale) + 4)
    numbers = [Decimal(value) for value in (*pool.plausible, *pool.adversarial, *series(pool, 40))]

    assert all(number.copy_abs() < Decimal(10) ** (digits - scale) for number in numbers)
    assert all(-number.as_tuple().exponent <= scale for number in numbers)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("expected", "modifier"), [(None, -1), ((10, 2), 655366), ((5, 0), 327684), ((3, -2), (3 << 16 | 0x7FE) + 4)]
)
def test_precision_and_scale_are_read(expected: tuple[int, int] | None, modifier: int) -> None:
    """As atttypmod packs them; a scale may be negative."""
    assert expected == precision(modifier)


@given(st.integers(0, 10**12))
def test_digits_of_base_36_read_back(number: int) -> None:
    """Python's own int() reads what is written, however it is padded."""
    assert number == int(base36(number), 36) == int(base36(number, 10), 36)


def test_an_enum_has_its_labels_and_no_more() -> None:
    """Also in the series that distinct columns draw from."""
    pool = pool_of(MOOD)

    assert pool.values == ("sad", "ok", "happy")
    assert series(pool, 10) == ["sad", "ok", "happy"]
    assert pools().of(enum("void")) is None


def test_arrays_hold_values_of_their_element() -> None:
    """The literals read back; NULL and nothing at all are among them, and the series repeats nothing."""
    pool = pool_of(array_of(MOOD))
    held = {each for value in pool.plausible for each in read_array(value) or ()}

    assert held <= {"sad", "ok", "happy"}
    assert "{}" in pool.adversarial
    assert any(None in (read_array(value) or ()) for value in pool.adversarial)
    assert series(pool, 10) == ["{sad}", "{ok}", "{happy}"]


def test_an_array_of_a_domain_without_null_holds_none() -> None:
    """PostgreSQL would refuse {NULL} there."""
    pool = pool_of(array_of(domain("given", TEXT, not_null=True)))

    assert all(None not in (read_array(value) or ()) for value in pool.values)


def test_a_domain_keeps_what_its_checks_accept() -> None:
    """All of the pool, those at the bounds included, and a value that the check names is among them."""
    pool = pool_of(domain("percent", INT, "((VALUE >= 0) AND (VALUE <= 100))"))

    assert all(0 <= int(value) <= 100 for value in pool.values)
    assert {"0", "100"} <= set(pool.values)


def test_a_domain_over_a_domain_keeps_both_checks() -> None:
    """The inner one does not get lost."""
    inner = domain("positive", INT, "(VALUE > 0)")

    assert all(0 < int(value) < 50 for value in pool_of(domain("small", inner, "(VALUE < 50)")).values)


def test_a_composite_has_a_field_for_each_attribute() -> None:
    """Quoted, so that no value can end its field; the first field keeps the series apart."""
    pair = Type("public", "pair", "public.pair", "c", attributes=(("n", INT, -1), ("t", TEXT, -1)))
    pool = pool_of(pair)

    assert "(,)" in pool.adversarial
    assert all(re.fullmatch(r'\("(-?\d+)","(?:[^"\\]|""|\\\\)*"\)', value, re.DOTALL) for value in pool.plausible)
    assert len(set(series(pool, 50))) == 50


def bounds(span: str) -> tuple[date, date]:
    match = re.fullmatch(r'\["([\d-]+)","([\d-]+)"\)', span)
    assert match, span
    return date.fromisoformat(match[1]), date.fromisoformat(match[2])


def test_ranges_have_their_lower_bound_below_the_upper() -> None:
    """The odd ones are empty, endless or of one point."""
    pool = pool_of(DATERANGE)

    assert all(low < high for low, high in map(bounds, pool.plausible))
    assert {"empty", "(,)"} <= set(pool.adversarial)


def test_a_series_of_ranges_neither_overlaps_nor_touches() -> None:
    """So that an exclusion constraint takes all of them, with the plausible ones too."""
    spans = [bounds(span) for span in series(pool_of(DATERANGE), 100)]
    taken = [bounds(span) for span in pool_of(DATERANGE).plausible]

    assert all(first[1] < second[0] for first, second in pairwise(spans))
    assert max(high for _, high in taken) < spans[0][0]


def test_multiranges_are_made_of_ranges() -> None:
    """Each holds one range or two, and none at all is among the odd ones."""
    pool = pool_of(builtin("datemultirange", "m", DATE))

    assert {1, 2} >= {value.count("[") for value in pool.plausible}
    assert "{}" in pool.adversarial


@pytest.mark.parametrize("name", sorted(EXTENSIONS))
def test_types_of_extensions_have_values(name: str) -> None:
    """By their short name, in whatever schema the extension lives."""
    pool = pools().of(Type("extensions", name, f"extensions.{name}", "b"), 4 if name.endswith("vec") else -1)

    assert pool is not None
    assert pool.plausible


@pytest.mark.parametrize("name", ["vector", "halfvec"])
def test_a_vector_has_as_many_dimensions_as_its_column(name: str) -> None:
    """The modifier says how many; three where it says nothing."""
    kind = Type("public", name, f"public.{name}", "b")

    assert {5} == {len(json.loads(value)) for value in (*pool_of(kind, 5).values, *series(pool_of(kind, 5), 20))}
    assert {3} == {len(json.loads(value)) for value in pool_of(kind).values}


def test_citext_counts_letter_case_as_equal() -> None:
    """Two spellings of one word would break a unique index."""
    pool = pool_of(Type("public", "citext", "public.citext", "b"))

    assert pool.canonical("ALPHA") == pool.canonical("alpha")


def test_a_narrow_server_gets_ascii_only() -> None:
    """A database whose encoding is not UTF-8 may lack every other character."""
    made = pools()
    made.ascii = True
    found = made.of(TEXT)

    assert found is not None
    assert all(value.isascii() for value in found.values)


def test_types_of_the_user_are_forgotten() -> None:
    """A migration may have changed an enum since; types of the system stay known."""
    made = pools()
    text, old = made.of(TEXT), made.of(MOOD)
    made.forget()

    assert made.of(TEXT) is text
    assert made.of(MOOD) is not old


def test_a_pool_takes_up_values_that_a_condition_names() -> None:
    """They are plausible from then on, once each, and known as hinted."""
    pool = Pool(("a", "b")).joined(["b", "c"])

    assert (pool.plausible, pool.hinted) == (("a", "b", "c"), ("b", "c"))
    assert ((narrowed := pool.only("b".__eq__)).plausible, narrowed.hinted) == (("b",), ("b",))


def test_documents_are_of_every_shape() -> None:
    """Objects, arrays, strings, numbers, booleans and null: code that expects an object meets all of them."""
    kinds = {type(json.loads(value)) for value in pool_of(JSONB).values}

    assert {dict, list, str, int, float, bool} <= kinds


@pytest.mark.parametrize(
    ("alike", "one", "other"),
    [
        (True, "1 mon", "30 days"),
        (True, "1 year", "360 days"),
        (True, "1 day 02:00:00", "26:00:00"),
        (True, "-01:30:00", "-90 minutes"),
        (False, "1 day", "23:59:59.5"),
        (False, "01:00:00", "-01:00:00"),
    ],
)
def test_intervals_are_equal_as_postgresql_counts(alike: bool, one: str, other: str) -> None:
    """A month has thirty days where intervals are compared, and a day 24 hours."""
    canonical = pool_of(builtin("interval")).canonical

    assert alike is (canonical(one) == canonical(other))


def test_what_holds_nothing_that_can_be_made_is_empty() -> None:
    """An array of such a type is {}, once; a range or a domain has no values at all."""
    void = enum("void")
    pool = pool_of(array_of(void))

    assert (("{}",), ["{}"]) == (pool.values, series(pool, 3))
    assert None is pools().of(domain("nothing", void))


def test_multiranges_of_a_series_do_not_meet() -> None:
    """As the ranges that they are made of."""
    found = series(pool_of(builtin("datemultirange", "m", DATE)), 50)
    spans = [bounds(value.removeprefix("{").removesuffix("}")) for value in found]

    assert 50 == len(found)
    assert all(first[1] < second[0] for first, second in pairwise(spans))


@pytest.mark.parametrize(
    ("expected", "text"), [(None, "[0:1]={a,b}"), (None, "no array"), (None, "{{a}}"), (["a{", "b"], '{"a{",b}')]
)
def test_only_plain_arrays_are_read(expected: list[str] | None, text: str) -> None:
    """One dimension, from the first element on."""
    assert expected == read_array(text)

"""Conditions of a schema: the columns that they name, the values that they hint at, and pools that are fitted to them."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.seeding.conditions import applied, hints, read
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.schema import Type
from migration_checks.seeding.values import reads
from tests.schemas import BOOL, DATE, INT, JSONB, MOMENT, MOOD, NUMERIC, SMALL, TEXT, UUID, VARCHAR, array_of, builtin, domain

TEXTS = array_of(TEXT)
STAMP = builtin("timestamp")


def test_quoted_columns_are_found() -> None:
    """Names are unquoted, operators of extensions lose their schema."""

    condition = read('(("Weird "" Name" OPERATOR(public.=) \'x\'::public.citext) AND (b > 1))')

    assert {'Weird " Name', "b"} == condition.columns


def test_hints_are_the_constants_and_what_lies_around_them() -> None:
    """Bounds give their neighbours and what is between; lists their members; lengths texts of that length."""

    between = {Decimal(value) for value in hints([read("((n >= 100) AND (n <= 108))")], INT, "n")}
    lengths = {len(value) for value in hints([read("(char_length(s) = 13)")], TEXT, "s")}

    assert {99, 100, 101, 104, 107, 108, 109} <= between
    assert hints([read("(s = ANY (ARRAY['a'::text, 'b'::text]))")], TEXT, "s") == ["a", "b"]
    assert 13 in lengths


def test_a_pool_keeps_only_what_a_condition_accepts() -> None:
    """Values that the condition refuses leave the pool; distinct values start where it allows them."""

    pool = Pool(("1", "5000"), ("-1", "0"), nth=lambda k: str(k + 1))

    narrowed = applied(pool, INT, [read("(n >= 1000)")], "n")

    assert "5000" in narrowed.plausible
    assert narrowed.adversarial == ()
    assert narrowed.nth is not None
    assert all(int(narrowed.nth(k) or 0) >= 1000 for k in range(50))
    assert len({narrowed.nth(k) for k in range(50)}) == 50


def test_distinct_words_of_a_pattern() -> None:
    """A unique column with a pattern gets as many different words of it as it needs."""

    pool = Pool(("word",), nth=lambda k: f"v{k}")

    nth = applied(pool, TEXT, [read("(s ~ '^[A-Z]{2}-[0-9]{4}$'::text)")], "s").nth

    assert nth is not None
    words = {nth(k) for k in range(100)}
    assert len(words) == 100
    assert all(re.fullmatch("[A-Z]{2}-[0-9]{4}", word or "") for word in words)


HINTS = [
    # each label, member or key that is named
    (["ok"], "(o = 'ok'::public.mood)", MOOD, "o"),
    (["sad"], "(o = ANY (ARRAY['sad'::public.mood, 'gone'::public.mood]))", MOOD, "o"),
    (["00000000-0000-0000-0000-000000000000"], "(u <> '00000000-0000-0000-0000-000000000000'::uuid)", UUID, "u"),
    (["true"], "(b = true)", BOOL, "b"),
    # texts: what a pattern writes is tried by the next test
    (["ab", "ab1", "ababc", "ab-x"], "starts_with(s, 'ab'::text)", TEXT, "s"),
    (["a@b", "@", "left@right"], "(\"position\"(s, '@'::text) > ANY (ARRAY[1]))", TEXT, "s"),
    (["x", "ABC", "abc", "X1", "x1", "MIXED", "word"], "(lower(s) = 'x'::text)", TEXT, "s"),
    (["object", "array", "string", "number", "boolean", "null"], "(json_typeof((s)::json) = 'array'::text)", TEXT, "s"),
    (["Lo.", "Lor.", "Lore.", "Lorem ."], "(char_length(s) = 4)", TEXT, "s"),
    (["abc"], "((v)::text = ANY (ARRAY['abc'::text, 'too long'::text]))", (VARCHAR, 8), "v"),
    # numbers: neighbours, what lies between, and beyond
    (["40", "41", "39", "42", "50"], "(n = 40)", SMALL, "n"),
    ([], "(n > 'NaN'::numeric)", SMALL, "n"),
    # moments: the day before and after, and far away
    (["2024-01-01", "2023-12-31", "2024-01-02", "2024-02-10"], "(d > '2024-01-01'::date)", DATE, "d"),
    ([], "(d < 'infinity'::date)", DATE, "d"),
    (["2024-01-01 06:00:00", "2023-12-31 06:00:00"], "(t > '2024-01-01 06:00:00'::timestamp without time zone)", STAMP, "t"),
    (["2024-01-01 06:00:00+02:00"], "(t > '2024-01-01 06:00:00+02'::timestamp with time zone)", MOMENT, "t"),
    (["2024-01-01 06:00:00+00"], "(t > '2024-01-01 06:00:00'::timestamp with time zone)", MOMENT, "t"),
    # arrays: of what is named, and as long as is named
    (["{x}"], "('x'::text = ANY (a))", TEXTS, "a"),
    (["{ok}", "{no}", "{ok,no}"], "(a <@ ARRAY['ok'::text, 'no'::text])", TEXTS, "a"),
    (["{ok}"], "('ok'::public.mood = ANY (a))", array_of(MOOD), "a"),
    (["{sad,sad}"], "(cardinality(a) = 2)", array_of(MOOD), "a"),
    (["{}", "{1}", "{1,1}"], "(cardinality(a) <= 1)", array_of(INT), "a"),
    (["{3}"], "(3 = ANY (a))", array_of(INT), "a"),
    (["{2024-01-01,2024-01-01}"], "(array_length(a, 1) = 2)", array_of(DATE), "a"),
    # documents: with the keys that are named
    (['{"k": "text"}', '{"k": 1}', '{"k": []}', '{"k": null}'], "(j ? 'k'::text)", JSONB, "j"),
    (['{"k": "x"}', '{"k": 1}', '{"k": 1, "x": 1}'], "((j ->> 'k'::text) = 'x'::text)", JSONB, "j"),
    ([], "(jsonb_typeof(j) = 'object'::text)", JSONB, "j"),
    # a domain hints at what its base holds
    (["ab"], "(VALUE = 'ab'::text)", domain("code", TEXT), "value"),
]


@pytest.mark.parametrize(("expected", "text", "kind", "name"), HINTS)
def test_what_conditions_hint_at(expected: list[str], text: str, kind: Type | tuple[Type, int], name: str) -> None:
    """Nothing where nothing is named, or what is named cannot stand in the column."""
    of, room = kind if isinstance(kind, tuple) else (kind, None)
    found = hints([read(text)], of, name, -1 if room is None else room + 4)

    assert set(expected) <= set(found)
    assert bool(expected) is bool(found)
    assert room is None or max(map(len, found)) <= room


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("(s ~~ 'ab%'::text)", "ab.*"),
        ("(s ~~* 'a_c'::text)", "a.c"),
        ("(s ~ '^[a-z]{2}$'::text)", "[a-z]{2}"),
        ("(s ~* '^x+$'::text)", "x+"),
    ],
)
def test_patterns_hint_at_words_of_theirs(text: str, pattern: str) -> None:
    """Of LIKE as of regular expressions."""
    found = hints([read(text)], TEXT, "s")

    assert found
    assert [word for word in found if not re.fullmatch(pattern, word)] == []


@pytest.mark.parametrize(
    ("fits", "value", "kind", "modifier"),
    [
        (True, "32767", SMALL, -1),
        (False, "32768", SMALL, -1),
        (False, "1.5", INT, -1),
        (False, "-1", builtin("oid"), -1),
        (True, "4294967295", builtin("oid"), -1),
        (False, "NaN", INT, -1),
        (True, "NaN", builtin("float8"), -1),
        (True, "9.99", NUMERIC, (3 << 16 | 2) + 4),
        (False, "10", NUMERIC, (3 << 16 | 2) + 4),
        (False, "1.999", NUMERIC, (3 << 16 | 2) + 4),
        (True, "1e300", NUMERIC, -1),
    ],
)
def test_a_hint_must_fit_the_column(fits: bool, value: str, kind: Type, modifier: int) -> None:
    """Its bounds, its digits, and whether it holds NaN: what is named must itself be a value of the column."""
    pool = applied(Pool((value,)), kind, [read("(n IS NOT NULL)")], "n", modifier)

    assert fits is (value in pool.values)


@given(st.integers(-(2**31), 2**31 - 2), st.integers(1, 1000))
def test_hints_of_a_span_reach_both_sides_of_its_ends(low: int, width: int) -> None:
    """A row just inside and one just outside of each end, where the type has one."""
    high = low + width
    found = {Decimal(each) for each in hints([read(f"((n >= {_told(low)}) AND (n <= {_told(high)}))")], INT, "n")}

    wanted = {low, high, low - 1, high + 1, low + 1, high - 1}
    assert {each for each in wanted if -(2**31) <= each < 2**31} <= found


def _told(number: int) -> str:
    return str(number) if number >= 0 else f"'{number}'::integer"


def test_a_series_of_texts_as_long_as_is_asked_for() -> None:
    """Where the pool's own distinct values are refused."""
    nth = applied(Pool(("word",), nth=lambda k: f"v{k}"), TEXT, [read("(char_length(s) >= 9)")], "s").nth

    assert nth is not None
    assert {len(nth(k) or "") >= 9 for k in range(40)} == {True}
    assert len({nth(k) for k in range(40)}) == 40


@pytest.mark.parametrize("text", ["(s ~ '^[A-Z0-9]+$'::text)", "(s ~ '^[0-9]+$'::text)", "(s ~~ 'word%'::text)"])
def test_a_series_in_capitals_in_digits_and_behind_a_word(text: str) -> None:
    """What the pool's own series does not give is made of what it has."""
    condition = read(text)
    nth = applied(Pool(("word",), nth=lambda k: f"-v{k}"), TEXT, [condition], "s").nth

    assert nth is not None
    assert {condition.met(lambda _, k=k: nth(k)) for k in range(700)} == {True}  # type: ignore[misc]
    assert len({nth(k) for k in range(700)}) == 700


def test_what_no_series_gives_is_listed() -> None:
    """Until it ends: whoever asks for more is told None."""
    nth = applied(Pool(("1", "2")), INT, [read("(n = ANY (ARRAY[1, 2]))")], "n").nth

    assert nth is not None
    assert [nth(k) for k in range(3)] == ["1", "2", None]


def test_documents_that_are_hinted_at_can_be_read() -> None:
    """Each of them is JSON, with the keys and no other."""
    found = [json.loads(each) for each in hints([read("(j ?& ARRAY['a'::text, 'b'::text])")], JSONB, "j")]

    assert {"a": 1, "b": 1} in found
    assert {frozenset(each) for each in found} == {frozenset("ab"), frozenset("a"), frozenset("b")}


def test_a_condition_that_cannot_be_told_of_a_value_is_not_readable() -> None:
    """Then the server is asked which values it accepts."""
    assert read("(n > 0)").readable(INT, "n", ["1", "-1"])
    assert not read("public.is_fine(n)").readable(INT, "n", ["1"])
    assert not read("no expression (").readable(INT, "n", ["1"])
    assert read("(n > 0)").met(lambda _: reads(INT)("1")) is True

"""Reading conditions: what they mean for a row, and what they hint at."""

from __future__ import annotations

from decimal import Decimal

import pytest

from migration_checks.seeding.conditions import applied, hints, read
from migration_checks.seeding.pool import Pool
from migration_checks.seeding.schema import Type
from migration_checks.seeding.values import reads

INTEGER = Type("pg_catalog", "int4", "pg_catalog.int4", "b")
TEXT = Type("pg_catalog", "text", "pg_catalog.text", "b")
JSONB = Type("pg_catalog", "jsonb", "pg_catalog.jsonb", "b")
DATE = Type("pg_catalog", "date", "pg_catalog.date", "b")
MOOD = Type("public", "mood", "public.mood", "e", labels=("sad", "ok", "happy"))
TEXTS = Type("pg_catalog", "_text", "pg_catalog._text", "a", element=TEXT)
TYPES = {"n": INTEGER, "m": INTEGER, "s": TEXT, "t": TEXT, "j": JSONB, "d": DATE, "e": DATE, "o": MOOD, "a": TEXTS}


def met(text: str, **cells: str | None) -> bool | None:
    return read(text).met(lambda name: reads(TYPES[name])(cells.get(name)))


@pytest.mark.parametrize(
    ("expected", "text", "cells"),
    [
        (True, "(n > 0)", {"n": "1"}),
        (False, "(n > 0)", {"n": "-1"}),
        (True, "(n > 0)", {"n": None}),
        (False, "((n >= 0) AND (n <= 10))", {"n": "11"}),
        (True, "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))", {"s": "b"}),
        (False, "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))", {"s": "B"}),
        (False, "((n IS NULL) = (m IS NULL))", {"n": "1", "m": None}),
        (True, "(num_nonnulls(n, m, s) = 1)", {"m": "4"}),
        (False, "(num_nonnulls(n, m, s) = 1)", {"m": "4", "s": ""}),
        (True, "(char_length(s) <= 3)", {"s": "äöü"}),
        (False, "(octet_length(s) <= 3)", {"s": "äöü"}),
        (True, "(s ~* '^[a-z]+@x[.]y$'::text)", {"s": "Ab@X.Y"}),
        (False, "(s !~~ 'x%'::text)", {"s": "xyz"}),
        (True, "(s ~ similar_to_escape('P[0-9]{2}'::text))", {"s": "P12"}),
        (True, "(d < e)", {"d": "2024-01-01", "e": "2024-01-02"}),
        (False, "((e <= (d + 90)))", {"d": "2024-01-01", "e": "2024-12-02"}),
        (False, "(d > '2024-06-01'::date)", {"d": "2024-01-01"}),
        (True, "(EXTRACT(isodow FROM d) < (6)::numeric)", {"d": "2024-01-01"}),
        (False, "(jsonb_typeof(j) = 'object'::text)", {"j": "[1]"}),
        (True, "((j -> 'k'::text) ->> 'l'::text) = 'x'::text", {"j": '{"k": {"l": "x"}}'}),
        (False, "(j ? 'k'::text)", {"j": "{}"}),
        (True, "CASE WHEN (s = 'done'::text) THEN (d IS NOT NULL) ELSE true END", {"s": "open"}),
        (False, "(NOT ((n IS NOT NULL) AND (n = 3)))", {"n": "3"}),
        (True, "(o <> 'happy'::public.mood)", {"o": "ok"}),
        (False, "('x'::text = ANY (a))", {"a": "{y,z}"}),
        (None, "is_even(n)", {"n": "2"}),
        (False, "(is_even(n) AND (n > 3))", {"n": "2"}),
        (True, "(is_even(n) OR (n < 3))", {"n": "2"}),
        (None, "(s < 'm'::text)", {"s": "a"}),
        (None, "this is (no expression", {}),
    ],
)
def test_a_condition_is_met_as_postgresql_would_say(expected: bool | None, text: str, cells: dict[str, str | None]) -> None:
    """NULL meets a CHECK; what cannot be told is None, unless AND and OR can do without it."""

    assert expected is met(text, **cells)


def test_quoted_columns_are_found():
    """Names are unquoted, operators of extensions lose their schema."""

    condition = read('(("Weird "" Name" OPERATOR(public.=) \'x\'::public.citext) AND (b > 1))')

    assert {'Weird " Name', "b"} == condition.columns


def test_hints_are_the_constants_and_what_lies_around_them():
    """Bounds give their neighbours and what is between; lists their members; lengths texts of that length."""

    between = {Decimal(value) for value in hints([read("((n >= 100) AND (n <= 108))")], INTEGER, "n")}
    lengths = {len(value) for value in hints([read("(char_length(s) = 13)")], TEXT, "s")}

    assert {99, 100, 101, 104, 107, 108, 109} <= between
    assert hints([read("(s = ANY (ARRAY['a'::text, 'b'::text]))")], TEXT, "s") == ["a", "b"]
    assert 13 in lengths


def test_a_pool_keeps_only_what_a_condition_accepts():
    """Values that the condition refuses leave the pool; distinct values start where it allows them."""

    pool = Pool(("1", "5000"), ("-1", "0"), nth=lambda k: str(k + 1))

    narrowed = applied(pool, INTEGER, [read("(n >= 1000)")], "n")

    assert "5000" in narrowed.plausible
    assert narrowed.adversarial == ()
    assert narrowed.nth is not None
    assert all(int(narrowed.nth(k) or 0) >= 1000 for k in range(50))
    assert len({narrowed.nth(k) for k in range(50)}) == 50


def test_distinct_words_of_a_pattern():
    """A unique column with a pattern gets as many different words of it as it needs."""

    pool = Pool(("word",), nth=lambda k: f"v{k}")

    nth = applied(pool, TEXT, [read("(s ~ '^[A-Z]{2}-[0-9]{4}$'::text)")], "s").nth

    assert nth is not None
    words = {nth(k) for k in range(100)}
    assert len(words) == 100
    assert all(word is not None and met("(s ~ '^[A-Z]{2}-[0-9]{4}$'::text)", s=word) for word in words)

"""Operators and functions of conditions, with what PostgreSQL answers; what only the server knows is None."""

from __future__ import annotations

import pytest

from migration_checks.seeding.conditions import read
from migration_checks.seeding.values import reads
from tests.schemas import BOOL, DATE, INT, JSONB, MOMENT, NUMERIC, TEXT, array_of, builtin, enum

SIZE = enum("size", "small", "medium", "large")
TYPES = {
    "n": INT,
    "m": INT,
    "x": NUMERIC,
    "s": TEXT,
    "t": TEXT,
    "b": BOOL,
    "d": DATE,
    "e": DATE,
    "at": MOMENT,
    "j": JSONB,
    "z": SIZE,
    "a": array_of(TEXT),
    "i": builtin("interval"),
    "c": builtin("bpchar"),
}


def met(text: str, **cells: str | None) -> bool | None:
    return read(text).met(lambda name: reads(TYPES[name])(cells.get(name)))


@pytest.mark.parametrize(
    ("expected", "text", "cells"),
    [
        # numbers
        (True, "((n % 2) = 0)", {"n": "4"}),
        (True, "((n % 3) = '-1'::integer)", {"n": "-7"}),
        (True, "(mod(n, 3) = '-1'::integer)", {"n": "-7"}),
        (True, "((n + m) = 7)", {"n": "3", "m": "4"}),
        (True, "((n - m) < 0)", {"n": "3", "m": "4"}),
        (False, "((n * m) > (100)::numeric)", {"n": "10", "m": "10"}),
        (True, "(x = 1.50)", {"x": "1.5"}),
        (True, "(x > (1000000)::numeric)", {"x": "NaN"}),
        (True, "(abs(n) = 5)", {"n": "-5"}),
        (True, "(GREATEST(n, m) = 9)", {"n": "9", "m": None}),
        (True, "(LEAST(n, m) = 2)", {"n": "9", "m": "2"}),
        (False, "(n <> 3)", {"n": "3"}),
        (True, "((n >= 1) AND (n <= 12))", {"n": "12"}),
        (True, "(n = ANY (ARRAY[1, 2, 3]))", {"n": "2"}),
        (False, "(n <> ALL (ARRAY[1, 2, 3]))", {"n": "2"}),
        # text
        (True, "(length(s) = 2)", {"s": "äö"}),
        (True, "(octet_length(s) = 4)", {"s": "äö"}),
        (True, "(lower(s) = s)", {"s": "small"}),
        (False, "(upper(s) = s)", {"s": "small"}),
        (False, "(btrim(s) <> ''::text)", {"s": "   "}),
        (True, "(ltrim(s) = 'a '::text)", {"s": " a "}),
        (True, "(rtrim(s) = ' a'::text)", {"s": " a "}),
        (True, "((s || t) = 'ab'::text)", {"s": "a", "t": "b"}),
        (True, "(s ~~ 'a_c%'::text)", {"s": "abcdef"}),
        (False, "(s ~~ 'a\\_c'::text)", {"s": "abc"}),
        (True, "(s ~~* 'ABC'::text)", {"s": "abc"}),
        (False, "(s !~~* 'A%'::text)", {"s": "abc"}),
        (True, "(s ~ '^[[:alpha:]]+$'::text)", {"s": "abc"}),
        (False, "(s !~ '^[[:digit:]]{3}$'::text)", {"s": "123"}),
        (False, "(s !~* 'B'::text)", {"s": "abc"}),
        (True, "starts_with(s, 'ab'::text)", {"s": "abc"}),
        (True, "(strpos(s, 'c'::text) = 3)", {"s": "abc"}),
        (True, "(c = 'ab'::bpchar)", {"c": "ab   "}),
        (None, "(s > t)", {"s": "a", "t": "b"}),
        # NULL
        (True, "(n IS NULL)", {}),
        (False, "(n IS NOT NULL)", {}),
        (True, "(n = m)", {"n": "1"}),
        (False, "((n IS NOT NULL) AND (m IS NOT NULL))", {"n": "1"}),
        (True, "(num_nulls(n, m) = 1)", {"n": "1"}),
        (True, "(COALESCE(n, m, 0) = 0)", {}),
        (False, "(NOT (n IS NULL))", {}),
        (True, "(n IS DISTINCT FROM m)", {"n": "1"}),
        (False, "(NOT (n IS DISTINCT FROM m))", {"n": "1"}),
        (False, "((n = 1) AND (m = 2))", {"m": "3"}),
        (True, "((n = 1) OR (m = 2))", {"m": "3"}),
        # booleans
        (True, "b", {"b": "true"}),
        (False, "(NOT b)", {"b": "true"}),
        (False, "(b IS TRUE)", {}),
        (True, "(b IS NOT TRUE)", {}),
        (True, "(b IS FALSE)", {"b": "false"}),
        # labels
        (True, "(z = ANY (ARRAY['small'::public.size, 'large'::public.size]))", {"z": "large"}),
        # moments
        (True, "((e - d) = 2)", {"d": "2024-02-28", "e": "2024-03-01"}),
        (True, "((d + 1) = e)", {"d": "2024-02-29", "e": "2024-03-01"}),
        (True, "(EXTRACT(year FROM d) = (2024)::numeric)", {"d": "2024-02-29"}),
        (True, "(date_part('dow'::text, d) = (0)::double precision)", {"d": "2024-03-03"}),
        (True, "(EXTRACT(isodow FROM d) = (7)::numeric)", {"d": "2024-03-03"}),
        (True, "(at > '2024-01-01 00:00:00+00'::timestamp with time zone)", {"at": "2024-01-01 00:00:00-01:00"}),
        (True, "(at < 'infinity'::timestamp with time zone)", {"at": "2999-01-01 00:00:00+00"}),
        (True, "(i >= '00:00:00'::interval)", {"i": "1 day 02:00:00"}),
        (False, "(i >= '00:00:00'::interval)", {"i": "-3 days"}),
        # documents
        (True, "(jsonb_typeof((j -> 'a'::text)) = 'array'::text)", {"j": '{"a": []}'}),
        (True, "(jsonb_array_length(j) = 2)", {"j": "[1, 2]"}),
        (True, "((j ->> 'a'::text) = 'x'::text)", {"j": '{"a": "x"}'}),
        (True, "((j ->> 'a'::text) IS NULL)", {"j": '{"b": 1}'}),
        (True, "((j -> 0) = '1'::jsonb)", {"j": "[1]"}),
        (True, "(j ?& ARRAY['a'::text, 'b'::text])", {"j": '{"a": 1, "b": 2}'}),
        (False, "(j ?| ARRAY['c'::text, 'd'::text])", {"j": '{"a": 1, "b": 2}'}),
        (False, "(j = '{}'::jsonb)", {"j": '{"a": 1}'}),
        (True, "(((j ->> 'n'::text))::integer > 3)", {"j": '{"n": 4}'}),
        # arrays
        (True, "(cardinality(a) > 0)", {"a": "{x,y}"}),
        (True, "(cardinality(a) = 0)", {"a": "{}"}),
        (True, "(array_length(a, 1) = 2)", {"a": "{x,y}"}),
        (True, "(array_length(a, 1) > 5)", {"a": "{}"}),
        # what is not known
        (None, "(POSITION(('@'::text) IN (s)) > 1)", {"s": "a@b"}),
        (None, "(z < 'large'::public.size)", {"z": "small"}),
        (None, "public.is_fine(n)", {"n": "1"}),
        (None, "(n = (SELECT 1))", {"n": "1"}),
        (False, "(public.is_fine(n) AND (n = 2))", {"n": "1"}),
    ],
)
def test_conditions_answer_as_postgresql_does(expected: bool | None, text: str, cells: dict[str, str | None]) -> None:
    """A condition that is NULL is met, since a CHECK refuses only what is false."""
    assert met(text, **cells) is expected

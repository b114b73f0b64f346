"""The trees of expressions as PostgreSQL writes them, and that whatever else is met is said to be unreadable."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.seeding.conditions import read
from migration_checks.seeding.expressions import Node, Unreadable, parse


def told(node: Node) -> Any:
    """A node in short: names and literals by themselves, anything else as (op, value, parts ...)."""
    if node.op in ("literal", "column"):
        return node.value
    return (node.op, node.value, *map(told, node.args))


ONE = ("cast", "numeric", "1")


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        # what binds more tightly is further down
        (("or", "", ("and", "", ("not", "", "a"), "b"), "c"), "((NOT a) AND b) OR c"),
        (("or", "", "a", ("and", "", "b", "c")), "a OR b AND c"),
        (("op", "+", "a", ("op", "*", "b", "c")), "a + b * c"),
        (("op", "=", ("op", "-", ("op", "-", "a", "b"), "c"), "d"), "a - b - c = d"),
        (("op", ">", ("op", "->>", ("op", "->", "j", ("cast", "text", "a")), ONE), "x"), "j -> 'a'::text ->> 1 > x"),
        (("op", "-", ("cast", "numeric", "0"), "n"), "(- n)"),
        ("n", "(+ n)"),
        # tests
        (("is", "null", "a"), "(a IS NULL)"),
        (("not", "", ("is", "null", "a")), "(a IS NOT NULL)"),
        (("is", "null", "a"), "(a IS UNKNOWN)"),
        (("not", "", ("is", "distinct", "a", "b")), "(a IS NOT DISTINCT FROM b)"),
        (("any", "=", "a", ("array", "", ONE)), "a = ANY (ARRAY[1])"),
        (("all", "<>", "a", ("cast", "text[]", "{}")), "a <> ALL ('{}'::text[])"),
        # values
        (("null", ""), "NULL"),
        (("call", "now"), "CURRENT_TIMESTAMP"),
        (("call", "session_user"), "SESSION_USER"),
        (("call", "current_user"), "USER"),
        (("cast", "boolean", "true"), "true"),
        (("cast", "numeric", "1.5e-3"), "1.5e-3"),
        ("it's", "'it''s'"),
        ("a\\b'c", "E'a\\\\b''c'"),
        (("array", ""), "ARRAY[]"),
        (("index", "", "a", ONE), "a[1]"),
        (("row", "", "a", "b"), "(a, b)"),
        # names
        ('Weird " Name', '"Weird "" Name"'),
        ("größe", "Größe"),
        (("call", "f", "a", "b"), "public.f(a, b)"),
        (("call", "f"), "f()"),
        (("op", "=", "a", "b"), "(a OPERATOR(public.=) b)"),
        ("a", 'a COLLATE pg_catalog."C"'),
        (("call", "extract", "year", "d"), "EXTRACT(year FROM d)"),
        (("call", "trim", "s"), "TRIM(BOTH FROM s)"),
        # types: a modifier is remembered, and not what it is
        (("cast", "character varying", "a"), "a::character varying"),
        (("cast", "numeric()", "a"), "(a)::numeric(10,2)"),
        (("cast", "timestamp with time zone()", "a"), "(a)::timestamp(3) with time zone"),
        (("cast", "double precision[]", "a"), "(a)::double precision[]"),
        (("cast", "bit varying()[]", "a"), "(a)::bit varying(3)[]"),
        (("cast", "interval day to second", "a"), "(a)::interval day to second"),
        # cases
        (("case", "", "a", "b", ("null", "")), "CASE WHEN a THEN b END"),
        (("case", "", ("op", "=", "a", ONE), "b", "c"), "CASE a WHEN 1 THEN b ELSE c END"),
    ],
)
def test_the_tree_of_an_expression(expected: Any, text: str) -> None:
    """As PostgreSQL would evaluate it."""
    assert expected == told(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "a BETWEEN 1 AND 2",
        "a IN (1, 2)",
        "a LIKE 'x'",
        "a IS JSON",
        "a NOT NULL",
        "(a AT TIME ZONE 'UTC'::text)",
        "TRIM(BOTH 'x'::text FROM s)",
        "EXTRACT(year d)",
        "a[1:2]",
        "a b",
        "a.",
        "1 +",
        "(a",
        "a::numeric(10",
        "CASE WHEN a END",
        "'unterminated",
        "\0",
        "a; DROP TABLE t",
        "",
    ],
)
def test_what_is_not_known_is_unreadable(text: str) -> None:
    """Rather than half understood; the condition is then left to the server."""
    with pytest.raises(Unreadable):
        parse(text)
    condition = read(text)
    assert (condition.node, condition.columns, condition.met(lambda _: 1)) == (None, frozenset(), None)


WORDS = (
    "a b 1 'x' NULL true ( ) [ ] , . : :: + - * < = <> || ~ AND OR NOT IS ANY ALL CASE WHEN THEN ELSE END ARRAY text numeric"
)
PARTS = st.sampled_from(
    [
        *WORDS.split(),
        *["EXTRACT", "FROM", "DISTINCT", "TRIM", "COLLATE", "AT", "E'\\n'", '"q"""', "varying", "double", "precision"],
    ]
)


@given(st.one_of(st.text(), st.lists(PARTS, max_size=25).map(" ".join)))
def test_no_text_breaks_the_reader(text: str) -> None:
    """It gives a condition, readable or not, and evaluating that gives true, false or nothing."""
    assert read(text).met(lambda _: None) in (True, False, None)


def test_a_tower_of_parentheses_is_left_to_the_server() -> None:
    """However deep a script nests its conditions, seeding goes on."""
    assert read("NOT (" * 5000 + "a" + ")" * 5000).met(lambda _: True) is None

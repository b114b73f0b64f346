"""What values mean, as SQL: types as they are held, names and constants quoted, hashes that tell values apart."""

from __future__ import annotations

import pytest

from migration_checks.rows.values import base, hashed, literal, lowered, plain, quoted, same_meaning, stored_type
from migration_checks.snapshot import Column


def column(type: str, stored: str = "") -> Column:
    return Column("c", 1, type, stored=stored)


def no_cast(value: str, source: str, target: str) -> str:
    return f"cast({value}, {source}, {target})"


@pytest.mark.parametrize(
    ("type", "built_in", "written", "expected"),
    [
        ("integer", "int4", "integer", ""),
        ("character varying(20)", "varchar", "character varying(20)", ""),
        ("integer[]", "_int4", "integer[]", ""),
        ("public.positive", "int4", "integer", "integer"),
        ("public.mood", None, "public.mood", "text"),
        ("public.citext", None, "public.citext", "text"),
        ("interval", "interval", "interval", "text"),
        ("interval[]", "_interval", "interval[]", "text"),
        ("json", "json", "json", "text"),
        ("point", "point", "point", "text"),
        ("regclass", "regclass", "regclass", "text"),
    ],
)
def test_types_are_held_without_the_users(type: str, built_in: str | None, written: str, expected: str) -> None:
    """Built-in types with a true equality are held as they are, domains as what they are over, all others as text."""
    assert expected == stored_type(type, built_in, written)


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        ("numeric(10,2)", "numeric"),
        ("numeric(3,-2)[]", "numeric[]"),
        ("timestamp(3) with time zone", "timestamp with time zone"),
        ("character varying(20)[]", "character varying[]"),
    ],
)
def test_base_leaves_modifiers_out(type: str, expected: str) -> None:
    """Length, precision and scale do not make another type."""
    assert expected == base(column(type))


@pytest.mark.parametrize(("name", "expected"), [("a", '"a"'), ("select", '"select"'), ('W "x"', '"W ""x"""')])
def test_quoted(name: str, expected: str) -> None:
    """Every identifier is quoted, quotes in it doubled."""
    assert expected == quoted(name)


@pytest.mark.parametrize(("text", "expected"), [("it's", "'it''s'"), ("\\", "'\\'"), ("", "''")])
def test_literal(text: str, expected: str) -> None:
    """Every constant is quoted, quotes in it doubled, backslashes left alone."""
    assert expected == literal(text)


def test_lowered_text_has_no_user_collation() -> None:
    """Text is held under collation C, whatever the user's column has; numbers have none."""
    assert lowered(column("text")) == '"c" COLLATE "C"'
    assert lowered(column("public.mood", "text")) == '"c"::text COLLATE "C"'
    assert lowered(column("public.positive", "integer")) == '"c"::integer'
    assert lowered(column("bigint")) == '"c"'


@pytest.mark.parametrize(
    ("one", "other"), [("smallint", "bigint"), ("text", "character varying(9)"), ("numeric(3,1)", "numeric")]
)
def test_hashes_of_one_family_can_be_compared(one: str, other: str) -> None:
    """Types whose equal values are written alike share a family of hashes."""
    assert hashed(column(one))[0] == hashed(column(other))[0]


@pytest.mark.parametrize(("one", "other"), [("integer", "text"), ("real", "double precision"), ("date", "uuid")])
def test_hashes_of_other_families_cannot(one: str, other: str) -> None:
    """Types whose equal values hash differently never share a family."""
    assert hashed(column(one))[0] != hashed(column(other))[0]


def test_the_seed_enters_every_hash() -> None:
    """No hash leaves the row's key out: swapped values must show."""
    for type in ("integer", "text", "numeric", "real", "boolean", "uuid", "date", "jsonb", "text[]", "bytea", "money", "inet"):
        assert "SEED" in hashed(column(type))[1]("v", "SEED")


def test_same_types_compare_directly() -> None:
    """Two columns of one exact type need no cast, and their equal values are written alike."""
    meaning = same_meaning("b", "a", column("integer"), column("integer"), no_cast)

    assert meaning.equal == "b IS NOT DISTINCT FROM a"
    assert meaning.reworded is None


def test_other_types_must_convert_both_ways() -> None:
    """Values of other types are the same only when the conversion can be taken back."""
    equal = same_meaning("b", "a", column("integer"), column("boolean"), no_cast).equal

    assert "cast(b, integer, boolean) = a AND cast(a, boolean, integer) = b" in equal


def test_text_may_spell_a_uuid_as_it_likes() -> None:
    """What is parsed without loss need not be written back alike."""
    equal = same_meaning("b", "a", column("text"), column("uuid"), no_cast).equal

    assert "cast(b, text, uuid) = a" in equal
    assert "cast(a, uuid, text)" not in equal


def test_plain_spelling() -> None:
    """One spelling a meaning: no trailing zeros, no negative zero, text untouched."""
    assert plain("v", column("numeric(9,2)")) == "trim_scale(v)::text"
    assert plain("v", column("double precision")) == "(v + 0)::text"
    assert plain("v", column("text")) == "v"

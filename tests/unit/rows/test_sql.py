"""What is asked of the server about values and keys: names in quotes, casts that cannot fail, types that agree."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.rows.batches import batches
from migration_checks.rows.digest import digest_query, digests, key_seed, row_hash
from migration_checks.rows.identity import pair_columns
from migration_checks.rows.keys import common_key, equal, joined
from migration_checks.rows.matching import leftover_by_key
from migration_checks.rows.mirrors import source
from migration_checks.rows.places import Place, places
from migration_checks.rows.spelling import recognised, spelled
from migration_checks.rows.values import (
    base,
    is_integer,
    is_moment,
    is_number,
    is_text,
    literal,
    lowered,
    quoted,
    same_meaning,
)
from migration_checks.rows.volatile import Volatile
from migration_checks.snapshot import Column
from tests.unit.rows.support import Paper, column, table

ODD = 'Weird " Name'


def cast(value: str, source: str, target: str) -> str:
    return f"<{value}:{source}>{target}>"


@given(st.text(st.characters(blacklist_characters="\0"), max_size=20))
def test_names_and_constants_read_back(text: str) -> None:
    """No text ends its quotes early."""
    assert re.fullmatch(r'"(?:[^"]|"")*"', quoted(text), re.DOTALL)
    assert re.fullmatch(r"'(?:[^']|'')*'", literal(text), re.DOTALL)
    assert quoted(text)[1:-1].replace('""', '"') == text == literal(text)[1:-1].replace("''", "'")


@pytest.mark.parametrize(
    ("type", "traits"),
    [
        ("integer", "number integer"),
        ("numeric(10,2)", "number"),
        ("numeric(3,-2)", "number"),
        ("double precision", "number"),
        ("character varying(10)", "text"),
        ("timestamp(3) with time zone", "moment"),
        ("date", "moment"),
        ("uuid", ""),
        ("integer[]", ""),
    ],
)
def test_kinds_of_columns(type: str, traits: str) -> None:
    """Told by the type without length, precision or scale."""
    asked = {"number": is_number, "integer": is_integer, "text": is_text, "moment": is_moment}
    found = {name for name, test in asked.items() if test(column("x", type))}

    assert found == set(traits.split())
    assert "(" not in base(column("x", type))


def test_a_digest_has_a_sum_for_each_column() -> None:
    """In order; one more for whole rows where there is no key."""
    keyed = table("t", column("id", "integer"), column(ODD), key=["id"], mirrored=False)
    loose = table("t", column("id", "integer"), column(ODD), mirrored=False)

    assert digest_query(keyed, lowered).count("coalesce(sum(") == 2
    assert '"Weird "" Name"' in digest_query(keyed, lowered)
    assert digest_query(keyed, lowered).endswith("FROM public.t")
    assert "concat(" in digest_query(loose, lowered)


def test_the_seed_of_a_row_is_its_key() -> None:
    """A whole number stands for itself; several columns are hashed one into the other; without a key it is none."""
    spell = lambda each: quoted(each.name)  # noqa: E731

    assert key_seed(table("t", column("id", "integer"), key=["id"]), spell) == '"id"::bigint'
    assert key_seed(table("t", column("a")), spell) == "0"
    nested = key_seed(table("t", column("a"), column("b"), key=["a", "b"]), spell)
    assert nested.index('"b"') < nested.index('"a"')


def test_whole_rows_hash_alike_in_any_order_of_their_columns() -> None:
    """A column moved to the end is the same column."""
    a, b = column("a"), column("b", "integer")

    assert row_hash([a, b], lowered) == row_hash([b, a], lowered)


def test_named_digests_tell_any_column_that_differs() -> None:
    """And the digest of whole rows differs with any of them."""
    made = table("t", column("id", "integer"), column("a"), key=["id"])
    one, two = digests(made, ["1", "2"]), digests(made, ["1", "3"])

    assert one["id"] == two["id"]
    assert one["a"] != two["a"]
    assert one[""] != two[""]
    assert digests(made, ["1", "2"]) == one


def test_digests_of_rows_without_a_key_name_their_families() -> None:
    """Whole rows of other types are never taken for the same, whatever the sums."""
    texts, numbers = table("t", column("a")), table("t", column("a", "integer"))

    assert digests(texts, ["1", "5/7"])[""] != digests(numbers, ["1", "5/7"])[""]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("integer", "integer", 'b."k" = a."k"'),
        ("integer", "numeric", 'b."k"::numeric = a."k"::numeric'),
        ("date", "timestamp with time zone", 'b."k"::timestamptz = a."k"::timestamptz'),
        ("uuid", "text", 'b."k"::text = a."k"::text'),
    ],
)
def test_keys_are_compared_across_types(left: str, right: str, expected: str) -> None:
    """As numbers, as moments, else as text."""
    assert equal("b", column("k", left), "a", column("k", right)) == expected
    assert joined([(column("k", left), column("k", right))] * 2) == f"{expected} AND {expected}"
    assert joined([]) == "true"


def test_numbers_of_any_type_are_compared_as_numbers() -> None:
    """5 and 5.00 mean the same."""
    found = same_meaning("b.x", "a.x", column("x", "integer"), column("x", "numeric(9,2)"), cast)

    assert "b.x::text::numeric = a.x::text::numeric" in found.equal


def test_text_that_became_a_document() -> None:
    """Either the document that it spelled, or a JSON string of the same text."""
    found = same_meaning("b.x", "a.x", column("x", "text"), column("x", "jsonb"), cast)

    assert "<b.x::text:text>jsonb> = a.x" in found.equal
    assert "to_jsonb(b.x::text) = a.x" in found.equal
    assert "to_jsonb" not in same_meaning("b.x", "a.x", column("x", "json", stored="text"), column("x", "jsonb"), cast).equal


@pytest.mark.parametrize(
    ("type", "part"),
    [
        ("jsonb", "cast_"),
        ("text[]", "to_jsonb(v)::text"),
        ("numeric", "trim_scale(v)::text"),
        ("timestamp without time zone", "v::timestamptz::text"),
        ("date", "v::text"),
        ("uuid", "v::text"),
        ("text", "~"),
    ],
)
def test_values_are_spelled_so_that_they_are_recognised_elsewhere(type: str, part: str) -> None:
    """Documents as PostgreSQL orders them, arrays as JSON, moments in one zone, text by what it may be."""
    assert part in spelled(Paper(), "v", column("x", type))


def test_text_may_be_a_number_a_moment_or_a_uuid() -> None:
    """Each in the spelling that a column of that type would have; anything else is left as it is."""
    found = recognised(Paper(), "v")

    assert found.count("WHEN") == 3
    assert found.endswith("ELSE v END")
    assert "(v)::uuid::text" in found


def test_a_cast_is_made_once_and_cannot_raise() -> None:
    """A function for each pair of types, whatever the number of values that it is used on."""
    shop = Paper()
    one, two = shop.cast("b.x", "text", "integer"), shop.cast("b.y", "text", "integer")
    other = shop.cast("b.x", "text", "uuid")
    shop.finish()
    shop.finish()
    made = [each for each in shop.sent if "CREATE OR REPLACE FUNCTION" in each]

    assert one.partition("(")[0] == two.partition("(")[0] != other.partition("(")[0]
    assert len(made) == 2
    assert all("EXCEPTION WHEN others" in each for each in made)


def test_relations_of_our_own_never_share_a_name() -> None:
    """Nor do those of two runs in one database."""
    one, two = Paper(), Paper()
    names = [one.relation("mirror"), one.relation("mirror"), two.relation("mirror")]

    assert len(set(names)) == 3
    assert all(name.startswith("migration_checks_own.") for name in names)


@pytest.mark.parametrize(
    ("version", "setting"), [(160000, "session_replication_role = replica"), (170000, "event_triggers = off")]
)
def test_event_triggers_of_the_user_do_not_hear_us(version: int, setting: str) -> None:
    """By the setting that the server knows."""
    shop = Paper(version=version)
    with shop.work():
        pass

    assert setting in shop.sent[0]


def test_rows_are_read_from_a_mirror_or_as_one_would_hold_them() -> None:
    """The user's own table through a list of plain columns."""
    made = table("t", column("a"), column("m", "public.mood", stored="text"), mirrored=False)

    assert source(table("t", column("a"), oid=7)) == "migration_checks_own.m7"
    assert source(made) == '(SELECT "a" COLLATE "C" AS "a", "m"::text COLLATE "C" AS "m" FROM public.t)'


@given(st.lists(st.integers()), st.integers(1, 7))
def test_batches_lose_nothing(items: list[int], size: int) -> None:
    """In order, none longer than it may be, only the last one shorter."""
    found = list(batches(items, size))

    assert [each for batch in found for each in batch] == items
    assert all(len(batch) == size for batch in found[:-1])
    assert all(0 < len(batch) <= size for batch in found)


# -- which key ---------------------------------------------------------------------------------------------------------


def test_a_key_that_digests_prove_the_same_is_taken_without_asking() -> None:
    """Nothing is sent to the server."""
    sums = {"id": "integer:1", "code": "text:2", "": "x"}
    left = table("t", column("id", "integer"), column("code"), key=["id"], digests=sums)
    shop = Paper()

    assert [one.name for one, _ in common_key(shop, left, left, pair_columns(left, left))] == ["id"]
    assert shop.sent == []


def test_a_key_whose_values_were_all_replaced_gives_way_to_another() -> None:
    """New numbers, but every row still has its code."""
    left = table("t", column("id", "integer"), column("code"), key=["id"], uniques=(("code",),))
    shop = Paper(lambda query: [('"code"' in query.partition(" ON ")[2],)])

    assert [one.name for one, _ in common_key(shop, left, left, pair_columns(left, left))] == ["code"]


def test_when_no_key_has_a_value_in_common_the_first_stands() -> None:
    """Nothing will match, which is what there is to say."""
    left = table("t", column("id", "integer"), column("code"), key=["id"], uniques=(("code",),))
    shop = Paper(lambda query: [(False, False)])

    assert [one.name for one, _ in common_key(shop, left, left, pair_columns(left, left))] == ["id"]


def test_a_key_that_only_one_side_enforces_must_happen_to_be_unique() -> None:
    """Both sides are asked."""
    left = table("t", column("id", "integer"), column("code"), key=["id"])
    right = table("t", column("id", "integer"), column("code"))
    unique = Paper(lambda query: [(True, True)])
    repeated = Paper(lambda query: [(False, True)])

    assert [one.name for one, _ in common_key(unique, left, right, pair_columns(left, right))] == ["id"]
    assert common_key(repeated, left, right, pair_columns(left, right)) == ()


def test_a_side_that_cannot_have_more_rows_is_not_searched() -> None:
    """All of ten are there and there are ten: none was added."""
    shop = Paper(lambda query: [(0,)])
    left = leftover_by_key(shop, "one", "two", "b.id = a.id", 10, 10)

    assert (left.rows_before, left.rows_after) == (0, 0)
    assert sum("count(*)" in each for each in shop.sent) == 1


# -- places ------------------------------------------------------------------------------------------------------------


def test_an_array_offers_itself_and_its_elements() -> None:
    """A value may have become one of several."""
    made = table("t", column("tags", "text[]"))
    whole, elements = places(Paper(), made, made.columns[0], "a1")

    assert (whole.several, elements.several) == (False, True)
    assert elements.holds("g.w").startswith("g.w = ANY (")
    assert elements.filled.startswith("cardinality(")
    assert {whole.written_by, elements.written_by} == {"a1"}


def test_a_document_offers_every_path_in_it() -> None:
    """As one value first, then by its paths: those through an array offer several; the paths are the server's to tell."""
    made = table("t", column("doc", "jsonb"))
    whole, *found = places(Paper(lambda query: [("$.a",), ("$.items[*].id",)]), made, made.columns[0], None)

    assert (whole.several, whole.within) == (False, False)
    assert [each.several for each in found] == [False, True]
    assert all(each.within for each in found)
    assert "'$.items[*].id'" in found[1].value


def test_a_plain_column_offers_one_value() -> None:
    """Compared as it is spelled."""
    made = table("t", column(ODD, "integer"))
    (place,) = places(Paper(), made, made.columns[0], None)

    assert place.holds("g.w") == 'g.w = x."Weird "" Name"::text'
    assert place.each == 'unnest(ARRAY[x."Weird "" Name"::text])'
    assert Place(made, made.columns[0], "x.v").filled == "x.v IS NOT NULL"


# -- chance ------------------------------------------------------------------------------------------------------------

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOWS = ((START, START + timedelta(seconds=1)), (START + timedelta(minutes=1), START + timedelta(minutes=1, seconds=1)))


def pair(type: str, name: str = "x", **more: bool) -> tuple[Column, Column]:
    made = column(name, type, **more)
    return made, made


def test_without_two_runs_nothing_is_chance() -> None:
    """Any difference is one."""
    assert Volatile().condition(pair("uuid"), "b.x", "a.x") == "false"
    assert not Volatile().may_be(pair("uuid"))


@pytest.mark.parametrize(
    ("type", "parts"),
    [
        ("timestamp with time zone", ("isfinite", f"{START.timestamp() - 2:.6f}", "BETWEEN 0 AND 5.000000")),
        ("timestamp without time zone", ("abs(", "900")),
        ("date", ("'2026-03-01'::date - 1", "'2026-03-01'::date + 1")),
    ],
)
def test_a_moment_within_each_run_is_chance(type: str, parts: tuple[str, ...]) -> None:
    """By the clock of its own run, with some slack; a local time in whatever zone."""
    volatile = Volatile(WINDOWS)
    found = volatile.condition(pair(type), "b.x", "a.x")

    assert volatile.may_be(pair(type))
    assert all(part in found for part in parts), found
    assert found.index("b.x") < found.index("a.x")


def test_a_drawn_value_is_chance_where_neither_run_has_the_others() -> None:
    """A value that moved from another row is none."""
    volatile = Volatile(WINDOWS, "before", "after", frozenset({"parent_id"}))
    found = volatile.condition(pair("integer", "parent_id"), "b.x", "a.x")

    assert 'b.x::text NOT IN (SELECT x."parent_id"::text FROM after' in found
    assert 'a.x::text NOT IN (SELECT x."parent_id"::text FROM before' in found
    assert volatile.condition(pair("smallint", "other"), "b.x", "a.x") == "false"
    assert volatile.may_be(pair("integer", "n", drawn=True))
    assert volatile.may_be(pair("uuid"))


def test_text_is_chance_only_where_both_look_drawn() -> None:
    """As uuids do."""
    found = Volatile(WINDOWS, "before", "after").condition(pair("text"), "b.x", "a.x")

    assert found.count("::text ~ '^[0-9a-fA-F]{8}") == 2

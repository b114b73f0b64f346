"""Drafts: the rows of a table meet its types, conditions, keys and references, and are the same for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_checks.profile.values import Bucket, ColumnProfile, Common, NullGroup, NullPattern, Shape, TableProfile
from migration_checks.seeding.draft import PROTOTYPES, Draft
from migration_checks.seeding.plan import Impossible, Order, bound_of, make_plan, wishes
from migration_checks.seeding.pool import chance
from migration_checks.seeding.portraits import Portrait
from migration_checks.seeding.schema import Column, Element, Leaf, Sequence, Type, Unique
from tests.schemas import (
    BIG,
    BOOL,
    DATE,
    DATERANGE,
    INT,
    JSONB,
    MOMENT,
    MOOD,
    NUMERIC,
    SMALL,
    TEXT,
    UUID,
    VARCHAR,
    array_of,
    column,
    domain,
    drafted,
    enum,
    pools,
    primary,
    refers,
    rows_of,
    table,
    unique,
)

KINDS = [INT, SMALL, BIG, TEXT, BOOL, DATE, MOMENT, NUMERIC, UUID, JSONB, MOOD, array_of(INT), DATERANGE]


def shown(number: int) -> str:
    """A constant as pg_get_constraintdef writes it."""
    return str(number) if number >= 0 else f"'{number}'::integer"


def ids(count: int) -> list[tuple[str, ...]]:
    return [(str(number),) for number in range(1, count + 1)]


@settings(max_examples=30)
@given(
    kinds=st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), min_size=1, max_size=6),
    count=st.integers(1, 80),
    seed=st.integers(0, 5),
)
def test_the_same_seed_drafts_the_same_rows(kinds: list[tuple[Type, bool]], count: int, seed: int) -> None:
    """As many as were asked for, without NULL where none may be, whatever the columns are."""
    columns = [column(f"c{place}", kind, not_null=strict) for place, (kind, strict) in enumerate(kinds)]
    made = table("t", *columns)
    once, again = (drafted(made, count, order=Order(seed)) for _ in range(2))

    assert count == once.rows
    assert once.columns == again.columns
    assert all(None not in once.spread(each.name) for each in columns if each.not_null)


def test_another_seed_drafts_other_rows() -> None:
    """Else a seed would be of no use."""
    made = table("t", column("n", INT), column("s", TEXT))

    assert drafted(made, 40, order=Order(1)).columns != drafted(made, 40, order=Order(2)).columns


@pytest.mark.parametrize("count", [1, 2, 5, PROTOTYPES, PROTOTYPES + 300])
def test_numbered_columns_are_numbered_as_the_database_would(count: int) -> None:
    """From the sequence's start, by its increment, with the gaps that rows leave which are gone."""
    numbers = Sequence("public.s", 100, 10, 1, 10**9)
    made = table("t", column("id", INT, identity="d", sequence=numbers), column("s", TEXT), uniques=[primary("id")])
    found = [int(value or 0) for (value,) in rows_of(drafted(made, count), "id")]

    assert [100 + 10 * place for place in range(count * 2) if place % 11 != 7][:count] == sorted(found)


def test_numbers_go_on_after_rows_that_exist() -> None:
    """A second filling of the same table meets no key of the first."""
    made = table("t", column("id", INT, identity="a"), uniques=[primary("id")])

    assert drafted(made, 3, order=Order(1, first={"id": 8})).spread("id") == ["8", "9", "10"]


@pytest.mark.parametrize(
    "kind", [INT, BIG, TEXT, DATE, MOMENT, UUID, NUMERIC, array_of(INT), domain("word", TEXT, "(VALUE <> ''::text)")]
)
@pytest.mark.parametrize("count", [40, PROTOTYPES + 200])
def test_a_unique_column_repeats_nothing(kind: Type, count: int) -> None:
    """Not even where the rows are multiplied."""
    made = table("t", column("k", kind, not_null=True), column("s", TEXT), uniques=[unique("k")])
    found = drafted(made, count).spread("k")

    assert count == len(found) == len(set(found))
    assert None not in found


def test_a_unique_column_of_few_values_has_no_more_rows() -> None:
    """Three labels make three rows; a row that could not have a key of its own is not drafted."""
    made = table("t", column("m", MOOD, not_null=True), uniques=[unique("m")])

    assert sorted(map(str, drafted(made, 40).spread("m"))) == ["happy", "ok", "sad"]


def test_a_unique_column_may_hold_null_more_than_once() -> None:
    """Unless the index says NULLS NOT DISTINCT: then once at most."""
    columns = (column("k", TEXT), column("s", TEXT))
    many = drafted(table("t", *columns, uniques=[unique("k")]), 60).spread("k")
    once = drafted(table("t", *columns, uniques=[unique("k", nulls_equal=True)]), 60).spread("k")

    assert many.count(None) > 1
    assert once.count(None) <= 1


@settings(max_examples=25)
@given(count=st.integers(1, 400), seed=st.integers(0, 3))
def test_a_composite_key_repeats_nothing(count: int, seed: int) -> None:
    """Two columns of few values each: no pair comes twice, whatever single values do."""
    moods = enum("m", *"abcdefgh")
    made = table("t", column("a", moods, not_null=True), column("b", moods, not_null=True), uniques=[primary("a", "b")])
    found = rows_of(drafted(made, count, order=Order(seed)), "a", "b")

    assert len(found) == len(set(found))
    assert len(found) >= min(count, 20)


def test_a_unique_expression_is_kept_apart() -> None:
    """lower(email): two spellings of one word would break it."""
    folded = Unique("u", (Element(None, "lower(email)"),))
    made = table("t", column("email", TEXT, not_null=True), uniques=[folded])
    found = [str(value).casefold() for value in drafted(made, 200).spread("email")]

    assert len(found) == len(set(found)) == 200


def test_a_partial_unique_index_binds_only_its_rows() -> None:
    """One open entry a name at most, while those that are closed repeat."""
    moods = enum("state", "open", "closed")
    index = unique("who", where="(state = 'open'::public.state)")
    made = table("t", column("who", enum("who", "a", "b", "c")), column("state", moods, not_null=True), uniques=[index])
    found = rows_of(drafted(made, 60), "who", "state")
    opened = [who for who, state in found if state == "open" and who is not None]

    assert len(opened) == len(set(opened))
    assert max(Counter(who for who, state in found if state == "closed").values()) > 1


def test_a_column_under_an_insensitive_collation_is_kept_apart_by_its_folding() -> None:
    """What such a collation holds for equal may not come twice."""
    made = table("t", column("s", TEXT, not_null=True, folds=True), uniques=[unique("s")])
    found = ["".join(c for c in str(v).casefold() if c.isascii()) for v in drafted(made, 100).spread("s")]

    assert len(found) == len(set(found))


def test_an_exclusion_constraint_keeps_periods_apart() -> None:
    """No two ranges of one column overlap."""
    apart = Unique("x", (Element("during", operator="&&"),))
    made = table("t", column("during", DATERANGE, not_null=True), uniques=[apart])
    spans = sorted(
        tuple(part.strip('"') for part in str(value).strip("[)").split(",")) for value in drafted(made, 50).spread("during")
    )

    assert len(spans) == 50
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@settings(max_examples=25)
@given(low=st.integers(-1000, 1000), width=st.integers(0, 500), count=st.integers(1, 300))
def test_a_condition_on_one_column_holds_in_every_row(low: int, width: int, count: int) -> None:
    """Between two bounds, however narrow, and in as many rows as were asked for."""
    made = table("t", column("n", INT, not_null=True), checks=[f"((n >= {shown(low)}) AND (n <= {shown(low + width)}))"])
    batch = drafted(made, count)

    assert count == batch.rows
    assert all(low <= int(str(value)) <= low + width for value in batch.spread("n"))


@settings(max_examples=15)
@given(count=st.integers(1, 400), seed=st.integers(0, 4))
def test_a_condition_on_two_columns_holds_in_every_row(count: int, seed: int) -> None:
    """An end after its beginning, where both are known."""
    made = table("t", column("starts", DATE, not_null=True), column("ends", DATE), checks=["(ends > starts)"])
    found = rows_of(drafted(made, count, order=Order(seed)), "starts", "ends")

    assert found
    assert all(date.fromisoformat(str(end)) > date.fromisoformat(str(start)) for start, end in found if end is not None)


def test_exactly_one_of_several_columns() -> None:
    """num_nonnulls(...) = 1: no row has two of them, or none."""
    made = table("t", column("a", INT), column("b", TEXT), column("c", DATE), checks=["(num_nonnulls(a, b, c) = 1)"])
    found = rows_of(drafted(made, 120), "a", "b", "c")

    assert len(found) >= 100
    assert {1} == {sum(value is not None for value in row) for row in found}
    assert all(any(row[place] is not None for row in found) for place in range(3))


def test_a_condition_that_depends_on_a_state() -> None:
    """What is paid has a moment, what is not has none."""
    state = enum("state", "open", "paid")
    check = "((state = 'paid'::public.state) = (paid_at IS NOT NULL))"
    made = table("t", column("state", state, not_null=True), column("paid_at", MOMENT), checks=[check])
    found = rows_of(drafted(made, 100), "state", "paid_at")

    assert {"open", "paid"} == {state for state, _ in found}
    assert all((state == "paid") == (moment is not None) for state, moment in found)


def test_a_condition_that_nothing_meets_is_said() -> None:
    """As a reason that names the condition, not as a table without rows."""
    made = table("t", column("n", INT, not_null=True), checks=["((n > 5) AND (n < 3))"])

    with pytest.raises(Impossible, match=r"\(n > 5\) AND \(n < 3\).*could not be satisfied"):
        drafted(made, 10)


def test_a_type_without_values_is_said() -> None:
    """A column that must hold one cannot be filled; one that need not is left NULL."""
    void = enum("void")

    assert drafted(table("t", column("v", void), column("s", TEXT)), 5).spread("v") == [None] * 5
    with pytest.raises(Impossible, match="no value of type"):
        drafted(table("t", column("v", void, not_null=True)), 5)


def test_references_point_at_rows_that_exist() -> None:
    """At those of the parent, or nowhere where that is allowed; some parents have several children."""
    made = table("t", column("id", INT, identity="d"), column("owner", INT), keys=[refers("owner", to="users")])
    found = drafted(made, 500, keys=lambda key: ids(40)).spread("owner")
    counts = Counter(found)

    assert set(found) <= {None, *(number for (number,) in ids(40))}
    assert counts[None] > 0
    assert max(counts.values()) > 1


def test_a_reference_that_must_point_somewhere_never_is_null() -> None:
    """NOT NULL, and in every row one of the keys given."""
    made = table("t", column("owner", INT, not_null=True), keys=[refers("owner", to="users")])

    assert {"1", "2", "3"} == set(drafted(made, 400, keys=lambda key: ids(3)).spread("owner"))


def test_a_reference_to_an_empty_table() -> None:
    """Rows point nowhere where they may; where they must not, the parent is named in the reason."""
    loose = table("t", column("owner", INT), keys=[refers("owner", to="users")])
    strict = table("t", column("owner", INT, not_null=True), keys=[refers("owner", to="users")])

    assert {None} == set(drafted(loose, 10, keys=lambda key: []).spread("owner"))
    with pytest.raises(Impossible, match=r"public\.users"):
        drafted(strict, 10, keys=lambda key: [])


def test_one_to_one() -> None:
    """A unique reference takes each parent once: no more rows than parents."""
    made = table("t", column("user", INT, not_null=True), keys=[refers("user", to="users")], uniques=[primary("user")])
    found = drafted(made, 50, keys=lambda key: ids(12)).spread("user")

    assert sorted(number for (number,) in ids(12)) == sorted(map(str, found))


@settings(max_examples=15)
@given(left=st.integers(1, 12), right=st.integers(1, 12), count=st.integers(1, 300))
def test_a_table_that_links_two(left: int, right: int, count: int) -> None:
    """No pair twice, every half a row that exists."""
    keys = {"public.a": ids(left), "public.b": ids(right)}
    made = table(
        "t",
        column("a", INT, not_null=True),
        column("b", INT, not_null=True),
        keys=[refers("a", to="a"), refers("b", to="b")],
        uniques=[primary("a", "b")],
    )
    found = rows_of(drafted(made, count, keys=lambda key: keys[key.parent]), "a", "b")

    assert len(found) == len(set(found)) > 0
    assert all((a,) in keys["public.a"] and (b,) in keys["public.b"] for a, b in found)


def test_two_references_that_share_a_column_agree() -> None:
    """A row's tenant is that of both rows it points at."""
    pairs = [(str(tenant), str(number)) for tenant in (1, 2, 3) for number in range(tenant * 10, tenant * 10 + 4)]
    made = table(
        "t",
        column("tenant", INT, not_null=True),
        column("author", INT, not_null=True),
        column("editor", INT),
        keys=[
            refers("tenant", "author", to="users", columns=("tenant", "id")),
            refers("tenant", "editor", to="users", columns=("tenant", "id")),
        ],
    )
    found = rows_of(drafted(made, 80, keys=lambda key: pairs), "tenant", "author", "editor")

    assert len(found) == 80
    assert all((tenant, author) in pairs for tenant, author, _ in found)
    assert all((tenant, editor) in pairs for tenant, _, editor in found if editor is not None)
    assert any(editor is not None for *_, editor in found)


def test_match_full_is_all_or_nothing() -> None:
    """Either both columns are NULL, or neither."""
    made = table("t", column("a", INT), column("b", INT), keys=[refers("a", "b", to="p", columns=("a", "b"), full=True)])
    found = rows_of(drafted(made, 80, keys=lambda key: [("1", "2"), ("3", "4")]), "a", "b")

    assert {(None, None), ("1", "2"), ("3", "4")} == set(found)


@pytest.mark.parametrize("count", [30, PROTOTYPES + 500])
def test_a_tree_has_no_row_before_its_parent(count: int) -> None:
    """Rows that refer to the same table point at rows that were drafted, and some are roots."""
    made = table(
        "t", column("id", INT, identity="d"), column("parent", INT), keys=[refers("parent", to="t")], uniques=[primary("id")]
    )
    found = rows_of(drafted(made, count), "id", "parent")
    known = {number for number, _ in found}

    assert all(parent in known for _, parent in found if parent is not None)
    assert any(parent is None for _, parent in found)
    assert any(parent is not None for _, parent in found)


def test_a_row_that_must_have_a_parent_is_its_own() -> None:
    """parent NOT NULL in a table of its own: the first row can point at nothing but itself."""
    made = table(
        "t",
        column("id", INT, identity="d"),
        column("parent", INT, not_null=True),
        keys=[refers("parent", to="t")],
        uniques=[primary("id")],
    )
    found = rows_of(drafted(made, 20), "id", "parent")

    assert found[0][0] == found[0][1]
    assert {parent for _, parent in found} <= {number for number, _ in found}


def test_a_circle_is_closed_once_both_tables_are_drafted() -> None:
    """Columns that wait for their parents are empty first, and point at them afterwards."""
    key = refers("lead", to="people")
    teams = table("teams", column("id", INT, identity="d"), column("lead", INT), keys=[key], uniques=[primary("id")])
    plan = make_plan(teams, pools(), lambda each: None, Order(1))
    draft = Draft(plan, chance(1, "circle"))
    first = draft.make(30)
    before = list(first.spread("lead"))
    closing = make_plan(teams, pools(), lambda each: ids(5), Order(1, "circle"))
    draft.complete([each for each in closing.references if each.key == key])

    assert [key] == plan.pending
    assert before == [None] * 30
    assert {number for (number,) in ids(5)} >= set(first.spread("lead")) - {None} != set()


def test_a_key_with_a_condition_takes_only_parents_that_meet_it() -> None:
    """CHECK (owner > 10) refuses the others."""
    made = table("t", column("owner", INT, not_null=True), keys=[refers("owner", to="users")], checks=["(owner > 10)"])

    assert {"11", "12", "13"} == set(drafted(made, 60, keys=lambda key: ids(13)).spread("owner"))


def test_parents_get_what_their_children_ask_for() -> None:
    """Where a condition of a child names values of its reference, the parent is to have rows with them."""
    child = table("c", column("code", TEXT), keys=[refers("code", to="p", columns=("id",))], checks=["(code = 'xy'::text)"])
    parent = table("p", column("id", TEXT), uniques=[primary("id")])

    assert {
        name: {each: tuple(v for v in values if v == "xy") for each, values in columns.items()}
        for name, columns in wishes([child, parent]).items()
    } == {"public.p": {"id": ("xy",)}}
    assert "xy" in drafted(parent, 40, order=Order(1, wishes={"id": ("xy",)})).spread("id")


def test_partitions_get_rows_that_their_bounds_take() -> None:
    """Each of them some, and no row lies outside of all."""
    leaves = [
        Leaf("public.p1", "((n IS NOT NULL) AND (n >= 0) AND (n < 100))"),
        Leaf("public.p2", "((n IS NOT NULL) AND (n >= 100) AND (n < 200))"),
    ]
    made = table("t", column("n", INT, not_null=True), column("s", TEXT), partition_key=["n"], leaves=leaves)
    found = [int(str(value)) for value in drafted(made, 60).spread("n")]

    assert all(0 <= value < 200 for value in found)
    assert {True, False} == {value < 100 for value in found}


def test_only_the_partitions_that_are_asked_for_get_rows() -> None:
    """The other one holds rows already."""
    leaves = [Leaf("public.p1", "((m = 'sad'::public.mood))"), Leaf("public.p2", "((m = 'ok'::public.mood))")]
    made = table("t", column("m", MOOD, not_null=True), partition_key=["m"], leaves=leaves)

    assert {"ok"} == set(drafted(made, 20, order=Order(1, leaves=frozenset({"public.p2"}))).spread("m"))


def test_a_hash_partition_leaves_its_column_free() -> None:
    """Its function is the server's: only what else the bound says is asked of a row."""
    bound = bound_of(Leaf("public.p", "satisfies_hash_partition('16384'::oid, 4, 0, id)"))

    assert frozenset() == bound.columns
    assert frozenset({"n"}) == bound_of(Leaf("p", "((n > 3) AND satisfies_hash_partition('1'::oid, 4, 0, id))")).columns


def test_only_the_columns_asked_for_are_drafted() -> None:
    """A column that a step has added is filled beside what the rows hold, and meets the conditions that tie them."""
    made = table("t", column("low", INT), column("high", INT), checks=["(high > low)"])
    order = Order(1, "added", frozenset({"high"}), leaves=frozenset())
    context: dict[str, list[str | None]] = {"low": [str(number) for number in range(0, 50, 5)]}
    batch = Draft(make_plan(made, pools(), lambda key: None, order), chance(1, "x"), context).make(10)

    assert context["low"] == batch.columns["low"]
    assert all(
        high is None or int(high) > int(str(low))
        for row, (low, high) in enumerate(zip(batch.columns["low"], batch.columns["high"], strict=True))
        if row not in batch.dropped
    )


def test_keys_of_rows_that_exist_are_not_drafted_again() -> None:
    """Neither single ones nor pairs."""
    labels = enum("l", *"abcdefgh")
    made = table("t", column("k", labels, not_null=True), uniques=[unique("k")])
    existing = [{"k": letter} for letter in "abcdef"]

    assert {"g", "h"} == set(drafted(made, 20, order=Order(1, existing=existing)).spread("k"))


def test_a_number_under_a_condition_keeps_to_it() -> None:
    """A sequence whose numbers the condition refuses gives way to numbers that it takes."""
    free = table("t", column("id", INT, identity="d"), checks=["(id > 0)"], uniques=[primary("id")])
    bound = table("t", column("id", INT, identity="d"), checks=["(id > 1000)"], uniques=[primary("id")])

    assert drafted(free, 3).spread("id") == ["1", "2", "3"]
    found = [int(str(value)) for value in drafted(bound, 20).spread("id")]
    assert len(set(found)) == len(found) > 0
    assert min(found) > 1000


def test_a_row_is_not_updated_before_it_is_created() -> None:
    """Moments whose names say which comes first keep that order."""
    made = table("t", column("created_at", MOMENT, not_null=True), column("updated_at", MOMENT, not_null=True))

    assert all(str(then) >= str(first) for first, then in rows_of(drafted(made, 100), "created_at", "updated_at"))


def test_generated_columns_are_left_to_the_database() -> None:
    """They are not drafted at all."""
    assert "g" not in drafted(table("t", column("n", INT), column("g", INT, generated=True)), 5).columns


# -- after a profile ---------------------------------------------------------------------------------------------------


def portrayed(made: Column, profile: ColumnProfile, rows: int, *groups: NullGroup, **constraints: object) -> list[str | None]:
    known = Portrait(TableProfile("public.t", rows, None, (profile,), groups), rows)
    return drafted(table("t", made, **constraints), rows, order=Order(1, portrait=known)).spread(made.name)  # type: ignore[arg-type]


def test_a_profile_decides_how_often_a_value_occurs() -> None:
    """Within the small share that adversarial values take, also where rows are multiplied."""
    known = ColumnProfile("s", "text", 0.0, 2, None, 5, (Common(0.75, "open"), Common(0.25, "paid")))
    counts = Counter(portrayed(column("s", TEXT), known, 2000))

    assert abs(counts["open"] - 1470) <= 40
    assert abs(counts["paid"] - 490) <= 40


def test_a_profile_decides_how_many_rows_are_null() -> None:
    """Where nothing but the column decides about it."""
    known = ColumnProfile("n", "integer", 0.4, 10, None, 4)

    assert abs(portrayed(column("n", INT), known, 1000).count(None) - 400) <= 4


def test_columns_that_are_null_together_stay_so() -> None:
    """As the patterns of the profile say."""
    group = NullGroup(("a", "b"), (NullPattern(("a", "b"), 0.5), NullPattern((), 0.5)))
    columns = (ColumnProfile("a", "integer", 0.5, 9, None, 4), ColumnProfile("b", "text", 0.5, 9, None, 6))
    known = Portrait(TableProfile("public.t", 200, None, columns, (group,)), 200)
    made = table("t", column("a", INT), column("b", TEXT))
    found = rows_of(drafted(made, 200, order=Order(1, portrait=known)), "a", "b")

    assert Counter((a is None, b is None) for a, b in found) == {(True, True): 100, (False, False): 100}


def test_numbers_of_a_profile_lie_in_its_buckets() -> None:
    """All but the adversarial ones, each bucket by its weight."""
    shape = Shape("number", (Bucket(100.0, 200.0, 0.8), Bucket(1000.0, 2000.0, 0.2)))
    known = ColumnProfile("n", "integer", 0.0, 50, None, 4, (), shape)
    found = [int(str(value)) for value in portrayed(column("n", INT, not_null=True), known, 1000)]

    assert abs(sum(100 <= value < 200 for value in found) - 784) <= 40
    assert abs(sum(1000 <= value < 2000 for value in found) - 196) <= 40


def test_moments_of_a_profile_lie_in_its_years() -> None:
    """Dates too."""
    shape = Shape("year", (Bucket(2011.0, 2012.0, 1.0),))
    known = ColumnProfile("d", "date", 0.0, 300, None, 4, (), shape)
    found = portrayed(column("d", DATE, not_null=True), known, 1000)

    assert sum(str(value).startswith("2011-") for value in found) >= 950


def test_a_profile_cannot_break_a_condition_or_a_key() -> None:
    """What the schema asks for at this revision comes before what production looked like at another."""
    shape = Shape("number", (Bucket(0.0, 1000.0, 1.0),))
    known = ColumnProfile("n", "integer", 0.0, None, 1.0, 4, (), shape)
    checked = portrayed(column("n", INT, not_null=True), known, 200, checks=["(n < 10)"])
    unrepeated = portrayed(column("n", INT, not_null=True), known, 300, uniques=[unique("n")])

    assert all(int(str(value)) < 10 for value in checked)
    assert len(unrepeated) == len(set(unrepeated)) == 300


def test_texts_of_a_profile_have_its_width() -> None:
    """On average, and never more than the column takes."""
    known = ColumnProfile("s", "character varying", 0.0, None, 0.9, 41)
    found = [str(value) for value in portrayed(column("s", VARCHAR, modifier=64, not_null=True), known, 500)]

    assert max(map(len, found)) <= 60
    assert 30 <= sum(len(value.encode()) for value in found) / len(found) <= 50


def test_references_of_a_profile_are_null_as_often_as_they_were() -> None:
    """Where a reference may point nowhere the profile says how often."""
    known = Portrait(TableProfile("public.t", 400, None, (ColumnProfile("owner", "integer", 0.5, 9, None, 4),)), 400)
    made = table("t", column("owner", INT), keys=[refers("owner", to="users")])
    found = drafted(made, 400, keys=lambda key: ids(9), order=Order(1, portrait=known)).spread("owner")

    assert abs(found.count(None) - 200) <= 8


def test_numeric_values_of_a_profile_keep_the_scale_of_their_column() -> None:
    """numeric(6,2) has two digits behind the point, whatever the shape."""
    shape = Shape("number", (Bucket(10.0, 20.0, 1.0),))
    known = ColumnProfile("n", "numeric(6,2)", 0.0, 50, None, 5, (), shape)
    found = portrayed(column("n", NUMERIC, modifier=(6 << 16 | 2) + 4, not_null=True), known, 200)

    assert all(-Decimal(str(value)).as_tuple().exponent <= 2 for value in found if value != "NaN")  # type: ignore[operator]
    assert sum(10 <= Decimal(str(value)) < 20 for value in found if value != "NaN") >= 180

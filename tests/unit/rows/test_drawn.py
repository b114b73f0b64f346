"""Rows under keys that are drawn anew by each run are known by what they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migration_checks.rows.compare import Comparison
from migration_checks.rows.drawn import Drawn, unpaired
from migration_checks.rows.volatile import KEY, NAME, Volatile
from migration_checks.snapshot import Reference, Table
from tests.unit.rows.support import Paper, column, named, table

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOWS = ((START, START + timedelta(seconds=1)), (START + timedelta(minutes=1), START + timedelta(minutes=1, seconds=1)))

ROLES = table("roles", column("id", "integer", drawn=True), column("name"), oid=1, key=["id"])
USERS = table(
    "users",
    column("role_id", "integer"),
    column("since", "timestamp with time zone"),
    oid=2,
    key=["role_id"],
    references=[Reference(("role_id",), "public.roles", 1, ("id",))],
)


def drawn(*now: Table, origin: tuple[Table, ...] = ()) -> tuple[Drawn, Paper]:
    """Two runs that came to the same tables from `origin`."""
    shop = Paper()
    return Drawn(shop, named(*now), named(*now), named(*origin), WINDOWS), shop


def test_a_row_is_named_by_all_but_its_drawn_key() -> None:
    """On both sides, once."""
    runs, shop = drawn(ROLES)
    names = runs.names(1)

    assert names is not None
    assert 2 == len(set(names)) == len(shop.sent)
    assert all(f'SELECT r."id"::text AS {KEY}, ROW(r."name")::text AS {NAME}' in each for each in shop.sent)
    assert (names, 2) == (runs.names(1), len(shop.sent))


def test_a_name_holds_that_of_what_it_refers_to_and_no_moment_of_the_run() -> None:
    """A key that is a drawn key of another table is that row's name; what was written now is one and the same now."""
    runs, shop = drawn(ROLES, USERS)
    names = runs.names(2)

    assert names is not None
    assert {"role_id": runs.names(1)} == dict(runs.references(USERS))
    first, second = shop.sent[2:]
    assert f'n.{KEY} = r."role_id"::text' in first
    assert "THEN 'now' ELSE r.\"since\"::text END" in first
    assert f"{WINDOWS[0][0].timestamp() - 2:.6f}" in first
    assert f"{WINDOWS[1][0].timestamp() - 2:.6f}" in second


def test_rows_that_both_runs_found_are_known_by_their_keys() -> None:
    """Those were not drawn anew, whatever was made of them."""
    runs, shop = drawn(ROLES, origin=(ROLES,))

    assert runs.names(1) is not None
    assert 'WHEN r."id"::text IN (SELECT o."id"::text FROM migration_checks_own.m1 AS o)' in shop.sent[0]
    assert "ELSE 'row ' || ROW(" in shop.sent[0]


def test_a_key_that_was_added_only_now_names_no_row_of_before() -> None:
    """Its numbers are left out, as those of new rows are."""
    before = table("roles", column("name", number=2), oid=1)
    runs, shop = drawn(ROLES, origin=(before,))

    assert {"id"} == runs.created(ROLES)
    assert set() == runs.created(before)
    assert runs.names(1) is not None
    assert "CASE" not in shop.sent[0]


@pytest.mark.parametrize(
    "other",
    [
        table("roles", column("id", "integer"), column("name"), oid=1, key=["id"]),
        table("roles", column("id", "integer", drawn=True), column("name"), oid=1, key=["id"], unread="locked"),
        table("roles", column("id", "integer", drawn=True), column("name"), oid=1, key=["id", "name"]),
        table("roles", column("id", "integer", drawn=True), column("name"), oid=1),
    ],
    ids=["not drawn", "not read", "of two columns", "no key"],
)
def test_rows_that_need_no_name(other: Table) -> None:
    """Without a drawn key of one column, rows are told apart as ever."""
    runs, shop = drawn(other)

    assert (None, []) == (runs.names(1), shop.sent)
    assert runs.names(99) is None


@pytest.mark.parametrize(
    "before",
    [
        table("roles", column("id", "integer"), column("name"), oid=1, key=["id"], mirrored=False),
        table("roles", column("id", "integer"), column("name"), oid=1, key=["name"]),
        table("roles", column("id", "integer"), column("name"), oid=1, key=["id"], unread="locked"),
    ],
    ids=["not kept", "another key", "not read"],
)
def test_rows_of_before_that_are_not_known(before: Table) -> None:
    """They could not be told from new ones."""
    assert drawn(ROLES, origin=(before,))[0].names(1) is None


def test_a_circle_of_references_is_cut() -> None:
    """A table that refers to itself is named by its other columns alone."""
    tree = table(
        "tree",
        column("id", "integer", drawn=True),
        column("parent_id", "integer"),
        oid=3,
        key=["id"],
        references=[Reference(("parent_id",), "public.tree", 3, ("id",))],
    )
    runs, shop = drawn(tree)

    assert runs.names(3) is not None
    assert 'ROW(r."parent_id"::text)::text' in shop.sent[0]


def test_what_was_made_in_a_part_that_failed_is_made_anew() -> None:
    """It is gone with that part."""
    runs, shop = drawn(ROLES)
    first = runs.names(1)
    runs.forget()

    assert first != runs.names(1)
    assert 4 == len(shop.sent)


def test_rows_of_one_name_are_paired_off() -> None:
    """New ones only; as many as there are on both sides. What finds no partner is left."""
    shop = Paper(lambda query: [(3,)])
    before, after, pairs = unpaired(shop, ("one", "two"), "before", "after", '"id"')
    joined, left, right, _ = shop.sent

    assert 3 == pairs
    assert before != after
    assert all(
        f"SELECT {KEY}, {NAME}, row_number()" in joined and f"FROM {each} WHERE left(" in joined for each in ("one", "two")
    )
    assert f"USING ({NAME}, place)" in joined
    assert f"CREATE TEMPORARY TABLE {before}" in left
    assert 'FROM before AS r WHERE r."id"::text NOT IN (SELECT b FROM' in left
    assert 'FROM after AS r WHERE r."id"::text NOT IN (SELECT a FROM' in right


def test_references_are_alike_where_they_lead_to_rows_of_one_name() -> None:
    """Or where each is of its own run's making."""
    volatile = Volatile(WINDOWS, "b", "a", frozenset({"role_id"}), behind={"role_id": ("one", "two")})
    found = volatile.condition((USERS.columns[0], USERS.columns[0]), "b.x", "a.x")

    assert (
        f"EXISTS (SELECT FROM one AS x JOIN two AS y USING ({NAME}) WHERE x.{KEY} = b.x::text AND y.{KEY} = a.x::text)" in found
    )
    assert "b.x::text NOT IN" in found


def test_numbers_that_the_step_gave_say_nothing() -> None:
    """A column that both runs filled from a sequence differs wherever it is filled."""
    volatile = Volatile(WINDOWS, numbered={"number"})
    number = column("number", "integer"), column("number", "integer")

    assert "(b.x IS NOT NULL AND a.x IS NOT NULL)" == volatile.condition(number, "b.x", "a.x")


@pytest.mark.parametrize("type", ["integer", "bigint", "numeric", "double precision"])
def test_a_moment_written_as_a_number_is_chance(type: str) -> None:
    """In seconds, or in thousandths, millionths, billionths of them."""
    seconds = int(START.timestamp())
    condition = Volatile(WINDOWS).condition((column("at", type), column("at", type)), "b.x", "a.x")

    assert f"(b.x BETWEEN {seconds - 2} AND {seconds + 3} OR b.x BETWEEN {seconds - 2}000 AND {seconds + 3}000 OR" in condition
    assert f"a.x BETWEEN {seconds + 58}000000000 AND {seconds + 63}000000000)" in condition


def test_the_server_is_asked_for_names_only_between_two_runs() -> None:
    """Between one state and the next a key that differs is another row."""
    keys = table("roles", *ROLES.columns, oid=1, key=["id"], digests={"id": "integer:1", "name": "text:1", "": "a"})
    other = table("roles", *ROLES.columns, oid=1, key=["id"], digests={"id": "integer:2", "name": "text:1", "": "b"})
    answer = lambda query: [(0, 0) if "), (SELECT" in query else (0,) * max(query.count("count("), 1)]  # noqa: E731
    asked = []
    for more in ({}, {"windows": WINDOWS, "origin": {}}):
        shop = Paper(answer)
        Comparison(shop, 3, **more).compare(named(keys), named(other))  # type: ignore[arg-type]
        asked.append(any("migration_checks_names_" in each for each in shop.sent))

    assert [False, True] == asked

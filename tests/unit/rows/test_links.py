"""Where rows lead to, and which ascent wrote what: told by foreign keys, names and digests alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from migration_checks.rows.chain import Chain, Holdings
from migration_checks.rows.identity import pair_columns
from migration_checks.rows.lineup import Lineup, line_up
from migration_checks.rows.links import Link, carriers, content, referenced, referencing, same_row
from migration_checks.rows.written import without_written
from migration_checks.snapshot import Reference, Table
from tests.unit.rows.support import Paper, column, named, table


def to(target: str, oid: int, *columns: str, there: tuple[str, ...] = ("id",)) -> Reference:
    return Reference(columns, f"public.{target}", oid, there)


def ident(name: str = "id", type: str = "integer"):  # type: ignore[no-untyped-def]
    return column(name, type)


USERS = table("users", ident(), column("city"), oid=1, key=["id"])
ORDERS = table("orders", ident(), column("user_id", "integer"), oid=2, key=["id"], references=[to("users", 1, "user_id")])
CITIES = table("cities", ident(), column("name"), oid=3, key=["id"])


def stayed(left: Table, right: Table | None) -> Lineup:
    """A lineup by the key of `left`, as the server would confirm it."""
    columns = pair_columns(left, right or left)
    naming = columns.onward(left.key) or columns.pairs
    return Lineup(left, right, columns, naming, ("b JOIN a",) if right else (), None, 0)


def chain(
    before: Mapping[str, Table], after: Mapping[str, Table], *history: tuple[str, Mapping[str, Table], Mapping[str, Table]]
) -> Chain:
    return Chain(before, after, history, Holdings(Paper(lambda query: [(1,) * query.count("count(")])))


def told(links: object) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.how, each.table.name, each.via) for each in links]  # type: ignore[attr-defined]


def test_a_row_leads_to_itself() -> None:
    """As long as there is one."""
    (link,) = same_row(stayed(USERS, USERS))

    assert (link.how, link.table) == ("same row", USERS)
    assert list(same_row(stayed(USERS, None))) == []


def test_a_row_leads_to_those_that_refer_to_it() -> None:
    """By the columns of the foreign key, joined to the row's own."""
    tables = named(USERS, ORDERS, CITIES)
    (link,) = referencing(stayed(USERS, USERS), chain(tables, tables))

    assert told([link]) == [("referencing row", "public.orders", ("user_id",))]
    assert 't."id" = x."user_id"' in link.join


def test_a_reference_that_was_dropped_still_leads_there() -> None:
    """The rows stand where they stood; each is followed once."""
    loose = table("orders", ident(), column("user_id", "integer"), oid=2, key=["id"])

    found = told(referencing(stayed(USERS, USERS), chain(named(USERS, ORDERS), named(USERS, loose))))
    assert found == [("referencing row", "public.orders", ("user_id",))]
    assert len(told(referencing(stayed(USERS, USERS), chain(named(USERS, ORDERS), named(USERS, ORDERS))))) == 1


def test_a_table_that_links_two_leads_on_to_the_other() -> None:
    """users - lives - cities: a user's city may have gone to cities."""
    lives = table(
        "lives",
        ident("user_id"),
        ident("city_id"),
        oid=4,
        key=["user_id", "city_id"],
        references=[to("users", 1, "user_id"), to("cities", 3, "city_id")],
    )
    tables = named(USERS, CITIES, lives)
    found = told(referencing(stayed(USERS, USERS), chain(tables, tables)))

    assert found == [("referencing row", "public.lives", ("user_id",)), ("referencing row", "public.cities", ("id",))]


def test_a_row_leads_to_those_that_it_refers_to() -> None:
    """By a foreign key of before or of now."""
    after = table("users", ident(), column("city_id", "integer"), oid=1, key=["id"], references=[to("cities", 3, "city_id")])
    found = list(referenced(stayed(USERS, after), chain(named(USERS), named(after, CITIES))))

    assert told(found) == [("referenced row", "public.cities", ("id",))]
    assert 't."city_id" = x."id"' in found[0].join


def test_tables_that_cannot_be_read_lead_nowhere() -> None:
    """Neither as those that refer nor as those referred to."""
    hidden = table("orders", *ORDERS.columns, oid=2, references=ORDERS.references, unread="permission denied")

    assert told(referencing(stayed(USERS, USERS), chain(named(USERS, hidden), named(USERS, hidden)))) == []


def test_a_table_with_the_same_key_carries_it() -> None:
    """A column moved out to a table of its own, without a foreign key."""
    extra = table("user_cities", ident(), column("city"), oid=5)

    assert told(carriers(Paper(), stayed(USERS, USERS), [extra])) == [("referencing row", "public.user_cities", ("id",))]


@pytest.mark.parametrize(("name", "found"), [("user_id", True), ("users_id", True), ("total", False)])
def test_numbers_must_be_named_for_what_they_refer_to(name: str, found: bool) -> None:
    """They are alike everywhere; where the name fits, the server is asked how many of them are keys."""
    other = table("notes", column("n", "integer"), column(name, "integer"), oid=5)
    shop = Paper(lambda query: [(0.9,)])

    assert bool(told(carriers(shop, stayed(USERS, USERS), [other]))) is found
    assert bool(shop.sent) is found


def test_a_column_of_which_few_values_are_keys_carries_none() -> None:
    """Uuids of something else."""
    users = table("users", ident("id", "uuid"), oid=1, key=["id"])
    other = table("notes", column("n"), column("token", "uuid"), oid=5)

    assert told(carriers(Paper(lambda query: [(0.1,)]), stayed(users, users), [other])) == []
    assert told(carriers(Paper(lambda query: [(0.8,)]), stayed(users, users), [other]))


# -- the chain ---------------------------------------------------------------------------------------------------------


def at(made: Table, **digests: str) -> Table:
    """The table with other values: `digests` by column."""
    known = {each.name: "text:0" for each in made.columns} | digests
    return Table(
        made.name,
        made.oid,
        made.columns,
        made.key,
        made.rows,
        f"{made.relation}_{'_'.join(digests.values())}",
        known | {"": str(sorted(known.items()))},
        references=made.references,
    )


def wrote(found: Chain, place: Table, name: str, lost: Table, value: str) -> bool:
    column = next(each for each in place.columns if each.name == name)
    gone = next(each for each in lost.columns if each.name == value)
    return bool(found.written(place, column, lost, gone)[0])


def test_only_what_an_ascent_changed_was_written_by_it() -> None:
    """A table that stands as it stood took nothing."""
    users, same = at(USERS), at(CITIES)
    changed = at(CITIES, name="text:9")

    assert wrote(chain(named(users, same), named(users, changed)), changed, "name", users, "city")
    assert not wrote(chain(named(users, same), named(users, changed)), changed, "id", users, "city")
    assert not wrote(chain(named(users, same), named(users, same)), same, "name", users, "city")


def test_a_new_table_was_written_by_the_ascent_that_made_it() -> None:
    """All of it."""
    users, cities = at(USERS), at(CITIES)

    assert wrote(chain(named(users), named(users, cities)), cities, "name", users, "city")


def test_an_earlier_ascent_is_named() -> None:
    """What it wrote when the lost column was there already."""
    users, cities = at(USERS), at(CITIES)
    gone = table("users", ident(), oid=1, key=["id"])
    found = chain(named(users, cities), named(gone, cities), ("a1", named(users), named(users, cities)))
    written, by = found.written(cities, cities.columns[1], users, users.columns[1])

    assert (written, by) == (True, "a1")


def test_an_ascent_before_the_lost_column_wrote_none_of_it() -> None:
    """What stood beside the values from the beginning is not where they went."""
    users, cities = at(USERS), at(CITIES)
    without = table("users", ident(), oid=1, key=["id"])
    history = ("a1", named(without), named(without, cities)), ("b2", named(without, cities), named(users, cities))
    found = chain(named(users, cities), named(users, cities), *history)

    assert not found.written(cities, cities.columns[1], users, users.columns[1])[0]


def test_tables_that_may_have_taken_rows() -> None:
    """Those that are new, or have more rows, or a new column; never the lost one itself."""
    more = table("archive", ident(), oid=6, rows=9)
    fewer = table("archive", ident(), oid=6, rows=2)
    empty = table("later", ident(), oid=7, rows=0)
    before, after = named(USERS, fewer, CITIES), named(USERS, more, CITIES, ORDERS, empty)

    assert {each.name for each in chain(before, after).receivers(USERS)} == {"public.archive", "public.orders"}


def test_the_server_is_asked_once_what_a_mirror_holds() -> None:
    """One statement for all of its columns."""
    shop = Paper(lambda query: [(5, 0)])
    holds = Holdings(shop)

    assert (holds(USERS, USERS.columns[0]), holds(USERS, USERS.columns[1])) == (True, False)
    assert len(shop.sent) == 1


# -- rows of ours ------------------------------------------------------------------------------------------------------


def test_a_table_that_is_gone_is_named_by_its_key() -> None:
    """All of its rows are gone; without a key whole rows name them."""
    lineup = line_up(Paper(), USERS, None)
    loose = line_up(Paper(), table("log", column("a"), column("b")), None)

    assert (lineup.gone_rows, [one.name for one, _ in lineup.naming]) == (5, ["id"])
    assert [one.name for one, _ in loose.naming] == ["a", "b"]
    assert loose.named(0, "r") == 'ROW(r."a", r."b")::text'


def test_rows_proven_the_same_are_not_looked_for() -> None:
    """Digests of the key say so."""
    left = at(USERS)
    shop = Paper()
    lineup = line_up(shop, left, at(USERS, city="text:9"))

    assert (lineup.gone, lineup.gone_rows, len(lineup.same)) == (None, 0, 1)
    assert shop.sent == []


def test_rows_of_our_own_are_set_aside_by_their_keys() -> None:
    """Those that were new, or altered, between two states; nothing where nothing was written."""
    left, written = at(USERS), at(USERS, city="text:9")
    key = pair_columns(left, left).onward(("id",))
    assert key is not None
    shop = Paper()
    before, after, removed = without_written(
        shop, [(named(left), named(written))], left, pair_columns(left, left), key, "x", "y"
    )

    assert removed == 0
    assert "FROM x AS r WHERE NOT EXISTS" in before
    assert "FROM y AS r WHERE NOT EXISTS" in after
    assert 'o."id"::text = n."id"::text' in shop.sent[0]
    assert without_written(Paper(), [(named(left), named(left))], left, pair_columns(left, left), key, "x", "y") == (
        "x",
        "y",
        0,
    )


def test_a_link_proves_nothing_by_its_own_columns() -> None:
    """They are named, so that the search leaves them out."""
    assert Link("referencing row", ORDERS, "", ("user_id",)).via == ("user_id",)


def test_a_reference_to_columns_that_are_gone_leads_nowhere() -> None:
    """Neither to rows that refer by what was dropped, nor to rows that were referred to by it."""
    by_code = table("orders", ident(), column("code"), oid=2, references=[to("users", 1, "code", there=("code",))])
    coded = table("users", ident(), column("code", number=9), oid=1, key=["id"], references=[to("cities", 3, "code")])

    assert told(referencing(stayed(USERS, USERS), chain(named(USERS), named(USERS, by_code)))) == []
    assert told(referenced(stayed(coded, USERS), chain(named(coded), named(USERS)))) == []


def test_a_row_that_is_gone_leads_on_from_what_it_was() -> None:
    """By the columns that the table had, though it is no more."""
    (link,) = referencing(stayed(USERS, None), chain(named(USERS, ORDERS), named(ORDERS)))

    assert 't."id" = x."user_id"' in link.join
    assert "ON t." in link.join
    assert "g.kid" in link.join


def test_content_leads_to_a_new_table_when_it_tells_rows_apart() -> None:
    """Whatever the keys: by the columns that both have, but those of the key."""
    archive = table("archive", column("city"), column("more"), oid=6)
    shop = Paper(lambda query: [(5, 3, 3)])
    (link,) = content(shop, stayed(USERS, None), "dead", [archive, table("misc", column("other"), oid=7)])

    assert told([link]) == [("new table", "public.archive", ())]
    assert 't."city"' in link.join
    assert 1 == sum("FROM dead AS t" in each for each in shop.sent)


@pytest.mark.parametrize(
    ("key", "counts", "found"),
    [
        (("id",), (5, 3, 1), True),
        (("id",), (5, 2, 5), False),
        (("id",), (5, 5, 0), False),
        ((), (5, 1, 3), True),
        ((), (5, 5, 2), False),
    ],
)
def test_content_that_many_rows_share_says_nothing(key: tuple[str, ...], counts: tuple[int, ...], found: bool) -> None:
    """Without a key there must be as much of it as there was."""
    gone = table("users", ident(), column("city"), oid=1, key=key)
    archive = table("archive", column("city"), oid=6)

    assert bool(told(content(Paper(lambda query: [counts]), stayed(gone, None), "dead", [archive]))) is found


def test_a_declared_reference_is_not_taken_for_another() -> None:
    """A column that refers to another table holds that table's keys, however it is named."""
    other = table("notes", column("n"), column("user_id", "integer"), oid=5, references=[to("people", 8, "user_id")])
    shop = Paper(lambda query: [(0.9,)])

    assert told(carriers(shop, stayed(USERS, USERS), [other])) == []
    assert shop.sent == []
    assert told(carriers(shop, stayed(table("users", ident(), oid=1), None), [other])) == []


def test_rows_of_ours_in_a_table_without_a_key() -> None:
    """They cannot be named: so many may be missing as were altered or deleted by our hand."""
    loose, written = (table("log", column("a"), oid=3, digests={"": each}) for each in "xy")
    shop = Paper(lambda query: [(2, 3)] if query.startswith("SELECT (SELECT count") else [])
    columns = pair_columns(loose, loose)

    assert without_written(shop, [(named(loose), named(written))], loose, columns, (), "b", "a") == ("b", "a", 2)
    assert without_written(Paper(), [(named(), named(written))], loose, columns, (), "b", "a") == ("b", "a", 0)


def test_all_rows_of_a_table_that_we_filled_are_ours() -> None:
    """Whether it is new, or its key was; a table whose key has another name later is none that could be asked."""
    left = at(USERS)
    key = pair_columns(left, left).onward(("id",))
    assert key is not None
    for earlier in (named(), named(table("users", column("city", number=2), oid=1))):
        shop = Paper()
        without_written(shop, [(earlier, named(left))], left, pair_columns(left, left), key, "x", "y")
        assert "NOT EXISTS" not in shop.sent[0]
    bare = named(table("users", column("city", number=2), oid=1))
    assert without_written(Paper(), [(named(left), bare)], left, pair_columns(left, left), key, "x", "y") == ("x", "y", 0)

"""Lost values are looked for where the links of their rows lead, and counted as found only where they were carried."""

from __future__ import annotations

import re
from typing import Any

import pytest

from migration_checks.rows.chain import Chain, Holdings
from migration_checks.rows.links import Link
from migration_checks.rows.search import Search
from migration_checks.snapshot import Table
from migration_checks.transition import Destination
from tests.unit.rows.support import Paper, column, named, table

USERS = table("users", column("id", "integer"), column("city"), oid=1, key=["id"])
NOW = table("users", column("id", "integer"), column("town", number=3), column("zip", number=4), oid=1, key=["id"])
CITIES = table("cities", column("user_id", "integer"), column("name"), column("code"), oid=2)
ITSELF = Link("same row", NOW, "JOIN now AS x ON x.row = g.akid", single=True)
BEYOND = Link("referencing row", CITIES, "JOIN cities AS x ON x.user_id = g.kid", ("user_id",))

_COLUMN = re.compile(r'x\."(\w+)"')


class Held:
    """What the server would say: how many values there are (`total`), and of the places of each column (found, filled)."""

    def __init__(self, total: int, chance: float = 0.0, **columns: tuple[int, ...]) -> None:
        self.left, self.chance, self.columns = total, chance, columns
        self.shop = Paper(self.answer)

    def answer(self, query: str) -> list[Any]:
        if "quote_ident" in query:
            return [(query.partition("'")[2].partition("'")[0],)]
        if "WITH linked" in query:
            return [(self.chance,)]
        if query.startswith("SELECT count(*) FILTER"):
            return [
                tuple(number for name in dict.fromkeys(_COLUMN.findall(query)) for number in self.columns.get(name, (0, 0)))
            ]
        if query.startswith("SELECT count(*) FROM"):
            return [(self.left,)]
        if "DELETE" in query:
            gone = min(max(self.columns[_COLUMN.findall(query)[0]][::2]), self.left)
            self.left -= gone
            return [()] * gone
        if query.startswith("TRUNCATE"):
            self.left = 0
        return []

    def search(self, *tables: Table, **more: Any) -> Search:
        chain = Chain(named(USERS), named(*tables), (), Holdings(self.shop))
        return Search(self.shop, chain, USERS, USERS.columns[1], "rest_1", **more)

    @property
    def asked(self) -> list[str]:
        return [each for each in self.shop.sent if each.startswith("SELECT count(*) FILTER")]


def test_values_are_found_in_the_columns_that_the_step_wrote() -> None:
    """All of them in one: they are there."""
    held = Held(4, town=(4, 5), zip=(0, 4))
    found = held.search(NOW, fresh=frozenset({"town", "zip"})).follow([ITSELF])

    assert [Destination("public.users.town", "same row", 4)] == found
    assert "TRUNCATE rest_1" in held.shop.sent
    assert " GROUP BY " not in held.asked[0]


def test_what_the_row_itself_held_before_proves_nothing() -> None:
    """Only what this step, or an earlier one, wrote into it."""
    held = Held(4, town=(4, 4))

    assert [] == held.search(USERS, fresh=frozenset()).follow([Link("same row", USERS, "JOIN now AS x", single=True)])
    assert [] == held.asked


def test_columns_of_the_link_itself_prove_nothing() -> None:
    """A key that leads to a row is in it by nature."""
    held = Held(4, user_id=(4, 4), name=(4, 4))

    assert [Destination("public.cities.name", "referencing row", 4)] == held.search(NOW, CITIES).follow([BEYOND])
    assert "bool_or(" in held.asked[0]
    assert 'x."user_id"::text' not in held.asked[0]


def test_they_complete_what_others_have_proven() -> None:
    """When asked to go through them."""
    held = Held(4, user_id=(4, 4))

    assert ["public.cities.user_id"] == [each.place for each in held.search(NOW, CITIES, through=True).follow([BEYOND])]


def test_the_best_place_comes_first_and_the_rest_is_looked_for_on() -> None:
    """What one place holds is taken out before the next is asked."""
    held = Held(6, name=(2, 2), code=(3, 3))
    found = held.search(NOW, CITIES).follow([BEYOND])

    assert [("public.cities.code", 3), ("public.cities.name", 2)] == [(each.place, each.count) for each in found]
    assert 1 == held.left


@pytest.mark.parametrize(("chance", "places"), [(0.05, ["public.cities.name"]), (0.5, []), (1.0, [])])
def test_agreement_must_go_beyond_chance(chance: float, places: list[str]) -> None:
    """Where a place holds other values as well, those of true and false agree with anything."""
    held = Held(20, chance, name=(10, 18))

    assert places == [each.place for each in held.search(NOW, CITIES).follow([BEYOND])]
    assert any("/ 18" in each for each in held.shop.sent)


def test_once_all_is_found_no_link_is_followed() -> None:
    """Nor when there is nothing to look for."""
    held = Held(4, town=(4, 4), name=(4, 4))
    held.search(NOW, CITIES, fresh=frozenset({"town"})).follow([ITSELF, BEYOND])

    assert 1 == len(held.asked)
    empty = Held(0)
    assert ([], 1) == (empty.search(NOW, CITIES).follow([BEYOND]), len(empty.shop.sent))


def test_values_of_rows_that_are_gone_note_which_arrived_where() -> None:
    """A row lives on where its values are; each table has a number."""
    held = Held(4, name=(4, 4))
    search = held.search(NOW, CITIES, arrivals="arrivals_1")
    search.follow([BEYOND])
    (deleted,) = (each for each in held.shop.sent if "DELETE" in each)

    assert deleted.endswith("RETURNING gid) INSERT INTO arrivals_1 SELECT gid, 0 FROM taken")
    assert {"public.cities": 0} == search.numbers
    assert {"public.cities": Destination("public.cities.name", "referencing row", 4)} == search.tables


def test_a_value_inside_a_document_of_its_own_row_went_into_a_document() -> None:
    """Elsewhere the way there counts for more."""
    array = table("users", column("id", "integer"), column("tags", "text[]", number=3), oid=1, key=["id"])
    beside = table("notes", column("user_id", "integer"), column("tags", "text[]"), oid=2)
    for link, how in (
        (Link("same row", array, "JOIN now AS x ON x.row = g.akid", single=True), "document"),
        (Link("referencing row", beside, "JOIN notes AS x ON x.user_id = g.kid", ("user_id",)), "referencing row"),
    ):
        held = Held(4)
        held.shop.answer = lambda query, held=held: (  # type: ignore[misc]
            [(0, 4, 3, 4)]
            if query.startswith("SELECT count(*) FILTER")
            else [()] * 3
            if "DELETE" in query
            else held.answer(query)
        )
        (found,) = held.search(array, beside, fresh=frozenset({"tags"})).follow([link])

        assert (how, 3) == (found.how, found.count)

"""What is lost is remembered: a declaration, the way back or a hand of ours may account for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from migration_checks.errors import ConfigurationError
from migration_checks.lineage import Transformation
from migration_checks.rows import Rows
from migration_checks.rows.declared import declared
from migration_checks.rows.lost import Lost, acquit, lost_samples
from migration_checks.rows.made_up import excuse
from migration_checks.snapshot import Table
from migration_checks.transition import Destination, Fate, ValueSample
from tests.unit.rows.support import Paper, column, named, table

USERS = table("users", column("id", "integer"), column("first"), column("last"), oid=1, key=["id"])
NOW = table("users", column("id", "integer"), column("last", number=3), column("full", number=4), oid=1, key=["id"])
LOST = Lost("lost_1", USERS, USERS.columns[:1], USERS.columns[1])
FATE = Fate("public.users.first", "values", "dropped", 5, (Destination("public.x.y", "same row", 2),), lost=3, caused_by="a1")
KNOWN = {("public.users.first", "values", "dropped"): LOST}
FULL = Transformation("b2", "public.users.full", "first || ' ' || last")


def counts(number: int) -> Callable[[str], list[Any]]:
    """A server that deletes so many rows, and has one of the others to show."""
    return lambda query: [()] * number if query.startswith("DELETE") else [(["7"], "Ada", None)]


# -- declared ----------------------------------------------------------------------------------------------------------


def test_what_a_declaration_accounts_for_has_moved() -> None:
    """Row by row: the rest is lost, and shown."""
    shop = Paper(counts(2))
    (fate,) = declared(shop, [FATE], KNOWN, [FULL], named(NOW), 3)

    assert (*FATE.moved, Destination("public.users.full", "declared transformation", 2)) == fate.moved
    assert (1, "a1") == (fate.lost, fate.caused_by)
    assert (ValueSample({"id": "7"}, "Ada", None),) == fate.samples
    assert "DELETE FROM lost_1 AS l" in shop.sent[0]
    assert "(first || ' ' || last) AS declared" in shop.sent[0]
    assert 'a."full" IS NOT NULL AND a."full"::text = b.declared::text::text' in shop.sent[0]


def test_where_all_is_accounted_for_nothing_is_shown() -> None:
    """Nor is anybody to blame."""
    (fate,) = declared(Paper(counts(3)), [FATE], KNOWN, [FULL], named(NOW), 3)

    assert (0, (), None) == (fate.lost, fate.samples, fate.caused_by)


@pytest.mark.parametrize("expression", ["upper(last)", "firstname", "old.first_name", "'the ' || \"First_\"", "first2"])
def test_a_declaration_speaks_for_the_columns_that_it_reads(expression: str) -> None:
    """Another name that holds that of the column is another column."""
    shop = Paper(counts(3))

    assert (FATE,) == declared(shop, [FATE], KNOWN, [Transformation("b2", "public.users.full", expression)], named(NOW), 3)
    assert [] == shop.sent


@pytest.mark.parametrize("expression", ["first", "FIRST", "upper(first)", 'coalesce("first", last)', "r.first||last"])
def test_a_column_is_read_however_it_is_written(expression: str) -> None:
    """In any case, qualified, in quotes."""
    (fate,) = declared(Paper(counts(3)), [FATE], KNOWN, [Transformation("b2", "public.users.full", expression)], named(NOW), 3)

    assert 0 == fate.lost


@pytest.mark.parametrize(
    ("lost", "after"),
    [
        (Lost("lost_1", USERS, USERS.columns[:1], None), NOW),
        (LOST, table("users", *NOW.columns, oid=9)),
        (LOST, table("users", column("full", number=4), column("last", number=3), oid=1)),
    ],
    ids=["rows that are gone", "rows that have another name", "a key that is gone"],
)
def test_a_declaration_does_not_speak_for(lost: Lost, after: Table) -> None:
    """What it cannot be held against, row by row, stays lost."""
    other = table("people", *USERS.columns, oid=1)
    lost = lost if after.oid == 1 else Lost("lost_1", other, other.columns[:1], other.columns[1])

    assert (FATE,) == declared(Paper(counts(0)), [FATE], {next(iter(KNOWN)): lost}, [FULL], named(after), 3)


def test_a_declaration_that_accounts_for_nothing_changes_nothing() -> None:
    """The values are as lost as they were."""
    assert (FATE,) == declared(Paper(counts(0)), [FATE], KNOWN, [FULL], named(NOW), 3)


def test_a_column_may_be_named_in_quotes() -> None:
    """As PostgreSQL writes it."""
    odd = table("users", column("id", "integer"), column("Full name", number=4), oid=1, key=["id"])
    for name in ("Full name", '"Full name"'):
        (fate,) = declared(
            Paper(counts(3)), [FATE], KNOWN, [Transformation("b2", f"public.users.{name}", "first")], named(odd), 3
        )
        assert f"public.users.{name}" == fate.moved[-1].place


def test_a_declared_column_that_is_not_there() -> None:
    """The declaration is wrong, and says where."""
    with pytest.raises(ConfigurationError, match=r"at b2 names public\.users\.full, which is not there"):
        declared(Paper(), [FATE], KNOWN, [FULL], named(USERS), 3)


def test_a_declared_expression_that_the_server_refuses() -> None:
    """In its own words."""

    def refuse(query: str) -> list[Any]:
        raise psycopg.errors.UndefinedFunction("function full_name(text) does not exist")

    with pytest.raises(ConfigurationError, match=r"at b2 cannot be evaluated: function full_name\(text\) does not exist\. "):
        declared(Paper(refuse), [FATE], KNOWN, [FULL], named(NOW), 3)


# -- the way back ------------------------------------------------------------------------------------------------------


def test_what_is_back_exactly_was_not_lost() -> None:
    """Held against what was there, in meaning, row by row."""
    shop = Paper(counts(2))
    (fate,) = acquit(shop, [FATE], KNOWN, named(USERS), 3)

    assert (2, 1, "a1") == (fate.restored, fate.lost, fate.caused_by)
    assert (ValueSample({"id": "7"}, "Ada", None),) == fate.samples
    assert shop.sent[0].endswith('(b."first"::text IS NOT DISTINCT FROM a."first"::text)')


def test_when_all_is_back_nobody_is_to_blame() -> None:
    """Nothing is shown either."""
    (fate,) = acquit(Paper(counts(3)), [FATE], KNOWN, named(USERS), 3)

    assert (3, 0, (), None) == (fate.restored, fate.lost, fate.samples, fate.caused_by)


def test_rows_are_back_when_all_of_their_columns_are() -> None:
    """Not only their keys."""
    gone = Fate("public.users", "rows", "deleted", 3, lost=3)
    shop = Paper(counts(3))
    (fate,) = acquit(
        shop, [gone], {("public.users", "rows", "deleted"): Lost("lost_1", USERS, USERS.columns[:1], None)}, named(USERS), 3
    )

    assert 3 == fate.restored
    assert all(f'b."{name}"' in shop.sent[0] for name in ("id", "first", "last"))


@pytest.mark.parametrize(
    "after",
    [
        (),
        (NOW,),
        (table("users", *USERS.columns, oid=1, unread="locked"),),
        (table("users", *USERS.columns[1:], oid=1),),
    ],
    ids=["no table", "no column", "not read", "no key"],
)
def test_what_is_not_there_is_not_back(after: tuple[Table, ...]) -> None:
    """The values stay lost."""
    assert (FATE,) == acquit(Paper(counts(3)), [FATE], KNOWN, named(*after), 3)


def test_what_was_never_lost_is_not_asked_for() -> None:
    """Nor what is not remembered."""
    found = Fate("public.users.last", "values", "dropped", 5)
    other = Fate("public.users.last", "values", "dropped", 5, lost=5)
    shop = Paper(counts(3))

    assert (found, other) == acquit(shop, [found, other], KNOWN, named(USERS), 3)
    assert [] == shop.sent


def test_lost_values_are_shown_in_the_order_of_their_keys() -> None:
    """Of rows without a key each that is equal is shown once, by all columns but the lost one."""
    shop = Paper(lambda query: [(["7"], "Ada", "ada")])
    loose = table("log", column("a"), column("b"), oid=2)
    keyed = lost_samples(shop, LOST, 2)
    other = lost_samples(shop, Lost("lost_2", loose, loose.columns, loose.columns[1]), 2)

    assert ((ValueSample({"id": "7"}, "Ada", "ada"),), (ValueSample({"a": "7"}, "Ada", "ada"),)) == (keyed, other)
    assert 'ORDER BY t."id", l.v, l.gid LIMIT 2' in shop.sent[0]
    assert "DISTINCT ON" not in shop.sent[0]
    assert "DISTINCT ON" in shop.sent[1]
    assert 'ORDER BY t."a", l.v, l.gid LIMIT 2' in shop.sent[1]


def test_a_report_without_samples_asks_for_none() -> None:
    """The server is left alone."""
    assert () == lost_samples(Paper(), LOST, 0)


def test_without_anything_lost_or_declared_nothing_is_asked() -> None:
    """The fates stand as they are."""
    rows = Rows(Paper().connection)

    assert (FATE,) == rows.declared([FATE], [], named(NOW)) == rows.acquit([FATE], named(USERS), named(USERS))


# -- a hand of ours ----------------------------------------------------------------------------------------------------

OLD = table("users", column("id", "integer"), column("first"), column("name"), oid=1, key=["id"])
FILLED = table("users", *OLD.columns, oid=1, key=["id"], digests={"": "filled"})


def taken(before: Table, after: Table, *, moved: bool = True, kept: bool = False, name: str = "first") -> tuple[int, list[str]]:
    """How many values of a column are excused, four rows having been filled, and what was asked for it."""
    shop = Paper(lambda query: [()] * 4 if query.startswith("DELETE") else [(kept,)])
    return excuse(shop, OLD, OLD.columns[:1], OLD.columns[1], "rest_1", [(named(before), named(after))], moved=moved), shop.sent


def test_rows_in_which_we_filled_another_column_prove_nothing() -> None:
    """They are taken out of what is lost: those where anything but the column itself came to be filled."""
    number, sent = taken(OLD, FILLED)

    assert 4 == number
    assert [each.startswith("DELETE FROM rest_1 WHERE kid IN (SELECT") for each in sent] == [True]
    assert 'o."name" IS NULL AND n."name" IS NOT NULL' in sent[0]
    assert 'o."first" IS NULL' not in sent[0]
    assert 'o."id"::text = n."id"::text' in sent[0]


def test_where_nothing_moved_rows_that_were_left_alone_must_have_kept_theirs() -> None:
    """Else no back-fill is in play, and every row counts."""
    assert 0 == taken(OLD, FILLED, moved=False, kept=False)[0]
    number, (asked, _) = taken(OLD, FILLED, moved=False, kept=True)
    assert 4 == number
    assert 'b."first" IS NOT NULL AND NOT (kid IN' in asked


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OLD, OLD),
        (table("others", *OLD.columns, oid=7), FILLED),
        (table("users", *OLD.columns, oid=1, key=["id"], unread="locked"), FILLED),
        (OLD, table("users", *OLD.columns, oid=1, key=["id"], unread="locked")),
        (table("users", *OLD.columns, oid=1), FILLED),
        (table("users", *OLD.columns[:2], oid=1, key=["id"]), FILLED),
        (OLD, table("users", *OLD.columns[1:], oid=1)),
    ],
    ids=["nothing written", "another table", "not read", "not read later", "no key", "a new column", "no name"],
)
def test_what_cannot_be_told_excuses_nothing(before: Table, after: Table) -> None:
    """The server is not asked."""
    assert (0, []) == taken(before, after)

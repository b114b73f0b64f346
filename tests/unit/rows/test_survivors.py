"""Rows that were written above and are looked for below: those that the old schema has a place for must have lived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from migration_checks.rows.folded import unfolded
from migration_checks.rows.holdable import holdable
from migration_checks.rows.identity import pair_columns
from migration_checks.rows.survivors import survivors
from migration_checks.snapshot import Column, Table
from migration_checks.transition import TableChange
from tests.unit.rows.support import Paper, column, named, table

PLACE = "migration_checks_place"
WIDE = (column("id", "integer", number=1), column("city", number=2), column("zip", number=3))


def users(columns: Sequence[Column] = WIDE, rows: int = 2, **more: Any) -> Table:
    return table("users", *columns, oid=1, **{"key": ["id"], "rows": rows, **more})


def below(
    *rows: tuple[str | None, ...], refuses: Exception | None = None, standing: Sequence[str] = ("old",), word: str = ""
) -> Paper:
    """A database in which these `rows` are tried, whose table has `standing` under each key.

    A statement with `word` in it is refused, or changes nothing.
    """

    def answer(query: str) -> list[Any]:
        if query.startswith(f"SELECT {PLACE}"):
            return [(place, list(each)) for place, each in enumerate(rows, 1)]
        if query.startswith("UPDATE") and word and word in query:
            if refuses is not None:
                raise refuses
            return [(["old"],)]
        if query.startswith("UPDATE"):
            return [(["new"] * 2,)]
        if query.startswith("SELECT ARRAY"):
            return [([each] * 2,) for each in standing]
        return [(True,)] if query.startswith("SELECT EXISTS") else []

    return Paper(answer)


def held(shop: Paper, written: Table, now: Table) -> Table:
    return holdable(shop, written, now, pair_columns(written, now))


@pytest.mark.parametrize("error", [psycopg.errors.CheckViolation("no"), psycopg.errors.StringDataRightTruncation("too long")])
def test_a_row_that_a_constraint_or_a_type_refuses_cannot_be_held(error: Exception) -> None:
    """It is left out of what must have lived; the trial is one statement that is rolled back."""
    shop = below(("1", "new"), ("2", "too much"), refuses=error, word="too much")
    found = held(shop, users(WIDE[:2]), users(WIDE[:2], digests={"": "x"}))

    assert 1 == found.rows
    assert shop.sent[-1].endswith(f"WHERE {PLACE} NOT IN (2)")
    assert (
        'UPDATE public.users SET "city" = \'new\' WHERE "id"::text = \'1\' RETURNING ARRAY["city"::text]::text[]' in shop.sent
    )


def test_a_row_that_is_refused_for_another_reason_may_be_held() -> None:
    """A trigger that minds proves nothing of the table."""
    written = users(WIDE[:2])
    shop = below(("1", "x"), refuses=psycopg.errors.RaiseException("no"), word="'x'")

    assert written is held(shop, written, users(WIDE[:2], rows=3))
    assert shop.sent[-1].startswith("UPDATE")


def test_a_row_that_comes_out_as_it_stood_cannot_be_held() -> None:
    """Rounded, or cut: the table has no place for what was written."""
    shop = below(("1", "older"), ("2", "new"), word="older")

    assert 1 == held(shop, users(WIDE[:2]), users(WIDE[:2], rows=3)).rows


def test_a_row_that_is_gone_may_be_held() -> None:
    """There is nothing to try it on: that it is gone is what is to be told."""
    written = users(WIDE[:2])
    shop = below(("1", "x"), standing=())

    assert written is held(shop, written, users(WIDE[:2], rows=3))
    assert not any(each.startswith("UPDATE") for each in shop.sent)


def test_null_is_written_as_null() -> None:
    """Not as a text."""
    shop = below(("1", None))
    held(shop, users(WIDE[:2]), users(WIDE[:2], rows=3))

    assert any('SET "city" = NULL WHERE' in each for each in shop.sent)


@pytest.mark.parametrize(
    "now",
    [
        (column("id", "integer", number=1),),
        (column("id", "integer", number=1), column("city", "integer", number=2)),
        (column("id", "integer", number=1), column("city", number=2, generated=True)),
    ],
    ids=["no such column", "of another type", "generated"],
)
def test_what_cannot_be_tried_counts_as_holdable(now: Sequence[Column]) -> None:
    """A conversion could be of another unit, and what the server makes itself is not ours to write."""
    written = users(WIDE[:2])
    shop = below(("1", "x"))

    assert written is held(shop, written, users(now, rows=3))
    assert not any("migration_checks_tried" in each for each in shop.sent)


def test_text_and_numbers_of_any_length_are_tried() -> None:
    """They mean the same in both."""
    written = users((column("id", "integer"), column("city", "character varying(99)"), column("zip", "bigint")))
    now = users((column("id", "integer"), column("city", "text"), column("zip", "smallint")), rows=3)
    shop = below(("1", "x", "5"))
    held(shop, written, now)

    assert any("SET \"city\" = 'x', \"zip\" = '5' WHERE" in each for each in shop.sent)


# -- folded into a document --------------------------------------------------------------------------------------------

NOTED = (column("id", "integer", number=1), column("extra", "jsonb", number=2), column("zip", number=3))


def test_a_document_that_took_up_a_dropped_column_is_as_it_was() -> None:
    """As `||` does it: member by member, from columns that are gone, of the same row."""
    written, now = users(NOTED), users(NOTED[:2], rows=3, digests={"": "x"})
    shop = Paper(lambda query: [(True,)] if query.startswith("SELECT EXISTS") else [])
    found = unfolded(shop, written, now, pair_columns(written, now))
    (made,) = (each for each in shop.sent if "migration_checks_unfolded" in each)

    assert (now.columns, {}) == (found.columns, dict(found.digests))
    assert found.relation in made
    assert 'AS SELECT a."id", CASE WHEN EXISTS (' in made
    assert 'THEN b."extra" ELSE a."extra" END AS "extra"' in made
    assert 'unnest(ARRAY[to_jsonb(b."zip")], ARRAY[b."zip"::text])' in made


def test_a_document_of_another_type_is_held_against_it_as_jsonb() -> None:
    """And given back as what the table has now; a column that is new stays as it is."""
    written = users((NOTED[0], column("extra", "json", number=2), NOTED[2]))
    now = users((*NOTED[:2], column("later", number=9)), rows=3)
    shop = Paper(lambda query: [(True,)] if query.startswith("SELECT EXISTS") else [])
    unfolded(shop, written, now, pair_columns(written, now))
    (made,) = (each for each in shop.sent if "migration_checks_unfolded" in each)

    assert 'THEN b."extra"::jsonb ELSE a."extra" END AS "extra", a."later" FROM' in made
    assert "coalesce(migration_checks_own.cast_" in made


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (users(WIDE), users(WIDE[:2], rows=3)),
        (users(NOTED[:2]), users(NOTED[:2], rows=3)),
        (users(NOTED, key=()), users(NOTED[:2], rows=3, key=())),
    ],
    ids=["no document", "nothing dropped", "no key"],
)
def test_what_took_nothing_up(before: Table, after: Table) -> None:
    """The server is not asked."""
    shop = Paper()

    assert after is unfolded(shop, before, after, pair_columns(before, after))
    assert [] == shop.sent


# -- survivors ---------------------------------------------------------------------------------------------------------


def lived(before: Sequence[Table], written: Table, now: Sequence[Table], missing: int) -> list[TableChange]:
    """What became of two rows, of which so many are missing."""
    return list(survivors(world(missing), 2, named(*before), named(written), named(*now)).tables)


def world(missing: int, added: int = 2) -> Paper:
    """A database to which so many rows were added, of which so many are missing."""
    counts: dict[str, int] = {}

    def answer(query: str) -> list[Any]:
        if query.startswith("SELECT count(*) FROM pg_temp"):
            relation = query.split()[3]
            number = added if "added" in relation else missing if "left" in relation else 0
            return [(counts.setdefault(relation, number),)]
        if query.startswith("SELECT (SELECT count(*)"):
            return [(added, 0)]
        if query.startswith("SELECT ARRAY"):
            return [(["9"] * query.partition("]")[0].count("::text"),)]
        if query.startswith("SELECT count(*) FILTER"):
            return [(0,) * query.count("FILTER")]
        return [(True,)] if query.startswith("SELECT EXISTS") else []

    return Paper(answer)


KEY_ONLY = (column("id", "integer", number=1),)


def test_rows_that_are_gone_below_are_told() -> None:
    """Only those that were added above; rows that were there are no matter of this."""
    (change,) = lived([users(KEY_ONLY, rows=0)], users(KEY_ONLY), [users(KEY_ONLY, rows=1)], missing=1)

    assert ("public.users", 2, 1, 0) == (change.table, change.rows_before, change.missing, change.added)
    assert ({"id": "9"},) == change.missing_samples


def test_rows_that_live_on_are_not_told() -> None:
    """Whatever else there is now."""
    assert [] == lived([users(KEY_ONLY, rows=0)], users(KEY_ONLY), [users(KEY_ONLY)], missing=0)


@pytest.mark.parametrize(("missing", "tried"), [(0, False), (1, True)])
def test_rows_are_tried_one_by_one_only_where_some_are_not_as_they_were(missing: int, tried: bool) -> None:
    """In a healthy chain none is."""
    shop = world(missing)
    survivors(shop, 2, named(users(WIDE, rows=0)), named(users(WIDE)), named(users(WIDE, rows=2 - missing)))

    assert tried is any("migration_checks_tried" in each for each in shop.sent)


def test_what_cannot_be_compared_whole_is_tried() -> None:
    """Rows that the table cannot hold may be what it failed on."""
    shop = world(0)
    healthy = shop.answer
    failing = iter([True])

    def answer(query: str) -> list[Any]:
        if "migration_checks_left" in query and next(failing, False):
            raise psycopg.errors.DataError("not a number")
        assert healthy is not None
        return healthy(query)

    shop.answer = answer
    found = survivors(shop, 2, named(users(WIDE, rows=0)), named(users(WIDE)), named(users(WIDE)))

    assert ((), {}) == (found.tables, dict(found.unread))
    assert any("migration_checks_tried" in each for each in shop.sent)


def test_a_table_that_only_the_upper_schema_has() -> None:
    """It went with the schema; a new table that is still there is held against all of its rows."""
    assert [] == lived([], users(KEY_ONLY), [], missing=2)
    (change,) = lived([], users(KEY_ONLY), [users(KEY_ONLY, rows=1)], missing=1)
    assert 1 == change.missing


def test_a_table_into_which_nothing_was_written() -> None:
    """It is the very same; nor is one told that could not be read."""
    same = users(KEY_ONLY)

    assert [] == lived([same], same, [users(KEY_ONLY, rows=1)], missing=1)
    for hidden in (0, 1, 2):
        states = [users(KEY_ONLY, rows=number, unread="locked" if number == hidden else None) for number in range(3)]
        assert [] == lived([states[0]], states[1], [states[2]], missing=1)


def test_rows_added_to_others_are_those_that_the_key_does_not_match() -> None:
    """Without a key, those of which there are more."""
    (change,) = lived([users(KEY_ONLY, rows=3)], users(KEY_ONLY, rows=5), [users(KEY_ONLY, rows=3)], missing=1)
    assert (1, 1) == (change.rows_before, change.missing)
    before, written, now = (users(KEY_ONLY, rows=number, key=()) for number in (3, 5, 3))
    (loose,) = lived([before], written, [now], missing=2)
    assert ((), 2) == (loose.key, loose.missing)

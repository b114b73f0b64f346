"""One table that differs: rows by key, then what no key matches, then values; what the server counts is put together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migration_checks.rows.cells import merged
from migration_checks.rows.compare import Comparison
from migration_checks.rows.identity import pair_columns, same_state
from migration_checks.rows.matching import Leftover
from migration_checks.rows.suspects import suspects
from migration_checks.rows.values import same_meaning
from migration_checks.snapshot import Column, Table
from migration_checks.transition import ColumnChange, TableChange, ValueSample
from tests.unit.rows.support import Paper, column, named, table

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOWS = ((START, START + timedelta(seconds=1)), (START + timedelta(minutes=1), START + timedelta(minutes=1, seconds=1)))
COUNT = re.compile(r'SELECT count\(\*\) FROM (pg_temp\."migration_checks_(left|pairs)_\d+")')


class Server:
    """Answers by what is asked: of relations `left` and `pairs` the rows, in turn; of `cells` five counts a column.

    Whether columns hold the `same`, or look `drawn`, is answered in turn as well.
    """

    def __init__(
        self,
        left: Sequence[int] = (),
        pairs: Sequence[int] = (),
        cells: Sequence[Sequence[int]] = (),
        sizes: tuple[int, int] = (0, 0),
        same: Sequence[bool] = (),
        drawn: Sequence[bool] = (),
    ) -> None:
        self.counts = {"left": list(left), "pairs": list(pairs)}
        self.known: dict[str, int] = {}
        self.cells, self.sizes, self.same, self.drawn = list(cells), sizes, list(same), list(drawn)
        self.shop = Paper(self.answer)

    def answer(self, query: str) -> list[Any]:
        if counted := COUNT.match(query):
            if counted[1] not in self.known:
                self.known[counted[1]] = self.counts[counted[2]].pop(0)
            return [(self.known[counted[1]],)]
        if query.startswith("SELECT (SELECT count(*)"):
            return [self.sizes]
        if query.startswith("SELECT count(*) FILTER"):
            return [tuple(self.cells.pop(0))]
        values = query.partition("]")[0]
        if query.startswith("SELECT 1::bigint, count(*), ARRAY"):
            return [(1, 0, ["0"] * values.count("coalesce("))]
        if query.startswith("SELECT ARRAY"):
            key = ["1"] * values.count("::text")
            return [(key, "old", "new") if "migration_checks_differing" in query else (key,)]
        if query.startswith("SELECT NOT EXISTS"):
            return [(self.same.pop(0),)]
        if query.startswith("SELECT (SELECT bool_and"):
            return [(self.drawn.pop(0),)]
        return [(True,)] if query.startswith("SELECT EXISTS") else []

    def change(self, before: Table, after: Table, **more: Any) -> TableChange:
        (found,) = Comparison(self.shop, 2, **more).compare(named(before), named(after)).tables
        return found

    def sent(self, words: str) -> list[str]:
        return [each for each in self.shop.sent if words in each]


def users(rows: int = 5, columns: Sequence[Column] = (), **sums: str) -> Table:
    known = {"id": "integer:1", "city": "text:2", **sums}
    listed = columns or (column("id", "integer"), column("city"))
    return table("users", *listed, key=["id"], rows=rows, digests={**known, "": str(known)})


def log(rows: int = 5, digest: str = "x:1", columns: Sequence[Column] = ()) -> Table:
    return table("log", *(columns or (column("day", "date"), column("text"))), rows=rows, digests={"": digest})


# -- by key ------------------------------------------------------------------------------------------------------------


def test_rows_with_the_same_keys_differ_only_in_values() -> None:
    """Only in columns of which digests do not say that they are the same; the first values are shown."""
    server = Server(cells=[(2, 1, 1, 0, 0)])
    change = server.change(users(), users(city="text:9"))
    (city,) = change.columns

    assert (5, 10, 0, 0) == (change.rows_compared, change.values_compared, change.missing, change.added)
    assert ColumnChange("city", "city", 2, 1, 1, 0, 0, (ValueSample({"id": "1"}, "old", "new"),)) == city
    (made,) = server.sent('migration_checks_differing_1" ON COMMIT DROP')
    assert 'b."id" AS k0, b."city" AS b0, a."city" AS a0' in made
    assert made.endswith("AS compared WHERE c0 > 0")
    assert 'WHEN a."city" IS NULL THEN 3 WHEN b."city" IS NULL THEN 4 ELSE 2' in made
    (shown,) = server.sent("SELECT ARRAY")
    assert shown.endswith("WHERE c0 > 1 ORDER BY k0, b0, a0 LIMIT 2")


def test_values_that_are_only_written_differently_are_shown_when_there_are_no_others() -> None:
    """They differ, but not in meaning."""
    server = Server(cells=[(0, 3, 0, 0, 0)])
    answers = server.answer
    server.shop.answer = lambda query: [] if "c0 > 1 ORDER" in query else answers(query)
    numeric = (column("id", "integer"), column("city", "numeric"))
    found = Comparison(server.shop, 2).compare(named(users(columns=numeric)), named(users(columns=numeric, city="text:9")))
    (change,) = found.tables

    assert change.equal
    assert (0, 3) == (change.columns[0].changed, change.columns[0].represented)
    assert ["c0 > 1", "c0 = 1"] == [each.partition("WHERE ")[2][:6] for each in server.sent("SELECT ARRAY")]
    assert server.sent('scale(b."city") IS DISTINCT FROM scale(a."city")')


def test_rows_that_are_missing_or_were_added() -> None:
    """By their keys; rows that are on both sides are compared."""
    server = Server(left=[2, 1], pairs=[0], cells=[(0, 0, 0, 0, 0), (0, 0, 0, 0, 0)])
    change = server.change(users(), users(rows=4, id="integer:7"))

    assert (2, 1, 3) == (change.missing, change.added, change.rows_compared)
    assert ({"id": "1"},) == change.missing_samples == change.added_samples


def test_rows_under_new_keys_that_agree_in_all_else_were_renumbered() -> None:
    """They are neither lost nor added: their keys changed."""
    server = Server(left=[2, 2], pairs=[2], cells=[(0, 0, 0, 0, 0), (2, 0, 0, 0, 0)])
    change = server.change(users(), users(id="integer:7"))

    assert (0, 0, 5) == (change.missing, change.added, change.rows_compared)
    assert [("id", 2)] == [(each.column, each.changed) for each in change.columns]
    (paired,) = server.sent("SELECT x.id AS b, y.id AS a")
    assert "WHERE x.size = 1 AND y.size = 1" in paired
    assert 2 == len(server.sent("DELETE FROM pg_temp"))


def test_what_the_toolkit_wrote_is_set_aside() -> None:
    """Rows that only the later side has are then not told."""
    written = users(city="text:8")
    server = Server(left=[1, 0], cells=[(0, 0, 0, 0, 0)])
    answers = server.answer
    server.shop.answer = lambda query: [(4,)] if query.startswith("SELECT count(*) FROM (SELECT") else answers(query)
    change = server.change(users(), users(city="text:9"), written=[(named(users()), named(written))])

    assert (1, 0, 3, ()) == (change.missing, change.added, change.rows_compared, change.added_samples)
    assert server.sent("migration_checks_written_1")


def test_a_table_that_the_toolkit_filled_is_not_new() -> None:
    """Its rows are ours: there is nothing to show."""
    written = [(named(), named(users()))]
    found = Comparison(Server().shop, 2, written).compare(named(), named(users()))

    assert ((), 0) == (found.tables, found.rows_compared)


def test_rows_that_were_not_kept_cannot_be_compared() -> None:
    """They are no longer what they were then."""
    shop = Server().shop
    found = Comparison(shop, 2, outdated=lambda each: each.rows == 5).compare(named(users()), named(users(rows=4)))

    assert {"public.users": "its rows, as they were then, were not kept"} == dict(found.unread)


# -- without a key -----------------------------------------------------------------------------------------------------


def test_rows_without_a_key_are_a_multiset() -> None:
    """What is left when equal ones are paired off is missing or added; whole rows are shown."""
    server = Server(sizes=(0, 2))
    change = server.change(log(), log(rows=7, digest="x:2"))

    assert ((), 0, 2, 5) == (change.key, change.missing, change.added, change.rows_compared)
    assert ("1",) == tuple(change.added_samples[0].values())[:1]
    (odd,) = server.sent('migration_checks_odd_1" ON COMMIT DROP')
    assert "hash_record_extended(ROW(" in odd
    assert "x.n IS DISTINCT FROM y.n" in odd


def test_rows_that_are_only_written_differently_are_counted() -> None:
    """They are the same in meaning: nothing is missing."""
    server = Server(sizes=(2, 2), pairs=[2], same=[True, True])
    found = Comparison(server.shop, 2).compare(named(log()), named(log(digest="x:2")))
    (change,) = found.tables

    assert (0, 0, 5, 2) == (change.missing, change.added, change.rows_compared, change.represented)
    assert change.equal


def test_rows_that_agree_in_what_was_left_alone_were_altered() -> None:
    """Columns whose values, taken together, differ between the sides are the ones that changed."""
    server = Server(sizes=(2, 2), pairs=[0, 2], cells=[(2, 0, 0, 0, 0)], same=[True, False])
    change = server.change(log(), log(digest="x:2"))

    assert (0, 0, 5) == (change.missing, change.added, change.rows_compared)
    assert [("text", 2)] == [(each.column, each.changed) for each in change.columns]
    made = server.sent("migration_checks_pairs_")[2]
    assert 'ROW(r."day"::text)::text AS "migration_checks text"' in made
    assert 'ORDER BY r."text"::text, "migration_checks id"' in made


def test_values_that_were_swapped_between_rows() -> None:
    """Every column holds the same as before: rows that agree in all but one are sought, where only one row can be meant."""
    server = Server(sizes=(2, 2), pairs=[0, 1, 1], cells=[(1, 0, 0, 0, 0), (1, 0, 0, 0, 0)], same=[True, True])
    change = server.change(log(), log(digest="x:2"))

    assert (0, 0, 5) == (change.missing, change.added, change.rows_compared)
    assert {"day": 1, "text": 1} == {each.column: each.changed for each in change.columns}
    assert 2 == len(server.sent("WHERE x.size = 1 AND y.size = 1"))


def test_rows_of_two_runs_agree_wherever_the_run_explains_the_difference() -> None:
    """The day on which each was run is no other row."""
    server = Server(sizes=(2, 2), pairs=[0, 2], cells=[(2, 0, 0, 0, 2, 0, 0, 0, 0, 0)], same=[True, True])
    change = server.change(log(), log(digest="x:2"), windows=WINDOWS)

    assert (0, 0, 5) == (change.missing, change.added, change.rows_compared)
    assert [("day", 2, 2)] == [(each.column, each.changed, each.volatile) for each in change.columns]
    assert server.sent("THEN 'migration_checks run' ELSE r.\"day\"::text END")


def test_texts_that_two_runs_drew_are_no_sign_of_another_row() -> None:
    """As tokens are: the server is asked whether all look like one."""
    server = Server(left=[2, 2], pairs=[1], cells=[(0, 0, 0, 0, 0), (1, 0, 0, 0, 1)], drawn=[True])
    change = server.change(users(), users(id="integer:7"), windows=WINDOWS)

    assert (2, 2) == (change.missing, change.added)
    assert 1 == len([each for each in server.sent("bool_and") if each.startswith("SELECT (SELECT bool_and")])


@pytest.mark.parametrize(
    ("before", "after", "equal"),
    [
        (log(), log(), True),
        (log(), log(digest="x:2"), False),
        (log(), log(rows=6), False),
        (log(digest=""), table("log", column("day", "date"), column("text")), False),
        (log(), log(columns=(column("day", "date"),)), False),
        (log(), log(columns=(column("day", "date"), column("words"))), False),
        (log(), users(), False),
    ],
)
def test_what_the_digest_of_whole_rows_proves(before: Table, after: Table, equal: bool) -> None:
    """The same columns under the same names, as many rows, and the same digest."""
    assert equal is same_state(before, after, pair_columns(before, after))


# -- which columns -----------------------------------------------------------------------------------------------------


def doubted(before: Table, after: Table, alone: Mapping[str, Sequence[str]], rest: Leftover) -> tuple[list[str], int]:
    """The columns that may differ, and how often the server was asked for digests; `alone` are those of rows of one side."""
    shop = Paper(lambda query: [(1, 0, list(alone["before" if "FROM before" in query else "after"]))])
    columns = pair_columns(before, after)
    found = suspects(shop, before, after, columns, columns.pairs, rest)
    return [one.name for one, _ in found], len(shop.sent)


def test_digests_tell_which_columns_differ() -> None:
    """Where both sides have the same rows nothing is asked."""
    rest = Leftover("before", "after", 0, 0)

    assert (["city"], 0) == doubted(users(), users(city="text:9"), {}, rest)
    assert (["id", "city"], 0) == doubted(users(), users(id="integer:2"), {}, rest)


def test_what_the_rows_of_one_side_add_is_taken_off() -> None:
    """Digests are sums: the remainders are those of the rows that both sides have."""
    before, after = users(id="integer:11", city="text:25"), users(rows=4, id="integer:18", city="text:30")
    rest = Leftover("before", "after", 1, 1)

    assert ([], 2) == doubted(before, after, {"before": ["1", "5"], "after": ["8", "10"]}, rest)
    assert (["city"], 2) == doubted(before, after, {"before": ["1", "5"], "after": ["8", "9"]}, rest)
    assert (["id", "city"], 2) == doubted(before, after, {"before": ["1", "5"], "after": ["7", "10"]}, rest)
    assert ([], 2) == doubted(users(id="integer:11", city="text:5"), after, {"before": ["1", "5"], "after": ["8", "30"]}, rest)


def test_without_a_key_or_digests_any_column_may_differ() -> None:
    """Nothing is proven."""
    rest = Leftover("before", "after", 0, 0)
    bare = table("users", *users().columns, key=["id"])

    assert (["day", "text"], 0) == doubted(log(), log(), {}, rest)
    assert (["id", "city"], 0) == doubted(users(), bare, {}, rest)
    assert (["id", "city"], 0) == doubted(users(), table("users", *users().columns), {}, rest)


def test_changes_of_one_column_in_two_sets_of_rows_are_added_up() -> None:
    """No more samples than either has; other columns stand beside it."""
    one, two = ValueSample({}, "1", "2"), ValueSample({}, "3", "4")
    first = [ColumnChange("a", "x", 1, 2, 3, 4, 5, (one,)), ColumnChange("b", "b", 1)]
    second = [ColumnChange("a", "x", 10, 20, 30, 40, 50, (two,)), ColumnChange("c", "c", 1)]

    assert [
        ColumnChange("a", "x", 11, 22, 33, 44, 55, (one,)), ColumnChange("b", "b", 1), ColumnChange("c", "c", 1)
    ] == merged(first, second)  # fmt: skip
    assert first == merged(first, []) == merged([], first)


# -- when values mean the same -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "equal", "reworded"),
    [
        ("integer", "integer", "b IS NOT DISTINCT FROM a", None),
        ("numeric(9,2)", "numeric(5,1)", "b IS NOT DISTINCT FROM a", "scale(b) IS DISTINCT FROM scale(a)"),
        ("numeric[]", "numeric[]", "b IS NOT DISTINCT FROM a", "b::text IS DISTINCT FROM a::text"),
        ("jsonb", "jsonb", "b IS NOT DISTINCT FROM a", "b::text IS DISTINCT FROM a::text"),
        ("text", "character varying(9)", "b::text IS NOT DISTINCT FROM a::text", None),
        ("text", "character(9)", "b::text IS NOT DISTINCT FROM a::text", "octet_length(b) IS DISTINCT FROM octet_length(a)"),
    ],
)
def test_values_of_like_types(before: str, after: str, equal: str, reworded: str | None) -> None:
    """What PostgreSQL takes for equal is; how it is written is told beside it."""
    found = same_meaning("b", "a", column("x", before), column("x", after), lambda value, source, target: f"<{value}>")

    assert (equal, reworded) == (found.equal, found.reworded)


def test_a_document_that_became_text() -> None:
    """Either what it spelled, or the text of its string."""
    found = same_meaning("b", "a", column("x", "jsonb"), column("x"), lambda value, source, target: f"<{value}:{target}>")

    assert "b = <a::text:jsonb>" in found.equal
    assert "to_jsonb(a::text) = b" in found.equal


@pytest.mark.parametrize(("type", "there_and_back"), [("numeric", True), ("uuid", False), ("inet", False)])
def test_a_value_that_became_text(type: str, there_and_back: bool) -> None:
    """It must read as the value that it was; where spellings vary that is enough, else it must be spelled as it was."""
    found = same_meaning("b", "a", column("x", type), column("x"), lambda value, source, target: f"<{value}:{target}>")

    assert f"<a:{type}> = b" in found.equal
    assert there_and_back is ("<b:text> = a" in found.equal)

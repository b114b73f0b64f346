"""The fates of what an upgrade made disappear: what is suspected, what is looked for, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from migration_checks.rows import Rows
from migration_checks.rows.chain import Ascent, Chain, Holdings
from migration_checks.rows.trace import Trace
from migration_checks.snapshot import Column, Reference, Table
from migration_checks.transition import Destination, Fate, ValueSample
from tests.unit.rows.support import Paper, column, named, table

ID, CITY = column("id", "integer", number=1), column("city", number=2)
COUNT = re.compile(r'SELECT count\(\*\) FROM (pg_temp\."migration_checks_(\w+?)_\d+")')
PLACE = re.compile(r'x\."(\w+)"')


def users(*columns: Column, rows: int = 5, **sums: str) -> Table:
    listed = columns or (ID, CITY)
    known = {each.name: "text:1" for each in listed} | sums
    return table("users", *listed, oid=1, key=["id"], rows=rows, digests={**known, "": str(sorted(known.items()))})


class Server:
    """What a server would say: of columns (found, filled), of cells five counts, of relations by kind the rows, in turn."""

    def __init__(
        self,
        held: Mapping[str, tuple[int, int]] | None = None,
        cells: Sequence[int] = (),
        arrived: Sequence[tuple[int, int]] = (),
        equal: Sequence[bool] = (),
        **counts: Sequence[int],
    ) -> None:
        self.held, self.cells, self.arrived, self.equal = dict(held or {}), cells, arrived, list(equal)
        self.counts = {kind: list(numbers) for kind, numbers in counts.items()}
        self.left: dict[str, int] = {}
        self.shop = Paper(self.answer)

    def answer(self, query: str) -> list[Any]:
        if counted := COUNT.match(query):
            if counted[1] not in self.left:
                self.left[counted[1]] = self.counts[counted[2]].pop(0)
            return [(self.left[counted[1]],)]
        if query.startswith("SELECT count(*) FILTER (WHERE m0)"):
            return [tuple(number for name in dict.fromkeys(PLACE.findall(query)) for number in self.held.get(name, (0, 0)))]
        if query.startswith("SELECT count(*) FILTER (WHERE c0"):
            return [(*self.cells, *(0,) * 99)[: query.count("FILTER")]]
        if query.startswith("SELECT 1::bigint, count(*), ARRAY"):
            return [(1, 0, ["0"] * query.partition("]")[0].count("coalesce("))]
        if query.startswith("TRUNCATE"):
            self.left[query.split()[1]] = 0
        if query.startswith(("DELETE FROM", "WITH taken")) and PLACE.search(query):
            relation = re.findall(r"DELETE FROM (\S+)", query)[0]
            name = next(name for name in PLACE.findall(query) if name in self.held)
            gone = min(self.held[name][0], self.left[relation])
            self.held[name] = (self.held[name][0] - gone, self.held[name][1])
            self.left[relation] -= gone
            return [()] * gone
        if query.startswith("SELECT place, count(*)"):
            return list(self.arrived)
        if query.startswith("SELECT (SELECT count(*)"):
            return [(self.counts["sizes"].pop(0), self.counts["sizes"].pop(0))]
        if query.startswith("SELECT NOT EXISTS"):
            return [(self.equal.pop(0),)]
        if query.startswith("\n        SELECT coalesce(sum(s.n), 0)"):
            return [(5, 5, 5)]
        if "quote_ident" in query:
            return [(query.partition("'")[2].partition("'")[0],)]
        if query.startswith("\n        SELECT ARRAY"):
            return [(["1"] * query.partition("]")[0].count("::text"), "Oslo", None)]
        if query.startswith("SELECT count("):
            return [(1,) * query.count("count(")]
        return [(True,)] if query.startswith("SELECT EXISTS") else []

    def trace(self, before: Sequence[Table], after: Sequence[Table], *history: Ascent, written: Any = ()) -> Trace:
        chain = Chain(named(*before), named(*after), history, Holdings(self.shop))
        return Trace(self.shop, 2, chain, written)


SAMPLE = (ValueSample({"id": "1"}, "Oslo", None),)


def test_only_what_may_have_lost_something_is_followed() -> None:
    """Tables that are the same, empty, new or not read are not; the server is not asked."""
    same, shop = users(), Server()
    hidden = table("hidden", ID, oid=7, unread="locked")
    half = table("half", ID, CITY, oid=8, rows=3)
    before = [same, table("empty", ID, oid=5, rows=0), hidden, half]
    after = [same, table("new", ID, oid=6), table("half", ID, oid=8, rows=3, unread="locked")]

    assert () == shop.trace(before, after).run() == shop.trace([users()], [users()]).run()
    assert [] == shop.shop.sent


def test_values_of_a_dropped_column_that_are_nowhere() -> None:
    """They are lost: told with a few of them, and remembered for the way back."""
    server = Server(rest=[4])
    trace = server.trace([users()], [users(ID)])

    assert (Fate("public.users.city", "values", "dropped", 4, lost=4, samples=SAMPLE),) == trace.run()
    (remembered,) = trace.lost.values()
    assert ("public.users.city", "values", "dropped") in trace.lost
    assert (["id"], "city") == ([each.name for each in remembered.naming], remembered.column and remembered.column.name)
    (kept,) = (each for each in server.shop.sent if "UNLOGGED" in each)
    assert kept.startswith(f"CREATE UNLOGGED TABLE {remembered.relation} AS SELECT gid, kid, v, now FROM ")


def test_values_of_a_dropped_column_that_stand_in_another_of_the_row() -> None:
    """They have moved: nothing is lost, or remembered."""
    server = Server({"town": (4, 5)}, rest=[4])
    trace = server.trace([users()], [users(ID, column("town", number=3))])

    assert (
        Fate("public.users.city", "values", "dropped", 4, (Destination("public.users.town", "same row", 4),)),
    ) == trace.run()
    assert {} == trace.lost


def test_a_dropped_column_without_values_has_no_fate() -> None:
    """Nor has one that the server itself had filled."""
    made = column("city", number=2, generated=True)

    assert () == Server(rest=[0]).trace([users()], [users(ID)]).run()
    assert () == Server().trace([users(ID, made)], [users(ID)]).run()


def test_values_that_were_overwritten() -> None:
    """Those that were NULL before are no loss; where all that changed was, nothing is looked for."""
    found = Server(cells=(3, 0, 0, 1, 0), rest=[2]).trace([users()], [users(city="text:9")]).run()

    assert (Fate("public.users.city", "values", "overwritten", 2, lost=2, samples=SAMPLE),) == found
    assert () == Server(cells=(3, 0, 0, 3, 0)).trace([users()], [users(city="text:9")]).run()


def test_an_overwritten_column_may_have_gone_to_one_that_was_written_as_well() -> None:
    """But never to itself."""
    both = users(ID, CITY, column("town", number=3))
    server = Server({"town": (2, 5), "city": (2, 2)}, cells=(3, 0, 0, 1, 0), rest=[2])
    found = server.trace([users()], [users(ID, CITY, column("town", number=3), city="text:9")]).run()

    assert both.columns[2].name == "town"
    assert [("public.users.town",)] == [tuple(each.place for each in fate.moved) for fate in found]


def test_what_an_earlier_revision_carried_away_is_to_blame_for_the_rest() -> None:
    """It took most of the values, and skipped these."""
    notes = table(
        "notes", ID, column("user_id", "integer", number=2), column("city", number=3), oid=2,
        references=[Reference(("user_id",), "public.users", 1, ("id",))],
    )  # fmt: skip
    server = Server({"city": (4, 4)}, rest=[5])
    history = ("a1", named(users()), named(users(), notes))
    (fate,) = server.trace([users(), notes], [users(ID), notes], history).run()

    assert ("a1", 1) == (fate.caused_by, fate.lost)
    assert (Destination("public.notes.city", "referencing row", 4, "a1"),) == fate.moved


def test_what_the_toolkit_filled_excuses_what_was_beside_it() -> None:
    """The values that are left are no loss: we had said something else in the new column."""
    wide = (ID, CITY, column("name", number=3))
    written = [(named(users(*wide)), named(users(*wide, name="text:5")))]
    server = Server({"name": (4, 4)}, rest=[6])
    answer = server.answer
    server.shop.answer = lambda query: [()] * 2 if "WHERE kid IN" in query else answer(query)
    new = users(ID, column("name", number=3), name="text:7")
    history = ("a1", named(users(ID, CITY)), named(users(*wide)))
    (fate,) = server.trace([users(*wide, name="text:7")], [new], history, written=written).run()

    assert (4, 0) == (fate.total, fate.lost)


# -- rows --------------------------------------------------------------------------------------------------------------


def test_rows_of_a_dropped_table_that_are_nowhere() -> None:
    """The rows are lost, and with them the values of each column beside the key."""
    server = Server(rest=[5, 0], arrived=[])
    answer = server.answer
    server.shop.answer = lambda query: [()] * 5 if query.startswith("DELETE") else answer(query)
    fates = server.trace([users()], []).run()

    assert [("public.users", "rows", 5, 5), ("public.users.city", "values", 5, 5)] == [
        (each.subject, each.what, each.total, each.lost) for each in fates
    ]
    assert {"dropped"} == {each.how for each in fates}


def test_rows_of_a_dropped_table_that_live_on_in_a_new_one() -> None:
    """A row lives on where its values are: under the same key."""
    people = table("people", ID, CITY, oid=2, key=["id"])
    server = Server({"city": (5, 5)}, rest=[5], arrived=[(0, 5)])
    answer = server.answer

    def emptied(query: str) -> list[Any]:
        if query.startswith("DELETE") and "NOT IN (SELECT gid FROM" in query:
            server.left[query.split()[2]] = 0
            return []
        return answer(query)

    server.shop.answer = emptied
    fates = server.trace([users()], [people]).run()

    assert (Fate("public.users", "rows", "dropped", 5, (Destination("public.people", "referencing row", 5),)),) == fates


def test_rows_that_were_deleted() -> None:
    """Only those: the others stayed."""
    server = Server(left=[2, 0], rest=[2], cells=(0, 0, 0, 0, 0), arrived=[])
    fates = server.trace([users()], [users(rows=3, id="text:9")]).run()

    assert [("public.users", "rows", "deleted", 2), ("public.users.city", "values", "deleted", 2)] == [
        (each.subject, each.what, each.how, each.lost) for each in fates
    ]


def test_rows_without_a_key_are_known_by_what_was_left_alone() -> None:
    """Those that are equal stayed; of the others those that agree elsewhere; what is left is gone."""
    log, later = (table("log", column("day"), column("text"), oid=3, rows=rows, digests={"": f"x:{rows}"}) for rows in (5, 4))
    server = Server(sizes=[2, 1], equal=[True, False], gone=[1], cells=(1, 0, 0, 0, 0), rest=[1, 1, 1], arrived=[])
    fates = server.trace([log], [later]).run()
    (matched,) = (each for each in server.shop.sent if "SELECT x.id AS b, y.id AS a" in each)

    assert 'ROW(r."day")::text' in matched
    assert ("public.log", "rows", "deleted", 1) in [(each.subject, each.what, each.how, each.lost) for each in fates]
    assert any('SELECT * FROM pg_temp."migration_checks_left_2" WHERE' in each for each in server.shop.sent)


def test_rows_under_new_keys_are_known_by_what_was_left_alone() -> None:
    """Where only one row on each side can be meant: some keys are still the same."""
    server = Server(left=[2, 2], gone=[1], cells=(0,) * 10, rest=[1], arrived=[])
    fates = server.trace([users()], [users(id="text:9")]).run()
    (matched,) = (each for each in server.shop.sent if "SELECT x.id AS b, y.id AS a" in each)

    assert "WHERE x.size = 1 AND y.size = 1" in matched
    assert ("public.users", "deleted", 1) in [(each.subject, each.how, each.total) for each in fates]


# -- what cannot be followed -------------------------------------------------------------------------------------------


def test_a_table_that_the_server_does_not_let_us_follow() -> None:
    """It is named with the reason; others are followed all the same."""
    other = table("other", ID, CITY, oid=9, key=["id"], digests={"id": "text:1", "city": "text:1", "": "o"})
    server = Server(rest=[1])
    answer = server.answer

    def refuse(query: str) -> list[Any]:
        if "migration_checks_own.m1" in query:
            raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout")
        return answer(query)

    server.shop.answer = refuse
    less = table("other", ID, oid=9, key=["id"], digests={"id": "text:1", "": "o"})
    trace = server.trace([users(), other], [users(ID), less])

    assert ["public.other.city"] == [each.subject for each in trace.run()]
    assert {"public.users": "canceling statement due to statement timeout"} == dict(trace.untraced)


def test_the_rows_remember_what_they_could_not_trace() -> None:
    """Until the next time; what was lost is remembered for the way back."""
    rows = Rows(Paper().connection)
    server = Server(rest=[4])
    rows._shop = server.shop

    assert [4] == [each.lost for each in rows.trace(named(users()), named(users(ID)))]
    assert {} == dict(rows.untraced)
    server.shop.answer = lambda query: [()] * 4 if query.startswith("DELETE") else server.answer(query)
    (fate,) = rows.acquit([Fate("public.users.city", "values", "dropped", 4, lost=4)], named(users()), named(users()))
    assert (4, 0) == (fate.restored, fate.lost)


def test_a_connection_may_be_replaced() -> None:
    """By another one to the same database."""
    rows = Rows(Paper().connection)
    new = Paper().connection
    rows.reconnect(new)

    assert rows.connection is new

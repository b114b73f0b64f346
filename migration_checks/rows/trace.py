"""Conservation: for every value that an upgrade makes disappear, where it went, or that it is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain as chained

import psycopg

from migration_checks.rows.cells import Matching, compare_cells
from migration_checks.rows.chain import Chain
from migration_checks.rows.compare import proven_equal
from migration_checks.rows.identity import ColumnPair, pair_columns, pair_tables
from migration_checks.rows.lineup import ROW, Lineup, line_up, name_of
from migration_checks.rows.links import Link, carriers, content, referenced, referencing, same_row
from migration_checks.rows.lost import Lost, lost_samples
from migration_checks.rows.made_up import excuse
from migration_checks.rows.matching import temporary
from migration_checks.rows.search import Search
from migration_checks.rows.spelling import spelled
from migration_checks.rows.suspects import suspects
from migration_checks.rows.values import quoted, same_meaning
from migration_checks.rows.volatile import Volatile
from migration_checks.rows.workshop import Workshop, why
from migration_checks.rows.written import Written
from migration_checks.snapshot import Column, Table
from migration_checks.transition import Destination, Fate

NUMBER = '"migration_checks number"'


@dataclass(slots=True)
class Trace:
    """Follows what one ascent made disappear.

    `lost` keeps, for each fate, where its lost values are remembered, `untraced` the tables that could not be followed.
    """

    shop: Workshop
    samples: int
    chain: Chain
    written: Sequence[Written] = ()
    fates: list[Fate] = field(default_factory=list)
    lost: dict[tuple[str, str, str], Lost] = field(default_factory=dict)
    untraced: dict[str, str] = field(default_factory=dict)

    def run(self) -> tuple[Fate, ...]:
        """The fates of all that disappeared, by subject."""
        pairs = list(self._suspects())
        if pairs:
            with self.shop.work():
                for left, right in pairs:
                    self._attempt(left, right)
        return tuple(sorted(self.fates, key=lambda fate: (fate.subject, fate.what, fate.how)))

    def _suspects(self) -> Iterator[tuple[Table, Table | None]]:
        """Tables with rows that may have lost something, each with what it is afterwards."""
        for left, right in pair_tables(self.chain.before, self.chain.after):
            if left is None or left is right or left.unread or not left.rows or (right is not None and right.unread):
                continue
            if right is None or not _untouched(left, right):
                yield left, right

    def _attempt(self, left: Table, right: Table | None) -> None:
        """Follow one table; where the server refuses, say so rather than let all the others go unseen."""
        known = len(self.fates)
        try:
            with self.shop.attempt():
                self._table(left, right)
        except psycopg.Error as error:
            del self.fates[known:]
            self.untraced[left.name] = why(error)

    # -- one table -----------------------------------------------------------------------------------------------------

    def _table(self, left: Table, right: Table | None) -> None:
        lineup = line_up(self.shop, left, right)
        if right is not None:
            altered, fresh = self._altered(lineup)
            for column in lineup.columns.dropped:
                if not column.generated:
                    self._values(lineup, column, None, fresh)
            for pair in altered:
                self._values(lineup, pair[0], pair[1], fresh)
        if lineup.gone_rows and lineup.gone is not None:
            self._rows(lineup, lineup.gone)

    def _altered(self, lineup: Lineup) -> tuple[list[ColumnPair], frozenset[str]]:
        """Columns in which values other than NULL were replaced, and the names of all that the step wrote."""
        overwritten = []
        fresh = {column.name for column in lineup.columns.created}
        pairs = [pair for pair in lineup.columns.pairs if not pair[0].generated]
        doubted = pairs
        if lineup.rest is not None and lineup.right is not None:
            doubted = suspects(self.shop, lineup.left, lineup.right, lineup.columns, pairs, lineup.rest)
        for number, clause in enumerate(lineup.same):
            chosen = pairs if number else doubted
            changes = compare_cells(self.shop, Matching(clause, ()), chosen, 0, Volatile(), rows=lineup.left.rows)[1]
            for change in changes:
                if change.changed:
                    fresh.add(change.column)
                if change.changed > change.filled:
                    overwritten.append(change.column_before)
        return [pair for pair in pairs if pair[0].name in overwritten], frozenset(fresh)

    def _values(self, lineup: Lineup, column: Column, successor: Column | None, fresh: frozenset[str]) -> None:
        """The fate of the values of one column, in rows that stayed."""
        rest = self._rest(lineup, column, successor)
        total = self.shop.row(f"SELECT count(*) FROM {rest}")[0]
        if not total:
            return
        search = Search(self.shop, self.chain, lineup.left, column, rest, fresh, successor.name if successor else None)
        moved = search.follow(chained(same_row(lineup), self._links(lineup)))
        names = [pair[0] for pair in lineup.naming]
        total -= excuse(self.shop, lineup.left, names, column, rest, self.written, moved=bool(moved))
        if total:
            self._bury(lineup, column, "overwritten" if successor else "dropped", total, moved, rest)

    def _rest(self, lineup: Lineup, column: Column, successor: Column | None) -> str:
        """A temporary table of the values of `column` that are no longer there, with the names of their rows."""
        value = f"b.{quoted(column.name)}"
        name_before, name_after = lineup.named(0, "b"), lineup.named(1, "a")
        new, gone = "NULL::text", "true"
        if successor is not None:
            now = f"a.{quoted(successor.name)}"
            new, gone = f"{now}::text", f"NOT ({same_meaning(value, now, column, successor, self.shop.cast).equal})"
        word = spelled(self.shop, value, column)
        self.shop.finish()
        queries = [
            f"""SELECT {name_before} AS kid, {name_after} AS akid, {value}::text AS v, {word} AS w, {new} AS now
                FROM {clause} WHERE {value} IS NOT NULL AND {gone}"""
            for clause in lineup.same
        ]
        if successor is None and lineup.by_value is not None:
            queries.append(f"""SELECT {name_before} AS kid, {name_before} AS akid, {value}::text AS v, {word} AS w, {new} AS now
                FROM {lineup.by_value} AS b WHERE {value} IS NOT NULL""")
        union = " UNION ALL ".join(queries)
        return temporary(self.shop, "rest", f"SELECT row_number() OVER () AS gid, r.* FROM ({union}) AS r")

    def _links(self, lineup: Lineup) -> Iterator[Link]:
        """Beyond the row itself: along foreign keys either way, then to tables that carry its key."""
        yield from referencing(lineup, self.chain)
        yield from referenced(lineup, self.chain)
        yield from carriers(self.shop, lineup, self.chain.receivers(lineup.left))

    # -- rows that are gone --------------------------------------------------------------------------------------------

    def _rows(self, lineup: Lineup, gone: str) -> None:
        """The fate of rows that are no more: a row lives on where its values are found, which then must be all of them."""
        left = lineup.left
        how = "dropped" if lineup.right is None else "deleted"
        name = name_of([pair[0] for pair in lineup.naming], "r")
        dead = temporary(self.shop, "dead", f"SELECT row_number() OVER () AS {NUMBER}, {name} AS {ROW}, r.* FROM {gone} AS r")
        arrivals = temporary(self.shop, "arrivals", "SELECT 0::bigint AS gid, 0 AS place WHERE false")
        numbers: dict[str, int] = {}
        traced = []
        where = dict[str, Destination]()
        links = list(chained(self._links(beyond(lineup)), content(self.shop, lineup, dead, self.chain.receivers(lineup.left))))
        for column, refers in _to_find(left):
            rest = self._dead_values(dead, column)
            search = Search(self.shop, self.chain, left, column, rest, arrivals=arrivals, numbers=numbers)
            moved = search.follow(links)
            if refers:
                search.through = True
                moved = search.follow([link for link in links if link.table.name in numbers])
            traced.append((column, rest, moved))
            where = {**search.tables, **where}
        self._blank_rows(left, dead, links, arrivals, numbers, where)
        self._bury_rows(lineup, how, dead, arrivals, numbers, where)
        for column, rest, moved in traced:
            self.shop.execute(f"DELETE FROM {rest} WHERE gid NOT IN (SELECT gid FROM {arrivals})")
            unfound = self.shop.row(f"SELECT count(*) FROM {rest}")[0]
            if unfound:
                self._bury(lineup, column, how, unfound + sum(each.count for each in moved), moved, rest)

    def _blank_rows(
        self,
        left: Table,
        dead: str,
        links: Sequence[Link],
        arrivals: str,
        numbers: dict[str, int],
        where: dict[str, Destination],
    ) -> None:
        """Rows that say nothing but their key live on where a link leads, in the tables to which the others went.

        Where none of the others went anywhere, the same must have become of these.
        """
        empty = " AND ".join(f"d.{quoted(column.name)} IS NULL" for column, _ in _to_find(left))
        blank = temporary(
            self.shop, "blank", f"SELECT d.{NUMBER} AS gid, d.{ROW} AS kid, NULL::text AS akid FROM {dead} AS d WHERE {empty}"
        )
        others = bool(self.shop.row(f"SELECT EXISTS (SELECT FROM {dead} AS d WHERE NOT ({empty}))")[0])
        for link in [link for link in links if link.table.name in numbers or not (numbers or others)]:
            found = f"SELECT g.gid FROM {blank} AS g {link.join}"
            taken = f"WITH taken AS (DELETE FROM {blank} WHERE gid IN ({found}) RETURNING gid)"
            number = numbers.get(link.table.name, len(numbers))
            if self.shop.execute(f"{taken} INSERT INTO {arrivals} SELECT gid, {number} FROM taken").rowcount:
                numbers[link.table.name] = number
                where.setdefault(link.table.name, Destination(link.table.name, link.how, 0, None))

    def _dead_values(self, dead: str, column: Column) -> str:
        value = f"d.{quoted(column.name)}"
        word = spelled(self.shop, value, column)
        self.shop.finish()
        return temporary(
            self.shop,
            "rest",
            f"""SELECT d.{NUMBER} AS gid, d.{ROW} AS kid, NULL::text AS akid, {value}::text AS v, {word} AS w, NULL::text AS now
                FROM {dead} AS d WHERE {value} IS NOT NULL""",
        )

    def _bury_rows(
        self, lineup: Lineup, how: str, dead: str, arrivals: str, numbers: dict[str, int], where: dict[str, Destination]
    ) -> None:
        query = (
            f"SELECT place, count(*) FROM (SELECT gid, min(place) AS place FROM {arrivals} GROUP BY gid) AS a GROUP BY place"
        )
        counts = dict(self.shop.rows(query))
        moved = [
            replace(where[table], place=table, count=counts[number]) for table, number in numbers.items() if number in counts
        ]
        rest = temporary(
            self.shop,
            "rest",
            f"""SELECT d.{NUMBER} AS gid, d.{ROW} AS kid, NULL::text AS v, NULL::text AS now
                FROM {dead} AS d WHERE d.{NUMBER} NOT IN (SELECT gid FROM {arrivals})""",
        )
        self._bury(lineup, None, how, lineup.gone_rows, moved, rest)

    # -- verdicts ------------------------------------------------------------------------------------------------------

    def _bury(
        self, lineup: Lineup, column: Column | None, how: str, total: int, moved: Sequence[Destination], rest: str
    ) -> None:
        """Note a fate, and remember what is lost for the way back."""
        lost = total - sum(each.count for each in moved)
        subject = lineup.left.name if column is None else f"{lineup.left.name}.{self.shop.identifier(column.name)}"
        what = "rows" if column is None else "values"
        fate = Fate(subject, what, how, total, tuple(moved), lost=lost)
        if lost:
            relation = self.shop.relation("lost")
            self.shop.execute(f"CREATE UNLOGGED TABLE {relation} AS SELECT gid, kid, v, now FROM {rest}")
            naming = tuple(pair[0] for pair in lineup.naming)
            remembered = Lost(relation, lineup.left, naming, column)
            self.lost[subject, what, how] = remembered
            fate = replace(fate, samples=lost_samples(self.shop, remembered, self.samples), caused_by=_cause(moved))
        self.fates.append(fate)


def _untouched(left: Table, right: Table) -> bool:
    return proven_equal(left, right) and not pair_columns(left, right).dropped


def _cause(moved: Sequence[Destination]) -> str | None:
    """The earlier revision that carried most of the other values away, if one did."""
    earlier = [each for each in moved if each.written_by is not None]
    return max(earlier, key=lambda each: each.count).written_by if earlier else None


def _to_find(table: Table) -> list[tuple[Column, bool]]:
    """The columns that make up a row beyond its key, and whether they refer to other rows: those are looked for last."""
    columns = [column for column in table.columns if column.name not in table.key and not column.generated] or table.columns
    references = {name for reference in table.references for name in reference.columns}
    return sorted(((column, column.name in references) for column in columns), key=lambda each: each[1])


def beyond(lineup: Lineup) -> Lineup:
    """The same lineup for rows that are gone: they lead on from what they were, not from what they are."""
    return replace(lineup, same=())

"""Looks for lost values where the links of their rows lead, and takes out of the lost ones what is found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from migration_checks.rows.batches import batches
from migration_checks.rows.chain import Chain
from migration_checks.rows.chance import FEW, carried, likely
from migration_checks.rows.links import Link
from migration_checks.rows.mirrors import source
from migration_checks.rows.places import Place, places
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Table
from migration_checks.transition import Destination

_ENOUGH = 10
"""Rows of which it can be said how common a value is among them."""

_AT_ONCE = 200
"""Places counted by one statement: its result must fit a row of at most 1,664 columns."""


@dataclass(slots=True)
class Search:
    """The search for the values of `column` of the table `lost`, which lie in the temporary table `rest`.

    `rest` has a number (gid), the row's name before and after (kid, akid), the value as it was (v) and in the spelling that
    recognises it (w). What is found is deleted from it. `fresh` names columns of the row itself that this step wrote,
    `successor` the one in the place of `column`, which holds another value but may hold the earlier one inside. With
    `arrivals`, numbers of rows that are found are noted there with the number of the table (`numbers`); `through` lets the
    columns count by which a link leads to a row, which proves nothing but completes what was proven by others.
    """

    shop: Workshop
    chain: Chain
    lost: Table
    column: Column
    rest: str
    fresh: frozenset[str] = frozenset()
    successor: str | None = None
    arrivals: str | None = None
    through: bool = False
    numbers: dict[str, int] = field(default_factory=dict)
    found: list[Destination] = field(default_factory=list)
    tables: dict[str, Destination] = field(default_factory=dict)

    def follow(self, links: Iterable[Link]) -> list[Destination]:
        """Follow each link until nothing is left to be found."""
        left = self._left()
        for link in links:
            if not left:
                break
            before = len(self.found)
            self._along(link, left)
            if len(self.found) > before:
                left = self._left()
        return self.found

    def _left(self) -> int:
        count: int = self.shop.row(f"SELECT count(*) FROM {self.rest}")[0]
        return count

    def _along(self, link: Link, total: int) -> None:
        offered = [
            place
            for column, by in self._columns(link)
            for place in places(self.shop, link.table, column, by)
            if place.within or not (link.how == "same row" and column.name == self.successor)
        ]
        self.shop.finish()
        hits: list[tuple[int, int, Place]] = []
        for batch in batches(offered, _AT_ONCE):
            hits += [(matched, present, place) for matched, present, place in self._counts(link, batch) if matched]
        for matched, present, place in sorted(hits, key=lambda hit: (-hit[0], hit[1], hit[2].within)):
            if matched == total < FEW and likely(self._background(link, place, matched), matched):
                continue
            certain = matched == total or (matched == present and matched >= FEW)
            if carried(total, present, matched, 0.0 if certain else self._chance(link, place, present)):
                self._take(link, place, all_there=matched == total)

    def _columns(self, link: Link) -> Iterator[tuple[Column, str | None]]:
        """The columns at the end of a link that the chain wrote since the lost column exists, and by which revision."""
        for column in link.table.columns:
            if column.name in link.via:
                if self.through:
                    yield column, None
                continue
            if link.how == "same row":
                if column.name in self.fresh:
                    yield column, None
                    continue
                written, by = self.chain.written(link.table, column, self.lost, self.column, earlier=True)
            else:
                written, by = self.chain.written(link.table, column, self.lost, self.column)
            if written:
                yield column, by

    def _counts(self, link: Link, offered: Sequence[Place]) -> Iterator[tuple[int, int, Place]]:
        """For each place how many values are there, and for how many there is anything."""
        any_of, grouped = ("", "") if link.single else ("bool_or", " GROUP BY g.gid")
        inner = ", ".join(
            f"{any_of}({place.holds('g.w')}) AS m{index}, {any_of}({place.filled}) AS p{index}"
            for index, place in enumerate(offered)
        )
        outer = ", ".join(
            f"count(*) FILTER (WHERE m{index}), count(*) FILTER (WHERE p{index})" for index in range(len(offered))
        )
        row = self.shop.row(f"SELECT {outer} FROM (SELECT {inner} FROM {self.rest} AS g {link.join}{grouped}) AS linked")
        for index, place in enumerate(offered):
            yield row[index * 2], row[index * 2 + 1], place

    def _background(self, link: Link, place: Place, matched: int) -> float:
        """The share of other rows that hold one of the values at that place, whoever wrote it there; 0 where there are few."""
        here = f"EXISTS (SELECT FROM {self.rest} AS g WHERE {place.holds('g.w')})"
        query = f"SELECT count(*) FILTER (WHERE {here}), count(*) FROM {source(link.table)} AS x WHERE {place.filled}"
        alike, rows = (max(count - matched, 0) for count in self.shop.row(query))
        return alike / rows if rows >= _ENOUGH else 0.0

    def _chance(self, link: Link, place: Place, present: int) -> float:
        """The share of values that would be found there if those of the place were dealt out at random."""
        row = self.shop.row(f"""
            WITH linked AS (
                SELECT one.v FROM {self.rest} AS g {link.join} CROSS JOIN LATERAL {place.each} AS one (v)
                WHERE one.v IS NOT NULL
            ),
            size AS (SELECT (SELECT count(*) FROM linked)::float8 AS there, (SELECT count(*) FROM {self.rest})::float8 AS here),
            there AS (SELECT v, count(*) / size.there AS share FROM linked CROSS JOIN size GROUP BY v, size.there),
            here AS (SELECT w, count(*) / size.here AS share FROM {self.rest} CROSS JOIN size GROUP BY w, size.here)
            SELECT coalesce(sum(here.share * (1 - power(1 - least(there.share, 1), size.there / {present}))), 0)::float8
            FROM here JOIN there ON there.v = here.w CROSS JOIN size""")
        return float(row[0])

    def _take(self, link: Link, place: Place, *, all_there: bool) -> None:
        if all_there and self.arrivals is None:
            if left := self._left():
                self.shop.execute(f"TRUNCATE {self.rest}")
                self._note(link, place, left)
            return
        found = f"SELECT g.gid FROM {self.rest} AS g {link.join} WHERE {place.holds('g.w')}"
        delete = f"DELETE FROM {self.rest} WHERE gid IN ({found})"
        if self.arrivals is not None:
            number = self.numbers.setdefault(link.table.name, len(self.numbers))
            delete = f"WITH taken AS ({delete} RETURNING gid) INSERT INTO {self.arrivals} SELECT gid, {number} FROM taken"
        count = self.shop.execute(delete).rowcount
        if count:
            self._note(link, place, count)

    def _note(self, link: Link, place: Place, count: int) -> None:
        how = "document" if link.how == "same row" and place.within else link.how
        name = f"{link.table.name}.{self.shop.identifier(place.column.name)}"
        self.found.append(Destination(name, how, count, place.written_by))
        self.tables.setdefault(link.table.name, self.found[-1])

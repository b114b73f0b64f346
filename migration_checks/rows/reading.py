"""Brings the state of every table up to date: only what was touched is scanned, only what changed is mirrored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from migration_checks.rows.batches import batches
from migration_checks.rows.carried import carried
from migration_checks.rows.digest import digest_query, digests
from migration_checks.rows.mirrors import is_mirror, mirrored
from migration_checks.rows.tables import by_oid, describe
from migration_checks.rows.touched import Stamp, Watch, stamps_of
from migration_checks.rows.values import lowered
from migration_checks.rows.workshop import Workshop, why
from migration_checks.snapshot import Table

_BATCH = 40
"""Tables digested by one statement: many small ones then cost a fraction of a round trip each."""


class Reader:
    """Reads tables, and remembers the latest reading of each: a leg that was undone need not be scanned again."""

    def __init__(self) -> None:
        self.watch = Watch()
        self._latest: dict[int, Table] = {}
        self._seen: dict[int, tuple[Stamp, Table]] = {}

    def read(
        self,
        shop: Workshop,
        previous: Mapping[str, Table] | None,
        *,
        keep: bool,
        skip: Collection[str],
        trusted: bool | None = None,
        shapes: Mapping[int, str] | None = None,
        stamped: Sequence[Any] | None = None,
    ) -> dict[str, Table]:
        """Every user table but those in `skip`, by name. An untouched one is the very value of `previous`."""
        trusted = self.settled(shop) if trusted is None else trusted
        stamps = [each for each in stamps_of(shop, trusted=trusted, shapes=shapes, found=stamped) if each.name not in skip]
        known = by_oid(previous)
        found = {stamp.oid: known[stamp.oid] for stamp in stamps if self._untouched(known.get(stamp.oid), stamp)}
        stale = [stamp for stamp in stamps if stamp.oid not in found]
        homeless = any(not is_mirror(table) and table.unread is None for table in found.values())
        if stale or (keep and homeless):
            described = self._described(shop, stale)
            found = shop.job(lambda: self._read(shop, found, known, stale, described, keep=keep))
        self._latest.update(found)
        self._seen = {stamp.oid: (stamp, found[stamp.oid]) for stamp in stamps}
        return {stamp.name: found[stamp.oid] for stamp in stamps}

    def _described(self, shop: Workshop, stale: list[Stamp]) -> dict[int, Table]:
        """What is not known yet of the definition of tables. It is asked before a job begins: the catalog's plans stay."""
        return describe(shop, [stamp for stamp in stale if not _same(self._latest.get(stamp.oid), stamp)])

    def _read(
        self,
        shop: Workshop,
        found: Mapping[int, Table],
        known: Mapping[int, Table],
        stale: list[Stamp],
        described: Mapping[int, Table],
        *,
        keep: bool,
    ) -> dict[int, Table]:
        """`found` and what is stale, by oid, mirrored where they are to be kept."""
        refreshed = self._refreshed(shop, stale, described, known)
        fresh = {table.oid: _settled(known.get(table.oid), table) for table in refreshed}
        tables = {**found, **fresh}
        return {table.oid: table for table in mirrored(shop, tables.values())} if keep else tables

    def _untouched(self, table: Table | None, stamp: Stamp) -> bool:
        """Whether `table` is how a table stands. Of most the last stamp was the very same, and need not be looked into."""
        last, seen = self._seen.get(stamp.oid, (None, None))
        return _same(table, stamp) if table is None or seen is not table else last == stamp

    def settled(self, shop: Workshop) -> bool:
        """Whether stamps tell what was touched (see Watch)."""
        return self.watch.settled(shop)

    def outdated(self, table: Table) -> bool:
        """Whether the rows of a state that was not mirrored are no longer what they were then."""
        latest = self._latest.get(table.oid)
        return not is_mirror(table) and latest is not None and latest.stamp != table.stamp

    def standing(self, table: Table) -> Table | None:
        """The latest state of a table as it stands in the database, which holds what a mirror holds too; None if unsure."""
        stamp, seen = self._seen.get(table.oid, (None, None))
        if stamp is None or seen is not table or "?" in table.stamp or table.unread is not None:
            return None
        return replace(table, relation=stamp.relation)

    def _refreshed(
        self, shop: Workshop, stale: list[Stamp], described: Mapping[int, Table], known: Mapping[int, Table]
    ) -> Iterator[Table]:
        scan = []
        for stamp in stale:
            table = described.get(stamp.oid)
            latest = self._latest.get(stamp.oid)
            if table is None:
                assert latest is not None
                yield latest
            elif table.unread is not None:
                yield table
            elif (
                latest is not None
                and latest.unread is None
                and latest.stamp.startswith(f"{stamp.rows(table.columns)}|")
                and _alike(latest, table)
            ):
                home = latest.relation if is_mirror(latest) else table.relation
                yield replace(table, rows=latest.rows, digests=latest.digests, relation=home)
            elif (told := self._told(shop, table, known.get(table.oid))) is not None:
                yield told
            else:
                scan.append(table)
        for batch in batches(scan, _BATCH):
            yield from digested(shop, batch)

    def _told(self, shop: Workshop, table: Table, previous: Table | None) -> Table | None:
        """`table` counted and digested by what was written since an earlier reading, None where every row must be read."""
        for earlier in (self._latest.get(table.oid), previous):
            if earlier is not None and is_mirror(earlier):
                try:
                    with shop.alone():
                        return carried(shop, earlier, table)
                except psycopg.Error:
                    return None  # every row will be read, and it will be said why that fails
        return None


def _same(table: Table | None, stamp: Stamp) -> bool:
    if table is None or (table.name, table.unread) != (stamp.name, stamp.unread):
        return False
    return table.stamp == stamp.whole(table.columns)


def _alike(one: Table, other: Table) -> bool:
    return (one.columns, one.key) == (other.columns, other.key)


def _settled(previous: Table | None, table: Table) -> Table:
    """`table`, its rows taken from `previous` when they proved to be the same."""
    if previous is None or table.unread or previous.unread or not _alike(previous, table) or previous.rows != table.rows:
        return table
    if previous.digests != table.digests or not is_mirror(previous):
        return table
    return replace(table, relation=previous.relation)


def digested(shop: Workshop, tables: Iterable[Table]) -> list[Table]:
    """Tables with their rows counted and digested; one that cannot be read says why."""
    tables = list(tables)
    query = " UNION ALL ".join(digest_query(table, lowered) for table in tables)
    try:
        with shop.alone():
            found = {oid: (rows, sums) for oid, rows, sums in shop.rows(query)}
    except psycopg.Error as error:
        if len(tables) == 1:
            return [replace(tables[0], unread=why(error))]
        return [each for table in tables for each in digested(shop, [table])]
    return [replace(table, rows=found[table.oid][0], digests=digests(table, found[table.oid][1])) for table in tables]

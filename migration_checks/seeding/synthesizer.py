"""The door of seeding: tops up a database under walk with synthesized rows, and writes as its application would."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migration_checks.profile.values import Profile
from migration_checks.seeding.application import Application
from migration_checks.seeding.columns import ColumnFilling
from migration_checks.seeding.filling import Filling
from migration_checks.seeding.keys import Keys
from migration_checks.seeding.order import levels
from migration_checks.seeding.plan import wishes
from migration_checks.seeding.pools import Pools
from migration_checks.seeding.portraits import Portraits
from migration_checks.seeding.schema import Reader, Relation, Table

Connection = psycopg.Connection[Any]

# What the text of values and expressions depends on, pinned for the transaction only.
_SETTINGS: Mapping[str, str] = {
    "search_path": "pg_catalog",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "xmloption": "content",
    "client_min_messages": "error",
    # Planning the catalog queries takes ten times as long as running them, and PostgreSQL would plan them anew each time.
    "plan_cache_mode": "force_generic_plan",
}


_AT_ONCE = 40
"""Tables that are looked at by one statement."""


@dataclass(frozen=True)
class Filled:
    """What was written.

    `tables` maps a qualified, quoted table to the rows written into it, `columns` a "schema.table.column" to the values
    written into rows that existed, `unfilled` a table to the reason, in one phrase, why it stayed empty. `blank` are the
    columns of written tables, and the added ones, in which no row got a value.
    """

    tables: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, int] = field(default_factory=dict)
    unfilled: Mapping[str, str] = field(default_factory=dict)
    blank: tuple[str, ...] = ()


class Synthesizer:
    """Makes up rows for any schema as it stands.

    `connection` is in autocommit mode and belongs to the owner of the tables, better to a superuser: then user triggers and
    the order of foreign keys do not matter. `rows` is the size that a table is filled to, where uniqueness allows; `seed` and
    the schema alone decide what is written. Tables that `profile` knows get `scale` times its rows, and values like its own.
    """

    def __init__(
        self, connection: Connection, *, rows: int, seed: int, profile: Profile | None = None, scale: float = 1.0
    ) -> None:
        self.connection = connection
        self.rows = rows
        self.seed = seed
        self._reader = Reader(connection)
        self._pools = Pools(connection, seed)
        self._portraits = Portraits(profile, scale)
        self._failed: dict[str, tuple[Table, str]] = {}

    def top_up(
        self,
        columns: Collection[str] = (),
        *,
        skip: Collection[str] = (),
        only: Collection[str] | None = None,
        plain: bool = False,
    ) -> Filled:
        """Fill every table that holds no row, parents first, and every one of `columns` that holds no value.

        `columns` are "schema.table.column", each part quoted where it must be.
        `skip` names tables (qualified, or not) to leave alone, `only` those to look at. `plain` rows have nothing odd: neither
        edge values nor NULLs nor equal rows, as far as the schema lets them. Never raises for a table that it cannot fill:
        `Filled.unfilled` says why.
        """
        with self._session() as replica:
            relations = [relation for relation in self._reader.relations() if _wanted(relation, skip, only)]
            targets, leaves = self._targets(relations)
            tables = self._reader.tables([relation.oid for relation in targets])
            self._pools.forget()
            keys = Keys(self.connection)
            self._search("public")
            written, unfilled = self._fill(tables, keys, leaves, replica, plain)
            added = self._fill_columns(relations, columns, written, keys)
            blank = sorted({*self._blank([table for table in tables if table.name in written])})
        return Filled(written, added, unfilled, (*blank, *sorted(name for name, count in added.items() if not count)))

    def write(self, tables: Sequence[str], rows: int) -> Filled:
        """Insert `rows` more rows into each of these tables, which hold some, as an application would.

        Triggers are awake and defaults used. Every row is an attempt of its own, in a transaction of its own;
        `Filled.unfilled` counts those that were refused.
        """
        with self._session(replica=False):
            oids = {relation.name: relation.oid for relation in self._reader.relations()}
            known = {table.name: table for table in self._reader.tables([oids[name] for name in tables if name in oids])}
            self._pools.forget()
        application = Application(self.connection, self._pools, self.seed, self._row)
        written: dict[str, int] = {}
        unfilled: dict[str, str] = {name: "there is no such table" for name in tables if name not in known}
        for name in tables:
            if name in known:
                written[name], reason = application.write(known[name], rows)
                unfilled |= {name: reason} if reason else {}
        return Filled(written, {}, unfilled)

    def _fill_columns(
        self, relations: Sequence[Relation], columns: Collection[str], written: Mapping[str, int], keys: Keys
    ) -> dict[str, int]:
        """Fill columns of tables that held rows before."""
        old = [r for r in relations if r.root is None and r.name not in written]
        concerned = [r for r in old if any(column.startswith(r.name + ".") for column in columns)]
        if not concerned:
            return {}
        self._search("")
        tables = self._reader.tables([relation.oid for relation in concerned])
        self._search("public")
        filling = ColumnFilling(self.connection, self._pools, keys, self.seed)
        counts: dict[str, int] = {}
        for table in tables:
            named = {column.name: f"{table.name}.{column.quoted}" for column in table.columns}
            done = filling.fill(table, [name for name, identity in named.items() if identity in columns])
            counts |= {named[name]: count for name, count in done.items()}
        return counts

    def _fill(
        self, tables: Sequence[Table], keys: Keys, leaves: Mapping[str, frozenset[str]], replica: bool, plain: bool
    ) -> tuple[dict[str, int], dict[str, str]]:
        by_name = {table.name: table for table in tables}
        filling = Filling(
            self.connection, self._pools, keys, self.seed, self.rows, replica, wishes(tables), self._portraits, plain
        )
        written: dict[str, int] = {}
        unfilled: dict[str, str] = {}
        for names in levels({table.name: [key.parent for key in table.foreign_keys] for table in tables}):
            group = [by_name[name] for name in names]
            known = self._hopeless(group, written)
            done, failed = ({}, known) if known else filling.fill(group, leaves)
            written |= done
            unfilled |= failed
        self._failed = {name: (by_name[name], reason) for name, reason in unfilled.items()}
        return written, unfilled

    def _blank(self, tables: Sequence[Table]) -> Iterator[str]:
        """The columns of tables that were filled in which nothing but NULL is."""
        asked = {table.name: [column for column in table.writable if column.nullable] for table in tables}
        queries = []
        for place, (name, columns) in enumerate(asked.items()):
            tests = ", ".join(f"bool_and({column.quoted} IS NULL)" for column in columns)
            if columns:
                queries.append(f"SELECT {place}, ARRAY[{tests}] FROM {name}")
        names = list(asked)
        for start in range(0, len(queries), _AT_ONCE):
            query = " UNION ALL ".join(queries[start : start + _AT_ONCE])
            try:
                with self.connection.transaction():
                    answers = self.connection.execute(query.encode()).fetchall()
            except psycopg.Error:
                continue  # one that may be written and not be read: its row security says why
            for place, found in answers:
                columns = asked[names[place]]
                yield from (f"{names[place]}.{column.quoted}" for column, empty in zip(columns, found, strict=True) if empty)

    def _hopeless(self, group: Sequence[Table], written: Mapping[str, int]) -> dict[str, str]:
        """The reasons of the last time, if nothing has changed that these tables depend on: failing costs the most."""
        before = [self._failed.get(table.name) for table in group]
        same = all(known is not None and known[0] == table for known, table in zip(before, group, strict=True))
        touched = any(key.parent in written for table in group for key in table.foreign_keys)
        return (
            {table.name: known[1] for table, known in zip(group, before, strict=True) if known} if same and not touched else {}
        )

    def _targets(self, relations: Sequence[Relation]) -> tuple[list[Relation], dict[str, frozenset[str]]]:
        """The tables to fill, and for a partitioned one that holds rows the partitions that hold none."""
        empty = self._empty([relation for relation in relations if not relation.partitioned])
        targets = [r for r in relations if not r.partitioned and r.root is None and r.oid in empty]
        leaves: dict[str, frozenset[str]] = {}
        for root in (r for r in relations if r.partitioned and r.root is None):
            parts = [r for r in relations if r.root == root.oid and not r.partitioned]
            missing = frozenset(r.name for r in parts if r.oid in empty)
            if len(missing) == len(parts):
                targets.append(root)
            elif missing:
                targets.append(root)
                leaves[root.name] = missing
        return targets, leaves

    def _empty(self, relations: Sequence[Relation]) -> frozenset[int]:
        """Those that hold no row: what has no storage in use surely holds none, the others are asked."""
        stored = [relation for relation in relations if relation.stored]
        empty = {relation.oid for relation in relations if not relation.stored}
        return frozenset(empty) | self._hollow(stored)

    def _hollow(self, relations: Sequence[Relation]) -> frozenset[int]:
        """Those of the relations that hold no row; one that may not be read is none of our business."""
        if not relations:
            return frozenset()
        tests = ", ".join(f"EXISTS (SELECT FROM ONLY {relation.name})" for relation in relations)
        try:
            with self.connection.transaction():
                row = self.connection.execute(f"SELECT ARRAY[{tests}]".encode()).fetchone()
        except psycopg.Error:
            return frozenset() if len(relations) == 1 else frozenset().union(*(self._hollow([each]) for each in relations))
        return frozenset(relation.oid for relation, full in zip(relations, row[0] if row else (), strict=True) if not full)

    @contextmanager
    def _session(self, *, replica: bool = True) -> Iterator[bool]:
        """A transaction with pinned settings; yields whether triggers and foreign keys sleep in it, as `replica` asks."""
        replica = replica and self._may_be_replica()
        settings = dict(_SETTINGS) | ({"session_replication_role": "replica"} if replica else {})
        with self.connection.transaction():
            calls = ", ".join(f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in settings.items())
            self.connection.execute(f"SELECT {calls}".encode())
            yield replica

    @contextmanager
    def _row(self) -> Iterator[None]:
        """The transaction of one row of the application."""
        with self._session(replica=False):
            self._search("public")
            yield

    def _search(self, schema: str) -> None:
        """Functions of the user expect to find what they call; expressions are read with every name qualified."""
        path = f'"$user", {schema}' if schema else "pg_catalog"
        self.connection.execute(b"SELECT pg_catalog.set_config('search_path', %s, true)", [path])

    def _may_be_replica(self) -> bool:
        if self.connection.info.parameter_status("is_superuser") == "on":
            return True
        if self.connection.info.server_version < 150000:
            return False
        query = b"SELECT pg_catalog.has_parameter_privilege('session_replication_role', 'SET')"
        row = self.connection.execute(query).fetchone()
        return bool(row and row[0])


def _wanted(relation: Relation, skip: Collection[str], only: Collection[str] | None) -> bool:
    if relation.name in skip or relation.short in skip:
        return False
    return only is None or relation.name in only

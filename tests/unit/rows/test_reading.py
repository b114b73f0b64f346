"""Which tables are read again: what storage says was not touched is the value that is known, and costs no scan."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from migration_checks.rows.mirrors import is_mirror
from migration_checks.rows.reading import Reader
from migration_checks.rows.touched import Watch, stamps_of
from tests.unit.rows.support import Paper


@dataclass
class Storage:
    """What a server says of its tables: (name, oid) to a counter of writes; every table has one column, its key."""

    tables: dict[tuple[str, int], int]
    sessions: list[int] = field(default_factory=list)
    refused: frozenset[str] = frozenset()
    shop: Paper = field(init=False)
    version: int = 180000

    def __post_init__(self) -> None:
        self.shop = Paper(self.answer, self.version)
        self.shop.connection.execute = self.answer  # type: ignore[method-assign,assignment]
        self.shop.look = self.looked  # type: ignore[method-assign]

    def looked(self, query: bytes, *given: bytes) -> list[Any]:
        """The catalog: the stamps of all tables, what those asked for consist of, or who else is connected."""
        if given and given[0].startswith(b"{"):
            columns = [["id", 1, "integer", True, False, "int4", "integer", False]]
            return [(int(oid), columns, [["id"]], [], 700) for oid in given[0][1:-1].split(b",")]
        return self.answer(query.decode())

    def answer(self, statement: str) -> list[tuple[Any, ...]]:
        if any(name in statement for name in self.refused):
            raise psycopg.errors.InsufficientPrivilege("permission denied")
        if "pg_stat_get_activity" in statement:
            return [(True, self.sessions)]
        if statement.startswith("SELECT") and "hashint8extended" in statement:
            return [(int(oid), 3, [f"sum {self._writes(int(oid))}"]) for oid in re.findall(r"SELECT (\d+)::bigint", statement)]
        if "relname" in statement:
            return [(oid, name, False, f"data {writes}", "kinds", "shape", None) for (name, oid), writes in self.tables.items()]
        return []

    def _writes(self, wanted: int) -> int:
        return next(writes for (_, oid), writes in self.tables.items() if oid == wanted)

    @property
    def scans(self) -> int:
        """How many tables were scanned since this was asked last."""
        found = sum(each.count("hashint8extended") for each in self.shop.sent)
        self.shop.sent.clear()
        return found


TABLES = {("public.a", 1): 0, ("public.b", 2): 0}


def test_an_untouched_table_is_the_very_value() -> None:
    """No scan, no copy."""
    storage, reader = Storage(dict(TABLES)), Reader()
    first = reader.read(storage.shop, None, keep=True, skip=())
    assert storage.scans == 2
    again = reader.read(storage.shop, first, keep=True, skip=())

    assert storage.scans == 0
    assert all(again[name] is first[name] for name in first)


def test_only_what_was_touched_is_scanned() -> None:
    """The other one keeps its mirror and its value."""
    storage, reader = Storage(dict(TABLES)), Reader()
    first = reader.read(storage.shop, None, keep=True, skip=())
    _ = storage.scans
    storage.tables["public.b", 2] = 1
    again = reader.read(storage.shop, first, keep=True, skip=())

    assert storage.scans == 1
    assert again["public.a"] is first["public.a"]
    assert again["public.b"].digests != first["public.b"].digests


def test_a_table_written_to_the_same_rows_keeps_its_mirror() -> None:
    """What digests prove the same need not be copied again."""
    storage, reader = Storage(dict(TABLES)), Reader()
    first = reader.read(storage.shop, None, keep=True, skip=())
    storage._writes = lambda wanted: 0  # type: ignore[method-assign]
    storage.tables["public.b", 2] = 1
    again = reader.read(storage.shop, first, keep=True, skip=())

    assert again["public.b"].relation == first["public.b"].relation
    assert again["public.b"].stamp != first["public.b"].stamp


def test_rows_are_kept_apart_only_on_demand() -> None:
    """Without, they can be read from the table itself until the next step."""
    storage = Storage(dict(TABLES))

    assert not any(map(is_mirror, Reader().read(storage.shop, None, keep=False, skip=()).values()))
    assert all(map(is_mirror, Reader().read(storage.shop, None, keep=True, skip=()).values()))


def test_tables_to_skip_are_not_there() -> None:
    """Nor read."""
    storage = Storage(dict(TABLES))

    assert Reader().read(storage.shop, None, keep=True, skip=["public.b"]).keys() == {"public.a"}
    assert storage.scans == 1


def test_a_table_that_cannot_be_read_says_why() -> None:
    """The others of its batch are read all the same."""
    storage = Storage(dict(TABLES), refused=frozenset({"FROM public.b"}))
    found = Reader().read(storage.shop, None, keep=True, skip=())

    assert found["public.b"].unread == "permission denied"
    assert (found["public.a"].unread, found["public.a"].rows) == (None, 3)


def test_a_leg_that_was_undone_is_not_scanned_again() -> None:
    """The latest reading is remembered, also where an older state is what it is held against."""
    storage, reader = Storage(dict(TABLES)), Reader()
    first = reader.read(storage.shop, None, keep=True, skip=())
    storage.tables["public.b", 2] = 1
    reader.read(storage.shop, first, keep=False, skip=())
    _ = storage.scans
    reader.read(storage.shop, first, keep=False, skip=())

    assert storage.scans == 0


@pytest.mark.parametrize(("version", "sessions"), [(140000, []), (180000, [77])])
def test_counters_that_cannot_be_trusted(version: int, sessions: list[int]) -> None:
    """PostgreSQL 14 hears of them late, and so does a session that stays: every table counts as touched."""
    storage = Storage(dict(TABLES), sessions, version=version)
    watch = Watch()
    one, two = (stamps_of(storage.shop, trusted=watch.settled(storage.shop)) for _ in range(2))

    assert all(first.whole(()) != second.whole(()) for first, second in zip(one, two, strict=True))


def test_counters_that_can_be_trusted() -> None:
    """Nothing was written, and the stamps say so."""
    storage = Storage(dict(TABLES))

    assert Watch().settled(storage.shop)
    assert stamps_of(storage.shop, trusted=True) == stamps_of(storage.shop, trusted=True)


def test_a_table_whose_rows_cannot_be_kept_says_why() -> None:
    """Nothing is said of its rows then; the others of its batch are kept all the same."""
    storage = Storage(dict(TABLES))
    answer = storage.answer

    def full(statement: str) -> list[tuple[Any, ...]]:
        if "UNLOGGED" in statement and "FROM public.b" in statement:
            raise psycopg.errors.DiskFull("could not extend file")
        return answer(statement)

    storage.shop.answer = full
    found = Reader().read(storage.shop, None, keep=True, skip=())

    assert ("could not extend file", 0, {}) == (found["public.b"].unread, found["public.b"].rows, found["public.b"].digests)
    assert is_mirror(found["public.a"])
    assert not is_mirror(found["public.b"])


def test_rows_that_were_not_kept_are_outdated_once_others_were_read() -> None:
    """What lies in a mirror never is."""
    storage, reader = Storage(dict(TABLES)), Reader()
    first = reader.read(storage.shop, None, keep=False, skip=())
    kept = Reader().read(storage.shop, None, keep=True, skip=())
    storage.tables["public.b", 2] = 1
    reader.read(storage.shop, first, keep=False, skip=())

    assert [False, True] == [reader.outdated(first[name]) for name in ("public.a", "public.b")]
    assert not reader.outdated(kept["public.b"])

"""From looks to facts: what each statement locked, read, wrote and built anew, and by which source each of that is known.

Looks are written by hand, as look.sql would write them; `T` is a table that was there before, `I` an index of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from migration_checks.observers.facts import (
    CATALOG,
    CONNECTION,
    COUNTERS,
    POLLER,
    REFRESHED,
    STORAGE,
    TRIGGER,
    TRUNCATED,
    Changed,
    Lock,
    Observed,
    Rewrite,
    Scan,
)
from migration_checks.observers.kinds import Kinds
from migration_checks.observers.looks import Course, Look
from migration_checks.observers.poller import Sighting
from migration_checks.observers.standing import Key, Known, Standing, query
from migration_checks.observers.statements import Reader, Seen, Transactions, seen_from
from migration_checks.transition import Statement

T = Known(1, "r", "public.t", 101, counted=(5, 50, 5, 5, 5))
I = Known(2, "i", "public.t_note", 102, owner=1)  # noqa: E741
U = Known(3, "r", "public.u", 103)
N = Known(9, "r", "public.new", 109)
AE, SHARE, AS, RX = "ACCESS EXCLUSIVE", "SHARE", "ACCESS SHARE", "ROW EXCLUSIVE"


def look(
    *locks: tuple[int, str],
    idle: bool = False,
    transaction: str = "3/1",
    wal: int = 0,
    relations: Sequence[Known] | None = None,
    counted: Mapping[int, tuple[int, ...]] | None = None,
    **more: Any,
) -> Look:
    """What a look shows; the relations that were there before, unless told otherwise."""
    there = {each.oid: each for each in ((T, I, U) if relations is None else relations)}
    return Look(idle, transaction, wal, frozenset(locks), there, counted or {}, **more)


def course(*, flushes: bool = True, hidden: Sequence[str] = ()) -> Course:
    return Course(Standing({each.oid: each for each in (T, I, U)}, (), (), 0), hidden, flushes=flushes)


def read(
    *looks: Look | None,
    sqls: Sequence[str] = (),
    sightings: Sequence[Sighting] = (),
    flushes: bool = True,
    keys: Sequence[Key] = (),
    waited: float = 0.0,
) -> list[Observed]:
    """What is said of statements of 0.5 s each, a second apart."""
    texts = [*sqls, *["x"] * (len(looks) - len(sqls))]
    pairs = zip(texts, looks, strict=True)
    statements = [Statement(sql, 0.5, 7, "/p/a.py", 3, bool(each and each.idle)) for sql, each in pairs]
    seen = {number: Seen(float(number), 100.0 + number, waited, each) for number, each in enumerate(looks)}
    along = course(flushes=flushes)
    reader = Reader(along, Kinds(keys, along.known), sightings, Transactions(()), float(len(looks)))
    return list(reader.read(statements, seen, 10))


def lock(name: str, mode: str, kind: str = "table", *, new: bool = True, sources: Sequence[str] = (CONNECTION,)) -> Lock:
    return Lock(name, kind, mode, new, tuple(sources))


def test_what_a_statement_holds_at_its_end_it_has_locked() -> None:
    """Tables and indexes by what they are."""
    (found,) = read(look((1, AE), (2, AE)))

    assert (lock("public.t", AE), lock("public.t_note", AE, "index")) == found.locks


def test_a_lock_is_new_once() -> None:
    """Afterwards it is told as held where it keeps ordinary work waiting; one that adds nothing is not told."""
    first, second, third = read(look((1, RX)), look((1, RX), (1, AS)), look((1, RX), (1, AE)))

    assert (lock("public.t", RX),) == first.locks
    assert () == second.locks
    assert (lock("public.t", AE),) == third.locks
    assert (lock("public.t", AE, new=False),) == read(look((1, AE)), look((1, AE)))[1].locks


def test_the_next_transaction_holds_nothing_yet() -> None:
    """The same lock is new in it."""
    _, second = read(look((1, AE)), look((1, AE), transaction="3/2"))

    assert ((lock("public.t", AE),), 2) == (second.locks, second.transaction)


def test_what_the_step_made_itself_keeps_nobody_waiting() -> None:
    """Its lock is told when it is taken, and not again."""
    first, second = read(look((9, AE), relations=(T, I, U, N)), look((9, AE), relations=(T, I, U, N)))

    assert (lock("public.new", AE),) == first.locks
    assert () == second.locks


@pytest.mark.parametrize(
    ("locks", "before", "now", "written"),
    [
        ((lock("public.t", AS, sources=(COUNTERS,)),), (5, 50, 5, 5, 5), (6, 90, 5, 5, 5), {}),
        ((lock("public.t", RX, sources=(COUNTERS,)),), (5, 50, 5, 5, 5), (5, 50, 7, 5, 5), {"public.t": Changed(2)}),
        (
            (lock("public.t", RX, sources=(COUNTERS,)),),
            (5, 50, 5, 5, 5),
            (6, 60, 5, 8, 6),
            {"public.t": Changed(0, 3, 1)},
        ),
        ((), (5, 50, 5, 5, 5), (5, 50, 5, 5, 5), {}),
    ],
)
def test_what_let_go_of_its_locks_is_told_by_its_counters(
    locks: tuple[Lock, ...], before: tuple[int, ...], now: tuple[int, ...], written: dict[str, Changed]
) -> None:
    """No row is read or written without one."""
    assert before == T.counted
    (found,) = read(look(idle=True, counted={1: now}))

    assert (locks, written) == (found.locks, found.changed)


def test_a_new_file_takes_the_strongest_lock() -> None:
    """On the table itself; an index that is built anew keeps writers from its table."""
    moved = look(idle=True, relations=(Known(1, "r", "public.t", 201), Known(2, "i", "public.t_note", 202, owner=1), U))
    rebuilt = look(idle=True, relations=(T, Known(2, "i", "public.t_note", 202, owner=1), U))

    assert {
        ("public.t", AE, (STORAGE,)),
        ("public.t_note", AE, (STORAGE,)),
    } == {(each.relation, each.mode, each.sources) for each in read(moved)[0].locks}
    assert {
        ("public.t", SHARE, (STORAGE,)),
        ("public.t_note", AE, (STORAGE,)),
    } == {(each.relation, each.mode, each.sources) for each in read(rebuilt)[0].locks}


def test_sources_are_named_together() -> None:
    """What several tell is surer than what one tells."""
    command = ("ALTER TABLE", frozenset({(1, AE), (77, AE)}))
    sure = Sighting(100.1, True, frozenset({(1, AE)}))
    elsewhen = Sighting(107.0, True, frozenset({(3, AE)}))
    (found,) = read(look((1, AE), idle=True, commands=(command,)), sightings=(sure, elsewhen))

    assert (lock("public.t", AE, sources=(CONNECTION, TRIGGER, POLLER)),) == found.locks


def test_what_was_only_glimpsed_is_kept_apart() -> None:
    """It is measured, for another run may not see it; what is certain anyway is no glimpse."""
    glimpse = Sighting(100.1, False, frozenset({(1, AE), (3, SHARE), (77, AE)}))
    (found,) = read(look((1, AE)), sightings=(glimpse,))

    assert ("public.u SHARE",) == found.glimpsed
    assert (lock("public.t", AE),) == found.locks


def test_rows_read_in_order_of_storage_are_a_scan() -> None:
    """With the strongest lock that was held on the table meanwhile."""
    (found,) = read(look((1, AE), (1, RX), counted={1: (6, 90, 5, 5, 5), 3: (1, 4, 0, 0, 0)}))

    assert (Scan("public.t", 40, AE), Scan("public.u", 4, None)) == found.scans


@pytest.mark.parametrize(
    ("reason", "sql"),
    [
        (TRUNCATED, "TRUNCATE t"),
        (TRUNCATED, " -- why\n/* so */ truncate t"),
        (REFRESHED, "REFRESH MATERIALIZED VIEW t"),
        ("CLUSTER puts the rows in another order", "CLUSTER t"),
        ("VACUUM FULL copies the rows that are alive", "VACUUM FULL t"),
        ("the statement builds it again", "ALTER TABLE t SET LOGGED"),
        ("the statement builds it again", "(1)"),
    ],
)
def test_why_a_table_is_written_anew(reason: str, sql: str) -> None:
    """By what the statement is, where no event trigger told more."""
    (found,) = read(look((1, AE), relations=(Known(1, "r", "public.t", 201), I, U)), sqls=[sql])

    assert (Rewrite("public.t", "table", reason, (CATALOG,)),) == found.rewrites


@pytest.mark.parametrize(
    ("reason", "bits"),
    [
        ("a column gets another type", 4),
        ("its persistence changes (LOGGED or UNLOGGED) and a column gets a value that is computed for each row", 3),
        ("its access method changes", 8),
        ("the statement builds it again", 64),
    ],
)
def test_event_triggers_tell_why(reason: str, bits: int) -> None:
    """In PostgreSQL's own reasons, of which there may be several; an index goes with its table."""
    files = (Known(1, "r", "public.t", 201), Known(2, "i", "public.t_note", 202, owner=1), U)
    (found,) = read(look((1, AE), relations=files, rewrites=((1, bits),)))

    assert (
        Rewrite("public.t", "table", reason, (CATALOG, TRIGGER)),
        Rewrite("public.t_note", "index", "its table is written anew", (CATALOG,), "public.t"),
    ) == found.rewrites


def test_an_index_of_a_truncated_table_is_truncated_too() -> None:
    """Nothing is built there."""
    files = (Known(1, "r", "public.t", 201), Known(2, "i", "public.t_note", 202, owner=1), U)
    (found,) = read(look((1, AE), relations=files), sqls=["TRUNCATE t"])

    assert {TRUNCATED} == {each.reason for each in found.rewrites}


def test_an_index_that_is_made_again_under_its_name() -> None:
    """REINDEX CONCURRENTLY gives it another oid."""
    again = Known(22, "i", "public.t_note", 122, owner=1)
    (found,) = read(look(idle=True, relations=(T, again, U)), sqls=["REINDEX INDEX CONCURRENTLY t_note"])

    assert (Rewrite("public.t_note", "index", "REINDEX builds it again", (CATALOG,), "public.t"),) == found.rewrites


def test_time_and_wal_are_each_statement_s_own() -> None:
    """Without waiting for a processor, and never below nothing; what was not looked at takes no part of the WAL."""
    one, two, three = read(look(wal=30), None, look(wal=35), waited=0.2)

    assert [20, None, 5] == [one.wal_bytes, two.wal_bytes, three.wal_bytes]
    assert [True, False, True] == [one.looked, two.looked, three.looked]
    assert ((0.0, 0.5, 0.3), 3.0) == ((one.began, one.seconds, round(one.own_seconds, 9)), one.held_until)
    assert 0.0 == read(look(), waited=9.0)[0].own_seconds
    assert 0.5 == read(look(), waited=-9.0)[0].own_seconds
    assert ("x", "/p/a.py", 3, 7) == (one.sql, one.path, one.line, one.rows)


def test_what_was_watched_is_read_by_number() -> None:
    """As the worker sends it; a statement that was not looked at has its times all the same."""
    text = '{"i": false, "x": "3/1", "w": 5, "l": [], "r": null, "c": null, "s": null}'
    found = seen_from({"seen": [[0, 0.1, 100.1, 0.01, text], [4, 0.2, 100.2, 0.0, None]]})

    assert {0: Seen(0.1, 100.1, 0.01, Look(False, "3/1", 5, frozenset(), {}, {})), 4: Seen(0.2, 100.2)} == found


# -- the course of relations -------------------------------------------------------------------------------------------


def test_tables_of_alembic_s_own_are_not_seen() -> None:
    """Nor their indexes, also when they come into being in the step."""
    along = course(hidden=["public.alembic_version"])
    version = Known(50, "r", "public.alembic_version", 150)
    key = Known(51, "i", "public.alembic_version_pkc", 151, owner=50)
    along.advance(look(relations=(T, I, U, version, key), counted={50: (1, 1, 1, 0, 0)}))
    along.learn({51: key, 9: N})

    assert {1, 2, 3, 9} == along.known.keys()
    assert {1, 2, 3} == along.here.keys()


def test_what_is_dropped_is_known_and_not_here() -> None:
    """Within a transaction only locked relations are described: of others nothing is concluded."""
    along = course()
    along.advance(look((1, AE), relations=(U,)))
    assert ({2, 3}, {1, 2, 3}) == (along.here.keys(), along.known.keys())
    along.advance(look(idle=True, relations=(U,)))

    assert ({3}, {1, 2, 3}) == (along.here.keys(), along.known.keys())
    assert along.is_old(1)
    assert not along.is_old(9)


@pytest.mark.parametrize(
    ("expected", "counted", "transaction"),
    [
        ({1: (0, 0, 2, 0, 0)}, {1: (0, 0, 5, 0, 0)}, "3/1"),
        ({1: (0, 0, 2, 0, 0)}, {1: (0, 0, 5, 0, 0)}, "3/2"),
        ({1: (1, 5, 0, 0, 0)}, {1: (1, 5, 3, 0, 0)}, "3/2"),
        ({1: (1, 5, 1, 0, 0)}, {1: (1, 5, 1, 0, 0)}, "3/2"),
        ({3: (0, 0, 1, 0, 0)}, {3: (0, 0, 1, 0, 0)}, "3/2"),
        ({}, {1: (0, 0, 0, 0, 0)}, "3/1"),
    ],
)
def test_counters_of_old_servers_start_again(expected: dict[int, Any], counted: dict[int, Any], transaction: str) -> None:
    """Up to PostgreSQL 14 a session sends them away between transactions: what is lower, or lacks, began at nothing."""
    along = course(flushes=False)
    first = along.advance(look(counted={1: (0, 0, 3, 0, 0)}))

    assert {1: (0, 0, 3, 0, 0)} == first.counts
    assert expected == along.advance(look(counted=counted, transaction=transaction)).counts


def test_counters_of_later_servers_are_sums() -> None:
    """From what they were before the step; what is not there is not counted."""
    along = course()

    assert {1: (1, 40, 0, 0, 0)} == along.advance(look(counted={1: (6, 90, 5, 5, 5), 77: (1, 1, 1, 1, 1)})).counts
    assert {} == along.advance(look(counted={1: (6, 90, 5, 5, 5)}, transaction="3/2")).counts


# -- kinds -------------------------------------------------------------------------------------------------------------

KEY = Key("t_u", 1, 3, (2,), ("u_id",), True)


@pytest.mark.parametrize(
    ("expected", "oid", "locked"),
    [
        ("table", 1, [1, 3]),
        ("referenced", 3, [1, 3]),
        ("table", 3, [3]),
        ("index", 2, [1, 2]),
        ("partition", 4, [4]),
        ("child", 5, [5]),
        ("view", 6, [6]),
        ("materialized view", 7, [7]),
        ("sequence", 8, [8]),
        ("foreign table", 10, [10]),
        ("table", 99, []),
    ],
)
def test_what_a_relation_is_to_a_statement(expected: str, oid: int, locked: list[int]) -> None:
    """A table is "referenced" where a table that refers to it is locked with it."""
    more = (
        Known(4, "r", "p", 1, partition=True, parents=(3,)),
        Known(5, "r", "c", 1, parents=(3,)),
        *(Known(oid, kind, kind, 1) for oid, kind in ((6, "v"), (7, "m"), (8, "S"), (10, "f"))),
    )
    kinds = Kinds([KEY], {each.oid: each for each in (T, I, U, *more)})

    assert expected == kinds.of(oid, locked)


def test_tables_that_refer_to_each_other_are_tables() -> None:
    """And one that refers to itself is no other's."""
    there = {each.oid: each for each in (T, U)}
    mutual = Kinds([KEY, Key("u_t", 3, 1, (2,), ("t_id",), True)], there)
    own = Kinds([Key("t_t", 1, 1, (2,), ("parent",), True)], there)

    assert ["table", "table", "table"] == [mutual.of(1, [1, 3]), mutual.of(3, [1, 3]), own.of(1, [1])]


@pytest.mark.parametrize("name", ["look", "standing", "keys", "upkeep", "triggers"])
def test_queries_are_those_of_the_server_s_major(name: str) -> None:
    """Lines for later majors are left out; of the latest all are there."""
    old, new = (query(name, major).decode().splitlines() for major in (12, 99))

    assert set(old) <= set(new)
    assert (len(old) < len(new)) is any("-- since" in line for line in new)
    assert [line for line in old if "-- since" in line] == []

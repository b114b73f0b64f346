"""A bench lets go of its database, wholly or but for one session, and takes hold of it again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_checks.bench import Bench
from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.environment import Environment
from tests.projects import Script, make_project, sql
from tests.walks import creates


@pytest.fixture
def bench(tmp_path: Path, database: str) -> Iterator[Bench]:
    """On a fresh database, of a chain of two revisions."""
    writes = Script("b2", "a1", sql("INSERT INTO t VALUES (1)"), sql("DELETE FROM t"))
    lineage = make_project(tmp_path, [creates("t", "a1"), writes]).lineage()
    with Environment(lineage) as environment, Bench(environment, database, lineage, rows=3, seed=1) as made:
        yield made


def others(url: str) -> set[int]:
    """The process ids of all sessions in a database, but for the one that looks."""
    with connect(url) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return {pid for (pid,) in connection.execute(f"{query} AND backend_type = 'client backend'")}


def test_room_is_made_by_all_but_one(bench: Bench, databases: Databases) -> None:
    """That one copies the database, and goes on after it."""
    assert bench.upgrade_or_why("a1") is None
    before = bench.snapshot(None, {"a1"}, keep=True, asked=None)
    stays = bench.make_room()
    copy = databases.copy(bench.url, "copy", stays)

    assert others(bench.url) == {stays.info.backend_pid}
    bench.enter()
    assert bench.sessions.reader is stays
    assert bench.snapshot(before, {"a1"}, keep=True, asked=None).tables == before.tables
    databases.drop(copy)


def test_the_one_that_stayed_may_be_gone(bench: Bench, databases: Databases) -> None:
    """Whoever ended it: then another is opened, and what was read before is still what later looks are held against."""
    assert bench.upgrade_or_why("a1") is None
    before = bench.snapshot(None, {"a1"}, keep=True, asked=None)
    stays = bench.make_room()
    databases.disconnect(bench.url)
    copy = databases.copy(bench.url, "copy", stays)
    bench.enter()

    assert bench.sessions.reader is not stays
    assert bench.snapshot(before, {"a1"}, keep=True, asked=None).tables == before.tables
    databases.drop(copy)


def test_nobody_is_left(bench: Bench) -> None:
    """Nor does anybody come back by writing."""
    bench.connection.execute("SELECT 1")
    bench.leave()

    assert others(bench.url) == set()
    with pytest.raises(Exception, match="closed"):
        bench.connection.execute("SELECT 1")


def test_rows_alone_are_looked_at_again(bench: Bench) -> None:
    """What a step has not touched is known not to be, though its session stays for the next one; the schema is as told."""
    bench.connection.execute("CREATE TABLE public.untouched AS SELECT 1 AS x")
    assert bench.upgrade_or_why("a1") is None
    before = bench.snapshot(None, {"a1"}, keep=True, asked=None)
    assert bench.upgrade_or_why("b2") is None
    after = bench.reread(before, {"b2"}, before.catalog, keep=False)

    assert bench.environment.session is not None
    was, now = (each.tables["public.untouched"].stamp.partition("|")[0] for each in (before, after))
    assert was == now
    assert (before.tables["public.t"].rows, after.tables["public.t"].rows) == (0, 1)
    assert (after.heads, after.catalog) == ({"b2"}, before.catalog)


def test_two_sessions_of_ours_are_enough(bench: Bench) -> None:
    """One looks at the catalog and at rows; one writes, as soon as there is something to write."""
    looking = {bench.sessions.reader.info.backend_pid}
    with connect(bench.url) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ours = f"{query} AND application_name = 'migration-checks'"

        assert looking == {pid for (pid,) in connection.execute(ours)}
        writing = bench.connection.info.backend_pid
        assert {*looking, writing} == {pid for (pid,) in connection.execute(ours)}

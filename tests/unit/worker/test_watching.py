"""Which statements are not looked at, and how waiting for a processor is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.worker.queueing import Queueing
from migration_checks.worker.watching import _QUIET


@pytest.mark.parametrize(
    "sql",
    [
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        " -- why\n /* so */ set local lock_timeout = '1s'",
        "SHOW search_path",
        "COMMIT",
        "rollback to savepoint a",
        "DISCARD ALL",
    ],
)
def test_what_touches_no_relation_is_left_alone(sql: str) -> None:
    """A query of ours before SET TRANSACTION would make PostgreSQL refuse that."""
    assert _QUIET.match(sql)


@pytest.mark.parametrize(
    "sql", ["SET CONSTRAINTS ALL IMMEDIATE", "SELECT 1", "settle()", "ALTER TABLE t SET SCHEMA s", "DO $$x$$"]
)
def test_everything_else_is_looked_at(sql: str) -> None:
    """Deferred constraints read rows when they are checked."""
    assert not _QUIET.match(sql)


def test_waiting_for_a_processor(tmp_path: Path) -> None:
    """The second number of schedstat, of this process and of the server's; of no other one, and none where there is none."""
    for pid, name, text in (("self", "python", "1 2000000000 3"), ("7", "postgres", "1 500000000 3"), ("8", "bash", "1 9 9")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "comm").write_text(name)
        (tmp_path / pid / "schedstat").write_text(text)
    queueing = Queueing(tmp_path)

    assert [2.0, 2.5, 2.0, 2.0] == [queueing.seconds(pid) for pid in (None, 7, 8, 9)]
    assert Queueing(tmp_path / "nowhere").seconds(7) == 0.0

"""`python -m benchmarks.profiling [LENGTH]` tells where the time of a walk goes: by process, by statement and by function."""

from __future__ import annotations

import cProfile
import io
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from benchmarks.chains import write_chain
from benchmarks.measuring import ended_children, parent
from migration_checks.config import load_settings
from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.environment import Environment
from migration_checks.providers import EmbeddedProvider, tuning
from migration_checks.providers.contract import Server
from migration_checks.verify import verify
from migration_checks.worker.process import WorkerProcess

_EXTRA = ("shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_planning=on")

_TOP = """
SELECT round((total_exec_time + total_plan_time)::numeric), calls, round(total_plan_time::numeric),
       regexp_replace(left(query, 90), '\\s+', ' ', 'g')
FROM public.pg_stat_statements
ORDER BY total_exec_time + total_plan_time DESC
LIMIT 20
"""


@dataclass
class Account:
    """Processor seconds of the server and of the worker, and the statements that took longest (ms, calls, ms of planning)."""

    server: float = 0.0
    worker: float = 0.0
    round_trips: int = 0
    statements: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class Watched:
    """The embedded provider, with statements counted; fills the account when the server is about to go."""

    account: Account
    name: str = "embedded"

    @contextmanager
    def lend(self) -> Iterator[Server]:
        usual = tuning.settings()
        with patch.object(tuning, "settings", lambda: (*usual, *_EXTRA)), EmbeddedProvider().lend() as server:
            with connect(server.url) as connection:
                connection.execute("CREATE EXTENSION pg_stat_statements SCHEMA public")
            yield server
            with connect(server.url) as connection:
                postmaster = parent(connection.info.backend_pid)
                self.account.statements = connection.execute(_TOP).fetchall()
            self.account.server = ended_children(postmaster) or 0.0


def walked(project: Path, rows: int) -> tuple[Account, cProfile.Profile, float]:
    """One walk in this process: the account, the profile of our own processor time, and wall-clock seconds."""
    account, profile = Account(), cProfile.Profile(time.process_time)
    close, wait = WorkerProcess.close, psycopg.Connection.wait

    def closing(worker: WorkerProcess) -> None:
        account.worker += _spent(worker.pid) + _spent(parent(worker.pid))  # what it was forked from has done its imports
        close(worker)

    def waiting(connection: Any, *arguments: Any, **options: Any) -> Any:
        account.round_trips += 1
        return wait(connection, *arguments, **options)

    settings = load_settings({"config": "alembic.ini", "rows": rows}, project)
    began = time.perf_counter()
    with (
        patch.object(WorkerProcess, "close", closing),
        patch.object(psycopg.Connection, "wait", waiting),
        patch("migration_checks.verify._provider", lambda settings: Watched(account)),
    ):
        profile.enable()
        verify(settings)
        profile.disable()
    return account, profile, time.perf_counter() - began


def _spent(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def steps_alone(project: Path) -> tuple[float, float]:
    """Wall-clock and processor seconds of the steps of three bare commands, each in a session of its own, and nothing else.

    Processor time is that of the worker and of the sessions; our process only waits.
    """
    lineage = load_settings({"config": "alembic.ini"}, project).lineage
    with EmbeddedProvider().lend() as server, Databases(server) as databases, Environment(lineage) as environment:
        revisions = [revision.id for revision in environment.graph().revisions]
        environment.attach(databases.create("steps"))
        assert environment._worker is not None
        with connect(server.url) as connection:
            postmaster = parent(connection.info.backend_pid)
        spent, began = _spent(environment._worker.pid) + (ended_children(postmaster) or 0.0), time.perf_counter()
        for run, order in (
            (environment.upgrade, revisions),
            (environment.downgrade, revisions[::-1]),
            (environment.upgrade, revisions),
        ):
            for revision in order:
                run(revision)
        wall = time.perf_counter() - began
        return wall, _spent(environment._worker.pid) + (ended_children(postmaster) or 0.0) - spent


def main(length: int) -> None:
    """Print what one walk of a chain of `length` revisions, with 100 rows a table, spent where."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        project = write_chain(Path(folder, "chain"), length)
        alone, cpu = steps_alone(project)
        account, profile, wall = walked(project, 100)
    shown = io.StringIO()
    stats = pstats.Stats(profile, stream=shown)
    own: float = stats.total_tt  # type: ignore[attr-defined]
    print(f"{length} revisions, load {os.getloadavg()[0]:.1f}: {wall:.1f} s by the clock (profiled: slower than usual)")
    print(f"processor seconds: our process {own:.1f}, worker {account.worker:.1f}, server {account.server:.1f}")
    print(f"3 x {length} steps alone, each in a session of its own: {alone:.1f} s by the clock, {cpu:.1f} processor seconds")
    print(f"round trips of our own sessions: {account.round_trips}\n\nms      calls   plan ms  statement")
    for spent, calls, plan, query in account.statements:
        print(f"{spent:<8}{calls:<8}{plan:<9}{query}")
    stats.sort_stats("tottime").print_stats(20)
    print(shown.getvalue())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)

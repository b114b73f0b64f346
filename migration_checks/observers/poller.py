"""A second session that looks on from outside while a step runs, and that builds without a long lock are made to wait for.

A poll every few milliseconds sees what happens to last long enough, which differs from run to run. But CREATE INDEX and REINDEX
CONCURRENTLY wait for every older snapshot. So a third session keeps one: as soon as the step is seen waiting for it, its
locks are read, and the snapshot is given up. Such a sighting is sure, whatever the machine does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg

from migration_checks.connection import connect
from migration_checks.observers.modes import mode_named
from migration_checks.worker.variables import WORKER_NAME

EVERY = 0.005
MOST = 1_000

_LOOK = """
SELECT l.relation::int8, l.mode, l.granted, EXISTS (
    SELECT FROM pg_locks w
    WHERE w.pid = l.pid AND NOT w.granted AND w.locktype = 'virtualxid' AND w.virtualxid = %s
)
FROM pg_stat_get_activity(NULL) a
JOIN pg_locks l ON l.pid = a.pid
WHERE a.application_name = %s AND a.datid = l.database AND l.locktype = 'relation' AND l.relation >= 16384
  AND l.mode <> 'SIReadLock'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_SNAPSHOT = "SELECT virtualxid FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'virtualxid'"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Locks of the step's sessions, (oid, mode), at a moment of time.perf_counter(); `sure` when the step waited for us."""

    moment: float
    sure: bool
    locks: frozenset[tuple[int, str]]


class Poller:
    """Looks at the sessions of the worker in the database at `url` for as long as the with block lasts.

    `sightings` are those that differ from the one before, complete once the block is left. Raises psycopg.Error on entering.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.sightings: list[Sighting] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="poller", daemon=True)
        self._stack = ExitStack()
        self._snapshot: str | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._look = stack.enter_context(connect(self.url))
            self._holder = stack.enter_context(connect(self.url, autocommit=False))
            self._holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._hold()
            self._stack = stack.pop_all()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self._stack.close()

    def _hold(self) -> None:
        row = self._holder.execute(_SNAPSHOT).fetchone()
        self._snapshot = str(row[0]) if row else None

    def _watch(self) -> None:
        try:
            while not self._stop.wait(EVERY):
                self._poll()
        except psycopg.Error:
            pass  # a script may end other sessions; what they would have seen is missing, and nothing else
        finally:
            with suppress(psycopg.Error):
                self._holder.rollback()

    def _poll(self) -> None:
        found: list[tuple[Any, ...]] = self._look.execute(_LOOK, (self._snapshot, WORKER_NAME)).fetchall()
        moment = time.perf_counter()
        sure = any(waits for *_, waits in found)
        if sure:
            self._holder.rollback()
        locks = frozenset((int(oid), mode_named(mode)) for oid, mode, granted, _ in found if granted)
        if locks and len(self.sightings) < MOST and (sure or not self._known(locks)):
            self.sightings.append(Sighting(moment, sure, locks))
        if sure:
            self._hold()

    def _known(self, locks: frozenset[tuple[int, str]]) -> bool:
        return bool(self.sightings) and self.sightings[-1].locks == locks


def within(sightings: list[Sighting], began: float, ended: float) -> Iterator[Sighting]:
    """The sightings of the time from `began` to `ended` of time.perf_counter()."""
    return (each for each in sightings if began <= each.moment <= ended)

"""Asks in one round trip what must be known at every place of a walk before anything is read there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from migration_checks.beginning import BEGINNING
from migration_checks.lane import Lane
from migration_checks.recapture import CatalogReader
from migration_checks.rows.sequences import SEQUENCES
from migration_checks.rows.touched import PAUSE, STORAGE, Watch


@dataclass(frozen=True, slots=True)
class Survey:
    """What the server says of a database as it stands, as the queries give it.

    `trusted` says whether its counters tell what was touched; where they do not, `marks` is None and everything is read.
    """

    trusted: bool
    marks: tuple[Any, Any] | None
    beginning: Any
    stamps: list[Any]
    sequences: list[Any]


def survey(connection: psycopg.Connection[Any], watch: Watch, catalog: CatalogReader, spared: int | None) -> Survey:
    """Look at the database that `connection` is open on, once sessions that are leaving are gone. Raises psycopg.Error.

    `connection` has its names in pg_catalog; `watch` and `catalog` remember the look before. `spared` is the process id of a
    session that stays, and has reported what it did.
    """
    sessions = (watch.query, (str(spared or 0).encode(),))
    while True:
        # In this order: what was counted once they were gone is what they did.
        answers = Lane.of(connection).parsed(sessions, *catalog.questions(), (BEGINNING, ()), (STORAGE, ()), (SEQUENCES, ()))
        (seen,), (whole,), (relations,), (beginning,), stamps, sequences = answers
        trusted = watch.judge(connection.info.server_version, seen)
        if trusted is not None:
            return Survey(trusted, (whole, relations) if trusted else None, beginning, stamps, sequences)
        time.sleep(PAUSE)

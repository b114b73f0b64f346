"""Rows a second of the miStudio factories, which make a whole legacy installation, against COPY of the same rows from files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.figures import Outcome, Result, Run, ratio
from benchmarks.measuring import RunFailed, interleaved, timed
from fixtures.mistudio import BASELINE, lineage
from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.environment import Environment

DATASETS = 1_000
"""Datasets of the installation; the rows around them come to many more."""

FACTORIES, COPY = "miStudio's factories", "COPY of the same rows"

_TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """A database at the legacy baseline that nobody is connected to, and a folder for its rows."""

    databases: Databases
    baseline: str
    folder: Path


def run(databases: Databases, rounds: int, folder: Path) -> Outcome:
    """Rows a second of both, medians over rounds. Raises RunFailed where the baseline cannot be built."""
    ground = Ground(databases, _baseline(databases), folder)
    planted = [0]
    contestants: dict[str, Callable[[], Run]] = {FACTORIES: lambda: _made(ground, planted), COPY: lambda: _copied(ground)}
    series = interleaved(contestants, rounds)
    databases.drop(ground.baseline)
    made, copied = series[FACTORIES], series[COPY]
    case = f"{planted[0]} rows around {DATASETS} datasets"
    figures = {f"rows a second, {name}": planted[0] / each.wall for name, each in ((FACTORIES, made), (COPY, copied))}
    return Outcome((Result("seeding", case, made, copied, ratio(made, copied)),), figures)


def _baseline(databases: Databases) -> str:
    url = databases.create("legacy")
    with Environment(lineage("shipped")) as environment:
        environment.attach(url)
        failure = environment.upgrade(BASELINE).failure
        environment.detach()
    if failure is not None:
        raise RunFailed(f"The legacy baseline cannot be built: {failure.message}")
    return url


def _made(ground: Ground, planted: list[int]) -> Run:
    """Also leaves what was written in files, for COPY to read."""
    import sqlalchemy as sa

    url = ground.databases.copy(ground.baseline, "made")
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sa.NullPool)
    (seed,) = lineage("shipped").seeds

    def plant() -> None:
        with engine.begin() as connection:
            seed.fill(connection, DATASETS, 1)

    done = timed(plant)
    with connect(url) as connection:
        planted[0] = sum(_dumped(connection, table, ground.folder) for (table,) in connection.execute(_TABLES).fetchall())
    ground.databases.drop(url)
    return done


def _dumped(connection: psycopg.Connection, table: str, folder: Path) -> int:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.SQL(table))  # quoted by the server
    with (folder / f"{table}.copy").open("wb") as file, connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in copy:
                file.write(block)
        return cursor.rowcount


def _copied(ground: Ground) -> Run:
    url = ground.databases.copy(ground.baseline, "copied")
    with connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        tables = [table for (table,) in connection.execute(_TABLES).fetchall()]
        done = timed(lambda: _loaded(connection, tables, ground.folder))
    ground.databases.drop(url)
    return done


def _loaded(connection: psycopg.Connection, tables: list[str], folder: Path) -> None:
    for table in tables:
        statement = sql.SQL("COPY {} FROM STDIN").format(sql.SQL(table))
        with (folder / f"{table}.copy").open("rb") as file, connection.cursor().copy(statement) as copy:
            while block := file.read(1 << 20):
                copy.write(block)

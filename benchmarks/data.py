"""Comparing the rows of one touched table: against a full scan with a row hash, and against another tool on the same tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks.figures import Outcome, Result, Run, Series, cpu_ratio, ratio
from benchmarks.measuring import RunFailed, command, interleaved, timed
from benchmarks.peers import RELADIFF, NotInstalled, Shelf
from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.rows import Rows
from migration_checks.rows.workshop import settle_in

BESIDE = 10
"""Tables that nothing touches."""

SCAN, DIFF, UNTOUCHED, PEER = "full scan with row hash", "row-level diff", "ten untouched tables", "reladiff"

_TABLE = """
CREATE TABLE {table} AS
SELECT n::bigint AS id, md5(n::text) AS name, n % 97 AS state, (n * 7.13)::numeric(12, 2) AS amount, n % 3 = 0 AS open,
       timestamptz '2024-01-01' + n * interval '1 second' AS created_at, date '2024-01-01' + (n % 365)::int AS day,
       CASE WHEN n % 5 > 0 THEN 'note ' || n END AS note, n * 1.5::float8 AS ratio, n / 10 AS parent
FROM generate_series(1, {rows}) AS n;
ALTER TABLE {table} ADD PRIMARY KEY (id);
"""
_HASH = "SELECT bit_xor(hash_record_extended(t, 0)) FROM touched AS t"
_TOUCH = "UPDATE touched SET amount = amount + 1 WHERE id %% 1000 = %s"


@dataclass(frozen=True, slots=True)
class Ground:
    """A database with its tables, read once; `before` is what that reading said."""

    url: str
    rows: Rows
    before: Any
    connection: psycopg.Connection[tuple[Any, ...]]


def run(databases: Databases, sizes: tuple[int, ...], beside: int, rounds: int, shelf: Shelf | None, folder: Path) -> Outcome:
    """Lines for each size; `beside` is the size of each untouched table."""
    results: list[Result] = []
    figures: dict[str, float] = {}
    missing: dict[str, str] = {}
    for size in sizes:
        url = databases.create("data")
        with connect(url) as connection, looking(url) as reader:
            ground = prepared(url, connection, reader, size, beside)
            contestants = _contestants(ground, folder, shelf, missing)
            series = interleaved(contestants, rounds)
            results += _lines(size, series)
            figures[f"ms for each of {BESIDE} untouched tables, {size} rows touched"] = series[UNTOUCHED].wall * 1000 / BESIDE
        databases.drop(url)
    return Outcome(tuple(results), figures, missing)


@contextmanager
def looking(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A session set up as that of a walk which compares rows."""
    with connect(url) as reader:
        settle_in(reader)
        yield reader


def prepared(
    url: str,
    connection: psycopg.Connection[tuple[Any, ...]],
    reader: psycopg.Connection[tuple[Any, ...]],
    size: int,
    beside: int,
) -> Ground:
    """The tables filled and read for the first time by `reader`; `original` is what another tool compares with."""
    tables = {"touched": size, **{f"beside_{number}": beside for number in range(BESIDE)}}
    _elsewhere(url, ["SET search_path TO public", *(_filled(name, rows) for name, rows in tables.items())])
    rows = Rows(reader, private=True)
    before = rows.read(None, keep=True)
    _elsewhere(
        url, ["CREATE TABLE public.original AS TABLE public.touched", "ALTER TABLE public.original ADD PRIMARY KEY (id)"]
    )
    return Ground(url, rows, rows.read(before, keep=True), connection)


def _filled(name: str, rows: int) -> sql.Composed:
    return sql.SQL(_TABLE).format(table=sql.Identifier(name), rows=sql.Literal(rows))


def _elsewhere(url: str, statements: list[Any], parameters: tuple[object, ...] | None = None) -> None:
    """In a session of its own that is gone afterwards, as a step's is."""
    with psycopg.connect(url, autocommit=True) as session:
        for statement in statements:
            session.execute(statement, parameters)


def _contestants(ground: Ground, folder: Path, shelf: Shelf | None, missing: dict[str, str]) -> dict[str, Callable[[], Run]]:
    turns = count()

    def scan() -> Run:
        return timed(lambda: ground.connection.execute("SELECT 1; " + _HASH.replace("touched", "public.touched")))

    found: dict[str, Callable[[], Run]] = {
        SCAN: scan,
        DIFF: partial(_diff, ground, turns),
        UNTOUCHED: partial(timed, lambda: ground.rows.read(ground.before, keep=False)),
    }
    # The step of this round has been read by the diff; what is read once more has been touched by nobody since.
    if shelf is not None and PEER not in missing:
        try:
            contestant = partial(_reladiff, ground, shelf.python("reladiff", RELADIFF), folder)
            contestant()
        except (NotInstalled, RunFailed) as error:
            missing[PEER] = f"{'not installed' if isinstance(error, NotInstalled) else 'failed'}: {error}"
        else:
            found[PEER] = contestant
    return found


def _diff(ground: Ground, turns: Any) -> Run:
    """One row in a thousand is updated, then read and compared; only the latter is measured."""
    _elsewhere(ground.url, [_TOUCH.replace("touched", "public.touched")], (next(turns) % 1000,))
    return timed(lambda: ground.rows.compare(ground.before, ground.rows.read(ground.before, keep=False)))


def _reladiff(ground: Ground, interpreter: Path, folder: Path) -> Run:
    """The command of the tool, told by the variables of libpq where the server's socket is."""
    where = conninfo_to_dict(ground.url)
    url = f"postgresql://{where['user']}@/{where['dbname']}"
    arguments = [str(interpreter.parent / "reladiff"), url, "original", "touched", "-k", "id", "-c", "%", "--stats"]
    return command(arguments, folder, PGHOST=str(where["host"]), PGPORT=str(where["port"]))


def _lines(size: int, series: dict[str, Series]) -> list[Result]:
    case = f"{size} rows"
    scan, diff = series[SCAN], series[DIFF]
    lines = [Result("data", case, diff, scan, ratio(diff, scan), target=3.0, note="one row in 1000 updated")]
    if PEER in series:
        peer = series[PEER]
        lines.append(Result("data", case, peer, diff, ratio(peer, diff), cpu_ratio(peer, diff), 10.0, at_least=True))
    return lines

"""The most memory that our process and the server's sessions take while they read and compare a large table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psycopg

from benchmarks.data import _TOUCH, _elsewhere, looking, prepared
from benchmarks.figures import Outcome
from benchmarks.measuring import command, high_water, python
from migration_checks.connection import connect
from migration_checks.database import Databases

TARGET = 200


def run(databases: Databases, size: int, folder: Path) -> Outcome:
    """In a process of its own, so that nothing else has used memory before."""
    url = databases.create("memory")
    report = folder / "memory.json"
    command(python("-m", "benchmarks.memory", url, str(size), str(report)), Path(__file__).parents[1])
    seen: dict[str, float] = json.loads(report.read_text())
    databases.drop(url)
    return Outcome(
        figures={
            f"MiB of our process at {size} rows (target {TARGET})": seen["ours"],
            f"MiB of the largest session of the server at {size} rows, buffers shared by all included": seen["server"],
        }
    )


def main(url: str, size: int, report: Path) -> None:
    """Fill, touch, read, compare, and say what it took."""
    with connect(url) as connection, looking(url) as reader:
        ground = prepared(url, connection, reader, size, 1000)
        _elsewhere(url, [_TOUCH.replace("touched", "public.touched")], (0,))
        ground.rows.compare(ground.before, ground.rows.read(ground.before, keep=False))
        report.write_text(json.dumps({"ours": high_water(Path("/proc/self/status")) or 0.0, "server": _sessions(connection)}))


def _sessions(connection: psycopg.Connection[tuple[object, ...]]) -> float:
    pids = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()").fetchall()
    return max(high_water(Path(f"/proc/{pid}/status")) or 0.0 for (pid,) in pids)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))

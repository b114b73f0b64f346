"""How many rows a second one session scans, indexes, writes anew and changes here: `python -m tests.rates [ROWS]`.

The narrowest table that there is, everything in memory, nothing synchronised to disk, time without a processor left out: what
the bounds of migration_checks.budgets must not fall below, or they would call something too long that is not.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import psycopg

from migration_checks import budgets
from migration_checks.providers import EmbeddedProvider
from migration_checks.worker.queueing import Queueing

WORK: Mapping[str, tuple[int, str]] = {
    "scan": (budgets.SCANNED, "ALTER TABLE t ALTER n SET NOT NULL"),
    "index": (budgets.BUILT, "CREATE INDEX ON t (n)"),
    "rewrite": (budgets.REWRITTEN, "ALTER TABLE t ALTER n TYPE bigint"),
    "change": (budgets.CHANGED, "UPDATE t SET n = n + 1"),
}


def measured(rows: int) -> Mapping[str, float]:
    """Rows a second for each kind of work; the best of three."""
    found: dict[str, float] = {}
    queueing = Queueing()
    with EmbeddedProvider().lend() as server, psycopg.connect(server.url) as connection:
        for name, (_, sql) in WORK.items():
            best = float("inf")
            for _ in range(3):
                connection.execute(f"CREATE TABLE t AS SELECT generate_series(1, {rows}) AS n".encode())
                connection.commit()
                connection.execute("SELECT count(*) FROM t")
                began, waited = time.perf_counter(), queueing.seconds(connection.info.backend_pid)
                connection.execute(sql.encode())
                waited = queueing.seconds(connection.info.backend_pid) - waited
                best = min(best, time.perf_counter() - began - waited)
                connection.rollback()
                connection.execute("DROP TABLE t")
                connection.commit()
            found[name] = rows / best
    return found


if __name__ == "__main__":
    for name, rate in measured(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000).items():
        print(f"{name:8} {rate:12,.0f} rows a second here, bound {WORK[name][0]:12,}")

"""Borrowing a copy of the walked database for an experiment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from migration_checks.bench import Bench
from migration_checks.database import Databases


@contextmanager
def copied(bench: Bench, databases: Databases, label: str) -> Iterator[Bench]:
    """A bench on a copy of what `bench` stands on; the copy holds the mirrors too, and is dropped afterwards."""
    bench.leave()
    try:
        url = databases.copy(bench.url, label)
        try:
            with Bench(bench.environment, url, bench.lineage, rows=bench.size, seed=bench.seed) as other:
                yield other
        finally:
            databases.drop(url)
    finally:
        bench.enter()

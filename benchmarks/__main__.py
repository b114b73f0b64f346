"""`python -m benchmarks` measures everything, or only what is named."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import chain, data, jobs, legacy, memory, seeding, start
from benchmarks.figures import Outcome
from benchmarks.peers import PEERS, Shelf
from benchmarks.rendering import document, table
from migration_checks.database import Databases
from migration_checks.providers import EmbeddedProvider

NAMES = ("start", "seeding", "legacy", "data", "memory", "chain", "jobs")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and write JSON where that is asked for. The exit status says nothing of targets."""
    given = _parser().parse_args(arguments)
    # Not with the prefix of the server's folders: what has that prefix and no owner is swept away.
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        shelf = None if given.no_peers else Shelf(Path(given.peers or folder, "peers"), frozenset(given.tools))
        outcomes = _measured(given, Path(folder), shelf)
    sys.stdout.write(table(outcomes))
    if given.json is not None:
        Path(given.json).write_text(document(outcomes, _conditions(given)))
    return 0


def _measured(given: argparse.Namespace, folder: Path, shelf: Shelf | None) -> dict[str, Outcome]:
    with EmbeddedProvider().lend() as server, Databases(server) as databases:
        bench = chain.Bench(databases, folder, given.rounds, given.rows, shelf)
        measurements: Mapping[str, Callable[[], Outcome]] = {
            "start": lambda: start.run(folder, 100, given.rounds),
            "seeding": lambda: seeding.run(databases, given.seeded, given.rounds, folder),
            "legacy": lambda: legacy.run(databases, given.rounds, folder),
            "data": lambda: data.run(databases, tuple(given.sizes), given.beside, given.rounds, shelf, folder),
            "memory": lambda: memory.run(databases, max(given.sizes), folder),
            "chain": lambda: chain.run(bench, tuple(given.lengths)),
            "jobs": lambda: jobs.run(folder, max(given.lengths), given.rows, given.rounds),
        }
        return {name: measurements[name]() for name in given.what or NAMES}


def _conditions(given: argparse.Namespace) -> dict[str, Any]:
    """What figures depend on: the machine, how busy it was in the end, and what was asked for."""
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
        **{name: value for name, value in vars(given).items() if name not in ("json", "peers")},
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[[], *NAMES], help="what to measure (default: everything)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run, in turn; medians are shown")
    parser.add_argument("--lengths", type=int, nargs="+", default=[25, 100, 400], help="revisions of the chains")
    parser.add_argument("--rows", type=int, default=100, help="rows a table in the chains")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000], help="rows of the touched table")
    parser.add_argument("--beside", type=int, default=1_000_000, help="rows of each of ten untouched tables")
    parser.add_argument("--seeded", type=int, default=200_000, help="rows to synthesize")
    parser.add_argument("--no-peers", action="store_true", help="do not install other tools")
    parser.add_argument("--peers", metavar="FOLDER", help="keep the virtualenvs of other tools there (default: nowhere)")
    names = [each.name for each in PEERS]
    parser.add_argument("--tools", nargs="+", choices=names, default=[], help="which other tools walk chains (default: all)")
    parser.add_argument("--json", metavar="FILE", help="write every single run there")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""One walk by two processes against the same walk by one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.chain import verified
from benchmarks.chains import write_chain
from benchmarks.figures import Outcome, Result, cpu_ratio, ratio
from benchmarks.measuring import interleaved

TARGET = 1.6
_JOBS = 2


def run(folder: Path, length: int, rows: int, rounds: int) -> Outcome:
    """The walk of a chain of `length` revisions, alone over shared: how many times as fast the two are."""
    project = write_chain(folder / "jobs", length)
    options = ("-c", "alembic.ini", "--rows", str(rows))
    alone, shared = "verify", f"verify --jobs {_JOBS}"
    series = interleaved(
        {
            alone: partial(verified, project, *options),
            shared: partial(verified, project, *options, "--jobs", str(_JOBS)),
        },
        rounds,
    )
    one, two = series[alone], series[shared]
    line = Result("jobs", f"{length} revisions", one, two, ratio(one, two), cpu_ratio(one, two), TARGET, at_least=True)
    return Outcome((line,))

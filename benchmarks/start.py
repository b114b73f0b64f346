"""Time from the command to the first step."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from benchmarks.chains import write_chain
from benchmarks.figures import Outcome, Run, Series
from benchmarks.measuring import RunFailed, interleaved, python

TARGET = 1.5

_FIRST = '''
import sys, time
from pathlib import Path
from migration_checks.config import load_settings
from migration_checks.verify import verify

class Enough(BaseException):
    """The first step begins."""

def begins(progress):
    print(time.time() - float(sys.argv[1]))
    raise Enough

try:
    verify(load_settings({"config": "alembic.ini"}, Path.cwd()), progress=begins)
except Enough:
    pass
'''


def run(folder: Path, length: int, rounds: int) -> Outcome:
    """Medians over rounds, of a chain of `length` revisions."""
    project = write_chain(folder / "start", length)
    series = interleaved({"first step": lambda: first_step(project)}, rounds)["first step"]
    return Outcome(figures=figures(series, length))


def first_step(project: Path) -> Run:
    """One start: interpreter, imports, server, project, up to the call that announces the first step. Raises RunFailed."""
    done = subprocess.run(
        python("-c", _FIRST, str(time.time())), cwd=project, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        raise RunFailed((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    return Run(float(done.stdout))


def figures(series: Series, length: int) -> dict[str, float]:
    """The median, named."""
    return {f"seconds to the first step, {length} revisions (target {TARGET})": series.wall}

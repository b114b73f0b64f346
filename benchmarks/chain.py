"""A verified walk of a chain against the three bare commands of Alembic, and against other tools on the same machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.chains import write_chain
from benchmarks.figures import Outcome, Result, Run, Series, cpu_ratio, growth, ratio, slope
from benchmarks.measuring import RunFailed, command, interleaved, of_server, parent, python, sequence
from benchmarks.peers import PEERS, NotInstalled, Peer, Shelf, run_peer
from migration_checks.connection import connect
from migration_checks.database import Databases

BARE = "upgrade head, downgrade base, upgrade head"
TARGET = 1.5
_EMPTY = """from pathlib import Path

from migration_checks.lineage import Lineage

here = Path(__file__).parent
empty = Lineage(name="empty", root=here, config=here / "alembic.ini", synthesize=False)
"""

MOST_OF_PEERS = 100
"""Peers walk no chain longer than this: some of them take time that grows with its square."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how often chains are walked: a running server's databases, a folder, how many rounds, how many rows."""

    databases: Databases
    folder: Path
    rounds: int
    rows: int
    shelf: Shelf | None

    @property
    def postmaster(self) -> int:
        """The server's process, which every session of it was started by."""
        with connect(self.databases.server.url) as connection:
            return parent(connection.info.backend_pid)


def run(bench: Bench, lengths: tuple[int, ...]) -> Outcome:
    """Lines for each length, and the slope of cost over lengths."""
    results: list[Result] = []
    missing: dict[str, str] = {}
    series: dict[int, Mapping[str, Series]] = {}
    for length in lengths:
        project, empty = (write_chain(bench.folder / f"{kind}{length}", length) for kind in ("chain", "empty"))
        (empty / "lineages.py").write_text(_EMPTY)
        contestants: dict[str, Callable[[], Run]] = {
            BARE: partial(_bare, bench, project),
            "verify, empty tables": partial(verified, empty, "lineages:empty"),
            f"verify, {bench.rows} rows a table": partial(verified, project, "-c", "alembic.ini", "--rows", str(bench.rows)),
        }
        peers = _peers(bench, project, missing) if length <= MOST_OF_PEERS else {}
        series[length] = interleaved(contestants | peers, bench.rounds)
        results += _lines(length, series[length], bench.rows)
    return Outcome(tuple(results), _figures(series, bench.rows), missing)


def _bare(bench: Bench, project: Path) -> Run:
    url = _sqlalchemy(bench.databases.create("bare"))
    steps = (("upgrade", "head"), ("downgrade", "base"), ("upgrade", "head"))
    commands = (partial(command, python("-m", "alembic", *step), project, BENCHMARK_URL=url) for step in steps)
    done = of_server(bench.postmaster, lambda: sequence(*commands))
    bench.databases.drop(url.replace("postgresql+psycopg", "postgresql", 1))
    return done


def verified(project: Path, *options: str) -> Run:
    """A whole run of `verify`, its own server included. Findings are no failure, but a walk that did not walk is one."""
    report = project / "report.json"
    arguments = ("verify", *options, "--report", f"json={report}", "--provider", "embedded")
    done = command(python("-m", "migration_checks", *arguments), project, expected=(0, 1))
    failed = [each for each in json.loads(report.read_text())["findings"] if each["check"] in ("MC101", "MC102", "MC103")]
    if failed:
        raise RunFailed(f"The chain could not be walked: {failed[0]['message']}")
    return done


def _peers(bench: Bench, project: Path, missing: dict[str, str]) -> dict[str, Callable[[], Run]]:
    """Those that can be installed and get through this chain once; `missing` takes up the others with the reason."""
    found: dict[str, Callable[[], Run]] = {}
    for peer in bench.shelf.peers if bench.shelf is not None else ():
        if peer.name in missing:
            continue
        try:
            assert bench.shelf is not None
            interpreter = bench.shelf.python(peer.name.split()[0], peer.requirements)
            contestant = partial(_peer, bench, peer, interpreter, project)
            contestant()
        except (NotInstalled, RunFailed) as error:
            missing[peer.name] = f"{'not installed' if isinstance(error, NotInstalled) else 'failed'}: {error}"
        else:
            found[peer.name] = contestant
    return found


def _peer(bench: Bench, peer: Peer, interpreter: Path, project: Path) -> Run:
    url = bench.databases.create("peer")
    try:
        return of_server(bench.postmaster, lambda: run_peer(peer, interpreter, project, _sqlalchemy(url)))
    finally:
        bench.databases.drop(url)


def _sqlalchemy(url: str) -> str:
    return url.replace("postgresql", "postgresql+psycopg", 1)


def _lines(length: int, runs: Mapping[str, Series], rows: int) -> list[Result]:
    """Everybody against the bare commands, and we against those that compare schemas."""
    case, ours = f"{length} revisions", runs[f"verify, {rows} rows a table"]
    target = {ours.name: TARGET} if length == 100 else {}
    lines = [
        Result("chain", case, each, runs[BARE], ratio(each, runs[BARE]), cpu_ratio(each, runs[BARE]), target.get(each.name))
        for each in runs.values()
        if each.name != BARE
    ]
    comparing = [runs[peer.name] for peer in PEERS if peer.schemas and peer.name in runs]
    if comparing:
        fastest = min(comparing, key=lambda each: each.wall)
        line = Result("chain", case, fastest, ours, ratio(fastest, ours), cpu_ratio(fastest, ours), 5.0, at_least=True)
        lines.append(replace(line, note="the fastest peer that compares schemas, over verify"))
    if "pytest-mrt" in runs:
        line = Result("chain", case, runs["pytest-mrt"], ours, ratio(runs["pytest-mrt"], ours), target=30.0, at_least=True)
        lines.append(replace(line, note="pytest-mrt over verify"))
    return lines


def _figures(series: Mapping[int, Mapping[str, Series]], rows: int) -> dict[str, float]:
    """Seconds a further revision, and how cost grows, where there are two lengths from 100 up, else over all of them."""
    lengths = [length for length in series if length >= 100]
    if len(lengths) < 2:
        lengths = list(series)
    if len(lengths) < 2:
        return {}
    ours, bare = ({length: series[length][name].wall for length in lengths} for name in (f"verify, {rows} rows a table", BARE))
    return {
        "seconds a revision, verify": slope(ours),
        "seconds a revision, bare": slope(bare),
        "slope, verify over bare (target 1.5)": slope(ours) / slope(bare),
        "exponent of growth, verify": growth(ours),
        "exponent of growth, bare": growth(bare),
    }

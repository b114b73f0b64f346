"""Every way to die, at every step of every chain of this repository, and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from fixtures import faults
from migration_checks.config import Settings
from migration_checks.errors import ToolkitError
from migration_checks.lineage import Lineage
from migration_checks.verify import verify

ROOT = Path(__file__).parents[2]
WHOLE = ("mistudio:shipped", "mistudio:repaired", "ledger:lineage", "clinic:lineage", "diamond:lineage")
ROWS = 10


def chains() -> Iterator[tuple[str, Lineage]]:
    """The chains that ship, and every fault and remedy from the revision on in which the two differ."""
    for name in WHOLE:
        module, _, attribute = name.partition(":")
        yield name, getattr(import_module(f"fixtures.{module}"), attribute)
    for case in sorted(faults.cases(), reverse=True):
        for twin in faults.TWINS:
            chain = faults.lineage(case, twin)
            several = len(list((faults.HERE / case / twin / "versions").glob("*.py"))) > 1
            yield f"{case}/{twin}", replace(chain, range="a1:heads") if several and not chain.range else chain


def kill_everywhere(name: str, lineage: Lineage) -> dict[str, Any]:
    """Verify a chain with every way to die: what became of each death, as JSON."""
    try:
        report = verify(Settings(lineage, ROOT, rows=ROWS, trials=frozenset({"crash"})))
    except ToolkitError as error:
        return {"chain": name, "error": error.message}
    steps = [step.observations for step in report.steps if step.leg == "crash"]
    deaths = [{**death, "direction": step["direction"]} for step in steps for death in step["deaths"]]  # type: ignore[union-attr]
    found = sorted(
        {finding.check for finding in report.findings if finding.check in ("MC701", "MC702") and finding.severity > 0}
    )
    return {
        "chain": name,
        "steps": len(steps),
        "deaths": deaths,
        "found": found,
        "not_tried": [f"{note.subject}: {note.reason}" for note in report.not_checked if "not " in note.reason],
    }


def table(results: list[dict[str, Any]]) -> str:
    """A row a chain: the deaths of each kind that were survived, and what the others led to."""
    head = ["| chain | steps | backend | client | server | found |", "|---|---|---|---|---|---|"]
    rows = []
    total: Counter[tuple[str, bool]] = Counter()
    for each in sorted(results, key=lambda result: str(result["chain"])):
        if "error" in each:
            rows.append(f"| `{each['chain']}` | - | - | - | - | not run: {each['error']} |")
            continue
        counts = Counter((str(death["kind"]), bool(death["survived"])) for death in each["deaths"])
        total.update(counts)
        cells = [_share(counts, kind) for kind in ("backend", "client", "server")]
        rows.append(f"| `{each['chain']}` | {each['steps']} | {' | '.join(cells)} | {', '.join(each['found']) or '-'} |")
    cells = [_share(total, kind) for kind in ("backend", "client", "server")]
    rows.append(f"| **all {len(results)}** | | {' | '.join(cells)} | |")
    return "\n".join([*head, *rows])


def _share(counts: Counter[tuple[str, bool]], kind: str) -> str:
    whole = counts[kind, True] + counts[kind, False]
    return f"{counts[kind, True]} of {whole}" if whole else "-"


def read(path: Path) -> list[dict[str, Any]]:
    """What was written to a log of JSON lines; nothing where there is none."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []

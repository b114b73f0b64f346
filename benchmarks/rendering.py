"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.figures import Outcome, Result, Series

HEAD = ("benchmark", "case", "what", "seconds", "against", "seconds", "ratio", "of processor time", "target")


def table(outcomes: Mapping[str, Outcome]) -> str:
    """Markdown: lines that compare, then plain figures, then what was not measured and why."""
    rows = [_cells(result) for outcome in outcomes.values() for result in outcome.results]
    parts = [_aligned([HEAD, *rows])] if rows else []
    figures = [f"- {name}: {value:,.4g}" for outcome in outcomes.values() for name, value in outcome.figures.items()]
    missing = [f"- {name} was not measured: {why}" for outcome in outcomes.values() for name, why in outcome.missing.items()]
    return "\n\n".join([*parts, *("\n".join(each) for each in (figures, missing) if each)]) + "\n"


def _cells(result: Result) -> tuple[str, ...]:
    cpu = f"{result.cpu_ratio:.2f}" if result.cpu_ratio is not None else ""
    return (
        result.benchmark,
        result.case,
        result.subject.name,
        f"{result.subject.wall:.3g}",
        result.base.name,
        f"{result.base.wall:.3g}",
        f"{result.ratio:.2f}",
        cpu,
        _target(result),
    )


def _target(result: Result) -> str:
    if result.target is None:
        return ""
    bound = f"{'at least' if result.at_least else 'at most'} {result.target:g}"
    return f"{bound}: {'met' if result.met else 'missed'}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, _line(["-" * width for width in widths], widths))
    return "\n".join(lines)


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def document(outcomes: Mapping[str, Outcome], conditions: Mapping[str, Any]) -> str:
    """JSON: every single run under its name, so that other figures can be computed from them."""
    body = {
        "format": "migration-checks-benchmarks/1",
        "conditions": dict(conditions),
        "results": [_result(result) for outcome in outcomes.values() for result in outcome.results],
        "figures": {name: value for outcome in outcomes.values() for name, value in outcome.figures.items()},
        "missing": {name: why for outcome in outcomes.values() for name, why in outcome.missing.items()},
    }
    return json.dumps(body, indent=2) + "\n"


def _result(result: Result) -> dict[str, Any]:
    return {
        "benchmark": result.benchmark,
        "case": result.case,
        "ratio": result.ratio,
        "cpu_ratio": result.cpu_ratio,
        "target": result.target,
        "at_least": result.at_least,
        "met": result.met,
        "note": result.note,
        "subject": _series(result.subject),
        "base": _series(result.base),
    }


def _series(series: Series) -> dict[str, Any]:
    runs = [{"wall": run.wall, "cpu": run.cpu, "memory": run.memory} for run in series.runs]
    return {"name": series.name, "wall": series.wall, "cpu": series.cpu, "memory": series.memory, "runs": runs}

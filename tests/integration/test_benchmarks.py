"""The benchmarks run; what they measure is nobody's business here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import legacy
from benchmarks.__main__ import main


@pytest.mark.parametrize(
    ("what", "names"),
    [
        (["chain", "--lengths", "2", "--rows", "3"], {"verify, empty tables", "verify, 3 rows a table"}),
        (["jobs", "--lengths", "4", "--rows", "3"], {"verify"}),
        (["data", "seeding", "--sizes", "2000", "--beside", "10", "--seeded", "500"], {"row-level diff", "synthesized"}),
    ],
)
def test_what_is_named_is_measured(
    what: list[str], names: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything is measured once, and every run stands in the JSON."""
    report = tmp_path / "report.json"

    assert 0 == main([*what, "--rounds", "1", "--no-peers", "--json", str(report)])

    found = json.loads(report.read_text())
    assert names == {result["subject"]["name"] for result in found["results"]}
    assert all(run["wall"] > 0 for result in found["results"] for run in result["subject"]["runs"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in names)


def test_factories_are_held_against_copying_what_they_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both write the same rows, so both speeds are of as many."""
    monkeypatch.setattr(legacy, "DATASETS", 100)

    assert 0 == main(["legacy", "--rounds", "1", "--no-peers"])

    shown = capsys.readouterr().out
    assert "rows around 100 datasets" in shown
    assert all(f"rows a second, {name}: " in shown for name in (legacy.FACTORIES, legacy.COPY))


def test_memory_and_start_are_figures(tmp_path: Path) -> None:
    """Plain numbers, of which each names its target."""
    report = tmp_path / "report.json"

    main(["memory", "--sizes", "2000", "--rounds", "1", "--no-peers", "--json", str(report)])

    figures = json.loads(report.read_text())["figures"]
    assert 2 == len(figures)
    assert all(value > 1 for value in figures.values())

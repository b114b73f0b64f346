"""The main job as a user runs it: the shipped chain of miStudio is found guilty without a hint, the repaired one is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COLUMNS = {f"public.datasets.{name}" for name in ("tokenized_path", "vocab_size", "num_tokens", "avg_seq_length")}


def verified(tmp_path: Path, *lineage: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the JSON report of `migration-checks verify` in this repository."""
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "migration_checks", "verify", *lineage, "--report", f"json={report}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)

    return done.returncode, json.loads(report.read_text())


def found(report: dict[str, Any], check: str, revision: str) -> dict[str, dict[str, Any]]:
    """The findings of a check at a revision, by subject."""
    return {each["subject"]: each for each in report["findings"] if (each["check"], each["revision"]) == (check, revision)}


def test_the_shipped_chain_is_found_guilty(tmp_path: Path) -> None:
    """Status 1, and each of the faults that shipped is reported where it happens, with what it did."""
    status, report = verified(tmp_path)
    lost = found(report, "MC302", "7282abcac53a")
    emptied = found(report, "MC304", "7282abcac53a")

    assert (1, "failed") == (status, report["verdict"])
    assert set(lost) == set(emptied) == set(found(report, "MC201", "7282abcac53a")) == COLUMNS
    for finding in lost.values():
        facts = finding["evidence"]
        assert 0 < facts["count"] < facts["total"]
        assert "2e1feb9cc451" == facts["caused_by"]
        assert facts["samples"]
    # The way down from head to the start never gives the four columns back.
    assert all("descend 04b58ed9486a" in finding["also_at"] for finding in emptied.values())
    # None of its steps fails; with the figures that README.md shows.
    assert [] == [(step["revision"], step["leg"]) for step in report["steps"] if step["failure"]]
    assert 18 == len(report["findings"])
    assert {"public.dataset_tokenizations"} == set(found(report, "MC306", "2e1feb9cc451"))
    assert {"public.dataset_tokenizations"} <= set(found(report, "MC307", "2e1feb9cc451"))
    assert found(report, "MC308", "2e1feb9cc451")


def test_the_repaired_chain_passes_and_says_how_much_it_compared(tmp_path: Path) -> None:
    """Status 0, nothing at warning or above, and no leg that was held against a state compared nothing."""
    status, report = verified(tmp_path, "fixtures.mistudio:repaired")

    assert (0, "passed") == (status, report["verdict"])
    assert {"info"} >= {each["severity"] for each in report["findings"]}
    assert [] == [each for each in report["steps"] if each["leg"] in ("undo", "redo", "descend") and not each["rows_compared"]]

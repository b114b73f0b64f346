"""What is shown of measurements."""

from __future__ import annotations

import json

from benchmarks.figures import Outcome, Result, Run, Series
from benchmarks.rendering import document, table

OURS, BARE = Series("verify", (Run(3.0, 2.0, 90.0),)), Series("bare", (Run(2.0),))
OUTCOMES = {
    "chain": Outcome(
        (Result("chain", "100 revisions", OURS, BARE, 1.5, target=1.5), Result("chain", "25 revisions", OURS, BARE, 1.5)),
        {"slope": 0.0123456},
        {"a tool": "not installed: no such version"},
    )
}


def test_the_table_says_what_was_met_and_what_was_not_measured() -> None:
    """Ratios with their targets, figures, and reasons."""
    text = table(OUTCOMES)

    assert "| 1.50  |                   | at most 1.5: met |" in text
    assert "- slope: 0.01235" in text
    assert "- a tool was not measured: not installed: no such version" in text
    assert 1 == len({len(line) for line in text.splitlines() if line.startswith("|")})


def test_the_document_holds_every_run() -> None:
    """Whoever wants another figure can compute it."""
    found = json.loads(document(OUTCOMES, {"cores": 2}))

    assert {"cores": 2} == found["conditions"]
    assert [{"wall": 3.0, "cpu": 2.0, "memory": 90.0}] == found["results"][0]["subject"]["runs"]
    assert [True, None] == [result["met"] for result in found["results"]]
    assert {"a tool": "not installed: no such version"} == found["missing"]


def test_nothing_measured_is_no_table() -> None:
    """An empty outcome has no lines."""
    assert "\n" == table({"chain": Outcome()})

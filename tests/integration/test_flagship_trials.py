"""What trials show on the legacy chain: a loop as it shipped, one statement once repaired; old code that reads what is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.mistudio import lineage
from migration_checks.config import Settings
from migration_checks.lineage import Lineage
from migration_checks.providers import Server
from migration_checks.transition import Leg
from migration_checks.verify import verify
from tests.mistudio import CREATED
from tests.mistudio import HEAD as DROP
from tests.mistudio import MIGRATED as MIGRATE
from tests.walks import Walk

COLUMNS = {f"public.datasets.{name}" for name in ("tokenized_path", "vocab_size", "num_tokens", "avg_seq_length")}
PRODUCTION = 10_000_000


def tried(chain: Lineage, server: Server) -> Walk:
    """The walk of a chain over sixty datasets, with the trials of growth and skew, above the table that only is created."""
    trials = frozenset({"growth", "skew"})
    where: dict[str, Any] = {"provider": server.url, "allow_shared_server": True}
    upper = replace(chain, range=f"{CREATED}:{DROP}")
    return Walk(verify(Settings(upper, Path.cwd(), rows=60, trials=trials, at_rows={"datasets": PRODUCTION}, **where)))


@pytest.fixture(scope="module")
def shipped(server: Server) -> Walk:
    return tried(lineage("shipped"), server)


@pytest.fixture(scope="module")
def repaired(server: Server) -> Walk:
    return tried(lineage("repaired"), server)


def growth(walked: Walk) -> tuple[Any, Any]:
    """Observations and timing of the growth trial of the revision that migrates rows."""
    (step,) = (each for each in walked.report.steps if (each.leg, each.revision) == (Leg.GROWTH, MIGRATE))
    return step.observations, step.timing


def test_the_shipped_migration_is_row_by_row(shipped: Walk) -> None:
    """2N + 1 statements, each with its line, and millions of them at ten million datasets."""
    found = shipped.finding("MC606")

    assert (MIGRATE, "public.datasets", "2N + 1") == (found.revision, found.subject, found.evidence["formula"])
    assert "SELECT id FROM models" in found.message
    assert "INSERT INTO dataset_tokenizations" in found.message
    assert "2e1feb9cc451_migrate_existing_tokenizations.py:" in found.message
    assert 0.5 * PRODUCTION < found.evidence["statements_at"] <= 2 * PRODUCTION + 1  # type: ignore[operator]


def test_the_shipped_migration_is_estimated_at_ten_million_datasets(shipped: Walk) -> None:
    """Hours, by a straight line through three sizes."""
    observed, timing = growth(shipped)
    low, high = timing["exponent_interval"]

    assert (True, False, PRODUCTION) == (observed["row_by_row"], observed["superlinear"], observed["at_rows"])
    assert 1.0 <= low <= timing["exponent"] <= high <= 1.1
    estimate = timing["estimate"]
    assert PRODUCTION == estimate["rows"]
    assert 600 < estimate["low"] <= estimate["seconds"] <= estimate["high"]


def test_the_repaired_migration_is_one_statement_for_all_rows(repaired: Walk, shipped: Walk) -> None:
    """As many statements at each size; the estimate, where there is one, is a fraction of the other."""
    observed, timing = growth(repaired)

    assert 1 == len(set(observed["statements_by_size"]))
    assert (False, False) == (observed["row_by_row"], observed["superlinear"])
    assert not [each for each in repaired.report.findings if each.check in ("MC606", "MC607")]
    estimate = timing["estimate"]
    assert "refused" in estimate or estimate["seconds"] < growth(shipped)[1]["estimate"]["seconds"] / 5


@pytest.mark.parametrize("chain", ["shipped", "repaired"])
def test_old_code_that_reads_the_dropped_columns_is_broken(chain: str, request: pytest.FixtureRequest) -> None:
    """datasets.tokenized_path and its three companions, by SELECT, INSERT and UPDATE; the other revision breaks nothing."""
    walked: Walk = request.getfixturevalue(chain)
    # Contracts of the old application have a name, not a place in the schema.
    broken = [each for each in walked.report.findings if each.check == "MC801"]
    found = {each.subject: each for each in broken if each.subject.startswith("public.")}

    assert COLUMNS == found.keys()
    assert {DROP} == {each.revision for each in broken}
    path = found["public.datasets.tokenized_path"]
    assert (
        "`SELECT tokenized_path FROM public.datasets LIMIT 1`, which the old schema accepts, is refused (SQLSTATE 42703)"
        in (path.message)
    )
    assert ["select", "update", "insert"] == [each["what"] for each in path.evidence["statements"]]  # type: ignore[union-attr,index,call-overload]

"""Healthy chains of some length stay silent, whatever is in their rows."""

from __future__ import annotations

import pytest

import fixtures.clinic
import fixtures.diamond
import fixtures.ledger
from migration_checks.check import Severity
from migration_checks.config import Settings
from migration_checks.lineage import Lineage
from migration_checks.providers import Server
from migration_checks.transition import Leg
from migration_checks.verify import verify

ROWS = 60
LINEAGES = (
    pytest.param(fixtures.ledger.lineage, "c3", ROWS + ROWS + 4 * ROWS, id="ledger"),
    pytest.param(fixtures.clinic.lineage, "n2", ROWS + ROWS * 3 // 2, id="clinic"),
    pytest.param(fixtures.diamond.lineage, "b2", ROWS, id="diamond"),
)
"""Each lineage, one of its revisions, and how many rows lie below that one: what seeds and the synthesizer put there."""


@pytest.mark.parametrize(("lineage", "revision", "rows"), LINEAGES)
def test_a_healthy_chain_is_silent(lineage: Lineage, revision: str, rows: int, server: Server) -> None:
    """Every leg was walked, every question asked, every row compared, and nothing is worth more than a remark."""
    settings = Settings(lineage, lineage.root, provider=server.url, allow_shared_server=True, rows=ROWS, seed=7)

    report = verify(settings)

    assert [each for each in report.findings if each.severity > Severity.INFO] == []
    assert (report.verdict, report.not_checked) == ("passed", ())
    walked = {leg: {step.revision for step in report.steps if step.leg is leg} for leg in Leg}
    assert walked[Leg.ASCEND] == walked[Leg.UNDO] == walked[Leg.REDO] == walked[Leg.DESCEND]
    assert walked[Leg.LEAP]
    compared = {(step.leg, step.revision): step.rows_compared for step in report.steps}
    assert compared[Leg.UNDO, revision] == rows

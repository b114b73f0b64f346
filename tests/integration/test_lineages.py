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
from migration_checks.report import Report
from migration_checks.transition import Leg
from migration_checks.verify import verify

LINEAGES = (fixtures.ledger.lineage, fixtures.clinic.lineage, fixtures.diamond.lineage)


def walk(lineage: Lineage, server: Server, seed: int = 7) -> Report:
    return verify(Settings(lineage, lineage.root, provider=server.url, allow_shared_server=True, rows=60, seed=seed))


@pytest.mark.parametrize("lineage", LINEAGES, ids=lambda lineage: lineage.name)
def test_a_healthy_chain_is_silent(lineage: Lineage, server: Server) -> None:
    """Every leg was walked, every question was asked somewhere, and nothing is worth more than a remark."""
    report = walk(lineage, server)

    assert [each for each in report.findings if each.severity > Severity.INFO] == []
    assert (report.verdict, report.not_checked) == ("passed", ())
    walked = {leg: {step.revision for step in report.steps if step.leg is leg} for leg in Leg}
    assert walked[Leg.ASCEND] == walked[Leg.UNDO] == walked[Leg.REDO] == walked[Leg.DESCEND]
    assert walked[Leg.LEAP]


def test_money_is_compared_to_the_cent(server: Server) -> None:
    """What the ledger's seeds wrote is what was compared, on the way up and on the way back."""
    report = walk(fixtures.ledger.lineage, server)

    compared = {(step.leg, step.revision): step.rows_compared for step in report.steps}
    assert compared[Leg.UNDO, "c3"] == compared[Leg.REDO, "c3"] == 60 + 60 + 4 * 60

"""What the locks trial shows of the legacy chain as it shipped: every lock named, and a loop for what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.mistudio import shipped
from migration_checks.config import Settings
from migration_checks.providers import Server
from migration_checks.report import Report
from migration_checks.transition import Leg
from migration_checks.verify import verify

CREATE, MIGRATE, DROP = "04b58ed9486a", "2e1feb9cc451", "7282abcac53a"
WAITED_FOR = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")


@pytest.fixture(scope="module")
def report(server: Server) -> Report:
    settings = Settings(
        shipped, Path.cwd(), provider=server.url, allow_shared_server=True, rows=20, trials=frozenset({"locks"})
    )
    return verify(settings)


def statements(report: Report, revision: str, leg: Leg = Leg.OBSERVE) -> Any:
    (step,) = (step for step in report.steps if (step.leg, step.revision) == (leg, revision))
    return step.observations["statements"]


def waited_for(report: Report, revision: str, leg: Leg = Leg.OBSERVE) -> set[tuple[str, str, str]]:
    """The tables that others wait for, in which mode, and what they are to the statement."""
    return {
        (lock["relation"], lock["mode"], lock["kind"])
        for statement in statements(report, revision, leg)
        for lock in statement["locks"]
        if lock["new"] and lock["mode"] in WAITED_FOR and lock["kind"] != "index"
    }


def test_a_new_table_locks_those_that_it_refers_to(report: Report) -> None:
    """Against writes on the way up, and against everything on the way down."""
    new = "public.dataset_tokenizations"
    referred = ("public.datasets", "public.models")

    assert {
        (new, "ACCESS EXCLUSIVE", "table"),
        *((each, "SHARE ROW EXCLUSIVE", "referenced") for each in referred),
    } == waited_for(report, CREATE)
    assert {(each, "ACCESS EXCLUSIVE", "referenced") for each in referred} <= waited_for(report, CREATE, Leg.OBSERVE_DOWN)


def test_the_migration_of_rows_keeps_nobody_waiting_and_is_a_loop(report: Report) -> None:
    """One query and one INSERT for each row, from the lines of the loop; only locks that writers share."""
    assert set() == waited_for(report, MIGRATE)
    first, looked_up, inserted = statements(report, MIGRATE)

    assert "times" not in first
    assert looked_up["sql"].startswith("SELECT id FROM models")
    assert looked_up["times"] >= inserted["times"] > 5
    assert inserted["times"] == inserted["rows"] == inserted["changed"]["public.dataset_tokenizations"]["inserted"]
    assert first["line"] < looked_up["line"] < inserted["line"]


def test_dropping_columns_locks_the_table_for_a_moment(report: Report) -> None:
    """Against everything, but nothing is read or written, so there is nothing to be found."""
    assert {("public.datasets", "ACCESS EXCLUSIVE", "table")} == waited_for(report, DROP)
    assert [] == [each for each in statements(report, DROP) if each["rewrites"] or each["scans"] or each["changed"]]
    assert set() == {each.check for each in report.findings if each.check.startswith("MC60")}

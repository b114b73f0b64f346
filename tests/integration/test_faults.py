"""Every check fires on the smallest chain that deserves it, and nothing is said of the mended twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.faults import AT_ROWS, TRIALS, lineage
from migration_checks.check import Severity
from migration_checks.config import Settings
from migration_checks.providers import Server
from migration_checks.report import Report
from migration_checks.verify import verify

FAULTS: Mapping[str, str] = {
    "MC101_cast_refuses_text": "b2",
    "MC101_unique_over_duplicates": "public.people",
    "MC101_upgrade_fails": "public.people.country",
    "MC102_downgrade_fails": "b2",
    "MC102_not_null_on_rows": "public.people.note",
    "MC103_leftover_enum_type": "b2",
    "MC104_irreversible": "b2",
    "MC104_marked_by_the_lineage": "b2",
    "MC105_leap_fails": "c3",
    "MC105_new_label_in_one_transaction": "c3",
    "MC106_env_forgets_to_commit": "a1",
    "MC106_heads_differ": "b2",
    "MC107_empty_downgrade": "b2",
    "MC201_lost_comment": "public.people.height",
    "MC201_lost_default": "public.settings.retries",
    "MC201_lost_index": "public.ix_people_email",
    "MC201_lost_label_order": "public.status",
    "MC201_lost_not_valid": "public.people.people_age_check",
    "MC201_lost_trigger": "public.people.people_touch",
    "MC202_redo_differs": "public.people.email",
    "MC203_leap_differs": "public.people_email_idx",
    "MC204_cosmetic_difference": "public.pages",
    "MC205_model_drift": "people.email",
    "MC206_disabled_trigger": "public.people.people_touch",
    "MC206_invalid_index": "public.people_code_idx",
    "MC206_not_valid_constraint": "public.people.people_country_check",
    "MC301_lost_by_cascade": "public.posts",
    "MC301_upgrade_loses_rows": "public.users",
    "MC302_case_folded": "public.people.email",
    "MC302_moves_only_some": "public.people.note",
    "MC302_rounded": "public.products.price",
    "MC302_truncated": "public.pages.title",
    "MC302_upgrade_loses_values": "public.people.note",
    "MC303_rollback_loses_rows": "public.users",
    "MC304_rollback_loses_values": "public.people.note",
    "MC304_row_left_over": "public.settings",
    "MC305_moment_of_the_run": "public.people.joined_at",
    "MC305_redo_changes_data": "public.people.in_trial",
    "MC306_rollback_discards_new_rows": "public.people",
    "MC307_order_dependent": "public.examples",
    "MC308_falsified_values": "an order that is paid says when",
    "MC401_invariant_broken": "both sides agree",
    "MC402_contract_broken": "the list of people",
    "MC501_sequence_behind": "public.members.id",
    "MC601_blocks_reads": "public.people",
    "MC602_blocks_writes": "public.people",
    "MC603_table_rewrite": "public.people",
    "MC604_scan_under_lock": "public.people",
    "MC605_ddl_and_backfill": "public.people",
    "MC606_row_by_row": "public.people",
    "MC607_superlinear": "public.people",
    "MC608_queue_stall": "public.people",
    "MC609_unindexed_foreign_key": "public.orders.orders_person_fk",
    "MC701_autocommit_block": "b2",
    "MC701_commits_by_itself": "b2",
    "MC702_invalid_index": "b2",
    "MC702_new_label": "b2",
    "MC703_inserts_twice": "b2",
    "MC704_copies_then_drops": "public.people.note",
    "MC801_breaks_old_code": "public.people.country",
    "MC801_table_renamed": "public.people",
    "MC901_nothing_compared": "public.spans",
}
"""Each chain of fixtures/faults, and the subject of the finding that it is there for."""

GROWN = 30
"""Rows of a table that grows to many times as many."""


@pytest.fixture(autouse=True)
def only_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only backends are killed between statements here: a client has to be started again, which takes most of the time.

    What becomes of clients is seen in test_dying_trials.py.
    """
    monkeypatch.setattr("migration_checks.trials.crash.FEW", 0)


def walk(case: str, twin: str, server: Server) -> Report:
    chain, trial = lineage(case, twin), TRIALS.get(case[:5])
    settings = Settings(chain, chain.root, provider=server.url, allow_shared_server=True, at_rows=AT_ROWS.get(case[:5], {}))
    if trial is not None:
        # The first revision is only there to be built upon.
        from_there = replace(chain, range="a1:heads")
        settings = replace(settings, lineage=from_there, trials=frozenset({trial}), rows=GROWN if trial == "growth" else None)
    return verify(settings)


@pytest.mark.parametrize("case", FAULTS)
def test_the_fault_is_found(case: str, server: Server) -> None:
    """The check whose id the folder bears names the object that the fault is about."""
    report = walk(case, "fault", server)

    assert FAULTS[case] in {each.subject for each in report.findings if case.startswith(each.check)}


@pytest.mark.parametrize("case", FAULTS)
def test_the_remedy_is_silent(case: str, server: Server) -> None:
    """Rows were compared, and nothing is worth more than a remark."""
    report = walk(case, "remedy", server)

    assert [each for each in report.findings if each.severity > Severity.INFO] == []
    left_out = [note for note in report.not_checked if note.subject != "server"]  # which is somebody else's here
    assert (report.verdict, left_out) == ("passed", [])
    assert sum(step.rows_compared for step in report.steps) > 0


def test_no_chain_is_left_out() -> None:
    """Every folder of fixtures/faults is in the table above."""
    folders = {path.name for path in (Path(__file__).parents[2] / "fixtures" / "faults").glob("MC*")}

    assert set(FAULTS) == folders

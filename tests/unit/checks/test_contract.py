"""The checks as a whole: ids, names and severities are a contract, texts are sentences."""

from __future__ import annotations

import re

import pytest

from migration_checks.check import Check
from migration_checks.checks import CHECKS, by_id
from tests.transitions import ascend, descend, leap, redo, undo

CONTRACT = """
MC101 upgrade-fails error
MC102 downgrade-fails error
MC103 reupgrade-fails error
MC104 irreversible info
MC105 leap-fails error
MC106 heads-differ error
MC107 empty-downgrade warning
MC201 schema-not-restored error
MC202 redo-differs error
MC203 leap-differs error
MC204 cosmetic-difference info
MC205 model-drift warning
MC206 invalid-object error
MC301 upgrade-loses-rows error
MC302 upgrade-loses-values error
MC303 rollback-loses-rows error
MC304 rollback-loses-values error
MC305 redo-changes-data error
MC306 rollback-discards-new-rows error
MC307 order-dependent error
MC308 falsified-values warning
MC401 invariant-broken error
MC402 contract-broken error
MC501 sequence-behind error
MC601 blocks-reads warning
MC602 blocks-writes warning
MC603 table-rewrite warning
MC604 scan-under-lock warning
MC605 ddl-and-backfill warning
MC606 row-by-row warning
MC607 superlinear warning
MC608 queue-stall warning
MC609 unindexed-foreign-key warning
MC701 not-atomic error
MC702 not-resumable error
MC703 runners-collide error
MC704 writes-lost error
MC801 breaks-old-code warning
MC901 nothing-compared warning
"""


def test_ids_names_and_severities_are_those_of_the_contract() -> None:
    """Projects name checks in waivers and options, so none is renamed, renumbered or left out."""

    assert CONTRACT.strip().splitlines() == [f"{each.id} {each.name} {each.severity}" for each in CHECKS]


def test_checks_are_in_the_order_of_their_ids() -> None:
    """The tuple reads like the manual, and finds each check by its id."""

    assert sorted(each.id for each in CHECKS) == list(by_id)
    assert all(by_id[each.id] is each for each in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_manual_speaks_in_sentences(check: Check) -> None:
    """A title is a phrase without a full stop; effect and remedy are whole sentences, each with its own content."""

    assert check.title[0].isupper()
    assert not check.title.endswith(".")
    for text in (check.effect, check.remedy):
        assert re.fullmatch(r"[A-Z`].*\.", text)
        assert "  " not in text
        assert len(text) <= 320
    assert len({check.title, check.effect, check.remedy}) == 3


@pytest.mark.parametrize("transition", [ascend(), undo(), redo(), leap(), descend()], ids=lambda each: str(each.leg))
def test_a_healthy_leg_is_silent(transition: object) -> None:
    """A leg that ends where it should, with everything compared and nothing different, gives no evidence at all."""

    assert [evidence for check in CHECKS for evidence in check.examine(transition)] == []  # type: ignore[arg-type]

"""The checks on locks: what is said of literal evidence, how grave it is, and what is not said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migration_checks.budgets import Budgets
from migration_checks.check import Evidence, Severity
from migration_checks.checks.locks import LOCKS
from migration_checks.observers.evidence import LocksEvidence
from migration_checks.observers.facts import Changed, ForeignKey, Lock, Observed, Relation, Rewrite, Scan
from migration_checks.observers.holds import holds
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Leg, Transition

EXAMINE = {check.id: check.examine for check in LOCKS}
TABLE = Relation("public.t", "table", rows=100)
AE = "ACCESS EXCLUSIVE"


def seen(*statements: Observed, relations: Iterable[Relation] = (TABLE,), leg: Leg = Leg.OBSERVE, **more: Any) -> Transition:
    by_name = {each.name: each for each in relations}
    evidence = LocksEvidence(
        statements,
        len(statements),
        by_name,
        holds(statements, by_name),
        more.pop("keys", ()),
        (),
        0,
        Budgets(),
        Path("/p"),
        **more,
    )
    nothing = Snapshot(frozenset(), {}, {})
    return Transition(leg, "b2", nothing, nothing, evidence=evidence)


def sent(mode: str | None = AE, *, relation: str = "public.t", kind: str = "table", **more: Any) -> Observed:
    locks = () if mode is None else (Lock(relation, kind, mode, True, ("connection",)),)
    return Observed(
        **{"sql": "ALTER TABLE t", "path": "/p/versions/b2.py", "line": 7, "transaction": 1, "autocommit": False, "rows": -1}
        | {"locks": locks}
        | more
    )


def said(check: str, transition: Transition) -> list[Evidence]:
    return list(EXAMINE[check](transition))


def big(rows: int) -> Relation:
    return replace(TABLE, production=rows)


SCANNED = (Scan("public.t", 100, AE),)
REWRITTEN = (Rewrite("public.t", "table", "a column gets another type", ("catalog",)),)


@pytest.mark.parametrize("check", EXAMINE)
def test_other_legs_are_not_judged(check: str) -> None:
    """Nor is one that nobody observed."""
    transition = seen(sent(rewrites=REWRITTEN, scans=SCANNED, own_seconds=9.0))

    assert [] == said(check, replace(transition, leg=Leg.ASCEND))
    assert [] == said(check, replace(transition, evidence=None))


def test_a_lock_within_the_budget_is_silent() -> None:
    """At the size that production has, even where the whole table is read: a million rows take no second."""
    assert [] == said("MC601", seen(sent(own_seconds=1.0)))
    assert [] == said("MC601", seen(sent(scans=SCANNED), relations=(big(1_000_000),)))


def test_a_lock_beyond_the_budget() -> None:
    """As measured here; no measured figure in what is said, so that two runs say the same."""
    (found,) = said("MC601", seen(sent(own_seconds=0.6), sent(None, sql="SELECT 1", own_seconds=0.6)))

    assert ("public.t", None) == (found.subject, found.severity)
    assert (
        "public.t is locked against reads and writes (ACCESS EXCLUSIVE) by `ALTER TABLE t`, and is held for longer than"
        in found.message
    )
    assert "0.6" not in str(found)
    assert "1.2" not in str(found)
    assert [] == said("MC602", seen(sent(own_seconds=1.2)))


def test_a_lock_that_lasts_too_long_in_production() -> None:
    """However fast it was here."""
    (found,) = said("MC602", seen(sent("SHARE", scans=SCANNED), relations=(big(100_000_000),)))

    assert (
        "public.t is read from end to end before it is released: public.t has 100,000,000 rows in production" in found.message
    )
    assert ("production rows", 100_000_000) == (found.facts["basis"], found.facts["production_rows"])


def test_a_rewrite_and_how_grave_it_is() -> None:
    """A warning; a remark where production is small, and on the way down."""
    (found,) = said("MC603", seen(sent(rewrites=REWRITTEN)))
    (small,) = said("MC603", seen(sent(rewrites=REWRITTEN), relations=(big(1000),)))
    (large,) = said("MC603", seen(sent(rewrites=REWRITTEN), relations=(big(1001),)))
    (down,) = said("MC603", seen(sent(rewrites=REWRITTEN), leg=Leg.OBSERVE_DOWN))

    assert [None, Severity.INFO, None, Severity.INFO] == [each.severity for each in (found, small, large, down)]
    assert "`ALTER TABLE t` writes public.t anew (100 rows here): a column gets another type." == found.message
    assert "(1,001 rows in production)" in large.message
    assert ("versions/b2.py", 7) == (found.facts["path"], found.facts["line"])


@pytest.mark.parametrize(
    "table", [replace(TABLE, rows=0), replace(TABLE, existed=False), replace(TABLE, rows=None)], ids=["empty", "new", "unknown"]
)
@pytest.mark.parametrize("check", EXAMINE)
def test_tables_that_nobody_uses(check: str, table: Relation) -> None:
    """Empty ones, and those that the step makes, keep nobody waiting."""
    statement = sent(rewrites=REWRITTEN, scans=SCANNED, own_seconds=9.0, changed={"public.o": Changed(inserted=5)})

    assert [] == said(check, seen(statement, relations=(table,)))


@pytest.mark.parametrize("reason", ["truncated", "refreshed"])
def test_files_that_cost_nothing_more(reason: str) -> None:
    """An emptied table is no copied one."""
    assert [] == said("MC603", seen(sent(rewrites=(Rewrite("public.t", "table", reason, ()),))))


def test_an_index_that_is_built_again() -> None:
    """By itself under a lock: told; with its table, or while others go on: not."""
    index = Rewrite("public.i", "index", "REINDEX builds it again", (), "public.t")
    relations = (TABLE, Relation("public.i", "index", owner="public.t"))

    (found,) = said("MC603", seen(sent("SHARE", rewrites=(index,)), relations=relations))
    assert "public.i" == found.subject
    assert [] == said("MC603", seen(sent("SHARE UPDATE EXCLUSIVE", rewrites=(index,)), relations=relations))
    assert ["public.t"] == [
        each.subject for each in said("MC603", seen(sent(rewrites=(index, *REWRITTEN)), relations=relations))
    ]


@pytest.mark.parametrize(
    "statement",
    [
        sent("SHARE UPDATE EXCLUSIVE", scans=(Scan("public.t", 100, "SHARE UPDATE EXCLUSIVE"),)),
        sent(scans=(Scan("public.t", 1, AE),)),
        sent(scans=SCANNED, rewrites=REWRITTEN),
        sent(scans=SCANNED, changed={"public.t": Changed(updated=100)}),
        sent(scans=(Scan("public.t", 100, None),)),
    ],
    ids=["VALIDATE", "LIMIT 1", "rewrite", "back-fill", "no lock"],
)
def test_scans_that_are_none_of_this_check(statement: Observed) -> None:
    """Some keep nobody waiting, others are told by another check."""
    assert [] == said("MC604", seen(statement))


def test_a_scan_under_lock() -> None:
    """Each table once, with the first statement that reads it and those that do later."""
    (found,) = said("MC604", seen(sent(scans=SCANNED), sent(None, sql="CREATE INDEX", scans=SCANNED)))

    assert (
        "`ALTER TABLE t` reads public.t from end to end (100 rows here) while it is locked against reads and writes"
        in found.message
    )
    assert ["CREATE INDEX"] == found.facts["statements"]


def test_a_few_rows_that_are_looked_for_in_the_whole_table() -> None:
    """An UPDATE that changes hardly anything reads as much as one that changes all."""
    assert 1 == len(said("MC604", seen(sent(scans=SCANNED, changed={"public.t": Changed(updated=3)}))))


def test_a_backfill_under_a_lock() -> None:
    """As many rows as the table has; a few settings are none."""
    (found,) = said("MC605", seen(sent(), sent(None, sql="UPDATE", changed={"public.t": Changed(updated=20)})))

    assert found.message.endswith("transaction writes rows of public.t, as many as public.t has.")
    assert [] == said("MC605", seen(sent(), sent(None, changed={"public.t": Changed(updated=19)})))
    assert [] == said("MC605", seen(sent(), sent(None, scans=(Scan("public.t", 100, AE),))))
    assert [] == said("MC605", seen(sent(), sent(None, transaction=2, changed={"public.t": Changed(updated=100)})))
    assert [] == said("MC605", seen(sent(None, changed={"public.t": Changed(updated=100)}), sent()))


def test_a_foreign_key_without_an_index() -> None:
    """New, of a table with rows; also of one that the step itself fills."""
    key = ForeignKey("public.t.fk", "public.t", "public.u", ("u_id",), indexed=False, new=True)
    made = (replace(TABLE, existed=False, rows=None),)

    (found,) = said("MC609", seen(keys=(key,)))
    assert ("public.t.fk", ["u_id"]) == (found.subject, found.facts["columns"])
    assert [] == said("MC609", seen(keys=(replace(key, indexed=True), replace(key, new=False))))
    assert [] == said("MC609", seen(keys=(key,), relations=made))
    assert 1 == len(said("MC609", seen(sent(None, changed={"public.t": Changed(inserted=3)}), keys=(key,), relations=made)))
    assert [] == said("MC609", seen(keys=(key,), leg=Leg.OBSERVE_DOWN))

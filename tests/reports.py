"""A report with one of everything, hostile values among it, for the tests of every view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from migration_checks.check import Finding, Location, Severity
from migration_checks.errors import ConfigurationError
from migration_checks.graph import Revision
from migration_checks.report import Note, Report, Step
from migration_checks.transition import Destination, Failure, Fate, Leg


def answers(ask: Callable[[], object]) -> bool:
    """Whether `ask` gives a value, or else an error with a message and a remedy; any other exception passes through."""
    try:
        return ask() is not None
    except ConfigurationError as error:
        return bool(error.message and error.remedy)


HOSTILE = "\x1b[31mred\x1b[0m\n[bold]x[/bold] ‮evil‬ \x00 <script>alert(1)</script> @admin #1 | `a` %0A::error::"

LOST = Finding(
    check="MC304",
    name="rollback-loses-values",
    severity=Severity.ERROR,
    revision="bbb222",
    leg=Leg.UNDO,
    subject="public.items.note",
    message="12 of 40 values differ from before the upgrade.",
    evidence={
        "changed": 12,
        "compared": 40_000,
        "samples": [
            {"key": {"id": "1"}, "before": "old", "after": None},
            {"key": {"id": "2"}, "before": "", "after": HOSTILE},
        ],
    },
    location=Location("migrations/versions/bbb222_notes.py", 31),
    also_at=("descend bbb222",),
)
DRIFT = Finding("MC205", "model-drift", Severity.WARNING, "ccc333", Leg.ASCEND, "public.items", "The models differ.")
COSMETIC = Finding("MC204", "cosmetic-difference", Severity.INFO, "bbb222", Leg.UNDO, "public.items", "Only position differs.")
WAIVED = replace(LOST, check="MC302", name="upgrade-loses-values", leg=Leg.ASCEND, also_at=(), waiver="agreed [on] <Friday>")
NOWHERE = replace(LOST, check="MC101", name="upgrade-fails", subject=HOSTILE, message=HOSTILE, location=None, also_at=())

FLOW = Fate(
    "public.items.note", "values", "dropped", 40, (Destination("public.notes.text", "new table", 20, "aaa111"),), 8, 12,
    caused_by="aaa111",
)  # fmt: skip
CHAIN = (
    Revision("aaa111", (), doc="items", path="migrations/versions/aaa111_items.py"),
    Revision("bbb222", ("aaa111",), doc=HOSTILE, path="migrations/versions/bbb222_notes.py"),
    Revision("ccc333", ("bbb222",), ("aaa111",), ("shop",), "unique", "migrations/versions/ccc333_unique.py"),
)

STEPS = (
    Step("aaa111", Leg.ASCEND, 4, 0, 0, timing={"seconds": 0.25}),
    Step("bbb222", Leg.ASCEND, 2, 1_000, 12_000, timing={"seconds": 0.5}, flows=(FLOW,)),
    Step("bbb222", Leg.UNDO, 1, 1_000, 12_000, timing={"seconds": 0.125}),
    Step(
        "ccc333",
        Leg.ASCEND,
        3,
        0,
        0,
        failure=Failure("UniqueViolation", HOSTILE, "23505", statement="CREATE UNIQUE INDEX", table="items"),
        timing={"seconds": 0.0625},
    ),
)

SAMPLE = Report(
    lineage="shop",
    server="18.6",
    provider="embedded",
    seed=7,
    range="aaa111:ccc333",
    verdict="failed",
    findings=(LOST, NOWHERE, DRIFT, COSMETIC, WAIVED),
    steps=STEPS,
    not_checked=(Note("public.logs", "no row could be made: its trigger raises.", "bbb222"),),
    notes=(Note("waiver of MC101 (pyproject.toml)", "matches no finding of this run and can go."),),
    versions={"alembic": "1.20.0", "migration-checks": "0.1.0"},
    chain=CHAIN,
)
CLEAN = replace(SAMPLE, verdict="passed", findings=(), not_checked=(), notes=(), steps=STEPS[:3])
EMPTY = replace(SAMPLE, verdict="incomplete", findings=(), not_checked=(), notes=(), steps=STEPS[:1])

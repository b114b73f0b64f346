"""MC308, MC401, MC402, MC501 and MC901: what a lineage says must hold, sequences, and whether anything was compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration_checks.check import Severity
from migration_checks.snapshot import Sequence, Snapshot
from migration_checks.transition import Leg
from tests.transitions import RAISED, Case, ascend, descend, redo, residue, snapshot, table, thing, undo, verdicts

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


def at(head: str, **answers: str | None) -> Snapshot:
    """A place with these answers; `__` in a name stands for the colon of a prefix."""
    return snapshot(head, answers={name.replace("__", ":"): answer for name, answer in answers.items()})


def standing(next_value: int, highest: int | None, *, ascending: bool = True, name: str = "public.s") -> Snapshot:
    """A place with one sequence."""
    return snapshot("x", sequences=[Sequence(name, "public.items.id", next_value, highest, ascending)])


def single(condition: str) -> Snapshot:
    """A place where a sequence is behind, in a table under that condition."""
    items = ("table", "public.items")
    found = [thing("column", "public.items.id", items), thing("constraint", "public.items.one", items, definition=condition)]
    return replace(standing(5, 9), catalog={each.id: each for each in found})


WITH_TABLE = snapshot("a", tables=[table(rows=0)])
CASES = (
    Case(
        "hears an invariant that broke",
        "MC401",
        ascend(before=at("a", sums=None), after=at("b", sums="id 7")),
        (("sums", ERROR, "contradict it: id 7."),),
    ),
    Case(
        "hears one that could not be asked before",
        "MC401",
        ascend(before=at("a"), after=at("b", sums="id 7")),
        (("sums", ERROR, "id 7"),),
    ),
    Case("is silent where it holds", "MC401", ascend(before=at("a", sums="id 7"), after=at("b", sums=None))),
    Case("is silent where it was broken", "MC401", ascend(before=at("a", sums="id 1"), after=at("b", sums="id 7"))),
    Case(
        "does not blame the way back to a broken place",
        "MC401",
        undo(before=at("b", sums=None), after=at("a", sums="x"), baseline=at("a", sums="x")),
    ),
    Case(
        "hears what a downgrade breaks",
        "MC401",
        undo(before=at("b"), after=at("a", sums="x"), baseline=at("a", sums=None)),
        (("sums", ERROR, "x"),),
    ),
    Case(
        "is silent after rows that a trial wrote",
        "MC401",
        replace(undo(before=at("b"), after=at("a", sums="x")), leg=Leg.WRITES),
    ),
    Case("leaves prefixed answers to their checks", "MC401", ascend(after=at("b", falsified__n="x", contract__n="y"))),
    Case("is silent on a failed leg", "MC401", ascend(after=at("b", sums="x"), failure=RAISED)),
    Case(
        "warns of falsified values",
        "MC308",
        ascend(after=at("b", falsified__ages="id 3", sums="x")),
        (("ages", WARNING, "their source: id 3."),),
    ),
    Case("is silent where they hold", "MC308", ascend(after=at("b", falsified__ages=None, contract__n="y"))),
    Case(
        "hears a refused statement",
        "MC402",
        ascend(after=at("b", contract__api="no column {x}")),
        (("api", ERROR, "no column {x}."),),
    ),
    Case("is silent where it is accepted", "MC402", ascend(after=at("b", contract__api=None, sums="x"))),
    Case(
        "hears a sequence that is behind",
        "MC501",
        ascend(after=standing(5, 9)),
        (("public.items.id", ERROR, "public.s hands out 5 next, but the highest value in use is 9 (5 steps ahead)."),),
    ),
    Case(
        "hears one that hands out the very last value",
        "MC501",
        undo(after=standing(9, 9)),
        (("public.items.id", ERROR, "1 step"),),
    ),
    Case(
        "counts a descending one the other way",
        "MC501",
        redo(after=standing(-5, -9, ascending=False)),
        (("public.items.id", ERROR, "lowest value in use is -9"),),
    ),
    Case("is silent on one that is ahead", "MC501", ascend(after=standing(10, 9))),
    Case("is silent on a descending one that is ahead", "MC501", ascend(after=standing(-10, -9, ascending=False))),
    Case("is silent on an empty column", "MC501", ascend(after=standing(1, None))),
    Case("is silent on what was so before", "MC501", ascend(before=standing(2, 9, name="public.old"), after=standing(5, 9))),
    Case(
        "is silent on what the baseline has",
        "MC501",
        undo(before=standing(10, 9), after=standing(5, 9), baseline=standing(5, 9)),
    ),
    Case(
        "remarks on a column without any value",
        "MC901",
        ascend(
            after=snapshot("b", objects=[thing("column", "public.items.x", ("table", "public.items"))]),
            unfilled={"public.items.x": "no value was found"},
        ),
        (("public.items.x", INFO, "The column holds nothing but NULL: no value was found."),),
    ),
    Case(
        "remarks on a foreign table",
        "MC901",
        ascend(
            after=snapshot("b", objects=[thing("foreign table", "public.far")]),
            changes=residue(unread={"public.far": "it is far"}),
        ),
        (("public.far", INFO, "Its rows could not be compared: it is far."),),
    ),
    Case(
        "is silent on tables that lost all their rows",
        "MC901",
        undo(baseline=snapshot("a", tables=[table(rows=9)]), residue=residue(rows=0)),
    ),
    Case("is silent where one value is all that is allowed", "MC501", ascend(after=single("CHECK (id = 1)"))),
    Case(
        "hears one under another condition",
        "MC501",
        ascend(after=single("CHECK (id >= 1)")),
        (("public.items.id", ERROR, "(5 steps ahead)."),),
    ),
    Case("is silent after writes", "MC501", undo(leg=Leg.WRITES, after=standing(5, 9))),
    Case("is silent on a failed leg", "MC501", ascend(after=standing(5, 9), failure=RAISED)),
    Case(
        "says which tables stayed empty, and why",
        "MC901",
        ascend(unfilled={"public.y": "a check cannot be met.", "public.x": "no value fits"}),
        (("public.x", WARNING, "The table stayed empty: no value fits."), ("public.y", WARNING, "a check cannot be met.")),
    ),
    Case(
        "says so even where the upgrade failed",
        "MC901",
        ascend(unfilled={"public.x": "no value fits"}, failure=RAISED),
        (("public.x", WARNING, "stayed empty"),),
    ),
    Case(
        "says which tables could not be read",
        "MC901",
        undo(residue=residue(unread={"public.f": "foreign server"})),
        (("public.f", WARNING, "could not be compared: foreign server."),),
    ),
    Case(
        "says it once of a table that is both",
        "MC901",
        ascend(unfilled={"public.x": "no value fits"}, changes=residue(unread={"public.x": "denied"})),
        (("public.x", WARNING, "stayed empty"),),
    ),
    Case(
        "says when a downgrade met no row",
        "MC901",
        undo(baseline=WITH_TABLE, residue=residue(rows=0)),
        (("b", WARNING, "1 table existed before the upgrade, but held no row"),),
    ),
    Case("hears a descend", "MC901", descend(baseline=WITH_TABLE, residue=residue(rows=0)), (("b", WARNING, "held no row"),)),
    Case(
        "names an unread table once",
        "MC901",
        undo(baseline=WITH_TABLE, residue=residue(rows=0, unread={"public.items": "denied"})),
        (("public.items", WARNING, "denied"),),
    ),
    Case("is silent where no table existed", "MC901", undo(baseline=snapshot(), residue=residue(rows=0))),
    Case("is silent on a failed leg", "MC901", undo(baseline=WITH_TABLE, residue=residue(rows=0), failure=RAISED)),
    Case("leaves rows taken away to MC101", "MC901", undo(baseline=WITH_TABLE, residue=residue(rows=0), emptied=True)),
    Case("is silent where one row was compared", "MC901", undo(baseline=WITH_TABLE, residue=residue(rows=1))),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_others(case: Case) -> None:
    """Each check says what the case expects, and nothing else."""

    assert list(case.says) == verdicts(case)

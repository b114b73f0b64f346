"""MC301 to MC307: rows and values that an upgrade, a rollback or a second upgrade loses or changes."""

from __future__ import annotations

import pytest

from migration_checks.check import Severity
from migration_checks.checks import by_id
from migration_checks.snapshot import Column
from migration_checks.transition import ColumnChange, Destination, Failure, Fate, Leg, Transition
from tests.transitions import (
    LOWER,
    RAISED,
    Case,
    ascend,
    descend,
    redo,
    residue,
    rows,
    sample,
    snapshot,
    table,
    thing,
    undo,
    values,
    verdicts,
)

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
SKIPPED = Fate(
    "public.items.note",
    "values",
    "dropped",
    400,
    moved=(
        Destination("public.notes.body", "referencing row", 350, "a"),
        Destination("public.notes.title", "referencing row", 4),
    ),
    restored=6,
    lost=40,
    samples=(sample("7", "seven", None), sample("9", "nine", None)),
    caused_by="a",
)
DELETED = Fate("public.items", "rows", "deleted", 1, lost=1)
KEPT = Fate("public.items.note", "values", "overwritten", 400, restored=400)
QUOTED = snapshot("a", objects=[thing("column", 'public.items."select"')])


def written(*changes: object, **more: object) -> Transition:
    """A downgrade after rows were written through the new schema."""
    return undo(leg=Leg.WRITES, discarded=changes, **more)


def order(**more: object) -> Transition:
    """An upgrade of rows that lie in another order."""
    return redo(leg=Leg.ORDER, **more)


WIDE = table("public.items", *(Column(name, number, "text") for number, name in enumerate(("id", "a", "b", "c", "d"), 1)))
DEALT = rows(columns=tuple(ColumnChange(name, name, 70 + n, nulled=6, filled=6) for n, name in enumerate("abcd")))
EMPTIED = rows(columns=tuple(ColumnChange(name, name, 70, nulled=70) for name in "abcd"))


CASES = (
    Case(
        "reports keys that were dealt out anew once, and not once a column",
        "MC304",
        undo(after=snapshot("a", tables=[WIDE]), residue=residue(DEALT)),
        (("public.items", ERROR, "At least 73 of 100 rows hold other values after the downgrade"),),
    ),
    Case(
        "reports columns that were emptied one by one",
        "MC304",
        undo(after=snapshot("a", tables=[WIDE]), residue=residue(EMPTIED)),
        tuple((f"public.items.{name}", ERROR, "70 became NULL") for name in "abcd"),
    ),
    Case(
        "warns where a downgrade leaves values in place of NULLs, since none is lost",
        "MC304",
        undo(residue=residue(values(changed=12, filled=12))),
        (("public.items.note", WARNING, "12 were NULL then"),),
    ),
    Case(
        "hears a second upgrade that fills in what the first left NULL",
        "MC305",
        redo(residue=residue(values(changed=12, filled=12))),
        (("public.items.note", ERROR, "12 were NULL then"),),
    ),
    Case(
        "hears deleted rows",
        "MC301",
        ascend(fates=(DELETED, SKIPPED)),
        (("public.items", ERROR, "1 of 1 row deleted here (100%) is found nowhere."),),
    ),
    Case("leaves values to MC302", "MC301", ascend(fates=(SKIPPED,))),
    Case("is silent on a failed leg", "MC301", ascend(fates=(DELETED,), failure=RAISED)),
    Case(
        "says how many, which, where the others went and who skipped these",
        "MC302",
        ascend(fates=(SKIPPED, DELETED)),
        (
            (
                "public.items.note",
                ERROR,
                "40 of 400 values dropped here (10%) are found nowhere, for example id=7, id=9. Of the others 350 went "
                "to public.notes.body (referencing row, written by a), 4 went to public.notes.title (referencing row) and 6 "
                "came back with the downgrade. Revision a carried values away and skipped these.",
            ),
        ),
    ),
    Case("is silent on what was moved or restored", "MC302", ascend(fates=(KEPT,))),
    Case("leaves rows to MC301", "MC302", ascend(fates=(DELETED,))),
    Case(
        "counts missing rows and names some",
        "MC303",
        undo(residue=residue(rows(missing=3, missing_samples=({"id": "1"}, {"id": "2"})))),
        (
            (
                "public.items",
                ERROR,
                "3 rows of 100 that existed before the upgrade are missing after the downgrade, for example id=1, id=2.",
            ),
        ),
    ),
    Case(
        "hears a table that is gone with its rows",
        "MC303",
        descend(residue=residue(rows("public.gone", missing=100))),
        (("public.gone", ERROR, "100 rows of 100 that existed before the upgrade went with the table"),),
    ),
    Case(
        "counts only the excess where no key tells lost from altered",
        "MC303",
        undo(residue=residue(rows(key=(), missing=5, added=3))),
        (("public.items", ERROR, "2 rows of 100"),),
    ),
    Case("is silent on rows that are left over", "MC303", undo(residue=residue(rows(added=3)))),
    Case("is silent on a failed leg", "MC303", undo(failure=RAISED, residue=residue(rows(missing=3)))),
    Case("is silent on a redo", "MC303", redo(residue=residue(rows(missing=3)))),
    Case(
        "counts values and says what became of them",
        "MC304",
        undo(residue=residue(values(changed=60, nulled=50, filled=1, samples=(sample("4", "old", None),)))),
        (
            (
                "public.items.note",
                ERROR,
                "60 of 100 values (60%) are not what they were before the upgrade: 50 became NULL and 1 was NULL then, "
                "for example id=4.",
            ),
        ),
    ),
    Case(
        "spells a column as the catalog does",
        "MC304",
        undo(after=QUOTED, residue=residue(values("select", 1), values("Mixed", 1))),
        (
            ('public.items."select"', ERROR, "1 of 100 values (1%) is not what it was"),
            ('public.items."Mixed"', ERROR, "1 of 100"),
        ),
    ),
    Case(
        "weighs what only the moment explains as info",
        "MC304",
        undo(residue=residue(values(changed=4, volatile=4))),
        (("public.items.note", INFO, "which only the moment or chance of the run explains."),),
    ),
    Case(
        "weighs another way of writing as info",
        "MC304",
        undo(residue=residue(values(represented=4, samples=(sample("1", "1.0", "1.00"),)))),
        (
            (
                "public.items.note",
                INFO,
                "4 values are equal but written differently after the downgrade than before the upgrade: 1.0 became 1.00.",
            ),
        ),
    ),
    Case(
        "warns of rows that are left over",
        "MC304",
        undo(residue=residue(rows(added=2, added_samples=({"id": "8"},)))),
        (
            (
                "public.items",
                WARNING,
                "2 rows that did not exist before the upgrade are left over after the downgrade, for example id=8.",
            ),
        ),
    ),
    Case("leaves a new table to MC201", "MC304", undo(residue=residue(rows("public.extra", before=None, added=5)))),
    Case(
        "counts altered rows where there is no key",
        "MC304",
        undo(residue=residue(rows(key=(), missing=5, added=3))),
        (("public.items", ERROR, "3 rows of 100 hold other values"),),
    ),
    Case(
        "hears another way of writing where there is no key",
        "MC304",
        undo(residue=residue(rows(key=(), represented=3))),
        (("public.items", INFO, "3 rows are equal but written differently"),),
    ),
    Case("is silent on an empty downgrade", "MC304", undo(downgrade_empty=True, residue=residue(values(changed=4)))),
    Case("is silent on a failed leg", "MC304", undo(failure=RAISED, residue=residue(values(changed=4)))),
    Case(
        "hears other values",
        "MC305",
        redo(residue=residue(values(changed=4))),
        (("public.items.note", ERROR, "not what they were after the first upgrade"),),
    ),
    Case(
        "hears missing rows",
        "MC305",
        redo(residue=residue(rows(missing=4))),
        (("public.items", ERROR, "missing after the second"),),
    ),
    Case(
        "hears rows twice",
        "MC305",
        redo(residue=residue(rows(added=4))),
        (("public.items", ERROR, "left over after the second"),),
    ),
    Case(
        "weighs run-time values as info",
        "MC305",
        redo(residue=residue(values(changed=4, volatile=4))),
        (("public.items.note", INFO, "moment"),),
    ),
    Case("is silent on a failed leg", "MC305", redo(failure=RAISED, residue=residue(values(changed=4)))),
    Case("is silent on a downgrade", "MC305", undo(residue=residue(values(changed=4)))),
    Case(
        "counts what is gone and what is altered",
        "MC306",
        written(rows(missing=3, missing_samples=({"id": "5"},), columns=(ColumnChange("note", "note", 2),))),
        (
            (
                "public.items",
                ERROR,
                "Of 100 rows written after the upgrade, all of which the old schema can hold, 3 are gone after the downgrade, "
                "for example id=5, and the downgrade altered values of note (2).",
            ),
        ),
    ),
    Case("is silent on run-time values", "MC306", written(values(changed=2, volatile=2))),
    Case("is silent on another way of writing", "MC306", written(values(represented=2))),
    Case("is silent on a failed leg", "MC306", written(rows(missing=3), failure=RAISED)),
    Case("is silent without writes", "MC306", undo(discarded=(rows(missing=3),))),
    Case(
        "hears other values",
        "MC307",
        order(residue=residue(values(changed=4))),
        (("public.items.note", ERROR, "not what they were with rows in the order"),),
    ),
    Case(
        "hears other rows",
        "MC307",
        order(residue=residue(rows(missing=1, added=1))),
        (("public.items", ERROR, "missing"), ("public.items", ERROR, "left over")),
    ),
    Case(
        "hears an upgrade that fails in another order",
        "MC307",
        order(after=LOWER, failure=Failure("UniqueViolation", "twice", "23505")),
        (("b", ERROR, "The upgrade raised UniqueViolation (SQLSTATE 23505): twice with rows in another physical order"),),
    ),
    Case("is silent on run-time values", "MC307", order(residue=residue(values(changed=4, volatile=4)))),
    Case("is silent on values that prove nothing", "MC304", undo(residue=residue(values(set_aside=3)))),
    Case("is silent on a redo", "MC307", redo(residue=residue(values(changed=4)))),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_data(case: Case) -> None:
    """Each check says what the case expects, and nothing else."""

    assert list(case.says) == verdicts(case)


def test_a_loss_hands_on_counts_destinations_and_samples() -> None:
    """Whoever reads the JSON needs no sentence to see how much went where."""

    (evidence,) = by_id["MC302"].examine(ascend(fates=(SKIPPED,)))

    assert {"count": 40, "total": 400, "restored": 6, "how": "dropped", "caused_by": "a"}.items() <= evidence.facts.items()
    assert evidence.facts["moved"] == [
        {"place": "public.notes.body", "how": "referencing row", "count": 350, "written_by": "a"},
        {"place": "public.notes.title", "how": "referencing row", "count": 4, "written_by": None},
    ]
    assert evidence.facts["samples"] == [
        {"key": {"id": "7"}, "before": "seven", "after": None},
        {"key": {"id": "9"}, "before": "nine", "after": None},
    ]

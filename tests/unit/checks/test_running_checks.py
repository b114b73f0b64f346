"""MC101 to MC107: legs that raise, refuse, do nothing or end in the wrong place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration_checks.check import Severity
from migration_checks.checks import by_id
from migration_checks.transition import Failure, Leg
from tests.transitions import (
    LOWER,
    RAISED,
    REFUSED,
    UPPER,
    Case,
    ascend,
    descend,
    leap,
    left_over,
    lost_default,
    redo,
    residue,
    rows,
    snapshot,
    thing,
    undo,
    values,
    verdicts,
)

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
QUOTED = thing("table", 'public."Weird "" Name"')
HALF = residue(left_over(), rows(added=3))
WRITES = {"leg": Leg.WRITES, "after": UPPER}

BEYOND = Failure("NumericValueOutOfRange", "integer out of range", "22003", statement="UPDATE items SET n = n + 1")
NARROWED = replace(BEYOND, statement="ALTER TABLE items ALTER n TYPE smallint")
MISREAD = Failure("SyntaxError", "invalid range bound flags", "42601")
GUARDED = Failure("RuntimeError", "3 orders are open", deliberate=True)
CASES = (
    Case(
        "lets arithmetic stop at the largest values, where only made-up rows have them",
        "MC101",
        ascend(after=LOWER, failure=BEYOND, made_up=True),
        (("b", INFO, "It met the largest value of its type, in rows that were made up from the schema"),),
    ),
    Case(
        "hears of arithmetic that stops at rows which are there",
        "MC101",
        ascend(after=LOWER, failure=BEYOND),
        (("b", ERROR, "The upgrade raised NumericValueOutOfRange (SQLSTATE 22003): integer out of range."),),
    ),
    Case(
        "hears of a type that is too narrow for made-up rows",
        "MC101",
        ascend(after=LOWER, failure=NARROWED, made_up=True),
        (("b", ERROR, "The upgrade raised NumericValueOutOfRange"),),
    ),
    Case(
        "lets a downgrade refuse written values that it cannot read",
        "MC102",
        undo(after=UPPER, leg=Leg.WRITES, failure=MISREAD),
        (("b", INFO, "It refuses rows that only the new schema can hold."),),
    ),
    Case(
        "names the table and the error",
        "MC101",
        ascend(after=LOWER, failure=RAISED),
        (("public.items", ERROR, "The upgrade raised UniqueViolation (SQLSTATE 23505): duplicate key."),),
    ),
    Case(
        "spells a table as the catalog does, since diagnostics never quote",
        "MC101",
        ascend(
            after=snapshot("a", objects=[QUOTED]),
            failure=Failure("NotNullViolation", "", "23502", table='public.Weird " Name', column="Col"),
        ),
        (('public."Weird "" Name"."Col"', ERROR, "The upgrade raised NotNullViolation (SQLSTATE 23502)."),),
    ),
    Case(
        "says what a failed step left half-way, and where the version table stands",
        "MC101",
        ascend(after=LOWER, failure=RAISED, changes=HALF),
        (
            (
                "public.items",
                ERROR,
                "half-way: rows of public.items and table public.extra changed, and the version table stands at a.",
            ),
        ),
    ),
    Case(
        "says where the version table stands when only that moved",
        "MC101",
        ascend(failure=RAISED),
        (("public.items", ERROR, "duplicate key. Now the version table stands at b."),),
    ),
    Case(
        "says nothing of it when nothing moved",
        "MC101",
        ascend(after=LOWER, failure=RAISED, changes=residue(rows(), rows=9)),
        (("public.items", ERROR, "The upgrade raised UniqueViolation (SQLSTATE 23505): duplicate key."),),
    ),
    Case(
        "points at the revision when no object is known",
        "MC101",
        ascend(after=LOWER, failure=Failure("KeyError", "'x'")),
        (("b", ERROR, "The upgrade raised KeyError: 'x'."),),
    ),
    Case(
        "says so when a step was stopped",
        "MC101",
        ascend(after=LOWER, failure=Failure("StepTimeout", "", timed_out=True)),
        (("b", ERROR, "did not end within the time limit"),),
    ),
    Case(
        "is info where a guard refuses rows that nobody has written",
        "MC101",
        ascend(after=LOWER, failure=GUARDED, made_up=True),
        (("b", INFO, "It refuses rows that were made up from the schema: see whether there are such rows."),),
    ),
    Case(
        "is an error where a guard refuses rows of a seed, or none at all",
        "MC101",
        ascend(after=LOWER, failure=GUARDED),
        (("b", ERROR, "The upgrade raised RuntimeError: 3 orders are open."),),
    ),
    Case(
        "is an error where made-up rows meet no guard",
        "MC101",
        ascend(after=LOWER, failure=RAISED, made_up=True),
        (("public.items", ERROR, "duplicate key."),),
    ),
    Case(
        "is info where a guard refuses rows that were written through the new schema",
        "MC102",
        undo(**WRITES, failure=GUARDED),
        (("b", INFO, "It refuses rows that only the new schema can hold."),),
    ),
    Case("is silent on a second upgrade", "MC101", redo(failure=RAISED)),
    Case("hears an undo", "MC102", undo(after=UPPER, failure=RAISED), (("public.items", ERROR, "The downgrade raised"),)),
    Case("hears a descend", "MC102", descend(failure=RAISED), (("public.items", ERROR, "The downgrade raised"),)),
    Case(
        "excuses a way down that meets rows of the walk's own",
        "MC102",
        descend(failure=RAISED, made_up=True),
        (("public.items", INFO, "It refuses rows that were put in after its upgrade."),),
    ),
    Case(
        "excuses no error that is not about rows",
        "MC102",
        descend(failure=Failure("ProgrammingError", "no such table", "42P01"), made_up=True),
        (("b", ERROR, "no such table"),),
    ),
    Case("leaves a refusal to MC104", "MC102", undo(after=UPPER, failure=REFUSED)),
    Case("leaves what a lineage marks to MC104", "MC102", undo(after=UPPER, failure=RAISED, marked_irreversible=True)),
    Case(
        "is info where rows of the new schema are refused",
        "MC102",
        undo(**WRITES, failure=RAISED),
        (("public.items", INFO, "It refuses rows that only the new schema can hold."),),
    ),
    Case(
        "is an error where written rows bring out anything else",
        "MC102",
        undo(**WRITES, failure=Failure("UndefinedColumn", "no such column", "42703")),
        (("b", ERROR, "After rows were written through the new schema, the downgrade raised UndefinedColumn"),),
    ),
    Case("hears a redo", "MC103", redo(after=LOWER, failure=RAISED), (("public.items", ERROR, "The second upgrade raised"),)),
    Case("is silent on a first upgrade", "MC103", ascend(after=LOWER, failure=RAISED)),
    Case("hears a refusal", "MC104", undo(after=UPPER, failure=REFUSED), (("b", INFO, "refuses: rows were merged."),)),
    Case("hears a lineage", "MC104", undo(marked_irreversible=True), (("b", INFO, "marks this revision as irreversible"),)),
    Case("is silent on a failure", "MC104", undo(after=UPPER, failure=RAISED)),
    Case("is silent on the way up", "MC104", ascend(marked_irreversible=True)),
    Case(
        "hears a leap", "MC105", leap(after=LOWER, failure=RAISED), (("public.items", ERROR, "all revisions at once raised"),)
    ),
    Case("is silent on single steps", "MC105", ascend(after=LOWER, failure=RAISED)),
    Case(
        "says where the version table stands and where it should",
        "MC106",
        ascend(after=LOWER),
        (("b", ERROR, "the version table stands at a, not at b."),),
    ),
    Case(
        "calls an empty version table base",
        "MC106",
        undo(after=snapshot()),
        (("b", ERROR, "the version table stands at base, not at a."),),
    ),
    Case(
        "hears a failed step that moved the version",
        "MC106",
        ascend(failure=RAISED),
        (("b", ERROR, "The step failed, yet the version table moved from a to b."),),
    ),
    Case("is silent where a failed step stayed", "MC106", ascend(after=LOWER, failure=RAISED)),
    Case("is silent where a failed leap committed some revisions", "MC106", leap(failure=RAISED)),
    Case(
        "lists once what is left",
        "MC107",
        undo(downgrade_empty=True, residue=residue(lost_default(), left_over(), rows(added=2), values(changed=4))),
        (("b", WARNING, "leaves 3 differences: public.extra, public.items.note and public.items."),),
    ),
    Case("is silent where the upgrade changed nothing", "MC107", undo(downgrade_empty=True)),
    Case(
        "is silent where only looks differ",
        "MC107",
        undo(downgrade_empty=True, residue=residue(replace(lost_default(), cosmetic=True), values(represented=3))),
    ),
    Case("is silent on a downgrade that does something", "MC107", undo(residue=residue(left_over()))),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_running(case: Case) -> None:
    """Each check says what the case expects, and nothing else."""

    assert list(case.says) == verdicts(case)


def test_an_empty_downgrade_keeps_the_evidence_of_the_checks_it_stands_for() -> None:
    """MC201, MC303 and MC304 are silent on that leg, so their facts are found under MC107."""
    transition = undo(downgrade_empty=True, residue=residue(lost_default(), rows(missing=2), values(changed=4)))

    (evidence,) = by_id["MC107"].examine(transition)
    leaves = evidence.facts["leaves"]

    assert isinstance(leaves, list)
    assert [leaf["check"] for leaf in leaves if isinstance(leaf, dict)] == ["MC201", "MC303", "MC304"]
    assert all(not list(by_id[check].examine(transition)) for check in ("MC201", "MC303", "MC304"))


def test_what_a_marked_revision_leaves_is_listed_under_its_mark() -> None:
    """A lineage that declares a step irreversible expects the difference: it is evidence, not a fault."""
    transition = undo(marked_irreversible=True, residue=residue(left_over()))

    (evidence,) = by_id["MC104"].examine(transition)

    assert "leaves" in evidence.facts
    assert list(by_id["MC201"].examine(transition)) == []


def test_a_failure_hands_its_diagnostics_on() -> None:
    """SQLSTATE, constraint, statement and place are facts, for whoever looks further."""
    failure = replace(RAISED, statement="CREATE UNIQUE INDEX", path="/x/b.py", line=7)

    (evidence,) = by_id["MC101"].examine(ascend(after=LOWER, failure=failure, changes=HALF))

    wanted = {"sqlstate": "23505", "constraint": "items_pk", "statement": "CREATE UNIQUE INDEX", "path": "/x/b.py", "line": 7}
    assert wanted.items() <= evidence.facts.items()
    assert evidence.facts["left_halfway"] == ["rows of public.items", "table public.extra"]


def test_a_failed_step_that_left_nothing_is_told_in_one_sentence() -> None:
    """What did not change, and where the version table stands when it did not move, is not worth a word."""

    (evidence,) = by_id["MC101"].examine(ascend(after=LOWER, failure=RAISED, changes=residue(rows())))

    assert evidence.message == "The upgrade raised UniqueViolation (SQLSTATE 23505): duplicate key."
    assert "left_halfway" not in evidence.facts


def test_only_the_way_back_says_what_a_marked_revision_leaves() -> None:
    """A failed downgrade, and one after writes, are no comparison with the place below."""
    for transition in (
        undo(marked_irreversible=True, failure=RAISED, residue=residue(left_over())),
        undo(**WRITES, marked_irreversible=True, residue=residue(left_over())),
    ):
        (evidence,) = by_id["MC104"].examine(transition)

        assert "leaves" not in evidence.facts

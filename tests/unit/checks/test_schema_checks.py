"""MC201 to MC206: what a leg leaves different in the catalog."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration_checks.check import Severity
from migration_checks.checks import by_id
from migration_checks.transition import CatalogChange
from tests.transitions import (
    LOWER,
    RAISED,
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
    verdicts,
)

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
GONE = CatalogChange("column", "public.items.note", "removed", parent=("table", "public.items"))
MOVED = [
    CatalogChange("column", f"public.items.{name}", "changed", {"position": (2, 3)}, True, ("table", "public.items"))
    for name in ("note", "name")
]
RENAMED = CatalogChange("index", "public.items_i", "renamed", cosmetic=True, renamed_from="public.ix_1")
ORDER = CatalogChange("table", "public.t", "changed", {"column order": (["a", "b"], ["b", "a"])}, True, ("schema", "public"))
COLUMN = "column public.x.z: type is TEXT, the models say INTEGER"
INDEX = "index i on public.x (a) is in the models, not in the database"
TABLE = "table public.y is in the database, not in the models"
COMMENT = CatalogChange("column", "public.t.c", "changed", {"type": ("integer", "text"), "comment": ("why", None)})


def broken(kind: str, identity: str, **definition: object) -> dict[str, object]:
    """An `after` in which one object is as `definition` says, and a `before` without it."""
    return {"after": snapshot("b", objects=[thing(kind, identity, **definition)])}


INVALID = broken("index", "public.items_i", valid=False, ready=True)
CASES = (
    Case(
        "names the facet and both its values",
        "MC201",
        undo(residue=residue(lost_default("now()"))),
        (("public.items.note", ERROR, "default was 'now()' before the upgrade and is absent after the downgrade."),),
    ),
    Case(
        "gives one evidence an object, with all its facets",
        "MC201",
        undo(residue=residue(COMMENT)),
        (
            (
                "public.t.c",
                ERROR,
                "differs: comment was 'why' before the upgrade and is absent after the downgrade and type was",
            ),
        ),
    ),
    Case(
        "counts what came below an object that is left over",
        "MC201",
        descend(residue=residue(replace(left_over(), folded=1))),
        (("public.extra", ERROR, "is left over after the downgrade (with 1 object below it)."),),
    ),
    Case(
        "counts the values that went with a column",
        "MC201",
        undo(residue=residue(GONE, rows(dropped=("note",), dropped_values={"note": 1000}))),
        (("public.items.note", ERROR, "is missing after the downgrade. 1,000 values went with it."),),
    ),
    Case(
        "hears another name",
        "MC201",
        undo(residue=residue(replace(RENAMED, cosmetic=False))),
        (("public.items_i", ERROR, "The index was public.ix_1 before the upgrade and has another name after the downgrade."),),
    ),
    Case("is silent on looks", "MC201", undo(residue=residue(*MOVED))),
    Case("is silent on an empty downgrade", "MC201", undo(downgrade_empty=True, residue=residue(left_over()))),
    Case("is silent on a failed leg", "MC201", undo(failure=RAISED, residue=residue(left_over()))),
    Case("is silent on the way up", "MC201", redo(residue=residue(left_over()))),
    Case(
        "hears a redo", "MC202", redo(residue=residue(left_over())), (("public.extra", ERROR, "left over after the second."),)
    ),
    Case("is silent on looks", "MC202", redo(residue=residue(*MOVED))),
    Case("is silent on a failed leg", "MC202", redo(failure=RAISED, residue=residue(left_over()))),
    Case("is silent on a downgrade", "MC202", undo(residue=residue(left_over()))),
    Case("hears a leap", "MC203", leap(residue=residue(GONE)), (("public.items.note", ERROR, "existed after single steps"),)),
    Case("is silent on looks", "MC203", leap(residue=residue(RENAMED))),
    Case("is silent on a redo", "MC203", redo(residue=residue(left_over()))),
    Case(
        "gives one evidence a table, whatever the order",
        "MC204",
        undo(residue=residue(*MOVED)),
        (("public.items", INFO, "Only position differs, in public.items.name and public.items.note."),),
    ),
    Case(
        "names a table, not its schema",
        "MC204",
        undo(residue=residue(ORDER)),
        (("public.t", INFO, "Only column order differs"),),
    ),
    Case("gives an object of its own its own", "MC204", leap(residue=residue(RENAMED)), (("public.items_i", INFO, "renamed"),)),
    Case("hears a redo", "MC204", redo(residue=residue(MOVED[0])), (("public.items", INFO, "position"),)),
    Case("is silent on what matters", "MC204", undo(residue=residue(left_over()))),
    Case("is silent on a failed leg", "MC204", undo(failure=RAISED, residue=residue(*MOVED))),
    Case(
        "gives one evidence a difference",
        "MC205",
        ascend(drift=(TABLE, INDEX, COLUMN, TABLE)),
        (
            ("public.x.z", WARNING, "At head column public.x.z: type is TEXT, the models say INTEGER; `alembic revision"),
            ("index i on public.x (a)", WARNING, "is in the models, not in the database;"),
            ("public.y", WARNING, "is in the database, not in the models;"),
        ),
    ),
    Case("is silent on a downgrade", "MC205", undo(drift=(COLUMN,))),
    Case("is silent without drift", "MC205", leap()),
    Case("hears an invalid index", "MC206", ascend(**INVALID), (("public.items_i", ERROR, "the index is invalid"),)),
    Case(
        "hears an index that is not ready",
        "MC206",
        ascend(**broken("index", "public.i", valid=False, ready=False)),
        (("public.i", ERROR, "the index is not ready"),),
    ),
    Case(
        "hears NOT VALID",
        "MC206",
        redo(**broken("constraint", "public.items.ck", validated=False, enforced=True)),
        (("public.items.ck", ERROR, "not validated"),),
    ),
    Case(
        "hears a disabled trigger",
        "MC206",
        undo(**broken("trigger", "public.items.t", enabled="D")),
        (("public.items.t", ERROR, "does not fire"),),
    ),
    Case(
        "hears a foreign key whose triggers are disabled",
        "MC206",
        ascend(**broken("constraint", "public.items.fk", validated=True, triggers=["D"])),
        (("public.items.fk", ERROR, "nothing enforces it"),),
    ),
    Case(
        "hears a disabled rule",
        "MC206",
        ascend(**broken("rule", "public.items.r", enabled="D")),
        (("public.items.r", ERROR, "the rule is disabled"),),
    ),
    Case(
        "hears a materialized view without data",
        "MC206",
        ascend(**broken("materialized view", "public.mv", populated=False)),
        (("public.mv", ERROR, "holds no data"),),
    ),
    Case("accepts one with data", "MC206", ascend(**broken("materialized view", "public.mv", populated=True))),
    Case("accepts NOT ENFORCED", "MC206", ascend(**broken("constraint", "public.items.ck", validated=False, enforced=False))),
    Case("accepts a trigger for replicas only", "MC206", ascend(**broken("trigger", "public.items.t", enabled="R"))),
    Case("accepts an object in order", "MC206", ascend(**broken("index", "public.i", valid=True, ready=True))),
    Case("is silent on what was there", "MC206", ascend(**INVALID, before=replace(INVALID["after"], heads=LOWER.heads))),  # type: ignore[type-var]
    Case("is silent on what the baseline has", "MC206", undo(**INVALID, baseline=INVALID["after"])),
    Case("is silent on a failed leg", "MC206", ascend(**INVALID, failure=RAISED)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_schema(case: Case) -> None:
    """Each check says what the case expects, and nothing else."""

    assert list(case.says) == verdicts(case)


def test_facets_are_facts_with_both_sides() -> None:
    """Whoever reads the JSON needs no sentence to see what differs."""

    (evidence,) = by_id["MC201"].examine(undo(residue=residue(COMMENT)))

    assert evidence.facts["kind"] == "column"
    assert evidence.facts["facets"] == {
        "comment": {"before": "why", "after": None},
        "type": {"before": "integer", "after": "text"},
    }


@pytest.mark.parametrize(
    ("change", "message", "facts"),
    [
        (
            CatalogChange("column", "public.t.c", "changed", {"not null": (True, False), "options": (["a=1", "b=2"], None)}),
            "The column differs: not null was true before the upgrade and is false after the downgrade and options was "
            "['a=1', 'b=2'] before the upgrade and is absent after the downgrade.",
            {"change": "changed"},
        ),
        (
            CatalogChange("view", "public.v", "changed", {"definition": ("x" * 90, "y" * 80)}),
            f"The view differs: definition was '{'x' * 77}...' before the upgrade and is '{'y' * 80}' after the downgrade.",
            {"change": "changed"},
        ),
        (
            CatalogChange("materialized view", "public.new", "renamed", {"comment": ("a", "b")}, renamed_from="public.old"),
            "The materialized view was public.old before the upgrade and has another name after the downgrade, and differs in "
            "comment.",
            {"change": "renamed", "renamed_from": "public.old"},
        ),
        (
            replace(left_over(), folded=12),
            "The table did not exist before the upgrade and is left over after the downgrade (with 12 objects below it).",
            {"change": "added", "folded": 12},
        ),
        (
            CatalogChange("column", "public.items.other", "removed"),
            "The column existed before the upgrade and is missing after the downgrade.",
            {"change": "removed"},
        ),
    ],
    ids=lambda value: value.identity if isinstance(value, CatalogChange) else "",
)
def test_a_difference_is_one_whole_sentence(change: CatalogChange, message: str, facts: dict[str, object]) -> None:
    """Values are shown as JSON has them, long ones cut, and only what belongs to the object itself is said of it."""
    dropped = rows(dropped=("note",), dropped_values={"note": 1000})

    (evidence,) = by_id["MC201"].examine(undo(residue=residue(change, dropped)))

    assert evidence.message == message
    assert {key: value for key, value in evidence.facts.items() if key not in ("kind", "facets")} == facts

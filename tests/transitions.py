"""Literal transitions, written down in one line each, for the tests of checks and findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from migration_checks.check import Severity
from migration_checks.checks import by_id
from migration_checks.snapshot import CatalogObject, Column, ObjectId, Sequence, Snapshot, Table
from migration_checks.transition import (
    CatalogChange,
    Changes,
    ColumnChange,
    Failure,
    Leg,
    TableChange,
    Transition,
    ValueSample,
)

RAISED = Failure(
    "UniqueViolation", "duplicate key\nDETAIL: Key (id)=(1) exists.", "23505", table="public.items", constraint="items_pk"
)
REFUSED = Failure("NotImplementedError", "rows were merged.", refused=True)


@dataclass(frozen=True, slots=True)
class Case:
    """What a check says of a transition: subject, severity and a part of the message, one triple an evidence."""

    behaviour: str
    check: str
    transition: Transition
    says: tuple[tuple[str, Severity, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.check} {self.behaviour}"


def verdicts(case: Case) -> list[tuple[str, Severity, str]]:
    """What the check of `case` says; where the expected part of a message is in it, that part stands for all of it."""
    check = by_id[case.check]
    found = []
    for number, evidence in enumerate(check.examine(case.transition)):
        part = case.says[number][2] if number < len(case.says) else ""
        message = part if part and part in evidence.message else evidence.message
        found.append((evidence.subject, check.severity if evidence.severity is None else evidence.severity, message))
    return found


def snapshot(
    *heads: str,
    objects: Iterable[CatalogObject] = (),
    tables: Iterable[Table] = (),
    sequences: Iterable[Sequence] = (),
    answers: Mapping[str, str | None] | None = None,
) -> Snapshot:
    """A place of the walk."""
    return Snapshot(
        frozenset(heads),
        {each.id: each for each in objects},
        {each.name: each for each in tables},
        tuple(sequences),
        answers or {},
    )


def table(name: str = "public.items", *columns: Column, rows: int = 100, oid: int = 1) -> Table:
    """A table with a key `id` and a `note`, unless other columns are given."""
    columns = columns or (Column("id", 1, "integer", True), Column("note", 2, "text"))
    return Table(name, oid, columns, ("id",), rows, name)


def thing(kind: str, identity: str, parent: ObjectId | None = None, /, **definition: Any) -> CatalogObject:
    """A catalog object."""
    return CatalogObject(kind, identity, definition, parent)


ITEMS = table()
LOWER = snapshot("a", tables=[ITEMS])
UPPER = snapshot("b", tables=[ITEMS])


def ascend(revision: str = "b", /, **more: Any) -> Transition:
    """An upgrade from `a` to `b` in which nothing happened."""
    return Transition(**({"leg": Leg.ASCEND, "revision": revision, "before": LOWER, "after": UPPER, **expecting("b")} | more))


def redo(**more: Any) -> Transition:
    """A second upgrade to `b`."""
    return ascend(**({"leg": Leg.REDO, "baseline": UPPER} | more))


def leap(revision: str = "b", /, **more: Any) -> Transition:
    """An upgrade to `b` in one go."""
    return ascend(revision, **({"leg": Leg.LEAP, "baseline": UPPER} | more))


def undo(revision: str = "b", /, **more: Any) -> Transition:
    """A downgrade from `b` to `a` that compared everything and found nothing."""
    whole = {"leg": Leg.UNDO, "revision": revision, "before": UPPER, "after": LOWER, "baseline": LOWER, **expecting("a")}
    return Transition(**(whole | {"residue": residue()} | more))


def descend(revision: str = "b", start: str = "b", end: str = "a", /, **more: Any) -> Transition:
    """A downgrade of `revision` on the way from head, from `start` to `end`."""
    places = {"before": snapshot(start, tables=[ITEMS]), "after": snapshot(end, tables=[ITEMS])}
    return undo(revision, **({"leg": Leg.DESCEND, **places, **expecting(end)} | more))


def expecting(*heads: str) -> dict[str, frozenset[str]]:
    """The heads that a leg should end at."""
    return {"expected_heads": frozenset(heads)}


def residue(*differences: CatalogChange | TableChange, rows: int = 100, unread: Mapping[str, str] | None = None) -> Changes:
    """A comparison of `rows` rows that found these differences."""
    catalog = tuple(each for each in differences if isinstance(each, CatalogChange))
    tables = tuple(each for each in differences if isinstance(each, TableChange))
    return Changes(catalog, tables, rows, rows * 2, unread or {})


def rows(name: str = "public.items", *, key: tuple[str, ...] = ("id",), before: str | None = "", **more: Any) -> TableChange:
    """A table of 100 rows that differs."""
    return TableChange(name, name if before == "" else before, key, 100, 100, 100, 200, **more)


def values(column: str = "note", changed: int = 0, **more: Any) -> TableChange:
    """A column of public.items that differs."""
    return rows(columns=(ColumnChange(column, column, changed, **more),))


def sample(key: str, before: str | None, after: str | None) -> ValueSample:
    """A differing value of the row with that id."""
    return ValueSample({"id": key}, before, after)


def lost_default(before: str = "0") -> CatalogChange:
    """A column that lost its default."""
    return CatalogChange(
        "column", "public.items.note", "changed", {"default": (before, None)}, parent=("table", "public.items")
    )


def left_over(identity: str = "public.extra", kind: str = "table") -> CatalogChange:
    """An object that should be gone."""
    return CatalogChange(kind, identity, "added")

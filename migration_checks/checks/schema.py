"""The checks on the catalog: what a leg leaves different from what it was held against (MC201 to MC206)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from migration_checks.check import Check, Evidence, Severity
from migration_checks.checks.wording import counted, listing
from migration_checks.snapshot import Catalog, CatalogObject, Json, ObjectId
from migration_checks.transition import CatalogChange, Leg, Transition

DOWNWARD = (Leg.UNDO, Leg.DESCEND)

AILMENTS: tuple[tuple[str, str, Json, str], ...] = (
    ("index", "ready", False, "the index is not ready: neither queries nor writes use it"),
    ("index", "valid", False, "the index is invalid: queries do not use it, yet every write maintains it"),
    ("constraint", "validated", False, "the constraint is not validated: rows that were there before may violate it"),
    ("constraint", "triggers", ["D"], "the triggers of the constraint are disabled: nothing enforces it"),
    ("trigger", "enabled", "D", "the trigger is disabled: it does not fire"),
    ("event trigger", "enabled", "D", "the event trigger is disabled: it does not fire"),
    ("rule", "enabled", "D", "the rule is disabled: statements are not rewritten"),
    (
        "materialized view",
        "populated",
        False,
        "the materialized view holds no data: each query of it fails until it is refreshed",
    ),
)
"""Kind, facet, the value that means trouble, and what it means. The names are those of migration_checks/catalog/*.sql."""


def settled(transition: Transition, *legs: Leg) -> bool:
    """Whether the leg is one of `legs` and ended without an error: what a failed leg leaves says nothing."""
    return transition.leg in legs and transition.failure is None


def promises_return(transition: Transition) -> bool:
    """Whether this leg came down, and by a downgrade that claims to restore something.

    An empty downgrade is reported once (MC107), one that a lineage marks irreversible as such (MC104).
    """
    kept = not (transition.downgrade_empty or transition.marked_irreversible)
    return settled(transition, *DOWNWARD) and kept


def differing_objects(transition: Transition, then: str, now: str) -> Iterator[Evidence]:
    """One evidence for each object of the residue that differs by more than looks.

    `then` and `now` name the two sides in words ("before the upgrade", "after the downgrade").
    """
    for change in sorted(transition.residue.catalog, key=lambda each: (each.identity, each.kind)):
        if not change.cosmetic:
            yield Evidence(change.identity, _difference(change, then, now) + _gone_values(transition, change), _facts(change))


def schema_not_restored(transition: Transition) -> Iterator[Evidence]:
    """What a downgrade leaves of the schema, whatever kind of downgrade it is."""
    return differing_objects(transition, "before the upgrade", "after the downgrade")


def _difference(change: CatalogChange, then: str, now: str) -> str:
    noun = change.kind.replace("_", " ")
    below = f" (with {counted(change.folded, 'object')} below it)" if change.folded else ""
    if change.change == "removed":
        return f"The {noun} existed {then} and is missing {now}{below}."
    if change.change == "added":
        return f"The {noun} did not exist {then} and is left over {now}{below}."
    if change.change == "renamed":
        also = f", and differs in {listing(sorted(change.facets))}" if change.facets else ""
        return f"The {noun} was {change.renamed_from} {then} and has another name {now}{also}."
    return f"The {noun} differs: {listing(_facet_phrases(change, then, now), 3)}."


def _facet_phrases(change: CatalogChange, then: str, now: str) -> list[str]:
    return [
        f"{facet} was {_shown(before)} {then} and is {_shown(after)} {now}"
        for facet, (before, after) in sorted(change.facets.items())
    ]


def _shown(value: Json) -> str:
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_shown(each) for each in value)}]"
    text = str(value)
    return repr(text if len(text) <= 80 else text[:77] + "...") if isinstance(value, str) else text


def _facts(change: CatalogChange) -> dict[str, Json]:
    facts: dict[str, Json] = {"kind": change.kind, "change": change.change}
    if change.facets:
        facts["facets"] = {name: {"before": was, "after": now} for name, (was, now) in sorted(change.facets.items())}
    if change.renamed_from:
        facts["renamed_from"] = change.renamed_from
    if change.folded:
        facts["folded"] = change.folded
    return facts


def _gone_values(transition: Transition, change: CatalogChange) -> str:
    """How many values went with a column that is not there any more."""
    if change.kind != "column" or change.change != "removed":
        return ""
    for table in transition.residue.tables:
        for column, values in table.dropped_values.items():
            spelled = f"{table.table}.{column}", f'{table.table}."{column}"'
            if change.identity in spelled and values:
                return f" {counted(values, 'value')} went with it."
    return ""


def _not_restored(transition: Transition) -> Iterable[Evidence]:
    return schema_not_restored(transition) if promises_return(transition) else ()


def _redo_differs(transition: Transition) -> Iterable[Evidence]:
    if settled(transition, Leg.REDO):
        return differing_objects(transition, "after the first upgrade", "after the second")
    return ()


def _leap_differs(transition: Transition) -> Iterable[Evidence]:
    if settled(transition, Leg.LEAP):
        return differing_objects(transition, "after single steps", "after one `alembic upgrade`")
    return ()


def _cosmetic(transition: Transition) -> Iterator[Evidence]:
    if not settled(transition, Leg.UNDO, Leg.DESCEND, Leg.REDO, Leg.LEAP):
        return
    groups: dict[str, list[CatalogChange]] = {}
    for change in sorted(transition.residue.catalog, key=lambda each: (each.identity, each.kind)):
        if change.cosmetic:
            groups.setdefault(_bearer(change), []).append(change)
    for subject, changes in sorted(groups.items()):
        facets = sorted({facet for change in changes for facet in change.facets} or {change.change for change in changes})
        names = [change.identity for change in changes]
        yield Evidence(
            subject,
            f"Only {listing(facets)} {'differs' if len(facets) == 1 else 'differ'}, in {listing(names)}.",
            {"cosmetic": [*facets], "objects": [{"object": change.identity, **_facts(change)} for change in changes]},
        )


def _bearer(change: CatalogChange) -> str:
    """The table of a column, constraint or index; what lies in a schema stands for itself."""
    return change.identity if change.parent is None or change.parent[0] == "schema" else change.parent[1]


def _drift(transition: Transition) -> Iterator[Evidence]:
    if settled(transition, Leg.ASCEND, Leg.LEAP):
        for difference in sorted(set(transition.drift)):
            message = f"At head {difference.rstrip('.')}; `alembic revision --autogenerate` would still change that."
            yield Evidence(_drifting(difference), message)


def _drifting(difference: str) -> str:
    """What a sentence of migration_checks.worker.drift is about: the column or table, else the thing with its noun."""
    about = re.split(": | is in the ", difference, maxsplit=1)[0]
    noun, _, name = about.partition(" ")
    return name if name and noun in ("column", "table") else about


def ailment(thing: CatalogObject) -> tuple[str, str] | None:
    """(facet, meaning) of what makes an object invalid, None for one in good order.

    A constraint declared NOT ENFORCED (PostgreSQL 18) is never validated, by intent.
    """
    if thing.definition.get("enforced") is False:
        return None
    return next(
        (
            (facet, meaning)
            for kind, facet, trouble, meaning in AILMENTS
            if thing.kind == kind and facet in thing.definition and thing.definition[facet] == trouble
        ),
        None,
    )


def ailing(catalog: Catalog) -> dict[ObjectId, tuple[str, str]]:
    """Every object of `catalog` that is invalid, with its ailment."""
    return {key: found for key, thing in catalog.items() if (found := ailment(thing))}


def _invalid(transition: Transition) -> Iterator[Evidence]:
    if not settled(transition, Leg.ASCEND, Leg.UNDO, Leg.REDO, Leg.DESCEND):
        return
    # Most objects are the very ones that were there before: only the others can have become invalid here.
    before = transition.before.catalog
    fresh = {key: thing for key, thing in transition.after.catalog.items() if before.get(key) is not thing}
    known = ailing({key: before[key] for key in fresh if key in before})
    if transition.baseline is not None:
        known |= ailing({key: transition.baseline.catalog[key] for key in fresh if key in transition.baseline.catalog})
    for (kind, identity), (facet, meaning) in sorted(ailing(fresh).items()):
        if (kind, identity) not in known:
            yield Evidence(identity, f"After this step {meaning}.", {"kind": kind, "invalid": facet})


SCHEMA = (
    Check(
        "MC201",
        "schema-not-restored",
        Severity.ERROR,
        "The downgrade does not restore the schema",
        "After a rollback the previous release runs on a schema that it was never tested with: a missing default, "
        "constraint, index or column breaks it, a left-over object makes the next upgrade fail.",
        "Let downgrade() re-create what upgrade() removed, with every property it had (type, default, nullability, "
        "comment, constraints, indexes, grants), and drop what upgrade() created. If that is not possible, raise "
        "NotImplementedError.",
        _not_restored,
    ),
    Check(
        "MC202",
        "redo-differs",
        Severity.ERROR,
        "The second upgrade builds another schema than the first",
        "A database that was rolled back and upgraded again differs from one that went straight up, so the same release "
        "meets two schemas.",
        "Make downgrade() remove everything that upgrade() creates, and avoid IF NOT EXISTS, which silently keeps what an "
        "incomplete downgrade left.",
        _redo_differs,
    ),
    Check(
        "MC203",
        "leap-differs",
        Severity.ERROR,
        "One `alembic upgrade` builds another schema than single steps",
        "A new installation, which runs all revisions at once, differs from a production database that was upgraded "
        "release by release.",
        "Look for revisions that depend on committed state or on run-time conditions (inspection of the catalog, rows "
        "that are present, settings of the environment), and make them state what they build.",
        _leap_differs,
    ),
    Check(
        "MC204",
        "cosmetic-difference",
        Severity.INFO,
        "Only looks differ: the order of columns, a generated name, the storage of a column",
        "Statements that name their columns behave the same; SELECT *, INSERT without a column list and COPY see another "
        "order, and a later revision may look for a name that is not there.",
        "Name constraints explicitly (MetaData(naming_convention=...)), restore SET STORAGE and SET COMPRESSION, and name "
        "the columns in every statement. The order of columns cannot be restored without rebuilding the table.",
        _cosmetic,
    ),
    Check(
        "MC205",
        "model-drift",
        Severity.WARNING,
        "The schema at head differs from the models",
        "The application expects what the migrations do not build, or the next autogenerated revision picks up changes "
        "that nobody asked for.",
        "Write the missing revision (`alembic revision --autogenerate`), or keep objects that the models do not own out "
        "of the comparison with include_object in env.py.",
        _drift,
    ),
    Check(
        "MC206",
        "invalid-object",
        Severity.ERROR,
        "The step leaves an invalid index, an unvalidated constraint or a disabled trigger",
        "The object is in the catalog but does not do its work: an invalid index answers no query, an unvalidated "
        "constraint admits old rows that violate it, a disabled trigger does not fire.",
        "Check that CREATE INDEX CONCURRENTLY succeeded (drop the index and build it again if not), follow NOT VALID by "
        "VALIDATE CONSTRAINT, and every DISABLE TRIGGER by ENABLE TRIGGER.",
        _invalid,
    ),
)

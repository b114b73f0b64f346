"""What triggers keep up by themselves is told apart from what a step does."""

from __future__ import annotations

import pytest

from migration_checks.check import Severity
from migration_checks.checks.upkeep import upkeep
from migration_checks.snapshot import CatalogObject
from migration_checks.transition import Fate, Leg, Transition
from tests.transitions import Case, ascend, redo, residue, rows, snapshot, thing, undo, values, verdicts

TABLE = ("table", 'public."Items"')
LOG = ("table", "public.log")
BEFORE = "BEFORE INSERT OR UPDATE"
AFTER = "AFTER INSERT OR DELETE OR UPDATE"
COLUMNS = [thing("column", f'public."Items".{name}', TABLE) for name in ("changed", '"Version"', "note")]
TABLES = [thing("table", identity) for _, identity in (TABLE, LOG)]


def trigger(when: str, source: str, enabled: str = "O") -> list[CatalogObject]:
    """A trigger of the table, and its function."""
    definition = f'{when} ON public."Items" FOR EACH ROW EXECUTE FUNCTION public.kept()'
    return [
        thing("trigger", 'public."Items".kept', TABLE, definition=definition, enabled=enabled),
        thing("function", "public.kept()", source=source),
    ]


def there(*objects: CatalogObject) -> dict[str, object]:
    """Both sides of a leg, with a trigger."""
    place = snapshot("a", objects=[*TABLES, *COLUMNS, *objects])
    return {"before": place, "after": place}


@pytest.mark.parametrize(
    ("when", "source", "kept"),
    [
        (BEFORE, "BEGIN NEW.changed := now(); RETURN NEW; END", ["changed"]),
        (BEFORE, "BEGIN IF NEW.note <> OLD.note THEN new.CHANGED = clock_timestamp(); END IF; RETURN NEW; END", ["changed"]),
        (BEFORE, 'BEGIN NEW."Version" := OLD."Version" + 1; RETURN NEW; END', ['"Version"']),
        (BEFORE, "BEGIN NEW.Version := OLD.Version + 1; RETURN NEW; END", []),
        (BEFORE, "BEGIN NEW.note := lower(NEW.note); RETURN NEW; END", []),
        (BEFORE, "BEGIN IF NEW.changed = now() THEN RETURN NULL; END IF; RETURN NEW; END", []),
        (BEFORE, "BEGIN -- NEW.changed := now();\n RETURN NEW; END", []),
        (AFTER, "BEGIN NEW.changed := now(); RETURN NEW; END", []),
        ("BEFORE INSERT", "BEGIN NEW.changed := now(); RETURN NEW; END", []),
    ],
)
def test_columns_that_a_trigger_keeps_up(when: str, source: str, kept: list[str]) -> None:
    """Columns count that a trigger before updates sets to the time or counts on, and no others."""
    found = upkeep(undo(**there(*trigger(when, source))))

    assert found.columns == {f'public."Items".{name}' for name in kept}


@pytest.mark.parametrize(
    ("when", "source", "journals"),
    [
        (AFTER, "BEGIN INSERT INTO log VALUES (TG_OP, to_jsonb(OLD)); RETURN NULL; END", ["public.log"]),
        (AFTER, 'BEGIN insert into "public" . LOG VALUES (1); RETURN NULL; END', ["public.log"]),
        (AFTER, "BEGIN INSERT INTO other.log VALUES (1); RETURN NULL; END", []),
        (AFTER, "BEGIN PERFORM 'INSERT INTO log VALUES (1)'; RETURN NULL; END", []),
        ("AFTER INSERT", "BEGIN INSERT INTO log VALUES (1); RETURN NULL; END", []),
        (AFTER, 'BEGIN INSERT INTO "Items" VALUES (1); RETURN NULL; END', []),
    ],
)
def test_journals(when: str, source: str, journals: list[str]) -> None:
    """Tables count that a trigger of another table writes rows into when rows change."""
    assert upkeep(undo(**there(*trigger(when, source)))).journals == set(journals)


def test_a_trigger_that_is_off_keeps_nothing_up() -> None:
    """What a disabled trigger would do excuses no step."""
    touch = trigger(BEFORE, "BEGIN NEW.changed := now(); RETURN NEW; END", "D")

    assert not upkeep(undo(**there(*touch))).columns


TOUCH = there(*trigger(BEFORE, "BEGIN NEW.changed := now(); RETURN NEW; END"))
JOURNAL = there(*trigger(AFTER, "BEGIN INSERT INTO log VALUES (TG_OP); RETURN NULL; END"))
ITEMS = 'public."Items"'
CHANGED, NOTE = f"{ITEMS}.changed", f"{ITEMS}.note"


def fate(subject: str, how: str = "overwritten") -> Fate:
    return Fate(subject, "values", how, 9, lost=9)


def of_items(*changed: str) -> object:
    """A table whose columns `changed` hold other values."""
    columns = [column for name in changed for column in values(name, changed=9).columns]
    return rows(ITEMS, before=ITEMS, columns=tuple(columns))


def written(*changed: str) -> Transition:
    return undo(leg=Leg.WRITES, discarded=(of_items(*changed),), **TOUCH)


ERROR, INFO = Severity.ERROR, Severity.INFO


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "weighs as info what a trigger overwrote, and as before what the step did",
            "MC302",
            ascend(fates=(fate(CHANGED), fate(NOTE)), **TOUCH),
            ((CHANGED, INFO, "A trigger keeps it up"), (NOTE, ERROR, "9 of 9 values overwritten")),
        ),
        Case(
            "lets no trigger excuse a dropped column",
            "MC302",
            ascend(fates=(fate(CHANGED, "dropped"),), **TOUCH),
            ((CHANGED, ERROR, "9 of 9 values dropped"),),
        ),
        Case(
            "weighs as info times of change that a downgrade leaves",
            "MC304",
            undo(residue=residue(of_items("changed", "note")), **TOUCH),
            ((CHANGED, INFO, "A trigger keeps it up"), (NOTE, ERROR, "are not what they were")),
        ),
        Case(
            "weighs as info rows that a journal gained",
            "MC304",
            undo(residue=residue(rows("public.log", before="public.log", added=3)), **JOURNAL),
            (("public.log", INFO, "3 rows that did not exist before the upgrade are left over after the downgrade. Triggers"),),
        ),
        Case(
            "hears rows of a journal that are altered by a downgrade",
            "MC304",
            undo(residue=residue(rows("public.log", before="public.log", columns=values(changed=9).columns)), **JOURNAL),
            (("public.log.note", ERROR, "are not what they were"),),
        ),
        Case(
            "is silent on rows of a journal that tell of another moment",
            "MC307",
            redo(
                leg=Leg.ORDER,
                residue=residue(rows("public.log", before="public.log", columns=values(changed=9).columns)),
                **JOURNAL,
            ),
        ),
        Case("is silent on times of change alone", "MC306", written("changed")),
        Case("names the other columns", "MC306", written("changed", "note"), ((ITEMS, ERROR, "altered values of note (9)."),)),
    ],
    ids=str,
)
def test_what_checks_make_of_it(case: Case) -> None:
    """Checks weigh what triggers do by themselves as info, and nothing else."""
    found = verdicts(case)

    assert [(subject, severity) for subject, severity, _ in found] == [
        (subject, severity) for subject, severity, _ in case.says
    ]
    for (_, _, message), (_, _, part) in zip(found, case.says, strict=True):
        assert part in message


@pytest.mark.parametrize("missing", ["function", "definition"])
def test_a_trigger_that_cannot_be_read_keeps_nothing_up(missing: str) -> None:
    """Its function is not among those of the catalog, or it is written in a way that is not known."""
    made, function = trigger(BEFORE, "BEGIN NEW.changed := now(); RETURN NEW; END")
    strange = thing("trigger", made.identity, TABLE, definition="?", enabled="O")
    objects = [made] if missing == "function" else [strange, function]

    assert frozenset() == upkeep(undo(**there(*objects))).columns

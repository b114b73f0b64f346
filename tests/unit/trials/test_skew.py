"""What an application says of a schema, and what a step has to do with a table; nothing is said to a server here."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest

from migration_checks.lineage import Contract
from migration_checks.snapshot import Catalog, CatalogObject
from migration_checks.transition import Leg
from migration_checks.trials.refusals import SkewEvidence
from migration_checks.trials.skew import SkewTrial, _contracts, about
from migration_checks.trials.skew_book import Phrase, Subject
from migration_checks.trials.skew_talk import Exchange, Talk, _said, bare_name, spelled
from migration_checks.trials.skew_try import Refused, _refused
from tests.schemas import INT, TEXT, column, primary, table
from tests.transitions import ascend, residue, snapshot, thing
from tests.unit.trials.support import bed

PEOPLE = table(
    "people",
    column("id", INT, identity="a"),
    column("code", INT, not_null=True),
    column('Odd "One"', TEXT, not_null=True),
    column("note", TEXT),
    column("kind", TEXT, not_null=True, default="'x'::text"),
    column("number", INT, identity="d"),
    column("twice", INT, generated=True),
    uniques=[primary("code", 'Odd "One"')],
)
ROW = {"id": "1", "code": "7", 'Odd "One"': "it's", "note": None, "kind": "x", "number": "3", "twice": "14"}
SUBJECT = Subject(PEOPLE.name, tuple(each.quoted for each in PEOPLE.columns), PEOPLE, (ROW,))
VIEW = Subject("public.v", ('"a"', '"b"'))
KEYLESS = Subject("public.log", ('"n"',), table("log", column("n", INT)), ({"n": "1"},))
WHERE = '"code" = $1 AND "Odd ""One""" = $2'
KEY = ("7", "it's")


# -- what is said ------------------------------------------------------------------------------------------------------


def test_columns_by_what_an_application_does_with_them() -> None:
    """Its key, those that it may write, and those without which there is no row."""
    assert ["code", 'Odd "One"'] == [each.name for each in SUBJECT.key]
    assert ["code", 'Odd "One"', "note", "kind", "number"] == [each.name for each in SUBJECT.settable]
    assert ["code", 'Odd "One"'] == [each.name for each in SUBJECT.required]
    assert ((), (), ()) == (VIEW.key, VIEW.settable, VIEW.required)
    assert () == KEYLESS.key


@pytest.mark.parametrize(
    ("sql", "values", "phrase"),
    [
        ('SELECT "a", "b" FROM public.v LIMIT 1', (), VIEW.select(VIEW.columns)),
        (f"SELECT FROM public.people WHERE {WHERE}", KEY, SUBJECT.find(ROW)),
        (f"DELETE FROM public.people WHERE {WHERE}", KEY, SUBJECT.delete(ROW)),
        ("DELETE FROM public.log WHERE ctid = (SELECT ctid FROM public.log LIMIT 1)", (), KEYLESS.delete({"n": "1"})),
        (
            'INSERT INTO public.people ("code", "Odd ""One""") VALUES ($1, $2)',
            KEY,
            SUBJECT.insert(SUBJECT.required, ROW),
        ),
        ("INSERT INTO public.log DEFAULT VALUES", (), KEYLESS.insert((), {"n": "1"})),
        (
            'UPDATE public.people SET "note" = $1 WHERE "code" = $2 AND "Odd ""One""" = $3',
            (None, *KEY),
            SUBJECT.update(PEOPLE.columns[3:4], ROW),
        ),
        (
            'UPDATE public.people SET "code" = NULL, "note" = NULL WHERE false',
            (),
            SUBJECT.update((PEOPLE.columns[1], PEOPLE.columns[3]), None),
        ),
        (
            'UPDATE public.people SET "code" = CAST(NULL AS pg_catalog.int4) WHERE false',
            (),
            SUBJECT.typed(PEOPLE.columns[1:2]),
        ),
    ],
)  # fmt: skip
def test_a_statement_and_its_values(sql: str, values: tuple[str | None, ...], phrase: Phrase) -> None:
    """Names are quoted, values are handed on beside it."""
    assert (sql, values) == (phrase.sql, phrase.values)


def test_a_row_makes_room_for_itself() -> None:
    """It is written again; where there is no key nothing is in its way."""
    phrase = SUBJECT.insert(SUBJECT.settable, ROW)

    assert (f"DELETE FROM public.people WHERE {WHERE}", KEY) == (phrase.clearing, phrase.cleared)
    assert ("", ()) == (KEYLESS.insert((), {"n": "1"}).clearing, KEYLESS.insert((), {"n": "1"}).cleared)
    assert ('"code"', '"Odd ""One"""', '"note"', '"kind"', '"number"') == phrase.columns


@pytest.mark.parametrize(
    ("whole", "subject"),
    [
        (["select", "update", "update", "find", "delete", "insert", "insert", "update"], SUBJECT),
        (["select"], VIEW),
        (["select", "update", "update", "delete", "insert", "insert", "update"], KEYLESS),
        (["select"], Subject("public.empty", (), table("empty"), ())),
        (["select", "update", "update"], replace(SUBJECT, rows=())),
    ],
)
def test_everything_that_is_said(whole: list[str], subject: Subject) -> None:
    """Whole statements, each with those of single columns that it implies."""
    said = list(_said(subject))

    assert whole == [phrase.what for phrase, _ in said]
    assert {1} >= {len(part.columns) for _, parts in said for part in parts}
    assert all({name for part in parts for name in part.columns} in (set(), set(phrase.columns)) for phrase, parts in said)


# -- what an answer means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("telling", "sqlstate"),
    [
        (True, "42703"), (True, "23502"), (True, "22P02"), (True, "42501"), (False, "23505"), (False, "57014"),
        (False, "55P03"), (True, "55000"), (False, "40001"), (False, "25P02"), (False, "08006"), (False, None),
    ],
)  # fmt: skip
def test_which_refusals_are_about_the_schema(telling: bool, sqlstate: str | None) -> None:
    """Not those of the session, the server, or a value that another row has."""
    assert telling is Refused(sqlstate, "no").telling


def test_an_error_without_diagnostics_has_its_first_line() -> None:
    """Or the name of its class."""
    assert Refused("42703", "no column") == _refused(psycopg.errors.UndefinedColumn("no column\nLINE 1"))
    assert "UndefinedTable" == _refused(psycopg.errors.UndefinedTable()).error


CATALOG: Catalog = {
    each.id: each
    for each in (
        thing("table", "public.people"),
        thing("table", '"Weird "" Name".t'),
        thing("column", 'public.people."Odd ""One"""'),
        thing("column", "public.people.note"),
        thing("constraint", "public.people.code_check"),
    )
}


@pytest.mark.parametrize(
    ("expected", "kind", "below", "parts"),
    [
        ("public.people", "table", "", ("public", "people")),
        ('"Weird "" Name".t', "table", "", ('Weird " Name', "t")),
        ('public.people."Odd ""One"""', "column", "public.people", ('Odd "One"',)),
        ("", "column", "public.people", ("gone",)),
        ("", "column", "public.people", (None,)),
        ("", "table", "", (None, "people")),
        ("", "constraint", "public.other", ("code_check",)),
    ],
)
def test_names_are_spelled_as_the_catalog_does(expected: str, kind: str, below: str, parts: tuple[str | None, ...]) -> None:
    """The server's diagnostics have them without quotes."""
    assert expected == spelled(CATALOG, kind, below, *parts)


def test_a_name_without_its_quotes() -> None:
    """Part by part."""
    assert 'a b.c"d.e' == bare_name('"a b"."c""d".e')


@pytest.mark.parametrize(
    ("expected", "refused"),
    [
        ("public.people.note", Refused("42703", "x", "public", "people", "note")),
        ("public.people.code_check", Refused("23514", "x", "public", "people", None, "code_check")),
        ("public.people", Refused("23514", "x", "public", "people", None, "gone")),
        ("public.people", Refused("42703", "x")),
        ("public.people", Refused("42703", "x", None, None, "gone")),
        ('"Weird "" Name".t', Refused("42501", "x", 'Weird " Name', "t")),
    ],
)
def test_what_is_to_blame(expected: str, refused: Refused) -> None:
    """A constraint, a column, or the table, as the diagnostics name them; else what the statement was about."""
    exchange = Exchange(set(), SUBJECT, None, "there", CATALOG)  # type: ignore[arg-type]

    assert expected == exchange._blamed(refused)


def test_what_was_not_accepted_at_home_is_not_said_elsewhere() -> None:
    """Nothing is asked then: what was refused before proves nothing."""
    talk = Talk([SUBJECT, VIEW, KEYLESS])

    assert (0, ()) == (talk.tried, talk.repeat(None, "there", CATALOG))  # type: ignore[arg-type]


# -- what a step has to do with a table --------------------------------------------------------------------------------


def catalog(*objects: CatalogObject) -> Catalog:
    return {each.id: each for each in objects}


PLAIN, QUOTED, OTHER = "public.people", '"Weird "" Name".people', "public.peoples"


@pytest.mark.parametrize(
    ("concerned", "before", "after"),
    [
        ({PLAIN, QUOTED}, [], [thing("column", "public.people.age", ("table", PLAIN))]),
        ({PLAIN, QUOTED}, [thing("index", "public.i", None, definition="ON public.people (a)")], []),
        ({PLAIN, QUOTED}, [], [thing("trigger", "t", ("table", "x"), definition="ON people")]),
        ({OTHER}, [], [thing("column", "public.peoples.age", ("table", OTHER))]),
        ({PLAIN, QUOTED, OTHER}, [], [thing("function", "public.f()")]),
        (set(), [thing("table", "public.other")], []),
        (set(), [thing("table", PLAIN)], [thing("table", PLAIN)]),
        ({PLAIN, QUOTED}, [thing("table", "x", a="people")], [thing("table", "x", a="y")]),
    ],
)
def test_tables_that_a_step_is_about(concerned: set[str], before: list[CatalogObject], after: list[CatalogObject]) -> None:
    """Their bare name is in what differs; what is no part of a table may concern any."""
    is_about = about(catalog(*before), catalog(*after))

    assert concerned == {name for name in (PLAIN, QUOTED, OTHER) if is_about(name)}


def test_a_step_that_only_writes_rows_is_not_said_anything_to() -> None:
    """It takes nothing away from what an application may say."""
    made = bed(ascend=ascend(changes=residue()))
    (leg,) = SkewTrial().run(made)

    assert (Leg.SKEW, SkewEvidence()) == (leg.leg, leg.evidence)


def test_contracts_that_end_below_the_step() -> None:
    """One that is claimed above it too is judged there."""
    ends, stays, later = (Contract(name, ("SELECT 1",)) for name in ("ends", "stays", "later"))
    before = snapshot("a", answers={"contract:ends": None, "contract:stays": None})
    after = snapshot("b", answers={"contract:stays": None, "contract:later": None})
    bench = SimpleNamespace(lineage=SimpleNamespace(contracts=(ends, stays, later)))

    assert (ends,) == _contracts(bed(ascend=ascend(before=before, after=after), bench=bench))

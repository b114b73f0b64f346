"""How large a step is made to grow, and by which SQL rows are multiplied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.budgets import Production
from migration_checks.environment import Outcome
from migration_checks.profile import Profile, TableProfile
from migration_checks.seeding.schema import Column, Table
from migration_checks.transition import Statement
from migration_checks.trials.growth import FACTORS, MOST_ROWS, WANTED, GrowthTrial, _factor, _loops, _named, _third
from migration_checks.trials.growth_plan import Plan, kind_of, plan
from migration_checks.trials.growth_rows import Scale, _base_name, _first_line, _joins, _referred, _rooms, _scale, _value
from migration_checks.trials.growth_seen import Run
from tests.schemas import (
    BIG,
    BOOL,
    DATE,
    INT,
    MOMENT,
    NUMERIC,
    TEXT,
    UUID,
    VARCHAR,
    builtin,
    column,
    domain,
    primary,
    refers,
    table,
)
from tests.unit.trials.support import bed


def outcome(*statements: Statement) -> Outcome:
    return Outcome(0.0, statements, None, frozenset(), frozenset(), len(statements))


# -- sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "rows", "all_rows", "statements"),
    [
        (10, 20, 20, 0),
        (10, 100, 100, 0),
        (5, 400, 400, 0),
        (4, 10_000, 10_000, 0),
        (4, 62_500, 62_500, 0),
        (2, 62_501, 62_501, 0),
        (2, 100, 10_001, 0),
        (4, 20, 20, 250),
        (2, 20, 20, 251),
    ],
)
def test_how_much_larger_each_size_is(expected: int, rows: int, all_rows: int, statements: int) -> None:
    """Enough for growth to show, and no more than rows and statements cost."""
    assert expected == _factor(rows, all_rows, statements)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_largest_size_is_affordable(rows: int, others: int) -> None:
    """Where it would not be, sizes only double."""
    factor = _factor(rows, rows + others, 0)

    assert factor == 2 or FACTORS[0] <= factor <= FACTORS[1]
    assert factor == 2 or (rows + others) * factor**2 <= MOST_ROWS
    assert factor == 2 or rows * factor**2 >= WANTED or factor == FACTORS[1]


@pytest.mark.parametrize(
    ("expected", "factor", "small", "large"),
    [(100, 10, 10, 100), (100, 10, 10, 150), (20, 10, 10, 151), (8, 4, 0, 7), (16, 4, 0, 6)],
)
def test_what_grows_out_of_hand_is_not_made_as_large(expected: int, factor: int, small: int, large: int) -> None:
    """Twice the second size then, not its square."""
    runs = [Run(1, 1, (), work, (0.1,)) for work in (small, large)]

    assert expected == _third(factor, *runs)


@pytest.mark.parametrize(
    ("loops", "statements"),
    [
        (True, [Statement(f"UPDATE t SET a = {k}", rows=1) for k in range(5)]),
        (False, [Statement(f"UPDATE t SET a = {k}", rows=1) for k in range(4)]),
        (False, [Statement(f"UPDATE t SET a = {k}", rows=500) for k in range(9)]),
        (True, [Statement("SELECT 1", rows=-1)] * 5),
        (False, [Statement(f"UPDATE t{'x' * k} SET a = 1", rows=1) for k in range(9)]),
        (False, []),
    ],
)
def test_a_loop_is_the_same_statement_for_few_rows_each_time(loops: bool, statements: list[Statement]) -> None:
    """Batches are none, nor are different statements."""
    assert loops is _loops(outcome(*statements))


def test_tables_that_the_step_names() -> None:
    """As words of their own, however they are spelled."""
    known = {"public.items": True, 'public."Order"': True, "public.item": True, "public.other": None}

    assert {"public.items", 'public."Order"'} == _named(bed("ALTER TABLE Items ADD x int", 'UPDATE "Order" SET a = 1'), known)


def test_what_production_has() -> None:
    """What was said of a table by name goes before what a profile knows; a number for all tables is neither."""
    profile = Profile("18", True, (TableProfile("public.t", 400, None, ()),))
    trial = GrowthTrial(Production({"t": 7, "": 99}, profile), 0, Path("/p"))

    assert [(7, 400), (0, 0)] == [(trial._said(name), trial._rows(name)) for name in ("public.t", "public.u")]


# -- rows --------------------------------------------------------------------------------------------------------------

PEOPLE = table("people", column("id", INT), column("name", VARCHAR, modifier=14), uniques=[primary("id")])
NOTES = table(
    "notes",
    column("person", INT, not_null=True),
    column("at", MOMENT),
    column("made", INT, generated=True),
    uniques=[primary("person", "at")],
    keys=[refers("person", to="people")],
)


def made(*tables: Table) -> Plan:
    known = {each.name: each for each in tables}
    return plan(known, known, {})


def value(table: Table, name: str, scales: dict[tuple[str, str], Scale], known: Plan | None = None) -> str:
    return _value(known or made(PEOPLE, NOTES), table, table.by_name[name], scales)


ID, NAME, AT = ("public.people", "id"), ("public.people", "name"), ("public.notes", "at")
RANKED = Scale("integer", ranks="pg_temp.r0", base=100, count=20)


@pytest.mark.parametrize(
    ("expected", "name", "kind", "scale"),
    [
        ('r."c"', "c", TEXT, None),
        ("(k1.rank + 100 + (i - 1)::bigint * 20)::pg_catalog.int4", "c", INT, RANKED),
        ("""(pg_catalog.md5(r."c"::text || '~' || i)::uuid)::pg_catalog.uuid""", "c", UUID, Scale("uuid")),
        (
            """(r."c" || pg_catalog.convert_to('~' || i, 'UTF8'))::pg_catalog.bytea""",
            "c",
            builtin("bytea"),
            Scale("bytes"),
        ),
        ('(r."c" + i * pg_catalog.make_interval(days => 31))::pg_catalog.date', "c", DATE, Scale("moment", "31")),
        ("""(r."c"::text || '~' || i)::pg_catalog.text""", "c", TEXT, Scale("text")),
        (
            """(CASE WHEN pg_catalog.length(r."c"::text || '~' || i) <= 8 THEN r."c"::text || '~' || i """
            """ELSE pg_catalog.left(pg_catalog.md5(r."c"::text || '~' || i), 8) END)::pg_catalog.varchar""",
            "c",
            VARCHAR,
            Scale("text", room=8),
        ),
        ('(r."c" + i * 2.5)::pg_catalog.numeric', "c", NUMERIC, Scale("number", "2.5")),
    ],
)
def test_the_value_of_a_clone(expected: str, name: str, kind: object, scale: Scale | None) -> None:
    """As its original's, made different in the way of its type."""
    own = table("t", column(name, kind))  # type: ignore[arg-type]

    assert expected == value(own, name, {} if scale is None else {("public.t", name): scale}, made(own))


def test_a_clone_follows_the_clones_of_its_parent() -> None:
    """A foreign key takes the values of where it comes from; ranks are joined once for each column that has them."""
    scales = {ID: RANKED, AT: Scale("moment", "9")}

    assert "(k1.rank + 100 + (i - 1)::bigint * 20)::pg_catalog.int4" == value(NOTES, "person", scales)
    assert ' LEFT JOIN pg_temp.r0 AS k1 ON k1.value = r."person"' == _joins(made(PEOPLE, NOTES), NOTES, scales)
    assert "" == _joins(made(PEOPLE, NOTES), NOTES, {AT: Scale("moment")})


def test_texts_are_as_long_as_every_column_that_takes_them_holds() -> None:
    """The narrowest decides; without a limit there is none."""
    short = table("tags", column("owner", VARCHAR, modifier=9), keys=[refers("owner", to="people", columns=["name"])])
    named = replace(PEOPLE, uniques=(primary("name"),))
    both = made(named, short)

    assert [10, 5] == sorted(_rooms(both, NAME), reverse=True)
    assert Scale("text", room=5) == _scale(None, both, NAME, 0, 4)  # type: ignore[arg-type]
    free = made(table("t", column("s", TEXT), uniques=[primary("s")]))
    assert Scale("text", room=None) == _scale(None, free, ("public.t", "s"), 0, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "of"), [("uuid", UUID), ("bytes", builtin("bytea"))])
def test_what_has_no_scale_is_marked(kind: str, of: object) -> None:
    """Nothing is asked of the server for it."""
    known = made(table("t", column("k", of), uniques=[primary("k")]))  # type: ignore[arg-type]

    assert Scale(kind) == _scale(None, known, ("public.t", "k"), 0, 4)  # type: ignore[arg-type]


def test_columns_that_others_refer_to() -> None:
    """They are varied with their key, or not at all."""
    known = made(PEOPLE, NOTES)

    assert [True, False, False] == [_referred(known, place) for place in (ID, NAME, AT)]


@pytest.mark.parametrize(
    ("expected", "kind"),
    [("int4", domain("small", domain("positive", INT))), ("int8", BIG), ("text", TEXT)],
)
def test_the_base_of_a_domain(expected: str, kind: object) -> None:
    """Its limits are those of the type at the bottom."""
    assert expected == _base_name(column("c", kind))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "kind"),
    [("integer", domain("d", domain("e", INT))), ("text", VARCHAR), ("moment", DATE), ("number", NUMERIC), (None, BOOL)],
)
def test_how_values_can_be_made_different(expected: str | None, kind: object) -> None:
    """By the type under the domains."""
    assert expected == kind_of(kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "error"),
    [("no", psycopg.errors.CheckViolation("no\nDETAIL: x")), ("full", ValueError("full\nx")), ("KeyError", KeyError())],
)
def test_why_rows_were_refused(expected: str, error: Exception) -> None:
    """In one line, by its class where it says nothing."""
    assert expected == _first_line(error)


# -- plans -------------------------------------------------------------------------------------------------------------


def plain(name: str, *columns: Column, **more: object) -> Table:
    return table(name, *columns, **more)  # type: ignore[arg-type]


def test_a_table_whose_parent_cannot_be_multiplied_is_left_out() -> None:
    """With what hangs on it; the reason names the parent."""
    people = plain("people", column("on", BOOL), uniques=[primary("on")])
    notes = plain("notes", column("on", BOOL), uniques=[primary("on")], keys=[refers("on", to="people", columns=["on"])])
    found = made(people, notes)

    assert {} == found.tables
    assert "no column of its key pkey can be varied" == found.why_not["public.people"]
    assert {"public.people", "public.notes"} == found.why_not.keys()


def test_a_table_that_is_excluded_takes_along_what_belongs_to_it() -> None:
    """Its rows cannot be told apart without it."""
    known = {each.name: each for each in (PEOPLE, replace(NOTES, uniques=(primary("person"),)))}
    found = plan(["public.notes"], known, {"public.people": "it refuses that"})

    assert {} == found.tables
    assert "public.notes" in found.why_not


def test_circles_of_references_have_one_root() -> None:
    """The first by name, from wherever one looks."""
    a = plain("a", column("b", INT), uniques=[primary("b")], keys=[refers("b", to="b", columns=["a"])])
    b = plain("b", column("a", INT), uniques=[primary("a")], keys=[refers("a", to="a", columns=["b"])])
    found = made(a, b)

    assert {("public.a", "b")} == {found.root(a, "b"), found.root(b, "a")} == found.varied
    assert {"public.a", "public.b"} == found.tables.keys()


def test_a_reference_to_a_table_that_is_not_known() -> None:
    """It belongs to an extension, say: its values stay as they are, and the other column of the key is varied."""
    t = plain(
        "t", column("ext", INT), column("n", INT), uniques=[primary("ext", "n")], keys=[refers("ext", to="elsewhere")]
    )  # fmt: skip
    found = made(t)

    assert ("public.elsewhere", "id") == found.root(t, "ext")
    assert {("public.t", "n")} == found.varied

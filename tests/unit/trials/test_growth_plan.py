"""Which columns a clone must not share with its original, and which tables must come along."""

from __future__ import annotations

from dataclasses import replace

from migration_checks.seeding.schema import Column, Element, ForeignKey, Table, Type, Unique
from migration_checks.trials.growth_plan import longest, plan

INT, TEXT, BOOL = (Type("pg_catalog", name, name, "b") for name in ("int4", "text", "bool"))


def column(name: str, type_: Type = INT, modifier: int = -1) -> Column:
    return Column(name, name, 1, type_, modifier, type_.sql, True, False, "", None, "", False, None)


def table(name: str, *columns: Column, key: tuple[str, ...] = (), refers: tuple[tuple[str, str, str], ...] = ()) -> Table:
    """A table with a primary key; `refers` are (column, parent, parent's column)."""
    uniques = (Unique(f"{name}_pkey", tuple(Element(each) for each in key), primary=True),) if key else ()
    keys = tuple(ForeignKey(f"{name}_{own}", (own,), parent, (there,)) for own, parent, there in refers)
    return Table(name, name, columns, foreign_keys=keys, uniques=uniques)


def planned(*tables: Table, wanted: str) -> tuple[list[str], set[tuple[str, str]], set[str]]:
    """The tables in order, the roots that are varied, and the tables that cannot be multiplied."""
    made = plan(wanted.split(), {each.name: each for each in tables}, {})
    return list(made.tables), made.varied, set(made.why_not)


def test_a_key_is_varied() -> None:
    """A table that refers to nobody comes alone."""
    people = table("people", column("id"), column("name", TEXT), key=("id",))

    assert (["people"], {("people", "id")}, set()) == planned(people, wanted="people")


def test_a_table_without_a_key_is_simply_repeated() -> None:
    """Nothing needs to be varied, although its parent stays as it is."""
    people = table("people", column("id"), key=("id",))
    notes = table("notes", column("person"), refers=(("person", "people", "id"),))

    assert (["notes"], set(), set()) == planned(people, notes, wanted="notes")


def test_a_key_that_belongs_to_others_brings_them_along() -> None:
    """A row of a table that has nothing but a reference for its key has clones only where its parent has, parents first."""
    people = table("people", column("id"), key=("id",))
    profiles = table("profiles", column("id"), key=("id",), refers=(("id", "people", "id"),))
    photos = table("photos", column("id"), key=("id",), refers=(("id", "profiles", "id"),))

    assert (["people", "profiles", "photos"], {("people", "id")}, set()) == planned(photos, profiles, people, wanted="photos")


def test_of_a_key_of_several_columns_the_own_one_is_varied() -> None:
    """The tenant stays who it is."""
    tenants = table("tenants", column("id"), key=("id",))
    rooms = table("rooms", column("tenant"), column("n"), key=("tenant", "n"), refers=(("tenant", "tenants", "id"),))

    assert (["rooms"], {("rooms", "n")}, set()) == planned(tenants, rooms, wanted="rooms")


def test_children_follow_their_parents_when_both_are_multiplied() -> None:
    """The reference of a clone leads to a clone."""
    people = table("people", column("id"), key=("id",))
    notes = table("notes", column("id"), column("person"), key=("id",), refers=(("person", "people", "id"),))
    made = plan(["people", "notes"], {each.name: each for each in (people, notes)}, {})

    assert made.changes(notes, "person")
    assert {("people", "id"), ("notes", "id")} == made.varied


def test_a_row_that_refers_to_its_own_table() -> None:
    """A tree is multiplied as a forest."""
    tree = table("tree", column("id"), column("above"), key=("id",), refers=(("above", "tree", "id"),))
    made = plan(["tree"], {"tree": tree}, {})

    assert made.changes(tree, "above")


def test_a_key_of_no_free_values_cannot_be_multiplied() -> None:
    """Nor can what belongs to such rows alone; the others can."""
    flags = table("flags", column("on", BOOL), key=("on",))
    sub = table("sub", column("on", BOOL), key=("on",), refers=(("on", "flags", "on"),))
    other = table("other", column("id"), key=("id",))

    assert (["other"], {("other", "id")}, {"flags", "sub"}) == planned(flags, sub, other, wanted="flags sub other")


def test_a_unique_expression_is_varied_by_its_columns() -> None:
    """lower(email) differs where email does."""
    people = table("people", column("email", TEXT))
    people = replace(people, uniques=(Unique("u", (Element(None, "lower(email)"),)),))

    assert (["people"], {("people", "email")}, set()) == planned(people, wanted="people")


def test_two_tables_that_refer_to_each_other() -> None:
    """A circle ends."""
    a = table("a", column("id"), column("b"), key=("id",), refers=(("b", "b", "id"),))
    b = table("b", column("id"), column("a"), key=("id",), refers=(("a", "a", "id"),))

    assert {"a", "b"} == set(planned(a, b, wanted="a b")[0])


def test_lengths() -> None:
    """A varchar holds so many characters, a domain as many as it says."""
    varchar = Type("pg_catalog", "varchar", "varchar", "b")
    domain = Type("public", "code", "public.code", "d", varchar, 12)

    assert (8, 8, None) == tuple(longest(each) for each in (column("a", varchar, 12), column("b", domain), column("c", TEXT)))

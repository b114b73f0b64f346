"""Qualified names taken apart, and names that nobody chose."""

from __future__ import annotations

import pytest

from migration_checks.identities import generated, keys, last, parts


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("public.t", ("public", "t")),
        ("public.t.c", ("public", "t", "c")),
        ('"A.b"."say ""x""".c', ('"A.b"', '"say ""x"""', "c")),
        ("public.f(x integer, y public.t)", ("public", "f")),
        ('public."f(x)"()', ("public", '"f(x)"')),
        ("public.oc USING hash", ("public", "oc")),
    ],
)
def test_the_parts_of_an_identity(identity: str, expected: tuple[str, ...]) -> None:
    """Dots, brackets and quotes inside quotes belong to the name."""
    assert parts(identity) == expected


def test_the_last_part_is_the_bare_name() -> None:
    """Without its quotes."""
    assert last('public."say ""x"""') == 'say "x"'


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("UNIQUE (a, b)", ("a", "b")),
        ('btree ("A, (b)", lower(c), ((d + 1)), e DESC) WHERE (x > 0)', ("A, (b)", "lower", "expr", "e")),
        ("FOREIGN KEY (a) REFERENCES public.t(id)", ("a",)),
        ("btree (public.f(a))", ("f",)),
        ("EXCLUDE USING gist (r WITH &&)", ("r",)),
        ("btree (((a ->> ')'::text)), b)", ("expr", "b")),
    ],
)
def test_the_names_that_a_generated_name_is_made_of(definition: str, expected: tuple[str, ...]) -> None:
    """Columns by their names, functions by theirs, other expressions as expr."""
    assert keys(definition) == expected


@pytest.mark.parametrize(
    ("kind", "name", "facets", "expected"),
    [
        ("constraint", "t_pkey", {"type": "primary key", "definition": "PRIMARY KEY (a)"}, True),
        ("constraint", "t_pkey1", {"type": "primary key", "definition": "PRIMARY KEY (a)"}, True),
        ("constraint", "t_a_b_key", {"type": "unique", "definition": "UNIQUE (a, b)"}, True),
        ("constraint", "t_b_key", {"type": "unique", "definition": "UNIQUE (a, b)"}, False),
        ("constraint", "t_a_fkey2", {"type": "foreign key", "definition": "FOREIGN KEY (a) REFERENCES public.u(id)"}, True),
        ("constraint", "t_check", {"type": "check", "definition": "CHECK (a > b)"}, True),
        ("constraint", "t_a_check", {"type": "check", "definition": "CHECK (a > 0)"}, True),
        ("constraint", "t_positive_check", {"type": "check", "definition": "CHECK (a > 0)"}, False),
        ("constraint", "t_a_excl", {"type": "exclusion", "definition": "EXCLUDE USING gist (a WITH &&)"}, True),
        ("index", "t_a_lower_idx", {"definition": "btree (a, lower(b))"}, True),
        ("index", "t_expr_idx", {"definition": "btree ((a + 1))"}, True),
        ("index", "ix_t_a", {"definition": "btree (a)"}, True),
        ("index", "ix_public_t_a", {"definition": "btree (a)"}, True),
        ("index", "ix_u_a", {"definition": "btree (a)"}, False),
        ("statistics", "t_a_b_stat", {"columns": "a, b"}, True),
    ],
)
def test_names_that_nobody_chose(kind: str, name: str, facets: dict[str, str], expected: bool) -> None:
    """A name counts as generated only for the object that it would have been generated for."""
    assert generated(kind, name, facets, ["public.t"], ["a", "b"]) is expected


def test_a_long_name_is_cut_as_postgresql_cuts_it() -> None:
    """The longer of table and column loses bytes until both fit; PostgreSQL 18 gave exactly this name."""
    table, column = "t" * 50, "c" * 40
    name = f"{'t' * 29}_{'c' * 29}_key"

    assert generated("constraint", name, {"type": "unique", "definition": f"UNIQUE ({column})"}, [f"public.{table}"], [column])


def test_a_long_index_name_is_shortened_as_sqlalchemy_does() -> None:
    """SQLAlchemy keeps the beginning and adds an underscore and four digits."""
    table, column = "t" * 40, "c" * 40
    name = f"ix_{table}_{column}"[:55] + "_1a2b"

    assert generated("index", name, {"definition": f"btree ({column})"}, [f"public.{table}"], [column])


def test_a_sequence_is_named_after_its_column() -> None:
    """Serial and identity columns name their sequences."""
    assert generated("sequence", "t_id_seq", {}, ["public.t.id"], [])
    assert not generated("sequence", "numbers", {}, ["public.t.id"], [])

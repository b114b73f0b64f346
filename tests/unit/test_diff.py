"""The rules of the catalog diff, on literal catalogs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_checks.diff import diff_catalogs
from migration_checks.snapshot import Catalog, CatalogObject, Json, ObjectId
from migration_checks.transition import CatalogChange
from tests.catalog_cases import described

PUBLIC = CatalogObject("schema", "public", {"owner": "me"})


def table(name: str, *, schema: str = "public", **facets: Json) -> CatalogObject:
    return CatalogObject("table", f"{schema}.{name}", {"owner": "me", **facets}, ("schema", schema))


def columns(owner: str, *names: str, **facets: Json) -> list[CatalogObject]:
    return [
        CatalogObject("column", f"{owner}.{name}", {"type": "integer", "position": place, **facets}, ("table", owner))
        for place, name in enumerate(names, 1)
    ]


def constraint(owner: str, name: str, definition: str, type_: str = "check", **facets: Json) -> CatalogObject:
    facets = {"validated": True, **facets}
    return CatalogObject("constraint", f"{owner}.{name}", {"type": type_, "definition": definition, **facets}, ("table", owner))


def index(name: str, parent: ObjectId, definition: str | None = "btree (a)", **facets: Json) -> CatalogObject:
    text: dict[str, Json] = {"definition": definition} if definition else {}
    return CatalogObject("index", f"public.{name}", {**text, "valid": True, **facets}, parent)


def catalog(*objects: CatalogObject | list[CatalogObject]) -> Catalog:
    flat = [each for some in objects for each in (some if isinstance(some, list) else [some])]
    return {each.id: each for each in (PUBLIC, *flat)}


def seen(before: Catalog, after: Catalog) -> tuple[str, ...]:
    return described(diff_catalogs(before, after))


def with_facets(thing: CatalogObject, **facets: Json) -> CatalogObject:
    return replace(thing, definition={**thing.definition, **facets})


T = table("t")
A, B, C = columns("public.t", "a", "b", "c")
KEY = constraint("public.t", "t_a_key", "UNIQUE (a)", "unique")
KEY_INDEX = index("t_a_key", KEY.id, None)


class TestFolding:
    """What only came or went with something else is counted there."""

    def test_what_is_below_an_added_object_is_counted_in_it(self) -> None:
        """Columns, constraints and the indexes of constraints come with their table."""
        assert seen(catalog(), catalog(T, A, B, KEY, KEY_INDEX)) == ("added table public.t +4",)

    def test_what_is_below_a_removed_object_is_counted_in_it(self) -> None:
        """A removed schema is one change, however deep it was."""
        schema = CatalogObject("schema", "s", {})
        below = [table("t", schema="s"), *columns("s.t", "a", "b")]

        assert seen(catalog(schema, below), catalog()) == ("removed schema s +3",)

    def test_what_differs_on_its_own_is_not_folded(self) -> None:
        """A column that changed stands beside its table that changed."""
        changed = catalog(with_facets(T, comment="x"), with_facets(A, type="text"))

        assert seen(catalog(T, A), changed) == ("changed column public.t.a: type", "changed table public.t: comment")

    def test_an_owner_that_cascades_is_folded(self) -> None:
        """A serial column's sequence changes hands with its table."""
        sequence = CatalogObject("sequence", "public.t_a_seq", {"owner": "me"}, A.id)
        after = catalog(with_facets(T, owner="you"), A, with_facets(sequence, owner="you"))

        assert seen(catalog(T, A, sequence), after) == ("changed table public.t: owner +1",)

    def test_another_owner_than_that_of_the_table_is_not_folded(self) -> None:
        """A sequence that went to somebody else differs on its own."""
        sequence = CatalogObject("sequence", "public.t_a_seq", {"owner": "me"}, A.id)
        after = catalog(with_facets(T, owner="you"), A, with_facets(sequence, owner="they"))

        assert len(seen(catalog(T, A, sequence), after)) == 2

    def test_what_a_partition_took_over_is_folded(self) -> None:
        """A column and a constraint added to a partitioned table are reported once, with the number of partitions."""
        parts = [with_facets(table(f"t{n}"), **{"partition of": "public.t"}) for n in (1, 2)]
        more = [column for part in parts for column in columns(part.identity, "a", inherited=1, local=False)]
        checks = [constraint(part.identity, "ck", "CHECK (a > 0)", inherited=1, local=False) for part in parts]
        own = constraint("public.t", "ck", "CHECK (a > 0)")

        assert seen(catalog(T, parts), catalog(T, parts, A, more, own, checks)) == (
            "added column public.t.a +2",
            "added constraint public.t.ck +2",
        )

    def test_a_partitions_column_that_differs_is_not_folded(self) -> None:
        """A default that only one partition has is its own."""
        part = with_facets(table("t1"), **{"partition of": "public.t"})
        inherited = columns("public.t1", "a", inherited=1, default="7")

        assert seen(catalog(T, part), catalog(T, part, A, inherited)) == ("added column public.t.a", "added column public.t1.a")

    def test_what_an_heir_took_over_is_folded(self) -> None:
        """From each of the tables that it inherits from, as a partition does from its one."""
        heir = with_facets(table("h"), inherits=["public.t", "public.u"])
        more = columns("public.h", "a", "z", inherited=1, local=False)
        own = [*columns("public.t", "a"), *columns("public.u", "z")]

        assert seen(catalog(T, table("u"), heir), catalog(T, table("u"), heir, more, own)) == (
            "added column public.t.a +1",
            "added column public.u.z +1",
        )

    def test_what_changed_in_a_partition_as_in_its_table_is_folded(self) -> None:
        """A type that went down to the partitions is one change, and one that differs there is another."""
        part = with_facets(table("t1"), **{"partition of": "public.t"})
        own = columns("public.t1", "a", inherited=1)
        before = catalog(T, A, part, own)
        wider = with_facets(A, type="bigint")

        assert seen(before, catalog(T, wider, part, [with_facets(own[0], type="bigint")])) == (
            "changed column public.t.a: type +1",
        )
        assert len(seen(before, catalog(T, wider, part, [with_facets(own[0], type="text")]))) == 2

    def test_a_partitions_index_is_folded_into_the_partitioned_one(self) -> None:
        """An index on a partitioned table is one change."""
        whole = index("i", T.id)
        part = index("t1_a_idx", ("table", "public.t1"), **{"partition of": "public.i"})

        assert seen(catalog(T, table("t1")), catalog(T, table("t1"), whole, part)) == ("added index public.i +1",)

    @pytest.mark.parametrize(("validated", "expected"), [(True, 1), (False, 2)])
    def test_not_null_is_counted_once_unless_it_is_invalid(self, validated: bool, expected: int) -> None:
        """A named NOT NULL constraint is the column's facet; one that is not validated stays visible."""
        named = constraint("public.t", "a_is_there", "NOT NULL a", "not null", validated=validated)
        before = catalog(T, with_facets(A, **{"not null": False}))

        assert len(seen(before, catalog(T, with_facets(A, **{"not null": True}), named))) == expected

    def test_not_null_is_not_counted_in_another_change_of_its_column(self) -> None:
        """A column whose type changed, and one that is new, say nothing of a constraint that came by itself."""
        named = constraint("public.t", "a_is_there", "NOT NULL a", "not null")
        strict = with_facets(A, **{"not null": True})

        assert seen(catalog(T, strict), catalog(T, with_facets(strict, type="text"), named)) == (
            "added constraint public.t.a_is_there",
            "changed column public.t.a: type",
        )
        assert seen(catalog(T, strict, B), catalog(T, strict, with_facets(B, **{"not null": True}), named)) == (
            "added constraint public.t.a_is_there",
            "changed column public.t.b: not null",
        )

    def test_a_named_not_null_of_a_domain_is_counted_once(self) -> None:
        """The same holds for a domain."""
        domain = CatalogObject("domain", "public.d", {"not null": False}, PUBLIC.id)
        named = replace(constraint("public.d", "there", "NOT NULL VALUE", "not null"), parent=domain.id)

        assert seen(catalog(domain), catalog(with_facets(domain, **{"not null": True}), named)) == (
            "changed domain public.d: not null +1",
        )


class TestOrder:
    """Only the order of the columns that both sides have counts."""

    def test_moved_columns_are_one_cosmetic_change_of_their_table(self) -> None:
        """The change names the order before and after."""
        before = catalog(T, columns("public.t", "a", "b", "c"))

        (change,) = diff_catalogs(before, catalog(T, columns("public.t", "a", "c", "b")))

        assert change == CatalogChange(
            "table",
            "public.t",
            "changed",
            {"column order": (["a", "b", "c"], ["a", "c", "b"])},
            cosmetic=True,
            parent=("schema", "public"),
        )

    def test_holes_in_the_numbering_are_nothing(self) -> None:
        """A dropped column leaves a gap in the numbers of those after it."""
        assert seen(catalog(T, A, C), catalog(T, A, with_facets(C, position=9))) == ()

    def test_a_column_in_between_moves_nothing(self) -> None:
        """An added column does not put the others out of order."""
        assert seen(catalog(T, columns("public.t", "a", "c")), catalog(T, A, B, C)) == ("added column public.t.b",)


class TestCosmetic:
    """What only looks different is marked."""

    def test_storage_alone_is_cosmetic(self) -> None:
        """How values are stored is not what they are."""
        assert seen(catalog(T, A), catalog(T, with_facets(A, storage="main"))) == (
            "changed column public.t.a: storage cosmetic",
        )

    def test_whether_an_inherited_column_is_its_own_as_well_is_cosmetic(self) -> None:
        """No statement but a DROP COLUMN of the parent tells."""
        assert seen(catalog(T, A), catalog(T, with_facets(A, local=False))) == ("changed column public.t.a: local cosmetic",)

    def test_storage_beside_a_type_is_not(self) -> None:
        """One facet that counts makes the change count."""
        after = catalog(T, with_facets(A, storage="main", type="text"))

        assert seen(catalog(T, A), after) == ("changed column public.t.a: storage, type",)

    @pytest.mark.parametrize(
        ("old", "new", "cosmetic"),
        [
            ("t_a_key", "t_a_key1", True),
            ("one", "t_a_key", True),
            ("t_a_key", "one", True),
            ("one", "two", False),
            ("t_b_key", "two", False),
            ("one", "u_a_key", False),
        ],
    )
    def test_a_constraints_name_is_cosmetic_when_nobody_chose_one_of_both(self, old: str, new: str, cosmetic: bool) -> None:
        """Names that PostgreSQL would not give to this very constraint are names that somebody chose."""
        before, after = (catalog(T, A, B, constraint("public.t", name, "UNIQUE (a)", "unique")) for name in (old, new))

        assert [(each.change, each.cosmetic) for each in diff_catalogs(before, after)] == [("renamed", cosmetic)]

    def test_a_columns_name_is_never_cosmetic(self) -> None:
        """Whatever it looks like, statements use it."""
        assert seen(catalog(T, A), catalog(T, columns("public.t", "t_a_key"))) == (
            "renamed column public.t.t_a_key <- public.t.a",
        )


class TestRenames:
    """What only has another name is one change, and what follows from the name is none."""

    def test_a_renamed_table_takes_what_is_below_it_along(self) -> None:
        """Columns and constraints are compared under the new name."""
        old = catalog(T, A, B, C, KEY, KEY_INDEX)
        key = constraint("public.u", "t_a_key", "UNIQUE (a)", "unique")
        new = catalog(table("u"), columns("public.u", "a", "b", "c"), key, index("t_a_key", key.id, None))

        assert seen(old, new) == ("renamed table public.u <- public.t",)

    def test_a_column_that_changed_in_a_renamed_table_is_its_own_change(self) -> None:
        """The rename does not hide it."""
        names = ("a", "b", "c", "d", "e", "f", "g")
        after = [
            with_facets(each, type="text") if each.identity.endswith("g") else each for each in columns("public.u", *names)
        ]

        assert seen(catalog(T, columns("public.t", *names)), catalog(table("u"), after)) == (
            "changed column public.u.g: type",
            "renamed table public.u <- public.t",
        )

    def test_another_table_is_not_a_renamed_one(self) -> None:
        """Tables that share only the usual columns are two."""
        before = catalog(T, columns("public.t", "id", "created_at", "name"))
        after = catalog(table("u"), columns("public.u", "id", "created_at", "amount"))

        assert seen(before, after) == ("added table public.u +3", "removed table public.t +3")

    def test_what_could_be_either_is_not_called_renamed(self) -> None:
        """Two tables of equal columns are not told apart by guessing."""
        before = catalog(T, A, table("v"), columns("public.v", "a"))
        after = catalog(table("x"), columns("public.x", "a"), table("y"), columns("public.y", "a"))

        assert {change.change for change in diff_catalogs(before, after)} == {"added", "removed"}

    def test_what_mentions_a_new_name_does_not_differ(self) -> None:
        """Defaults, foreign keys and views that only follow a rename are silent."""
        sequence = CatalogObject("sequence", "public.s", {"start": 1}, PUBLIC.id)
        view = CatalogObject("view", "public.v", {"definition": "SELECT t.a FROM public.t"}, PUBLIC.id)
        foreign = constraint("public.o", "fk", "FOREIGN KEY (x) REFERENCES public.t(a)", "foreign key")
        serial = [A, with_facets(B, default="nextval('public.s'::regclass)")]
        before = catalog(T, serial, sequence, view, table("o"), foreign)
        a, b = columns("public.u", "a", "b")
        after = catalog(
            table("u"),
            [a, with_facets(b, default="nextval('public.z'::regclass)")],
            replace(sequence, identity="public.z"),
            with_facets(view, definition="SELECT u.a FROM public.u"),
            table("o"),
            with_facets(foreign, definition="FOREIGN KEY (x) REFERENCES public.u(a)"),
        )

        assert seen(before, after) == ("renamed sequence public.z <- public.s", "renamed table public.u <- public.t")

    def test_what_says_more_than_a_new_name_differs(self) -> None:
        """A view that followed a rename and reads another column is a change."""
        view = CatalogObject("view", "public.v", {"definition": "SELECT t.a FROM public.t"}, PUBLIC.id)
        other = with_facets(view, definition="SELECT u.b FROM public.u")

        assert seen(catalog(T, A, B, view), catalog(table("u"), columns("public.u", "a", "b"), other)) == (
            "changed view public.v: definition",
            "renamed table public.u <- public.t",
        )

    def test_a_comment_that_mentions_a_new_name_does_differ(self) -> None:
        """A comment is prose: no rename changes it."""
        other = table("o", comment="see public.t")

        assert seen(
            catalog(T, A, B, other), catalog(table("u"), columns("public.u", "a", "b"), table("o", comment="see public.u"))
        ) == (
            "changed table public.o: comment",
            "renamed table public.u <- public.t",
        )

    def test_renamed_columns_stay_where_they_are(self) -> None:
        """Two columns of one type, renamed at once, are paired by their places; one that moved to the end is another."""
        assert seen(catalog(T, A, B, C), catalog(T, columns("public.t", "x", "y", "c"))) == (
            "renamed column public.t.x <- public.t.a",
            "renamed column public.t.y <- public.t.b",
        )
        assert seen(catalog(T, A, B, C), catalog(T, columns("public.t", "b", "c", "x"))) == (
            "added column public.t.x",
            "removed column public.t.a",
        )

    def test_a_schemas_new_name_changes_every_name_in_it(self) -> None:
        """A renamed schema is one change."""
        before, after = (
            catalog(CatalogObject("schema", name, {}), table("t", schema=name), columns(f"{name}.t", "a", "b"))
            for name in ("s", "r")
        )

        assert seen(before, after) == ("renamed schema r <- s",)

    def test_roles_are_not_renamed(self) -> None:
        """Roles of equal attributes are still two."""
        one, two = (CatalogObject("role", name, {"login": True}) for name in ("one", "two"))

        assert seen(catalog(one), catalog(two)) == ("added role two", "removed role one")

    def test_an_index_on_another_table_is_another(self) -> None:
        """The name and the columns are the same, the table is not."""
        u = table("u")

        assert seen(catalog(T, u, index("i", T.id)), catalog(T, u, index("i", u.id))) == ("changed index public.i: parent",)


def test_a_change_says_what_it_is_part_of() -> None:
    """By kind and identity; an index that hangs on another table says on which."""
    (moved,) = diff_catalogs(
        catalog(T, table("u"), index("i", T.id)), catalog(T, table("u"), index("i", ("table", "public.u")))
    )

    assert ("table", "public.u") == moved.parent
    assert {"parent": ("table public.t", "table public.u")} == moved.facets
    assert None is diff_catalogs(catalog(), {**catalog(), ("role", "r"): CatalogObject("role", "r", {})})[0].parent


def test_true_is_not_one() -> None:
    """Facets of another JSON type differ."""
    assert seen(catalog(table("t", x=True)), catalog(table("t", x=1))) == ("changed table public.t: x",)


# A busy machine is no reason to fail.
LAWS = settings(deadline=None, max_examples=60)
NAMES = st.sampled_from(["a", "b", "c", '"A b"', "t", "u"])
VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from(["x", "public.a", "public.t.a", "a"]))


@st.composite
def catalogs(
    draw: st.DrawFn, checks: tuple[str, ...] = ("CHECK (a)", "CHECK (b)"), values: st.SearchStrategy[Json] = VALUES
) -> Catalog:
    """Small catalogs with much in common, so that everything that can be renamed or folded is, now and then."""
    objects: list[CatalogObject | list[CatalogObject]] = []
    for name in draw(st.sets(NAMES, max_size=3)):
        owner = table(name, comment=draw(values))
        objects.append(owner)
        for place, column in enumerate(draw(st.lists(NAMES, max_size=4, unique=True)), 1):
            facets: Mapping[str, Json] = {
                "type": draw(st.sampled_from(["text", "integer"])),
                "default": draw(values),
                "position": place,
            }
            objects.append(CatalogObject("column", f"{owner.identity}.{column}", facets, owner.id))
        for each in draw(st.sets(NAMES, max_size=2)):
            objects.append(constraint(owner.identity, each, draw(st.sampled_from(checks))))
    for name in draw(st.sets(NAMES, max_size=2)):
        objects.append(CatalogObject("view", f"public.v_{name}", {"definition": draw(values)}, PUBLIC.id))
    return catalog(*objects)


@LAWS
@given(catalogs())
def test_nothing_differs_from_itself(one: Catalog) -> None:
    """An equal catalog has no difference, in whatever order it is held."""
    assert diff_catalogs(one, dict(reversed(one.items()))) == ()


@LAWS
@given(catalogs(), catalogs(), st.randoms())
def test_the_order_of_dictionaries_says_nothing(one: Catalog, two: Catalog, chance: object) -> None:
    """Catalogs held in another order give the same changes."""
    assert diff_catalogs(one, two) == diff_catalogs(dict(reversed(one.items())), dict(reversed(two.items())))


@LAWS
@given(catalogs(), catalogs())
def test_a_difference_is_never_silent(one: Catalog, two: Catalog) -> None:
    """Catalogs that differ by more than the numbers of columns have changes."""
    assert bool(diff_catalogs(one, two)) == (_essence(one) != _essence(two))


NAMELESS = catalogs(("CHECK (1)", "CHECK (2)"), st.sampled_from([None, True, 1, "x"]))


@LAWS
@given(NAMELESS, NAMELESS)
def test_the_way_back_mirrors_the_way_there(one: Catalog, two: Catalog) -> None:
    """Seen from the other side what was added is removed, and facets are the other way round.

    Names are those of the later side, so the names of renamed things and of columns in order are not compared. No
    definition mentions a name: what reads the same after a rename in one direction need not in the other.
    """
    assert sorted(map(_mirrored, diff_catalogs(one, two))) == sorted(map(_plainly, diff_catalogs(two, one)))


def _essence(of: Catalog) -> object:
    """A catalog with the order of a table's columns instead of their numbers, and without what is absent."""
    rows = sorted(
        (key, repr(sorted((k, repr(v)) for k, v in each.definition.items() if k != "position" and v is not None)))
        for key, each in of.items()
    )
    order = sorted((each.parent, each.definition["position"], key) for key, each in of.items() if each.kind == "column")
    return rows, [(parent, key) for parent, _, key in order]


def _plainly(change: CatalogChange) -> tuple[str, ...]:
    ordered = "column order" in change.facets
    last = "" if ordered or change.change == "renamed" else change.identity.rsplit(".", 1)[-1]
    facets = {name: value for name, value in change.facets.items() if name != "column order"}
    return (change.kind, change.change, last, repr(sorted(facets.items())), str(change.cosmetic), str(change.folded))


def _mirrored(change: CatalogChange) -> tuple[str, ...]:
    other = {"added": "removed", "removed": "added"}.get(change.change, change.change)
    facets = {name: (now, was) for name, (was, now) in change.facets.items()}
    return _plainly(replace(change, change=other, facets=facets))

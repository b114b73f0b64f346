"""Which revisions are walked, and what is remembered of the places where the walk stood."""

from __future__ import annotations

from dataclasses import replace

from migration_checks.graph import Graph, Revision
from migration_checks.halfway import left_behind
from migration_checks.route import plan
from migration_checks.snapshot import CatalogObject, Column, Snapshot, Table
from migration_checks.trail import Place, Trail

DIAMOND = Graph(
    (
        Revision("a", ()),
        Revision("b", ("a",)),
        Revision("c", ("a",)),
        Revision("m", ("b", "c")),
        Revision("x", ()),
        Revision("y", ("x",), depends_on=("b",)),
    )
)


def names(revisions: tuple[Revision, ...]) -> list[str]:
    return [revision.id for revision in revisions]


def test_a_route_from_the_beginning() -> None:
    """Nothing lies before it."""
    route = plan(DIAMOND, frozenset(), frozenset({"m", "y"}))

    assert (names(route.before), names(route.revisions)) == ([], ["a", "b", "c", "m", "x", "y"])


def test_a_route_between_heads() -> None:
    """What the start needs is only passed; what the end depends on, elsewhere too, is walked."""
    route = plan(DIAMOND, frozenset({"b"}), frozenset({"y"}))

    assert (names(route.before), names(route.revisions)) == (["a", "b"], ["x", "y"])


def table(name: str, rows: int, **digests: str) -> Table:
    return Table(name, 1, (Column("id", 1, "int"),), ("id",), rows, name, digests=digests)


def place(*applied: str, rows: int = 0) -> Place:
    return Place(applied, Snapshot(frozenset(applied[-1:]), {}, {"t": table("t", rows)}))


def remembered(*places: Place) -> Trail:
    return Trail(places={each.key: each for each in places})


def test_the_first_place_with_rows() -> None:
    """The lowest, at or above where the walk begins, in whatever order the places were reached."""
    trail = remembered(place(), place("a", "b", rows=9), place("a", rows=3), place("x"))

    assert (found := trail.first_with_rows(0)) is not None
    assert found.applied == ("a",)
    assert (found := trail.first_with_rows(2)) is not None
    assert found.applied == ("a", "b")
    assert remembered(place(), place("a")).first_with_rows(0) is None


def test_what_was_written_above_a_place() -> None:
    """Only at revisions that are not part of it; forgotten where the walk is brought back below them."""
    low, high = ({}, {"t": table("t", 1)}), ({}, {"t": table("t", 2)})
    trail = Trail(written={"a": low, "b": high})

    assert trail.written_above(["a"]) == (high,)
    trail.forget_above(["a"])
    assert trail.written == {"a": low}


def test_history_in_the_order_of_the_upgrades() -> None:
    """Of those that were walked."""
    tables: tuple[dict[str, Table], dict[str, Table]] = ({}, {})
    trail = Trail(ascents={"b": tables, "a": tables})

    assert [each[0] for each in trail.history(("a", "x", "b"))] == ["a", "b"]


BEFORE = Snapshot(
    frozenset({"b"}),
    {("table", "t"): CatalogObject("table", "t", {}), ("index", "i"): CatalogObject("index", "i", {}, ("table", "t"))},
    {"t": table("t", 3, id="1"), "u": table("u", 5, id="2")},
)


def test_nothing_was_left_half_way() -> None:
    """Equal digests are equal rows, and digests of whole rows say nothing where columns came or went."""
    wider = replace(
        table("t", 3, id="1"), columns=(Column("id", 1, "int"), Column("n", 2, "int")), digests={"id": "1", "": "8"}
    )
    before = replace(BEFORE, tables={**BEFORE.tables, "t": table("t", 3, **{"id": "1", "": "7"})})

    assert left_behind(BEFORE, BEFORE).tables == ()
    assert left_behind(before, replace(before, tables={**before.tables, "t": wider})).tables == ()


def test_what_was_left_half_way() -> None:
    """Objects that are gone, tables with fewer rows, tables with other values; none of it counts as compared."""
    now = replace(
        BEFORE,
        catalog={("table", "t"): BEFORE.catalog["table", "t"]},
        tables={"t": table("t", 1, id="9"), "u": table("u", 5, id="3")},
    )
    left = left_behind(BEFORE, now)

    assert [(change.kind, change.identity, change.change) for change in left.catalog] == [("index", "i", "removed")]
    assert [(each.table, each.missing, each.added, each.equal) for each in left.tables] == [
        ("t", 2, 0, False),
        ("u", 0, 0, False),
    ]
    assert (left.rows_compared, left.values_compared) == (0, 0)

"""The order of a walk's legs, and how it goes on after every kind of fault, in a world that is kept in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migration_checks.checkpoints import LIMIT, Checkpoints
from migration_checks.errors import EnvironmentFailure
from migration_checks.leap import leap
from migration_checks.lineage import Seed
from migration_checks.recovery import LostPlace
from migration_checks.route import plan
from migration_checks.snapshot import Snapshot
from migration_checks.transition import Leg, Transition
from migration_checks.walker import Walker, clean
from tests.worlds import Data, Made, World, create, creates, drop, nothing, on_rows, raises

A, U, R, D = Leg.ASCEND, Leg.UNDO, Leg.REDO, Leg.DESCEND


def walked(walker: Walker) -> tuple[list[tuple[str, Leg]], list[Transition]]:
    transitions = list(walker.walk())
    return [(each.revision, each.leg) for each in transitions], transitions


def forgets(data: Data) -> None:
    """A downgrade that takes rows of another table with it."""
    drop("u")(data)
    data.tables["t"].clear()


def there_and_back(*revisions: str) -> list[tuple[str, Leg]]:
    return [(revision, leg) for revision in revisions for leg in (A, U, R)]


def down(*revisions: str) -> list[tuple[str, Leg]]:
    return [(revision, D) for revision in revisions]


CHAIN = (creates("a1", "t"), creates("b2", "u", ("a1",)), creates("c3", "v", ("b2",)))


def test_a_healthy_chain() -> None:
    """Each revision up, down and up again, then all the way down; every leg ends where it should."""
    world = World(*CHAIN)
    walker = world.walker()
    legs, transitions = walked(walker)

    assert [*there_and_back("a1", "b2", "c3"), *down("c3", "b2", "a1")] == legs == world.progress
    assert all(clean(each) for each in transitions)
    assert walker.notes == []
    assert frozenset() == walker.here.snapshot.heads


def test_what_each_leg_is_held_against() -> None:
    """ASCEND nothing, UNDO the state below, REDO what the first upgrade built, DESCEND the place on the way up."""
    _, transitions = walked(World(*CHAIN[:1]).walker())
    ascend, undo, redo, descend = transitions

    assert ascend.baseline is None
    assert ascend.before is undo.baseline
    assert ascend.after is redo.baseline
    assert descend.baseline is not None
    assert ascend.before == descend.baseline
    assert ({"a1"}, set()) == (set(ascend.expected_heads), set(descend.expected_heads))


def test_rows_are_put_into_what_a_revision_made() -> None:
    """Above it every revision meets them; they are no part of what its own legs compare."""
    _, transitions = walked(World(*CHAIN).walker())
    ascends = {each.revision: each for each in transitions if each.leg is A}

    assert {name: each.before.rows for name, each in ascends.items()} == {"a1": 0, "b2": 2, "c3": 4}


def test_only_the_range_is_walked() -> None:
    """What lies below is applied, filled and left alone."""
    legs, transitions = walked(World(*CHAIN).walker(["a1"], ["b2"]))

    assert [*there_and_back("b2"), *down("b2")] == legs
    assert {"a1"} == set(transitions[0].before.heads)
    assert transitions[0].before.rows == 2


def test_a_start_that_cannot_be_reached() -> None:
    """It ends the run: there is nothing to walk from."""
    with pytest.raises(EnvironmentFailure, match="upgrade of a1 fails: no way"):
        walked(World(creates("a1", "t", up=raises("no way")), *CHAIN[1:]).walker(["a1"]))


def test_branches_and_a_merge() -> None:
    """Both branches are walked, parents first; the heads are followed on the way down."""
    world = World(CHAIN[0], creates("b2", "u", ("a1",)), creates("c3", "v", ("a1",)), Made("d4", parents=("b2", "c3")))
    legs, transitions = walked(world.walker())

    assert [*there_and_back("a1", "b2", "c3", "d4"), *down("d4", "c3", "b2", "a1")] == legs
    assert {"b2", "c3"} == set(transitions[-4].after.heads)
    assert all(clean(each) for each in transitions)


def test_a_downgrade_that_fails() -> None:
    """It is told once; what the upgrade built still stands, and the way down jumps over it."""
    world = World(CHAIN[0], replace(CHAIN[1], down=raises("no")), CHAIN[2])
    walker = world.walker()
    legs, transitions = walked(walker)
    failed = [each for each in transitions if each.failure is not None]

    assert [("a1", A), ("a1", U), ("a1", R), ("b2", A), ("b2", U), *there_and_back("c3"), *down("c3", "a1")] == legs
    assert [(each.revision, each.leg) for each in failed] == [("b2", U)]
    assert all(clean(each) for each in transitions if each not in failed)


def test_an_empty_downgrade() -> None:
    """It takes nothing back: the version table is put right again without running the upgrade on what it made."""
    world = World(CHAIN[0], replace(CHAIN[1], down=nothing, empty=True), CHAIN[2])
    legs, transitions = walked(world.walker())
    undo = next(each for each in transitions if (each.revision, each.leg) == ("b2", U))

    assert not undo.residue.schema_equal
    assert [{"b2"}] == [set(heads) for heads in world.stamps]
    assert [("a1", A), ("a1", U), ("a1", R), ("b2", A), ("b2", U), *there_and_back("c3"), *down("c3", "a1")] == legs


def test_a_downgrade_that_leaves_something_behind() -> None:
    """The next upgrade fails on it, which is its REDO; the walk goes on from what the first upgrade built."""

    def messy(data: Data) -> None:
        data.tables.pop("u")
        data.tables["left"] = []

    def once(data: Data) -> None:
        create("u")(data)
        if "left" in data.tables:
            raise RuntimeError("left is in the way")

    world = World(CHAIN[0], replace(CHAIN[1], up=once, down=messy), CHAIN[2])
    _, transitions = walked(world.walker())
    by_leg = {(each.revision, each.leg): each for each in transitions}

    assert [change.identity for change in by_leg["b2", U].residue.catalog] == ["left"]
    assert by_leg["b2", R].failure is not None
    assert clean(by_leg["c3", A])
    assert {"t", "u", "v"} == set(by_leg["c3", A].after.tables)
    assert [change.identity for change in by_leg["b2", D].residue.catalog] == ["left"]


def test_a_downgrade_that_loses_rows() -> None:
    """Seen at once by UNDO, and the revisions above still meet the rows."""

    _, transitions = walked(World(CHAIN[0], replace(CHAIN[1], down=forgets), CHAIN[2]).walker())
    by_leg = {(each.revision, each.leg): each for each in transitions}

    assert [(each.table, each.missing) for each in by_leg["b2", U].residue.tables] == [("t", 2)]
    assert by_leg["c3", A].before.rows == 4
    assert clean(by_leg["c3", U])


def test_an_upgrade_that_fails_on_rows() -> None:
    """Its failure is told, its other legs run on empty tables, and what is above it is walked as well."""
    world = World(CHAIN[0], replace(CHAIN[1], up=on_rows(create("u"))), CHAIN[2])
    walker = world.walker()
    legs, transitions = walked(walker)
    ascend = next(each for each in transitions if (each.revision, each.leg) == ("b2", A))

    assert [("a1", A), ("a1", U), ("a1", R), *there_and_back("b2"), *there_and_back("c3")] == legs[:9]
    assert ascend.failure is not None
    assert ascend.made_up
    assert [(note.revision, "fails on rows" in note.reason) for note in walker.notes] == [("b2", True)]
    assert [each.emptied for each in transitions if each.revision == "b2" and each.leg in (U, R)] == [True, True]
    assert [clean(each) for each in transitions if each.revision == "c3" and each.leg is not D] == [True] * 3


def test_an_upgrade_that_fails_on_odd_rows_only() -> None:
    """Its other legs run on plain rows; above it rows are as odd as anywhere."""

    def picky(data: Data) -> None:
        if any("two" in rows for rows in data.tables.values()):
            raise RuntimeError("an odd row")
        create("u")(data)

    world = World(CHAIN[0], replace(CHAIN[1], up=picky, down=forgets), CHAIN[2])
    walker = world.walker()
    _, transitions = walked(walker)
    by_leg = {(each.revision, each.leg): each for each in transitions}

    assert by_leg["b2", A].failure is not None
    assert [(each.table, each.missing) for each in by_leg["b2", U].residue.tables] == [("t", 2)]
    assert ["on plain rows only" in note.reason for note in walker.notes] == [True]
    assert by_leg["c3", A].before.rows == 4


def test_an_upgrade_that_fails_on_rows_of_a_seed() -> None:
    """Then they were not made up."""
    seed = Seed("base data", "a1", lambda data, rows, seed: data.tables["t"].append("planted"))  # type: ignore[attr-defined]
    world = World(CHAIN[0], replace(CHAIN[1], up=on_rows(create("u"))), seeds=[seed])
    _, transitions = walked(world.walker())

    assert [each.made_up for each in transitions if (each.revision, each.leg) == ("b2", A)] == [False]


def test_an_upgrade_that_always_fails() -> None:
    """Nothing above it can be walked, which is said; another branch is, and so is the way down."""
    side = creates("d4", "w", ("a1",))
    world = World(CHAIN[0], replace(CHAIN[1], up=raises("broken")), CHAIN[2], side)
    walker = world.walker()
    legs, _ = walked(walker)

    assert [*there_and_back("a1"), ("b2", A), *there_and_back("d4"), *down("d4", "a1")] == legs
    assert [note.subject for note in walker.notes] == ["b2", "c3"]
    assert "empty tables either (broken)" in walker.notes[0].reason


def test_many_revisions_that_were_not_walked_are_named_in_few_words() -> None:
    """The first and the last of them."""
    rest = [creates(f"r{number}", f"t{number}", (f"r{number - 1}" if number else "a1",)) for number in range(6)]
    walker = World(replace(CHAIN[0], up=raises("broken")), *rest).walker()
    walked(walker)

    assert walker.notes[-1].subject == "6 revisions from r0 to r5"


def test_a_step_that_succeeds_once_only() -> None:
    """Where a state cannot be made a second time, the walk says so and goes no further up."""
    runs: list[None] = []

    def once(data: Data) -> None:
        runs.append(None)
        if len(runs) > 1:
            raise RuntimeError("not again")
        create("u")(data)

    walker = World(CHAIN[0], replace(CHAIN[1], up=once, down=forgets), CHAIN[2]).walker()
    legs, _ = walked(walker)

    assert legs == [*there_and_back("a1", "b2"), *down("a1")]
    assert "cannot be made a second time (not again)" in walker.notes[0].reason
    assert walker.notes[1].subject == "c3"


def test_a_downgrade_that_fails_only_on_the_way_down() -> None:
    """DESCEND tells it, and the walk goes on below from a copy."""

    def stubborn(data: Data) -> None:
        if "v" not in data.tables and data.tables.get("u"):
            raise RuntimeError("rows in u")
        drop("u")(data)

    legs, transitions = walked(World(CHAIN[0], replace(CHAIN[1], down=stubborn), CHAIN[2]).walker())

    assert down("c3", "b2", "a1") == legs[-3:]
    assert [each.failure is not None for each in transitions[-3:]] == [False, True, False]
    assert clean(transitions[-1])


def test_drift_is_asked_at_the_top_only() -> None:
    """The models describe the head."""
    world = World(*CHAIN)
    world.models = ("column t.x is missing",)
    _, transitions = walked(world.walker())

    assert [(each.revision, each.leg) for each in transitions if each.drift] == [("c3", A)]


def test_models_that_cannot_be_asked_are_noted() -> None:
    """The walk goes on."""
    world = World(*CHAIN[:1])
    world.models = EnvironmentFailure("no models today", "")
    walker = world.walker()
    legs, _ = walked(walker)

    assert [*there_and_back("a1"), *down("a1")] == legs
    assert "no models today" in walker.notes[0].reason


def test_an_invariant_that_the_rows_put_in_contradict() -> None:
    """It is no step's fault, and said so."""
    world = World(*CHAIN[:2])
    world.answers = lambda data: {"t is empty": "two rows" if data.tables.get("t") else None}
    walker = world.walker()
    walked(walker)

    assert [(note.subject, note.revision) for note in walker.notes] == [("t is empty", "a1")]


def test_what_is_known_to_have_no_way_back_is_marked() -> None:
    """As the lineage declares it."""
    world = World(*CHAIN[:1], irreversible=["a1"])
    _, transitions = walked(world.walker())

    assert all(each.marked_irreversible for each in transitions)


# -- copies and places -------------------------------------------------------------------------------------------------


def empty(*heads: str) -> Snapshot:
    return Snapshot(frozenset(heads), {}, {})


def checkpoints(world: World, *places: str) -> Checkpoints:
    made = Checkpoints(world, world.fresh)  # type: ignore[arg-type]
    for place in places:
        made.keep(world.fresh(), frozenset(place.split()), empty())
    return made


def test_the_nearest_copy_below_a_place() -> None:
    """The one from which the fewest steps are left, never one with a revision that the place lacks."""
    kept = checkpoints(World(), "", "a", "a b", "a c")

    assert {"a", "b"} == kept.below(frozenset("abd")).applied
    assert {"a"} == kept.below(frozenset("ad")).applied
    assert frozenset() == kept.below(frozenset("x")).applied
    assert None is kept.exact(frozenset("abd"))
    assert (found := kept.exact(frozenset("ac"))) is not None
    assert {"a", "c"} == found.applied


def test_copies_are_limited_and_the_start_stays() -> None:
    """The oldest but the start goes first, its database with it."""
    world = World()
    kept = checkpoints(world, "", *(f"r{number}" for number in range(LIMIT + 4)))

    assert len(kept.kept) == LIMIT
    assert frozenset() == kept.kept[0].applied
    assert {f"r{LIMIT + 3}"} == kept.kept[-1].applied
    assert all(each.url in world.databases for each in kept.kept)


def test_releasing_all_copies_but_the_start() -> None:
    """Their databases are gone."""
    world = World()
    kept = checkpoints(world, "", "a", "b")
    gone = [each.url for each in kept.kept[1:]]

    assert kept.kept[0] == kept.release_all_but_start()
    assert len(kept.kept) == 1
    assert world.databases.keys().isdisjoint(gone)


def test_no_copy_keeps_a_role_alive() -> None:
    """A script's downgrade could not drop the role while a copy depends on it."""
    world = World()
    kept = checkpoints(world, "")
    world.roles = frozenset({"reader"})

    assert None is kept.keep(world.fresh(), frozenset("a"), empty())
    assert len(kept.kept) == 1


def test_a_place_with_roles_of_its_past_cannot_be_made_without_rows() -> None:
    """A server has only one role of a name, and the walked database holds it."""
    world = World(*CHAIN)
    walker = world.walker(["a1"])
    walker.recovery.start(walker.route.before)
    world.roles = frozenset({"reader"})
    walker.checkpoints.kept[0] = replace(walker.checkpoints.kept[0], roles=frozenset({"reader"}))

    with pytest.raises(LostPlace, match="reader"):
        walker.recovery.without_rows(("a1", "b2"))


def test_a_place_is_reached_again_by_repeating_steps() -> None:
    """From the nearest copy, rows included."""
    walker = World(*CHAIN).walker()
    list(walker.walk())
    place = walker.recovery.back_to(("a1", "b2"))

    assert (("a1", "b2"), {"b2"}, 4) == (place.applied, set(place.snapshot.heads), place.snapshot.rows)


def test_a_place_that_cannot_be_reached_again() -> None:
    """The step's own message says why."""
    world = World(*CHAIN)
    walker = world.walker()
    list(walker.walk())
    world.made["b2"] = replace(CHAIN[1], up=raises("not today"))

    with pytest.raises(LostPlace, match="not today"):
        walker.recovery.back_to(("a1", "b2"))


def test_the_lowest_place_with_rows() -> None:
    """Where a leap over rows starts."""
    walker = World(*CHAIN).walker()
    list(walker.walk())
    found = walker.trail.first_with_rows(0)

    assert found is not None
    assert found.applied == ("a1",)
    assert (found := walker.trail.first_with_rows(2)) is not None
    assert found.applied == ("a1", "b2")


def test_what_was_written_above_a_place() -> None:
    """The rows put in at each revision that is not applied there."""
    walker = World(*CHAIN).walker()
    list(walker.walk())

    assert [{"v"}, {"u", "v"}] == [
        {name for before, after in pairs for name in after if after[name] != before.get(name)}
        for pairs in (walker.trail.written_above(("a1", "b2")), walker.trail.written_above(("a1",)))
    ]
    walker.trail.forget_above(("a1",))
    assert {"a1"} == walker.trail.written.keys()


# -- all at once -------------------------------------------------------------------------------------------------------


def leaped(world: World, stepped: Snapshot, end: str) -> Transition:
    walker: Any = world.walker()
    route = plan(world.graph, frozenset(), frozenset({end}))
    return leap(walker.bench, world.graph, route, empty(), stepped)


def test_a_leap_is_held_against_single_steps() -> None:
    """The same schema, whatever the rows."""
    walker = World(*CHAIN).walker()
    list(walker.walk())
    stepped = walker.trail.places[frozenset({"a1", "b2", "c3"})].snapshot
    found = leaped(World(*CHAIN), stepped, "c3")

    assert (found.leg, found.revision, found.failure, found.residue.catalog) == (Leg.LEAP, "c3", None, ())
    assert found.expected_heads == found.after.heads
    assert (empty(), stepped) == (found.before, found.baseline)


def test_a_leap_that_builds_something_else() -> None:
    """What only one of them built is the residue."""
    walker = World(*CHAIN).walker()
    list(walker.walk())
    stepped = walker.trail.places[frozenset({"a1", "b2", "c3"})].snapshot
    other = World(CHAIN[0], replace(CHAIN[1], up=create("other")), CHAIN[2])

    assert [(each.identity, each.change, each.renamed_from) for each in leaped(other, stepped, "c3").residue.catalog] == [
        ("other", "renamed", "u")
    ]


def test_a_leap_that_fails() -> None:
    """Nothing is compared, the failure is what counts."""
    found = leaped(World(CHAIN[0], replace(CHAIN[1], up=raises("broken"))), empty("b2"), "b2")

    assert found.failure is not None
    assert found.failure.message == "broken"
    assert found.residue.catalog == ()

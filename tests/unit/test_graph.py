"""The revision graph as values: ancestors, ranges and heads, on branches and merges too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.graph import Graph, Revision
from migration_checks.route import plan

DIAMOND = Graph(
    (
        Revision("root", ()),
        Revision("left", ("root",)),
        Revision("right", ("root",)),
        Revision("needs", ("right",), depends_on=("left",)),
        Revision("merge", ("left", "needs")),
        Revision("other", ()),
    )
)


@pytest.mark.parametrize(
    ("applied", "heads"),
    [
        ((), ()),
        (("root",), ("root",)),
        (("root", "left", "right"), ("left", "right")),
        (("root", "left", "right", "needs"), ("needs",)),
        (("root", "left", "right", "needs", "merge", "other"), ("merge", "other")),
    ],
)
def test_heads_of_what_is_applied(applied: tuple[str, ...], heads: tuple[str, ...]) -> None:
    """A revision that another applied one replaces or depends on is no head."""

    assert frozenset(heads) == DIAMOND.heads_of(applied)


def test_ranges_hold_what_an_upgrade_applies() -> None:
    """From one side of a diamond to its merge, the other side is walked too."""

    assert ("right", "needs", "merge") == tuple(each.id for each in DIAMOND.between(["left"], ["merge"]))


def test_a_route_passes_the_start_and_walks_the_rest() -> None:
    """What leads to the start is applied, not judged."""
    route = plan(DIAMOND, frozenset({"left", "right"}), frozenset({"merge"}))

    assert ["root", "left", "right"] == [each.id for each in route.before]
    assert ["needs", "merge"] == [each.id for each in route.revisions]


@given(st.lists(st.sets(st.integers(0, 12), max_size=3), max_size=13))
def test_ancestors_are_closed_and_in_order(parents: list[set[int]]) -> None:
    """Whatever the graph: ancestors hold their own parents, and a route never visits a child before its parent."""
    revisions = tuple(
        Revision(f"r{number}", tuple(f"r{each}" for each in sorted(chosen) if each < number))
        for number, chosen in enumerate(parents)
    )
    graph = Graph(revisions)
    everything = graph.between((), graph.heads)

    assert len(revisions) == len(everything)
    for place, revision in enumerate(everything):
        assert set(revision.parents) <= {each.id for each in everything[:place]}
        assert graph.ancestors([revision.id]) >= set(revision.parents)


def test_revisions_that_follow_none_are_bases() -> None:
    """A chain may have several; what one only depends on is none of its parents."""
    assert ("root", "other") == DIAMOND.bases

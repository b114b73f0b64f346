"""The graph command's view of a chain."""

from __future__ import annotations

from migration_checks.graph import Graph, Revision
from migration_checks.renderers.chain import render_graph


def test_a_chain_with_branches() -> None:
    """One line a revision: what it follows, what marks it, its title; nothing in it acts on the terminal."""
    graph = Graph(
        (
            Revision("a1", (), doc="Start.\n\nMore."),
            Revision("b2", ("a1",), labels=("left",), doc="\x1b[2JLeft"),
            Revision("c33", ("a1",), depends_on=("b2",), downgrade_empty=True),
            Revision("d4", ("b2", "c33"), doc="Together"),
        )
    )

    assert render_graph(graph).splitlines() == [
        "a1   base  (branch point)  Start.",
        "b2   after a1  (labelled left)  \\x1b[2JLeft",
        "c33  after a1  (needs b2, empty downgrade)",
        "d4   after b2, c33  (merge, head)  Together",
    ]


def test_no_revision() -> None:
    """An empty chain is said to be one."""
    assert render_graph(Graph(())) == "There is no revision yet.\n"

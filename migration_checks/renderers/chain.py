"""The revision graph as text: one line a revision, parents first."""

from __future__ import annotations

from migration_checks.graph import Graph, Revision
from migration_checks.renderers.escape import visible


def render_graph(graph: Graph) -> str:
    """Every revision with what it follows, what it depends on, its labels and its title."""
    if not graph.revisions:
        return "There is no revision yet.\n"
    width = max(len(visible(revision.id)) for revision in graph.revisions)
    return "".join(f"{visible(each.id):<{width}}  {visible(_about(graph, each))}\n" for each in graph.revisions)


def _about(graph: Graph, revision: Revision) -> str:
    after = f"after {', '.join(revision.down)}" if revision.down else "base"
    children = sum(revision.id in other.down for other in graph.revisions)
    marks = [
        *(["needs " + ", ".join(revision.depends_on)] if revision.depends_on else []),
        *([f"labelled {', '.join(revision.labels)}"] if revision.labels else []),
        *(["merge"] if len(revision.down) > 1 else []),
        *(["branch point"] if children > 1 else []),
        *(["head"] if revision.id in graph.heads else []),
        *(["empty downgrade"] if revision.downgrade_empty else []),
    ]
    first, *_ = revision.doc.splitlines() or [""]
    return "  ".join(part for part in (after, f"({', '.join(marks)})" if marks else "", first) if part)

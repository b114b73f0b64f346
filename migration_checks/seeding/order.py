"""In which order tables are filled: parents first, and those that refer to one another in a circle together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def levels(parents: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Groups of names, parents first; a group of more than one is a circle. Names in no circle stand alone.

    `parents` maps each name to those that it refers to; names that are no key, and the name itself, are left aside. The order
    depends on the names alone (Tarjan's strongly connected components, visited by name).
    """
    edges = {name: sorted({each for each in parents[name] if each in parents and each != name}) for name in sorted(parents)}
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_names: list[str] = []
    closed: set[str] = set()
    groups: list[tuple[str, ...]] = []
    for root in edges:
        _visit(root, edges, numbers, lowest, open_names, closed, groups)
    return groups


def _visit(
    root: str,
    edges: Mapping[str, list[str]],
    numbers: dict[str, int],
    lowest: dict[str, int],
    open_names: list[str],
    closed: set[str],
    groups: list[tuple[str, ...]],
) -> None:
    # With a stack of its own: chains of a thousand tables are longer than Python's recursion allows.
    work = [(root, iter(edges[root]))] if root not in numbers else []
    if work:
        numbers[root] = lowest[root] = len(numbers)
        open_names.append(root)
    while work:
        name, rest = work[-1]
        following = next(rest, None)
        if following is None:
            work.pop()
            if work:
                lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[name])
            if lowest[name] == numbers[name]:
                groups.append(_closed(name, open_names))
                closed.update(groups[-1])
        elif following not in numbers:
            numbers[following] = lowest[following] = len(numbers)
            open_names.append(following)
            work.append((following, iter(edges[following])))
        elif following not in closed:
            lowest[name] = min(lowest[name], numbers[following])


def _closed(name: str, open_names: list[str]) -> tuple[str, ...]:
    group = [open_names.pop()]
    while group[-1] != name:
        group.append(open_names.pop())
    return tuple(sorted(group))

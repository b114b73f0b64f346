"""How a walk is cut into parts, and how their reports become one again."""

from __future__ import annotations

import pytest

from migration_checks.graph import Graph, Revision
from migration_checks.route import plan
from migration_checks.shards import CLIMB, DESCENT, PASS, cut, part_of

CHAIN = Graph(tuple(Revision(f"r{number}", (f"r{number - 1}",) if number else ()) for number in range(20)))


@pytest.mark.parametrize("count", [0, 1, 2, 7, 60, 549])
@pytest.mark.parametrize("parts", [1, 2, 3, 8, 64])
def test_every_revision_falls_to_one_part(count: int, parts: int) -> None:
    """However many there are: the stretches follow on each other from the first to the last."""
    stretches = cut(count, parts)

    assert parts == len(stretches)
    assert list(range(count)) == [number for stretch in stretches for number in stretch]


@pytest.mark.parametrize("parts", [2, 3, 8])
def test_no_part_takes_much_longer_than_need_be(parts: int) -> None:
    """What a part costs is what it passes and judges; the last one cannot do with less than going through everything."""
    *others, last = cut(400, parts)
    costs = [PASS * each.start + CLIMB * len(each) for each in others]
    costs.append(PASS * last.start + CLIMB * len(last) + DESCENT * 400)

    assert max(costs) <= max(400 * (PASS + DESCENT), 400 / parts * 1.35) + 1


def test_the_route_of_a_part() -> None:
    """It passes what lies below its stretch, ends where that ends, and neither goes down nor leaps; the last one does."""
    whole = plan(CHAIN, frozenset({"r3"}), frozenset({"r19"}))
    first, last = part_of(whole, 1, 2), part_of(whole, 2, 2)

    assert (whole.before, whole.before) == (first.before, last.before)
    assert whole.revisions == (*first.visited, *last.visited)
    assert (whole.revisions, {each.id for each in first.visited}) == (last.revisions, last.passed)
    assert (frozenset(), False, True) == (first.passed, first.descends, last.descends)


def test_one_part_is_the_whole() -> None:
    """Nothing changes."""
    whole = plan(CHAIN, frozenset(), frozenset({"r19"}))

    assert whole is part_of(whole, 1, 1)

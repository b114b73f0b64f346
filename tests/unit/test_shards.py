"""How a walk is cut into parts, and how their reports become one again."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from migration_checks.check import Finding, Location, Severity
from migration_checks.errors import ConfigurationError
from migration_checks.graph import Graph, Revision
from migration_checks.interchange import from_json, to_json
from migration_checks.looks import Look, Part
from migration_checks.merging import merge
from migration_checks.report import Report, Step
from migration_checks.route import plan
from migration_checks.shards import CLIMB, DESCENT, PASS, cut, part_of
from migration_checks.transition import Leg

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


LEFT = Finding(
    "MC201",
    "schema-not-restored",
    Severity.ERROR,
    "r1",
    Leg.UNDO,
    "public.i",
    "It is left over.",
    {"kind": "index", "change": "added"},
    Location("r1.py", 3),
)


def part(number: int, *legs: tuple[Leg, str, bool], of: int = 2, said: tuple[Finding, ...] = ()) -> Report:
    """A part of a walk: legs (leg, revision, barred), each of which says what `said` has of it."""
    looks = tuple(
        Look(
            leg,
            revision,
            frozenset({"z"}),
            frozenset({"y"}),
            barred=barred,
            said=tuple(each for each in said if (each.leg, each.revision) == (leg, revision)),
        )
        for leg, revision, barred in legs
    )
    steps = tuple(Step(look.revision, look.leg, 1, 5, 5, timing={"seconds": 0.1}) for look in looks)
    return Report("shop", "18.3", "embedded", 1, "", "passed", steps=steps, part=Part(number, of, ("MC201",), looks))


def test_a_part_survives_json() -> None:
    """There and back, and as the schema describes it."""
    report = part(1, (Leg.UNDO, "r1", True), said=(LEFT,))
    schema = json.loads(files("migration_checks").joinpath("report.schema.json").read_text())

    jsonschema.validate(json.loads(to_json(report)), schema)
    assert report == from_json(to_json(report))


def test_what_two_parts_saw_of_one_residue() -> None:
    """It is one finding, at the place where a whole walk would have seen it first."""
    down = replace(LEFT, leg=Leg.DESCEND)
    first = part(1, (Leg.UNDO, "r1", False), said=(LEFT,))
    last = part(2, (Leg.UNDO, "r2", False), (Leg.DESCEND, "r1", False), said=(down,))
    (finding,) = merge([last, first]).findings

    assert (Leg.UNDO, ("descend r1",)) == (finding.leg, finding.also_at)


def test_the_way_down_leaves_out_what_another_part_found_barred() -> None:
    """Neither its step nor what was seen there."""
    down = replace(LEFT, leg=Leg.DESCEND, subject="public.other")
    first = part(1, (Leg.UNDO, "r1", True))
    last = part(2, (Leg.DESCEND, "r2", False), (Leg.DESCEND, "r1", False), said=(down,))
    merged = merge([first, last])

    assert () == merged.findings
    assert [("r1", Leg.UNDO), ("r2", Leg.DESCEND)] == [(step.revision, step.leg) for step in merged.steps]


@pytest.mark.parametrize("other", [part(1, of=3), replace(part(1), part=None), replace(part(1), seed=9)])
def test_parts_of_different_walks(other: Report) -> None:
    """They are not put together."""
    with pytest.raises(ConfigurationError, match="different walks"):
        merge([part(2), other])


def test_a_missing_part() -> None:
    """The rest is shown, and is no pass."""
    merged = merge([part(1, (Leg.UNDO, "r1", False), of=3)])

    assert ("incomplete", "part 2, 3 of 3") == (merged.verdict, merged.not_checked[0].subject)

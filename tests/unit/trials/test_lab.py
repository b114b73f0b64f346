"""The laboratory: which trials are made, of what, and that a walk goes on whatever becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_checks.budgets import Budgets, Production
from migration_checks.config import Settings
from migration_checks.errors import ConfigurationError
from migration_checks.lineage import Lineage
from migration_checks.profile import Profile, TableProfile, to_json
from migration_checks.run import trials_of
from migration_checks.transition import Failure, Leg, Transition
from migration_checks.trials import TRIALS
from migration_checks.trials.growth import GrowthTrial
from migration_checks.trials.lab import Bed, Trial, _obstacle
from migration_checks.trials.locks import LocksTrial
from migration_checks.trials.queue import QueueTrial
from migration_checks.trials.refusals import SkewEvidence
from tests.transitions import LOWER, UPPER, ascend
from tests.unit.trials.support import bed
from tests.worlds import World, creates, raises

SETTINGS = Settings(Lineage("x"), Path("/p"), budgets=Budgets(blocks_reads=2.5, small_table=77), at_rows={"t": 9})


def chosen(names: Collection[str], **settings: Any) -> tuple[Trial, ...]:
    """The trials that a run with these settings makes."""
    return trials_of(replace(SETTINGS, trials=frozenset(names), **settings))


def test_every_trial_is_made_by_its_name_in_one_order() -> None:
    """Whatever the order in which they are asked for; without being asked for, none."""
    assert [*TRIALS] == [each.name for each in chosen({*TRIALS})]
    assert ["queue", "crash"] == [each.name for each in chosen(["crash", "queue"])]
    assert () == chosen([])


def test_trials_are_set_as_the_run_is() -> None:
    """Budgets, the rows of production, and where paths are told from."""
    locks, queue, growth = chosen(["locks", "queue", "growth"])

    assert LocksTrial(SETTINGS.budgets, Production({"t": 9}), Path("/p")) == locks
    assert QueueTrial(2.5) == queue
    assert GrowthTrial(Production({"t": 9}), 77, Path("/p")) == growth


@pytest.mark.parametrize("name", ["locks", "growth"])
def test_a_profile_tells_the_rows_of_production(name: str, tmp_path: Path) -> None:
    """One that cannot be read ends the run before anything is walked."""
    profile = Profile("18.6", True, (TableProfile("public.t", 400, None, ()),))
    (tmp_path / "profile.json").write_text(to_json(profile))
    (made,) = chosen([name], at_rows={}, profile=tmp_path / "profile.json")

    assert 400 == made.production.rows("public.t")  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="cannot be read"):
        chosen([name], profile=tmp_path / "nowhere.json")


def test_a_trial_s_leg_stands_where_its_step_does() -> None:
    """Above it for the upgrade, below it for the downgrade; located at the function that runs. It compares no rows."""
    told: list[tuple[str, Leg]] = []
    evidence = SkewEvidence()
    up = bed(told=told).transition(Leg.QUEUE, evidence, seconds=1.5)
    down = bed(told=told).transition(Leg.OBSERVE_DOWN, evidence)
    alone = bed(told=told, undo=None).transition(Leg.OBSERVE_DOWN, evidence)

    assert (UPPER, UPPER, frozenset("b"), ("/p/b.py", 5), 1.5) == (
        up.before, up.after, up.expected_heads, up.location, up.seconds,
    )  # fmt: skip
    assert (UPPER, ("/p/b.py", 9)) == (down.before, down.location)
    assert (LOWER, ("/p/b.py", 5)) == (alone.before, alone.location)
    assert [("b", Leg.QUEUE), ("b", Leg.OBSERVE_DOWN), ("b", Leg.OBSERVE_DOWN)] == told
    assert {0} == {each.changes.rows_compared for each in (up, down, alone)}


@pytest.mark.parametrize(
    ("expected", "url", "leg"),
    [
        ("", "u", ascend()),
        ("its upgrade fails on the rows at hand", "u", ascend(failure=Failure("E", "x"))),
        ("its upgrade fails on the rows at hand", "u", None),
        ("scripts made roles that a copy of the database would hold on to", None, ascend()),
    ],
)
def test_why_a_step_is_not_tried(expected: str, url: str | None, leg: Transition | None) -> None:
    """In half a sentence."""
    assert expected == _obstacle(url, leg)


@dataclass
class Once:
    """A trial that notes what it is given, and yields a leg, or raises."""

    name: str = "once"
    raises: Exception | None = None
    beds: list[Bed] = field(default_factory=list)

    def run(self, bed: Bed) -> Iterator[Transition]:
        self.beds.append(bed)
        if self.raises is not None:
            raise self.raises
        yield bed.transition(Leg.QUEUE, SkewEvidence())


CHAIN = (creates("a1", "t"), creates("b2", "u", ("a1",)))


def test_each_step_is_tried_from_the_place_below_it() -> None:
    """On a copy that is gone afterwards, while nobody is connected to the walk's own database."""
    world, trial = World(*CHAIN), Once()
    standing: list[Any] = []
    run = trial.run

    def watching(bed: Bed) -> Iterator[Transition]:
        standing.append((world.databases[bed.url].applied, bed.bench.attached))  # type: ignore[attr-defined]
        yield from run(bed)

    trial.run = watching  # type: ignore[method-assign]
    walker = world.walker(trials=[trial])
    walked = [(each.revision, each.leg) for each in walker.walk()]

    assert [(set(), False), ({"a1"}, False)] == standing
    assert 2 == walked.count(("a1", Leg.QUEUE)) + walked.count(("b2", Leg.QUEUE))
    assert walked.index(("a1", Leg.REDO)) < walked.index(("a1", Leg.QUEUE)) < walked.index(("b2", Leg.ASCEND))
    assert [each.url for each in trial.beds if each.url in world.databases] == []
    assert [("a1", Leg.UNDO), ("b2", Leg.UNDO)] == [(each.undo.revision, each.undo.leg) for each in trial.beds if each.undo]


def test_a_trial_that_meets_what_nobody_thought_of_costs_itself() -> None:
    """The walk and the other trials go on; the reason is told in a line."""
    world, good = World(*CHAIN), Once()
    walker = world.walker(trials=[Once("bad", psycopg.errors.UndefinedTable("no such table\nLINE 1")), good])
    walked = [each.leg for each in walker.walk()]

    assert 2 == walked.count(Leg.QUEUE)
    assert ["Its bad trial has no result: no such table." for _ in CHAIN] == [each.reason for each in walker.notes]
    assert walker.bench.attached  # type: ignore[attr-defined]


def test_steps_that_cannot_be_tried_are_named() -> None:
    """With the trials that were asked for."""
    world = World(CHAIN[0], creates("b2", "u", ("a1",), up=raises("no")))
    walker = world.walker(trials=[Once("one"), Once("two")])
    list(walker.walk())

    assert ("b2", "Its trials (one, two) were not made: its upgrade fails on the rows at hand.", "b2") in [
        (each.subject, each.reason, each.revision) for each in walker.notes
    ]


def test_a_copy_that_would_hold_on_to_roles_is_not_kept() -> None:
    """The walk's own downgrades could not drop them; so that step is not tried."""
    world, trial = World(*CHAIN), Once()
    world.roles = frozenset({"app"})
    walker = world.walker(trials=[trial])
    list(walker.walk())

    assert [] == trial.beds
    assert "Its trials (once) were not made: scripts made roles that a copy of the database would hold on to." in [
        each.reason for each in walker.notes
    ]

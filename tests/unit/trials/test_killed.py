"""Which copies a step is killed on, and after which deaths it is run again: all that leave it untouched stand at one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from migration_checks.trials.crash import Copies, Way, killed
from migration_checks.trials.deaths import BACKEND, SERVER
from migration_checks.trials.seen import BEFORE, BETWEEN, Died


@dataclass
class Step:
    """A step of which deaths at some places leave something; what is run again fails after deaths at `fatal` ones.

    It comes to the places in `once` a single time. `said` keeps what is done with which copy, in order.
    """

    leaving: frozenset[int] = frozenset()
    fatal: frozenset[int] = frozenset()
    short: int = 99
    once: set[int] = field(default_factory=set)
    met: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    copies: int = 0

    @contextmanager
    def fresh(self, label: str) -> Iterator[Any]:
        self.copies += 1
        number = self.copies
        yield SimpleNamespace(url=str(number), leave=lambda: self.said.append("leave"), enter=lambda: self.said.append("enter"))
        self.said.append(f"drop {number}")

    def run(self, bench: Any, death: Any) -> tuple[None, None]:
        self.said.append(f"{bench.url}: {death.at}")
        death.met = death.at < self.short and not (death.at in self.once and death.at in self.met)
        self.met.add(death.at)
        return None, None

    def cut_short(self, bench: Any, at: int, kind: str, outcome: None, window: None, *, within: bool) -> tuple[Died, bool]:
        untouched = at not in self.leaving
        return Died(at, 9, kind, within, BEFORE if untouched else BETWEEN, resumed=True), untouched

    def run_again(self, bench: Any, died: Died) -> Died:
        self.said.append(f"{bench.url}: again after {died.at}")
        return replace(died, resumed=died.at not in self.fatal)


def ends(step: Step, places: Sequence[int], kind: str = BACKEND) -> Mapping[int, bool]:
    """Whether the step came to its end after it was killed at each of these places."""
    with ExitStack() as stack:
        copies = Copies(step, stack)  # type: ignore[arg-type]
        return {each.at: each.resumed for each in killed(Way(kind, step), copies, [(at, False) for at in places])}  # type: ignore[arg-type]


def test_deaths_that_leave_nothing_share_a_copy() -> None:
    """The step is run again after the last of them, which came farthest."""
    step = Step()

    assert {1: True, 2: True, 3: True} == ends(step, [1, 2, 3])
    assert ["1: 1", "1: 2", "1: 3", "1: again after 3", "drop 1"] == step.said


def test_a_death_that_leaves_something_has_its_copy_to_itself_from_then_on() -> None:
    """The next one begins on another."""
    step = Step(leaving=frozenset({2}), fatal=frozenset({2}))

    assert {1: True, 2: False, 3: True} == ends(step, [1, 2, 3])
    assert ["1: 1", "1: 2", "1: again after 2", "drop 1", "2: 3", "2: again after 3", "drop 2"] == step.said


def test_the_last_one_may_have_left_its_copy_to_one_that_left_something() -> None:
    """Then it dies once more."""
    step = Step(leaving=frozenset({3}))

    assert {1: True, 2: True, 3: True} == ends(step, [1, 2, 3])
    assert ["2: 2", "2: again after 2", "drop 2"] == step.said[-3:]


def test_a_death_that_does_not_come_a_second_time_proves_nothing() -> None:
    """Then the others are looked at one by one, and nothing is said of that one."""
    step = Step(leaving=frozenset({3}), fatal=frozenset({1}), once={2})

    assert {1: False, 3: True} == ends(step, [1, 2, 3])


@pytest.mark.parametrize("fatal", [frozenset({3}), frozenset({2, 3})])
def test_where_it_does_not_come_to_its_end_every_death_is_looked_at(fatal: frozenset[int]) -> None:
    """Each on a copy of its own: something that nobody saw is not as it was."""
    step = Step(fatal=fatal)

    assert {at: at not in fatal for at in (1, 2, 3)} == ends(step, [1, 2, 3])
    assert 4 == step.copies
    assert ["2: 1", "2: again after 1", "drop 2", "3: 2", "3: again after 2", "drop 3"] == step.said[5:11]


def test_a_step_that_ends_before_it_is_killed() -> None:
    """It has used up its copy, and nothing is said of that place."""
    step = Step(short=2)

    assert {1: True} == ends(step, [1, 2])
    assert ["1: 1", "1: 2", "drop 1", "2: 1", "2: again after 1", "drop 2"] == step.said


def test_nothing_is_run_again_where_nothing_died() -> None:
    """Nor is a copy left."""
    step = Step(short=0)

    assert {} == ends(step, [1])
    assert ["1: 1", "drop 1"] == step.said


def test_a_server_that_was_stopped_is_connected_to_anew() -> None:
    """Before anybody looks."""
    step = Step()
    ends(step, [1], SERVER)

    assert ["1: 1", "leave", "enter", "1: again after 1", "drop 1"] == step.said

"""What the trials of interrupted and concurrent runs saw, as values that checks look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migration_checks.snapshot import Json
from migration_checks.transition import Failure, Statement

BEFORE, AFTER, BETWEEN = "before", "after", "between"


@dataclass(frozen=True, slots=True)
class Died:
    """One death: before statement number `at` of `of` (one more than there are: when the script was over), or `within` it.

    `state` is where it left the database; `left` what differs there from before the step, where that is between. `resumed`
    says whether a second run reached the goal: else `failure` is what it raised, or `missed` what differs from the goal.
    `statement` is the one that was not run any more, None after the last; `done` are those that were.
    """

    at: int
    of: int
    kind: str
    within: bool
    state: str
    resumed: bool
    statement: Statement | None = None
    done: tuple[Statement, ...] = field(default=(), repr=False)
    heads: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    failure: Failure | None = None
    missed: tuple[str, ...] = ()

    @property
    def survived(self) -> bool:
        return self.state != BETWEEN and self.resumed

    def observation(self) -> dict[str, Json]:
        """As JSON."""
        seen: dict[str, Json] = {
            "statement": self.at,
            "kind": self.kind,
            "within": self.within,
            "survived": self.survived,
            "state": self.state,
            "resumed": self.resumed,
            "difference": [*(self.left or self.missed)],
        }
        if self.failure is not None:
            seen["error"] = {"kind": self.failure.kind, "sqlstate": self.failure.sqlstate, "message": self.failure.message}
        return seen


@dataclass(frozen=True, slots=True)
class Crashes:
    """The deaths of a step in one direction, "upgrade" or "downgrade", which sends `statements` statements."""

    direction: str
    statements: int
    deaths: tuple[Died, ...]
    kinds: tuple[str, ...]

    def observations(self) -> Mapping[str, Json]:
        return {
            "direction": self.direction,
            "places": self.statements + 1,
            "tried": [*sorted({each.at for each in self.deaths})],
            "kinds": [*self.kinds],
            "survived": sum(each.survived for each in self.deaths),
            "deaths": [each.observation() for each in self.deaths],
        }

    def timing(self) -> Mapping[str, Json]:
        return {}


@dataclass(frozen=True, slots=True)
class Race:
    """Two runs of one step at once: one stood before its statement `at` while the other one came as far as it could.

    `ends` is what became of each: "done", "nothing to do", or the class and SQLSTATE of what it raised. `missed` is what
    differs from where one undisturbed run leads.
    """

    at: int
    ends: tuple[str, str]
    heads: tuple[str, ...]
    missed: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        return not self.missed and any(each in ("done", "nothing to do") for each in self.ends)

    def observation(self) -> dict[str, Json]:
        """As JSON."""
        return {"statement": self.at, "ends": [*self.ends], "clean": self.clean, "difference": [*self.missed]}


@dataclass(frozen=True, slots=True)
class Races:
    """Two runners at once, at several moments of the step; and what became of it when it met a lock and was run again."""

    direction: str
    statements: int
    races: tuple[Race, ...]
    retries: tuple[Died, ...] = ()

    def observations(self) -> Mapping[str, Json]:
        return {
            "direction": self.direction,
            "places": self.statements + 1,
            "races": [each.observation() for each in self.races],
            "retries": [each.observation() for each in self.retries],
        }

    def timing(self) -> Mapping[str, Json]:
        return {}


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A committed write that is `lost`, or else doubled. `at` is the statement before which it was made, 0 for any moment."""

    table: str
    subject: str
    at: int
    lost: bool

    def observation(self) -> dict[str, Json]:
        """As JSON."""
        return {"table": self.table, "statement": self.at, "how": "lost" if self.lost else "doubled"}


@dataclass(frozen=True, slots=True)
class Traffic:
    """A workload beside the step.

    `tables` are those that were written to and read. `committed` counts writes at stops of the step that went through, `waited`
    those that its locks held up, `refused` maps the SQLSTATE of those that failed to their number. `measured` is what the
    workload met that ran freely: calls, errors, the longest wait in seconds.
    """

    direction: str
    statements: int
    tables: tuple[str, ...]
    committed: int
    waited: int
    refused: Mapping[str, int]
    spoiled: tuple[Spoiled, ...]
    measured: Mapping[str, Json] = field(default_factory=dict)

    def observations(self) -> Mapping[str, Json]:
        return {
            "direction": self.direction,
            "tables": [*self.tables],
            "committed": self.committed,
            "waited": self.waited,
            "refused": dict(self.refused),
            "spoiled": [each.observation() for each in self.spoiled],
        }

    def timing(self) -> Mapping[str, Json]:
        return {"traffic": dict(self.measured)}

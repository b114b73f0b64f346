"""A check is data and one pure function from a Transition to evidence; a finding is that evidence, addressed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from migration_checks.snapshot import Json
from migration_checks.transition import Leg, Transition


class Severity(IntEnum):
    """How much a finding weighs; the order is the order of `--fail-on`."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check saw: the smallest true subject, one sentence, and the facts behind it as JSON.

    `severity` overrides the check's own where the case is milder (run-time values only, say).
    """

    subject: str
    message: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A rule. `effect` says what it means for production, `remedy` what to do; both are sentences for the manual."""

    id: str
    name: str
    severity: Severity
    title: str
    effect: str
    remedy: str
    examine: Callable[[Transition], Iterable[Evidence]]


@dataclass(frozen=True, slots=True)
class Location:
    """Where in the user's repository a finding points: a file, relative to the project where it can be, and a line."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's evidence at one revision and leg. `waiver` is the reason it was waived for, None when it stands.

    `also_at` lists "leg revision" of lower places where the same residue was seen again.
    """

    check: str
    name: str
    severity: Severity
    revision: str
    leg: Leg
    subject: str
    message: str
    evidence: Mapping[str, Json] = field(default_factory=dict)
    location: Location | None = None
    waiver: str | None = None
    also_at: tuple[str, ...] = ()

"""What the checks say of single legs, before anything is folded: values that several processes' walks are put together from."""

from __future__ import annotations

from dataclasses import dataclass

from migration_checks.check import Finding
from migration_checks.transition import Leg


@dataclass(frozen=True, slots=True)
class Look:
    """What the checks say of one leg: in `said` a finding for each evidence.

    `before` and `after` are the heads where it began and ended. `barred` says that the walk cannot go down through the
    revision, for an upgrade fails on its rows, or its downgrade does not lead back. `ailing` are, for an ASCEND, the
    constraints that stand unvalidated after it.
    """

    leg: Leg
    revision: str
    before: frozenset[str]
    after: frozenset[str]
    failed: bool = False
    barred: bool = False
    ailing: frozenset[str] = frozenset()
    said: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Which share of a walk a report holds: part `number` of `of`, from 1 on, and its `looks`, one for each of its steps.

    `shown` are the ids of the checks that the run was asked for. The last part holds the way down and the leap.
    """

    number: int
    of: int
    shown: tuple[str, ...]
    looks: tuple[Look, ...]

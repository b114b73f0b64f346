"""Every check, in the order of the ids: a rule is data, and one pure function from a Transition to evidence."""

from __future__ import annotations

from collections.abc import Mapping

from migration_checks.check import Check
from migration_checks.checks.data import DATA
from migration_checks.checks.dying import DYING
from migration_checks.checks.growing import GROWING
from migration_checks.checks.invariants import INVARIANTS
from migration_checks.checks.locks import LOCKS
from migration_checks.checks.queueing import QUEUEING
from migration_checks.checks.running import RUNNING
from migration_checks.checks.schema import SCHEMA
from migration_checks.checks.seeding import SEEDING
from migration_checks.checks.sequences import SEQUENCES
from migration_checks.checks.skew import SKEW

_GROUPS = (RUNNING, SCHEMA, DATA, INVARIANTS, SEQUENCES, LOCKS, GROWING, QUEUEING, DYING, SKEW, SEEDING)

CHECKS: tuple[Check, ...] = tuple(sorted((check for group in _GROUPS for check in group), key=lambda check: check.id))

by_id: Mapping[str, Check] = {check.id: check for check in CHECKS}

"""What the skew trial saw, as values: statements that one version of the schema accepts and the other one refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migration_checks.snapshot import Json

ROLLING, ROLLBACK, AHEAD = "old code on the new schema", "old code after the rollback", "new code on the old schema"
"""A rolling deployment; a rollback of code and schema; a rollback of the schema while the new code still runs."""

SELECT, FIND, INSERT, UPDATE, DELETE, CONTRACT = "select", "find", "insert", "update", "delete", "contract"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One statement that was accepted where it comes from, and is refused in the other place (`direction`).

    `subject` is the smallest thing that it fails on: schema.table.column, a constraint, a table, or a contract's name.
    `typed` marks a statement that only drivers send which name the type of each parameter.
    """

    direction: str
    what: str
    subject: str
    sql: str
    sqlstate: str | None
    error: str
    typed: bool = False

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What makes two refusals the same one, wherever and with whichever row they were met."""
        return (self.what, self.subject, self.sqlstate)


@dataclass(frozen=True, slots=True)
class SkewEvidence:
    """Statements of one version of the application on the schema of the other; `tried` counts them by direction.

    Only statements count that the schema accepted which they come from.
    """

    tried: Mapping[str, int] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()

    def observations(self) -> Mapping[str, Json]:
        return {"tried": dict(self.tried), "statements": [_statement(each) for each in self.refusals]}

    def timing(self) -> Mapping[str, Json]:
        return {}


def _statement(refusal: Refusal) -> dict[str, Json]:
    return {
        "sql": refusal.sql,
        "what": refusal.what,
        "subject": refusal.subject,
        "accepted_before": True,
        "error": refusal.error,
        "sqlstate": refusal.sqlstate,
        "direction": refusal.direction,
        "typed": refusal.typed,
    }

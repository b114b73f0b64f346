"""What was observed of a leg, for the report: what is the same in every run, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from migration_checks.budgets import Budgets
from migration_checks.observers.facts import ForeignKey, Hold, Lock, Observed, Relation, Rewrite
from migration_checks.observers.holds import gathered
from migration_checks.observers.modes import BLOCKS
from migration_checks.report import relative
from migration_checks.snapshot import Json

MOST = 200
"""Statements that are listed; what the others did is still part of findings."""


@dataclass(frozen=True, slots=True)
class LocksEvidence:
    """A leg under observation. `statements` are all that were looked at, one by one, `count` is how many there were.

    `relations` are those that a statement touched, by name. `upkeep` has (kind, name, problem, whether this step left it).
    `temp_bytes` is what temporary files came to, `unseen` says why some statements could not be looked at ("" when all were).
    """

    statements: tuple[Observed, ...]
    count: int
    relations: Mapping[str, Relation]
    holds: tuple[Hold, ...]
    keys: tuple[ForeignKey, ...]
    upkeep: tuple[tuple[str, str, str, bool], ...]
    temp_bytes: int
    budgets: Budgets
    root: Path
    unseen: str = ""

    def observations(self) -> Mapping[str, Json]:
        """Statements with locks, rewrites, scans and rows; relations; what needs care afterwards."""
        listed = gathered(self.statements)
        left_out = self.count - sum(each.times for each in listed[:MOST])
        found: dict[str, Json] = {
            "statements": [self._statement(each) for each in listed[:MOST]],
            "relations": [_relation(each) for each in self._shown()],
            "foreign_keys_unindexed": [*map(self._key, [key for key in self.keys if not key.indexed][:MOST])],
            "upkeep": [_upkeep(*each) for each in self.upkeep[:MOST]],
        }
        extra: dict[str, Json] = {"left_out": left_out, "unseen": self.unseen}
        return found | {name: value for name, value in extra.items() if value}

    def timing(self) -> Mapping[str, Json]:
        """Times, bytes and sizes, in the same order as the observations."""
        return {
            "statements": [_measured(each) for each in gathered(self.statements)[:MOST]],
            "relations": [
                {
                    "name": each.name,
                    "size_before": each.size_before,
                    "size_after": each.size_after,
                    "dead_rows": each.dead_rows,
                }
                for each in self._shown()
            ],
            "temp_bytes": self.temp_bytes,
        }

    def place(self, statement: Observed) -> tuple[str | None, int | None]:
        """Where in the project a statement was sent from."""
        return (None if statement.path is None else relative(statement.path, self.root)), statement.line

    def _shown(self) -> list[Relation]:
        names = {key.table for key in self.keys if not key.indexed}
        for each in self.statements:
            names |= {lock.relation for lock in each.locks} | {scan.relation for scan in each.scans} | each.changed.keys()
        return [
            each for name, each in sorted(self.relations.items()) if name in names and each.kind not in ("index", "sequence")
        ]

    def _key(self, key: ForeignKey) -> dict[str, Json]:
        table = self.relations.get(key.table)
        return {
            "name": key.name,
            "table": key.table,
            "columns": [*key.columns],
            "referenced": key.referenced,
            "new": key.new,
            "rows": table.rows if table else None,
        }

    def _statement(self, each: Observed) -> dict[str, Json]:
        path, line = self.place(each)
        found: dict[str, Json] = {
            "sql": each.sql,
            "path": path,
            "line": line,
            "transaction": each.transaction,
            "autocommit": each.autocommit,
            "rows": each.rows,
            "locks": [_lock(lock) for lock in each.locks],
            "rewrites": [_rewrite(one) for one in each.rewrites],
            "scans": [{"relation": scan.relation, "rows": scan.rows, "under": scan.under} for scan in each.scans],
            "changed": {
                name: {"inserted": rows.inserted, "updated": rows.updated, "deleted": rows.deleted}
                for name, rows in each.changed.items()
            },
        }
        extra: dict[str, Json] = {"times": each.times if each.times > 1 else None, "looked": None if each.looked else False}
        return found | {name: value for name, value in extra.items() if value is not None}


def _lock(lock: Lock) -> dict[str, Json]:
    return {
        "relation": lock.relation,
        "kind": lock.kind,
        "mode": lock.mode,
        "blocks": BLOCKS[lock.mode],
        "new": lock.new,
        "sources": [*lock.sources],
    }


def _rewrite(one: Rewrite) -> dict[str, Json]:
    found: dict[str, Json] = {"relation": one.relation, "kind": one.kind, "reason": one.reason, "sources": [*one.sources]}
    return found | ({"table": one.table} if one.table else {})


def _measured(each: Observed) -> dict[str, Json]:
    found: dict[str, Json] = {
        "began": round(each.began, 6),
        "seconds": round(each.seconds, 6),
        "held_until": round(each.held_until, 6),
        "wal_bytes": each.wal_bytes,
    }
    return found | ({"glimpsed": list(each.glimpsed)} if each.glimpsed else {})


def _relation(each: Relation) -> dict[str, Json]:
    return {
        "name": each.name,
        "kind": each.kind,
        "rows": each.rows,
        "production_rows": each.production,
        "new": not each.existed,
    }


def _upkeep(kind: str, name: str, problem: str, new: bool) -> dict[str, Json]:
    return {"kind": kind, "name": name, "problem": problem, "new": new}

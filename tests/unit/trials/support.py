"""A bed without a server: what a trial of one revision has at hand, as values."""

from __future__ import annotations

from typing import Any

from migration_checks.graph import Revision
from migration_checks.transition import Leg, Statement
from migration_checks.trials.lab import Bed
from tests.transitions import ascend, undo


def bed(*sqls: str, **more: Any) -> Bed:
    """A bed whose upgrade sent `sqls`; there is neither bench nor server, which no decision may need."""
    up = more.pop("ascend", None) or ascend(statements=statements(*sqls), location=("/p/b.py", 5))
    down = more.pop("undo", undo(location=("/p/b.py", 9)))
    told: list[tuple[str, Leg]] = more.pop("told", [])
    return Bed(
        Revision("b", ("a",)), "postgresql:///below", more.pop("bench", None), more.pop("databases", None), up, down,
        lambda revision, leg: told.append((revision, leg)), **more,
    )  # fmt: skip


def statements(*sqls: str) -> tuple[Statement, ...]:
    return tuple(Statement(sql) for sql in sqls)

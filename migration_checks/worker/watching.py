"""Looks at a step's session after each statement of its script, on the same connection, without the script's noticing.

What is looked at is a function in the toolkit's own schema (migration_checks/observers/look.sql), which names nothing that
a script can redefine, takes no lock that another statement could meet, writes nothing and is never prepared under a name.
"""

from __future__ import annotations

import re
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from migration_checks.worker.looking import Unseen, look, server_process
from migration_checks.worker.queueing import Queueing
from migration_checks.worker.statements import Recorder
from migration_checks.worker.wire import Message

MOST_TEXT = 16_000_000
"""What all looks of a step may come to, in characters."""

# These touch no relation; and SET TRANSACTION is refused once any query, also one of ours, has run in a transaction.
_QUIET = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(?:set\s+(?!constraints)|reset|show|begin|start|savepoint|release|rollback|abort|commit|end|discard|deallocate|"
    r"listen|unlisten|notify)\b",
    re.IGNORECASE | re.DOTALL,
)


class Watch:
    """While on, keeps what each look showed, and when transactions ended. Times are seconds since the step began.

    The time that looking takes is no part of them: a lock is held as long as it would be without us.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._on = False
        self._queueing = Queueing()
        self._forget(0.0)

    def _forget(self, origin: float) -> None:
        self._origin = origin
        self._overhead = 0.0
        self._text = 0
        self._waited = 0.0
        self._seen: list[list[Any]] = []
        self._ends: list[float] = []
        self._why = ""

    def install(self) -> None:
        """Listen to every engine of this process; after the recorder, whose notes are read."""
        event.listen(sa.Engine, "before_cursor_execute", self._before)
        event.listen(sa.Engine, "after_cursor_execute", self._after)
        event.listen(sa.Engine, "commit", self._ended)
        event.listen(sa.Engine, "rollback", self._ended)

    def start(self, origin: float) -> None:
        """Watch a step that began at `origin` of time.perf_counter()."""
        self._forget(origin)
        self._on = True

    def stop(self) -> Message:
        """What was seen since `start`, as JSON under "watched"; nothing when nothing was watched.

        `seen` has [number of the statement, when it began, the same on the clock of time.perf_counter(), how long it
        waited for a processor, look or None], `ends` when transactions ended, `overhead` how long all looks took, `why` why
        the last one failed that did.
        """
        if not self._on:
            return {}
        self._on = False
        seen = {"seen": self._seen, "ends": self._ends, "overhead": self._overhead, "why": self._why}
        self._forget(0.0)
        return {"watched": seen}

    def _now(self) -> float:
        return time.perf_counter() - self._origin - self._overhead

    def _ended(self, connection: Any) -> None:
        if self._on:
            self._ends.append(self._now())

    def _before(self, connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        if self._on:
            self._waited = self._queueing.seconds(server_process(connection))

    def _after(self, connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        heard = getattr(context, "_migration_checks", None) if self._on else None
        if heard is None:
            return
        began = heard.started - self._origin - self._overhead
        waited = self._queueing.seconds(server_process(connection)) - self._waited
        looking = time.perf_counter()
        found = None if _QUIET.match(str(sql)) else self._look(connection)
        self._overhead += time.perf_counter() - looking
        self._seen.append([self._recorder.count - 1, began, heard.started, waited, found])

    def _look(self, connection: Any) -> str | None:
        if self._text >= MOST_TEXT:
            self._why = "it sent so much that looking after each statement was given up"
            return None
        try:
            found = look(connection)
        except Unseen as unseen:
            self._why = str(unseen)
            return None
        self._text += len(found)
        return found

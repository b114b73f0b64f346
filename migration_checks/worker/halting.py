"""Stops a step at some of its statements, until the toolkit says that it may go on, or kills it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from migration_checks.worker.statements import Recorder
from migration_checks.worker.wire import Message


class Halt:
    """Answers {"stopped": k} before the k-th statement of a step, and takes the order to go on."""

    def __init__(self, recorder: Recorder, take: Callable[[], Message], reply: Callable[[Message], None]) -> None:
        self._recorder, self._take, self._reply = recorder, take, reply
        self._places: frozenset[int] = frozenset()
        event.listen(sa.Engine, "before_cursor_execute", self._before)  # heard after the recorder, which counts

    def arm(self, places: Iterable[int]) -> None:
        """Stop the next step before the statements of these numbers."""
        self._places = frozenset(places)

    def over(self) -> None:
        """The script is over: stop where that is one of the places."""
        self._reach(self._recorder.count + 1)

    def _before(self, *_: Any) -> None:
        if self._places and self._recorder.is_recording:
            self._reach(self._recorder.count)

    def _reach(self, place: int) -> None:
        if place in self._places:
            self._places -= {place}
            self._reply({"stopped": place})
            self._take()

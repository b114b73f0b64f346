"""Stops a step at one of its statements, until the toolkit says that it may go on, or kills it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from migration_checks.worker.statements import Recorder
from migration_checks.worker.wire import Message


class Halt:
    """Answers {"stopped": k} before the k-th statement of a step, and takes the order to go on."""

    def __init__(self, recorder: Recorder, take: Callable[[], Message], reply: Callable[[Message], None]) -> None:
        self._recorder, self._take, self._reply = recorder, take, reply
        self._at: int | None = None
        event.listen(sa.Engine, "before_cursor_execute", self._before)  # heard after the recorder, which counts

    def arm(self, at: int | None) -> None:
        """Stop the next step before its statement number `at`; None: not at all."""
        self._at = at

    def over(self) -> None:
        """The script is over: stop where that is the place."""
        if self._at == self._recorder.count + 1:
            self._stop()

    def _before(self, *_: Any) -> None:
        if self._at is not None and self._recorder.is_recording and self._recorder.count == self._at:
            self._stop()

    def _stop(self) -> None:
        at, self._at = self._at, None
        self._reply({"stopped": at})
        self._take()

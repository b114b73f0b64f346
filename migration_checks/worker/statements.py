"""Hears the SQL that revision scripts send through SQLAlchemy, and knows which line of which script sent it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from migration_checks.transition import Statement

MOST_STATEMENTS = 5_000
MOST_TEXT = 10_000
MOST_TEXT_IN_ALL = 4_000_000


class Places:
    """The revision scripts and the folder around them: which frame of a stack is the project's own."""

    def __init__(self, scripts: Iterable[str], folder: str) -> None:
        self._scripts = frozenset(os.path.realpath(each) for each in scripts)
        self._folder = os.path.realpath(folder) + os.sep
        self._known: dict[str, int] = {}

    def _rank(self, path: str) -> int:
        """2 for a revision script, 1 for another file of the script folder, 0 for the rest."""
        if path not in self._known:
            real = os.path.realpath(path)
            self._known[path] = 2 if real in self._scripts else 1 if real.startswith(self._folder) else 0
        return self._known[path]

    def innermost(self, frame: FrameType | None) -> tuple[str, int] | None:
        """The innermost frame in a revision script, else in the script folder, from `frame` outward."""
        found = None
        while frame is not None:
            rank = self._rank(frame.f_code.co_filename)
            if rank == 2:
                return frame.f_code.co_filename, frame.f_lineno
            if rank and found is None:
                found = (frame.f_code.co_filename, frame.f_lineno)
            frame = frame.f_back
        return found

    def last(self, traceback: TracebackType | None) -> tuple[str, int] | None:
        """The last frame of a traceback in a revision script, else in the script folder; env.py is everybody's, not a place."""
        found: dict[int, tuple[str, int]] = {}
        for each in _frames(traceback):
            path = each.tb_frame.f_code.co_filename
            if os.path.basename(path) != "env.py":
                found[self._rank(path)] = (path, each.tb_lineno)
        return found.get(2) or found.get(1)


def _frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


class Recorder:
    """Records statements while `recording`; `count` is exact, `statements` bounded in number and size.

    Alembic's own bookkeeping runs outside of the migration functions, so it is never heard.
    `first_error` is the first that the server had for one of them, and the place of that statement, caught or not.
    `strangers` counts statements outside of migration functions that Alembic did not send: env.py's own.
    """

    def __init__(self, alembic_folder: str) -> None:
        self.places = Places((), os.devnull)
        self.strangers = 0
        self._alembic = str(Path(alembic_folder)) + os.sep
        self._depth = 0
        self.clear()

    def clear(self) -> None:
        """Forget what was heard."""
        self.count = 0
        self.first_error: tuple[BaseException, tuple[str, int] | None] | None = None
        self._text = 0
        self._heard: list[_Heard] = []

    def install(self) -> None:
        """Listen to every engine of this process."""
        event.listen(sa.Engine, "before_cursor_execute", self._before)
        event.listen(sa.Engine, "after_cursor_execute", self._after)
        event.listen(sa.Engine, "handle_error", self._failed)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """A migration function runs."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    @property
    def is_recording(self) -> bool:
        return self._depth > 0

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(each.statement() for each in self._heard)

    def _before(self, connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        if not self._depth:
            self.strangers += not self._sent_by_alembic()
            return
        self.count += 1
        if self.count > MOST_STATEMENTS or self._text > MOST_TEXT_IN_ALL:
            return
        place = self.places.innermost(sys._getframe(1))
        heard = _Heard(str(sql)[:MOST_TEXT], place, is_autocommit(connection), len(parameters) if many else None)
        self._text += len(heard.sql)
        self._heard.append(heard)
        if context is not None:
            context._migration_checks = heard
        heard.started = time.perf_counter()

    def _after(self, connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        heard: _Heard | None = getattr(context, "_migration_checks", None)
        if heard is not None:
            heard.seconds = time.perf_counter() - heard.started
            heard.rows = getattr(cursor, "rowcount", -1)

    def _failed(self, context: Any) -> None:
        """Remember the first error of a step, and where it was met: a script may catch it, and then fail of what follows."""
        if self._depth and self.first_error is None:
            heard: _Heard | None = getattr(context.execution_context, "_migration_checks", None)
            error = context.sqlalchemy_exception or context.original_exception
            self.first_error = error, heard.place if heard is not None else None

    def _sent_by_alembic(self) -> bool:
        """True when the nearest caller that is not SQLAlchemy is Alembic."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            path = frame.f_code.co_filename
            if f"{os.sep}sqlalchemy{os.sep}" not in path and not path.startswith("<"):
                return path.startswith(self._alembic)
            frame = frame.f_back
        return False


class _Heard:
    """A statement on its way."""

    __slots__ = ("autocommit", "many", "place", "rows", "seconds", "sql", "started")

    def __init__(self, sql: str, place: tuple[str, int] | None, autocommit: bool, many: int | None) -> None:
        self.sql = sql
        self.place = place
        self.autocommit = autocommit
        self.many = many
        self.started = 0.0
        self.seconds = 0.0
        self.rows = -1

    def statement(self) -> Statement:
        path, line = self.place or (None, None)
        notes = {} if self.many is None else {"executemany": self.many}
        return Statement(self.sql, self.seconds, self.rows, path, line, self.autocommit, notes)


def is_autocommit(connection: Any) -> bool:
    """True when a SQLAlchemy connection commits each statement by itself."""
    options = connection.get_execution_options()
    if "isolation_level" in options:
        return bool(options["isolation_level"] == "AUTOCOMMIT")
    # Set on the engine or by the driver's connect arguments: ask the driver's connection, which knows without a query.
    return bool(getattr(connection.connection.dbapi_connection, "autocommit", False))

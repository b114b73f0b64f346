"""Cutting a step short: where it stops, and what is done to it there."""

from __future__ import annotations

from typing import Protocol


class Interruption(Protocol):
    """What happens to a step at one of its statements.

    `at` is the number of a statement that its script sends through SQLAlchemy, from 1 on: the step stops before it. One more
    than there are stops it when the script is over, before Alembic writes the version.
    """

    @property
    def at(self) -> int: ...

    def stopped(self, worker: int) -> None:
        """Called while the step stands still; `worker` is the id of the process that runs it."""
        ...

    def under_way(self, worker: int) -> None:
        """Called once the step has been told to go on: its next statement is being run, or it has failed already."""
        ...

"""Cutting a step short: where it stops, and what is done to it there."""

from __future__ import annotations

from typing import Protocol


class Interruption(Protocol):
    """What happens to a step at some of its statements.

    `places` are numbers of statements that its script sends through SQLAlchemy, from 1 on: the step stops before each. One more
    than there are stops it when the script is over, before Alembic writes the version.
    """

    @property
    def places(self) -> tuple[int, ...]: ...

    def stopped(self, at: int, worker: int) -> None:
        """Called while the step stands still; `worker` is the id of the process that runs it."""
        ...

    def under_way(self, at: int, worker: int) -> None:
        """Called once the step has been told to go on: its next statement is being run, or it has failed already."""
        ...

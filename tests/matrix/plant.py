"""One planted fault as data: the statements that build it, carry it up and down, and what they are where the fault strikes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where a fault strikes: the upgrade, the downgrade, or every upgrade but the first."""

    UP = "upgrade"
    DOWN = "downgrade"
    AGAIN = "second upgrade"


@dataclass(frozen=True)
class Plant:
    """What belongs to one fault. All that it creates has a name that begins with `token`, by which findings are told apart.

    `create` and `drop` are run by the first revision, `up` and `down` by the second one; both are healthy. `up_bad`,
    `down_bad` and `again_bad` take the place of `up`, `down`, and `up` where it is not run for the first time.
    """

    token: str
    create: tuple[str, ...]
    drop: tuple[str, ...]
    up: tuple[str, ...]
    down: tuple[str, ...]
    up_bad: tuple[str, ...] | None = None
    down_bad: tuple[str, ...] | None = None
    again_bad: tuple[str, ...] | None = None

    def bad(self, place: Place) -> tuple[str, ...] | None:
        """The faulty statements of a place, None where the fault cannot strike there."""
        return {Place.UP: self.up_bad, Place.DOWN: self.down_bad, Place.AGAIN: self.again_bad}[place]

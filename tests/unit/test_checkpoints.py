"""Which copy a walk goes back to, and which copies are kept."""

from __future__ import annotations

from typing import Any

import pytest

from migration_checks import checkpoints
from migration_checks.checkpoints import Checkpoints
from migration_checks.snapshot import Snapshot

LOOK = Snapshot(frozenset(), {}, {})


class Server:
    """Stands in for the databases of a run, which are outside: names of copies, roles that scripts made."""

    def __init__(self) -> None:
        self.alive: list[str] = []
        self.roles: frozenset[str] = frozenset()
        self.dependent: frozenset[str] = frozenset()

    def copy(self, url: str, label: str, by: Any = None) -> str:
        self.alive.append(f"{url}'")
        return self.alive[-1]

    def drop(self, url: str) -> None:
        self.alive.remove(url)

    def made_roles(self) -> frozenset[str]:
        return self.roles

    def depends_on_roles(self, url: str, roles: frozenset[str]) -> bool:
        return bool(roles & self.dependent)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def kept(server: Server) -> Checkpoints:
    stand_in: Any = server
    made = Checkpoints(stand_in, lambda: "fresh")
    made.keep("start", frozenset(), LOOK)
    return made


def test_the_nearest_copy_below(kept: Checkpoints) -> None:
    """A copy beside the place leads nowhere."""
    for applied in ("a", "ab", "abc", "axy"):
        kept.keep(applied, frozenset(applied), LOOK)

    assert kept.below(frozenset("abd")).url == "ab'"
    assert kept.below(frozenset("z")).url == "start'"
    assert (found := kept.exact(frozenset("abc"))) is not None
    assert found.url == "abc'"
    assert kept.exact(frozenset("q")) is None


def test_the_start_is_never_given_up(kept: Checkpoints, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the oldest of the others goes."""
    monkeypatch.setattr(checkpoints, "LIMIT", 3)
    for applied in ("a", "ab", "abc"):
        kept.keep(applied, frozenset(applied), LOOK)

    assert server.alive == ["start'", "ab'", "abc'"]
    assert kept.release_all_but_start().url == "start'"
    assert server.alive == ["start'"]


def test_no_copy_holds_a_role_that_a_script_made(kept: Checkpoints, server: Server) -> None:
    """It would keep a downgrade from dropping the role; one that nothing belongs to does no harm."""
    server.roles = frozenset({"reader"})
    kept.keep("a", frozenset("a"), LOOK)
    server.dependent = frozenset({"reader"})
    kept.keep("ab", frozenset("ab"), LOOK)

    assert server.alive == ["start'", "a'"]


def test_a_copy_whose_role_is_gone(kept: Checkpoints, server: Server) -> None:
    """What is walked again from there would name a role that is not there."""
    server.roles = frozenset({"reader"})
    kept.keep("a", frozenset("a"), LOOK)
    server.roles = frozenset()

    assert kept.below(frozenset("ab")).url == "start'"


def test_a_start_that_needs_no_copy(server: Server) -> None:
    """Any fresh database is there; nothing is copied, nor dropped."""
    stand_in: Any = server
    made = Checkpoints(stand_in, lambda: "fresh")
    server.roles = frozenset({"reader"})
    made.begin_fresh(LOOK)
    made.keep("a", frozenset("a"), LOOK)

    start = made.below(frozenset("b"))
    assert (start.url, start.snapshot, start.roles) == (None, LOOK, frozenset({"reader"}))
    assert made.again(start, "leap") == "fresh"
    assert made.again(made.below(frozenset("ab")), "walk") == "a''"
    assert made.release_all_but_start() is start
    assert server.alive == ["a''"]

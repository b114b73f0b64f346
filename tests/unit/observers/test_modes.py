"""The table of lock conflicts is PostgreSQL's."""

from __future__ import annotations

import pytest

from migration_checks.observers.modes import BLOCKS, CONFLICTS, MODES, blocks_reads, blocks_writes, mode_named, strongest


def test_conflicts_are_mutual() -> None:
    """Two modes exclude each other, or neither the other."""
    assert all((one in CONFLICTS[other]) == (other in CONFLICTS[one]) for one in MODES for other in MODES)


def test_how_many_modes_each_excludes() -> None:
    """The marks in each row of table 13.2 of the manual."""
    assert [1, 2, 4, 5, 5, 6, 7, 8] == [len(CONFLICTS[mode]) for mode in MODES]


def test_which_modes_exclude_themselves() -> None:
    """SHARE does not, although weaker ones do."""
    own = ["SHARE UPDATE EXCLUSIVE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"]

    assert own == [mode for mode in MODES if mode in CONFLICTS[mode]]


def test_what_readers_and_writers_wait_for() -> None:
    """Readers for the strongest only, writers from SHARE on."""
    assert ["ACCESS EXCLUSIVE"] == [mode for mode in MODES if blocks_reads(mode)]
    assert ["SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"] == [mode for mode in MODES if blocks_writes(mode)]


@pytest.mark.parametrize("mode", MODES)
def test_words(mode: str) -> None:
    """Every mode has its name in pg_locks, and says what it blocks."""
    name = "".join(word.title() for word in mode.split()) + "Lock"

    assert mode == mode_named(name)
    told = BLOCKS[mode]
    assert blocks_writes(mode) == ("everything" in told or ("writes" in told and "no writes" not in told))


def test_the_strongest() -> None:
    """None of nothing."""
    assert strongest([]) is None
    assert "EXCLUSIVE" == strongest(["EXCLUSIVE", "SHARE", "ROW EXCLUSIVE"])

"""What answers of a tool to two twins come to, and how that is written and read again."""

from __future__ import annotations

import json

import pytest

from benchmarks.verdicts import (
    ALIKE,
    CANNOT,
    FINDS,
    NOISY,
    SILENT,
    Answer,
    Pair,
    Remark,
    Told,
    document,
    markdown,
    one_line,
    read,
)

NOTHING = Answer()
LOCKS, TYPES = Remark("locks", "blocks\u00a0writes"), Remark("types")
TOOL = Told(
    "hound",
    "1.2",
    "finds locks",
    {
        "MC1_a": Pair(Answer((LOCKS,)), NOTHING),
        "MC2_b": Pair(NOTHING, NOTHING),
        "MC3_c": Pair(Answer(trouble="no SQL"), NOTHING),
    },
)
ABSENT = Told("ghost", "", "", {}, "it is not there")


@pytest.mark.parametrize(
    ("fault", "remedy", "verdict"),
    [
        (Answer((LOCKS,)), NOTHING, FINDS),
        (Answer((LOCKS, TYPES)), Answer((TYPES,)), NOISY),
        (Answer((TYPES, TYPES)), Answer((TYPES,)), NOISY),
        (Answer((TYPES,)), Answer((TYPES,)), ALIKE),
        (NOTHING, Answer((TYPES,)), ALIKE),
        (NOTHING, NOTHING, SILENT),
        (Answer((LOCKS,), "cut off"), NOTHING, CANNOT),
        (Answer((LOCKS,)), Answer(trouble="cut off"), CANNOT),
    ],
)
def test_a_fault_is_found_by_what_is_not_said_of_the_remedy(fault: Answer, remedy: Answer, verdict: str) -> None:
    """A rule must speak more often of the fault; what could not run on one of the twins was not compared."""
    assert verdict == Pair(fault, remedy).verdict


def test_the_words_of_a_rule_do_not_matter() -> None:
    """A message may name paths or times, which differ between twins that are judged alike."""
    assert ALIKE == Pair(Answer((Remark("types", "/tmp/a"),)), Answer((Remark("types", "/tmp/b"),))).verdict


def test_the_tables_show_totals_and_every_chain() -> None:
    """A tool that did not run stands below, with the reason, and in neither table."""
    text = markdown([TOOL, ABSENT])

    assert "| hound 1.2 | 3 | 1 | 0 | 0 | 1 | 1 |" in text
    assert "| `MC1_a` | finds |" in text
    assert "| `MC3_c` | cannot |" in text
    assert text.endswith("- ghost was not run: it is not there\n")
    assert "ghost" not in text.partition("- ghost")[0]


def test_a_chain_that_one_tool_was_not_asked_for() -> None:
    """Its cell is empty, and columns stay where they are."""
    other = Told("cat", "3", "", {"MC1_a": Pair(NOTHING, NOTHING)})

    assert "| `MC2_b` | – |  |" in markdown([TOOL, other])


def test_a_document_is_read_as_it_was_written() -> None:
    """Nothing is lost, and verdicts stand beside what they came from."""
    text = document([TOOL, ABSENT], {"python": "3.14"})

    assert {"hound": TOOL, "ghost": ABSENT} == read(text)
    assert "cannot run" == json.loads(text)["tools"][0]["pairs"]["MC3_c"]["verdict"]


def test_one_line_of_many() -> None:
    """The first that says something, cut."""
    assert "a b" == one_line("\n   \n a \t b \n c")
    assert "aaa" == one_line("aaaaaa", 3)
    assert "" == one_line("")

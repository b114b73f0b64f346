"""Values are shown, never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.renderers.escape import HIDDEN, lines, shown, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, ünïcode, 日本 and 😀", "plain, ünïcode, 日本 and 😀"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("‮evil", "\\u202eevil"),
        ("zero​width", "zero\\u200bwidth"),
        ("\U000e0041tag", "\\U000e0041tag"),
        ("\ud800", "\\ud800"),
        ("\x9b31m", "\\x9b31m"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("a\u0301e\u0323\u0302", "a\u0301e\u0323\u0302"),
        ("z" + "\u0301" * 6, "z" + "\u0301" * 4 + "\\u0301\\u0301"),
    ],
)
def test_hidden_characters_are_spelled_out(text: str, expected: str) -> None:
    """Controls, marks of direction, zero-width characters, tags and surrogates; text that can be seen stays."""
    assert visible(text) == expected


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    """Whatever the text, the result is one line of characters that have a shape, and fit into UTF-8."""
    assert not {unicodedata.category(character) for character in visible(text)} & HIDDEN
    assert visible(text).encode().decode() == visible(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "NULL"),
        ("NULL", "'NULL'"),
        ("", "''"),
        ("a\\nb", "'a\\\\nb'"),
        ("a\nb", "'a\\nb'"),
        (True, "true"),
        (1.5, "1.5"),
        ([1, None], "1, NULL"),
        ({"id": "7", "b": None}, "id='7', b=NULL"),
    ],
)
def test_values_keep_apart(value: object, expected: str) -> None:
    """NULL is not 'NULL', nothing is not '', and a line end is not a backslash with an n."""
    assert shown(value) == expected  # type: ignore[arg-type]


def test_long_values_are_cut() -> None:
    """The beginning, and how many characters there were."""
    assert shown("x" * 1000, 10) == "'xxxxxxxxxx…' (1,000 characters)"


def test_messages_keep_their_lines() -> None:
    """A message of several lines stays one, without its blank ones."""
    assert lines("a\n\n  b\x1b  \n") == ["a", "  b\\x1b"]

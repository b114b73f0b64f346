"""Makes text from databases and scripts safe to show: what cannot be seen, or would act on a terminal, is spelled out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from migration_checks.snapshot import Json

# Controls and line ends, formats (bidirectional marks, zero-width characters, tags), surrogates, private and unassigned:
# what a terminal obeys, what reorders or hides its neighbours, and what has no shape to show.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
PILED = frozenset({"Mn", "Me"})
PILE = 4
"""Combining marks on one character; no script puts more there, and a pile of hundreds covers the lines around it."""
SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
WIDTH = 80


def visible(text: str) -> str:
    """`text` on one line, each hidden character as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(text))


def _visible(text: str) -> Iterator[str]:
    pile = 0
    for character in text:
        category = unicodedata.category(character)
        pile = pile + 1 if category in PILED else 0
        yield _escape(character) if category in HIDDEN or pile > PILE else character


def lines(text: str) -> list[str]:
    """The lines of `text`, each visible; a message of several sentences keeps its layout."""
    return [visible(line.rstrip()) for line in text.split("\n") if line.strip()]


def _escape(character: str) -> str:
    code = ord(character)
    return SHORT.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}")


def shown(value: Json, width: int = WIDTH, depth: int = 5) -> str:
    """A value as evidence shows it: NULL, a number, or quoted text in which a backslash is doubled to stay apart.

    What is nested deeper than `depth` is left out: a report may come from anywhere.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str):
        text = visible(value.replace("\\", "\\\\"))
        return f"'{text}'" if len(text) <= width else f"'{text[:width]}…' ({len(value):,} characters)"
    if depth == 0:
        return "…"
    if isinstance(value, list):
        return cut(", ".join(shown(each, width, depth - 1) for each in value), width * 2)
    parts = (f"{visible(str(key))}={shown(each, width, depth - 1)}" for key, each in value.items())
    return cut(", ".join(parts), width * 2)


def cut(text: str, width: int) -> str:
    """`text`, or its beginning and how many characters it has."""
    return text if len(text) <= width else f"{text[:width]}… ({len(text):,} characters)"

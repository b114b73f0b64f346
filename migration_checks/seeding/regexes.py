"""Writes words that a regular expression matches, for the simple ones that CHECK constraints hold."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from migration_checks.seeding.operators import python_pattern

_ESCAPES: Final = {"d": "0123456789", "w": "abcxyz059_", "s": " ", "D": "abc-", "W": "-.", "S": "abc09", "n": "\n", "t": "\t"}
_ANY: Final = "abcdefgh0123XYZ-"
_PRINTABLE: Final = "".join(map(chr, range(32, 127)))


class TooHard(Exception):
    """The pattern uses what this writer does not know."""


def words(pattern: str, random: Random, count: int) -> list[str]:
    """At most `count` different words that match `pattern`; none when it is too hard."""
    made: dict[str, None] = {}
    try:
        for _ in range(count * 3):
            word = _Writer(python_pattern(pattern), random).alternatives()
            if re.search(python_pattern(pattern), word):
                made[word] = None
            if len(made) == count:
                break
    except (TooHard, IndexError, re.error, ValueError):
        return []
    return list(made)


class _Writer:
    """Walks the pattern once and writes one word as it goes."""

    def __init__(self, pattern: str, random: Random) -> None:
        self.pattern = pattern
        self.random = random
        self.at = 0

    def alternatives(self) -> str:
        options = [self.branch()]
        while self.at < len(self.pattern) and self.pattern[self.at] == "|":
            self.at += 1
            options.append(self.branch())
        return self.random.choice(options)

    def branch(self) -> str:
        word = ""
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            start = self.at
            piece = self.atom()
            end = self.at
            low, high = self.repeats()
            after = self.at
            times = self.random.randint(low, high)
            for _ in range(times - 1):
                # Another turn may choose differently: read the same atom once more.
                self.at = start
                piece += self.atom()
                self.at = end
            self.at = after
            word += piece if times else ""
        return word

    def repeats(self) -> tuple[int, int]:
        if self.at >= len(self.pattern):
            return 1, 1
        low, high = 1, 1
        mark = self.pattern[self.at]
        if mark in "*+?":
            self.at += 1
            low, high = {"*": (0, 5), "+": (1, 6), "?": (0, 1)}[mark]
        elif mark == "{":
            end = self.pattern.index("}", self.at)
            first, comma, last = self.pattern[self.at + 1 : end].partition(",")
            low = int(first or 0)
            high = int(last) if last else low + 6 if comma else low
            self.at = end + 1
        else:
            return low, high
        if self.at < len(self.pattern) and self.pattern[self.at] == "?":
            self.at += 1
        return low, min(high, low + 40)

    def atom(self) -> str:
        mark = self.pattern[self.at]
        self.at += 1
        if mark == "(":
            return self.group()
        if mark == "[":
            return self.random.choice(self.members())
        if mark == "\\":
            return self.escaped()
        if mark == ".":
            return self.random.choice(_ANY)
        return "" if mark in "^$" else mark

    def group(self) -> str:
        if self.pattern.startswith("?", self.at):
            if not self.pattern.startswith("?:", self.at):
                raise TooHard(self.pattern)
            self.at += 2
        word = self.alternatives()
        self.at += 1
        return word

    def escaped(self) -> str:
        mark = self.pattern[self.at]
        self.at += 1
        if mark in _ESCAPES:
            return self.random.choice(_ESCAPES[mark])
        if mark in "bBAZmMyY":
            return ""
        if mark.isalnum():
            raise TooHard(mark)
        return mark

    def members(self) -> str:
        """The characters of a bracket expression."""
        inverted = self.pattern.startswith("^", self.at)
        self.at += inverted
        found = ""
        first = True
        while first or self.pattern[self.at] != "]":
            first = False
            mark = self.pattern[self.at]
            self.at += 1
            if mark == "\\":
                mark = self.pattern[self.at]
                self.at += 1
                if mark in _ESCAPES:
                    found += _ESCAPES[mark]
                    continue
            if self.pattern[self.at] == "-" and self.pattern[self.at + 1] != "]":
                found += "".join(map(chr, range(ord(mark), ord(self.pattern[self.at + 1]) + 1)))[:128]
                self.at += 2
            else:
                found += mark
        self.at += 1
        return "".join(char for char in _PRINTABLE if char not in found) if inverted else found

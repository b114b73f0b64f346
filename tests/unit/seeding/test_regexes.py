"""Words written for patterns."""

from __future__ import annotations

import re
from random import Random

import pytest

from migration_checks.seeding.regexes import words


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[a-z]+@x\.y$",
        r"^[A-Z]{2}\d{4}$",
        r"^(foo|bar)-[0-9a-f]{8}$",
        r"^[^/]+/[^/]+$",
        r"^\+?[0-9 ]{5,15}$",
        r"^(?:a|b)*c{2,}[.]?$",
        r"x",
        r"^[]a-]+$",
    ],
)
def test_words_match_their_pattern(pattern: str) -> None:
    """Every word matches, there are several where there can be, and the same chance writes the same words."""

    written = words(pattern, Random(1), 5)

    assert written == words(pattern, Random(1), 5)
    assert written
    assert all(re.search(pattern, word) for word in written)


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", "[", "a{"])
def test_patterns_that_are_too_hard_have_no_words(pattern: str) -> None:
    """Lookarounds, back references and broken patterns give nothing, and nothing wrong."""

    assert words(pattern, Random(1), 5) == []

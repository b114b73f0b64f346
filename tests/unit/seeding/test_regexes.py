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
        r"^.{2,4}$",
        r"^a+?b*?c??$",
        r"\Aab\Z",
        r"^[\d\-x]+$",
        r"^[\w]{3}$",
        r"^\$[0-9]{1,3}$",
    ],
)
def test_words_match_their_pattern(pattern: str) -> None:
    """Every word matches, there are several where there can be, and the same chance writes the same words."""

    written = words(pattern, Random(1), 5)

    assert written == words(pattern, Random(1), 5)
    assert written
    assert all(re.search(pattern, word) for word in written)


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", "[", "a{", "a{x}", "a)", "*", "\\", "[\\"])
def test_patterns_that_are_too_hard_have_no_words(pattern: str) -> None:
    """Lookarounds, back references and broken patterns give nothing, and nothing wrong."""

    assert words(pattern, Random(1), 5) == []


def test_named_classes_are_known() -> None:
    """Python has none of them."""
    written = words("^(?:[[:alpha:]]|[[:digit:]_]){4}$", Random(1), 20)

    assert len(written) == 20
    assert [word for word in written if not re.fullmatch("[A-Za-z0-9_]{4}", word)] == []

"""START:END as Alembic writes it, on a chain with two branches."""

from __future__ import annotations

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from migration_checks.errors import ConfigurationError, ToolkitError, UnknownRevision
from migration_checks.worker.ranges import resolve_range
from tests.projects import Script, make_project


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> ScriptDirectory:
    scripts = (
        Script("a1"),
        Script("b2", down="a1"),
        Script("c3", down="b2", labels=("left",)),
        Script("d4", down="b2", labels=("right",)),
        Script("e5aaaa", down="d4"),
    )
    return ScriptDirectory.from_config(Config(make_project(tmp_path_factory.mktemp("ranges"), scripts).config))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("", [], ["c3", "e5aaaa"]),
        (":", [], ["c3", "e5aaaa"]),
        ("heads", [], ["c3", "e5aaaa"]),
        (":heads", [], ["c3", "e5aaaa"]),
        ("base:heads", [], ["c3", "e5aaaa"]),
        ("b2", [], ["b2"]),
        ("a1:b2", ["a1"], ["b2"]),
        ("a1:e5aa", ["a1"], ["e5aaaa"]),
        ("b2:right@head", ["b2"], ["e5aaaa"]),
        ("-1:e5aaaa", ["d4"], ["e5aaaa"]),
        ("-2:e5aaaa", ["b2"], ["e5aaaa"]),
        ("e5aaaa-1:e5aaaa", ["d4"], ["e5aaaa"]),
        (":+2", [], ["b2"]),
        ("a1:a1", ["a1"], ["a1"]),
        ("base:base", [], []),
        (" a1 : b2 ".replace(" ", ""), ["a1"], ["b2"]),
    ],
)
def test_a_range_has_a_start_and_an_end(directory: ScriptDirectory, text: str, start: list[str], end: list[str]) -> None:
    """Ids, their beginnings, labels, heads, base and steps from either end."""
    found = resolve_range(directory, text)

    assert (start, end) == (sorted(found[0]), sorted(found[1]))


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("a1:b2:c3", ConfigurationError, "more than one colon"),
        ("head", ConfigurationError, "several heads"),
        ("nonesuch", UnknownRevision, "nonesuch"),
        ("nonesuch:b2", UnknownRevision, "nonesuch"),
        ("current:b2", ConfigurationError, "cannot name current"),
        ("a1:current", ConfigurationError, "cannot name current"),
        ("c3:e5aaaa", ConfigurationError, "c3 is not below its end"),
        ("b2:a1", ConfigurationError, "b2 is not below its end"),
        ("a1:base", ConfigurationError, "a1 is not below its end"),
        (":+9", ConfigurationError, ":\\+9"),
        ("-9:e5aaaa", ConfigurationError, "-9:e5aaaa"),
    ],
)
def test_what_is_no_range(directory: ScriptDirectory, text: str, kind: type[ToolkitError], says: str) -> None:
    """It is said what is wrong with it, and how one is written."""
    with pytest.raises(kind, match=says) as caught:
        resolve_range(directory, text)

    assert "START:END" in caught.value.remedy or "heads" in caught.value.remedy

"""Profiles as JSON: what is written is read again, what is not of the format is one sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_checks.errors import ConfigurationError
from migration_checks.profile import (
    Bucket,
    ColumnProfile,
    Common,
    NullGroup,
    NullPattern,
    Profile,
    Shape,
    TableProfile,
    from_json,
    read_file,
    to_json,
)
from tests.reports import answers

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "migration_checks" / "profile" / "profile.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

fractions = st.floats(0, 0.3).map(lambda value: round(value, 4))
names = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=8)
commons = st.lists(st.builds(Common, fractions, st.none() | names), max_size=2).map(tuple)
years = st.integers(1, 9998).map(lambda year: Shape("year", (Bucket(float(year), float(year + 1), 1.0),)))
steps = st.sampled_from([-5e17, -10.0, 0.0, 0.5, 2e6]).map(lambda low: Shape("number", (Bucket(low, low + 1e12, 0.5),)))


@st.composite
def columns(draw: st.DrawFn, name: str) -> ColumnProfile:
    fixed = draw(st.none() | st.integers(1, 10**12))
    share = draw(st.none() | fractions) if fixed is None else None
    shape = draw(st.none() | years | steps)
    return ColumnProfile(name, draw(names), draw(fractions), fixed, share, draw(st.integers(0, 2**30)), draw(commons), shape)


@st.composite
def tables(draw: st.DrawFn, name: str) -> TableProfile:
    known = draw(st.lists(names, unique=True, max_size=4))
    missing = draw(st.sampled_from([None, "never analyzed", "no privilege", "row security", "timeout"]))
    groups: tuple[NullGroup, ...] = ()
    if len(known) > 1:
        pattern = NullPattern(tuple(draw(st.lists(st.sampled_from(known), unique=True))), draw(fractions))
        groups = (NullGroup(tuple(known), (pattern,)),)
    return TableProfile(name, draw(st.integers(0, 10**12)), missing, tuple(draw(columns(each)) for each in known), groups)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    known = draw(st.lists(names, unique=True, max_size=3))
    return Profile("18.6", draw(st.booleans()), tuple(draw(tables(each)) for each in known))


@settings(max_examples=40, deadline=None)
@given(profiles())
def test_a_profile_is_read_as_it_was_written(profile: Profile) -> None:
    """Every value comes back, whatever its names, and the document is what the schema says."""
    text = to_json(profile)

    assert text.isascii()
    assert profile == from_json(text)
    VALIDATOR.validate(json.loads(text))


SAMPLE = Profile(
    "18.6",
    True,
    (
        TableProfile(
            "public.t",
            100,
            None,
            (
                ColumnProfile("a", "text", 0.5, 3, None, 8, (Common(0.3, "x"), Common(0.1)), None),
                ColumnProfile("b", "date", 0.5, None, 0.4, 4, (), Shape("year", (Bucket(2020.0, 2021.0, 1.0),))),
            ),
            (NullGroup(("a", "b"), (NullPattern(("a", "b"), 0.5),)),),
        ),
    ),
)

MISTAKES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no object": (lambda _: [], "is no profile of this version"),
    "another format": (lambda d: d | {"format": "migration-checks-profile/2"}, "is no profile of this version"),
    "an unknown key": (lambda d: d | {"extra": 1}, "unknown key 'extra'"),
    "no tables": (lambda d: {k: v for k, v in d.items() if k != "tables"}, "lacks tables"),
    "no truth": (lambda d: d | {"values": 1}, "values is 1, not true or false"),
    "a table twice": (lambda d: d | {"tables": d["tables"] * 2}, "names a table twice"),
    "negative rows": (lambda d: _set(d, ["tables", 0, "rows"], -1), "rows is -1"),
    "an unknown reason": (lambda d: _set(d, ["tables", 0, "missing"], "bored"), "missing is 'bored'"),
    "a column twice": (lambda d: _set(d, ["tables", 0, "columns", 1, "name"], "a"), "names a column twice"),
    "a fraction above 1": (lambda d: _set(d, ["tables", 0, "columns", 0, "null_fraction"], 1.5), "a number from 0 to 1"),
    "too many fractions": (lambda d: _set(d, ["tables", 0, "columns", 0, "null_fraction"], 0.9), "come to more than 1"),
    "both kinds of distinct": (lambda d: _set(d, ["tables", 0, "columns", 0, "distinct_fraction"], 0.1), "has both distinct"),
    "a truth as a number": (lambda d: _set(d, ["tables", 0, "columns", 0, "null_fraction"], True), "is True, not a number"),
    "a stranger in a group": (lambda d: _set(d, ["tables", 0, "null_groups", 0, "columns"], ["a", "c"]), "not made of columns"),
    "an empty shape": (lambda d: _set(d, ["tables", 0, "columns", 1, "shape", "buckets"], []), "has no buckets"),
    "half a year": (lambda d: _set(d, ["tables", 0, "columns", 1, "shape", "buckets", 0, "low"], 2020.5), "that are no years"),
    "a bucket backwards": (lambda d: _set(d, ["tables", 0, "columns", 1, "shape", "buckets", 0, "high"], 1.0), "out of order"),
}


def _set(document: Any, path: list[Any], value: object) -> Any:
    made = copy.deepcopy(document)
    *way, last = path
    place = made
    for step in way:
        place = place[step]
    place[last] = value
    return made


@pytest.mark.parametrize(("change", "part"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence(change: Callable[[Any], Any], part: str) -> None:
    """What is wrong, where, and nothing more."""
    with pytest.raises(ConfigurationError) as caught:
        from_json(json.dumps(change(json.loads(to_json(SAMPLE)))), "profile.json")

    assert part in caught.value.message
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is said which."""
    with pytest.raises(ConfigurationError, match=r"none\.json cannot be read"):
        read_file(tmp_path / "none.json")


inner = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(["columns", "name", "patterns"]), each, max_size=2)
    ),
    max_leaves=5,
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, each in pairs for path in paths(each, (*here, key)))]


DOCUMENT = json.loads(to_json(SAMPLE))


@given(st.sampled_from([path for path in paths(DOCUMENT) if path]), inner)
def test_no_document_gives_a_traceback(path: tuple[Any, ...], value: object) -> None:
    """Any part may be replaced by anything: it is read, or refused in a sentence."""
    assert answers(lambda: from_json(json.dumps(_set(DOCUMENT, list(path), value))))


@given(st.binary(max_size=30) | st.text(max_size=30))
def test_no_text_gives_a_traceback(text: str | bytes) -> None:
    """What is no JSON is refused in a sentence."""
    assert answers(lambda: from_json(text))

"""The JSON report: a contract with a schema, the same bytes for the same walk, and read back strictly."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_checks.errors import ConfigurationError
from migration_checks.interchange import from_json, to_document, to_json
from migration_checks.merging import merge
from migration_checks.report import Report
from tests.reports import CLEAN, DRIFT, EMPTY, LOST, SAMPLE, STEPS, answers

SCHEMA = json.loads((resources.files("migration_checks") / "report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("report", [SAMPLE, CLEAN, EMPTY], ids=["sample", "clean", "empty"])
def test_there_and_back(report: Report) -> None:
    """A report is written as its schema says, in ASCII, and read back equal."""
    text = to_json(report)

    VALIDATOR.validate(json.loads(text))
    assert text.isascii()
    assert from_json(text) == from_json(text.encode()) == report


def test_a_report_of_an_earlier_version_is_read() -> None:
    """The graph and the flows came later: a report without them is one, and says nothing of them."""
    document = to_document(SAMPLE)
    del document["revisions"]
    for step in document["steps"]:
        del step["flows"]

    VALIDATOR.validate(document)
    earlier = from_json(json.dumps(document))
    assert earlier == replace(SAMPLE, chain=(), steps=tuple(replace(step, flows=()) for step in STEPS))


def test_the_schema_is_one() -> None:
    """The schema itself is valid, and closed: what it does not name may not be there."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert not VALIDATOR.is_valid(to_document(SAMPLE) | {"more": 1})


def test_only_timing_differs_between_runs() -> None:
    """Two walks of the same input give the same bytes once each step's timing is gone."""
    slower = replace(SAMPLE, steps=tuple(replace(step, timing={"seconds": step.seconds + 1}) for step in STEPS))

    def without_timing(report: Report) -> list[str]:
        return [line for line in to_json(report).splitlines() if '"seconds"' not in line]

    assert without_timing(SAMPLE) == without_timing(slower)
    assert to_json(SAMPLE) != to_json(slower)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a JSON document, but for what lies inside the free tables."""
    inner = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    return [path, *(each for key, value in inner if key not in ("evidence",) for each in places(value, (*path, key)))]


@pytest.mark.parametrize("path", places(to_document(SAMPLE))[1:], ids=lambda path: ".".join(map(str, path)))
def test_every_value_of_a_wrong_kind_is_refused(path: tuple[Any, ...]) -> None:
    """Wherever a report holds something that its schema forbids, reading it says so in a sentence."""
    document = copy.deepcopy(to_document(SAMPLE))
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = [["wrong"]]

    assert not VALIDATOR.is_valid(document)
    with pytest.raises(ConfigurationError):
        from_json(json.dumps(document))


OPTIONAL = ("not_checked", "notes", "findings", "steps", "versions", "revisions")


@pytest.mark.parametrize("key", [key for key in to_document(SAMPLE) if key not in OPTIONAL])
def test_what_is_missing_is_named(key: str) -> None:
    """A report that lacks something is told what."""
    document = to_document(SAMPLE)
    del document[key]

    with pytest.raises(ConfigurationError) as caught:
        from_json(json.dumps(document))
    assert key in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", '{"format": "migration-checks/2"}', b"\xff\xfe\xfd", "[" * 100_000, '{"format": NaN}', "1" * 5000],
    ids=["empty", "list", "null", "open", "later", "bytes", "deep", "nan", "long number"],
)
def test_what_is_no_report_is_refused(text: str | bytes) -> None:
    """Any other content is a sentence, never a traceback."""
    with pytest.raises(ConfigurationError):
        from_json(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_document_gives_a_traceback(data: st.DataObject) -> None:
    """A report with anything anywhere is read, and then as its schema allows, or refused in a sentence."""
    document = copy.deepcopy(to_document(SAMPLE))
    path = data.draw(st.sampled_from(places(document)[1:]))
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = data.draw(VALUES)

    assert answers(lambda: from_json(json.dumps(document)))


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=40) | st.text(max_size=40))
def test_no_bytes_give_a_traceback(content: str | bytes) -> None:
    """Whatever a file holds, the answer is a sentence."""
    assert answers(lambda: from_json(content))


def test_shards_become_one_report() -> None:
    """Steps and findings of both, each once, judged together."""
    left = replace(SAMPLE, findings=(LOST,), steps=STEPS[:3], notes=())
    right = replace(SAMPLE, findings=(DRIFT, LOST), steps=STEPS[2:], verdict="failed")

    merged = merge([left, right])

    assert (merged.steps, merged.findings, merged.verdict) == (STEPS, (LOST, DRIFT), "failed")
    assert (merged.not_checked, merged.notes) == (SAMPLE.not_checked, SAMPLE.notes)
    assert merge([SAMPLE]) == SAMPLE


def test_the_strictest_threshold_judges() -> None:
    """A shard that was more lenient does not make the whole one so."""
    lenient = replace(CLEAN, fail_on="never")
    strict = replace(CLEAN, findings=(DRIFT,), fail_on="warning", verdict="failed")

    assert merge([lenient, strict]).fail_on == "warning"
    assert merge([lenient, strict]).verdict == "failed"


@pytest.mark.parametrize("other", [{"lineage": "blog"}, {"seed": 8}, {"server": "17.2"}, {"range": "a:b"}])
def test_reports_of_different_walks_stay_apart(other: dict[str, Any]) -> None:
    """What differs is named."""
    with pytest.raises(ConfigurationError, match=next(iter(other))):
        merge([SAMPLE, replace(SAMPLE, **other)])

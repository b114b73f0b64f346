"""The formats of services: JUnit XML, SARIF, GitHub's annotations and GitLab's code quality report."""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from migration_checks.check import Finding, Location, Severity
from migration_checks.checks import CHECKS
from migration_checks.interchange import from_json
from migration_checks.renderers import RENDERERS, github, gitlab, junit, renderer_named, sarif
from migration_checks.renderers.escape import HIDDEN
from migration_checks.report import Note, Report
from migration_checks.transition import Leg
from tests.reports import CLEAN, EMPTY, HOSTILE, LOST, SAMPLE, STEPS

TEXT = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": {"text": {"type": "string"}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


SARIF = closed(
    ["version", "runs"],
    version={"const": "2.1.0"},
    **{"$schema": {"type": "string", "format": "uri"}},
    runs={
        "type": "array",
        "items": closed(
            ["tool"],
            tool=closed(
                ["driver"],
                driver=closed(
                    ["name"],
                    name={"type": "string"},
                    version={"type": "string"},
                    rules={
                        "type": "array",
                        "uniqueItems": True,
                        "items": closed(
                            ["id"],
                            id={"type": "string"},
                            name={"type": "string"},
                            shortDescription=TEXT,
                            fullDescription=TEXT,
                            help=TEXT,
                            defaultConfiguration=closed([], level=LEVEL),
                        ),
                    },
                ),
            ),
            automationDetails=closed([], id={"type": "string"}),
            invocations={
                "type": "array",
                "items": closed(
                    ["executionSuccessful"],
                    executionSuccessful={"type": "boolean"},
                    exitCode={"type": "integer"},
                    toolExecutionNotifications={"type": "array", "items": closed(["message"], message=TEXT, level=LEVEL)},
                ),
            },
            originalUriBaseIds={"type": "object", "additionalProperties": closed([], description=TEXT)},
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            properties={"type": "object"},
            results={
                "type": "array",
                "items": closed(
                    ["message"],
                    ruleId={"type": "string"},
                    ruleIndex={"type": "integer", "minimum": -1},
                    level=LEVEL,
                    message=TEXT,
                    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
                    properties={"type": "object"},
                    suppressions={
                        "type": "array",
                        "items": closed(["kind"], kind={"enum": ["inSource", "external"]}, justification={"type": "string"}),
                    },
                    locations={
                        "type": "array",
                        "items": closed(
                            [],
                            physicalLocation=closed(
                                [],
                                artifactLocation=closed([], uri={"pattern": r"^[\x21-\x7e]*$"}, uriBaseId={"type": "string"}),
                                region=closed([], startLine={"type": "integer", "minimum": 1}),
                            ),
                            logicalLocations={
                                "type": "array",
                                "items": closed([], fullyQualifiedName={"type": "string"}, kind={"type": "string"}),
                            },
                        ),
                    },
                ),
            },
        ),
    },
)
"""The part of the SARIF 2.1.0 schema that the view uses, closed, so that anything beyond it fails here."""
VALIDATOR = jsonschema.Draft202012Validator(SARIF)


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
@pytest.mark.parametrize("report", [SAMPLE, CLEAN, EMPTY], ids=["sample", "clean", "empty"])
def test_every_view_of_every_report(renderer: Any, report: Report) -> None:
    """Each ends with a newline, is the same each time, and holds no character that acts on a terminal."""
    text = renderer_named(renderer.name).render(report)

    assert text.endswith("\n")
    assert text == renderer.render(report)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


TEXTS = st.text(max_size=12)
EVIDENCE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.sampled_from(["key", "before", "after"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FINDINGS = st.builds(
    Finding, TEXTS, TEXTS, st.sampled_from(Severity), TEXTS, st.sampled_from(Leg), TEXTS, TEXTS,
    st.dictionaries(TEXTS | st.sampled_from(["samples", "missing"]), EVIDENCE, max_size=3),
    st.none() | st.builds(Location, TEXTS, st.integers(0, 10)), st.none() | TEXTS, st.lists(TEXTS, max_size=2).map(tuple),
)  # fmt: skip
NOTES = st.lists(st.builds(Note, TEXTS, TEXTS, st.none() | TEXTS), max_size=2).map(tuple)


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
@given(findings=st.lists(FINDINGS, max_size=3).map(tuple), notes=NOTES, lineage=TEXTS)
def test_no_value_breaks_a_view(findings: tuple[Finding, ...], notes: tuple[Note, ...], lineage: str) -> None:
    """Whatever texts a finding is made of, each view can be made, encoded and parsed, and shows no hidden character."""
    report = replace(SAMPLE, findings=findings, notes=notes, not_checked=notes, lineage=lineage)
    views = {renderer.name: renderer.render(report) for renderer in RENDERERS}

    for name, text in views.items():
        shown = text.replace("\u200b", "") if name == "markdown" else text
        assert {unicodedata.category(each) for each in set(shown) - {"\n"}} & HIDDEN == set(), name
    ET.fromstring(views["junit"])
    VALIDATOR.validate(json.loads(views["sarif"]))
    assert len(json.loads(views["gitlab"])) == sum(finding.waiver is None for finding in findings)
    assert all(line.startswith("::") for line in views["github"].splitlines())
    assert from_json(views["json"]) == report


def test_evidence_nested_beyond_measure() -> None:
    """A report from anywhere may be as deep as JSON allows: what is too deep to read is left out."""
    deep: Any = "x"
    for _ in range(400):
        deep = [{"a": deep}]
    report = replace(SAMPLE, findings=(replace(LOST, evidence={"samples": deep, "other": [deep, 1], "table": {"b": deep}}),))

    assert all(renderer.render(report) for renderer in RENDERERS)


def cases(report: Report) -> dict[tuple[str, str], ET.Element]:
    suite = ET.fromstring(junit.render(report)).find("testsuite")
    assert suite is not None
    found = {(case.attrib["classname"], case.attrib["name"]): case for case in suite.findall("testcase")}
    assert suite.attrib["tests"] == str(len(found))
    assert suite.attrib["failures"] == str(sum(case.find("failure") is not None for case in found.values()))
    return found


def test_junit_has_a_case_a_leg() -> None:
    """Findings that count are failures, waived and milder ones are output, what was not checked is skipped."""
    found = cases(SAMPLE)

    assert list(found) == [
        ("shop.aaa111", "ascend"), ("shop.bbb222", "ascend"), ("shop.bbb222", "undo"), ("shop.ccc333", "ascend"),
        ("shop.bbb222", "not checked: public.logs"),
    ]  # fmt: skip
    assert [key for key, case in found.items() if case.find("failure") is not None] == [
        ("shop.bbb222", "undo"), ("shop.ccc333", "ascend"),
    ]  # fmt: skip
    assert "waived: agreed [on] <Friday>" in (found["shop.bbb222", "ascend"].findtext("system-out") or "")
    assert "MC204" in (found["shop.bbb222", "undo"].findtext("system-out") or "")


def test_junit_follows_the_threshold() -> None:
    """With --fail-on error a warning is no failure; a finding of a leg that has no step still has a case."""
    nowhere = replace(LOST, revision="zzz")
    found = cases(replace(SAMPLE, fail_on="error", findings=(*SAMPLE.findings, nowhere)))

    assert found["shop.ccc333", "ascend"].find("failure") is None
    assert found["shop.zzz", "undo"].find("failure") is not None


def test_sarif_is_valid() -> None:
    """Every result points to its rule; waived ones are suppressed with their reason."""
    for report in (SAMPLE, CLEAN, EMPTY):
        VALIDATOR.validate(json.loads(sarif.render(report)))
    (run,) = json.loads(sarif.render(SAMPLE))["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [finding.check for finding in SAMPLE.findings]
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning", "note", "error"]
    assert [result.get("suppressions") for result in run["results"]][3:] == [
        None, [{"kind": "external", "justification": "agreed [on] <Friday>"}],
    ]  # fmt: skip
    assert len({result["partialFingerprints"]["finding/v1"] for result in run["results"]}) == 5


def test_sarif_locations_are_uris() -> None:
    """Names with blanks and signs are encoded; a file outside the project has no base."""
    odd = replace(LOST, location=replace(LOST.location, path="mig rations/ü#1.py", line=0))
    away = replace(LOST, location=replace(LOST.location, path="/srv/a b.py"))
    (run,) = json.loads(sarif.render(replace(SAMPLE, findings=(odd, away))))["runs"]
    first, second = (result["locations"][0]["physicalLocation"] for result in run["results"])

    assert first == {
        "artifactLocation": {"uri": "mig%20rations/%C3%BC%231.py", "uriBaseId": "PROJECT"}, "region": {"startLine": 1},
    }  # fmt: skip
    assert second["artifactLocation"] == {"uri": "file:///srv/a%20b.py"}


def test_github_annotations() -> None:
    """One command a line, each on its file and line, waived ones left out."""
    commands = github.render(SAMPLE).splitlines()

    assert [command.split(" ")[0] for command in commands] == ["::error", "::error", "::warning", "::notice", "::error"]
    assert commands[0].startswith(
        "::error file=migrations/versions/bbb222_notes.py,line=31,title=MC304 rollback-loses-values (undo bbb222)::"
        "public.items.note: 12 of 40 values differ from before the upgrade.%0A"
    )
    assert github.render(CLEAN).startswith("::notice title=migration-checks passed%3A shop::")


def test_github_values_cannot_be_commands() -> None:
    """A value that looks like an escape or a command stays text; a property ends where it should."""
    finding = replace(LOST, revision="a,b:c%", subject=HOSTILE, message="x\n::set-output name=a::b")
    command, _ = github.render(replace(SAMPLE, findings=(finding,))).splitlines()

    assert "title=MC304 rollback-loses-values (undo a%2Cb%3Ac%25)::" in command
    assert "%250A" in command
    assert "x\\n::set-output" in command


def test_gitlab_code_quality() -> None:
    """What the service asks for, with fingerprints that are unique, and the same for other counts."""
    issues = json.loads(gitlab.render(SAMPLE))

    assert {frozenset(issue) for issue in issues} == {
        frozenset({"description", "check_name", "fingerprint", "severity", "location"})
    }
    assert [issue["severity"] for issue in issues] == ["critical", "critical", "minor", "info"]
    assert issues[0]["location"] == {"path": "migrations/versions/bbb222_notes.py", "lines": {"begin": 31}}
    twice = json.loads(gitlab.render(replace(SAMPLE, findings=(LOST, replace(LOST, message="13 values differ")))))
    assert twice[0]["fingerprint"] == issues[0]["fingerprint"]
    assert twice[0]["fingerprint"] != twice[1]["fingerprint"]
    assert json.loads(gitlab.render(CLEAN)) == []


def test_rules_come_from_the_checks() -> None:
    """A rule's texts are those of the manual."""
    (run,) = json.loads(sarif.render(replace(SAMPLE, findings=(LOST,), steps=STEPS)))["runs"]
    check = next(check for check in CHECKS if check.id == "MC304")

    assert run["tool"]["driver"]["rules"][0]["help"]["text"] == check.remedy

"""The page as a document: whole, self-contained, everything in it that the report has, and no value as markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from migration_checks.check import Severity
from migration_checks.interchange import from_json, to_json
from migration_checks.redaction import redact
from migration_checks.renderers import renderer_named
from migration_checks.renderers.escape import HIDDEN
from migration_checks.renderers.html import render
from migration_checks.renderers.html.element import VOID
from migration_checks.renderers.html.revisions import FLOWS
from migration_checks.report import Note, Report
from migration_checks.transition import Leg
from tests.page_reports import RICH, SKEW, hostile, large
from tests.reports import CLEAN, EMPTY, FLOW, LOST, SAMPLE, STEPS


class Document(HTMLParser):
    """A page read strictly: `open` must be empty at the end, tags and attributes are collected, text by the way."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in <{tag}>"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def having(self, attribute: str) -> list[str]:
        return [value or "" for _, attributes in self.tags for name, value in attributes.items() if name == attribute]

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


REPORTS = {"sample": SAMPLE, "clean": CLEAN, "empty": EMPTY, "rich": RICH, "hostile": hostile()}


@pytest.fixture(scope="module", params=REPORTS)
def document(request: pytest.FixtureRequest) -> Document:
    return Document(render(REPORTS[request.param]))


def test_every_element_is_closed(document: Document) -> None:
    """What is opened is closed, in order, whatever the values are."""
    assert document.open == []
    assert [tag for tag, _ in document.tags][:2] == ["html", "head"]


def test_nothing_comes_from_elsewhere(document: Document) -> None:
    """No script, style, image or frame but the page's own; links lead within the page."""
    assert {tag for tag, _ in document.tags}.isdisjoint({"img", "iframe", "object", "embed", "base", "video", "audio", "use"})
    assert not document.having("src")
    assert all(value.startswith("#") for attributes in document.named("a") if (value := attributes.get("href")) is not None)
    assert [each["href"][:30] for each in document.named("link")] == ["data:image/svg+xml;base64,PHN2"]
    assert (len(document.named("script")), len(document.named("style"))) == (1, 1)


def test_a_policy_forbids_the_rest(document: Document) -> None:
    """Nothing may load or run but this style and script, named by their digests."""
    (policy,) = (each["content"] or "" for each in document.named("meta") if each.get("http-equiv"))

    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_no_attribute_acts(document: Document) -> None:
    """No inline handler and no inline style, which the policy would refuse in any case."""
    names = {name for _, attributes in document.tags for name in attributes}

    assert not [name for name in names if name.startswith("on") or name == "style"]


def test_addresses_are_unique_and_links_arrive(document: Document) -> None:
    """Every id stands once, and every link, label and description leads to one."""
    ids = document.having("id")

    assert len(ids) == len(set(ids))
    targets = [each["href"][1:] for each in document.named("a") if each.get("href")]
    assert {*targets, *document.having("for"), *document.having("aria-labelledby")} <= set(ids)
    assert not [each for each in ids if re.search(r"[^\w-]", each)]


def test_nothing_hidden_is_in_the_text(document: Document) -> None:
    """Marks of direction, controls, zero-width characters and surrogates are spelled out."""
    import unicodedata

    text = "".join(document.text)

    assert not {unicodedata.category(character) for character in text} & (HIDDEN - {"Cc"})
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


def test_pictures_have_words(document: Document) -> None:
    """Each picture is described, or hidden from those who hear the words beside it."""
    pictures = document.named("svg")

    assert all(each.get("aria-hidden") == "true" or each.get("aria-label") or each.get("x") is not None for each in pictures)


def test_headings_are_in_order(document: Document) -> None:
    """One first heading, and no level is skipped on the way down."""
    levels = [int(tag[1]) for tag, _ in document.tags if re.fullmatch(r"h[1-6]", tag)]

    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("report", [SAMPLE, RICH, hostile()], ids=["sample", "rich", "hostile"])
def test_every_finding_is_there(report: Report) -> None:
    """Those that stand are filterable cards, waived ones a list with their reasons; each has an address."""
    document = Document(render(report))
    standing = [finding for finding in report.findings if finding.waiver is None]

    assert [each["data-s"] for each in document.named("li") if each.get("data-s")] == [str(each.severity) for each in standing]
    assert len([each for each in document.having("id") if each.startswith("f-")]) == len(report.findings)


def test_everything_of_the_report_is_told() -> None:
    """Findings with place, message, evidence and remedy; notes; what was not checked; what waived ones were waived for."""
    text = "".join(Document(render(SAMPLE)).text)

    for words in (
        "rollback-loses-values", "migrations/versions/bbb222_notes.py:31", "12 of 40 values differ", "Re-creating a column",
        "Seen again at descend bbb222", "no row could be made: its trigger raises.", "matches no finding of this run",
        "agreed [on] <Friday>", "PostgreSQL 18.6 (embedded)", "aaa111:ccc333", "Compared 2,000 rows", "SQLSTATE 23505",
    ):  # fmt: skip
        assert words in text


def test_it_is_made_from_json_alone() -> None:
    """A report that was written and read back gives the same page, and two runs the same bytes."""
    assert render(from_json(to_json(RICH))) == render(RICH) == renderer_named("html").render(RICH)


def test_a_report_of_an_earlier_version_has_a_page() -> None:
    """Without graph and flows the walk is drawn from the steps."""
    earlier = replace(SAMPLE, chain=(), steps=tuple(replace(step, flows=()) for step in SAMPLE.steps))

    text = "".join(Document(render(earlier)).text)
    assert all(revision in text for revision in ("aaa111", "bbb222", "ccc333"))


def test_the_verdict_comes_first() -> None:
    """Then the findings, then what was not checked, then the walk and the evidence."""
    page = render(SAMPLE)
    places = [
        page.index(part) for part in ('class="verdict"', 'id="findings"', 'id="not-checked"', 'id="walk"', 'id="evidence"')
    ]

    assert places == sorted(places)


def test_the_unchecked_is_in_plain_view_and_never_green() -> None:
    """It stands beside the verdict and in a section of its own that is not folded, in no colour of success."""
    passed = replace(CLEAN, not_checked=(Note("public.logs", "no row could be made."),))
    page = render(passed)
    section = page[page.index('id="not-checked"') : page.index('id="walk"')]

    assert "1 thing not checked" in page[: page.index("<main")]
    assert "no row could be made." in section
    assert "<details" not in section
    assert 'class="ok"' not in section
    assert "badge ok" not in section


def test_an_empty_run_claims_nothing() -> None:
    """Where no row was compared no leg has a green mark."""
    page = render(EMPTY)
    body = page[page.index("<main") : page.index('id="reading"')]

    assert "no row compared" in body
    assert " ok" not in body.replace("facts", "")
    assert "nothing was compared" in body


def test_well_parts_are_folded_and_troubled_ones_are_not() -> None:
    """A revision in which something was found is open, any other one folded."""
    revisions = {
        each["id"]: "open" in each
        for each in Document(render(SAMPLE)).named("details")
        if "revision" in (each.get("class") or "")
    }

    assert revisions == {"r-aaa111": False, "r-bbb222": True, "r-ccc333": True}


def test_redacted_reports_show_no_value() -> None:
    """No sample, message or literal of the report is on the page; names and counts are."""
    secret = "4111-1111-1111-1111"
    samples = [{"key": {"id": secret}, "before": secret, "after": None}]
    finding = replace(LOST, message=secret, evidence={"count": 12, "samples": samples, "missing": [{"id": secret}]})
    steps = [*RICH.steps]
    steps[4] = replace(steps[4], observations={"statements": [{"sql": f"UPDATE items SET card = '{secret}'"}]})

    page = render(redact(replace(RICH, findings=(finding,), steps=tuple(steps))))

    assert secret in render(replace(RICH, findings=(finding,), steps=tuple(steps)))
    assert secret not in page
    assert '<span class="v redacted">redacted</span>' in page
    assert "UPDATE items SET card" in page


def test_a_large_report_stays_usable() -> None:
    """5,000 findings at 400 revisions are all there, in a few megabytes; those without their evidence say where it is."""
    report = large()
    page = render(report)

    assert len(page.encode()) < 4_000_000
    assert page.count('data-s="') == 5_000
    assert page.count('class="finding ') < 5_000
    assert "it is in the JSON report" in page
    assert page.count('id="r-') == 400


def test_one_long_value_does_not_make_a_large_page() -> None:
    """A value of a megabyte is cut wherever it stands, and says how long it is."""
    long = "x" * 1_000_000
    finding = replace(
        LOST, subject=long, message=long, evidence={"why": long, "samples": [{"before": long, "after": long + "b"}]}
    )
    report = replace(SAMPLE, lineage=long, findings=(finding,), not_checked=(Note(long, long),))

    page = render(report)

    assert len(page) < 200_000
    assert "1,000,000 characters" in page


@pytest.mark.parametrize("severity", Severity)
def test_severity_is_words_and_not_colour_alone(severity: Severity) -> None:
    """Whoever sees no colour reads it."""
    page = render(replace(SAMPLE, findings=(replace(LOST, severity=severity),)))

    assert f"{severity}</span>" in page


@pytest.mark.parametrize("leg", Leg)
def test_every_leg_has_its_place(leg: Leg) -> None:
    """A step of any leg is in the picture of the walk, and the legend explains it."""
    text = "".join(Document(render(replace(CLEAN, steps=(*CLEAN.steps, replace(CLEAN.steps[1], leg=leg))))).text)

    assert f"{leg}: " in text
    assert f"{'↑' if leg.upward else '↓'} {leg}" in text


def test_a_row_that_is_gone_has_no_columns_of_values() -> None:
    """Of a deleted row only the row is shown: a NULL before and after would say what is not so."""
    gone = replace(LOST, evidence={"samples": [{"key": {"id": "4711"}, "before": None, "after": None}]})
    changed = replace(LOST, evidence={"samples": [{"key": {"id": "4711"}, "before": None, "after": "x"}]})
    pages = [render(replace(SAMPLE, findings=(each,), steps=())) for each in (gone, changed)]

    assert ["4711" in page for page in pages] == [True, True]
    assert [">After<" in page for page in pages] == [False, True]


def test_a_revision_with_more_evidence_than_a_page_bears() -> None:
    """The first flows are drawn, the others counted; so are trials that would make it too large."""
    flows = tuple(replace(FLOW, subject=f"public.items.column_{number}") for number in range(60))
    many = replace(SAMPLE, steps=(replace(STEPS[1], flows=flows),))
    heavy = {"sql": "x" * 390, "direction": "old code", "error": "y" * 390, "sqlstate": "42703"}
    skews = tuple(replace(SKEW, revision="bbb222", observations={"statements": [heavy] * 60}) for _ in range(400))

    assert f"{60 - FLOWS} more flows are in the JSON report." in render(many)
    page = render(replace(SAMPLE, steps=(*STEPS, *skews)))
    assert re.search(r"\d+ more parts would make this page too large: they are in the JSON report", page)


def test_what_a_leg_of_the_walk_saw_is_told_too() -> None:
    """Yes and no, numbers and texts by their names; a leg that saw nothing has no part of its own."""
    seen = replace(STEPS[0], observations={"is_fine": True, "is_bad": False, "how_many": 12_000})
    page = render(replace(SAMPLE, steps=(seen, *STEPS[1:])))

    assert "Seen in ascend" in page
    for name, value in (("is fine", "yes"), ("is bad", "no"), ("how many", "12,000")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page
    assert "Seen in" not in render(SAMPLE)

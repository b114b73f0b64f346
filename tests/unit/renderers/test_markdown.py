"""The pull request's comment: it fits, keeps its verdict, and nothing in it acts as markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from migration_checks.renderers.markdown import MARKER, code, prose, render
from migration_checks.report import Note
from migration_checks.transition import Leg
from tests.page_reports import CRASH, GROWTH, OBSERVED, RICH, hostile
from tests.reports import CLEAN, EMPTY, HOSTILE, LOST, SAMPLE, STEPS


def test_what_it_says() -> None:
    """Verdict, findings before everything else, what was not checked, and the walk folded away."""
    text = render(SAMPLE)

    places = [
        text.index(part)
        for part in ("❌ Migrations failed", "MC304", "MC205", "Not checked: 1", "Waived: 1", "Revisions walked: 3")
    ]
    assert places == sorted(places)
    assert "id='1': 'old' → NULL" in text
    assert "| <code>bbb222</code> | ✓ ascend, ✗ undo | 2,000 | 24,000 | 0.62 |" in text
    assert "✅ Migrations passed" in render(CLEAN)
    assert "⚠️ Migrations incomplete" in render(EMPTY)
    assert "Nothing was compared" in render(EMPTY)


@pytest.mark.parametrize("lineage", ["shop", "--> <b>", "a--b"])
def test_a_marker_for_bots(lineage: str) -> None:
    """One HTML comment that no value can end, with the outcome as JSON."""
    first = render(replace(SAMPLE, lineage=lineage)).splitlines()[0]
    found = re.fullmatch(rf"<!-- {MARKER} (.*) -->", first)

    assert found
    assert "--" not in found[1]
    outcome = {"verdict": "failed", "lineage": lineage, "findings": 5, "not_checked": 1, "error": 2, "warning": 1, "info": 1}
    assert json.loads(found[1]) == outcome


@pytest.mark.parametrize("number", [0, 1, 50, 1000])
def test_it_fits(number: int) -> None:
    """However much was found, the comment stays below the limit and says what it left out."""
    findings = tuple(replace(LOST, subject=f"public.items.{HOSTILE}{each}") for each in range(number))
    notes = tuple(Note(f"t{each}", HOSTILE) for each in range(number))
    steps = tuple(replace(STEPS[1], revision=f"r{each}") for each in range(max(number, 1)))

    text = render(replace(SAMPLE, findings=findings, not_checked=notes, steps=steps))

    assert len(text) < 65_536
    assert "Migrations failed" in text
    assert ("in the full report only" in text) == (number > 50)
    assert text.count("<details>") == text.count("</details>")


def test_a_single_finding_too_long_for_any_comment() -> None:
    """Even then there is a verdict, and the finding is counted."""
    text = render(replace(SAMPLE, findings=(replace(LOST, message="x" * 70_000),)))

    assert len(text) < 65_536
    assert "1 more (findings)" in text


@pytest.mark.parametrize(
    "text",
    [
        "*a*",
        "_a_",
        "`a`",
        "[a](b)",
        "<b>",
        "a|b",
        "# a",
        "~~a~~",
        "http://a.b",
        "www.a.b",
        "&amp;",
        "\\*",
        ":+1:",
        "$x$",
        "![a](b)",
    ],
)
@pytest.mark.parametrize("show", [code, prose])
def test_no_value_is_markup(show: object, text: str) -> None:
    """Whatever Markdown would read as markup is written as character references."""
    inner = re.sub(r"</?code>", "", show(text))  # type: ignore[operator]

    assert not re.search(r"[*_`\[\]<>|#~:\\$!]|&(?!#\d+;)|www\.", re.sub(r"&#\d+;", "&#0;", inner).replace("&#0;", ""))


def test_no_value_mentions_anyone() -> None:
    """A zero-width space parts the sign from the name, in text; code is not searched for mentions."""
    assert prose("@admin #1") == "&#64;\u200badmin &#35;\u200b1"
    assert code("@admin") == "<code>&#64;admin</code>"


def test_trials_are_told_last_and_shed_first() -> None:
    """Statements with times and locks, waits, growth, refusals and deaths; where room is short they go before anything else."""
    text = render(RICH)
    for part in (
        "| 5 | <code>ALTER TABLE items ALTER COLUMN price TYPE numeric(12, 4)</code> | 550 ms |",
        "ACCESS EXCLUSIVE <code>public.items</code>",
        "rewrites <code>public.items</code>",
        "waited 2.01 s without lock_timeout, beyond the budget of 1 s.",
        "Row by row: the number of statements grows with the rows.",
        "88.3 min",
        "is refused: 42703 column",
        "it leaves a state that is between and running it again does not reach the goal.",
    ):
        assert part in unescape(text)
    assert text.index("MC304") < text.index("Revisions walked: 3") < text.index("Trials: ")

    many = replace(RICH, steps=RICH.steps * 200)
    assert len(render(many)) < 65_536
    assert "MC304" in render(many)
    assert "in the full report only" in render(many)


@pytest.mark.parametrize("name", ["shop", "x" * 100_000], ids=["short", "long"])
def test_the_verdict_stays_whatever_is_long(name: str) -> None:
    """Not even a name of any length takes the place of the verdict."""
    text = render(replace(hostile(), lineage=name, range=name, provider=name))

    assert len(text) < 65_536
    assert "Migrations failed" in text


def test_long_and_empty_trials_in_few_words() -> None:
    """Of many statements those that took longest; nothing where nothing was seen; runners that end without a clean result."""
    statement = OBSERVED.observations["statements"][0]  # type: ignore[index,call-overload]
    took = [{"began": 0.0, "seconds": number / 1000, "held_until": 1.0} for number in range(30)]
    long = replace(OBSERVED, observations={"statements": [statement] * 30}, timing={"statements": took})
    empty = replace(OBSERVED, observations={}, timing={})
    unclean = {"statement": 2, "ends": ["done", "UniqueViolation 23505"], "clean": False}
    races = replace(CRASH, leg=Leg.RUNNERS, observations={"races": [unclean, {**unclean, "clean": True}]})
    still = replace(GROWTH, observations={"reason": "it touches no table that has rows"}, timing={})

    text = unescape(render(replace(SAMPLE, steps=(*STEPS, long, races))))
    assert "18 that took less time are in the full report." in text
    assert "| 30 |" in text
    assert "| 18 |" not in text
    assert 1 == text.count("Two runners end with done and UniqueViolation 23505: no clean result.")
    bare = unescape(render(replace(SAMPLE, steps=(*STEPS, empty, still))))
    assert "| # | statement |" not in bare
    assert "Row by row" not in bare

"""The terminal's view: what a person sees, on any width, and on no terminal at all."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from migration_checks.checks import CHECKS
from migration_checks.renderers.escape import HIDDEN
from migration_checks.renderers.text import print_report, render
from migration_checks.report import Report
from migration_checks.transition import Failure, Leg
from tests.reports import CLEAN, EMPTY, LOST, SAMPLE, STEPS

MC304 = next(check for check in CHECKS if check.id == "MC304")


def on_terminal(report: Report, width: int, **options: object) -> str:
    buffer = io.StringIO()
    print_report(report, Console(file=buffer, width=width, force_terminal=True, **options))  # type: ignore[arg-type]
    return buffer.getvalue()


def test_what_is_shown() -> None:
    """Who ran what, every finding with its evidence, place, effect and remedy, what was waived and not checked."""
    text = " ".join(render(SAMPLE).split())

    for part in (
        "shop · PostgreSQL 18.6 (embedded) · seed 7 · aaa111:ccc333",
        "✗ error MC304 rollback-loses-values bbb222 undo public.items.note",
        "12 of 40 values differ from before the upgrade.",
        "id='1': 'old' → NULL",
        "also at descend bbb222",
        "where migrations/versions/bbb222_notes.py:31",
        MC304.effect.split(".")[0],
        MC304.remedy.split(",")[0],
        "Waived (1) – MC302 upgrade-loses-values bbb222 ascend public.items.note: agreed [on] <Friday>",
        "Not checked (1) – public.logs at bbb222: no row could be made",
        "Notes (1)",
        "FAILED 2 errors, 1 warning, 1 info, 1 waived.",
        "Compared 2,000 rows and 24,000 values in 4 steps at 3 revisions",
    ):
        assert part in text


def test_the_walk_has_a_row_a_revision() -> None:
    """Marks, seconds, and what was compared there."""
    rows = {line.split()[0]: line.split()[1:] for line in render(SAMPLE).splitlines() if re.match(r"(aaa|bbb|ccc)\d+ ", line)}

    assert rows == {
        "aaa111": ["✓", "0.25s", "–", "0", "0"],
        "bbb222": ["✓", "0.50s", "✗", "0.12s", "2,000", "24,000"],
        "ccc333": ["!", "0.06s", "–", "0", "0"],
    }


def test_a_refused_downgrade_is_no_tick() -> None:
    """A leg that did not go has no mark of success, even where that is no fault."""
    refused = replace(STEPS[2], failure=Failure("NotImplementedError", "no way back", refused=True))

    assert "– 0.12s" in render(replace(CLEAN, steps=(STEPS[1], refused)))


def test_worst_first() -> None:
    """Findings keep the order of the report."""
    text = render(SAMPLE)

    assert text.index("MC304") < text.index("MC101") < text.index("MC205") < text.index("MC204") < text.index("MC302 ")


def test_a_remedy_is_told_once() -> None:
    """Ten findings of one check do not repeat its manual page ten times."""
    many = replace(SAMPLE, findings=tuple(replace(LOST, subject=f"public.items.c{number}") for number in range(10)))

    assert render(many).count("remedy") == 1


def test_nothing_compared_is_said() -> None:
    """A run without a compared row is not called passed."""
    text = render(EMPTY)

    assert "INCOMPLETE  Nothing was compared" in text
    assert "PASSED" not in text
    assert "PASSED" in render(CLEAN)


def test_plain_text_has_no_escape_sequence() -> None:
    """The text is fit for a log: no colours, no hidden character of any value."""
    hidden = {character for character in render(SAMPLE) if unicodedata.category(character) in HIDDEN}

    assert hidden == {"\n"}


@pytest.mark.parametrize("width", [20, 40, 79, 200])
def test_any_width(width: int) -> None:
    """No line is wider than the terminal, and the verdict is readable on any."""
    text = on_terminal(SAMPLE, width, color_system=None)

    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "FAILED" in text


def test_colours_and_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours on a terminal, none where NO_COLOR is set; values never bring their own."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = on_terminal(SAMPLE, 100, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    plain = on_terminal(SAMPLE, 100, color_system="standard")

    assert "\x1b[1;31m" in coloured
    assert "\\x1b[31mred" in coloured
    assert "[bold]x[/bold]" in re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)


def test_a_long_chain_is_folded() -> None:
    """Of hundreds of revisions those with something to tell are shown, the others counted."""
    steps = tuple(replace(STEPS[1], revision=f"r{number:03}") for number in range(300))
    text = render(replace(SAMPLE, steps=steps, findings=(replace(LOST, revision="r123", leg=Leg.ASCEND),)))

    assert "r123" in text
    assert "r124" not in text
    assert "299 more revisions" in text


def test_an_unknown_check_is_shown_all_the_same() -> None:
    """A report of a later version may hold checks that this one does not know."""
    text = render(replace(SAMPLE, findings=(replace(LOST, check="MC999", name="later"),)))

    assert "MC999 later" in text


def test_a_folded_place_is_marked_too() -> None:
    """What was seen again on the way down is no tick there, although it is told in one place."""
    descend = replace(STEPS[2], leg=Leg.DESCEND)

    assert "✗ 0.12s  ✗ 0.12s" in render(replace(SAMPLE, steps=(STEPS[2], descend), findings=(LOST,)))


def test_a_narrow_terminal_gets_paragraphs() -> None:
    """Where the table does not fit, no number of it is cut off."""
    text = " ".join(on_terminal(CLEAN, 30, color_system=None).split())

    assert "bbb222: ✓ ascend 0.50s, ✓ undo 0.12s, 2,000 rows and 24,000 values compared" in text
    assert "…" not in text


def test_a_run_with_nothing_to_walk_says_so() -> None:
    """That is well where nothing has changed, and not where something should have been walked."""
    nothing = replace(CLEAN, steps=())
    text, broken = render(nothing), render(replace(nothing, verdict="incomplete"))

    assert "No step was walked, for there was nothing to walk." in text
    assert "No step was walked." in broken
    assert "nothing to walk" not in broken


def test_of_a_long_chain_with_nothing_to_say_the_length_is_told() -> None:
    """There is no table then."""
    steps = tuple(replace(STEPS[1], revision=f"r{number:03}") for number in range(300))
    text = render(replace(CLEAN, steps=steps))

    assert "300 more revisions, with nothing to say of them." in text
    assert "rows" not in text.partition("300 more")[0].splitlines()[-1]

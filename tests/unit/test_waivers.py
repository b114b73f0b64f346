"""Waivers: where they are written, what they match, and what is said of those that do nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migration_checks.config import Settings
from migration_checks.errors import ConfigurationError
from migration_checks.graph import Revision
from migration_checks.interchange import to_json
from migration_checks.lineage import Lineage
from migration_checks.report import judge_run
from migration_checks.waivers import Waiver, accept_baseline, apply_waivers, comment_waivers
from migration_checks.waiving import waive
from tests.reports import LOST, SAMPLE, answers

IDS = ("MC301", "MC302", "MC304")
TODAY = date(2026, 6, 15)


def script(folder: Path, text: str) -> Revision:
    path = folder / "bbb222_notes.py"
    path.write_text(text)
    return Revision("bbb222", (), path=str(path))


def test_a_comment_waives_its_revision(tmp_path: Path) -> None:
    """Several checks and any dash; text that is no comment is none."""
    revision = script(
        tmp_path,
        'NOTE = "# migration-checks: ignore MC301 - not me"\n'
        "def upgrade():\n    pass  # migration-checks: ignore MC302, MC304 - the column was empty, see #12\n"
        "# Migration-Checks:ignore MC301 — agreed\n",
    )

    found = comment_waivers(revision, IDS)

    assert [(waiver.check, waiver.reason) for waiver in found] == [
        ("MC302", "the column was empty, see #12"),
        ("MC304", "the column was empty, see #12"),
        ("MC301", "agreed"),
    ]
    assert {"bbb222"} == {waiver.revision for waiver in found}
    assert found[0].source.endswith("bbb222_notes.py:3")


@pytest.mark.parametrize(
    ("comment", "part"),
    [
        ("ignore MC302", "has no reason"),
        ("ignore MC302 -", "has no reason"),
        ("ignore MC302 -  ", "has no reason"),
        ("ignore MC399 - because", "there is no check MC399; did you mean"),
        ("ignore - because", "is not a waiver"),
        ("ignroe MC302 - because", "is not a waiver"),
        ("ignore MC302 because", "is not a waiver"),
        ("", "is not a waiver"),
    ],
)
def test_a_comment_that_is_no_waiver_is_an_error(tmp_path: Path, comment: str, part: str) -> None:
    """A waiver that would silently do nothing, or give no reason, is refused with its place."""
    with pytest.raises(ConfigurationError) as caught:
        comment_waivers(script(tmp_path, f"# migration-checks: {comment}\n"), IDS)

    assert part in caught.value.message
    assert "bbb222_notes.py:1" in caught.value.message


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=40))
def test_no_script_gives_a_traceback(tmp_path: Path, text: str) -> None:
    """Whatever a script holds, there are waivers or a sentence."""
    path = tmp_path / "bbb222_notes.py"
    path.write_bytes(f"x = 1  # migration-checks: {text}\n{text}".encode("utf-8", "surrogatepass"))

    assert answers(lambda: comment_waivers(Revision("bbb222", (), path=str(path)), IDS))


def test_scripts_that_are_not_there(tmp_path: Path) -> None:
    """Compiled and missing scripts have no comments."""
    assert comment_waivers(Revision("a", (), path=str(tmp_path / "gone.py")), IDS) == ()
    assert comment_waivers(Revision("a", (), path=""), IDS) == ()


MATCHES = {
    "any subject": (Waiver("MC304", "so"), True),
    "its revision": (Waiver("MC304", "so", revision="bbb222"), True),
    "revisions by pattern": (Waiver("MC304", "so", revision="bbb*"), True),
    "subjects by pattern": (Waiver("MC304", "so", subject="public.items.*"), True),
    "another check": (Waiver("MC301", "so"), False),
    "another revision": (Waiver("MC304", "so", revision="aaa111"), False),
    "another subject": (Waiver("MC304", "so", subject="public.ITEMS.*"), False),
    "the last day": (Waiver("MC304", "so", expires=TODAY), True),
    "a day too late": (Waiver("MC304", "so", expires=date(2026, 6, 14)), False),
}


@pytest.mark.parametrize(("waiver", "waived"), MATCHES.values(), ids=MATCHES)
def test_what_a_waiver_matches(waiver: Waiver, waived: bool) -> None:
    """Check, revision and subject must all match, and the day must not have passed."""
    (finding,), notes = apply_waivers([LOST], [waiver], TODAY)

    assert ("so" if waived else None) == finding.waiver
    assert (0 if waived else 1) == len(notes)
    assert ("passed" if waived else "failed") == judge_run([finding], SAMPLE.steps, "warning")


def test_a_quoted_name_matches_itself() -> None:
    """A name with characters that patterns use is matched by itself."""
    finding = replace(LOST, subject='public."Weird [a-z]*"')

    assert Waiver("MC304", "so", subject='public."Weird [a-z]*"').matches(finding)


def test_a_waiver_that_does_nothing_is_reported() -> None:
    """Expired ones, and those that match nothing, are told apart."""
    waivers = [Waiver("MC304", "so", expires=date(2020, 1, 1)), Waiver("MC301", "so", source="pyproject.toml")]

    _, (expired, unmatched) = apply_waivers([LOST], waivers, TODAY)

    assert "expired on 2020-01-01" in expired.reason
    assert (unmatched.reason[:18], unmatched.subject[-15:-1]) == ("matches no finding", "pyproject.toml")


def test_a_baseline_accepts_what_it_holds() -> None:
    """A finding of the same address is accepted, whatever its counts; a new one is not; a gone one is said."""
    new = replace(LOST, subject="public.items.other")
    changed = replace(LOST, message="13 of 40 values differ.", evidence={})

    found, (note,) = accept_baseline([changed, new], SAMPLE, "base.json")

    assert [finding.waiver for finding in found] == ["accepted in the baseline base.json", None]
    assert "4 of its 5 findings no longer occur" in note.reason


def test_all_waivers_together(tmp_path: Path) -> None:
    """Comments of the walked revisions, the settings and the baseline; those of checks that were not made are let be."""
    revision = script(tmp_path, "# migration-checks: ignore MC304 - from the script\n")
    baseline = tmp_path / "base.json"
    baseline.write_text(to_json(SAMPLE))
    chosen = Settings(
        Lineage("shop", root=tmp_path),
        tmp_path,
        skip=frozenset({"MC501"}),
        waivers=(Waiver("MC205", "from the settings"), Waiver("MC501", "of a check that is not made")),
        baseline=baseline,
    )

    found, notes = waive(chosen, [revision], [replace(each, waiver=None) for each in SAMPLE.findings], TODAY)

    assert {finding.check: finding.waiver for finding in found} == {
        "MC304": "from the script",
        "MC205": "from the settings",
        "MC101": "accepted in the baseline base.json",
        "MC204": "accepted in the baseline base.json",
        "MC302": "accepted in the baseline base.json",
    }
    assert notes == ()


@pytest.mark.parametrize("content", [None, b"{}", b"\xff"])
def test_a_baseline_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    """A baseline that is missing, or no report, is one sentence."""
    path = tmp_path / "base.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="baseline"):
        waive(Settings(Lineage("shop", root=tmp_path), tmp_path, baseline=path), [], [], TODAY)

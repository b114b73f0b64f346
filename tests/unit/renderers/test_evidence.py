"""Evidence as lines: facts in words, rows with their values quoted."""

from __future__ import annotations

from migration_checks.renderers.evidence import evidence_lines


def test_facts_share_a_line() -> None:
    """Numbers with separators, lists in words; what says nothing is left out."""
    assert evidence_lines({"count": 1200, "kind": "column", "key": ["id", "part"], "moved": [], "line": None, "so": True}) == [
        "count 1,200, kind column, key id part, so true"
    ]


def test_value_samples() -> None:
    """The row's key, then before and after."""
    samples = [{"key": {"id": "7"}, "before": "a", "after": None}, {"key": {}, "before": None, "after": ""}]

    assert evidence_lines({"samples": samples}) == ["samples:", "  id='7': 'a' → NULL", "  NULL → ''"]


def test_a_row_that_is_gone_has_no_arrow() -> None:
    """Of a deleted row only the row is told: nothing became of its values."""
    samples = [{"key": {"id": "1", "name": None}, "before": None, "after": None}]
    assert evidence_lines({"samples": samples}) == ["samples:", "  id='1', name=NULL"]


def test_row_samples_and_limits() -> None:
    """Rows are quoted; of many a few are shown and the others counted."""
    assert evidence_lines({"missing": [{"id": str(number), "name": None} for number in range(7)]}) == [
        "missing:", *(f"  id='{number}', name=NULL" for number in range(5)), "  and 2 more",
    ]  # fmt: skip


def test_facets_and_lists_of_facts() -> None:
    """A table of differences shows each as before and after; places are told in words."""
    facets = {"default": {"before": None, "after": "0"}}
    moved = [{"place": "public.b.x", "how": "same row", "count": 1000}]
    leaves = [{"check": "MC201", "subject": "public.t.a", "message": "It is missing.", "kind": "column"}]

    assert evidence_lines({"facets": facets, "moved": moved, "leaves": leaves}) == [
        "facets:", "  default: NULL → '0'",
        "moved:", "  place public.b.x, how same row, count 1,000",
        "leaves:", "  MC201 public.t.a: It is missing.",
    ]  # fmt: skip


def test_texts_of_several_lines() -> None:
    """A server's message or a statement keeps its layout, without acting on the terminal."""
    assert evidence_lines({"count": 1, "error": "duplicate\nDETAIL: \x1b[2J"}) == [
        "count 1", "error:", "  duplicate", "  DETAIL: \\x1b[2J",
    ]  # fmt: skip


def test_no_evidence() -> None:
    """Nothing to show is no line."""
    assert evidence_lines({}) == []

"""Files that are broken as files break, cut off, changed, nested without end: a sentence, never a traceback."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migration_checks.checks import by_id
from migration_checks.config import load_settings
from migration_checks.errors import ConfigurationError
from migration_checks.graph import Revision
from migration_checks.interchange import from_json, to_json
from migration_checks.profile import interchange as profiles
from migration_checks.renderers import RENDERERS
from migration_checks.report import Report
from migration_checks.transition import Leg
from migration_checks.trials.seen import Crashes, Died, Spoiled, Traffic
from migration_checks.waivers import comment_waivers
from tests.reports import HOSTILE, SAMPLE, STEPS, answers

PYPROJECT = """
[tool.migration_checks]
lineage = "fixtures.mistudio:shipped"
rows = 100
trials = ["crash", "locks"]
at_rows = ["users=2_000"]
[[tool.migration_checks.waivers]]
check = "MC302"
reason = "agreed"
expires = 2030-01-01
[tool.migration_checks.env]
A = "b"
"""
PROFILE = (
    '{"format": "migration-checks-profile/1", "server": "18.6", "tables": [{"name": "public.t", "rows": 3, "columns": []}]}'
)
SCRIPT = '"""A revision."""\n# migration-checks: ignore MC302, MC304 - agreed on\nrevision = "a"\ndef upgrade():\n    pass\n'


@st.composite
def broken(draw: st.DrawFn, text: str) -> bytes:
    """`text` with some bytes changed, left out or doubled, and perhaps cut off."""
    data = bytearray(text.encode())
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data) - 1))
        data[place : place + draw(st.integers(0, 6))] = draw(
            st.binary(max_size=3) | st.sampled_from([b"[", b"{", b'"', b"\xff"])
        )
        if not data:
            return b""
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


def readers(root: Path) -> dict[str, Callable[[bytes], Any]]:
    """What reads each kind of file."""
    script, settings_file = root / "a.py", root / "pyproject.toml"

    def waivers(content: bytes) -> Any:
        script.write_bytes(content)
        return comment_waivers(Revision("a", (), path=str(script)), by_id)

    def configuration(content: bytes) -> Any:
        settings_file.write_bytes(content)
        return load_settings(argparse.Namespace(), root)

    return {"report": from_json, "profile": profiles.from_json, "waivers": waivers, "configuration": configuration}


WHOLE = {"report": to_json(SAMPLE), "profile": PROFILE, "waivers": SCRIPT, "configuration": PYPROJECT}


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_changed_bytes(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    """What is still sense is read, the rest is refused with a remedy."""
    content = data.draw(broken(WHOLE[kind]))

    assert answers(lambda: readers(tmp_path)[kind](content))


NESTED = {
    "report": (b"[" * 100_000, b'{"a":' * 100_000),
    "profile": (b"[" * 100_000, b'{"a":' * 100_000),
    "waivers": (b"(" * 5_000, b"# migration-checks: ignore " + b"MC302, " * 50_000),
    "configuration": (b"[tool.migration_checks]\nx = " + b"[" * 100_000, b"[" + b"a." * 2_000 + b"b]"),
}


@pytest.mark.parametrize(("kind", "number"), [(kind, number) for kind in NESTED for number in (0, 1)])
def test_a_file_nested_without_end(tmp_path: Path, kind: str, number: int) -> None:
    """It neither hangs nor exhausts the stack."""
    assert answers(lambda: readers(tmp_path)[kind](NESTED[kind][number]))


def test_a_number_without_end(tmp_path: Path) -> None:
    """Python refuses to read more than 4,300 digits; so do we, in a sentence."""
    with pytest.raises(ConfigurationError):
        from_json('{"format": "migration-checks/1", "seed": ' + "9" * 5_000 + "}")


SEEN = (
    Crashes(HOSTILE, 1, (Died(1, 1, HOSTILE, False, "between", False, heads=(HOSTILE,), left=(HOSTILE,)),), (HOSTILE,)),
    Traffic(HOSTILE, 1, (HOSTILE,), 1, 1, {HOSTILE: 1}, (Spoiled(HOSTILE, HOSTILE, 1, True),), {HOSTILE: HOSTILE}),
)


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
def test_what_trials_saw_is_shown_and_never_obeyed(renderer: Any) -> None:
    """Names of a database in what a trial observed hold no markup, no command and no control sequence in any view."""
    steps = [replace(STEPS[0], leg=Leg.CRASH, observations=each.observations(), timing={**each.timing()}) for each in SEEN]
    report: Report = replace(SAMPLE, steps=(*SAMPLE.steps, *steps))
    text = renderer.render(report)

    assert "\x1b" not in text
    assert "\x00" not in text
    assert "\n::error::" not in text
    if renderer.name in ("html", "markdown", "junit"):
        assert "<script>alert" not in text

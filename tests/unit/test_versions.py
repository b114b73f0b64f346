"""One walk on several versions of PostgreSQL: what is the same, what differs, what could not be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from migration_checks.check import Finding, Severity
from migration_checks.config import Settings, load_settings
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.lineage import Lineage
from migration_checks.matrix import across, walk_matrix
from migration_checks.renderers.summary import header_line
from migration_checks.report import Note, Report, Step
from migration_checks.transition import Leg

STEP = Step("a1", Leg.ASCEND, 1, 10, 20)
LOST = Finding(
    "MC302", "upgrade-loses-values", Severity.ERROR, "a1", Leg.ASCEND, "public.t.a", "3 values are gone.", {"count": 3}
)
SLOW = Finding("MC603", "table-rewrite", Severity.WARNING, "a1", Leg.ASCEND, "public.t", "It is rewritten.")


def report(major: int, *findings: Finding, notes: Sequence[Note] = ()) -> Report:
    """What a walk on one version came to."""
    verdict = "failed" if findings else "passed"
    return Report("shop", f"{major}.3", "local", 1, "", verdict, findings=findings, steps=(STEP,), not_checked=tuple(notes))


def settings(*majors: int, **more: object) -> Settings:
    return replace(Settings(Lineage("shop"), project=Path.cwd(), matrix=majors), **more)  # type: ignore[arg-type]


def test_the_same_everywhere() -> None:
    """One finding, once, in the newest version's words; and a sentence that says so."""
    merged = across({14: report(14, replace(LOST, message="2 values are gone.")), 18: report(18, LOST)})

    assert ((LOST,), (STEP,), "failed", "18.3") == (merged.findings, merged.steps, merged.verdict, merged.server)
    assert "The findings are the same on PostgreSQL 14 and 18." in [note.reason for note in merged.notes]
    assert "shop · PostgreSQL 14.3, 18.3 · seed 1 · the whole chain" == header_line(merged)


def test_on_some_versions_only() -> None:
    """It says on which, and on which not; the run fails for it."""
    merged = across({14: report(14, SLOW), 16: report(16, SLOW), 18: report(18)})
    (finding,) = merged.findings

    assert "It is rewritten. Only on PostgreSQL 14 and 16, not on PostgreSQL 18." == finding.message
    assert ["14", "16"] == finding.evidence["postgresql"]
    assert "failed" == merged.verdict
    assert "1 of the findings were not made on every version." in [note.reason for note in merged.notes]


def test_what_was_not_checked_on_some() -> None:
    """It is said of those alone."""
    everywhere, once = Note("t", "It could not be filled."), Note("u", "It could not be read.")
    merged = across({14: report(14, notes=[everywhere, once]), 18: report(18, notes=[everywhere])})

    assert {everywhere, replace(once, subject="u on PostgreSQL 14")} == set(merged.not_checked)


def test_a_version_that_cannot_be_had() -> None:
    """It stands among what was not checked, with the reason."""

    def walk(each: Settings, progress: object) -> Report:
        if each.provider_version == "15":
            raise ProviderError("There is no PostgreSQL 15.", "Install it.")
        return report(int(str(each.provider_version)))

    merged = walk_matrix(settings(15, 18), walk)

    assert [Note("PostgreSQL 15", "Not walked: There is no PostgreSQL 15. Install it.")] == list(merged.not_checked)
    assert "passed" == merged.verdict


def test_no_version_can_be_had() -> None:
    """Then the toolkit could not do its job."""

    def walk(each: Settings, progress: object) -> Report:
        raise ProviderError("It is not there.", "Install it.")

    with pytest.raises(ProviderError, match=r"None of the versions .* \(14: It is not there; 15: It is not there\)"):
        walk_matrix(settings(14, 15), walk)


@pytest.mark.parametrize("more", [{"provider": "postgresql://nobody@nowhere/postgres"}, {"image": "postgres:16"}])
def test_one_server_has_one_version(more: dict[str, str]) -> None:
    """A URL or an image cannot be several."""
    with pytest.raises(ConfigurationError, match="it has one version"):
        walk_matrix(settings(14, **more), lambda *_, **__: report(14))


def test_where_each_version_comes_from(tmp_path: Path) -> None:
    """From the folder of a version below the one that was named; unless told otherwise, from whatever provider has it."""
    (tmp_path / "14" / "bin").mkdir(parents=True)
    asked: list[tuple[str, str | None]] = []

    def walk(each: Settings, progress: object) -> Report:
        asked.append((each.provider, each.provider_version))
        return report(int(str(each.provider_version)))

    walk_matrix(settings(14, 16, provider=f"local:{tmp_path}"), walk)
    walk_matrix(settings(17), walk)

    assert [(f"local:{tmp_path}/14/bin", "14"), (f"local:{tmp_path}", "16"), ("auto", "17")] == asked


@pytest.mark.parametrize("text", ["13", "x", "14,,b", "1e2"])
def test_what_is_no_version(tmp_path: Path, text: str) -> None:
    """A matrix is a list of major versions that the toolkit knows."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = .\n")

    with pytest.raises(ConfigurationError, match="not major versions from 14 on"):
        load_settings({"matrix": text}, tmp_path)


def test_a_matrix_in_the_settings(tmp_path: Path) -> None:
    """It is sorted, and a server that the command line names puts it out of force."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
    (tmp_path / "pyproject.toml").write_text('[tool.migration_checks]\nmatrix = "18, 14,16"\n')

    assert ((14, 16, 18), ()) == (load_settings({}, tmp_path).matrix, load_settings({"provider": "local"}, tmp_path).matrix)


def test_nothing_to_walk_is_the_same_on_any_version() -> None:
    """The first says so; the others are not even started."""
    asked: list[str | None] = []

    def walk(each: Settings, progress: object) -> Report:
        asked.append(each.provider_version)
        return replace(report(14), steps=())

    assert walk_matrix(settings(14, 15), walk).nothing_to_walk
    assert ["14"] == asked

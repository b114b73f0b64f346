"""A walk in parts finds what a whole walk finds: by --jobs on one machine, and by --shard whose reports are merged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migration_checks.config import Settings
from migration_checks.interchange import finding_document, from_json, to_json
from migration_checks.lineage import Lineage
from migration_checks.merging import merge
from migration_checks.providers import Server
from migration_checks.report import Report
from migration_checks.verify import verify
from tests.projects import Script, make_project, sql
from tests.walks import creates, widens

# A fault of every kind that a cut could hide: values that one revision carries away and another one drops, an upgrade that
# rows cannot pass, downgrades that refuse, do nothing, or leave something that is seen again on the whole way down.
E = 1
TROUBLED = (
    creates("t", "r00"),
    creates("u", "r01", "r00"),
    Script("r02", "r01", sql("ALTER TABLE t ADD COLUMN copy text", "UPDATE t SET copy = note WHERE id % 2 = 0")),
    Script("r03", "r02", sql("ALTER TABLE t DROP COLUMN note"), sql("ALTER TABLE t ADD COLUMN note text")),
    Script("r04", "r03", sql("CREATE INDEX left_behind ON u (note)")),
    Script("r05", "r04", sql("CREATE TABLE v (id int PRIMARY KEY)"), "raise NotImplementedError('no way back')"),
    Script("r06", "r05", sql("CREATE UNIQUE INDEX one ON u ((1))"), sql("DROP INDEX one")),
    Script("r07", "r06", sql("ALTER TABLE u ADD COLUMN z int"), sql("ALTER TABLE u DROP COLUMN z", "CREATE TABLE stray ()")),
    Script("r08", "r07", sql("ALTER TABLE u ADD CHECK (id > -9) NOT VALID"), sql("ALTER TABLE u DROP CONSTRAINT nowhere")),
    Script("r09", "r08", sql("UPDATE u SET id = abs(id)", "ALTER TABLE u VALIDATE CONSTRAINT u_id_check")),
    Script("r10", "r09", sql("DELETE FROM t WHERE id % 3 = 0")),
    widens("v", "r11", "r10"),
)  # fmt: skip


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Settings:
    """The settings of a walk over TROUBLED on the session's server."""
    root = tmp_path_factory.mktemp("troubled")
    return settings_of(make_project(root, TROUBLED).lineage(), root, server)


@pytest.fixture(scope="module")
def whole(troubled: Settings) -> Report:
    """That walk, in one piece."""
    return verify(troubled)


def settings_of(lineage: Lineage, root: Path, server: Server) -> Settings:
    return Settings(lineage, project=root, provider=server.url, allow_shared_server=True, rows=12, timeout=120.0)


def in_shards(settings: Settings, parts: int) -> Report:
    """Every shard by itself, each through JSON, the last one first, and merged."""
    reports = [verify(replace(settings, shard=(number, parts))) for number in range(1, parts + 1)]
    return merge([from_json(to_json(report)) for report in reversed(reports)])


def findings(report: Report) -> list[object]:
    """All of every finding but samples, which may be other rows of the same kind."""
    documents = [finding_document(finding) for finding in report.findings]
    return [{key: value for key, value in each.items() if key not in ("evidence", "message")} for each in documents]


def steps(report: Report) -> list[tuple[object, ...]]:
    return [(step.revision, step.leg, step.rows_compared, step.values_compared, bool(step.failure)) for step in report.steps]


def test_shards_find_what_a_whole_walk_finds(troubled: Settings, whole: Report) -> None:
    """The same findings with the same words, folded into the same places; the same steps, with the same rows compared."""
    merged = in_shards(troubled, 3)

    expected = {"MC101", "MC102", "MC104", "MC107", "MC201", "MC206", "MC301", "MC302"}
    assert expected <= {each.check for each in whole.findings}
    assert findings(whole) == findings(merged)
    assert [each.message for each in whole.findings] == [each.message for each in merged.findings]
    assert steps(whole) == steps(merged)
    assert (whole.verdict, whole.chain) == (merged.verdict, merged.chain)


def test_a_missing_part_is_no_pass(tmp_path: Path, server: Server) -> None:
    """Nothing was found where nobody looked."""
    settings = settings_of(make_project(tmp_path, [creates("t", "a1"), widens("t", "b2", "a1")]).lineage(), tmp_path, server)
    merged = merge([verify(replace(settings, shard=(1, 2)))])

    assert "incomplete" == merged.verdict
    assert "part 2 of 2" in {note.subject for note in merged.not_checked}


def test_a_waiver_in_a_script(tmp_path: Path, server: Server) -> None:
    """It waives what its part finds; and no part calls it useless, for it may be of use in another."""
    waived = replace(TROUBLED[3], id="b2", down="a1", head="# migration-checks: ignore MC302 - the notes were moved by hand")
    useless = replace(widens("t", "c3", "b2"), head="# migration-checks: ignore MC301 - nothing is lost")
    scripts = [creates("t", "a1"), waived, useless]
    merged = in_shards(settings_of(make_project(tmp_path, scripts).lineage(), tmp_path, server), 2)

    assert ["the notes were moved by hand"] == [each.waiver for each in merged.findings if each.check == "MC302"]
    assert [] == [note for note in merged.notes if "waiver" in note.subject]


def test_jobs(troubled: Settings, whole: Report) -> None:
    """Two processes, each with a server of its own, one report; settings' waivers are told as in a whole walk."""
    told = []
    settings = Settings(troubled.lineage, project=troubled.project, rows=12, timeout=120.0, jobs=2)
    report = verify(settings, progress=told.append)

    assert findings(whole) == findings(report)
    assert steps(whole) == steps(report)
    assert whole.notes == report.notes
    assert told
    assert max(each.done for each in told) <= told[-1].total


def test_jobs_on_a_server_by_url(tmp_path: Path, server: Server) -> None:
    """One server has one set of roles: the walk stays one, and says so."""
    settings = settings_of(make_project(tmp_path, [creates("t", "a1")]).lineage(), tmp_path, server)
    report = verify(replace(settings, jobs=2))

    assert "jobs" in {note.subject for note in report.notes}
    assert ("a1",) == report.revisions

"""verify --since: only what a branch added or changed is walked, from the state before it, with rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_checks.errors import ConfigurationError
from migration_checks.providers import Server
from migration_checks.transition import Leg
from tests.projects import Script, make_project, sql
from tests.repositories import commit, repository
from tests.walks import creates, walk, widens

LOSES = Script(
    "d4", "c3", sql("ALTER TABLE t DROP COLUMN note"), sql("ALTER TABLE t ADD COLUMN note text"), doc="loses the notes"
)
CHAIN = [creates("t", "a1"), creates("u", "b2", "a1"), widens("t", "c3", "b2")]


def branch(root: Path, *added: Script) -> list[Script]:
    """A repository whose main holds CHAIN, on a branch that adds `added`; all of them."""
    make_project(root, CHAIN)
    repository(root)
    make_project(root, added)
    return [*CHAIN, *added]


def test_an_added_revision_is_walked_on_the_rows_below_it(tmp_path: Path, server: Server) -> None:
    """All its legs, with rows in the tables of revisions that were left out; nothing is found in those, and in itself what
    is found by a whole walk.
    """
    scripts = branch(tmp_path, LOSES)
    walked, whole = walk(tmp_path, server, scripts, since="main"), walk(tmp_path, server, scripts)

    assert {each for each in whole.found if each[1] == "d4"} == walked.found
    assert {"d4"} == set(walked.report.revisions)
    assert {Leg.ASCEND, Leg.UNDO, Leg.LEAP} <= {step.leg for step in walked.report.steps}
    assert ("MC302", "d4") in walked.found
    assert walked.report.steps[0].rows_compared >= 24
    assert "left out, as they have not changed: a1, b2, c3" in walked.said


def test_a_changed_revision_in_the_middle(tmp_path: Path, server: Server) -> None:
    """It is walked from below, and what follows it is named, not walked."""
    scripts = branch(tmp_path)
    scripts[1] = creates("u", "b2", "a1", doc="changed")
    walked = walk(tmp_path, server, scripts, since="main")

    assert {"b2"} == set(walked.report.revisions)
    assert "c3: They follow a revision that has changed" in walked.said


def test_a_new_parent(tmp_path: Path, server: Server) -> None:
    """A branch that was put on top of what main got meanwhile: other down_revision, so it has changed."""
    scripts = branch(tmp_path, creates("v", "d4", "c3"))
    commit(tmp_path)
    scripts = [*scripts[:3], creates("w", "e5", "c3"), creates("v", "d4", "e5")]
    walked = walk(tmp_path, server, scripts, since="HEAD")

    assert {"e5", "d4"} == set(walked.report.revisions)
    assert walked.found == set()


def test_an_unchanged_revision_between_two_changed_ones(tmp_path: Path, server: Server) -> None:
    """It is passed with its rows: what is lost above is seen, and nothing is said of the one between."""
    scripts = branch(tmp_path, LOSES)
    scripts[1] = creates("u", "b2", "a1", doc="changed")
    walked = walk(tmp_path, server, scripts, since="main")

    assert {"b2", "d4"} == set(walked.report.revisions)
    assert ["d4", "b2"] == walked.of(Leg.DESCEND)
    assert ("MC302", "d4") in walked.found


def test_many_heads(tmp_path: Path, server: Server) -> None:
    """A branch on one of two heads: the other one stands below it, as it does where main is in use."""
    base = [creates("t", "a1"), creates("u", "b2", "a1"), creates("v", "c3", "a1")]
    make_project(tmp_path, base)
    repository(tmp_path)
    walked = walk(tmp_path, server, [*base, creates("w", "d4", "c3")], since="main")

    assert {"d4"} == set(walked.report.revisions)
    assert walked.found == set()
    assert ["a1", "b2", "c3"] == sorted(walked.said.split("not changed: ")[1].rstrip(".").split(", "))


def test_several_version_locations_below_a_repository(tmp_path: Path, server: Server) -> None:
    """The project is one folder of the repository, its revisions lie in two."""
    root = tmp_path / "services" / "shop"
    ini = {"version_locations": "%(here)s/migrations/versions %(here)s/plugins/versions", "path_separator": "space"}
    base = [creates("t", "a1"), creates("u", "p1", None, folder="plugins/versions")]
    make_project(root, base, ini=ini)
    repository(tmp_path)
    added = [creates("v", "p2", "p1", folder="plugins/versions")]
    walked = walk(root, server, [*base, *added], ini=ini, since="main")

    assert {"p2"} == set(walked.report.revisions)
    assert walked.found == set()


def test_a_baseline_that_holds_what_has_changed(tmp_path: Path, server: Server) -> None:
    """It cannot be the state before the change."""
    scripts = branch(tmp_path)
    scripts[2] = widens("t", "c3", "b2", column="changed")
    dump = tmp_path / "dump.sql"
    dump.write_text(
        "CREATE TABLE t (id int PRIMARY KEY, note text, n int); CREATE TABLE u (id int PRIMARY KEY, note text);"
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('c3');"
    )

    with pytest.raises(ConfigurationError, match="at or above a revision that has changed"):
        walk(tmp_path, server, scripts, since="main", baseline_sql=dump)

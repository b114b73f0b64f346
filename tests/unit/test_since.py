"""Which revisions differ from where a branch began, and the route over them alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from migration_checks.errors import ConfigurationError
from migration_checks.graph import Graph, Revision
from migration_checks.report import Note
from migration_checks.since import Difference, difference, notes_on, route_since
from tests.repositories import commit, git, repository

DIAMOND = Graph(
    (
        Revision("a", ()),
        Revision("b", ("a",)),
        Revision("c", ("a",)),
        Revision("m", ("b", "c")),
        Revision("n", ("m",)),
        Revision("x", ()),
    )
)


def project(folder: Path, *ids: str, below: str = "versions") -> tuple[Revision, ...]:
    """A script for each id, in a repository whose branch main holds them."""
    (folder / below).mkdir(parents=True, exist_ok=True)
    for id in ids:
        script(folder, id, below=below)
    repository(folder)
    return revisions(folder)


def script(folder: Path, id: str, text: str = "pass", below: str = "versions") -> Path:
    path = folder / below / f"{id}.py"
    path.write_text(f"revision = {id!r}\n{text}\n")
    return path


def revisions(folder: Path) -> tuple[Revision, ...]:
    """What a chain of these scripts would hold; who follows whom does not matter here."""
    return tuple(Revision(path.stem, (), path=str(path)) for path in sorted(folder.rglob("*.py")) if path.name != "env.py")


def changed(folder: Path, reference: str = "main") -> set[str]:
    return set(difference(reference, revisions(folder)).changed)


def test_nothing_differs(tmp_path: Path) -> None:
    """A branch without a change has none."""
    project(tmp_path, "a", "b")

    assert changed(tmp_path) == set()


@pytest.mark.parametrize("how", ["untracked", "staged", "committed"])
def test_an_added_script(tmp_path: Path, how: str) -> None:
    """It counts from the moment it is there."""
    project(tmp_path, "a")
    script(tmp_path, "b")
    if how != "untracked":
        git(tmp_path, "add", "-A")
    if how == "committed":
        commit(tmp_path)

    assert changed(tmp_path) == {"b"}


@pytest.mark.parametrize("committed", [False, True])
def test_an_edited_script(tmp_path: Path, committed: bool) -> None:
    """Any other content counts, such as another down_revision."""
    project(tmp_path, "a", "b")
    script(tmp_path, "b", "down_revision = 'a'")
    if committed:
        commit(tmp_path)

    assert changed(tmp_path) == {"b"}


def test_an_edit_that_was_taken_back(tmp_path: Path) -> None:
    """What reads as it did has not changed, whatever happened in between."""
    project(tmp_path, "a")
    script(tmp_path, "a", "something")
    commit(tmp_path)
    script(tmp_path, "a")

    assert changed(tmp_path) == set()


def test_a_renamed_script(tmp_path: Path) -> None:
    """A script that was only moved has not changed; one that was moved and edited has."""
    project(tmp_path, "a", "b")
    (tmp_path / "versions" / "2026").mkdir()
    (tmp_path / "versions" / "a.py").rename(tmp_path / "versions" / "2026" / "a_first.py")
    (tmp_path / "versions" / "b.py").rename(tmp_path / "versions" / "2026" / "b_second.py")
    with (tmp_path / "versions" / "2026" / "b_second.py").open("a") as file:
        file.write("more = 1\n")
    commit(tmp_path)

    assert changed(tmp_path) == {"b_second"}


def test_what_the_other_branch_did_meanwhile(tmp_path: Path) -> None:
    """The merge base counts, not the tip: what main added or changed since is not this branch's."""
    project(tmp_path, "a", "b")
    script(tmp_path, "c")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "main")
    script(tmp_path, "b", "main changed it")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "work")

    assert changed(tmp_path) == {"c"}


def test_a_project_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    """Paths start at the top of the repository wherever the scripts lie, in several places too."""
    for below in ("services/shop/versions", "services/billing/weird \"name'/versions"):
        (tmp_path / below).mkdir(parents=True)
    script(tmp_path, "a", below="services/shop/versions")
    repository(tmp_path)
    script(tmp_path, "b", below="services/shop/versions")
    script(tmp_path, "c", below="services/billing/weird \"name'/versions")

    assert changed(tmp_path) == {"b", "c"}


def test_scripts_that_git_does_not_know(tmp_path: Path) -> None:
    """Those of an installed package are taken as unchanged, and that is said."""
    project(tmp_path, "a")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "p.py").write_text("revision = 'p'\n")
    (tmp_path / ".gitignore").write_text(".venv/\n")
    found = difference("main", revisions(tmp_path))

    assert (set(), ("p",)) == (set(found.changed), found.unknown)
    assert any("git does not know" in note.reason for note in notes_on(found, Graph(revisions(tmp_path))))


def test_an_environment_that_has_changed(tmp_path: Path) -> None:
    """It may change what every revision does: that is told, not judged."""
    (tmp_path / "env.py").write_text("one = 1\n")
    project(tmp_path, "a")
    (tmp_path / "env.py").write_text("two = 2\n")

    assert ("env.py",) == difference("main", revisions(tmp_path)).environments


@pytest.mark.parametrize("reference", ["origin/main", "no such", "", "--help", "HEAD~99"])
def test_a_reference_that_is_not_there(tmp_path: Path, reference: str) -> None:
    """One sentence, and how to get it."""
    project(tmp_path, "a")

    with pytest.raises(ConfigurationError, match="is not in the clone") as raised:
        changed(tmp_path, reference)
    assert "git fetch" in raised.value.remedy


def test_a_shallow_clone(tmp_path: Path) -> None:
    """A reference that the clone was cut off from says so, and what to run."""
    (tmp_path / "upstream").mkdir()
    project(tmp_path / "upstream", "a")
    commit_id = commit_on_top(tmp_path / "upstream")
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "work", f"file://{tmp_path / 'upstream'}", "clone")
    git(tmp_path / "clone", "fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")

    with pytest.raises(ConfigurationError, match="no commit in common") as raised:
        changed(tmp_path / "clone", "origin/main")
    assert "git fetch --unshallow" in raised.value.remedy
    assert commit_id


def commit_on_top(folder: Path) -> str:
    script(folder, "b")
    return commit(folder)


def test_no_repository(tmp_path: Path) -> None:
    """Without one nothing can be told apart."""
    (tmp_path / "versions").mkdir()
    script(tmp_path, "a")

    with pytest.raises(ConfigurationError, match="no git repository"):
        changed(tmp_path)


def test_no_commit(tmp_path: Path) -> None:
    """A repository that was just made has nothing to compare with."""
    (tmp_path / "versions").mkdir()
    script(tmp_path, "a")
    git(tmp_path, "init", "-q")

    with pytest.raises(ConfigurationError, match="is not in the clone"):
        changed(tmp_path)


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program itself may be missing."""
    project(tmp_path, "a")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigurationError, match="needs git"):
        changed(tmp_path)


def test_a_hook_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git tells its hooks of another folder does not lead astray."""
    project(tmp_path, "a")
    script(tmp_path, "b")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")

    assert changed(tmp_path) == {"b"}


def ids(revisions: tuple[Revision, ...]) -> list[str]:
    return [revision.id for revision in revisions]


def test_a_route_over_the_last() -> None:
    """The state before is everything that was there, other branches too."""
    route = route_since(DIAMOND, {"n"})

    assert (["a", "b", "c", "m", "x"], ["n"], ["n"]) == (ids(route.before), ids(route.revisions), ids(route.visited))
    assert ({"m", "x"}, {"n", "x"}) == (set(route.start), set(route.end))


def test_a_route_over_one_in_the_middle() -> None:
    """What follows it is neither below nor walked."""
    route = route_since(DIAMOND, {"b"})

    assert (["a", "c", "x"], ["b"], {"c", "x"}) == (ids(route.before), ids(route.revisions), set(route.start))


def test_a_route_with_unchanged_ones_between() -> None:
    """They are passed, and the way down jumps over them."""
    route = route_since(DIAMOND, {"a", "m"})

    assert (["x"], ["a", "b", "c", "m"], ["a", "m"]) == (ids(route.before), ids(route.revisions), ids(route.visited))
    assert route.skips


def test_what_the_notes_say() -> None:
    """What was walked, what was left out, what follows a change unlooked at."""
    found = Difference("origin/main", ("0123456789abcdef",), frozenset({"b"}))
    text = "\n".join(f"{note.subject}: {note.reason}" for note in notes_on(found, DIAMOND))

    assert "since origin/main: Walked what was added or changed since 0123456789ab: b; left out" in text
    assert "a, c, m, n, x" in text
    assert "m, n: They follow a revision that has changed" in text


def test_a_long_list_in_a_note() -> None:
    """Hundreds of revisions are not spelled out."""
    graph = Graph(tuple(Revision(f"r{number}", ()) for number in range(300)))
    (note,) = notes_on(Difference("main", ("0",), frozenset({"r299"})), graph)

    assert "and 293 more up to r298" in note.reason


def test_a_branch_without_a_commit(tmp_path: Path) -> None:
    """There is nothing that could have left the reference."""
    project(tmp_path, "a")
    git(tmp_path, "checkout", "--orphan", "other")

    with pytest.raises(ConfigurationError, match="has no commit yet"):
        difference("main", revisions(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_clone_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git does not trust it, and says what to do; so do we."""
    project(tmp_path, "a")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for each in (tmp_path, tmp_path / ".git"):
        os.chown(each, 12345, 12345)

    with pytest.raises(ConfigurationError, match="dubious ownership") as caught:
        difference("main", revisions(tmp_path))
    assert "git config --global --add safe.directory" in caught.value.remedy


def test_a_clone_in_which_git_fails(tmp_path: Path) -> None:
    """In its own words: an object is gone."""
    project(tmp_path, "a")
    tree = git(tmp_path, "rev-parse", "HEAD^{tree}")
    (tmp_path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()

    with pytest.raises(ConfigurationError, match=r"git \S+ failed in") as caught:
        difference("main", revisions(tmp_path))
    assert "mend the clone" in caught.value.remedy


def test_an_environment_that_has_changed_is_noted() -> None:
    """What that does to revisions left out was not looked at."""
    notes = notes_on(Difference("main", ("0123456789abcdef",), frozenset({"m"}), environments=("db/env.py",)), DIAMOND)

    assert (
        Note("db/env.py", "It has changed since 0123456789ab too; what that does to revisions left out was not looked at.")
        == notes[-1]
    )

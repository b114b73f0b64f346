"""Which PostgreSQL programs of a machine are taken, told from folders of programs that only say their version."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from migration_checks.errors import ProviderError
from migration_checks.providers import tuning
from migration_checks.providers.executor import _wrapper
from migration_checks.providers.guard import DATA, LOG, Guard, StartFailed, _is_ready, last_words
from migration_checks.providers.guarded import Order, _wire
from migration_checks.providers.local import LocalProvider, _major, installations
from migration_checks.providers.premises import User


@pytest.fixture(autouse=True)
def open_folders(tmp_path: Path) -> None:
    """Folders of tests may be entered by the user that a server of root's runs as."""
    root = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):
        if root in folder.parents:
            folder.chmod(0o755)


def programs(folder: Path, version: str, names: tuple[str, ...] = ("pg_ctl", "initdb", "postgres")) -> Path:
    """A folder of programs that print a version."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("version", "major"),
    [("17.5", 17), ("16.9 (Debian 16.9-1.pgdg12+1)", 16), ("19devel", 19), ("18beta2", 18), ("none", None)],
)
def test_programs_tell_their_version(tmp_path: Path, version: str, major: int | None) -> None:
    """Releases, betas and builds of packages."""
    assert _major(programs(tmp_path / "bin", version)) == major


def test_a_folder_that_lacks_a_program_is_none(tmp_path: Path) -> None:
    """All three are needed."""
    assert _major(programs(tmp_path / "bin", "17.5", ("pg_ctl", "initdb"))) is None
    assert _major(tmp_path / "nothing") is None


def test_the_folder_that_was_named_is_taken(tmp_path: Path) -> None:
    """And no other, whatever the machine has."""
    folder = programs(tmp_path / "bin", "16.2")

    assert LocalProvider(folder).require() == (folder, 16)


def test_the_newest_of_a_machine_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the version that was asked for; each folder once."""
    old, new = programs(tmp_path / "old", "15.1"), programs(tmp_path / "new", "97.2")
    monkeypatch.setenv("PATH", os.pathsep.join([str(old), str(new), str(old), "/bin"]))

    assert [each for each in installations() if tmp_path in each.parents] == [old, new]
    assert LocalProvider().require() == (new, 97)
    assert LocalProvider(version=97).require() == (new, 97)


@pytest.mark.parametrize(
    ("installed", "wanted", "says"),
    [("16.2", 17, r"PostgreSQL 17 were not found.*only 16 in"), ("13.9", None, r"PostgreSQL 14 or newer.*only 13 in")],
)
def test_programs_that_do_not_fit(tmp_path: Path, installed: str, wanted: int | None, says: str) -> None:
    """What was found instead is told."""
    with pytest.raises(ProviderError, match=says):
        LocalProvider(programs(tmp_path / "bin", installed), wanted).require()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a server to another user")
def test_programs_that_the_servers_user_cannot_reach(tmp_path: Path) -> None:
    """Root's own folder is closed to it."""
    folder = programs(tmp_path / "closed" / "bin", "17.1")
    folder.parent.chmod(0o700)

    with pytest.raises(ProviderError, match="cannot run as root"):
        LocalProvider(folder).require()


def test_pg_ctl_is_run_as_another_user_with_its_arguments(tmp_path: Path) -> None:
    """By a program of one line, which nobody else may change."""
    wrapper = _wrapper(Path("/opt/pg bin/pg_ctl"), tmp_path, User("nobody", 65534, 65533))
    text = wrapper.read_text()

    assert "65534" in text
    assert "65533" in text
    assert "'/opt/pg bin/pg_ctl' \"$@\"" in text
    assert wrapper.stat().st_mode & 0o777 == 0o700


# -- how servers are set up --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("major", "builtin"), [(14, False), (16, False), (17, True), (18, True)])
def test_the_locale_is_alike_on_every_machine(major: int, builtin: bool) -> None:
    """From the version on that brings one of its own."""
    options = tuning.initdb_options(major, "owner")

    assert ("--builtin-locale=C.UTF-8" in options) is builtin
    assert {"--username=owner", "--encoding=UTF8"} <= set(options)


def test_programs_of_a_server_know_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of libpq's, no language."""
    monkeypatch.setenv("PGDATA", "/elsewhere")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("HOME", "/root")
    found = tuning.environment()

    assert found.keys().isdisjoint({"PGDATA", "LANG"})
    assert (found["HOME"], found["LC_ALL"]) == ("/root", tuning.locale())


def test_settings_of_a_server_name_no_setting_twice() -> None:
    """The last one would win, unseen."""
    names = [each.partition("=")[0] for each in tuning.settings()]

    assert len(names) == len(set(names))
    assert "fsync=off" in tuning.settings()


# -- what a guard knows of its server ----------------------------------------------------------------------------------


def test_a_server_is_ready_when_it_says_so(tmp_path: Path) -> None:
    """On the eighth line of its file, and not before."""
    (tmp_path / DATA).mkdir()
    file = tmp_path / DATA / "postmaster.pid"
    assert not _is_ready(tmp_path)
    for status, ready in (("starting", False), ("ready   ", True)):
        file.write_text("\n".join(["1"] * 7 + [status]) + "\n")
        assert _is_ready(tmp_path) is ready


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("LOG: starting\nFATAL:  no room.\nLOG: database system is shut down\n", "FATAL:  no room"),
        ("one\ntwo.\n", "two"),
        ("initdb: error: could not change permissions\nhint", "initdb: error: could not change permissions"),
        ("", "it left no message"),
    ],
)
def test_the_line_of_a_log_that_tells_most(tmp_path: Path, log: str, words: str) -> None:
    """The first that speaks of a failure, else the last."""
    (tmp_path / LOG).write_text(log)

    assert last_words(tmp_path) == words
    assert last_words(tmp_path / "nowhere") == "it left no message"


def order(**more: object) -> dict[str, object]:
    return {"user": None, "base": "/tmp", "copy": [], "environment": {}, "patience": 0.2, "farewell": [], **more}


def test_programs_are_used_where_they_are(tmp_path: Path) -> None:
    """Unless their user could not reach them: then a private tree of links is made."""
    folder = programs(tmp_path / "root" / "pg" / "bin", "18.1")
    (tmp_path / "root" / "pg" / "lib").mkdir()
    (tmp_path / "root" / "pg" / "lib" / "x.so").write_text("code")
    plain = Guard(order(programs=str(folder)))
    hidden = Guard(order(programs="pg/bin", root=str(tmp_path / "root"), copy=["pg/bin/postgres", "pg/lib"]))

    assert plain._programs(tmp_path / "own") == folder
    found = hidden._programs(tmp_path / "own")
    assert found == tmp_path / "own" / "programs" / "pg" / "bin"
    assert os.access(found / "postgres", os.X_OK)
    assert (found.parent / "lib" / "x.so").read_text() == "code"
    assert not (found / "initdb").exists()


def test_a_server_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Its status too."""
    guard = Guard(order())
    server = guard._spawn(tmp_path, ["/bin/sh", "-c", "echo 'FATAL: no room'; exit 3"])
    server.wait()
    (tmp_path / DATA).mkdir()

    with pytest.raises(StartFailed, match=r"postgres ended with status 3: FATAL: no room"):
        guard._await_ready(tmp_path, server)


@pytest.mark.parametrize("program", [Path("/opt/pg/bin"), None])
def test_an_order_for_a_guard(program: Path | None) -> None:
    """With a server where programs are named, else only a directory."""
    wire = _wire(Order(programs=program, settings=["a=b"]), Path("/base"), None)

    assert (wire["server"], wire["base"], wire["settings"], wire["user"]) == (program is not None, "/base", ["a=b"], None)
    assert wire["copy"] == []


def test_programs_that_are_hidden_from_the_servers_user_are_ordered_by_their_parts(tmp_path: Path) -> None:
    """Relative to the folder that they lie in."""
    folder = programs(tmp_path / "closed" / "pg" / "bin", "18.1")
    (tmp_path / "closed").chmod(0o700)
    wanted = Order(programs=folder, root=tmp_path / "closed", parts=[folder / "postgres"])
    wire = _wire(wanted, tmp_path, User("nobody", 65534, 65534))

    assert (wire["programs"], wire["copy"]) == ("pg/bin", ["pg/bin/postgres"])
    assert wire["user"] == {"uid": 65534, "gid": 65534}

"""Where a server may live."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from migration_checks.errors import ProviderError
from migration_checks.providers import premises
from migration_checks.providers.premises import User, base_directory, bases, is_open, server_user

NOBODY = User("nobody", 65534, 65534)


def test_a_tmpdir_that_was_set_is_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is only preferred where nobody said otherwise."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)

    assert tmp_path.resolve() == bases()[0]


def test_a_folder_too_deep_for_a_socket_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket's path must stay below the operating system's limit, so /tmp is taken."""
    deep = tmp_path / ("d" * 80)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    monkeypatch.setattr(tempfile, "tempdir", None)

    assert Path("/tmp").resolve() == base_directory(None)


def test_a_private_folder_is_passed_over_for_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest's own folder is 0700: what runs as nobody cannot live there."""
    monkeypatch.setattr(premises, "bases", lambda: (tmp_path, Path("/tmp").resolve()))

    assert Path("/tmp").resolve() == base_directory(NOBODY)


def test_no_place_at_all_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy names TMPDIR."""
    monkeypatch.setattr(premises, "bases", lambda: (tmp_path / ("d" * 80),))

    with pytest.raises(ProviderError, match="TMPDIR"):
        base_directory(None)


def test_memory_is_left_alone_where_it_is_scarce(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small container's /dev/shm holds 64 MB, less than a server needs."""
    monkeypatch.setattr(premises, "_spare_memory", lambda: 64 << 20)

    assert Path("/dev/shm") != base_directory(None)


def test_open_means_that_every_folder_above_may_be_entered(tmp_path: Path) -> None:
    """One closed folder is enough; the permissions of the file count too."""
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o755)
    tmp_path.chmod(0o700)

    assert is_open(Path("/tmp"))
    assert not is_open(inner)


@pytest.mark.skipif(os.geteuid() == 0, reason="root is the exception")
def test_who_is_not_root_runs_servers_as_themselves() -> None:
    """No other user is looked for."""

    assert server_user() is None


def test_a_user_id_without_an_entry_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """initdb refuses to work for it; containers run with `--user 4242` meet this."""
    monkeypatch.setattr(os, "geteuid", lambda: 4_242_424)

    with pytest.raises(ProviderError, match="4242424 has no entry in the user table"):
        server_user()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_runs_servers_as_an_unprivileged_user() -> None:
    """PostgreSQL refuses to run as root."""
    user = server_user()

    assert user is not None
    assert 0 not in (user.uid, user.gid)


def test_whoever_has_an_entry_runs_servers_as_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other user is looked for."""
    monkeypatch.setattr(os, "geteuid", lambda: pwd.getpwnam("nobody").pw_uid)

    assert server_user() is None


def test_root_without_an_unprivileged_user_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slim image may have none; one of that name that is root all the same does not count."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", {"daemon": SimpleNamespace(pw_name="daemon", pw_uid=0, pw_gid=0)}.__getitem__)

    with pytest.raises(ProviderError, match="no unprivileged user to run it as"):
        server_user()


def test_a_folder_in_which_nothing_may_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is passed over where programs are to run in it."""
    short = Path("/tmp").resolve()
    monkeypatch.setattr(premises, "bases", lambda: (short,))
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=getattr(os, "ST_NOEXEC", 8)))

    assert short == base_directory(None)
    with pytest.raises(ProviderError, match="TMPDIR"):
        base_directory(None, runs_programs=True)


@pytest.mark.parametrize(
    ("limit", "used", "granted"),
    [
        ("8589934592", "4294967297", (4 << 30) - 1),
        ("max", "7", 4 << 30),
        (None, "7", 4 << 30),
        ("8589934592", None, 4 << 30),
        ("some", "7", 4 << 30),
    ],
)
def test_memory_that_a_container_grants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, used: str | None, granted: int
) -> None:
    """What its limit leaves; where there is none, all that is wanted."""
    for name, text in (("memory.max", limit), ("memory.current", used)):
        if text is not None:
            (tmp_path / name).write_text(f"{text}\n")
    monkeypatch.setattr(premises, "_CGROUP", tmp_path)

    assert granted == premises._control_group_memory()


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="only Linux tells")
def test_spare_memory_is_the_least_of_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder's own room, or the control group's; without a folder in memory there is none."""
    monkeypatch.setattr(premises, "_MEMORY", tmp_path)
    monkeypatch.setattr(premises, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000")
    (tmp_path / "memory.current").write_text("400")
    assert 600 == premises._spare_memory()

    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=5, f_frsize=100))
    assert 500 == premises._spare_memory()
    monkeypatch.undo()
    monkeypatch.setattr(premises, "_MEMORY", tmp_path / "nothing")
    assert 0 == premises._spare_memory()

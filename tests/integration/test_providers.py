"""Servers are lent for real, and nothing of them is left behind, whatever ended the process that lent them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_checks.connection import connect
from migration_checks.database import Databases
from migration_checks.errors import ProviderError
from migration_checks.providers import EmbeddedProvider, LocalProvider, Server, guard, provider_for, tuning
from migration_checks.providers.embedded import _package, _parts, socket_url
from migration_checks.providers.guarded import Order, guarded
from migration_checks.providers.local import installations
from tests.processes import Lender, eventually, mentioning

LAB = Path(__file__).parents[3] / "shared" / "container-lab" / "postgres-binaries"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def directory_of(server: Server) -> Path:
    return Path(str(conninfo_to_dict(server.url)["host"]))


def other_major(major: int) -> Path:
    """The programs of another major, where the lab can fetch them."""
    if not LAB.exists():
        pytest.skip(f"{LAB} is not here")
    answer = subprocess.run([LAB, str(major)], capture_output=True, text=True, timeout=300, check=False)
    if answer.returncode != 0:
        pytest.skip(f"PostgreSQL {major} cannot be had: {answer.stderr.strip()[-200:]}")
    return Path(answer.stdout.strip().splitlines()[-1]) / str(major) / "bin"


@pytest.fixture(scope="module")
def local() -> Iterator[Server]:
    if not installations():
        pytest.skip("no PostgreSQL is installed on this machine")
    with LocalProvider().lend() as lent:
        yield lent


def test_an_embedded_server_is_private_and_tuned(server: Server) -> None:
    """It listens on no network address, its directory is open to one user only, and it pays for no durability."""
    with connect(server.url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()  # type: ignore[arg-type]
            for name in ("listen_addresses", "fsync", "synchronous_commit", "autovacuum", "jit", "server_encoding")
        }

    assert shown == {
        "listen_addresses": ("",),
        "fsync": ("off",),
        "synchronous_commit": ("off",),
        "autovacuum": ("off",),
        "jit": ("off",),
        "server_encoding": ("UTF8",),
    }
    assert stat.S_IMODE(directory_of(server).stat().st_mode) == 0o700
    assert server.provider == "embedded"
    assert server.major == 18


def test_an_embedded_server_knows_letters_beyond_ascii(database: str) -> None:
    """The locale is a UTF-8 one: case, and order by code point, are the same on every machine."""
    with connect(database) as connection:
        row = connection.execute("SELECT upper('àß'), 'é' > 'z', lower('ÅÄÖ')").fetchone()

    assert row == ("Àß", True, "åäö") or row == ("ÀSS", True, "åäö")


def test_a_publication_is_made_without_a_warning(database: str) -> None:
    """wal_level is what production has where publications are used."""
    with connect(database) as connection:
        notices: list[str] = []
        connection.add_notice_handler(lambda diagnostic: notices.append(str(diagnostic.message_primary)))
        connection.execute("CREATE PUBLICATION everything FOR ALL TABLES")

    assert notices == []


def test_a_local_server_is_lent_by_the_executor(local: Server) -> None:
    """The programs of this machine run as root too, with the same settings, on a socket only."""
    with connect(local.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
    assert local.provider == "local"
    assert local.version == local.major * 10000 + local.version % 10000 >= 140000


def test_databases_are_made_on_a_local_server(local: Server) -> None:
    """Whatever its version, databases are created, copied and dropped."""
    with Databases(local) as databases:
        url = databases.create("one")
        with connect(url) as connection:
            connection.execute("CREATE TABLE public.t AS SELECT 42 AS x")
        databases.disconnect(url)
        with connect(databases.copy(url, "two")) as connection:
            assert connection.execute("SELECT x FROM public.t").fetchone() == (42,)
    with connect(local.url) as connection:
        assert connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'mc%'").fetchall() == []


@pytest.mark.parametrize("major", [14, 16])
def test_other_majors_are_lent_from_their_folder(major: int) -> None:
    """`local:/path/to/bin` runs what lies there, and says which version it is."""
    folder = other_major(major)
    with provider_for(f"local:{folder}").lend() as lent, Databases(lent) as databases:
        assert major == lent.major
        with connect(databases.create("x")) as connection:
            assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_a_folder_without_programs_is_one_sentence(tmp_path: Path) -> None:
    """It names the folder."""
    with pytest.raises(ProviderError, match=f"were not found on {tmp_path}"):
        LocalProvider(tmp_path).lend().__enter__()


def test_a_version_that_is_not_installed_names_what_is() -> None:
    """The embedded server has one version; the sentence says which, and another provider is named where one could do it."""
    with pytest.raises(ProviderError, match="is version 18, not 15"):
        provider_for("embedded", version=15).lend().__enter__()


@linux
@pytest.mark.parametrize(
    ("spec", "how", "status"),
    [
        ("embedded", "eof", 0),
        ("embedded", "raise", 1),
        ("embedded", "SIGTERM", 143),
        ("embedded", "SIGINT", -2),
        ("embedded", "SIGKILL", -9),
        ("local", "SIGTERM", 143),
        ("local", "SIGKILL", -9),
    ],
)
def test_nothing_is_left_however_the_lender_ends(spec: str, how: str, status: int) -> None:
    """A normal end, an exception, SIGTERM, Ctrl-C, SIGKILL: the server's processes and its directory are gone."""
    if spec == "local" and not installations():
        pytest.skip("no PostgreSQL is installed on this machine")
    lender = Lender.start(spec)

    assert mentioning(lender.host)
    assert status == lender.end(how)
    assert eventually(lambda: lender.is_gone_without_trace)


@linux
def test_a_killed_guard_takes_its_server_along_and_the_next_start_sweeps() -> None:
    """Lender and guard die by SIGKILL at once: the kernel ends the server, the next start removes the directory."""
    lender = Lender.start("embedded")
    os.kill(lender.guard(), 9)
    lender.end("SIGKILL")

    assert eventually(lambda: not mentioning(lender.host))
    with guarded(Order()):
        assert lender.is_gone_without_trace


@linux
def test_a_killed_guard_is_noticed_by_its_asker() -> None:
    """The server is gone with it, and the asker removes what is left when its block ends."""
    lender = Lender.start("embedded")
    os.kill(lender.guard(), 9)

    assert eventually(lambda: not mentioning(lender.host))
    assert lender.end("eof") == 0
    assert lender.is_gone_without_trace


@linux
def test_a_fork_that_holds_the_pipe_delays_nothing() -> None:
    """A child forked without exec keeps the pipe to the guard open; the end of the block does not wait for it."""
    ours, theirs = os.pipe()
    with EmbeddedProvider().lend() as server:
        child = os.fork()
        if child == 0:
            os.read(ours, 1)
            os._exit(0)
    assert not directory_of(server).exists()
    os.write(theirs, b"x")
    os.waitpid(child, 0)
    os.close(ours)
    os.close(theirs)


@linux
def test_a_server_that_is_killed_leaves_no_shared_memory() -> None:
    """Its System V segment and its dynamic shared memory go with the directory."""
    segments = Path("/proc/sysvipc/shm")
    with EmbeddedProvider().lend() as server:
        data = directory_of(server) / guard.DATA
        lines = (data / "postmaster.pid").read_text().splitlines()
        segment = lines[6].split()[1]
        assert any(line.split()[1] == segment for line in segments.read_text().splitlines())
        assert list((data / "pg_dynshmem").iterdir())
        os.kill(int(lines[0]), 9)
    assert not directory_of(server).exists()
    assert not any(line.split()[1] == segment for line in segments.read_text().splitlines())


@as_root
def test_programs_in_a_private_folder_are_brought_out(tmp_path: Path) -> None:
    """A virtualenv below /root is closed to the server's user, also where the files themselves are private."""
    private = tmp_path / "private"
    installed = _package()
    for part in _parts(installed):
        target = private / part.relative_to(installed.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        if part.is_dir():
            shutil.copytree(part, target)
        else:
            shutil.copy2(part, target)
    for library in private.rglob("libpq*"):
        library.chmod(0o600)
    private.chmod(0o700)
    order = Order(
        programs=private / installed.name / "pginstall" / "bin",
        root=private,
        parts=_parts(private / installed.name),
        initdb=tuning.initdb_options(18, "postgres"),
        settings=("listen_addresses=", *tuning.settings()),
        environment=tuning.environment(),
    )
    with guarded(order) as directory, connect(socket_url(directory)) as connection:
        connection.execute("CREATE EXTENSION citext SCHEMA public")
        assert connection.execute("SELECT 'A'::public.citext OPERATOR(public.=) 'a'::public.citext").fetchone() == (True,)
        assert (directory / "programs").is_dir()
    assert not directory.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 80 MB: enough to start a server, not for much more."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system")
    disk = Path("/tmp") / f"small-{os.getpid()}"
    disk.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m,mode=1777", "tmpfs", disk], capture_output=True)
        if mounted.returncode != 0:
            pytest.skip(f"no file system can be mounted: {mounted.stderr.decode().strip()}")
        yield disk
        subprocess.run(["umount", disk], check=True)
    finally:
        disk.rmdir()


def test_a_disk_without_room_for_a_server_is_one_sentence(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """initdb's own words are in it, and nothing stays on the disk."""
    (small_disk / "ballast").write_bytes(bytes(70 << 20))
    monkeypatch.setattr("migration_checks.providers.guarded.base_directory", lambda *_, **__: small_disk)

    with pytest.raises(ProviderError, match="No space left on device"):
        EmbeddedProvider().lend().__enter__()
    assert [small_disk / "ballast"] == list(small_disk.iterdir())


def test_a_disk_that_fills_up_is_one_sentence(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Creating databases until nothing fits says so, with a remedy, and the server still goes in order."""
    monkeypatch.setattr("migration_checks.providers.guarded.base_directory", lambda *_, **__: small_disk)

    def fill(server: Server) -> None:
        with Databases(server) as databases:
            for count in range(20):
                databases.create(f"filler_{count}")

    with EmbeddedProvider().lend() as server, pytest.raises(ProviderError, match="No space left on device") as caught:
        fill(server)
    assert "Free space" in caught.value.remedy
    assert list(small_disk.iterdir()) == []

"""`migration-checks verify` as a user runs it on what cannot work: one sentence, a remedy, status 2, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from migration_checks.cli import main
from migration_checks.connection import connect
from migration_checks.providers import EmbeddedProvider, LocalProvider, Server
from migration_checks.providers.choice import has_control_file
from tests.crashes.killed import kill_one, project_in
from tests.crashes.places import Place, a_place, at_rest, inventory
from tests.processes import eventually
from tests.projects import Project, Script, make_project, sql
from tests.walks import creates, walk, widens

PATIENCE = 120.0
HEALTHY = (creates("t", "a1"), widens("t", "b2", "a1"))


@pytest.fixture
def place() -> Iterator[Place]:
    """Short and open to the server's user, as its sockets need; a project's own folder lies elsewhere."""
    with a_place() as made:
        yield made


@dataclass(frozen=True)
class Ended:
    status: int
    output: str
    complaint: str


def run(place: Place, project: Project, *arguments: str) -> Ended:
    process = place.start(project, *arguments)
    output, complaint = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, output, complaint)


def refuses(place: Place, project: Project, *arguments: str, says: str, advises: str) -> None:
    """The run ends with status 2 and one line that holds a cause and a remedy, and leaves nothing."""
    assert_refused(run(place, project, *arguments), says, advises)
    assert place.is_clean


def assert_refused(ended: Ended, says: str, advises: str) -> None:
    """Status 2, and one line that holds a cause and a remedy."""
    assert ended.status == 2, ended.output + ended.complaint
    assert ended.output == ""
    assert "Traceback" not in ended.complaint
    (line,) = ended.complaint.splitlines()
    assert line.startswith("migration-checks: ")
    assert "internal error" not in line
    assert says in line
    assert advises in line


def test_a_script_with_a_syntax_error(tmp_path: Path, place: Place) -> None:
    """The file and the line are named."""
    project = make_project(tmp_path, HEALTHY)
    project.files["b2"].write_text("revision = 'b2'\ndown_revision = 'a1'\ndef upgrade(:\n")

    refuses(place, project, says="b2_script.py, line 3", advises="Correct the syntax.")


def test_a_server_that_cannot_be_reached(tmp_path: Path, place: Place) -> None:
    """And no password of it is shown."""
    url = "postgresql://app:s3cret@127.0.0.1:9/postgres"
    refuses(
        place, make_project(tmp_path, HEALTHY), "--provider", url, says="127.0.0.1:9 failed", advises="See that the server runs"
    )


@pytest.fixture(scope="module")
def theirs() -> Iterator[Server]:
    """A server of its own: roles and databases of other tests are not counted."""
    with EmbeddedProvider().lend() as lent:
        yield lent


@dataclass(frozen=True)
class Refused:
    """What cannot be walked, what is said of it, and what is advised."""

    says: str
    advises: str
    scripts: tuple[Script, ...] = HEALTHY
    options: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


REFUSED = {
    "a revision that is not there": Refused("'zz'", "Write START:END", arguments=("--range", "zz:head")),
    "an env.py that raises": Refused(
        "RuntimeError: no settings", "boot = ", options={"env": "raise RuntimeError('no settings')"}
    ),
    "a chain without revisions": Refused("There is no revision", "script_location", scripts=()),
    "a driver that is not installed": Refused(
        "pg8000", "Install pg8000", options={"url": "postgresql+pg8000://app@production.invalid/app"}
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_walked(name: str, tmp_path: Path, theirs: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """A cause, a remedy, and nothing is left on the server: whatever env.py raised, what its own URL needs, no revision."""
    case = REFUSED[name]
    project = make_project(tmp_path, case.scripts, **case.options)
    before = at_rest(theirs)
    server = ("--provider", theirs.url, "--allow-shared-server")
    status = main(["verify", "-c", str(project.config), *server, *case.arguments])
    said = capsys.readouterr()

    assert_refused(Ended(status, said.out, said.err), case.says, case.advises)
    assert eventually(lambda: inventory(theirs) == before)


def test_a_role_that_may_not_create_databases(tmp_path: Path, place: Place, theirs: Server) -> None:
    """The statement that would help is given."""
    with connect(theirs.url) as connection:
        connection.execute("CREATE ROLE poor LOGIN")
        before = inventory(theirs)
        url = theirs.url.replace("postgres@", "poor@")
        refuses(
            place, make_project(tmp_path, HEALTHY), "--provider", url, says="may not create", advises="ALTER ROLE poor CREATEDB"
        )
        assert inventory(theirs) == before
        connection.execute("DROP ROLE poor")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
@pytest.mark.parametrize(
    ("megabytes", "says", "provider"),
    [(8, "No space left", "embedded"), (8, "No space left", "auto"), (70, "full", "embedded"), (120, "full", "auto")],
)
def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, megabytes: int, says: str, provider: str) -> None:
    """When the server starts, and in the middle of a walk: one sentence, and the disk is empty afterwards."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")  # a container would have a disk of its own
    with tempfile.TemporaryDirectory(prefix="mct", dir="/tmp") as name:
        if subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=1777", "tmpfs", name], check=False
        ).returncode:
            pytest.skip("this machine does not let root mount a file system")
        try:
            grows = Script(
                "a1",
                None,
                sql("CREATE TABLE t AS SELECT g AS id, repeat(md5(g::text), 9) AS v FROM generate_series(1, 200000) g"),
            )
            project = make_project(tmp_path, [grows])
            refuses(Place(Path(name)), project, "--provider", provider, says=says, advises="Free")
        finally:
            subprocess.run(["umount", "-l", name], check=True)


ASKS = (
    Script("a1", None, sql("CREATE EXTENSION IF NOT EXISTS pgcrypto"), sql("DROP EXTENSION pgcrypto")),
    Script(
        "b2", "a1", sql('CREATE EXTENSION "uuid-ossp"', "CREATE TABLE t (id uuid PRIMARY KEY DEFAULT uuid_generate_v4())"),
        sql("DROP TABLE t", 'DROP EXTENSION "uuid-ossp"'),
    ),
)  # fmt: skip


def test_an_extension_that_the_server_lacks(tmp_path: Path, place: Place) -> None:
    """The extension is named, and who could have it."""
    asked = make_project(tmp_path, ASKS)
    refuses(place, asked, "--provider", "embedded", says="The extension pgcrypto, which a1 creates", advises="--provider ")


def test_another_provider_has_the_extension(tmp_path: Path, place: Place) -> None:
    """`auto` starts again where it is to be had, and says so."""
    try:
        programs, major = LocalProvider().require()
    except Exception as error:
        pytest.skip(str(error))
    if not all(has_control_file(programs, major, each) for each in ("pgcrypto", "uuid-ossp")):
        pytest.skip(f"the PostgreSQL in {programs} has no contrib modules")
    ended = run(place, make_project(tmp_path, ASKS), "--provider", "auto")

    assert ended.status == 0, ended.output + ended.complaint
    assert "(local)" in ended.output
    assert "pgcrypto" in ended.output
    assert place.is_clean


FAULTS = {
    "upgrade": ("SELECT 1/0", ""),
    "upgrade on rows": ("ALTER TABLE t ADD COLUMN bad int NOT NULL", "ALTER TABLE t DROP COLUMN bad"),
    "downgrade": ("CREATE TABLE bad (id int)", "SELECT 1/0"),
    "second upgrade": ("CREATE TABLE bad (id int)", "COMMENT ON TABLE bad IS 'left'"),
}
FAILURES = ("MC101", "MC102", "MC103")
"""The checks on upgrades, downgrades and second upgrades that fail."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_leg_that_fails_leaves_nothing(tmp_path: Path, theirs: Server, fault: str) -> None:
    """Whichever of three revisions fails, the first, the middle or the last one of its branch, and however: the server of
    somebody else is as it was.
    """
    before = at_rest(theirs)
    up, down = FAULTS[fault]
    chain, roles = [creates("t", "r")], [f"mct_leftover_{number}" for number in range(3)]
    for number, role in enumerate(roles):
        below = "r"
        for each in range(3):
            id = f"r{number}{each}"
            if each == number:
                bad = [text.replace("bad", f"bad{number}") for text in (up, down)]
                chain.append(Script(id, below, sql(f"CREATE ROLE {role}", bad[0]), sql(f"DROP ROLE {role}", bad[1])))
            else:
                chain.append(widens("t", id, below, f"n{number}{each}"))
            below = id
    walked = walk(tmp_path, theirs, chain)

    assert {"r00", "r11", "r22"} == {revision for check, revision in walked.found if check in FAILURES}
    with connect(theirs.url) as connection:
        for role in roles:
            connection.execute(f"DROP ROLE IF EXISTS {role}".encode())  # nothing tells it from other people's roles here
    assert eventually(lambda: inventory(theirs) == before)


INTERRUPTIONS = int(os.environ.get("MIGRATION_CHECKS_INTERRUPTIONS", "8"))
"""How many runs are cut short; more find more."""


@pytest.mark.parametrize("number", range(INTERRUPTIONS))
def test_a_run_that_is_cut_short_leaves_nothing(tmp_path: Path, theirs: Server, number: int) -> None:
    """Ctrl-C, SIGTERM and SIGKILL (of its guard, too) at any moment, on a server of our own and of somebody else."""
    killed = kill_one(project_in(tmp_path), theirs, number, seed=7, longest=4.0)

    assert killed.left == ()


def test_an_undisturbed_run_leaves_nothing(tmp_path: Path, place: Place) -> None:
    """No process, no directory."""
    ended = run(place, make_project(tmp_path, HEALTHY))

    assert (ended.status, ended.complaint) == (0, "")
    assert place.is_clean


def test_databases_of_other_people(tmp_path: Path, place: Place, theirs: Server) -> None:
    """They are not touched, whatever a run does beside them."""
    with connect(theirs.url) as connection:
        connection.execute("CREATE DATABASE precious")
        before = inventory(theirs)
        arguments = ("--provider", theirs.url, "--allow-shared-server")
        assert run(place, make_project(tmp_path, HEALTHY), *arguments).status == 0
        assert eventually(lambda: inventory(theirs) == before)
        connection.execute("DROP DATABASE precious")

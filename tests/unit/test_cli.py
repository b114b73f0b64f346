"""The command line: exit statuses, one sentence for an error, and an orderly end however it ends."""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from migration_checks import cli, commands
from migration_checks.config import Settings
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.interchange import from_json, to_json
from migration_checks.report import Progress, Report
from migration_checks.transition import Leg
from tests.projects import Script, make_project
from tests.reports import CLEAN, HOSTILE, LOST, SAMPLE

Walk = Callable[..., Report]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an alembic.ini, in which commands run."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def walking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Walk], None]:
    """Puts a function in the place of the walk, which needs a server."""

    def install(walk: Walk) -> None:
        module = types.ModuleType("migration_checks.verify")
        module.verify = walk  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "migration_checks.verify", module)

    return install


@pytest.mark.parametrize(("report", "status"), [(CLEAN, 0), (SAMPLE, 1)])
def test_the_verdict_is_the_status(
    project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str], report: Report, status: int
) -> None:
    """0 and the report where nothing counts, 1 and the report where something does."""
    walking(lambda settings, progress: report)

    assert cli.main(["verify"]) == status
    assert report.verdict.upper() in capsys.readouterr().out


def test_the_settings_reach_the_walk(project: Path, walking: Callable[[Walk], None]) -> None:
    """What was asked for on the command line is what is walked; without a terminal nobody watches the progress."""
    asked: list[tuple[Settings, object]] = []

    def walk(settings: Settings, progress: Callable[[Progress], None] | None) -> Report:
        asked.append((settings, progress))
        return CLEAN

    walking(walk)
    cli.main(["verify", "-c", "alembic.ini", "--rows", "7", "--timeout", "2", "--redact", "-x", "tenant=a"])
    ((settings, progress),) = asked

    assert (settings.rows, settings.timeout, settings.redact, settings.lineage.x) == (7, 2.0, True, ("tenant=a",))
    assert progress is None


def test_reports_are_written(project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Every wanted file, folders included; the one on standard output takes the place of the text."""
    walking(lambda settings, progress: SAMPLE)

    cli.main(["verify", "--report", "json=out/deep/report.json", "--report", "junit=j.xml", "--report", "github=-"])

    assert from_json((project / "out/deep/report.json").read_bytes()) == SAMPLE
    assert (project / "j.xml").read_text().startswith("<?xml")
    assert capsys.readouterr().out.startswith("::error file=")


@pytest.mark.parametrize("path", ["alembic.ini/report.json", "."])
def test_an_unwritable_report_is_told_before_the_walk(
    project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str], path: str
) -> None:
    """No minute is spent on a walk whose report has no place."""
    walking(lambda settings, progress: pytest.fail("walked"))

    assert cli.main(["verify", "--report", f"json={path}"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_walk_that_fails_leaves_no_empty_report(project: Path, walking: Callable[[Walk], None]) -> None:
    """Trying whether a file can be written does not leave one."""
    walking(raising(ProviderError("No server.", "Start one.")))

    assert cli.main(["verify", "--report", "json=out.json"]) == 2
    assert not (project / "out.json").exists()


def raising(error: BaseException) -> Walk:
    def walk(settings: Settings, progress: object) -> Report:
        raise error

    return walk


def test_an_error_is_one_sentence(project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, what is wrong and what to do, on one line of standard error, whatever the message is made of."""
    walking(raising(ProviderError(f"No server: {HOSTILE}.", "Start one.")))

    assert cli.main(["verify"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("migration-checks: No server: \\x1b[31mred")
    assert err.endswith("Start one.\n")
    assert err.count("\n") == 1


def test_an_unexpected_error_asks_for_a_report(
    project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback unless --debug asks for it."""
    walking(raising(KeyError("oops")))

    assert cli.main(["verify"]) == 2
    quiet = capsys.readouterr().err
    assert cli.main(["verify", "--debug"]) == 2
    loud = capsys.readouterr().err

    assert "internal error: KeyError: 'oops'. Please report it" in quiet
    assert "Traceback" not in quiet
    assert "Traceback" in loud


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (psycopg.errors.DiskFull("could not extend file"), "Free space on the server's disk"),
        (psycopg.errors.AdminShutdown("terminating connection"), "shut down"),
        (psycopg.OperationalError("server closed the connection"), "See that the server runs"),
        (psycopg.errors.InsufficientPrivilege("permission denied to create database"), "CREATEDB"),
        (OSError(errno.ENOSPC, "No space left on device"), "Free what is used up"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_trouble_around_the_toolkit_is_no_internal_error(
    project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str], error: Exception, part: str
) -> None:
    """A full disk, a server that goes away or that refuses are told with what to do about them."""
    walking(raising(error))

    assert cli.main(["verify"]) == 2
    err = capsys.readouterr().err
    assert part in err
    assert "internal error" not in err


def test_a_mistake_in_our_own_sql_is_an_internal_error(
    project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """What only the toolkit can have done wrong asks to be reported."""
    walking(raising(psycopg.errors.SyntaxError("syntax error")))

    assert cli.main(["verify"]) == 2
    assert "internal error" in capsys.readouterr().err


def test_an_interrupt_is_no_error(project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with 130 and one line."""
    walking(raising(KeyboardInterrupt()))

    assert cli.main(["verify"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["verify", "--nonsense"], ["verify", "--rows", "many"], ["verify", "--provide", "local"]]
)
def test_a_wrong_command_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown, malformed and abbreviated options are refused with status 2."""
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)

    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["verify", "--help"], ["render", "--help"], ["--version"]])
def test_help_loads_nothing(arguments: list[str]) -> None:
    """Help is shown without loading SQLAlchemy, Alembic, rich or a driver, so that it comes at once."""
    program = (
        "import sys\nfrom migration_checks.cli import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'sqlalchemy', 'alembic', 'rich', 'psycopg', 'faker'} & sys.modules.keys()\nassert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "migration-checks" in done.stdout


def test_rendering(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A JSON report becomes any other format, on standard output or in a file; several are merged."""
    (project / "a.json").write_text(to_json(replace(SAMPLE, findings=(LOST,))))
    (project / "b.json").write_text(to_json(SAMPLE))

    assert cli.main(["render", "a.json", "b.json", "--to", "json"]) == 0
    assert {each.check for each in from_json(capsys.readouterr().out).findings} == {each.check for each in SAMPLE.findings}
    assert cli.main(["render", "a.json", "--to", "markdown", "-o", "out/comment.md"]) == 0
    assert "Migrations failed" in (project / "out/comment.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["gone.json", "--to", "text"], "gone.json cannot be read"),
        (["alembic.ini", "--to", "text"], "alembic.ini is not JSON"),
        (["alembic.ini", "--to", "txt"], "did you mean 'text'?"),
    ],
)
def test_what_cannot_be_rendered(project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], part: str) -> None:
    """A missing file, one that is no report, and an unknown format are one sentence each."""
    assert cli.main(["render", *arguments]) == 2
    assert part in capsys.readouterr().err


def test_the_checks_and_their_pages(capsys: pytest.CaptureFixture[str]) -> None:
    """All on a line each, one by id or name as a page, none for a word that is no check."""
    assert cli.main(["checks"]) == 0
    overview = capsys.readouterr().out
    assert cli.main(["checks", "MC304"]) == 0
    page = capsys.readouterr().out
    assert cli.main(["checks", "rollback-loses-values"]) == 0

    assert capsys.readouterr().out == page
    assert "MC304  rollback-loses-values" in overview
    assert page.startswith("MC304 rollback-loses-values (error)")
    assert cli.main(["checks", "MC3O4"]) == 2
    assert "did you mean" in capsys.readouterr().err


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_leaves_changes_no_verdict(
    project: Path, walking: Callable[[Walk], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`migration-checks verify | head` ends quietly, with the status of what was found."""
    walking(lambda settings, progress: SAMPLE)
    monkeypatch.setattr(sys, "stdout", Gone())

    assert cli.main(["verify"]) == 1


def test_a_pipe_that_is_closed() -> None:
    """A real pipe whose reader is gone: no complaint of Python's at the end."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "migration_checks", "checks"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, "")


def test_an_encoding_that_lacks_a_mark(project: Path) -> None:
    """Where a stream cannot show a character it is spelled out, and the report goes on."""
    (project / "a.json").write_text(to_json(SAMPLE))
    done = subprocess.run(
        [sys.executable, "-m", "migration_checks", "render", "a.json", "--to", "text"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"FAILED" in done.stdout


SLEEPER = """
import sys, types
from contextlib import contextmanager

@contextmanager
def held():
    try:
        yield
    finally:
        print("given back", flush=True)

def verify(settings, *, progress=None):
    import signal
    with held():
        print("walking", flush=True)
        signal.pause()

module = types.ModuleType("migration_checks.verify")
module.verify = verify
sys.modules["migration_checks.verify"] = module
from migration_checks.cli import main
sys.exit(main(["verify"]))
"""


@pytest.mark.skipif(not hasattr(signal, "pause"), reason="signals of POSIX")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_gives_everything_back(project: Path, number: int, status: int) -> None:
    """SIGTERM, SIGHUP and Ctrl-C run every context manager on the way out, and show no traceback."""
    process = subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "walking\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (status, "given back\n")
    assert "Traceback" not in err


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live line on standard error says where the walk is, and is gone at the end; values never act on the terminal."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with commands._progress_display() as progress:
        assert progress is not None
        progress(Progress("a[bold]\x1b[2J", Leg.UNDO, 3, 9))
        deadline = time.monotonic() + 5
        while "3/9" not in stream.getvalue() and time.monotonic() < deadline:
            progress(Progress("a[bold]\x1b[2J", Leg.UNDO, 3, 9))

    assert "undo a[bold]\\x1b[2J" in stream.getvalue()
    assert "3/9" in stream.getvalue()


def test_signals_are_the_callers_again(project: Path, walking: Callable[[Walk], None]) -> None:
    """After a run in someone else's process the handlers are those of before."""
    walking(lambda settings, progress: CLEAN)
    before = signal.getsignal(signal.SIGTERM)

    cli.main(["verify"])

    assert signal.getsignal(signal.SIGTERM) == before


def test_init_and_again(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first time the table is written, the second time nothing is; both say what to run."""
    assert cli.main(["init"]) == 0
    first = capsys.readouterr().out
    text = (project / "pyproject.toml").read_text()
    assert cli.main(["init"]) == 0

    assert first.endswith("Then: migration-checks verify\n")
    assert (project / "pyproject.toml").read_text() == text
    assert "nothing was changed" in capsys.readouterr().out
    assert json.dumps("alembic.ini") in text


def test_an_error_that_ctrl_c_left_behind_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a driver raises while it cleans up after Ctrl-C does not become the sentence that the user reads."""

    def interrupted(arguments: argparse.Namespace) -> int:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ValueError("the pipeline was aborted")  # noqa: B904 - just what a context manager does on its way out

    monkeypatch.setattr("migration_checks.commands.checks", interrupted)

    assert cli.main(["checks"]) == cli.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, cli.INTERRUPTED)])
def test_a_signal_while_a_class_is_made_is_no_error(
    number: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python 3.11 wraps what is raised there into an error of its own; modules are still loaded when a walk has begun."""

    class Signals:
        def __set_name__(self, owner: type, name: str) -> None:
            os.kill(os.getpid(), number)

    def command(arguments: argparse.Namespace) -> int:
        return len(type("Made", (), {"field": Signals()}).__name__)

    monkeypatch.setattr("migration_checks.commands.checks", command)

    try:
        ended: object = cli.main(["checks"])
    except SystemExit as leaving:
        ended = leaving.code
    assert ended == status
    assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_once(number: int) -> None:
    """With the status that shells give it; a second one does not disturb the way out. Afterwards it is the caller's again."""
    before = signal.getsignal(number)
    ended: list[object] = []

    def command() -> None:
        with cli._orderly_end():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)
                ended.append(number)

    with pytest.raises(SystemExit) as caught:
        command()
    assert (128 + number, [number], before) == (caught.value.code, ended, signal.getsignal(number))


def test_a_command_outside_of_the_main_thread() -> None:
    """Signals are the main thread's, whose owner decides about them."""
    ran: list[bool] = []

    def command() -> None:
        with cli._orderly_end():
            ran.append(True)

    thread = threading.Thread(target=command)
    thread.start()
    thread.join()
    assert [True] == ran


def test_what_a_closed_pipe_cannot_take_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python would complain of it at its end."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        stream.write("lost")
        monkeypatch.setattr(sys, "stdout", stream)
        cli._flush()
        assert os.path.samestat(os.stat(os.devnull), os.fstat(stream.fileno()))


def test_a_pipe_that_broke_is_no_error_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is there to read it."""
    assert 2 == cli._failed(BrokenPipeError(), argparse.Namespace(debug=False))
    assert "" == capsys.readouterr().err


def test_the_module_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """python -m migration_checks."""
    monkeypatch.setattr(sys, "argv", ["migration_checks", "checks", "MC304"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(Path(cli.__file__).with_name("__main__.py")), run_name="__main__")

    assert 0 == caught.value.code
    assert capsys.readouterr().out.startswith("MC304 rollback-loses-values (error)")


def test_the_graph_of_a_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every revision, parents first; no server is needed for it."""
    make_project(tmp_path, [Script("b2", "a1"), Script("a1")])
    monkeypatch.chdir(tmp_path)

    assert 0 == cli.main(["graph"])
    said = capsys.readouterr().out
    assert said.index("a1") < said.index("b2")


def test_checks_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    """One, as it stands in the manual, or all."""
    assert 0 == cli.main(["checks", "MC304", "--markdown"])
    one = capsys.readouterr().out
    assert 0 == cli.main(["checks", "--markdown"])

    assert "## MC304 rollback-loses-values" in one
    assert "MC302" not in one
    assert one[one.index("## MC304") :].rstrip() in capsys.readouterr().out


def test_a_database_that_cannot_be_profiled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence; no empty file is left."""
    url = "postgresql://app:s3cret@127.0.0.1:1/shop"

    assert 2 == cli.main(["profile", "--url", url, "-o", str(tmp_path / "profile.json")])
    err = capsys.readouterr().err
    assert err.startswith("migration-checks: The profile cannot be read: ")
    assert "s3cret" not in err
    assert [] == list(tmp_path.iterdir())


def test_another_error_of_the_system_is_an_internal_error(
    project: Path, walking: Callable[[Walk], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what is used up on this machine is nobody's mistake."""
    walking(raising(FileNotFoundError(errno.ENOENT, "No such file or directory")))

    assert 2 == cli.main(["verify"])
    assert "internal error: FileNotFoundError" in capsys.readouterr().err


def test_a_report_that_goes_to_a_pipe(tmp_path: Path) -> None:
    """It is not opened before the report is there: whoever reads would take that for its end."""
    os.mkfifo(tmp_path / "pipe")
    commands._prepare([tmp_path / "pipe", None])

    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is full")
def test_a_report_that_cannot_be_written_in_the_end() -> None:
    """Though it could be opened."""
    with pytest.raises(ConfigurationError, match=r"/dev/full cannot be written: .*No space left"):
        commands._write(Path("/dev/full"), "x")


def test_a_report_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """In colours; elsewhere without."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = []
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr(sys, "stdout", stream)
        commands._show(SAMPLE)
        shown.append(stream.getvalue())

    assert [True, False] == ["\x1b[" in each for each in shown]
    assert all("FAILED" in each for each in shown)

"""The command line as a person meets it: on a real terminal, of some width, with keys, and with readers that go away."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from migration_checks.cli import build_parser
from migration_checks.providers import Server
from tests.processes import eventually
from tests.projects import Script, make_project, sql
from tests.terminals import CTRL_C, TOOL, Said, run, screen

LOSES = (
    Script("a1", upgrade=sql("CREATE TABLE people (id int PRIMARY KEY, note text)"), downgrade=sql("DROP TABLE people")),
    Script(
        "b2",
        down="a1",
        upgrade=sql("ALTER TABLE people DROP note"),
        downgrade=sql("ALTER TABLE people ADD note text"),
    ),
)
PROGRESS = re.compile(r"(starting|(ascend|undo|redo|descend|leap) \w+) +\S*━")
FOLDER = re.compile(rb"-D\0([^\0]+)")

COMMANDS = ("", *(name for action in build_parser()._actions if isinstance(action.choices, dict) for name in action.choices))
"""The program itself, and each of its commands."""

Verify = Callable[..., Said]


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Verify:
    """Walk a chain that loses a column's values, on a terminal of the arguments given."""
    folder = make_project(tmp_path_factory.mktemp("terminal"), LOSES).root
    options = ("verify", "-c", "alembic.ini", "--rows", "5", "--provider", server.url, "--allow-shared-server")

    return partial(run, (*TOOL, *options), folder)


@pytest.fixture(scope="module")
def seen(verify: Verify) -> Said:
    """One walk on an ordinary terminal."""
    return verify(columns=100)


def test_a_report_has_colours_on_a_terminal(seen: Said) -> None:
    """The finding and the verdict stand there, in colours, and the status is that of findings."""
    assert 1 == seen.status
    assert seen.coloured
    assert any("MC302" in line for line in seen.screen)
    assert any(line.startswith("FAILED") for line in seen.screen)


def test_progress_is_shown_and_wiped(seen: Said) -> None:
    """A bar tells where the walk is; nothing of it is left, and the report begins at the top."""
    bare = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.raw)

    assert PROGRESS.search(bare)
    assert not any(PROGRESS.search(line) for line in seen.screen)
    assert seen.screen[0].startswith("migration-checks")
    assert seen.raw.rindex("\x1b[?25h") > seen.raw.rindex("\x1b[?25l")  # and the cursor is back


def test_a_narrow_terminal_without_colours(verify: Verify) -> None:
    """NO_COLOR is obeyed, by the bar as well; no line is wider than the terminal, and the verdict is the same."""
    said = verify(columns=60, variables={"NO_COLOR": "1"})

    assert 1 == said.status
    assert not said.coloured
    assert max(map(len, said.screen)) <= 60
    assert any("MC302" in line for line in said.screen)


def test_a_wide_terminal(seen: Said, verify: Verify) -> None:
    """Its width is used: what took several lines takes fewer."""
    wide = verify(columns=200)

    assert 100 < max(map(len, wide.screen)) <= 200
    assert max(map(len, seen.screen)) <= 100
    assert len(wide.screen) < len(seen.screen)


def test_a_pipe_gets_plain_text_while_the_terminal_shows_progress(verify: Verify) -> None:
    """`verify > file`: no escape sequence in the file, and on the terminal a bar that is wiped."""
    said = verify(piped=True)

    assert 1 == said.status
    assert "\x1b" not in said.piped
    assert "FAILED" in said.piped
    assert "FAILED" not in said.raw
    assert [] == [line for line in said.screen if line]


def test_a_terminal_without_utf_8(verify: Verify) -> None:
    """What it cannot show is spelled out, and the walk ends as ever."""
    said = verify(variables={"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"})

    assert 1 == said.status
    assert said.raw.isascii()
    assert "Traceback" not in said.raw
    assert any(line.startswith("FAILED") for line in said.screen)


def test_ctrl_c_in_the_middle(tmp_path: Path) -> None:
    """Status 130 and one sentence; the server that was started is gone with its directory and every process."""
    waits = sql("SELECT pg_sleep(600)")
    marker = tmp_path / "waiting"
    stuck = Script("a1", upgrade=f"open({str(marker)!r}, 'w').close()\n{waits}", downgrade="pass")
    project = make_project(tmp_path / "project", [stuck])
    name, folders = f"TERMINAL_TEST_{os.getpid()}", set[Path]()

    def press() -> bytes | None:
        if not marker.exists():
            return None
        folders.update(Path(os.fsdecode(found[1])) for line in _commands(name) if (found := FOLDER.search(line)))
        return CTRL_C

    options = ("verify", "-c", "alembic.ini", "--provider", "embedded")
    said = run((*TOOL, *options), project.root, press=press, variables={name: "yes"})

    assert 130 == said.status
    sentence = "migration-checks: interrupted; everything that was started is gone."
    assert [sentence] == [line for line in screen(said.raw.replace("^C", "")) if line]
    assert folders
    assert eventually(lambda: not _commands(name))
    assert not any(folder.exists() for folder in folders)


def _commands(name: str) -> list[bytes]:
    """Command lines of processes that inherited the variable `name`, whatever session they moved to."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and name.encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes())
        except OSError:
            continue
    return found


@pytest.mark.parametrize(("reader", "lines"), [("head -n 1", 1), ("true", 0)])
def test_a_reader_that_goes_away(reader: str, lines: int, tmp_path: Path) -> None:
    """Early, or before there was anything to read: nobody complains of the pipe, and the status is what it was."""
    shell = f"set -o pipefail; {shlex.join(TOOL)} checks --markdown | {reader}"
    said = run(("bash", "-c", shell), tmp_path)

    assert (0, lines) == (said.status, len([line for line in said.screen if line]))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_eighty_columns(command: str, tmp_path: Path) -> None:
    """On a terminal of that width, of the program and of each command."""
    said = run((*TOOL, *([command] if command else []), "--help"), tmp_path, columns=80)

    assert 0 == said.status
    assert "usage: migration-checks" in said.screen[0]
    assert max(map(len, said.screen)) <= 80


def test_the_screen_of_these_tests() -> None:
    """What is overwritten is gone, and what is longer than that stays."""
    assert ["done", "a"] == screen("one\r\ntwo\r\x1b[2K\x1b[1A\x1b[2Kdone\r\n\x1b[1ma\x1b[0m")
    assert ["xbc"] == screen("abc\rx")

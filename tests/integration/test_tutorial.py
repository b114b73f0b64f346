"""The tutorial is true: its files are written and its commands are run, in the order of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r'^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
ELSEWHERE = "…"
"""A line that stands for any number of lines."""


def steps() -> Iterator[tuple[str, str]]:
    """(file name or "$", text) of each block that a reader acts on."""
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if block["title"] or block["kind"] == "console":
            yield block["title"] or "$", block["text"]


def ran(command: str, folder: Path) -> str:
    """What `command` prints in `folder`, where the toolkit is installed."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    variables = {**os.environ, "PATH": paths, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    words = command.split()
    done = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_the_tutorial(tmp_path: Path) -> None:
    """Each file is as the page has it at that point, and each command prints the lines that the page shows, in order."""
    commands = 0
    for name, text in steps():
        if name != "$":
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
            continue
        command, *shown = text.splitlines()
        printed = iter(ran(command.removeprefix("$ "), tmp_path).splitlines())
        commands += 1
        for line in shown:
            assert line == ELSEWHERE or line.rstrip() in map(str.rstrip, printed), f"{command} does not print: {line}"
    assert commands == 3

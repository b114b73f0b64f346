"""A real pseudo-terminal around a program: its size, what was written to it, what is left on its screen, and its keys."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 180.0
"""Seconds after which a program is given up: far more than any needs on an idle machine."""

CTRL_C = b"\x03"
TOOL = (sys.executable, "-m", "migration_checks")

_LEFT_OUT = frozenset(
    ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "PYTHONIOENCODING", "PYTHONUTF8")
)
"""Variables of the machine that tests run on, which would speak for the terminal."""

_SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
_COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7])[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Said:
    """What a program left: its exit status, every character that reached the terminal, and what went to a pipe instead."""

    status: int
    raw: str
    piped: str = ""

    @property
    def coloured(self) -> bool:
        """Whether any character was to have a colour; bold and dim are none."""
        return _COLOUR.search(self.raw) is not None

    @property
    def screen(self) -> list[str]:
        """The lines that a reader has before them in the end, without blanks at their ends."""
        return screen(self.raw)


def screen(raw: str) -> list[str]:
    """What `raw` leaves on a screen that is long enough: it knows the few sequences that lines are overwritten with."""
    lines, row, column, position = [""], 0, 0, 0
    while position < len(raw):
        found = _SEQUENCE.match(raw, position)
        if found:
            amount = int(found[1]) if found[1].isdigit() else 1
            if found[2] == "A":
                row = max(row - amount, 0)
            elif found[2] == "K" and found[1] == "2":
                lines[row] = ""
            position = found.end()
            continue
        character = raw[position]
        position += 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif character >= " ":
            lines[row] = lines[row].ljust(column)[:column] + character + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


def run(
    arguments: Sequence[str],
    folder: Path,
    *,
    columns: int = 100,
    piped: bool = False,
    press: Callable[[], bytes | None] = lambda: None,
    variables: Mapping[str, str] | None = None,
) -> Said:
    """Run a program on a terminal of `columns` to its end; it is killed when that takes longer than PATIENCE.

    With `piped` standard output is a pipe, and the terminal gets standard error alone. `press` is asked again and again for
    the keys to press, until it names some.
    """
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        env=_environment(variables or {}),
        stdin=its,
        stdout=subprocess.PIPE if piped else its,
        stderr=its,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # or Ctrl-C would reach nobody
    )
    os.close(its)
    try:
        raw, out = _listen(process, mine, press)
        return Said(process.wait(PATIENCE), raw.decode(errors="replace"), out.decode(errors="replace"))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
        os.close(mine)


def _listen(process: subprocess.Popen[bytes], mine: int, press: Callable[[], bytes | None]) -> tuple[bytes, bytes]:
    """Everything that the terminal and the pipe get until the program has ended and nothing more is to be read."""
    heard = {mine: b""}
    if process.stdout is not None:
        heard[process.stdout.fileno()] = b""
    deadline, pressed, ended = time.monotonic() + PATIENCE, False, False
    while time.monotonic() < deadline:
        # Descendants may hold the terminal open: the program's own end is what counts, and one look after it.
        ended = process.poll() is not None
        for ready in select.select(list(heard), [], [], 0 if ended else 0.05)[0]:
            piece = b""
            with contextlib.suppress(OSError):  # how Linux says that nobody has the other end any more
                piece = os.read(ready, 65536)
            heard[ready] += piece
            ended = ended and not piece
        if ended:
            break
        keys = None if pressed else press()
        if keys is not None:
            pressed = True
            os.write(mine, keys)
    pipe = process.stdout.fileno() if process.stdout is not None else None
    return heard[mine], heard.get(pipe, b"") if pipe is not None else b""


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | dict(variables)

"""What tests look at from outside: processes, directories, and a program that lends a server until it is told to end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 30.0
_LENDER = """
import signal, sys
from psycopg.conninfo import conninfo_to_dict
from migration_checks.providers import provider_for

def leave(number, frame):
    raise SystemExit(143)

signal.signal(signal.SIGTERM, leave)
with provider_for(*sys.argv[1:]).lend() as server:
    place = conninfo_to_dict(server.url)
    print(place["host"], place["port"], flush=True)
    if sys.stdin.readline() == "raise\\n":
        raise RuntimeError("asked for")
"""


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether something becomes true within half a minute; for ends that nobody announces."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def mentioning(text: str) -> list[str]:
    """Command lines of processes that name `text`."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                lines.append(line)
    return lines


@dataclass
class Lender:
    """A process of its own that lends a server; `host` is the server's directory where it has one."""

    process: subprocess.Popen[str]
    host: str
    port: str

    @classmethod
    def start(cls, spec: str) -> Lender:
        process = subprocess.Popen(
            [sys.executable, "-c", _LENDER, spec],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        host, port = process.stdout.readline().split()
        return cls(process, host, port)

    @property
    def is_gone_without_trace(self) -> bool:
        """Neither the directory nor a process that names it is there any more."""
        return not Path(self.host).exists() and not mentioning(self.host)

    def end(self, how: str) -> int:
        """End the process: `eof`, `raise`, or the name of a signal; return its exit status."""
        if how.startswith("SIG"):
            self.process.send_signal(signal.Signals[how])
            self.process.wait(_PATIENCE)
            self._close()
        else:
            self.process.communicate("raise\n" if how == "raise" else "\n", timeout=_PATIENCE)
        return self.process.returncode

    def guard(self) -> int:
        """The id of the process that guards the server."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next(int(child) for child in children if b"guard.py" in Path(f"/proc/{child}/cmdline").read_bytes())

    def _close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

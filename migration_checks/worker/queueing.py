"""How long a process was ready to run and did not get a processor: time that a busy machine takes, and no statement.

Linux tells it for each process it can see (the second number of /proc/PID/schedstat, in nanoseconds; see "schedstat" in the
kernel's documentation of the scheduler). Elsewhere, and of servers on other machines, nobody knows, and it counts as none.
"""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")


class Queueing:
    """The waiting of this process and of a server's process that works for it."""

    def __init__(self, proc: Path = _PROC) -> None:
        self._proc = proc
        self._known: dict[int, bool] = {}

    def seconds(self, server: int | None) -> float:
        """How long both have waited for a processor since they began; `server` is the server's process."""
        own = _waited(self._proc / "self" / "schedstat")
        return own + (_waited(self._proc / str(server) / "schedstat") if server and self._is_server(server) else 0.0)

    def _is_server(self, pid: int) -> bool:
        """Whether it is one here: a server on another machine numbers its own processes."""
        if pid not in self._known:
            try:
                self._known[pid] = (self._proc / str(pid) / "comm").read_text().startswith("postgres")
            except OSError:
                self._known[pid] = False
        return self._known[pid]


def _waited(path: Path) -> float:
    try:
        return int(path.read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0

"""The PostgreSQL that is installed on this machine, run through pytest-postgresql's executor of `pg_ctl`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from migration_checks.errors import ProviderError
from migration_checks.providers.contract import Server
from migration_checks.providers.embedded import server_version, socket_url
from migration_checks.providers.guarded import Order, guarded
from migration_checks.providers.premises import is_open, server_user

_OLDEST = 14
# Where packages put a server's programs: Debian, Red Hat, Homebrew, Postgres.app.
_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True, slots=True)
class LocalProvider:
    """Starts a server with this machine's programs: those of `folder`, else the newest found, else of major `version`."""

    folder: Path | None = None
    version: int | None = None
    name: str = "local"

    @contextmanager
    def lend(self) -> Iterator[Server]:
        """A server on a Unix socket in a directory of its own; a guard ends it should this process die."""
        user = server_user()
        programs, major = self.require()
        from migration_checks.providers.executor import running  # which takes a while to load, and is seldom needed

        with guarded(Order(runs_programs=user is not None)) as directory, running(programs, major, directory, user):
            url = socket_url(directory)
            yield Server(url, server_version(url), self.name)

    def require(self) -> tuple[Path, int]:
        """The folder and the major version of the programs. Raises ProviderError where none fit or can be run."""
        programs, major = self._installation()
        user = server_user()
        if user is not None and not is_open(programs / "postgres"):
            raise ProviderError(
                f"PostgreSQL cannot run as root, and the user {user.name} may not enter {programs}.",
                "Open that folder to others (chmod o+x on it and its parents), or run as another user.",
            )
        return programs, major

    def _installation(self) -> tuple[Path, int]:
        folders = (self.folder,) if self.folder is not None else installations()
        found = [(folder, major) for folder in folders if (major := _major(folder)) is not None]
        fitting = [(folder, major) for folder, major in found if self.version in (None, major) and major >= _OLDEST]
        if fitting:
            return max(fitting, key=lambda pair: pair[1])
        wanted = f"PostgreSQL {self.version}" if self.version else f"PostgreSQL {_OLDEST} or newer"
        where = str(self.folder) if self.folder else "this machine"
        seen = ", ".join(f"{major} in {folder}" for folder, major in found)
        raise ProviderError(
            f"The server programs of {wanted} were not found on {where}" + (f" (only {seen})." if seen else "."),
            "Install them, or name their folder with --provider local:/path/to/bin.",
        )


def installations() -> tuple[Path, ...]:
    """Folders that hold pg_ctl, initdb and postgres: of the PATH, of pg_config, and where packages put them."""
    candidates = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    pg_config = shutil.which("pg_config")
    if pg_config:
        with suppress(OSError, subprocess.SubprocessError):
            bindir = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True, timeout=10).stdout
            candidates.append(Path(bindir.strip()))
    candidates += [folder for pattern in _FOLDERS for folder in sorted(Path("/").glob(pattern))]
    return tuple(dict.fromkeys(folder.resolve() for folder in candidates if _is_complete(folder)))


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in ("pg_ctl", "initdb", "postgres"))


def _major(folder: Path) -> int | None:
    """The major version of the programs in a folder; None where they do not run."""
    try:
        answer = subprocess.run([folder / "pg_ctl", "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\b(\d+)(?:\.\d+|devel|beta\d*|rc\d*)", answer)
    return int(match.group(1)) if match and _is_complete(folder) else None

"""The PostgreSQL that is installed on this machine, run through pytest-postgresql's executor of `pg_ctl`."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from mirakuru.exceptions import ExecutorError

from migration_checks.connection import connect
from migration_checks.errors import ProviderError
from migration_checks.providers import guard, tuning
from migration_checks.providers.contract import Server
from migration_checks.providers.embedded import ROLE, server_version, socket_url
from migration_checks.providers.guarded import Order, guarded
from migration_checks.providers.premises import User, is_open, server_user

try:
    from pytest_postgresql.executors import PostgreSQLExecutor
except ImportError:  # before pytest-postgresql 10
    from pytest_postgresql.executor import PostgreSQLExecutor  # type: ignore[no-redef]

_PATIENCE = 60
_OLDEST = 14
# Where packages put a server's programs: Debian, Red Hat, Homebrew, Postgres.app.
_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
# Run by root: become another user for good, then run what follows.
_BECOME = (
    "import os,sys; os.setgroups([]); os.setgid({gid}); os.setuid({uid}); os.chdir('/'); os.execv(sys.argv[1], sys.argv[1:])"
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
        with guarded(Order(runs_programs=user is not None)) as directory:
            executor = _Executor(programs, major, directory, user)
            _start(executor, directory)
            try:
                url = socket_url(directory)
                yield Server(url, server_version(url), self.name)
            finally:
                with suppress(ExecutorError, subprocess.SubprocessError, OSError):
                    executor.stop()  # what does not stop is ended by the guard

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


class _Executor(PostgreSQLExecutor):
    """pytest-postgresql's executor, on a Unix socket only, with our initdb options, and as another user for root."""

    def __init__(self, programs: Path, major: int, directory: Path, user: User | None) -> None:
        self.programs, self.major, self.server_user = programs, major, user
        pg_ctl = programs / "pg_ctl" if user is None else _wrapper(programs / "pg_ctl", directory, user)
        super().__init__(
            executable=str(pg_ctl),
            host="localhost",
            port=guard.PORT,
            datadir=str(directory / guard.DATA),
            unixsocketdir=str(directory),
            logfile=str(directory / guard.LOG),
            startparams="-w",
            dbname="postgres",
            timeout=_PATIENCE,
            sleep=0.02,
            user=ROLE,
            postgres_options=" ".join(f"-c {setting}" for setting in ("listen_addresses=", *tuning.settings())),
        )

    def init_directory(self) -> None:
        """Run initdb ourselves: the executor's own has neither --no-sync nor a choice of locale."""
        user = self.server_user
        subprocess.run(
            [self.programs / "initdb", "-D", self.datadir, *tuning.initdb_options(self.major, ROLE)],
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
            env=tuning.environment(),
            timeout=_PATIENCE,
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
        )

    def pre_start_check(self) -> bool:
        """Nobody else can be listening in a directory that was made a moment ago."""
        return False

    def after_start_check(self) -> bool:
        """Ready when a session is accepted, and pg_ctl has ended: it would complain of a server that is stopped meanwhile."""
        if self.process is None or self.process.poll() is None:
            return False
        try:
            connect(socket_url(Path(self.unixsocketdir))).close()
        except psycopg.OperationalError:
            return False
        return True


def _start(executor: _Executor, directory: Path) -> None:
    """Start the server, with what initdb or the log says where that fails."""
    try:
        executor.start()
    except subprocess.CalledProcessError as error:
        words = (error.stderr or error.stdout or "").strip().splitlines() or ["it left no message"]
        raise _failed("initdb", words[-1]) from error
    except (ExecutorError, subprocess.SubprocessError, OSError) as error:
        raise _failed("pg_ctl", guard.last_words(directory)) from error


def _failed(program: str, words: str) -> ProviderError:
    return ProviderError(
        f"The server of this machine could not be started: {program} says {words.strip().rstrip('.')}.",
        "Repair the installation, name another with --provider local:/path/to/bin, or use --provider embedded.",
    )


def _wrapper(pg_ctl: Path, directory: Path, user: User) -> Path:
    """A program that runs pg_ctl as another user; the executor knows no such option."""
    wrapper = directory / "as-user"
    become = _BECOME.format(uid=user.uid, gid=user.gid)
    words = shlex.join([sys.executable, "-I", "-S", "-c", become, str(pg_ctl)])
    wrapper.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    wrapper.chmod(0o700)
    return wrapper

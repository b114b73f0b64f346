"""Starts and stops this machine's server through pytest-postgresql's executor of `pg_ctl`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from mirakuru.exceptions import ExecutorError

from migration_checks.connection import connect
from migration_checks.errors import ProviderError
from migration_checks.providers import guard, tuning
from migration_checks.providers.embedded import ROLE, socket_url
from migration_checks.providers.premises import User

try:
    from pytest_postgresql.executors import PostgreSQLExecutor
except ImportError:  # before pytest-postgresql 10
    from pytest_postgresql.executor import PostgreSQLExecutor  # type: ignore[no-redef]

_PATIENCE = 60
# Run by root: become another user for good, then run what follows.
_BECOME = (
    "import os,sys; os.setgroups([]); os.setgid({gid}); os.setuid({uid}); os.chdir('/'); os.execv(sys.argv[1], sys.argv[1:])"
)


@contextmanager
def running(programs: Path, major: int, directory: Path, user: User | None) -> Iterator[None]:
    """A server in `directory`, run by `user` if one is given, until the block ends. Raises ProviderError."""
    executor = _Executor(programs, major, directory, user)
    _start(executor, directory)
    try:
        yield
    finally:
        with suppress(ExecutorError, subprocess.SubprocessError, OSError):
            executor.stop()  # what does not stop is ended by the guard


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

"""A database with production's own rows as the start of a walk: copied into a database of ours, and only read itself."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migration_checks.archives import restorers
from migration_checks.baseline_sql import fill_from
from migration_checks.connection import connect, database_name, redacted, translated
from migration_checks.database import Databases
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.providers.external import normalized, place
from migration_checks.report import Note

OPTIONS = ("--format=custom", "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--no-password")
SAME_SERVER = "SELECT system_identifier, pg_postmaster_start_time() FROM pg_control_system()"
READ_ONLY = "-c default_transaction_read_only=on"


class Source:
    """The database at `url` (libpq's form or SQLAlchemy's): every session that is opened in it can only read.

    `notes` say how it was copied and what to know of that. Raises ConfigurationError for a URL that cannot be read.
    """

    def __init__(self, url: str) -> None:
        self.url = normalized(url)
        self.notes: list[Note] = []
        if not database_name(self.url):
            raise ConfigurationError(
                "The URL of --clone names no database.", "Write postgresql://user@host:port/DATABASE, the clone to be copied."
            )

    @property
    def name(self) -> str:
        """What a note or a message calls it; never with a password."""
        return f"{database_name(self.url)} on {place(self.url)}"

    def copy_into(self, databases: Databases) -> str:
        """The URL of a copy among `databases`: made by the server itself where it is the same one, else through pg_dump.

        Raises ProviderError where the source cannot be reached, ConfigurationError where it cannot be dumped or restored.
        """
        with translated(f"Connecting to the clone {self.name}"), connect(self._read_only()) as connection:
            version, size = connection.info.server_version, _size(connection)
            same = connection.execute(SAME_SERVER).fetchone() == _identity(databases)
        url = self._by_template(databases) if same else None
        how = "copied on its server"
        if url is None:
            url, how = databases.create("clone"), "copied through pg_dump"
            self._through_dump(url)
        self.notes.append(Note(f"clone {self.name}", f"It was {how} ({size}), and only read itself."))
        if version // 10000 != databases.server.major:
            reason = f"It is PostgreSQL {version // 10000}, and was walked on {databases.server.major}; see --provider-version."
            self.notes.append(Note(f"clone {self.name}", reason))
        return url

    def _read_only(self) -> str:
        given = conninfo_to_dict(self.url)
        return make_conninfo(self.url, options=f"{given.get('options') or ''} {READ_ONLY}".strip())

    def _by_template(self, databases: Databases) -> str | None:
        """A copy made by CREATE DATABASE ... TEMPLATE; None where somebody is connected, or the role may not."""
        try:
            return databases.copy(self.url, "clone")
        except ProviderError as error:
            self.notes.append(Note(f"clone {self.name}", f"Its server could not copy it itself: {error.message}"))
            return None

    def _through_dump(self, url: str) -> None:
        with tempfile.TemporaryDirectory(prefix="mchecks-clone-") as folder:
            path = Path(folder) / "clone.dump"
            self._dump(path)
            try:
                fill_from(path, url, "the clone")
            except ConfigurationError as error:
                message = error.message.replace(f"The baseline {path}", f"The clone {self.name}")
                raise ConfigurationError(message, "Walk it on a server of its own version, with --provider.") from error

    def _dump(self, path: Path) -> None:
        """Write an archive of the source; pg_dump reads in one transaction that is read-only."""
        given = {key: value for key, value in conninfo_to_dict(self.url).items() if value is not None}
        password = given.pop("password", None)
        # Other users of the machine can read a command line, not the environment of a process.
        variables = {**os.environ, **({"PGPASSWORD": str(password)} if password else {}), "PGAPPNAME": "migration-checks"}
        reasons = []
        for program in _dumpers():
            command = [str(program), *OPTIONS, f"--file={path}", f"--dbname={make_conninfo('', **given)}"]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=variables, check=False)
            if done.returncode == 0:
                return
            lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
            reasons.append(redacted(lines[0].strip() if lines else f"status {done.returncode}"))
        why = reasons[0].rstrip(".") if reasons else "there is no pg_dump on this machine"
        raise ConfigurationError(
            f"The clone {self.name} cannot be dumped: {why}.",
            "Install PostgreSQL's client programs of its version or a newer one, and see that the role may read all tables.",
        )


def _dumpers() -> list[Path]:
    """Every pg_dump of this machine, beside the programs that restore archives."""
    found = (program.with_name(program.name.replace("restore", "dump")) for program in restorers())
    return [program for program in found if os.access(program, os.X_OK)]


def _size(connection: psycopg.Connection[tuple[object, ...]]) -> str:
    row = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
    return str(row[0]) if row else "of unknown size"


def _identity(databases: Databases) -> tuple[object, ...] | None:
    with translated("Looking at the server"), connect(databases.server.url) as connection:
        return connection.execute(SAME_SERVER).fetchone()

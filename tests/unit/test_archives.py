"""Baseline files: which are archives, and how SQL is taken apart."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from migration_checks import archives
from migration_checks.archives import is_archive, script
from migration_checks.baseline_sql import Truncated, _parts
from migration_checks.errors import ConfigurationError


def parts(text: bytes) -> list[tuple[bytes, list[bytes] | None]]:
    return [(sql, None if rows is None else list(rows)) for sql, rows in _parts(iter(text.splitlines(keepends=True)))]


def test_rows_are_told_from_statements() -> None:
    """A COPY block ends at its own end, whatever ends lines, and an empty one is one as well."""
    text = b"SELECT 1;\nCOPY t (a) FROM stdin;\n1\n\\N\n\\.\nCOPY u FROM stdin;\r\n\\.\r\nSELECT 2;"

    assert parts(text) == [
        (b"SELECT 1;\n", None),
        (b"COPY t (a) FROM stdin;\n", [b"1\n", b"\\N\n"]),
        (b"", None),
        (b"COPY u FROM stdin;\r\n", []),
        (b"SELECT 2;", None),
    ]


def test_commands_of_psql_are_passed_over() -> None:
    """Those that dumps hold; a line of a text that starts with a backslash stays."""
    assert parts(b"\xef\xbb\xbf\\restrict abc\n\\connect shop\nINSERT INTO t VALUES ('a\n\\b');\n\\unrestrict abc\n") == [
        (b"INSERT INTO t VALUES ('a\n\\b');\n", None)
    ]


def test_a_newer_dump_fits_an_older_server() -> None:
    """A setting that it does not know is left out, and the schema that is there already is no error."""
    assert parts(b"SET transaction_timeout = 0;\nCREATE SCHEMA public;\n") == [
        (b"\nCREATE SCHEMA IF NOT EXISTS public;\n", None)
    ]


def test_rows_without_an_end() -> None:
    """The file was cut off."""
    with pytest.raises(Truncated):
        parts(b"COPY t FROM stdin;\n1\n")


def test_archives_are_known_by_their_first_bytes(tmp_path: Path) -> None:
    """Custom and tar by content, the folder by what is in it."""
    assert is_archive(tmp_path / "x", b"PGDMP\x01")
    assert is_archive(tmp_path / "x", b"toc.dat\0".ljust(257, b"\0") + b"ustar")
    assert not is_archive(tmp_path / "x", b"other\0".ljust(257, b"\0") + b"ustar")
    assert not is_archive(tmp_path, b"")
    (tmp_path / "toc.dat").touch()
    assert is_archive(tmp_path, b"")


def test_gzipped_sql(tmp_path: Path) -> None:
    """It is unpacked on the way."""
    path = tmp_path / "dump.sql.gz"
    path.write_bytes(gzip.compress(b"SELECT 1;\nSELECT 2;\n"))

    with script(path) as lines:
        assert list(lines) == [b"SELECT 1;\n", b"SELECT 2;\n"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\x7fELF\0\0", "is neither SQL nor an archive"),
        (b"\x1f\x8b\x08\0broken", "cannot be read"),
        (b"PGDMP\x01\x02broken", "cannot be read"),
        (None, "cannot be read: No such file"),
    ],
    ids=["a program", "broken gzip", "a broken archive", "nothing"],
)
def test_a_file_that_is_no_baseline(tmp_path: Path, content: bytes | None, part: str) -> None:
    """One sentence says why."""
    path = tmp_path / "baseline"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught, script(path) as lines:
        list(lines)

    assert part in caught.value.message
    assert "\n" not in caught.value.message


def test_an_archive_without_a_program_to_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said what to install."""
    (tmp_path / "dump").write_bytes(b"PGDMP\x01")
    monkeypatch.setattr(archives, "restorers", lambda: iter(()))

    with pytest.raises(ConfigurationError, match="there is no pg_restore"), script(tmp_path / "dump"):
        pass


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a pg_restore that knows a format that no other does, and an archive of it; the script is what it does with one."""

    def make(restores: str) -> Path:
        program = tmp_path / "bin" / "pg_restore"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\n[ "$1" = --list ] && exit 0\necho "$*" > {tmp_path}/called\n{restores}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        (tmp_path / "dump").write_bytes(b"PGDMP\x01 of tomorrow")
        return tmp_path / "dump"

    return make


def test_an_archive_is_read_by_a_program_that_knows_it(reads: Callable[[str], Path], tmp_path: Path) -> None:
    """Line by line, without its owners."""
    with script(reads("echo 'SELECT 1;'; echo 'SELECT 2;'")) as lines:
        assert [b"SELECT 1;\n", b"SELECT 2;\n"] == list(lines)

    assert f"--no-owner --no-privileges --file=- {tmp_path}/dump\n" == (tmp_path / "called").read_text()


@pytest.mark.parametrize(
    ("restores", "words"),
    [
        ("echo 'pg_restore: error: could not read.' >&2; exit 1", "could not read"),
        ("echo hint >&2; echo 'pg_restore: [archiver] no' >&2; exit 1", r"\[archiver\] no"),
        ("exit 3", "pg_restore failed"),
    ],
)
def test_an_archive_that_ends_in_the_middle(reads: Callable[[str], Path], restores: str, words: str) -> None:
    """The program's last words are told, when it has come to them."""
    with pytest.raises(ConfigurationError, match=f"dump cannot be read: {words}"), script(reads(restores)) as lines:
        list(lines)


def test_a_reader_that_gives_up_ends_the_program(reads: Callable[[str], Path]) -> None:
    """It would write for ever."""
    with pytest.raises(ZeroDivisionError), script(reads("while :; do echo 'SELECT 1;'; done")):
        raise ZeroDivisionError

"""Where a walk may start: a baseline or a clone must lie on its way; what a clone is called, and how it is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_checks.clone import Source
from migration_checks.errors import ConfigurationError, ProviderError
from migration_checks.graph import Graph, Revision
from migration_checks.lineage import Lineage
from migration_checks.origin import Origin

CHAIN = Graph((Revision("a", ()), Revision("b", ("a",)), Revision("c", ("b",)), Revision("x", ("a",))))


def check(standing: str, range: str = "", start: str = "", end: str = "c", clone: Source | None = None) -> None:
    """Of a database that stands at these revisions, for a walk between those."""
    sets = (frozenset(each.split()) for each in (standing, start, end))
    Origin(Lineage("shop", range=range), None, clone)._check(CHAIN, *sets)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("standing", "range", "start", "end"),
    [
        ("a", "", "", "c"),
        ("a", "a:c", "a", "c"),
        ("a", "b:c", "b", "c"),
        ("c", "", "", "c"),
        ("b", ":c", "", "c"),
        ("x", "", "", "c x"),
    ],
)
def test_a_baseline_on_the_way(standing: str, range: str, start: str, end: str) -> None:
    """Below the end, and not above a start that was asked for."""
    check(standing, range, start, end)


@pytest.mark.parametrize(
    ("standing", "range", "start", "end", "words"),
    [
        ("a zz", "", "", "c", "The baseline stands at zz, which this chain does not hold."),
        ("b", "a:c", "a", "c", "The baseline stands at b, so a range cannot start at a."),
        ("c", ":b", "", "b", "The baseline stands at c, which is not below the end of the range."),
        ("x", "", "", "c", "The baseline stands at x, which is not below the end of the range."),
    ],
)
def test_a_baseline_that_is_not_on_the_way(standing: str, range: str, start: str, end: str, words: str) -> None:
    """Where it stands, and what of the walk does not fit."""
    with pytest.raises(ConfigurationError) as caught:
        check(standing, range, start, end)

    assert words == caught.value.message
    assert caught.value.remedy


def test_a_clone_is_called_one() -> None:
    """Not a baseline."""
    with pytest.raises(ConfigurationError, match="The clone stands at zz"):
        check("zz", clone=Source("postgresql:///shop"))


def test_a_start_without_a_baseline_is_the_range_s() -> None:
    """No database is looked at."""
    start, end = frozenset({"a"}), frozenset({"c"})

    assert start == Origin(Lineage("shop"), None).start(None, CHAIN, start, end)  # type: ignore[arg-type]
    Origin(Lineage("shop"), None).start_below(None, CHAIN, start)  # type: ignore[arg-type]


# -- a clone -----------------------------------------------------------------------------------------------------------


def test_a_clone_is_named_without_its_password() -> None:
    """By its database and where it is."""
    source = Source("postgresql+psycopg://ann:s3cret@db.example:5433/shop")

    assert "shop on db.example:5433" == source.name
    assert "s3cret" not in source.name


def test_a_clone_can_only_be_read() -> None:
    """Every session says so, beside options that were given."""
    for given, options in (
        ("postgresql:///shop", "-c default_transaction_read_only=on"),
        ("postgresql:///shop?options=-c%20jit%3Doff", "-c jit=off -c default_transaction_read_only=on"),
    ):
        assert f"options='{options}'" in Source(given)._read_only()


def test_a_clone_without_a_database() -> None:
    """Which one is to be copied must be said."""
    with pytest.raises(ConfigurationError, match="names no database"):
        Source("postgresql://ann@db.example")


def test_a_clone_that_cannot_be_reached() -> None:
    """In one sentence, without its password."""
    with pytest.raises(ProviderError, match=r"Connecting to the clone shop on 127.0.0.1:1") as caught:
        Source("postgresql://ann:s3cret@127.0.0.1:1/shop").copy_into(None)  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def dumpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs beside which no others are found."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("pathlib.Path.glob", lambda self, pattern: iter(()))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def installed(folder: Path, script: str, name: str = "pg_dump") -> None:
    for each in ("pg_restore", name):
        (folder / each).write_text(f"#!{sys.executable} -IS\nimport json, os, sys\n{script}\n")
        (folder / each).chmod(0o755)


def test_a_clone_is_dumped_without_telling_its_password(dumpers: Path, tmp_path: Path) -> None:
    """Other users can read a command line; what is dumped is owned by nobody."""
    installed(dumpers, f"open({str(tmp_path / 'seen')!r}, 'w').write(json.dumps([sys.argv[1:], os.environ.get('PGPASSWORD')]))")
    Source("postgresql://ann:s3cret@db.example/shop")._dump(tmp_path / "clone.dump")
    arguments, password = eval((tmp_path / "seen").read_text())

    assert "s3cret" == password
    assert not any("s3cret" in each for each in arguments)
    assert {"--format=custom", "--no-owner", "--no-privileges", f"--file={tmp_path / 'clone.dump'}"} <= set(arguments)
    assert {"user": "ann", "host": "db.example", "dbname": "shop"}.items() <= conninfo_to_dict(
        next(each.removeprefix("--dbname=") for each in arguments if each.startswith("--dbname="))
    ).items()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sys.exit('pg_dump: error: server version mismatch.\\nhint')", "pg_dump: error: server version mismatch"),
        ("sys.exit(3)", "status 3"),
        ("sys.exit('cannot reach postgresql://a:s3cret@h/d')", "cannot reach postgresql://a:***@h/d"),
    ],
)
def test_a_clone_that_cannot_be_dumped(dumpers: Path, tmp_path: Path, script: str, words: str) -> None:
    """The first program's own words, and no password in them."""
    installed(dumpers, script)
    with pytest.raises(ConfigurationError) as caught:
        Source("postgresql://db.example/shop")._dump(tmp_path / "clone.dump")

    assert f"The clone shop on db.example cannot be dumped: {words}." == caught.value.message


def test_a_machine_without_pg_dump(dumpers: Path, tmp_path: Path) -> None:
    """One that only restores is not enough."""
    installed(dumpers, "", name="pg_restore")
    with pytest.raises(ConfigurationError, match="there is no pg_dump on this machine"):
        Source("postgresql:///shop")._dump(tmp_path / "clone.dump")
    assert os.access(dumpers / "pg_restore", os.X_OK)

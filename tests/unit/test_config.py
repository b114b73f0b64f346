"""Settings: the command line over pyproject.toml over defaults, and every mistake as one sentence."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migration_checks import cli
from migration_checks.config import ARGUMENTS, OF_ONE_RUN, TABLE_KEYS, load_settings
from migration_checks.errors import ConfigurationError
from migration_checks.fields import whole_number
from migration_checks.lineage import Contract
from migration_checks.waivers import Waiver
from tests.reports import answers


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an alembic.ini and nothing else."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    return tmp_path


def write(project: Path, table: str) -> Path:
    (project / "pyproject.toml").write_text(f"[tool.migration_checks]\n{table}\n")
    return project


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"only": ["MC3"], "skip": ["MC3"]}, "only and skip leave no check to make"),
        ({"reports": ["json=-", "text=-"]}, "json and text cannot both be written to standard output"),
    ],
)
def test_what_would_say_nothing(project: Path, given: dict[str, Any], sentence: str) -> None:
    """A run that checks nothing must not pass, and two reports in one stream are none."""
    with pytest.raises(ConfigurationError, match=sentence):
        load_settings(given, project)


def test_defaults(project: Path) -> None:
    """Nothing given and nothing written: the alembic.ini that is there, the embedded server, warnings fail."""
    loaded = load_settings({}, project)

    assert (project / "alembic.ini", "alembic.ini") == (loaded.lineage.config, loaded.lineage.name)
    assert (loaded.provider, loaded.rows, loaded.fail_on, loaded.redact) == ("auto", None, "warning", False)
    assert (frozenset(), frozenset(), (), ()) == (loaded.only, loaded.skip, loaded.reports, loaded.waivers)
    assert loaded.timeout > 0


def test_everything_from_the_table(project: Path) -> None:
    """Each key of [tool.migration_checks] is read; paths start at its folder."""
    (project / "legacy.sql").write_text("CREATE TABLE t (id int);")
    write(
        project,
        """
        config = "alembic.ini"
        section = "tenant"
        range = "aaa:bbb"
        x = ["tenant=one"]
        env = { APP = "test" }
        sys_path = ["src"]
        boot = "app:load"
        baseline_sql = "legacy.sql"
        synthesize = false
        irreversible = ["ccc"]
        provider = "local"
        provider_version = "16"
        image = "postgres:16"
        allow_shared_server = true
        rows = 5
        seed = 9
        fail_on = "error"
        only = ["MC3", "model-drift"]
        skip = ["MC301"]
        reports = ["json=out/report.json", "markdown=-"]
        timeout = 1.5
        baseline = "accepted.json"
        redact = true
        [[tool.migration_checks.invariants]]
        name = "sums"
        query = "SELECT 1 WHERE false"
        since = "aaa"
        falsified = true
        [[tool.migration_checks.contracts]]
        name = "orders are read"
        statements = ["SELECT id FROM orders"]
        since = "a1"

        [[tool.migration_checks.transformations]]
        revision = "bbb"
        column = "public.t.a"
        expression = "upper(a)"
        [[tool.migration_checks.waivers]]
        check = "MC302"
        subject = "public.*"
        reason = "agreed"
        expires = 2030-01-31
        """,
    )

    loaded = load_settings({}, project / "")
    lineage = loaded.lineage

    assert (lineage.section, lineage.range, lineage.x, lineage.env) == ("tenant", "aaa:bbb", ("tenant=one",), {"APP": "test"})
    assert ((project / "src",), "app:load", False) == (lineage.sys_path, lineage.boot, lineage.synthesize)
    assert (project / "legacy.sql", frozenset({"ccc"})) == (lineage.baseline_sql, lineage.irreversible)
    assert (lineage.invariants[0].name, lineage.invariants[0].since, lineage.invariants[0].falsified) == ("sums", "aaa", True)
    assert lineage.contracts == (Contract("orders are read", ("SELECT id FROM orders",), since="a1"),)
    assert tuple(getattr(lineage.transformations[0], key) for key in ("revision", "column", "expression")) == (
        "bbb",
        "public.t.a",
        "upper(a)",
    )
    assert (
        loaded.provider, loaded.provider_version, loaded.image, loaded.allow_shared_server,
    ) == ("local", "16", "postgres:16", True)  # fmt: skip
    assert (loaded.rows, loaded.seed, loaded.fail_on, loaded.timeout, loaded.redact) == (5, 9, "error", 1.5, True)
    assert {"MC301", "MC304", "MC205"} <= loaded.only
    assert "MC201" not in loaded.only
    assert frozenset({"MC301"}) == loaded.skip
    assert (("json", project / "out/report.json"), ("markdown", None)) == loaded.reports
    assert project / "accepted.json" == loaded.baseline
    assert loaded.waivers == (
        Waiver("MC302", "agreed", subject="public.*", expires=date(2030, 1, 31), source="[tool.migration_checks].waivers[1]"),
    )


def test_the_command_line_wins(project: Path) -> None:
    """A given option hides the written one; what can be many is added."""
    write(project, 'seed = 1\nprovider = "local"\nx = ["a=1"]\nrange = "a:b"\nskip = ["MC301"]')
    arguments = cli.build_parser().parse_args(
        ["verify", "--seed", "2", "--provider", "embedded", "-x", "b=2", "--range", "c:d", "--skip", "MC302,MC303"]
    )

    loaded = load_settings(arguments, project)

    assert (loaded.seed, loaded.provider, loaded.lineage.x, loaded.lineage.range) == (2, "embedded", ("a=1", "b=2"), "c:d")
    assert frozenset({"MC301", "MC302", "MC303"}) == loaded.skip


def test_the_nearest_pyproject_counts(project: Path) -> None:
    """A folder below takes the settings from above, with the paths that are meant there."""
    write(project, 'config = "alembic.ini"\nseed = 4')
    below = project / "src" / "app"
    below.mkdir(parents=True)

    loaded = load_settings({}, below)

    assert (4, project / "alembic.ini", below) == (loaded.seed, loaded.lineage.config, loaded.project)


def test_every_option_is_an_argument() -> None:
    """No option of `verify` is lost on the way to the settings, and each can be written into the table."""
    parser = cli.build_parser()
    given = vars(parser.parse_args(["verify"])).keys() - {"command", "debug"}

    assert set() == given - set(ARGUMENTS)
    assert set() == given - set(TABLE_KEYS) - set(OF_ONE_RUN)


ACCEPTED = '[[tool.migration_checks.waivers]]\ncheck = "MC301"\nreason = "known"\n'

MISTAKES = {
    "an unknown key names the nearest": ('provder = "local"', "did you mean 'provider'?"),
    "an unknown key that resembles nothing names all": ("zzz = 1", "known are"),
    "a wrong type": ('rows = "many"', "rows is 'many', not a whole number"),
    "true is no number": ("rows = true", "rows is True"),
    "too few rows": ("rows = 0", "from 1"),
    "a negative seed": ("seed = -1", "seed is -1"),
    "an endless timeout": ("timeout = inf", "timeout is inf"),
    "no number as timeout": ("timeout = nan", "timeout is nan"),
    "an unknown threshold": ('fail_on = "warn"', "did you mean 'warning'?"),
    "an unknown check": ('only = ["MC999"]', "names no check 'MC999'"),
    "a check's misspelt name": ('skip = ["model-drfit"]', "did you mean 'model-drift'?"),
    "an unknown format": ('reports = ["jsno=a"]', "did you mean 'json'?"),
    "a report without a path": ('reports = ["json"]', "FORMAT=PATH"),
    "a range without a colon": ('range = "head"', "START:END"),
    "a waiver without a reason": ('[[tool.migration_checks.waivers]]\ncheck = "MC302"', "has no reason"),
    "a waiver with an empty reason": ('[[tool.migration_checks.waivers]]\ncheck = "MC302"\nreason = " "', "has no reason"),
    "a waiver of no check": ('[[tool.migration_checks.waivers]]\nreason = "so"', "lacks check"),
    "a waiver of an unknown check": ('[[tool.migration_checks.waivers]]\ncheck = "MC3O2"\nreason = "so"', "did you mean 'MC3"),
    "a waiver until no day": ('[[tool.migration_checks.waivers]]\ncheck="MC302"\nreason="so"\nexpires="soon"', "a date"),
    "a misspelt key in a waiver": ('[[tool.migration_checks.waivers]]\nchek = "MC302"', "did you mean 'check'?"),
    "an invariant without a query": ('[[tool.migration_checks.invariants]]\nname = "a"', "lacks query"),
    "a list where texts belong": ("sys_path = [1]", "a list of texts"),
    "a missing configuration": ('config = "gone.ini"', "There is no Alembic configuration"),
    "a missing script location": ('script_location = "gone"', "There is no folder"),
    "a missing baseline": ('baseline_sql = "gone.sql"', "There is no baseline SQL file"),
    "two ways to say which chain": ('lineage = "a:b"\nconfig = "alembic.ini"', "says which chain twice"),
    "a lineage nobody knows": ('lineage = "shop"', "There is no lineage 'shop'"),
    "a lineage that cannot be imported": ('lineage = "no.such.module:x"', "cannot be imported: ModuleNotFoundError"),
    "a lineage that is none": ('lineage = "json:loads"', "has no Lineage 'loads'"),
    "a NUL in a path": ('config = "a\\u0000b"', "config is"),
    "a path too long for any file": (f'config = "{"x" * 5000}"', "There is no Alembic configuration"),
    "not TOML": ("= 1", "is not valid TOML"),
    "lineages that are no table": ("lineages = 5", "lineages is 5, not a table of lineages"),
    "a day that is none": (f"{ACCEPTED}expires = 5", "expires is 5, not a date such as 2026-01-31"),
    "a moment for a day": (f"{ACCEPTED}expires = 2026-01-31T10:00:00", "not a date such as 2026-01-31"),
}  # fmt: skip


@pytest.mark.parametrize(("table", "part"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence(project: Path, table: str, part: str) -> None:
    """What is wrong, and the nearest thing that is right."""
    write(project, table)

    with pytest.raises(ConfigurationError) as caught:
        load_settings({}, project)

    assert part in caught.value.message
    assert caught.value.remedy


def test_a_mistake_hidden_by_the_command_line_is_told(project: Path) -> None:
    """A wrong value in the file is wrong even where an option hides it."""
    write(project, 'seed = "x"')

    with pytest.raises(ConfigurationError, match="seed is 'x'"):
        load_settings({"seed": 3}, project)


def test_no_chain_at_all(tmp_path: Path) -> None:
    """A folder without any Alembic says how to name a chain."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings({}, tmp_path)

    assert "neither alembic.ini nor [tool.alembic]" in caught.value.message
    assert "-c alembic.ini" in caught.value.remedy


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are told as invalid TOML."""
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigurationError, match="not valid TOML"):
        load_settings({}, tmp_path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8).filter(lambda text: ":" not in text),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TABLE_KEYS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.dictionaries(st.sampled_from(TABLE_KEYS), VALUES, max_size=4))
def test_no_table_gives_a_traceback(project: Path, monkeypatch: pytest.MonkeyPatch, table: dict[str, Any]) -> None:
    """Whatever a file holds, there are settings or a sentence."""
    (project / "pyproject.toml").write_text("")
    monkeypatch.setattr("migration_checks.config.read_toml", lambda path: {"tool": {"migration_checks": table}})

    assert answers(lambda: load_settings({}, project))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: f"[tool.migration_checks]\n{text}".encode("utf-8", "replace"))
)
def test_no_file_gives_a_traceback(project: Path, content: bytes) -> None:
    """Whatever bytes pyproject.toml is made of, there are settings or a sentence."""
    (project / "pyproject.toml").write_bytes(content)

    assert answers(lambda: load_settings(argparse.Namespace(), project))


def test_trials_and_rows_of_production(project: Path) -> None:
    """--trial takes words, in a list or with commas, all or none; --at-rows takes N or TABLE=N."""
    assert load_settings({}, project).trials == frozenset()
    assert load_settings({"trials": ["locks,queue", "crash"]}, project).trials == {"locks", "queue", "crash"}
    assert load_settings({"trials": ["all"]}, project).trials >= {"locks", "skew", "runners"}
    loaded = load_settings({"at_rows": ["10_000_000", 'app."Weird=Name"=5']}, project)
    assert loaded.at_rows == {"": 10_000_000, 'app."Weird=Name"': 5}
    write(project, 'trials = ["all"]\nat_rows = ["users=7"]')
    assert load_settings({"trials": ["none"]}, project).trials == frozenset()
    assert load_settings({}, project).at_rows == {"users": 7}


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"trials": ["lock"]}, "did you mean 'locks'"),
        ({"at_rows": ["many"]}, "N or TABLE=N"),
        ({"at_rows": ["users=0"]}, "N or TABLE=N"),
        ({"at_rows": ["-5"]}, "N or TABLE=N"),
    ],
)
def test_wrong_trials_and_rows(project: Path, given_: dict[str, Any], words: str) -> None:
    """A word that is no trial, or a number that is no number of rows, is one sentence."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(given_, project)
    assert words in f"{caught.value.message} {caught.value.remedy}"


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "1/65", "", "/2", "1/", "-1/2", "1/2/3"])
def test_a_shard_that_is_none(project: Path, text: str) -> None:
    """I/N, from 1 on."""
    with pytest.raises(ConfigurationError, match="not I/N"):
        load_settings({"shard": text}, project)


@pytest.mark.parametrize(("text", "part"), [("1/1", (1, 1)), ("2/4", (2, 4)), ("64/64", (64, 64))])
def test_a_shard(project: Path, text: str, part: tuple[int, int]) -> None:
    """Which part, of how many."""
    assert part == load_settings({"shard": text}, project).shard


@pytest.mark.parametrize(
    ("given_", "table"),
    [
        ({"shard": "1/2", "since": "main"}, ""),
        ({"shard": "1/2", "matrix": "14,15"}, ""),
        ({"clone": "postgresql:///shop"}, 'baseline_sql = "legacy.sql"'),
        ({"since": "main", "range": "a:b"}, ""),
        ({"since": "main"}, 'range = "a:b"'),
    ],
)
def test_options_that_exclude_each_other(project: Path, given_: dict[str, Any], table: str) -> None:
    """Both are named, wherever they were said."""
    (project / "legacy.sql").write_text("CREATE TABLE t (id int);")
    write(project, table)

    with pytest.raises(ConfigurationError, match="exclude each other"):
        load_settings(given_, project)


@pytest.mark.parametrize(
    ("given_", "usual", "majors"),
    [
        ({}, "17, 15,16,15", (15, 16, 17)),
        ({"matrix": "18"}, "15,16", (18,)),
        ({"shard": "1/2"}, "15,16", ()),
        ({"provider": "local"}, "15,16", ()),
        ({"provider_version": "17"}, "15,16", ()),
        ({}, " , ", ()),
    ],
)
def test_the_majors_of_a_matrix(project: Path, given_: dict[str, Any], usual: str, majors: tuple[int, ...]) -> None:
    """Each once, in order; one server or one part on the command line puts those of the table out of force."""
    write(project, f'matrix = "{usual}"')

    assert majors == load_settings(given_, project).matrix


@pytest.mark.parametrize("text", ["13", "15,x", "100", "-15", "15.2"])
def test_a_matrix_that_is_none(project: Path, text: str) -> None:
    """Major versions that the toolkit knows, and nothing else."""
    with pytest.raises(ConfigurationError, match="not major versions from"):
        load_settings({"matrix": text}, project)


def test_a_range_of_the_command_line_puts_a_branch_of_the_table_out_of_force(project: Path) -> None:
    """Whoever asks for a range wants that."""
    write(project, 'since = "main"')

    assert ("main", None) == (load_settings({}, project).since, load_settings({"range": "a:b"}, project).since)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        (" 007 ", 7),
        ("99", 99),
        ("0", None),
        ("100", None),
        ("-1", None),
        ("1.0", None),
        ("", None),
        ("²", None),
        ("٣", None),
        ("9" * 10_000, None),
        ("0" * 10_000 + "5", 5),
    ],
)
def test_whole_numbers(text: str, number: int | None) -> None:
    """Only what is written in plain digits and within bounds is one, however long it is."""
    assert number == whole_number(text, 1, 99)


@pytest.mark.parametrize("asked", [{"shard": "9" * 5_000 + "/2"}, {"matrix": "1" * 5_000}, {"at_rows": ["t=" + "9" * 5_000]}])
def test_numbers_of_any_length_are_one_sentence(project: Path, asked: dict[str, object]) -> None:
    """Python itself refuses to read thousands of digits."""
    with pytest.raises(ConfigurationError):
        load_settings({"config": "alembic.ini", **asked}, project)

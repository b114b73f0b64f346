"""What a run is asked to do: the command line over [tool.migration_checks] of pyproject.toml over the defaults."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from migration_checks.budgets import KEYS as BUDGET_KEYS
from migration_checks.budgets import Budgets, read_budgets
from migration_checks.fields import Fields, nearest, read_toml, shorten, whole_number
from migration_checks.lineage import Lineage
from migration_checks.lineages import CHAIN_KEYS, LINEAGE_KEYS, choose_lineage
from migration_checks.report import THRESHOLDS
from migration_checks.selection import check_ids, named_checks, selected_checks
from migration_checks.trials import TRIALS
from migration_checks.waivers import KEYS as WAIVER_KEYS
from migration_checks.waivers import Waiver, read_waiver

T = TypeVar("T")

SEED = 20240229
TIMEOUT = 600.0
PROVIDER = "auto"
OLDEST, NEWEST = 14, 99
"""The oldest major version of PostgreSQL that the toolkit walks on, and one that is long to come."""
MOST_PARTS = 64
"""Into how many parts a walk can be cut."""
MOST_ROWS = 10**13
"""More rows than any table of PostgreSQL holds in 32 TB, its limit (https://www.postgresql.org/docs/current/limits.html)."""

RUN_KEYS = (
    "provider", "provider_version", "image", "allow_shared_server", "rows", "seed", "fail_on", "only", "skip", "reports",
    "timeout", "baseline", "redact", "profile", "scale", "trials", "at_rows", "since", "jobs", "matrix", "clone",
)  # fmt: skip
OF_ONE_RUN = ("shard", "all")
"""What only a command line can say."""
ARGUMENTS = ("lineage", *CHAIN_KEYS, *LINEAGE_KEYS, *RUN_KEYS, *OF_ONE_RUN)
TABLE_KEYS = ("lineage", *CHAIN_KEYS, *LINEAGE_KEYS, *RUN_KEYS, "lineages", "waivers", "budgets")
REMEDY = "Correct [tool.migration_checks] in pyproject.toml; `migration-checks verify --help` lists the options."


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides a run.

    `project` is the folder that paths in reports are relative to. `provider` is "embedded", "local", "container", "auto" or a
    URL. `rows` is None where nobody asked for a number; tables that `profile` knows get `scale` times its rows. `timeout` is
    in seconds and for one step; 0 means none. `reports` are (format, file), the file None for standard output. `only` and
    `skip` are check ids, `only` empty for all. `trials` are words of migration_checks.trials.TRIALS. `at_rows` says how many
    rows production has: by table (as users write its name), or under "" for every table that is not named. `since` is a git
    reference: only revisions that differ from it are walked. `jobs` processes walk at once; of a `shard` (i, n) only part i of
    n is walked. `matrix` are major versions of PostgreSQL that are walked on in turn. `clone` is
    the URL of a database whose copy the walk starts from; its rows are left out of reports unless `redact` is said to be false.
    """

    lineage: Lineage
    project: Path
    provider: str = PROVIDER
    provider_version: str | None = None
    image: str | None = None
    allow_shared_server: bool = False
    rows: int | None = None
    seed: int = SEED
    fail_on: str = "warning"
    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    reports: tuple[tuple[str, Path | None], ...] = ()
    jobs: int = 1
    shard: tuple[int, int] | None = None
    matrix: tuple[int, ...] = ()
    clone: str | None = None
    trials: frozenset[str] = frozenset()
    at_rows: Mapping[str, int] = field(default_factory=dict)
    timeout: float = TIMEOUT
    waivers: tuple[Waiver, ...] = ()
    baseline: Path | None = None
    redact: bool = False
    profile: Path | None = None
    scale: float = 1.0
    budgets: Budgets = field(default_factory=Budgets)
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings come from: their table, and the folder that its relative paths start from."""

    table: Fields
    base: Path

    def path(self, key: str) -> Path | None:
        value = self.table.text(key)
        return None if value is None else self.base / value


def load_settings(arguments: argparse.Namespace | Mapping[str, Any], cwd: Path) -> Settings:
    """The settings of a run in the folder `cwd`.

    `arguments` are the command line's (an attribute or key per option, None or absent where it was not given); the rest
    comes from the nearest pyproject.toml. Raises ConfigurationError, naming the nearest valid key or value.
    """
    cwd = cwd.resolve()
    given = Source(Fields(_given(arguments), "the command line", ARGUMENTS, "See `migration-checks verify --help`."), cwd)
    written = read_table(cwd)
    lineage = choose_lineage(given.table, given.base, written.table, written.base)
    return _settings(lineage, cwd, given, written)


def _given(arguments: argparse.Namespace | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(arguments, argparse.Namespace):
        arguments = {key: value for key, value in vars(arguments).items() if key in ARGUMENTS}
    return {key: value for key, value in arguments.items() if value is not None}


def read_table(cwd: Path) -> Source:
    """[tool.migration_checks] of the nearest pyproject.toml in `cwd` or above, an empty table where there is none."""
    for folder in (cwd, *cwd.parents):
        if (folder / "pyproject.toml").is_file():
            tool = read_toml(folder / "pyproject.toml").get("tool")
            table = tool.get("migration_checks", {}) if isinstance(tool, Mapping) else {}
            return Source(Fields(table, "[tool.migration_checks]", TABLE_KEYS, REMEDY), folder)
    return Source(Fields({}, "[tool.migration_checks]", TABLE_KEYS, REMEDY), cwd)


def _settings(lineage: Lineage, cwd: Path, *sources: Source) -> Settings:
    def pick(get: Callable[[Source], T | None], default: T) -> T:
        # Every source is read, so that a mistake in a value that another one hides is still told.
        values = [get(source) for source in sources]
        return next((value for value in values if value is not None), default)

    tables = [source.table for source in sources]
    written = tables[-1]
    only = pick(lambda source: named_checks(source.table, "only") or None, frozenset[str]())
    skip: frozenset[str] = frozenset().union(*(named_checks(table, "skip") for table in tables))
    if not selected_checks(only, skip):
        raise written.error("only and skip leave no check to make: nothing could be found.")
    reports = tuple(dict.fromkeys(report for source in sources for report in _reports(source)))
    if len(printed := [name for name, path in reports if path is None]) > 1:
        raise written.error(f"{' and '.join(printed)} cannot both be written to standard output: give all but one a file.")
    return Settings(
        lineage=lineage,
        project=cwd,
        provider=pick(lambda source: source.table.text("provider"), PROVIDER),
        provider_version=pick(lambda source: source.table.text("provider_version"), None),
        image=pick(lambda source: source.table.text("image"), None),
        allow_shared_server=pick(lambda source: source.table.flag("allow_shared_server"), False),
        rows=pick(lambda source: source.table.integer("rows", 1), None),
        seed=pick(lambda source: source.table.integer("seed"), SEED),
        fail_on=pick(lambda source: source.table.choice("fail_on", THRESHOLDS), "warning"),
        only=only,
        skip=skip,
        reports=reports,
        timeout=pick(lambda source: source.table.number("timeout"), TIMEOUT),
        waivers=tuple(read_waiver(each, check_ids()) for each in written.children("waivers", WAIVER_KEYS)),
        baseline=pick(lambda source: source.path("baseline"), None),
        redact=pick(lambda source: source.table.flag("redact"), _clone(lineage, sources) is not None),
        profile=pick(lambda source: source.path("profile"), None),
        scale=pick(_scale, 1.0),
        trials=pick(_trials, frozenset()),
        at_rows=pick(_at_rows, {}),
        budgets=read_budgets(written.child("budgets", BUDGET_KEYS)) or Budgets(),
        since=_since(lineage, *tables),
        jobs=pick(lambda source: source.table.integer("jobs", 1, MOST_PARTS), 1),
        shard=_shard(tables[0]),
        clone=_clone(lineage, sources),
        matrix=_matrix(given=tables[0], written=written),
    )


def _shard(given: Fields) -> tuple[int, int] | None:
    """Which part of the walk --shard asks for, written I/N."""
    text = given.text("shard")
    if text is None:
        return None
    first, slash, second = text.partition("/")
    of = whole_number(second, 1, MOST_PARTS)
    number = whole_number(first, 1, of) if of is not None else None
    if not slash or number is None or of is None:
        raise given.error(f"--shard is {shorten(text)}, not I/N such as 2/4.")
    if "since" in given:
        raise given.error("--shard and --since exclude each other: what a branch changed is walked in one part.")
    return number, of


def _matrix(given: Fields, written: Fields) -> tuple[int, ...]:
    """The majors of --matrix, written 14,15,16; one server or one part on the command line puts a table's out of force."""
    found: list[tuple[int, ...]] = []
    for table in (given, written):
        text = table.text("matrix") or ""
        majors = {whole_number(word, OLDEST, NEWEST) for word in text.split(",") if word.strip()}
        if None in majors:
            raise table.error(f"{table.where}: matrix is {shorten(text)}, not major versions from {OLDEST} on, such as 14,17.")
        found.append(tuple(sorted(major for major in majors if major is not None)))
    asked, usual = found
    if asked and "shard" in given:
        raise given.error("--matrix and --shard exclude each other: let each CI job walk one part on one version.")
    return asked or (() if "shard" in given or "provider_version" in given or "provider" in given else usual)


def _clone(lineage: Lineage, sources: tuple[Source, ...]) -> str | None:
    """The database of --clone, which is a start as a baseline is."""
    url = next((found for source in sources if (found := source.table.text("clone"))), None)
    if url is not None and lineage.baseline_sql is not None:
        raise sources[0].table.error("--clone and --baseline-sql exclude each other: a walk has one start.")
    return url


def _since(lineage: Lineage, given: Fields, written: Fields) -> str | None:
    """The git reference of --since; a range on the command line puts the one of pyproject.toml out of force."""
    asked, usual = given.text("since"), written.text("since")
    reference = usual if asked is None and "range" not in given else asked
    if reference and lineage.range:
        raise given.error(f"--since {reference} and the range {lineage.range} exclude each other.")
    return reference or None


def _trials(source: Source) -> frozenset[str] | None:
    """The trials that `source` names; "all" is every one, "none" none. None where it says nothing of them."""
    words = [part.strip() for text in source.table.texts("trials") for part in text.split(",")]
    for word in words:
        if word not in (*TRIALS, "all", "none"):
            raise source.table.error(
                f"{source.table.where}: there is no trial {shorten(word)}; {nearest(word, [*TRIALS, 'all', 'none'])}"
            )
    if not words:
        return None
    return frozenset(TRIALS if "all" in words else words) - {"none"}


def _at_rows(source: Source) -> dict[str, int] | None:
    """How many rows production has, written N or TABLE=N."""
    found: dict[str, int] = {}
    for text in source.table.texts("at_rows"):
        table, _, number = text.rpartition("=")
        rows = whole_number(number.replace("_", ""), 1, MOST_ROWS)
        if rows is None:
            raise source.table.error(
                f"{source.table.where}: at_rows {shorten(text)} is not written N or TABLE=N, such as 10_000_000 or users=2_000."
            )
        found[table.strip()] = rows
    return found or None


def _scale(source: Source) -> float | None:
    """How many times the rows of a profile; more than none, and no more than anybody can want."""
    value = source.table.number("scale")
    if value is not None and not 0 < value <= 1e6:
        raise source.table.wrong("scale", "a number above 0, such as 0.01")
    return value


def _reports(source: Source) -> list[tuple[str, Path | None]]:
    """The wanted reports, written FORMAT=PATH; "-" as PATH is standard output."""
    from migration_checks.renderers import RENDERERS

    formats = [renderer.name for renderer in RENDERERS]
    wanted: list[tuple[str, Path | None]] = []
    for text in source.table.texts("reports"):
        name, equals, path = text.partition("=")
        if not equals or not path:
            raise source.table.error(f"{source.table.where}: the report {shorten(text)} is not written FORMAT=PATH.")
        if name not in formats:
            raise source.table.error(f"{source.table.where}: there is no format {shorten(name)}; {nearest(name, formats)}")
        wanted.append((name, None if path == "-" else source.base / path))
    return wanted

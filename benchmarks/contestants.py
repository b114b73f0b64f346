"""The tools that are compared: what each is for, how its manual says it is run, and how its answer is read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree

from benchmarks.peers import Shelf
from benchmarks.testsuites import SUITES, Suite
from benchmarks.twins import Project, offline, write
from benchmarks.verdicts import Answer, Remark, one_line
from fixtures.faults import AT_ROWS, TRIALS, cases, lineage
from migration_checks.config import Settings
from migration_checks.database import Databases
from migration_checks.errors import ToolkitError
from migration_checks.verify import verify

A_TEST = 90
"""Seconds that one test of a tool may take."""

A_TOOL = 1500
"""Seconds that a tool may take in all."""

STYLE = "prefer-text-field,prefer-bigint-over-int,prefer-identity"
"""Rules of Squawk about the types of columns, which every small table below breaks and no fault is about."""

_QUIET = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", f"--timeout={A_TEST}", "--junitxml=answers.xml")

Chain = tuple[str, str]
"""A case and its twin."""


class Unable(Exception):
    """A tool as a whole could not be run; the text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where tools run: a folder that is thrown away, a server's databases, the virtualenvs of others."""

    folder: Path
    databases: Databases
    shelf: Shelf


class Tool(Protocol):
    """What can be asked about chains."""

    @property
    def name(self) -> str: ...

    @property
    def purpose(self) -> str: ...

    def version(self, place: Place) -> str:
        """The version that runs. Raises NotInstalled."""

    def ask(self, place: Place, chains: Sequence[Chain]) -> dict[Chain, Answer]:
        """An answer for each chain. Raises NotInstalled or Unable."""


@dataclass(frozen=True, slots=True)
class Tests:
    """A tool that is a suite of tests: one pytest runs it in a folder a chain, each on a database of its own."""

    suite: Suite
    name: str = field(init=False)
    purpose: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.suite.name)
        object.__setattr__(self, "purpose", self.suite.purpose)

    def version(self, place: Place) -> str:
        return _version(self._python(place), self.suite.distribution)

    def ask(self, place: Place, chains: Sequence[Chain]) -> dict[Chain, Answer]:
        root, interpreter = place.folder / self.name.replace(" ", "_"), self._python(place)
        with _databases(place, chains) as urls:
            projects = [self._written(root, chain, urls[chain]) for chain in chains]
            (root / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
            said = _run([str(interpreter), "-m", "pytest", *_QUIET], root)
            if not (root / "answers.xml").is_file():
                raise Unable(one_line(said[-1] if said else "pytest wrote no answers"))
            answers = outcomes((root / "answers.xml").read_text())
        return {(each.case, each.twin): self._answer(each, answers) for each in projects}

    def _answer(self, project: Project, answers: Mapping[str, Answer]) -> Answer:
        if self.suite.own_connection and not project.takes_connection:
            return Answer(trouble="it needs an env.py that takes its connection, and this chain is about its own env.py")
        return answers.get(project.key, Answer(trouble="no test of it was run"))

    def _written(self, root: Path, chain: Chain, url: str) -> Project:
        project = write(root, *chain, url)
        for name, text in self.suite.files(project).items():
            (project.folder / name).write_text(text)
        return project

    def _python(self, place: Place) -> Path:
        return place.shelf.python(self.suite.distribution, (*self.suite.requirements, "pytest-timeout"))


def outcomes(junit: str) -> dict[str, Answer]:
    """The folder that a test stands in -> those of its tests that failed; a test that was cut off is trouble."""
    found: dict[str, Answer] = {}
    for case in ElementTree.fromstring(junit).iter("testcase"):
        folder = case.get("classname", "").partition(".")[0]
        answer = found.setdefault(folder, Answer())
        for bad in (*case.iter("failure"), *case.iter("error")):
            text = one_line(bad.get("message", "") or bad.text or "")
            if text.startswith("Failed: Timeout"):
                answer = replace(answer, trouble=f"{case.get('name')}: cut off after {A_TEST} s")
            else:
                answer = replace(answer, remarks=(*answer.remarks, Remark(case.get("name", ""), text)))
        found[folder] = answer
    return found


@dataclass(frozen=True, slots=True)
class Squawk:
    """A linter of SQL, given each revision's SQL in a file of its own."""

    direction: str
    name: str
    purpose: str = "a linter of SQL: locks, rewrites and unsafe habits, read from the statements alone"

    def version(self, place: Place) -> str:
        return _version(self._python(place), "squawk-cli")

    def ask(self, place: Place, chains: Sequence[Chain]) -> dict[Chain, Answer]:
        root = place.folder / self.name
        program = self._python(place).parent / "squawk"
        return {chain: self._asked(program, write(root, *chain)) for chain in chains}

    def _asked(self, program: Path, project: Project) -> Answer:
        scripts = offline(project, self.direction)
        trouble = next((script.trouble for script in scripts if script.trouble), "")
        if trouble:
            return Answer(trouble=f"Alembic writes no SQL for it: {trouble}")
        for number, script in enumerate(scripts):
            (project.folder / f"{number}.sql").write_text(script.sql)
        names = [f"{number}.sql" for number in range(len(scripts))]
        options = ("--reporter=json", "--pg-version=18", f"--exclude={STYLE}")
        return linted("".join(_run([str(program), *options, *names], project.folder, errors=False)))

    def _python(self, place: Place) -> Path:
        return place.shelf.python("squawk", ("squawk-cli",))


def linted(answer: str) -> Answer:
    """What Squawk's JSON says, a remark a violation."""
    try:
        found = json.loads(answer or "[]")
    except ValueError:
        return Answer(trouble=one_line(answer))
    return Answer(tuple(Remark(each["rule_name"], one_line(str(each.get("message", "")))) for each in found))


@dataclass(frozen=True, slots=True)
class Patterns:
    """The static half of pytest-mrt, which reads revision scripts and needs no database."""

    name: str = "pytest-mrt check"
    purpose: str = "its static half, with `--check-compat`: known dangerous patterns in revision scripts"

    def version(self, place: Place) -> str:
        return _version(self._python(place), "pytest-mrt")

    def ask(self, place: Place, chains: Sequence[Chain]) -> dict[Chain, Answer]:
        root = place.folder / "patterns"
        program = self._python(place).parent / "mrt"
        return {chain: self._asked(program, write(root, *chain)) for chain in chains}

    def _asked(self, program: Path, project: Project) -> Answer:
        arguments = (str(program), "check", "migrations/versions/", "--format", "json", "--check-compat")
        return scanned("".join(_run(arguments, project.folder, errors=False)))

    def _python(self, place: Place) -> Path:
        return place.shelf.python("pytest-mrt", (*SUITES["pytest-mrt"].requirements, "pytest-timeout"))


def scanned(answer: str) -> Answer:
    """What the JSON of `mrt check` says, a remark a pattern."""
    try:
        found = json.loads(answer)["findings"]
    except (ValueError, KeyError):
        return Answer(trouble=one_line(answer) or "it said nothing")
    return Answer(tuple(Remark(each["rule"], one_line(each["message"])) for each in found))


@dataclass(frozen=True, slots=True)
class Ourselves:
    """This toolkit with its defaults: and the trial that the check of a case looks at, if it does."""

    name: str = "migration-checks"
    purpose: str = "a walk up and down on made-up rows, comparing schemas and values; the trial that a check looks at"

    def version(self, place: Place) -> str:
        from migration_checks import __version__

        return __version__

    def ask(self, place: Place, chains: Sequence[Chain]) -> dict[Chain, Answer]:
        return {chain: self._asked(place, chain) for chain in chains}

    def _asked(self, place: Place, chain: Chain) -> Answer:
        known = lineage(*chain)
        check = chain[0].partition("_")[0]
        settings = Settings(
            known,
            known.root,
            provider=place.databases.server.url,
            allow_shared_server=True,
            trials=frozenset({TRIALS[check]} if check in TRIALS else ()),
            at_rows=AT_ROWS.get(check, {}),
        )
        try:
            report = verify(settings)
        except ToolkitError as error:
            return Answer(trouble=one_line(error.message))
        said = [Remark(each.check, one_line(f"{each.severity.name.lower()}: {each.message}")) for each in report.findings]
        return Answer(tuple(said))


@contextmanager
def _databases(place: Place, chains: Sequence[Chain]) -> Iterator[dict[Chain, str]]:
    """An empty database a chain, by SQLAlchemy URL; gone afterwards."""
    made = {chain: place.databases.create("compared") for chain in chains}
    try:
        yield {chain: url.replace("postgresql", "postgresql+psycopg", 1) for chain, url in made.items()}
    finally:
        for url in made.values():
            place.databases.drop(url)


def _run(arguments: Sequence[str], folder: Path, *, errors: bool = True) -> list[str]:
    """The lines that a program wrote, those to standard error only with `errors`. Raises Unable where it takes too long."""
    environment = os.environ | {"PYTHONPATH": "", "NO_COLOR": "1", "COLUMNS": "200"}
    try:
        done = subprocess.run(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=A_TOOL,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise Unable(f"it took longer than {A_TOOL} s") from late
    return done.stdout.splitlines(keepends=True)


def _version(interpreter: Path, distribution: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    return "".join(_run([str(interpreter), "-c", code], interpreter.parent)).strip()


TOOLS: tuple[Tool, ...] = (
    Ourselves(),
    *(Tests(suite) for suite in SUITES.values()),
    Patterns(),
    Squawk("upgrade", "squawk"),
    Squawk("downgrade", "squawk downgrades"),
)
"""Everybody who is asked, ourselves first."""

ABSENT = {
    "eugene": "it is no package of pip, npm or apt, which is where this command installs from",
}
"""Tools that belong here and cannot be installed by this command, with the reason."""

__all__ = ["ABSENT", "TOOLS", "Place", "Tool", "Unable", "cases"]

"""`python -m tests.mutation [MODULE...]`: mutmut on a copy of the repository, and its score by module as a table.

Needs mutmut (`pip install mutmut`). Takes about half a second a mutant; the copy is gone afterwards. A MODULE is a path or a
pattern of paths; without any, all of them are mutated. `--page` renews their lines of docs/mutation-testing.md.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("migration_checks", "tests", "fixtures", "docs", "conftest.py", "pyproject.toml", "README.md", "CHANGELOG.md")
TESTS = {
    "migration_checks/diff.py": ("tests/unit/test_diff.py",),
    "migration_checks/waivers.py": ("tests/unit/test_waivers.py", "tests/unit/test_config.py"),
    "migration_checks/waiving.py": ("tests/unit/test_waivers.py",),
    "migration_checks/findings.py": ("tests/unit/test_findings.py",),
    "migration_checks/checks/*.py": ("tests/unit/checks",),
}
"""What is mutated, and the tests that should notice."""

SETTINGS = """
[tool.mutmut]
source_paths = ["migration_checks"]
only_mutate = {modules}
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-n0", "--durations=0", "-p", "no:cacheprovider"]
also_copy = {copied}
"""

PAGE = ROOT / "docs" / "mutation-testing.md"
HEAD = """<!-- Made by `python -m tests.mutation --page`; do not edit. -->

# Mutation testing

A test that cannot fail proves nothing. So the code that judges is broken on purpose, one small change at a time (a condition
turned round, a number off by one, a text replaced, an argument left out), and each time the unit tests of that module, and no
others, are asked whether they notice.

    pip install mutmut
    python -m tests.mutation --page

A mutant counts as noticed when a test fails or the run does not end; `--survivors` lists the others.

"""
KILLED = frozenset({"killed", "timeout", "suspicious", "segfault"})


def main() -> None:
    """Mutate, and print what survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("modules", nargs="*", default=list(TESTS), help="; ".join(TESTS))
    parser.add_argument("--survivors", action="store_true", help="list each mutant that no test noticed")
    parser.add_argument("--page", action="store_true", help="renew these modules in docs/mutation-testing.md")
    arguments = parser.parse_args()
    if strangers := [each for each in arguments.modules if not tests_of([each])]:
        parser.error(f"no tests are named for {', '.join(strangers)}")
    with tempfile.TemporaryDirectory(prefix="migration-checks-mutation-") as work:
        results = mutated(Path(work), arguments.modules)
    counts = counted(results)
    print("\n".join(table(counts)))
    if arguments.page:
        known = counts if arguments.modules == list(TESTS) else {**read(PAGE.read_text(encoding="utf-8")), **counts}
        PAGE.write_text(HEAD + "\n".join(table(known)) + "\n", encoding="utf-8")
    if arguments.survivors:
        print("\n".join(f"{name}: {status}" for name, status in results if status not in KILLED))


def mutated(work: Path, modules: Sequence[str]) -> list[tuple[str, str]]:
    """(mutant, status) of every mutant of `modules`, made and tried in the folder `work`."""
    for name in COPIED:
        source = ROOT / name
        skip = shutil.ignore_patterns("__pycache__")
        _ = shutil.copytree(source, work / name, ignore=skip) if source.is_dir() else shutil.copy(source, work / name)
    tests = tests_of(modules)
    copied = [name for name in COPIED if name not in ("migration_checks", "pyproject.toml")]
    with (work / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS.format(modules=quoted(modules), tests=quoted(tests), copied=quoted(copied)))
    subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=work, check=True, stdout=sys.stderr)
    listed = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"], cwd=work, check=True, capture_output=True, text=True
    )
    return list(parsed(listed.stdout))


def quoted(names: Sequence[str]) -> str:
    """A list as TOML has it."""
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def parsed(listing: str) -> Iterator[tuple[str, str]]:
    """The lines "mutant: status" of mutmut."""
    for line in listing.splitlines():
        name, colon, status = line.strip().partition(": ")
        if colon and "__mutmut_" in name:
            yield name, status


def tests_of(modules: Sequence[str]) -> list[str]:
    """The tests that should notice what is done to `modules`, paths or patterns."""
    return sorted({test for each in modules for known, tests in TESTS.items() if fnmatch(each, known) for test in tests})


def counted(results: Sequence[tuple[str, str]]) -> dict[str, Counter[bool]]:
    """By module how many mutants the tests noticed, and how many not."""
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for name, status in results:
        module = name.split(".x_")[0].split(".xǁ")[0].replace(".", "/") + ".py"
        counts[module][status in KILLED] += 1
    return dict(counts)


def read(page: str) -> dict[str, Counter[bool]]:
    """What a page says of each module."""
    lines = re.findall(r"^\| (\S+\.py) \| (\d+) \| (\d+) \|", page, flags=re.MULTILINE)
    return {name: Counter({True: int(noticed), False: int(total) - int(noticed)}) for name, total, noticed in lines}


def table(counts: Mapping[str, Counter[bool]]) -> Iterator[str]:
    """A Markdown table: how many mutants of each module the tests noticed."""
    yield "| module | mutants | noticed | score |"
    yield "|---|---|---|---|"
    yield from (row(*each) for each in counts.items())
    yield row("together", sum(counts.values(), Counter[bool]()))


def row(name: str, noticed: Counter[bool]) -> str:
    """One line of the table; the score is a percentage."""
    total = noticed.total()
    return f"| {name} | {total} | {noticed[True]} | {100 * noticed[True] / max(total, 1):.0f} % |"


if __name__ == "__main__":
    main()

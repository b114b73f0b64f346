"""`python -m tests.examples > docs/examples.md`: walk a fault of each check, and write what it says beside its two scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from fixtures.faults import AT_ROWS, HERE, TRIALS, TWINS, cases, lineage, sentence
from migration_checks.check import Check
from migration_checks.checks import CHECKS
from migration_checks.config import Settings
from migration_checks.providers import EmbeddedProvider
from migration_checks.renderers.text import render_findings
from migration_checks.verify import verify

HEADING = """<!-- Made by `python -m tests.examples > docs/examples.md`; do not edit. -->

# An example of every check

For each check the smallest chain on which it fires: the script at fault, what `migration-checks verify` says of it, and the
same script, mended, on which it has nothing to say. All of them are in `fixtures/faults` and can be run from there;
[more of them](faults.md) are in a table, [the manual](checks.md) says what each check means.
"""


def example_of(check: Check) -> str:
    """The folder of the example: the one named after the check, or else its first."""
    folders = [case for case in cases() if case.startswith(check.id)]
    named = f"{check.id}_{check.name.replace('-', '_')}"
    return named if named in folders else folders[0]


def scripts(case: str, twin: str) -> Iterator[Path]:
    """The files of `twin` that the other one does not have, or has otherwise."""
    here, there = (HERE / case / each for each in (twin, next(other for other in TWINS if other != twin)))
    for path in sorted(here.rglob("*.py")):
        other = there / path.relative_to(here)
        if "__pycache__" not in path.parts and not (other.is_file() and other.read_text() == path.read_text()):
            yield path


def said(case: str, check: Check, url: str) -> str:
    """What a walk says of the fault, as the terminal shows it."""
    chain = lineage(case, "fault")
    trials = frozenset({TRIALS[check.id]} if check.id in TRIALS else ())
    at_rows = AT_ROWS.get(check.id, {})
    report = verify(Settings(chain, chain.root, provider=url, allow_shared_server=True, trials=trials, at_rows=at_rows))
    found = [finding for finding in report.findings if finding.check == check.id]
    assert found, f"{case} does not raise {check.id}"
    return render_findings(found[:1])


def section(check: Check, url: str) -> Iterator[str]:
    """A check's example as Markdown."""
    case = example_of(check)
    yield from (f"## {check.id} {check.name}", "", f"`fixtures/faults/{case}`. {sentence(case, 'fault')}", "")
    yield from listed(case, "fault")
    yield from ("```text", said(case, check, url).strip("\n"), "```", "", f"The remedy: {sentence(case, 'remedy')}", "")
    yield from listed(case, "remedy")


def listed(case: str, twin: str) -> Iterator[str]:
    """The scripts of one twin that are its own."""
    for path in scripts(case, twin):
        yield from (f"`{path.relative_to(HERE / case).as_posix()}`:", "", "```python", path.read_text().rstrip(), "```", "")


def main() -> None:
    """Write the page to standard output."""
    lines = [HEADING]
    with EmbeddedProvider().lend() as server:
        for check in CHECKS:
            print(check.id, file=sys.stderr, flush=True)
            lines += section(check, server.url)
    print("\n".join(lines).rstrip())


if __name__ == "__main__":
    main()

"""`python -m benchmarks.comparison` lets each tool judge the chains of fixtures/faults and their mended twins."""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.contestants import ABSENT, TOOLS, Place, Tool, Unable
from benchmarks.peers import NotInstalled, Shelf
from benchmarks.verdicts import Pair, Told, document, markdown, one_line, read
from fixtures.faults import TWINS, cases
from migration_checks.database import Databases
from migration_checks.providers import EmbeddedProvider

AT_ONCE = 16
"""Cases that a tool is asked for at once; after them, what is known is written."""

BEGIN, END = "<!-- comparison: begin -->", "<!-- comparison: end -->"


def main(arguments: list[str] | None = None) -> int:
    """Ask, and write the tables to standard output, or where that is asked for. The exit status says nothing of verdicts."""
    given = _parser().parse_args(arguments)
    told: dict[str, Told] = {}
    for name in given.add:
        for tool in read(Path(name).read_text()).values():
            told[tool.name] = joined(told.get(tool.name), tool)
    if not given.ask_nobody:
        _ask(given, told)
    tools = _ordered(told)
    if given.json:
        Path(given.json).write_text(document(tools, _conditions()))
    if given.page:
        Path(given.page).write_text(placed(Path(given.page).read_text(), markdown(tools)))
    else:
        sys.stdout.write(markdown(tools))
    return 0


def _ask(given: argparse.Namespace, told: dict[str, Told]) -> None:
    """Ask every tool for the cases that it has not answered yet, and keep what is known after every few of them."""
    with (
        tempfile.TemporaryDirectory(prefix="comparison-") as folder,
        EmbeddedProvider().lend() as server,
        Databases(server) as made,
    ):
        shelf = Shelf(Path(given.peers or folder, "peers"))
        for tool in (each for each in TOOLS if not given.tools or each.name in given.tools):
            known = told[tool.name].pairs if tool.name in told else {}
            open_cases = [case for case in given.cases or cases() if case not in known]
            for number, few in enumerate(batched(open_cases, AT_ONCE)):
                place = Place(Path(folder, f"{TOOLS.index(tool)}-{number}"), made, shelf)
                place.folder.mkdir()
                told[tool.name] = joined(told.get(tool.name), asked(tool, place, few))
                if given.json:
                    Path(given.json).write_text(document(_ordered(told), _conditions()))
                if told[tool.name].missing:
                    break


def batched(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """`names` in slices of at most `size`."""
    return (names[start : start + size] for start in range(0, len(names), size))


def joined(before: Told | None, after: Told) -> Told:
    """The answers of one tool from two rounds; where a case was answered twice, the later answer."""
    if before is None:
        return after
    return replace(after, version=after.version or before.version, pairs={**before.pairs, **after.pairs})


def asked(tool: Tool, place: Place, names: Sequence[str]) -> Told:
    """What one tool says of the cases `names`, or why it says nothing."""
    chains = [(case, twin) for case in names for twin in TWINS]
    try:
        version = tool.version(place)
        answers = tool.ask(place, chains)
    except (NotInstalled, Unable) as error:
        return Told(tool.name, "", tool.purpose, {}, one_line(str(error)) or type(error).__name__)
    pairs = {case: Pair(*(answers[case, twin] for twin in TWINS)) for case in names}
    return Told(tool.name, version, tool.purpose, pairs)


def placed(page: str, tables: str) -> str:
    """A page with its tables between the two marks replaced. Raises ValueError where it has no marks."""
    before, found, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"


def _ordered(told: dict[str, Told]) -> list[Told]:
    known = [told[tool.name] for tool in TOOLS if tool.name in told]
    return [*known, *(Told(name, "", "", {}, why) for name, why in ABSENT.items())]


def _conditions() -> dict[str, Any]:
    return {"python": platform.python_version(), "system": platform.platform(), "date": date.today().isoformat()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison", description=__doc__)
    names = [tool.name for tool in TOOLS]
    parser.add_argument("tools", nargs="*", metavar="TOOL", help=f"ask only these: {', '.join(names)}")
    parser.add_argument("--cases", nargs="+", choices=cases(), metavar="CASE", help="only these folders of fixtures/faults")
    parser.add_argument("--peers", metavar="FOLDER", help="keep the virtualenvs of other tools there (default: nowhere)")
    parser.add_argument("--json", metavar="FILE", help="write every remark there, after every few cases")
    parser.add_argument(
        "--add", nargs="+", default=[], metavar="FILE", help="begin with the answers of these, of earlier rounds"
    )
    parser.add_argument("--ask-nobody", action="store_true", help="only write what --add has")
    parser.add_argument(
        "--page", metavar="FILE", help="put the tables into this page, between its marks, not on standard output"
    )
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that nothing is left, whoever ends it
    sys.exit(main())

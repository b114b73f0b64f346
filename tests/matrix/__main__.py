"""`python -m tests.matrix` plants every kind of corruption and writes the page; `--healthy N` walks healthy chains instead."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from migration_checks.providers import EmbeddedProvider, Server
from tests.matrix.chains import KINDS, planted
from tests.matrix.healthy import chains
from tests.matrix.plant import Place
from tests.matrix.rows import ROWS
from tests.matrix.runs import alarms, plant_and_walk, walk
from tests.matrix.values import VALUES
from tests.projects import Script

PAGE = Path(__file__).parents[2] / "docs" / "mutation-matrix.md"
MARK = "<!-- healthy -->"

Cells = dict[str, dict[Place, frozenset[str]]]


def main() -> int:
    """Exit status 1 when a kind was missed, or a healthy chain raised an alarm."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--healthy", type=int, metavar="N", help="walk N random healthy chains instead")
    parser.add_argument("--seed", type=int, default=1, help="what the shapes, or the healthy chains, are drawn from")
    parser.add_argument("--shapes", type=int, default=2, help="random shapes a kind")
    parser.add_argument("--only", type=int, nargs="+", metavar="K", help="of the healthy chains walk just these, by number")
    arguments = parser.parse_args()
    with EmbeddedProvider().lend() as server:
        if arguments.healthy:
            return healthy(server, arguments.healthy, arguments.seed, arguments.only)
        return matrix(server, range(arguments.seed, arguments.seed + arguments.shapes))


def healthy(server: Server, count: int, start: int, only: Sequence[int] | None = None) -> int:
    """Walk healthy chains, or only some of them; say what was found, and the revisions in which it was."""
    number, walked, alarmed = 0, 0, 0

    @seed(start)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(chains())
    def each(scripts: list[Script]) -> None:
        nonlocal number, walked, alarmed
        number += 1
        if only and number not in only:
            return
        walked += 1
        found = alarms(walk(scripts, server, rows=20, seed=number))
        alarmed += bool(found)
        print(f"chain {number}: {len(found)} alarms", file=sys.stderr, flush=True)
        for finding in found:
            print(number, finding.check, finding.revision, finding.leg, finding.subject, finding.message)
            print(next((script.text for script in scripts if script.id == finding.revision), ""), flush=True)

    run: Callable[[], None] = each
    run()
    print(f"{walked} healthy chains (seed {start}), {alarmed} with an alarm")
    return int(bool(alarmed))


def matrix(server: Server, seeds: range) -> int:
    """Plant everything everywhere, hold the healthy twins to silence, and write the page."""
    caught: Cells = {kind: defaultdict(frozenset) for kind in KINDS}
    missed: set[tuple[str, Place]] = set()
    strays: list[str] = []
    for number in seeds:
        for place in (None, *Place):
            result = plant_and_walk(KINDS, place, server, number)
            strays += [f"{place or 'healthy'} {each.check} {each.subject}: {each.message}" for each in result.stray]
            for kind, checks in result.checks.items():
                if place is None:
                    strays += [f"healthy {kind}: {', '.join(sorted(checks))}"] if checks else []
                    continue
                caught[kind][place] |= checks
                missed |= set() if checks else {(kind, place)}
    healthy_part = PAGE.read_text().split(MARK, 1)[1] if PAGE.is_file() and MARK in PAGE.read_text() else "\n"
    PAGE.write_text(page(caught, missed, seeds) + MARK + healthy_part)
    for line in (*strays, *(f"missed: {kind} ({place})" for kind, place in sorted(missed))):
        print(line, file=sys.stderr)
    return int(bool(strays or missed))


def page(caught: Cells, missed: set[tuple[str, Place]], seeds: range) -> str:
    """The matrix as Markdown."""
    rows = []
    for kind in KINDS:
        cells = []
        for place in Place:
            checks = ", ".join(sorted(caught[kind][place])) or "-"
            cells.append(
                "-" if planted(kind, 1).bad(place) is None else f"{checks}{' (not always)' if (kind, place) in missed else ''}"
            )
        rows.append(f"| {family(kind)} | {kind} | {' | '.join(cells)} |")
    head = HEAD.format(kinds=len(KINDS), shapes=len(seeds), first=seeds[0], last=seeds[-1])
    return head + "\n".join(rows) + "\n\n" + NOT_SEEN + TAIL


def family(kind: str) -> str:
    """What a kind of corruption strikes."""
    if kind in ROWS:
        return "rows"
    return "value" if any(each.name == kind for each in VALUES) else "schema"


HEAD = """# What is seen of planted corruption

Each of {kinds} kinds of corruption is planted into an otherwise healthy chain: into the upgrade, into the downgrade, or into
every upgrade but the first. Tables, keys, companion columns and the way in which a column is carried (kept, renamed, copied,
moved to a table of its own) are drawn at random, {shapes} a kind (seeds {first} to {last}); rows are synthesized, 30 a
table. A cell names the checks that caught the corruption; `-` says that the kind cannot strike there. The healthy twin of every
chain raised no finding at warning or above. `python -m tests.matrix` writes this page; the test suite plants a third of it.

| strikes | kind | in the upgrade | in the downgrade | in the second upgrade |
|---|---|---|---|---|
"""

NOT_SEEN = """## Not detectable

- A wrong value that the downgrade turns back into the right one (`price * 11` up, `price / 11` down): nothing but the intention
  tells it from a change of unit. An invariant (MC401) or a contract (MC402) of the lineage does.
- A value that no row holds: rows are made up to hold what migrations trip over, and a seed or a profile of the project's own
  adds what is special to it; a step that spoils only `code = 'X-17'` passes where no row has it.
- A value that the upgrade computes for a new column, and that is wrong from the first run on: there is nothing to hold it
  against but an invariant.

"""

TAIL = """## Healthy chains

`python -m tests.matrix --healthy N` walks N random chains of three to six healthy revisions (hypothesis), each of one to four
operations with an exact way back: tables created, archived, renamed; columns added, dropped through a side table, renamed,
widened; indexes, constraints validated later, references, enums grown and swapped back, views, triggers, back-fills, inverted
values, splits into children and grandchildren with drawn keys, lookup tables, numbers and identities, sequences, partitions,
comments, schemas, reference rows, branches and merges.

"""

if __name__ == "__main__":
    sys.exit(main())

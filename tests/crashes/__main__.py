"""`python -m tests.crashes killed` kills verifications at random moments; `deaths` kills every step of every chain."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from migration_checks.providers import EmbeddedProvider
from tests.crashes.deaths import ROOT, chains, kill_everywhere, read
from tests.crashes.killed import WAYS, Killed, kill_many
from tests.crashes.page import reliability

PAGE = ROOT / "docs" / "reliability.md"


def main() -> int:
    """Exit status 1 when anything was left behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.crashes", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    killed = commands.add_parser("killed", help="kill verifications at random moments")
    killed.add_argument("--runs", type=int, default=1000)
    killed.add_argument("--seed", type=int, default=1)
    killed.add_argument("--minutes", type=float, default=600.0, help="start no run after this time")
    killed.add_argument("--log", type=Path, help="where each run is written as a line of JSON")
    killed.add_argument("options", nargs="*", help="further options of verify, after --")
    deaths = commands.add_parser("deaths", help="kill every step of every chain in every way")
    deaths.add_argument("--minutes", type=float, default=600.0, help="start no chain after this time")
    deaths.add_argument("--log", type=Path, required=True, help="a line of JSON a chain; those in it are not run again")
    deaths.add_argument("--only", default="", help="chains with this in their name")
    page = commands.add_parser("page", help="write docs/reliability.md from the two logs")
    page.add_argument("--deaths", type=Path, required=True)
    page.add_argument("--killed", type=Path, nargs="+", required=True)
    arguments = parser.parse_args()
    return {"killed": _killed, "deaths": _deaths, "page": _page}[arguments.command](arguments)


def _deaths(arguments: argparse.Namespace) -> int:
    until = time.monotonic() + 60 * arguments.minutes
    known = {each["chain"] for each in read(arguments.log)}
    for name, lineage in chains():
        if name in known or arguments.only not in name:
            continue
        if time.monotonic() > until:
            break
        result = kill_everywhere(name, lineage)
        with arguments.log.open("a") as log:
            log.write(json.dumps(result) + "\n")
        print(f"{name}: {len(result.get('deaths', []))} deaths, found {result.get('found')}", file=sys.stderr, flush=True)
    return 0


def _page(arguments: argparse.Namespace) -> int:
    PAGE.write_text(reliability(read(arguments.deaths), [read(each) for each in arguments.killed], len(list(chains()))))
    return 0


def _killed(arguments: argparse.Namespace) -> int:
    runs: list[Killed] = []
    # A shell's background jobs ignore Ctrl-C, and so would every process that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with EmbeddedProvider().lend() as theirs:
        until = time.monotonic() + 60 * arguments.minutes
        for each in kill_many(theirs, arguments.runs, arguments.seed, *arguments.options, until=until):
            runs.append(each)
            if arguments.log:
                with arguments.log.open("a") as log:
                    log.write(json.dumps(asdict(each)) + "\n")
            for thing in each.left:
                print(f"run {each.number} ({each.way} after {each.moment:.2f} s): {thing}", file=sys.stderr, flush=True)
    caught = Counter(each.way for each in runs if each.in_time)
    print(f"{len(runs)} verifications were killed, {sum(caught.values())} of them before they had ended:")
    for way in WAYS:
        print(f"  {way}: {sum(each.way == way for each in runs)} runs, {caught[way]} in time")
    print(f"{sum(bool(each.left) for each in runs)} left something behind.")
    return 1 if any(each.left for each in runs) else 0


if __name__ == "__main__":
    sys.exit(main())

"""docs/reliability.md, made from what the two commands have logged."""

from __future__ import annotations

from collections import Counter
from textwrap import fill
from typing import Any

from tests.crashes.deaths import table
from tests.crashes.killed import WAYS

WIDTH = 128
HEAD = """<!-- Made by `python -m tests.crashes page`; do not edit. -->

# Reliability

Two things are held to the same rule: after a death, everything is as before or as after, and the next run goes on.

## Migrations that die half-way

`--trial crash` ([trials](trials.md)) kills every step of a chain at its statements, upgrade and downgrade, in three ways: its
session is terminated (`backend`), its process is killed with SIGKILL (`client`), the server is stopped at once and recovers
by its write-ahead log (`server`). A death is survived when the database then stands before the step or after it, and running
the step again reaches the goal.

    python -m tests.crashes deaths --log deaths.jsonl

The throw-away server runs with `fsync=off`. An immediate stop leaves what it wrote in the page cache of the operating system,
so it recovers as one with `fsync=on` does; that a migration survives the loss of the machine's power is not shown here. Of the
chains in `fixtures/faults` the revisions are killed from the one on in which fault and remedy differ.
"""


def reliability(deaths: list[dict[str, Any]], killed: list[list[dict[str, Any]]], chains: int) -> str:
    """The page; `chains` is how many there are, of which `deaths` has those that were run, `killed` is one list a run."""
    steps = sum(each.get("steps", 0) for each in deaths)
    total = sum(len(each.get("deaths", ())) for each in deaths)
    survived = sum(bool(death["survived"]) for each in deaths for death in each.get("deaths", ()))
    sentence = (
        f"The latest run: {len(deaths)} of {chains} chains, {steps} steps (an upgrade or a downgrade), {total:,} deaths, "
        f"{survived:,} of them survived. The others are what MC701 and MC702 report, which is what some of these chains are "
        "there for; a chain without a finding either survived every death, or stood between only where that cannot be had "
        "otherwise (an index that is built concurrently, a label of an enum type), and reached the goal when it was run again."
    )
    notes = [f"`{each['chain']}`: {each['note']}\n" for each in deaths if "note" in each]
    return "\n".join([HEAD, fill(sentence, WIDTH), "", table(deaths), "", *notes, *_killed(killed)]) + "\n"


def _killed(logs: list[list[dict[str, Any]]]) -> list[str]:
    return [*_INTRODUCTION, *(line for number, runs in enumerate(logs, 1) for line in _run(number, runs))]


def _run(number: int, runs: list[dict[str, Any]]) -> list[str]:
    tried, early = Counter(each["way"] for each in runs), Counter(each["way"] for each in runs if each["status"] not in (0, 1))
    shared = sum(bool(each["shared"]) for each in runs)
    left = sum(bool(each["left"]) for each in runs)
    found = [
        f"- {each['way']}, number {each['number']}: {'; '.join(each['left'])[:300]}. {each.get('note', '')}".strip()
        for each in runs
        if each["left"]
    ]
    notes = [each["note"] for each in runs if "note" in each and not each["left"]]
    return [
        f"Run {number}: {len(runs):,} verifications, {shared:,} of them on somebody else's server. "
        f"{left:,} left something behind.",
        "",
        "| killed by | runs | before they had ended |",
        "|---|---|---|",
        *(f"| {way} | {tried[way]:,} | {early[way]:,} |" for way in WAYS),
        "",
        *(fill(each, WIDTH, subsequent_indent="  ") for each in found),
        *(fill(each, WIDTH) for each in notes),
        *([""] if found or notes else []),
    ]


_INTRODUCTION = (
    "## Verifications that are killed",
    "",
    "A verification of a chain that makes roles, starts a program that goes on, and builds an index concurrently is killed",
    "at a random moment; half of them work on somebody else's server. Then no process, directory, database, role or",
    "session of it may be there, after what the next start does first. The moments are drawn from a seed:",
    "",
    "    python -m tests.crashes killed --runs 1000 --seed 1",
    "",
    "The tests run a few (`tests/integration/test_verify_trouble.py`; `MIGRATION_CHECKS_INTERRUPTIONS` says how many).",
    "",
)

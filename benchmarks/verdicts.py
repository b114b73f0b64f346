"""What each tool said of a faulty chain and of its mended twin, and what that comes to: values, and two ways to write them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

FINDS = "finds"
NOISY = "finds, with noise"
ALIKE = "alike"
SILENT = "silent"
CANNOT = "cannot run"
VERDICTS = (FINDS, NOISY, ALIKE, SILENT, CANNOT)
MARKS = {FINDS: "finds", NOISY: "finds, noise", ALIKE: "alike", SILENT: "–", CANNOT: "cannot"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a tool said: its rule, test or check, and the words, cut to a line."""

    rule: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a tool said of one chain; `trouble` says why it could not run, and is empty where it ran."""

    remarks: tuple[Remark, ...] = ()
    trouble: str = ""

    @property
    def rules(self) -> Counter[str]:
        """How often each rule spoke."""
        return Counter(remark.rule for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Pair:
    """The answers of one tool to the two twins of one case."""

    fault: Answer
    remedy: Answer

    @property
    def verdict(self) -> str:
        """One of VERDICTS.

        A tool finds a fault when a rule speaks more often of the fault than of the remedy, whatever it says: the benefit of the
        doubt is the tool's. What it says of the remedy besides is noise; saying the same of both, or more of the remedy, tells
        them not apart: a false alarm, or advice that has nothing to do with the fault.
        """
        if self.fault.trouble or self.remedy.trouble:
            return CANNOT
        if self.fault.rules - self.remedy.rules:
            return NOISY if self.remedy.remarks else FINDS
        return ALIKE if self.remedy.remarks else SILENT


@dataclass(frozen=True, slots=True)
class Told:
    """One tool: its version, what it is for, and its answers by case; `missing` says why it was not run, or is empty."""

    name: str
    version: str
    purpose: str
    pairs: Mapping[str, Pair]
    missing: str = ""

    def count(self, verdict: str) -> int:
        """In how many cases it came to `verdict`."""
        return sum(pair.verdict == verdict for pair in self.pairs.values())


def one_line(text: str, length: int = 200) -> str:
    """The first line that says something, without runs of blanks, cut to `length` characters."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return next((line for line in lines if line), "")[:length]


def markdown(tools: Sequence[Told]) -> str:
    """Two tables: how often each tool came to each verdict, and every case; then the tools that were not run, with reasons."""
    ran = [tool for tool in tools if not tool.missing]
    cases = sorted({case for tool in ran for case in tool.pairs})
    totals = [
        (f"{tool.name} {tool.version}".strip(), str(len(tool.pairs)), *(str(tool.count(each)) for each in VERDICTS))
        for tool in ran
    ]
    lines = [_table(("tool", "chains asked", *VERDICTS), totals)]
    rows = [(f"`{case}`", *(MARKS[tool.pairs[case].verdict] if case in tool.pairs else "" for tool in ran)) for case in cases]
    lines.append(_table(("chain", *(tool.name for tool in ran)), rows))
    missing = [f"- {tool.name} was not run: {tool.missing}" for tool in tools if tool.missing]
    return "\n\n".join([*lines, *(["\n".join(missing)] if missing else [])]) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(each) + " |" for each in lines)


def document(tools: Sequence[Told], conditions: Mapping[str, Any]) -> str:
    """JSON: every remark of every tool, so that a verdict can be judged by what was said."""
    body = {
        "format": "migration-checks-comparison/1",
        "conditions": dict(conditions),
        "tools": [
            {
                "name": tool.name,
                "version": tool.version,
                "purpose": tool.purpose,
                "missing": tool.missing,
                "pairs": {case: {"verdict": pair.verdict, **asdict(pair)} for case, pair in sorted(tool.pairs.items())},
            }
            for tool in tools
        ],
    }
    return json.dumps(body, indent=1) + "\n"


def read(text: str) -> dict[str, Told]:
    """The tools of a document by name, in its order. Raises KeyError or ValueError for anything else."""
    found = {}
    for tool in json.loads(text)["tools"]:
        pairs = {case: Pair(_answer(pair["fault"]), _answer(pair["remedy"])) for case, pair in tool["pairs"].items()}
        found[tool["name"]] = Told(tool["name"], tool["version"], tool["purpose"], pairs, tool["missing"])
    return found


def _answer(given: Mapping[str, Any]) -> Answer:
    return Answer(tuple(Remark(**remark) for remark in given["remarks"]), given["trouble"])

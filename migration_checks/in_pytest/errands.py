"""Sends for chains and walks, each once for all workers of a pytest run: who asks first does it, the others wait for it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migration_checks.errors import ToolkitError
from migration_checks.interchange import from_json
from migration_checks.report import Report
from migration_checks.transition import Leg

PATIENCE = 20.0
"""Seconds in which an errand that is called off has cleaned up after itself."""


class ErrandFailed(ToolkitError):
    """The toolkit could not do its job, in the words of the process that tried."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision to be walked: its id, its script and the lines of its functions (0 where there is none)."""

    id: str
    path: str
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain to be walked: `arguments` are those of `migration-checks verify` that mean it, `legs` those of each revision."""

    name: str
    arguments: tuple[str, ...]
    legs: tuple[Leg, ...]
    revisions: tuple[Revision, ...]


class Errands:
    """Runs errands in the project's `root`; `folder` is what all workers of the run share.

    Works alike whatever the distribution of tests over workers: answers are files, guarded by locks which the system frees
    when their holder dies.
    """

    def __init__(self, folder: Path, root: Path, arguments: Sequence[str], variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.root = root
        self.arguments = tuple(arguments)
        self.variables = dict(variables)
        self._reports: dict[tuple[str, ...], Report] = {}

    def chains(self) -> tuple[Chain, ...]:
        """The chains that the arguments mean. Raises ErrandFailed."""
        found = json.loads(self._answer("chains", {"do": "chains", "arguments": list(self.arguments)}, list))
        return tuple(
            Chain(
                name=each["name"],
                arguments=tuple(each["arguments"]),
                legs=tuple(map(Leg, each["legs"])),
                revisions=tuple(Revision(**revision) for revision in each["revisions"]),
            )
            for each in found
        )

    def walk(self, chain: Chain, server: Callable[[], Sequence[str]]) -> Report:
        """The report on `chain`; who walks asks `server` for arguments that name one. Raises ErrandFailed."""
        if chain.arguments not in self._reports:
            name = "walk-" + hashlib.sha256("\0".join(chain.arguments).encode()).hexdigest()[:16]
            text = self._answer(name, {"do": "walk", "arguments": list(chain.arguments)}, server)
            self._reports[chain.arguments] = from_json(text)
        return self._reports[chain.arguments]

    def reports(self) -> list[Report]:
        """Every report that was made in this run, by whichever worker."""
        return [from_json(path.read_bytes()) for path in sorted(self.folder.glob("walk-*.answer"))]

    def _answer(self, name: str, order: dict[str, Any], more: Callable[[], Sequence[str]]) -> str:
        answer, trouble = self.folder / f"{name}.answer", self.folder / f"{name}.trouble"
        with _locked(self.folder / f"{name}.lock"):
            if not answer.exists() and not trouble.exists():
                arguments = [*order["arguments"], *more()]
                words = self._run(name, {**order, "arguments": arguments, "answer": str(self.folder / f"{name}.made")})
                if words is None:
                    (self.folder / f"{name}.made").rename(answer)
                else:
                    trouble.write_text(words, encoding="utf-8")
        if trouble.exists():
            raise ErrandFailed(trouble.read_text(encoding="utf-8"), "")
        return answer.read_text(encoding="utf-8")

    def _run(self, name: str, order: dict[str, Any]) -> str | None:
        """Run one errand; None, or why it could not be done."""
        path, log = self.folder / f"{name}.order", self.folder / f"{name}.log"
        path.write_text(json.dumps(order), encoding="utf-8")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "migration_checks.in_pytest.errand", str(path)],
                cwd=self.root,
                env=self.variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )
            status = _wait(process)
        path.unlink()  # it may name a password
        if status in (0, 1) and Path(order["answer"]).exists():
            return None
        words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return words[-1].removeprefix("migration-checks: ") if words else f"The process ended with status {status}."


def _wait(process: subprocess.Popen[bytes]) -> int:
    """The exit status; where pytest is interrupted meanwhile, the process is given time to clean up after itself."""
    try:
        return process.wait()
    except BaseException:
        assert process.stdin is not None
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        raise
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

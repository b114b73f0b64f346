"""One walk by several processes of this machine, each with a server of its own, put together again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from migration_checks.config import Settings
from migration_checks.errors import EnvironmentFailure, ToolkitError
from migration_checks.merging import merge
from migration_checks.report import Note, Progress, Report, judge_run, worst_first
from migration_checks.waiving import waive
from migration_checks.worker import forkserver

Tell = Callable[[Progress], None]
Walk = Callable[..., Report]
ON_ONE_SERVER = (
    "--jobs has no effect on a server by URL: all of them would share its roles, and each would meet those that others made."
)
NO_FORK = "--jobs has no effect here: this system cannot fork a process."
PATIENCE = 30.0
"""Seconds that a process is given to give back its server before it is killed; its guard then ends the server."""


def why_alone(settings: Settings) -> str | None:
    """Why several jobs cannot share this walk, None where they can."""
    if "://" in settings.provider:
        return ON_ONE_SERVER
    return None if "fork" in multiprocessing.get_all_start_methods() else NO_FORK


def walk_in_parts(settings: Settings, walk: Walk, progress: Tell | None = None) -> Report:
    """`walk(settings, progress=...)` of each of `settings.jobs` parts at the same time, as one report.

    Findings are those of a single walk, waived by the settings here, since a waiver may match in any part.
    Raises what the first part that fails raises, once all others are ended.
    """
    reason = why_alone(settings)
    if reason is not None:
        report = walk(replace(settings, jobs=1), progress=progress)
        return replace(report, notes=(*report.notes, Note("jobs", reason)))
    apart = replace(settings, jobs=1, redact=False, waivers=(), baseline=None)
    shares = [replace(apart, shard=(number, settings.jobs)) for number in range(1, settings.jobs + 1)]
    merged = merge(_reports(shares, walk, progress))
    revisions = [replace(each, path=str(settings.project / each.path) if each.path else "") for each in merged.chain]
    findings, notes = waive(settings, revisions, merged.findings)
    report = replace(
        merged,
        findings=worst_first(findings, [revision.id for revision in revisions]),
        notes=tuple(dict.fromkeys((*merged.notes, *notes))),
        verdict=judge_run(findings, merged.steps, settings.fail_on),
    )
    if settings.redact:
        from migration_checks.redaction import redact

        return redact(report)
    return report


def _reports(shares: Sequence[Settings], walk: Walk, progress: Tell | None) -> list[Report]:
    """What each share comes to, in their order."""
    with _processes(shares, walk) as pipes:
        waiting = dict(zip(pipes, range(len(shares)), strict=True))
        reports: dict[int, Report] = {}
        told: dict[int, Progress] = {}
        while waiting:
            for pipe in wait(list(waiting)):
                assert isinstance(pipe, Connection)
                kind, value = _heard(pipe)
                if kind == "progress":
                    told[waiting[pipe]] = value
                    _tell(progress, told, value)
                elif kind == "report":
                    reports[waiting.pop(pipe)] = value
                else:
                    raise value
    return [reports[number] for number in sorted(reports)]


def _heard(pipe: Connection) -> tuple[str, Any]:
    try:
        kind, value = pipe.recv()
    except EOFError:
        return "error", EnvironmentFailure(
            "A process that walked a part of the chain was killed.", "Run it again without --jobs, or give it more memory."
        )
    return kind, value


def _tell(progress: Tell | None, told: dict[int, Progress], latest: Progress) -> None:
    if progress is not None:
        done, total = (sum(getattr(each, name) for each in told.values()) for name in ("done", "total"))
        progress(replace(latest, done=done, total=total))


@contextmanager
def _processes(shares: Sequence[Settings], walk: Walk) -> Iterator[list[Connection]]:
    """A process for each share, and our ends of their pipes; all of them have ended after the block."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)  # nobody writes to it: its end tells the processes that this one has died
    processes, pipes = [], list[Connection]()
    try:
        for share in shares:
            ours, theirs = fork.Pipe(duplex=False)
            process = fork.Process(target=_work, args=(share, walk, theirs, here, [there, ours, *pipes]))
            with warnings.catch_warnings():
                # A display's thread may run here; the new process uses nothing of it.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            processes.append(process)
            pipes.append(ours)
        yield pipes
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
        for process in processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
        for pipe in (*pipes, here, there):
            pipe.close()


def _work(settings: Settings, walk: Walk, out: Connection, alive: Connection, others: Sequence[Connection]) -> None:
    """What a process does: walk its part, and say what came of it."""
    for pipe in others:
        pipe.close()
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115
    with suppress(ValueError):
        signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
    try:
        message: tuple[str, Any] = "report", walk(settings, progress=lambda each: out.send(("progress", each)))
    except ToolkitError as error:
        message = "error", error
    except KeyboardInterrupt:
        os._exit(130)  # the parent is interrupted as well, and says so; what was made is gone already
    except Exception as error:
        message = "error", _told(error)
    forkserver.close()
    out.send(message)
    out.close()


def _leave(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _end_with_parent(alive: Connection) -> None:
    """Wait for the end of the parent, and interrupt the walk then, so that it gives back what it took."""
    with suppress(EOFError, OSError):
        alive.recv()
    os.kill(os.getpid(), signal.SIGTERM)


def _told(error: Exception) -> Exception:
    """`error` in a form that another process can read."""
    import psycopg

    if isinstance(error, psycopg.Error | OSError):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")

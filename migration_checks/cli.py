"""The command line: arguments, one call, an exit status. What a command does is in commands.py, loaded when it runs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from migration_checks import __version__

EXIT_STATUS = "Exit status: 0 nothing at or above the threshold; 1 findings; 2 the toolkit could not do its job."
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = build_parser().parse_args(argv)
    _make_output_safe()
    try:
        with _orderly_end():
            return _run(arguments)
    except KeyboardInterrupt:
        print("migration-checks: interrupted; everything that was started is gone.", file=sys.stderr)
        return INTERRUPTED
    finally:
        _flush()


def _run(arguments: argparse.Namespace) -> int:
    """The command itself; an error becomes one sentence on standard error and status 2."""
    from migration_checks import commands

    try:
        status: int = getattr(commands, arguments.command)(arguments)
        return status
    except Exception as error:
        behind = _signal_behind(error)
        if behind is not None:
            raise behind from error
        return _failed(error, arguments)


def _signal_behind(error: BaseException | None) -> BaseException | None:
    """What a signal raised, where that is behind an error: cleaning up after it, a driver or a pipeline may raise its own.

    So does Python 3.11 when the signal meets it in a `__set_name__`, as every field of a dataclass has one.
    """
    while error is not None:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            return type(error)(*error.args)
        error = error.__cause__ or error.__context__
    return None


def _failed(error: Exception, arguments: argparse.Namespace) -> int:
    """Say in one sentence why the toolkit could not do its job."""
    from migration_checks.errors import ToolkitError

    if isinstance(error, ToolkitError):
        _complain(f"{error.message} {error.remedy}", error, arguments.debug)
        return error.exit_status
    if not isinstance(error, BrokenPipeError):
        report = f"internal error: {type(error).__name__}: {error}. Please report it, with the output of --debug."
        _complain(report, error, arguments.debug)
    return 2


def _complain(message: str, error: BaseException, debug: bool) -> None:
    from migration_checks.renderers.escape import visible

    if debug:
        import traceback

        traceback.print_exception(error)
    print(f"migration-checks: {visible(message)}", file=sys.stderr)


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that every context manager on the way out gives back what it took."""

    def leave(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        before = {number: signal.signal(number, leave) for number in numbers}
    except ValueError:  # not the main thread, whose owner decides about signals
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _make_output_safe() -> None:
    """Let a stream whose encoding lacks a character spell it out, instead of raising in the middle of a report."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    """Write what is left; a reader that has gone away (`| head`) is no error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Python flushes once more at its end and would complain: give it a place to flush to.
            with suppress(OSError, ValueError):  # a stream that somebody has put there may have no file behind it
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = argparse.ArgumentParser(
        prog="migration-checks",
        allow_abbrev=False,
        description="A crash-test laboratory for Alembic migrations on PostgreSQL.",
        epilog=EXIT_STATUS,
    )
    parser.add_argument("--version", action="version", version=f"migration-checks {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _verify(_command(commands, "verify", "walk the chain up and down on realistic data and report what each step did to it"))
    _chain(_command(commands, "graph", "show the revision graph"))
    _checks(_command(commands, "checks", "list the checks, or show the manual page of one"))
    _render(_command(commands, "render", "make another format from JSON reports"))
    _profile(_command(commands, "profile", "describe a database by shares and shapes that identify nobody, as JSON"))
    _command(commands, "init", "write [tool.migration_checks] into the pyproject.toml of a project that has Alembic")
    return parser


def _command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str) -> argparse.ArgumentParser:
    about = f"{summary[0].upper()}{summary[1:]}."
    parser = commands.add_parser(name, help=summary, description=about, epilog=EXIT_STATUS, allow_abbrev=False)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _chain(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """The options that say which chain."""
    group = parser.add_argument_group("which chain")
    group.add_argument("lineage", nargs="?", metavar="LINEAGE", help="module:attribute, or a name in pyproject.toml")
    group.add_argument("-c", "--config", metavar="FILE", help="an alembic.ini, or a pyproject.toml with [tool.alembic]")
    group.add_argument("-n", "--name", dest="section", metavar="SECTION", help="the section of alembic.ini")
    group.add_argument("-x", action="append", metavar="KEY=VALUE", help="an argument for env.py (repeatable)")
    return group


def _verify(parser: argparse.ArgumentParser) -> None:
    chain = _chain(parser)
    chain.add_argument("--all", action="store_true", default=None, help="walk every lineage of pyproject.toml in turn")
    chain.add_argument("--range", metavar="START:END", help="walk only this part, in Alembic's own syntax")
    chain.add_argument("--since", metavar="GIT_REF", help="walk only what was added or changed since HEAD left this reference")
    chain.add_argument("--shard", metavar="I/N", help="walk part I of N; `render` merges the JSON reports of all N")
    chain.add_argument("--jobs", type=int, metavar="N", help="walk in N processes at once, each with a server of its own")
    data = parser.add_argument_group("rows")
    data.add_argument("--rows", type=int, metavar="N", help="rows of a seed's leading table, or of each synthesized table")
    data.add_argument("--seed", type=int, metavar="N", help="the number that alone decides the rows' content")
    data.add_argument("--baseline-sql", metavar="FILE", help="SQL, or an archive of pg_dump, that the chain starts from")
    data.add_argument("--clone", metavar="URL", help="a clone of production: the walk starts from a copy of it, with its rows")
    data.add_argument("--profile", metavar="FILE", help="a profile that synthesized tables are to resemble")
    data.add_argument("--scale", type=float, metavar="FACTOR", help="how many times the profile's rows; 1 unless given")
    server = parser.add_argument_group("server")
    server.add_argument("--provider", metavar="WHERE", help="embedded, local, container, auto, or the URL of a server")
    server.add_argument("--provider-version", metavar="MAJOR", help="which PostgreSQL the provider is to lend")
    server.add_argument("--matrix", metavar="MAJORS", help="walk on each of these versions in turn, such as 14,16,18")
    server.add_argument("--image", metavar="IMAGE", help="the image of the container provider")
    server.add_argument(
        "--allow-shared-server", action="store_true", default=None, help="go on where a server by URL has other databases"
    )
    server.add_argument("--timeout", type=float, metavar="SECONDS", help="how long one step may take; 0 for no limit")
    trials = parser.add_argument_group("trials")
    trials.add_argument(
        "--trial", action="append", dest="trials", metavar="NAME", help="also try this out, or all (repeatable; docs/trials.md)"
    )
    trials.add_argument(
        "--at-rows", action="append", metavar="[TABLE=]N", help="rows of production's tables, or of one (repeatable)"
    )
    judging = parser.add_argument_group("judging")
    judging.add_argument("--only", action="append", metavar="CHECK", help="make only this check (repeatable; MC3 is a family)")
    judging.add_argument("--skip", action="append", metavar="CHECK", help="leave this check out (repeatable)")
    judging.add_argument("--fail-on", metavar="SEVERITY", help="error, warning, info or never; warning unless given")
    judging.add_argument("--baseline", metavar="FILE", help="an earlier JSON report whose findings are accepted")
    output = parser.add_argument_group("output")
    output.add_argument(
        "--report", dest="reports", action="append", metavar="FORMAT=PATH", help="write a report (repeatable; - is stdout)"
    )
    output.add_argument("--redact", action="store_true", default=None, help="leave every value of a row out of the reports")


def _checks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("check", nargs="?", metavar="ID", help="a check's id or name")
    parser.add_argument("--markdown", action="store_true", help="write the manual as Markdown")


def _profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", required=True, metavar="URL", help="the database; passwords are better in PGPASSWORD")
    parser.add_argument("--no-values", action="store_true", help="keep no value, not even labels of enums and booleans")
    parser.add_argument("--no-sample", action="store_true", help="read statistics only, and no row of any table")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it; standard output unless given")


def _render(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="REPORT", help="a JSON report; several of one walk are merged")
    parser.add_argument("--to", required=True, metavar="FORMAT", help="the format to make")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it; standard output unless given")

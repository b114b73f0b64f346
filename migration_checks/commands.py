"""What each command of the command line does, from its arguments to its exit status."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from migration_checks.config import Settings, load_settings
from migration_checks.errors import ConfigurationError, ProviderError, ToolkitError
from migration_checks.fields import nearest
from migration_checks.renderers import RENDERERS, renderer_named
from migration_checks.renderers.escape import visible
from migration_checks.report import Progress, Report

OF_THE_SERVER = ("08", "28", "53", "57", "58")
"""SQLSTATE classes of connections, authorization, resources, operators' intervention and the system below PostgreSQL."""
NO_PRIVILEGE = "42501"


def verify(arguments: argparse.Namespace) -> int:
    """Walk the chain and report; 1 where something counts."""
    if not arguments.all:
        return _verify(load_settings(arguments, Path.cwd()))
    from migration_checks.several import settings_of_all

    # All settings are read before anything is walked: a mistake in the last of them is told at once.
    return max(_told(settings, arguments) for settings in settings_of_all(arguments, Path.cwd()))


def _told(settings: Settings, arguments: argparse.Namespace) -> int:
    """The status of one lineage among several; that one cannot be walked does not keep the others from it."""
    try:
        return _verify(settings)
    except ToolkitError as error:
        if arguments.debug:
            import traceback

            traceback.print_exception(error)
        message = visible(f"{settings.lineage.name}: {error.message} {error.remedy}")
        print(f"migration-checks: {message}", file=sys.stderr)
        return error.exit_status


def _verify(settings: Settings) -> int:
    _prepare(path for _, path in settings.reports)
    from migration_checks.verify import verify as walk

    with _environment_trouble(), _progress_display() as progress:
        report = walk(settings, progress=progress)
    _write_reports(report, settings)
    status: int = report.exit_status
    return status


def graph(arguments: argparse.Namespace) -> int:
    """Print every revision, parents first."""
    lineage = load_settings(arguments, Path.cwd()).lineage
    from migration_checks.environment import Environment
    from migration_checks.renderers.chain import render_graph

    with Environment(lineage) as environment:
        _say(render_graph(environment.graph()))
    return 0


def checks(arguments: argparse.Namespace) -> int:
    """Print the checks, or the manual page of one."""
    from migration_checks import manual
    from migration_checks.checks import CHECKS

    wanted = CHECKS
    if arguments.check is not None:
        wanted = tuple(check for check in CHECKS if arguments.check in (check.id, check.id.lower(), check.name))
        if not wanted:
            known = [word for check in CHECKS for word in (check.id, check.name)]
            raise ConfigurationError(
                f"There is no check {arguments.check!r}; {nearest(arguments.check, known)}",
                "`migration-checks checks` lists all.",
            )
    if arguments.markdown:
        _say(manual.markdown(wanted))
    else:
        _say(manual.page(wanted[0]) if arguments.check is not None else manual.overview(wanted))
    return 0


def render(arguments: argparse.Namespace) -> int:
    """Make another format from JSON reports."""
    from migration_checks.interchange import from_json
    from migration_checks.merging import merge

    names = [renderer.name for renderer in RENDERERS]
    if arguments.to not in names:
        raise ConfigurationError(f"There is no format {arguments.to!r}; {nearest(arguments.to, names)}", "Name one with --to.")
    reports = [from_json(_read(Path(name)), name) for name in arguments.files]
    text = renderer_named(arguments.to).render(merge(reports))
    if arguments.output is None:
        _say(text)
    else:
        _prepare([Path(arguments.output)])
        _write(Path(arguments.output), text)
    return 0


def profile(arguments: argparse.Namespace) -> int:
    """Describe a database as JSON; what could not be described is said on standard error."""
    from migration_checks.profile import open_read_only, read_profile, shortcomings, to_json

    output = None if arguments.output is None else Path(arguments.output)
    _prepare([output])
    with open_read_only(arguments.url) as connection:
        found = read_profile(connection, values=not arguments.no_values, sample=not arguments.no_sample)
        lacking = shortcomings(found, connection.info.user)
    if output is None:
        _say(to_json(found))
    else:
        _write(output, to_json(found))
    for sentence in lacking:
        print(f"migration-checks: {visible(sentence)}", file=sys.stderr)
    return 0


def init(arguments: argparse.Namespace) -> int:
    """Write [tool.migration_checks] into this folder's pyproject.toml."""
    from migration_checks.adopt import adopt

    _say("".join(f"{line}\n" for line in adopt(Path.cwd())))
    return 0


def _write_reports(report: Report, settings: Settings) -> None:
    """Write every report that was asked for, and the terminal's view unless one of them went to standard output."""
    for name, path in settings.reports:
        if path is not None:
            _write(path, renderer_named(name).render(report))
    printed = [name for name, path in settings.reports if path is None]
    for name in printed:
        _say(renderer_named(name).render(report))
    if not printed:
        _show(report)


def _show(report: Report) -> None:
    """The text view: in colours and as wide as the terminal where there is one."""
    if not sys.stdout.isatty():
        _say(renderer_named("text").render(report))
        return
    from rich.console import Console

    from migration_checks.renderers.text import print_report

    print_report(report, Console())


def _say(text: str) -> None:
    """Print `text`; a reader that has gone away (`| head`) does not change what the run found."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


@contextmanager
def _progress_display() -> Iterator[Callable[[Progress], None] | None]:
    """A live display on standard error, None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Display

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Display(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("starting", total=None)

        def show(progress: Progress) -> None:
            where = f"{progress.leg} {visible(progress.revision)}"
            display.update(task, description=where, completed=progress.done, total=progress.total)

        yield show


@contextmanager
def _environment_trouble() -> Iterator[None]:
    """Tell a server that stopped, is full or refuses, and a full disk of our own, in a sentence: they are no errors of ours."""
    import psycopg

    from migration_checks.connection import translated

    try:
        yield
    except psycopg.Error as error:
        if (error.sqlstate or "08")[:2] not in OF_THE_SERVER and error.sqlstate != NO_PRIVILEGE:
            raise
        with translated("The walk"):
            raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE):
            raise
        raise ProviderError(
            f"The walk failed: {error.strerror}.", "Free what is used up on this machine, and try again."
        ) from error


def _prepare(paths: Iterable[Path | None]) -> None:
    """Make the folders that reports go to, before a walk is spent on a report that cannot be written."""
    for path in paths:
        try:
            if path is not None:
                _try_to_write(path)
        except (OSError, ValueError) as error:
            raise _unwritable(path, error) from None


def _try_to_write(path: Path) -> None:
    existed = path.exists()
    if existed and not (path.is_file() or path.is_dir()):
        return  # a pipe would take this for its end
    path.parent.mkdir(parents=True, exist_ok=True)
    path.open("ab").close()
    if not existed:
        path.unlink()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path | None, error: Exception) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be written: {error}.", "Name a file that can be.")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.", "Name a JSON report.") from None

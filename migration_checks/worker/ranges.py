"""Reads a START:END range as Alembic writes it: ids, their beginnings, branch labels, head, heads, base and +N or -N."""

from __future__ import annotations

from collections.abc import Iterable

from alembic.script import ScriptDirectory
from alembic.script.revision import MultipleHeads, ResolutionError, Revision, RevisionError

from migration_checks.errors import ConfigurationError, UnknownRevision

_REMEDY = "Write START:END with revisions of this chain, as for `alembic history -r`; either may be left out."


def resolve_range(directory: ScriptDirectory, text: str) -> tuple[list[str], list[str]]:
    """The revisions that `text` starts from and ends at; START itself is not part of what is walked.

    A name without a colon is the end. Raises UnknownRevision, or ConfigurationError when it cannot be a range.
    """
    start, colon, end = text.strip().rpartition(":")
    if ":" in start:
        raise ConfigurationError(f"The range {text!r} has more than one colon.", _REMEDY)
    try:
        upper = _end(directory, end or "heads")
        lower = _start(directory, start if colon else "", upper)
    except MultipleHeads as error:
        raise ConfigurationError(
            f"The range {text!r} is ambiguous: there are several heads.", "Say heads, or name one."
        ) from error
    except ResolutionError as error:
        raise UnknownRevision(f"The range {text!r} names a revision that is not there: {error}.", _REMEDY) from error
    except (RevisionError, AssertionError, ValueError) as error:
        raise ConfigurationError(
            f"The range {text!r} cannot be used: {error or 'it does not fit the chain'}.", _REMEDY
        ) from error
    return _ordered(directory, text, lower, upper)


def _end(directory: ScriptDirectory, end: str) -> list[str]:
    if end == "base":
        return []
    _refuse_current(end)
    return _ids(directory.revision_map._parse_upgrade_target((), end, assert_relative_length=True))


def _start(directory: ScriptDirectory, start: str, upper: list[str]) -> list[str]:
    if start in ("", "base"):
        return []
    _refuse_current(start)
    if start[0] in "+-" or "@" in start or "+" in start or "-" in start:
        _, found = directory.revision_map._parse_downgrade_target(tuple(upper), start, assert_relative_length=True)
        return [] if found is None or isinstance(found, str) else [found.revision]
    return _ids(directory.revision_map.get_revisions(start))


def _ids(found: Iterable[Revision | str | None]) -> list[str]:
    return [str(each.revision) for each in found if isinstance(each, Revision)]


def _refuse_current(name: str) -> None:
    if name == "current":
        raise ConfigurationError("A range cannot name current: the walk starts from an empty database.", _REMEDY)


def _ordered(directory: ScriptDirectory, text: str, lower: list[str], upper: list[str]) -> tuple[list[str], list[str]]:
    covered = (
        {each.revision for each in directory.iterate_revisions(tuple(upper), "base", implicit_base=True)} if upper else set()
    )
    for each in lower:
        if each not in covered:
            raise ConfigurationError(f"The range {text!r} does not lead upward: {each} is not below its end.", _REMEDY)
    return lower, upper

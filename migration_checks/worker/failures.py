"""Turns whatever a migration raised into a Failure: by class, SQLSTATE and the server's diagnostics, never by text."""

from __future__ import annotations

import dis
import re
from dataclasses import replace
from types import ModuleType, TracebackType
from typing import Any

from migration_checks.transition import Failure
from migration_checks.worker.statements import MOST_TEXT, Places

MOST_MESSAGE = 300
_ADAPTED = re.compile(r"^<class '[^']*'>: ")


ABORTED = "25P02"
"""SQLSTATE of whatever is sent in a transaction in which an earlier statement failed."""


def failure_of(
    error: BaseException, places: Places, first: tuple[BaseException, tuple[str, int] | None] | None = None
) -> Failure:
    """Describe `error`, with the last place in a revision script that it came through.

    `first` is the first error that the server had in that step, and where. Where a script caught it, and `error` only says
    that the transaction was aborted, it is the one to know of.
    """
    database = _database_error(error)
    if first is not None and _sqlstate(database) == ABORTED and _sqlstate(_database_error(first[0])) not in (None, ABORTED):
        cause = failure_of(first[0], places)
        path, line = first[1] or (cause.path, cause.line)
        message = _bounded(f"{cause.message.rstrip('.')} (it was caught, and the script went on in an aborted transaction)")
        return replace(cause, message=message, path=path, line=line)
    path, line = _place(error, places) or (None, None)
    return Failure(
        kind=type(error).__name__,
        message=message_of(error),
        sqlstate=_sqlstate(database),
        refused=isinstance(error, NotImplementedError) or _has_no_downgrade(error),
        deliberate=_is_deliberate(error, places),
        statement=_statement(error),
        table=_relation(database),
        column=_diagnostic(database, "column_name"),
        constraint=_diagnostic(database, "constraint_name"),
        path=path,
        line=line,
    )


def message_of(error: BaseException) -> str:
    """The first two lines of what an exception says, without parameters, at most 300 characters."""
    if isinstance(error, SystemExit):
        return f"the migration ended itself with sys.exit({error.code!r})"[:MOST_MESSAGE]
    if isinstance(error, KeyboardInterrupt):
        return "the migration raised KeyboardInterrupt"
    if _has_no_downgrade(error):
        return "the script has no downgrade()"
    original = getattr(error, "orig", None) or error
    lines = _ADAPTED.sub("", str(original)).strip().splitlines()
    text = "\n".join(line for line in lines[:2] if not line.startswith("LINE "))
    return _bounded(text or type(error).__name__)


def _has_no_downgrade(error: BaseException) -> bool:
    """Whether Alembic looked in vain for the function that it was to call."""
    return isinstance(error, AttributeError) and error.name == "downgrade" and isinstance(error.obj, ModuleType)


def _bounded(text: str) -> str:
    return text if len(text) <= MOST_MESSAGE else text[: MOST_MESSAGE - 1] + "…"


def _database_error(error: BaseException | None) -> Any:
    """The driver's exception behind `error`: wrapped by SQLAlchemy, or the explicit cause of a script's own exception."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        original = getattr(error, "orig", None) or error
        if _sqlstate(original) is not None:
            return original
        error = error.__cause__
    return None


def _sqlstate(error: Any) -> str | None:
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return state if isinstance(state, str) and len(state) == 5 else None


def _diagnostic(error: Any, name: str) -> str | None:
    """A field of the server's diagnostics: psycopg has them in `diag`, asyncpg on the exception that SQLAlchemy adapted."""
    for source in (getattr(error, "diag", None), error, getattr(error, "__cause__", None)):
        value = getattr(source, name, None)
        if isinstance(value, str) and value:
            return value
    return None


def _relation(error: Any) -> str | None:
    table, schema = _diagnostic(error, "table_name"), _diagnostic(error, "schema_name")
    return f"{schema}.{table}" if table and schema else table


def _statement(error: BaseException) -> str | None:
    for each in (error, error.__cause__):
        text = getattr(each, "statement", None)
        if isinstance(text, str):
            return text[:MOST_TEXT]
    return None


def _is_deliberate(error: BaseException, places: Places) -> bool:
    """Whether a raise statement of a revision script is where `error` began, and no other error led to it."""
    if error.__cause__ is not None or error.__context__ is not None or error.__traceback__ is None:
        return False
    last = _last(error.__traceback__)
    code = last.tb_frame.f_code
    raises = code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return raises and places.last(last) == (code.co_filename, last.tb_lineno)


def _last(traceback: TracebackType) -> TracebackType:
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def _place(error: BaseException, places: Places) -> tuple[str, int] | None:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        if isinstance(each, SyntaxError) and each.filename:
            return each.filename, each.lineno or 0
        if found := places.last(each.__traceback__):
            return found
        each = each.__cause__ or each.__context__
    return None

"""Trying statements of an application on a schema: each in a transaction of its own that is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

from migration_checks.trials.skew_book import Phrase

PATIENCE = "30s"
"""The statement_timeout of each statement; what takes longer says nothing about the schema."""

SILENT = ("08", "25", "40", "53", "55P", "57", "58", "XX", "23505")
"""SQLSTATEs that say nothing about the schema: of the session and the server, and of a value that another row has."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the server refuses a statement; `column`, `table` and `constraint` as its diagnostics name them, unquoted."""

    sqlstate: str | None
    error: str
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    constraint: str | None = None

    @property
    def telling(self) -> bool:
        """Whether it is about the schema."""
        return self.sqlstate is not None and not self.sqlstate.startswith(SILENT)


class Tongue:
    """An application's session: nothing is pinned in it but a time limit. A context manager."""

    def __init__(self, url: str) -> None:
        self.connection: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(url, autocommit=True)
        self.connection.execute(sql.SQL("SET statement_timeout = {}").format(sql.Literal(PATIENCE)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()

    def refuses(self, phrase: Phrase) -> Refused | None:
        """Why the server refuses a statement; None when it takes it."""
        try:
            with self._taken_back():
                if phrase.clearing:
                    self._clear(phrase)
                self._say(phrase.sql, phrase.values)
                self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg.Error as error:
            return _refused(error)
        return None

    def refuses_all(self, statements: Sequence[str]) -> tuple[str, Refused] | None:
        """The first of `statements`, said in one transaction, that the server refuses, and why."""
        said = ""
        try:
            with self._taken_back():
                for said in statements:
                    self.connection.execute(said.encode())
        except psycopg.Error as error:
            return said, _refused(error)
        return None

    def _taken_back(self) -> AbstractContextManager[object]:
        return self.connection.transaction(force_rollback=True)

    def _clear(self, phrase: Phrase) -> None:
        """Take away the row that is about to be written again: references to it stay, where this role may do that.

        What refuses that (a key of another name) is not the INSERT; whether that one is in its way, it says itself.
        """
        try:
            with self.connection.transaction():
                self.connection.execute("SET LOCAL session_replication_role = replica")
                self._say(phrase.clearing, phrase.cleared)
                self.connection.execute("SET LOCAL session_replication_role = origin")
        except psycopg.errors.InsufficientPrivilege:
            with suppress(psycopg.Error), self.connection.transaction():
                self._say(phrase.clearing, phrase.cleared)
        except psycopg.Error:
            return

    def _say(self, statement: str, values: Sequence[str | None]) -> None:
        """Send values as text of unknown type: the server reads each as what it belongs to, as literals are read."""
        given = [None if value is None else value.encode() for value in values]
        result = self.connection.pgconn.exec_params(statement.encode(), given)
        if result.error_message:
            raise psycopg.errors.error_from_result(result, "utf-8")


def _refused(error: psycopg.Error) -> Refused:
    said = error.diag
    text = said.message_primary or next(iter(str(error).splitlines()), type(error).__name__)
    return Refused(error.sqlstate, text, said.schema_name, said.table_name, said.column_name, said.constraint_name)

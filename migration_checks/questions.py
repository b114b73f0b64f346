"""Asking a database a lineage's invariants and contracts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import psycopg

from migration_checks.lineage import Contract, Invariant, Lineage

MISSING = frozenset({"42P01", "42703", "3F000", "42704", "42883"})
"""SQLSTATEs of a name that does not exist here: undefined table, column, schema, object, function."""

SEARCH_PATH = """SET LOCAL search_path = "$user", public"""
"""Names without a schema mean what they mean to an application; the toolkit's own session finds none of them."""


class Questions:
    """The invariants and contracts of a lineage, asked at one place after another."""

    def __init__(self, lineage: Lineage) -> None:
        self.lineage = lineage

    def __bool__(self) -> bool:
        return bool(self.lineage.invariants or self.lineage.contracts)

    def ask(self, connection: psycopg.Connection, applied: Collection[str] | None) -> Mapping[str, str | None]:
        """Each question that can be asked where `applied` revisions are: None when it holds, else what contradicts it.

        Names are prefixed "falsified:" for invariants about derived values and "contract:" for contracts. Where `applied` is
        None, nothing is asked: a trial's rows promise nothing.
        """
        answers: dict[str, str | None] = {}
        if applied is None:
            return answers
        for invariant in self.lineage.invariants:
            if _claimed(invariant, applied):
                self._note(answers, _answer(invariant), _contradiction(connection, invariant.query))
        for contract in self.lineage.contracts:
            if _claimed(contract, applied):
                answers[_answer(contract)] = _refusal(connection, contract.statements)
        return answers

    def unasked(self, answers: Iterable[Mapping[str, str | None]]) -> tuple[str, ...]:
        """The names of the questions that none of `answers` answers, since nowhere was everything that they name."""
        asked = {name for each in answers for name in each}
        questions: tuple[Invariant | Contract, ...] = (*self.lineage.invariants, *self.lineage.contracts)
        return tuple(question.name for question in questions if _answer(question) not in asked)

    @staticmethod
    def _note(answers: dict[str, str | None], name: str, answer: tuple[bool, str | None]) -> None:
        asked, contradiction = answer
        if asked:
            answers[name] = contradiction


def _answer(question: Invariant | Contract) -> str:
    """Under which name a question is answered."""
    if isinstance(question, Contract):
        return f"contract:{question.name}"
    return f"falsified:{question.name}" if question.falsified else question.name


def _claimed(question: Invariant | Contract, applied: Collection[str]) -> bool:
    """Whether a question is for this place: at or above `since`, and not above `until`."""
    if question.since is not None and question.since not in applied:
        return False
    return question.until is None or question.until not in applied or _last(question.until, applied)


def _last(until: str, applied: Collection[str]) -> bool:
    """Whether `until` is the newest of `applied`; the walk hands revisions over in the order in which they were applied."""
    return next(reversed(tuple(applied)), None) == until


def _contradiction(connection: psycopg.Connection, query: str) -> tuple[bool, str | None]:
    """(could be asked, the first rows that contradict, or None)."""
    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(SEARCH_PATH)
            cursor.execute(query.encode())
            rows = cursor.fetchmany(3)
    except psycopg.Error as error:
        if error.sqlstate in MISSING:
            return False, None
        return True, f"could not be asked: {str(error).splitlines()[0]}"
    if not rows:
        return True, None
    return True, "; ".join(", ".join(str(value) for value in row) for row in rows)


def _refusal(connection: psycopg.Connection, statements: Collection[str]) -> str | None:
    """Why the server refuses one of `statements`, tried in order in a transaction that is rolled back; None if it takes all."""
    try:
        with connection.transaction(force_rollback=True), connection.cursor() as cursor:
            cursor.execute(SEARCH_PATH)
            for statement in statements:
                cursor.execute(statement.encode())
    except psycopg.Error as error:
        return str(error).splitlines()[0]
    return None

"""A fast lane to the server for what is asked at every place of a walk: prepared statements, many in one round trip.

It speaks libpq itself (psycopg.pq), because a walk asks the same few questions thousands of times, and turning each into a
cursor with adapted parameters and loaded values takes longer than the server does to answer.
"""

from __future__ import annotations

import json
import select
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, ClassVar, TypeAlias
from weakref import WeakKeyDictionary

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

Question: TypeAlias = "tuple[bytes, Sequence[bytes]]"
"""A statement with $1, $2, ... in it, and their values as text."""
Row: TypeAlias = "tuple[bytes | None, ...]"
"""The values of a row, as text."""

_ANSWERS = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Lane:
    """The lane of one connection, which must be in autocommit mode. Get it by `Lane.of`."""

    _lanes: ClassVar[WeakKeyDictionary[Any, Lane]] = WeakKeyDictionary()

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        # psycopg would deallocate all that is prepared, ours too, whenever something was dropped or rolled back.
        connection.prepare_threshold = None
        self._pgconn = connection.pgconn
        self._encoding = connection.info.encoding
        self._names: dict[bytes, bytes] = {}
        self._number = count()
        self._beforehand: Question | None = None

    @classmethod
    def of(cls, connection: psycopg.Connection[Any]) -> Lane:
        """The lane of a connection; statements prepared on it stay so as long as it is open."""
        if connection not in cls._lanes:
            cls._lanes[connection] = cls(connection)
        return cls._lanes[connection]

    def beforehand(self, question: Question) -> None:
        """Ask this, whatever it answers, once before what is asked next."""
        self._beforehand = question

    @property
    def clear(self) -> bool:
        """Whether there is nothing to ask beforehand, or nothing any more."""
        return self._beforehand is None

    def ask(self, *questions: Question) -> list[list[Row]]:
        """The rows that answer each question. Raises psycopg.Error, that of the first one which fails."""
        if self._beforehand is None:
            return self._asked(*questions)
        answers = self._asked(self._beforehand, *questions)
        self._beforehand = None
        return answers[1:]

    def _asked(self, *questions: Question) -> list[list[Row]]:
        self._pgconn.enter_pipeline_mode()
        fresh = [text for text in dict.fromkeys(text for text, _ in questions) if text not in self._names]
        for text in fresh:
            self._names[text] = f"mc_lane_{next(self._number)}".encode()  # a name that was tried in vain may be taken
            self._pgconn.send_prepare(self._names[text], text)
        for text, given in questions:
            self._pgconn.send_query_prepared(self._names[text], given or None)
        self._pgconn.pipeline_sync()
        results = self._results()
        self._pgconn.exit_pipeline_mode()
        failed = next((each for each in results if each.status not in _ANSWERS), None)
        if failed is not None:
            for text in fresh:
                del self._names[text]
            raise error_from_result(failed, self._encoding)
        return [_rows(each) for each in results[len(fresh) :]]

    def parsed(self, *questions: Question) -> list[list[Any]]:
        """As `ask`, of statements that give rows of one JSON value each: those values."""
        return [json.loads(b"[%b]" % b",".join(row[0] or b"null" for row in rows)) for rows in self.ask(*questions)]

    def _results(self) -> list[PGresult]:
        """One result a statement, read to the end of the pipeline."""
        while self._pgconn.flush():
            self._await(select.POLLIN | select.POLLOUT)
        results: list[PGresult] = []
        while True:
            while self._pgconn.is_busy():
                self._await(select.POLLIN)
            result = self._pgconn.get_result()
            if result is None:  # the end of one statement's results, or of the connection
                if self._pgconn.status == ConnStatus.BAD:
                    raise psycopg.OperationalError(self._pgconn.get_error_message())
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return results
            else:
                results.append(result)

    def _await(self, events: int) -> None:
        """Wait until there is something to read, or room to write; what has come is read at once, lest both sides wait."""
        poll = select.poll()
        poll.register(self._pgconn.socket, events)
        if any(event & ~select.POLLOUT for _, event in poll.poll()):
            self._pgconn.consume_input()


def _rows(result: PGresult) -> list[Row]:
    columns = range(result.nfields)
    return [tuple(result.get_value(row, column) for column in columns) for row in range(result.ntuples)]


def array(numbers: Iterable[int]) -> bytes:
    """Numbers as the text of an SQL array."""
    return f"{{{','.join(map(str, numbers))}}}".encode()

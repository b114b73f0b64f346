"""Tables of rows written by hand, and a workshop that only builds SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

from psycopg.pq import TransactionStatus

from migration_checks.database import OWN_SCHEMA
from migration_checks.rows.workshop import Workshop
from migration_checks.snapshot import Column, Reference, Table


def column(name: str, type: str = "text", number: int = 0, **more: Any) -> Column:
    return Column(name, number, type, **more)


def table(
    name: str,
    *columns: Column,
    oid: int = 1,
    key: Sequence[str] = (),
    rows: int = 5,
    references: Sequence[Reference] = (),
    mirrored: bool = True,
    **more: Any,
) -> Table:
    """A table whose columns are numbered as they come; its rows lie in a mirror unless told otherwise."""
    numbered = tuple(
        Column(each.name, each.number or place, each.type, each.not_null, each.generated, each.stored, each.drawn)
        for place, each in enumerate(columns, 1)
    )
    relation = f"{OWN_SCHEMA}.m{oid}" if mirrored else f"public.{name}"
    return Table(f"public.{name}", oid, numbered, tuple(key), rows, relation, references=tuple(references), **more)


def named(*tables: Table) -> dict[str, Table]:
    return {each.name: each for each in tables}


class Paper(Workshop):
    """A workshop on paper: statements are kept, and answered by `answer`; without one, nothing may be asked."""

    def __init__(self, answer: Callable[[str], list[tuple[Any, ...]]] | None = None, version: int = 180000) -> None:
        info = SimpleNamespace(
            server_version=version, transaction_status=TransactionStatus.INTRANS, parameter_status=lambda name: "on"
        )
        connection = SimpleNamespace(info=info, transaction=lambda force_rollback=False: nullcontext())
        super().__init__(connection)  # type: ignore[arg-type]
        self.sent: list[str] = []
        self.answer = answer

    def look(self, query: bytes, *given: bytes) -> list[Any]:
        found: list[Any] = self.execute(query.decode()).fetchall()
        return found

    def execute(self, statement: str) -> Any:
        self.sent.append(statement)
        rows = self.answer(statement) if self.answer is not None else []
        return SimpleNamespace(fetchall=lambda: rows, fetchone=lambda: rows[0] if rows else None, rowcount=len(rows))

"""What kind of statement a piece of SQL is, as far as a walk must know it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migration_checks.transition import Statement

WRITING = frozenset({"insert", "update", "delete", "merge", "truncate", "do", "call", "copy", "execute"})
_LEADING = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*([a-z]+)", re.IGNORECASE | re.DOTALL)
_INSIDE = re.compile(r"\b(insert|update|delete|merge)\b", re.IGNORECASE)


def writes_rows(sql: str) -> bool:
    """Whether a statement may write rows by itself: DML, TRUNCATE, and whatever hides its work (DO, CALL, a WITH that writes).

    Only decides whether an experiment is worth its time; no finding rests on it.
    """
    match = _LEADING.match(sql)
    word = match.group(1).lower() if match else ""
    if word == "with":
        return bool(_INSIDE.search(sql))
    return word in WRITING


def named_in(statements: Iterable[Statement], tables: Iterable[str]) -> tuple[str, ...]:
    """Those of `tables` (qualified, quoted names) whose bare name occurs as a word in one of `statements` that writes."""
    texts = [each.sql.lower() for each in statements if writes_rows(each.sql)]
    return tuple(table for table in tables if any(mentions(text, bare(table).lower()) for text in texts))


def mentions(text: str, name: str) -> bool:
    """Whether `name` occurs in `text` as a word of its own."""
    return bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))


def bare(table: str) -> str:
    """The last part of a qualified name, without its quotes."""
    quoted = re.search(r'"((?:[^"]|"")*)"$', table)
    return quoted.group(1).replace('""', '"') if quoted else table.rpartition(".")[2]

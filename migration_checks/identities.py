"""Takes qualified names apart, and knows the names that PostgreSQL and SQLAlchemy generate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from migration_checks.snapshot import Json

MAXIMUM = 63
"""The longest name that PostgreSQL keeps, in bytes (NAMEDATALEN - 1)."""

_PART = re.compile(r'"(?:[^"]|"")*"|[^".(\s]+')
_NAME = re.compile(r'"(?:[^"]|"")*"|[A-Za-z_\x80-\U0010ffff][\w$]*')

_LABELS = {
    "primary key": "pkey",
    "unique": "key",
    "foreign key": "fkey",
    "check": "check",
    "exclusion": "excl",
    "not null": "not_null",
}


@lru_cache(maxsize=50_000)
def parts(identity: str) -> tuple[str, ...]:
    """The quoted parts of a dotted name; what follows the name (arguments, an access method) is left out."""
    found: list[str] = []
    place = 0
    while (part := _PART.match(identity, place)) is not None:
        found.append(part[0])
        place = part.end()
        if identity[place : place + 1] != ".":
            break
        place += 1
    return tuple(found)


def bare(part: str) -> str:
    """A quoted part as the name that it stands for."""
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def last(identity: str) -> str:
    """The bare name of an object: the last part of its identity."""
    found = parts(identity)
    return bare(found[-1]) if found else identity


def generated(kind: str, name: str, definition: Mapping[str, Json], owners: Iterable[str], columns: Iterable[str]) -> bool:
    """Whether `name` is one that PostgreSQL or SQLAlchemy gives by default to such an object.

    `owners` are the identities of the table (or domain, or column) that it belongs to, under its old and new names;
    `columns` the bare names of the table's columns. A number at the end, by which PostgreSQL makes a name unique, is allowed.
    """
    number = re.search(r"\d*$", name)
    candidates = _candidates(kind, definition, tuple(owners), tuple(columns), number[0] if number else "")
    return any(name == candidate or _shortened(name, candidate) for candidate in candidates)


def _candidates(
    kind: str, definition: Mapping[str, Json], owners: tuple[str, ...], columns: tuple[str, ...], number: str
) -> Iterator[str]:
    text = str(definition.get("definition") or definition.get("columns") or "")
    for owner in owners:
        schema, *rest = (bare(part) for part in parts(owner))
        table = rest[0] if rest else schema
        if kind == "sequence":
            yield _made(table, rest[-1] if len(rest) > 1 else "", f"seq{number}")
        elif kind == "constraint":
            yield from _for_constraint(str(definition.get("type")), table, keys(text), columns, number)
        elif kind == "statistics":
            yield _made(table, _joined(keys(f"({text})")), f"stat{number}")
        elif kind == "index":
            names = keys(text)
            yield _made(table, _joined(names), f"idx{number}")
            for prefix in (f"ix_{table}", f"ix_{schema}_{table}"):
                yield "_".join((prefix, *names))
                yield "_".join((prefix, *names[:1]))


def _for_constraint(type_: str, table: str, names: tuple[str, ...], columns: tuple[str, ...], number: str) -> Iterator[str]:
    label = f"{_LABELS.get(type_, type_)}{number}"
    if type_ == "check":
        yield _made(table, "", label)
        yield from (_made(table, column, label) for column in columns)
    elif type_ == "primary key":
        yield _made(table, "", label)
    else:
        yield _made(table, _joined(names), label)


def keys(definition: str) -> tuple[str, ...]:
    """The names that PostgreSQL would put into a generated name: of the columns, functions or "expr" in the first brackets."""
    found = []
    for item in _items(definition):
        name = _NAME.match(item)
        if name is None:
            found.append("expr")
        elif item[name.end() : name.end() + 1] == ".":
            found.append(bare(parts(item)[-1]))
        else:
            found.append(bare(name[0]))
    return tuple(found)


def _items(definition: str) -> Iterator[str]:
    """What stands between the commas of the first pair of brackets."""
    depth, start, quoted = 0, 0, ""
    for place, character in enumerate(definition):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "\"'":
            quoted = character
        elif character == "(":
            depth += 1
            start = place + 1 if depth == 1 else start
        elif depth == 1 and character in ",)":
            yield definition[start:place].strip()
            start = place + 1
        if character == ")" and not quoted:
            depth -= 1
            if depth == 0:
                return


def _joined(names: tuple[str, ...]) -> str:
    """Column names in one, cut off as ChooseIndexNameAddition does (src/backend/commands/indexcmds.c)."""
    text = ""
    for name in names:
        text = f"{text}_{name}" if text else name
        if len(text.encode()) > MAXIMUM:
            break
    return text


def _made(first: str, second: str, label: str) -> str:
    """The name that makeObjectName builds: the longer of both parts is cut until all fit (src/backend/commands/indexcmds.c)."""
    one, two = first.encode(), second.encode()
    room = MAXIMUM - len(label.encode()) - 1 - (1 if second else 0)
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    pieces = (one.decode(errors="ignore"), two.decode(errors="ignore")) if second else (one.decode(errors="ignore"),)
    return "_".join((*pieces, label))


def _shortened(name: str, candidate: str) -> bool:
    """Whether `name` is SQLAlchemy's short form of a name that is too long: its beginning and four digits of its md5."""
    return (
        len(candidate) > MAXIMUM
        and re.fullmatch(r".+_[0-9a-f]{4}", name) is not None
        and candidate.startswith(name[:-5])
        and len(name) > MAXIMUM - 10
    )

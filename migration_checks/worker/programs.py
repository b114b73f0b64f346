"""Reads the command line of a program that a migration starts: does it name another database than ours?"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migration_checks.worker.address import Address, described, parse_url

_URL = re.compile(r"\bpostgres(?:ql)?(?:\+\w+)?://[^\s'\"<>|;]+", re.IGNORECASE)
_KEYWORD = re.compile(r"\b(host|hostaddr|port|dbname|service)\s*=\s*('[^']*'|[^\s'\"]+)")
# fmt: off
_TOOLS = frozenset(
    {
        "psql", "pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup", "pg_isready", "pgbench", "createdb", "dropdb",
        "createuser", "dropuser", "vacuumdb", "reindexdb", "clusterdb",
    }
)
# fmt: on
_OPTIONS = {"-h": "host", "--host": "host", "-p": "port", "--port": "port", "-d": "dbname", "--dbname": "dbname"}
_VALUED = frozenset(f"-{letter}" for letter in "UcfvoFPRTLnNtjSEZ")
_VARIABLES = {"PGHOST": "host", "PGHOSTADDR": "hostaddr", "PGPORT": "port", "PGDATABASE": "dbname", "PGSERVICE": "service"}


def stranger_in(command: Any, environment: Any, address: Address | None) -> str | None:
    """What another database `command` (or `environment`, when one is given) names, in words; None when it names none.

    `command` is a string for the shell or a sequence of arguments, each of them str, bytes or a path.
    """
    words = _words(command)
    text = " ".join(words)
    for named in (*_urls(text), *_tool(words, environment)):
        if address is None or not address.is_named_by(named):
            return described(named)
    return None


def _words(command: Any) -> list[str]:
    if isinstance(command, (str, bytes, os.PathLike)):
        text = os.fsdecode(command)
        try:
            return shlex.split(text)
        except ValueError:
            return text.split()
    return [word for each in command for word in _nested(os.fsdecode(each))]


def _nested(word: str) -> list[str]:
    """A word, or the words of the command that it holds (sh -c "psql ...")."""
    if not re.search(r"\s", word) or _tool_name(word.split()[0] if word.split() else "") is None:
        return [word]
    try:
        return shlex.split(word)
    except ValueError:
        return word.split()


def _urls(text: str) -> Iterator[Mapping[str, str]]:
    for match in _URL.finditer(text):
        try:
            yield parse_url(match.group())
        except ValueError:
            yield {"host": "?"}


def _tool_name(word: str) -> str | None:
    name = os.path.basename(word)
    return name if name in _TOOLS else None


def _tool(words: Sequence[str], environment: Any) -> Iterator[Mapping[str, str]]:
    """What each PostgreSQL program among `words` is told to connect to."""
    for place, word in enumerate(words):
        if (tool := _tool_name(word)) is not None:
            if environment is not None:
                yield _from_environment(environment)
            yield from _from_arguments(tool, words[place + 1 :])


def _from_environment(environment: Any) -> Mapping[str, str]:
    given = {os.fsdecode(name): os.fsdecode(value) for name, value in dict(environment).items()}
    named = {keyword: given[name] for name, keyword in _VARIABLES.items() if given.get(name)}
    return named if "host" in named or "hostaddr" in named else {**named, "host": "(the machine's default server)"}


def _from_arguments(tool: str, words: Sequence[str]) -> Iterator[Mapping[str, str]]:
    named: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if word in _OPTIONS:
            _put(named, _OPTIONS[word], next(rest, ""))
        elif equals and option in _OPTIONS:
            _put(named, _OPTIONS[option], value)
        elif word[:2] in ("-h", "-p", "-d") and not word.startswith("--") and len(word) > 2:
            _put(named, _OPTIONS[word[:2]], word[2:])
        elif word in _VALUED:
            next(rest, "")
        elif not word.startswith("-") and tool in ("psql", "pg_dump", "pgbench", "dropdb", "createdb", "vacuumdb", "reindexdb"):
            _put(named, "dbname", word)
            break
    yield named


def _put(named: dict[str, str], keyword: str, value: str) -> None:
    if keyword == "dbname" and "://" in value:
        return  # `_urls` has seen it
    if keyword == "dbname" and "=" in value:
        named.update({key: text.strip("'") for key, text in _KEYWORD.findall(value)})
    else:
        named[keyword] = value

"""Reads tables out of TOML or JSON strictly: a wrong key or type is one clear sentence, never a traceback."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from migration_checks.errors import ConfigurationError

T = TypeVar("T")


def nearest(word: str, known: Collection[str]) -> str:
    """A half sentence that names the known word closest to `word`, else all of them."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(sorted(known))}." if known else "none is known here."


def shorten(value: object, width: int = 60) -> str:
    """`value` as Python would write it, at most `width` characters, for a sentence."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested beyond measure, or an integer too long to print
        text = f"a {type(value).__name__}"
    return text if len(text) <= width else text[: width - 1] + "…"


def read_toml(path: Path) -> dict[str, Any]:
    """The TOML file at `path`; ConfigurationError where it cannot be read or parsed."""
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", "Make it readable.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}.", "Correct it there.") from None


class Fields:
    """One table being read: `where` names it in messages, `keys` are all that it may hold.

    Every method raises ConfigurationError where the value is not of the kind it names; a key that is absent gives
    None (or an empty collection), which `required` refuses. `nul` says whether texts may hold NUL characters, which no
    path, environment variable or SQL statement can.
    """

    def __init__(self, table: object, where: str, keys: Collection[str], remedy: str, *, nul: bool = False) -> None:
        self.where = where
        self.remedy = remedy
        self.nul = nul
        if not isinstance(table, Mapping):
            raise self.error(f"{where} is {shorten(table)}, not a table.")
        self.table: Mapping[Any, Any] = table
        for key in table:
            if key not in keys:
                raise self.error(f"{where} has an unknown key {shorten(key)}; {nearest(str(key), keys)}")

    def error(self, message: str) -> ConfigurationError:
        return ConfigurationError(message, self.remedy)

    def wrong(self, key: str, wanted: str) -> ConfigurationError:
        return self.error(f"{self.where}: {key} is {shorten(self.table.get(key))}, not {wanted}.")

    def __contains__(self, key: str) -> bool:
        return self.table.get(key) is not None

    def required(self, key: str, value: T | None) -> T:
        """`value`, which must not be None."""
        if value is None:
            raise self.error(f"{self.where} lacks {key}.")
        return value

    def text(self, key: str) -> str | None:
        value = self.table.get(key)
        if value is not None and not self._is_text(value):
            raise self.wrong(key, "text")
        return value

    def _is_text(self, value: object) -> bool:
        return isinstance(value, str) and (self.nul or "\0" not in value)

    def choice(self, key: str, known: Collection[str]) -> str | None:
        value = self.text(key)
        if value is not None and value not in known:
            raise self.error(f"{self.where}: {key} is {shorten(value)}; {nearest(value, known)}")
        return value

    def flag(self, key: str) -> bool | None:
        value = self.table.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def integer(self, key: str, low: int = 0, high: int = 2**63 - 1) -> int | None:
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.wrong(key, f"a whole number from {low} to {high}")
        return value

    def number(self, key: str) -> float | None:
        """A finite number, 0 or more."""
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0 or value > 1e15 or math.isnan(value):
            raise self.wrong(key, "a number of 0 or more")
        return float(value)

    def day(self, key: str) -> date | None:
        """A date; TOML has a type for it, and "2026-01-31" as text is taken as well."""
        value = self.table.get(key)
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                raise self.wrong(key, "a date such as 2026-01-31") from None
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise self.wrong(key, "a date such as 2026-01-31")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.table.get(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(map(self._is_text, value)):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def pairs(self, key: str) -> dict[str, str]:
        """A table of texts."""
        value = self.table.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(self._is_text(word) for pair in value.items() for word in pair):
            raise self.wrong(key, "a table of texts")
        return dict(value)

    def child(self, key: str, keys: Collection[str]) -> Fields | None:
        value = self.table.get(key)
        return None if value is None else Fields(value, f"{self.where}.{key}", keys, self.remedy, nul=self.nul)

    def children(self, key: str, keys: Collection[str]) -> Iterator[Fields]:
        """The tables of a list of tables, each with its 1-based place in its name."""
        value = self.table.get(key)
        if value is None:
            return
        if not isinstance(value, list | tuple):
            raise self.wrong(key, "a list of tables")
        for number, each in enumerate(value, 1):
            yield Fields(each, f"{self.where}.{key}[{number}]", keys, self.remedy, nul=self.nul)


def whole_number(text: str, least: int, most: int) -> int | None:
    """The number that `text` writes in ASCII digits, if it is within these bounds.

    Longer ones than `most` are not read at all: Python refuses to make a number of thousands of digits.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits.lstrip("0")) <= len(str(most))):
        return None
    number = int(digits.lstrip("0") or "0")
    return number if least <= number <= most else None

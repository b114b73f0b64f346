"""Text forms of values as PostgreSQL reads them: arrays, composites, and the lines of COPY."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_ARRAY_WORD: Final = re.compile(r'[\s,;:{}"\\]')
_COPY: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SCANNED: Final = 2048
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")


def array(values: Iterable[str | None], delimiter: str = ",") -> str:
    """The literal of a one-dimensional array."""
    return "{" + delimiter.join(map(_array_item, values)) + "}"


def matrix(rows: Sequence[Sequence[str | None]], delimiter: str = ",") -> str:
    """The literal of a two-dimensional array; rows are of equal length."""
    return "{" + delimiter.join(array(row, delimiter) for row in rows) + "}"


def is_matrix(text: str) -> bool:
    """Whether an array literal has more than one dimension: a text that begins with a brace would stand in quotes."""
    return text.startswith("{{")


def _array_item(value: str | None) -> str:
    if value is None:
        return "NULL"
    if not value or value.lower() == "null" or _ARRAY_WORD.search(value):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value


def composite(values: Iterable[str | None]) -> str:
    """The literal of a composite value; None is NULL."""
    return "(" + ",".join("" if value is None else '"' + _doubled(value) + '"' for value in values) + ")"


def bound(value: str) -> str:
    """One bound of a range."""
    return '"' + _doubled(value) + '"'


def _doubled(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '""')


def read_array(text: str) -> list[str | None] | None:
    """The elements of a one-dimensional array literal; None for any other."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    items: list[str | None] = []
    for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|([^,"{}]+)', text[1:-1]):
        items.append(re.sub(r"\\(.)", r"\1", quoted) if not plain else None if plain == "NULL" else plain)
    return None if "{" in re.sub(r'"(?:[^"\\]|\\.)*"', "", text[1:-1]) else items


def copy_field(value: str | None) -> str:
    """A value as COPY's text format writes it."""
    return "\\N" if value is None else value.translate(_COPY)


def copy_fields(values: Sequence[str | None]) -> list[str]:
    """Values as COPY writes them; a scan of many at once spares most of them the translation of each."""
    fields: list[str] = []
    for start in range(0, len(values), _SCANNED):
        fields += _copy_fields(values[start : start + _SCANNED])
    return fields


def _copy_fields(values: Sequence[str | None]) -> list[str]:
    given = [value for value in values if value is not None]
    if _SPECIAL.search("".join(given)):
        return [copy_field(value) for value in values]
    return given if len(given) == len(values) else ["\\N" if value is None else value for value in values]

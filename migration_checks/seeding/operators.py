"""The operators and functions that CHECK constraints use, over the values of `migration_checks.seeding.values`.

OPERATORS and FUNCTIONS are strict: the evaluator answers NULL and UNKNOWN arguments before it calls them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from migration_checks.seeding.values import NOW, UNKNOWN, Document, Label, Value


def _comparable(left: Value, right: Value) -> bool:
    if isinstance(left, Label) or isinstance(right, Label):
        return False
    return type(left) is type(right) and isinstance(left, (Decimal, datetime, timedelta, bool))


def _compare(test: Callable[[Value, Value], bool]) -> Callable[[Value, Value], Value]:
    def run(left: Value, right: Value) -> Value:
        if isinstance(left, Label) and isinstance(right, Label):
            return test(left.place, right.place)
        left, right = _days(left, right), _days(right, left)
        # Text compares by collation, which only the server knows.
        return test(left, right) if _comparable(left, right) else UNKNOWN

    return run


def _days(value: Value, other: Value) -> Value:
    """The difference of two dates is a number of days, which is told from that of two moments by what it is held against."""
    return Decimal(value.days) if isinstance(value, timedelta) and isinstance(other, Decimal) else value


def equal(left: Value, right: Value) -> Value:
    """Whether two values that are not NULL are equal; UNKNOWN where only the server can tell."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if isinstance(left, str) and isinstance(right, str):
        return str(left) == str(right)
    if isinstance(left, Document) and isinstance(right, Document):
        return _alike(left.value, right.value)
    if isinstance(left, list) and isinstance(right, list):
        return _all_equal(left, right)
    left, right = _days(left, right), _days(right, left)
    return left == right if type(left) is type(right) else UNKNOWN


def _alike(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same; true is no number there."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_alike(each, right[key]) for key, each in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_alike, left, right))
    return bool(left == right)


def _all_equal(left: Sequence[Value], right: Sequence[Value]) -> Value:
    """Whether two arrays are; a NULL in one is equal to a NULL in the other."""
    if len(left) != len(right):
        return False
    pairs = zip(left, right, strict=True)
    same = [one is other if one is None or other is None else equal(one, other) for one, other in pairs]
    return False if any(each is False for each in same) else UNKNOWN if UNKNOWN in same else True


def _differ(left: Value, right: Value) -> Value:
    same = equal(left, right)
    return same if same is UNKNOWN else not same


def _sum(sign: int) -> Callable[[Value, Value], Value]:
    """Addition and subtraction, of dates and whole days too."""

    def run(left: Value, right: Value) -> Value:
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            return left + sign * right
        if isinstance(left, datetime) and isinstance(right, (Decimal, timedelta)):
            return left + sign * (right if isinstance(right, timedelta) else timedelta(days=int(right)))
        if isinstance(left, datetime) and isinstance(right, datetime) and sign < 0:
            return left - right
        return UNKNOWN

    return run


def _arithmetic(operate: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Value, Value], Value]:
    def run(left: Value, right: Value) -> Value:
        return operate(left, right) if isinstance(left, Decimal) and isinstance(right, Decimal) else UNKNOWN

    return run


def _texts(operate: Callable[[str, str], Value]) -> Callable[[Value, Value], Value]:
    return lambda left, right: operate(left, right) if isinstance(left, str) and isinstance(right, str) else UNKNOWN


_MARKS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
"""An escape, a bracket expression, or the end of the text."""


def python_pattern(pattern: str) -> str:
    """An advanced regular expression of PostgreSQL as Python's re reads it, where they differ and it is simple."""
    classes = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "lower": "a-z", "upper": "A-Z", "space": r"\s"}
    classes |= {"xdigit": "0-9a-fA-F", "punct": r"!-/:-@\[-`{-~"}
    named = re.sub(r"\[:(\w+):\]", lambda match: classes.get(match.group(1), match.group(0)), pattern)
    # Python's $ also matches before a line feed at the end.
    return _MARKS.sub(lambda match: r"\Z" if match.group(0) == "$" else match.group(0), named)


def _matches(text: str, pattern: str) -> bool:
    return re.search(python_pattern(pattern), text, re.DOTALL) is not None


def _matches_folded(text: str, pattern: str) -> bool:
    return re.search(python_pattern(pattern), text, re.DOTALL | re.IGNORECASE) is not None


_SIMILAR = re.compile(r"\\.|\[\^?\]?[^\]]*\]|.", re.DOTALL)


def like_pattern(pattern: str) -> str:
    """The regular expression that a LIKE pattern means."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    meanings = {"%": ".*", "_": "."}
    return "".join(meanings.get(part) or re.escape(part[-1]) for part in parts)


def similar_pattern(pattern: str) -> str:
    """The regular expression that a pattern of SIMILAR TO means; . ^ and $ stand for themselves there."""
    meanings = {"%": ".*", "_": "."}
    parts = _SIMILAR.findall(pattern)
    return "^(?:" + "".join(meanings.get(part) or (f"\\{part}" if part in ".^$" else part) for part in parts) + ")$"


def _like(flags: int, inverted: bool) -> Callable[[Value, Value], Value]:
    def run(text: str, pattern: str) -> bool:
        return (re.fullmatch(like_pattern(pattern), text, re.DOTALL | flags) is not None) is not inverted

    return _texts(run)


def _member(document: Value, key: Value) -> Value:
    if not isinstance(document, Document) or not isinstance(key, (str, Decimal)):
        return UNKNOWN
    inner = document.value
    if isinstance(inner, dict) and isinstance(key, str):
        return Document(inner[key]) if key in inner else None
    if isinstance(inner, list) and isinstance(key, Decimal):
        return Document(inner[int(key)]) if -len(inner) <= int(key) < len(inner) else None
    return None


def _member_text(document: Value, key: Value) -> Value:
    found = _member(document, key)
    if not isinstance(found, Document):
        return found
    if isinstance(found.value, bool):
        return "true" if found.value else "false"
    return UNKNOWN if isinstance(found.value, (dict, list, float)) else None if found.value is None else str(found.value)


def _has_key(document: Value, key: Value) -> Value:
    if not isinstance(document, Document) or not isinstance(key, str):
        return UNKNOWN
    return key in document.value if isinstance(document.value, (dict, list)) else document.value == key


def _has_all(document: Value, keys: Value) -> Value:
    return all(_has_key(document, key) for key in keys) if isinstance(keys, list) else UNKNOWN


def _has_some(document: Value, keys: Value) -> Value:
    return any(_has_key(document, key) for key in keys) if isinstance(keys, list) else UNKNOWN


OPERATORS: Final[Mapping[str, Callable[[Value, Value], Value]]] = {
    "=": equal,
    "<>": _differ,
    "!=": _differ,
    "<": _compare(lambda left, right: left < right),
    ">": _compare(lambda left, right: left > right),
    "<=": _compare(lambda left, right: left <= right),
    ">=": _compare(lambda left, right: left >= right),
    "+": _sum(1),
    "-": _sum(-1),
    "*": _arithmetic(lambda left, right: left * right),
    "%": _arithmetic(lambda left, right: left % right),
    "||": _texts(lambda left, right: left + right),
    "~": _texts(_matches),
    "!~": _texts(lambda text, pattern: not _matches(text, pattern)),
    "~*": _texts(_matches_folded),
    "!~*": _texts(lambda text, pattern: not _matches_folded(text, pattern)),
    "~~": _like(0, False),
    "!~~": _like(0, True),
    "~~*": _like(re.IGNORECASE, False),
    "!~~*": _like(re.IGNORECASE, True),
    "->": _member,
    "->>": _member_text,
    "?": _has_key,
    "?&": _has_all,
    "?|": _has_some,
}


def _length(value: Value) -> Value:
    return Decimal(len(value)) if isinstance(value, str) else UNKNOWN


def _octets(value: Value) -> Value:
    return Decimal(len(value.encode())) if isinstance(value, str) else UNKNOWN


def _document_type(value: Value) -> Value:
    if not isinstance(value, Document):
        return UNKNOWN
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value.value), "number")


def _text(operate: Callable[[str], Value]) -> Callable[..., Value]:
    return lambda value, *rest: UNKNOWN if rest or not isinstance(value, str) else operate(value)


def _cased(operate: Callable[[str], str]) -> Callable[..., Value]:
    """A change of case; one that changes the length is done by some collations only."""

    def run(value: str) -> Value:
        changed = operate(value)
        return changed if len(changed) == len(value) else UNKNOWN

    return _text(run)


def _array_length(value: Value, dimension: Value = Decimal(1)) -> Value:
    if not isinstance(value, list) or dimension != 1:
        return UNKNOWN
    return Decimal(len(value)) or None


def _cardinality(value: Value) -> Value:
    return Decimal(len(value)) if isinstance(value, list) else UNKNOWN


def _document_length(value: Value) -> Value:
    return Decimal(len(value.value)) if isinstance(value, Document) and isinstance(value.value, list) else UNKNOWN


def _extract(part: Value, moment: Value) -> Value:
    if not isinstance(moment, datetime):
        return UNKNOWN
    parts = {"year": moment.year, "month": moment.month, "day": moment.day, "hour": moment.hour, "minute": moment.minute}
    parts |= {"isodow": moment.isoweekday(), "dow": moment.isoweekday() % 7}
    return Decimal(parts[part]) if part in parts else UNKNOWN


FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "length": _length,
    "char_length": _length,
    "character_length": _length,
    "octet_length": _octets,
    "lower": _cased(str.lower),
    "upper": _cased(str.upper),
    "btrim": _text(lambda value: value.strip(" ")),
    "ltrim": _text(lambda value: value.lstrip(" ")),
    "rtrim": _text(lambda value: value.rstrip(" ")),
    "similar_to_escape": _text(similar_pattern),
    "similar_escape": _text(similar_pattern),
    "abs": lambda value: abs(value) if isinstance(value, Decimal) else UNKNOWN,
    "mod": _arithmetic(lambda left, right: left % right),
    "starts_with": _texts(lambda text, start: text.startswith(start)),
    "strpos": _texts(lambda text, part: Decimal(text.find(part) + 1)),
    "position": _texts(lambda text, part: Decimal(text.find(part) + 1)),
    "jsonb_typeof": _document_type,
    "json_typeof": _document_type,
    "jsonb_array_length": _document_length,
    "json_array_length": _document_length,
    "array_length": _array_length,
    "cardinality": _cardinality,
    "extract": _extract,
    "date_part": _extract,
    "now": lambda: NOW,
    "current_date": lambda: datetime(NOW.year, NOW.month, NOW.day),
}


def _counted(present: bool) -> Callable[[Sequence[Value]], Value]:
    return lambda values: Decimal(sum((value is not None) is present for value in values))


def _coalesce(values: Sequence[Value]) -> Value:
    return next((value for value in values if value is not None), None)


def _extreme(choose: Callable[[Sequence[Value]], Value]) -> Callable[[Sequence[Value]], Value]:
    def run(values: Sequence[Value]) -> Value:
        given = [value for value in values if value is not None]
        if any(not isinstance(value, (Decimal, datetime)) for value in given):
            return UNKNOWN
        return choose(given) if given else None

    return run


LOOSE: Final[Mapping[str, Callable[[Sequence[Value]], Value]]] = {
    "num_nonnulls": _counted(True),
    "num_nulls": _counted(False),
    "coalesce": _coalesce,
    "greatest": _extreme(max),
    "least": _extreme(min),
}
"""Functions that see NULL arguments."""

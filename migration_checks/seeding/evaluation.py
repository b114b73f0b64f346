"""Evaluates expression trees over a row as PostgreSQL would.

UNKNOWN is contagious like NULL, except that AND, OR and CASE may do without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from migration_checks.seeding.expressions import Node
from migration_checks.seeding.operators import FUNCTIONS, LOOSE, OPERATORS, equal
from migration_checks.seeding.values import SPELLINGS, UNKNOWN, Value, cast

Row = Callable[[str], Value]
Compiled = Callable[[Row], Value]


def compiled(node: Node) -> Compiled:
    """The tree as a function of a row."""
    return _COMPILERS.get(node.op, _unknown)(node)


def holds(condition: Compiled, row: Row) -> bool | None:
    """Whether a CHECK is met: true or NULL meets it; None when that cannot be told here."""
    try:
        value = condition(row)
    except (TypeError, ValueError, ArithmeticError, LookupError, re.error):
        return None
    return None if value is UNKNOWN else value is None or value is True


def _unknown(node: Node) -> Compiled:
    return lambda row: UNKNOWN


def _constant(value: Value) -> Compiled:
    return lambda row: value


def _column(node: Node) -> Compiled:
    name = node.value
    return lambda row: row(name)


def _and(node: Node) -> Compiled:
    parts = [compiled(each) for each in node.args]
    return lambda row: _joined([part(row) for part in parts], False)


def _or(node: Node) -> Compiled:
    parts = [compiled(each) for each in node.args]
    return lambda row: _joined([part(row) for part in parts], True)


def _joined(values: Sequence[Value], decisive: bool) -> Value:
    if any(value is decisive for value in values):
        return decisive
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    return None if None in values else not decisive


def _not(node: Node) -> Compiled:
    part = compiled(node.args[0])
    return lambda row: _inverse(part(row))


def _inverse(value: Value) -> Value:
    return value if value is None or value is UNKNOWN else not value


def _is(node: Node) -> Compiled:
    parts = [compiled(each) for each in node.args]
    test = node.value

    def run(row: Row) -> Value:
        values = [part(row) for part in parts]
        if any(value is UNKNOWN for value in values):
            return UNKNOWN
        if test == "distinct":
            return values[0] is not values[1] if None in values else _inverse(equal(*values))
        return values[0] is {"null": None, "true": True, "false": False}[test]

    return run


def _cast(node: Node) -> Compiled:
    if "()" in node.value and node.args[0].op != "literal":
        # A modifier rounds or cuts off; literals, as in the bounds of partitions, are written as it has left them.
        return _unknown(node)
    inner, written = compiled(node.args[0]), node.value.replace("()", "")
    name = SPELLINGS.get(written, written.split(".")[-1])
    return lambda row: cast(inner(row), name)


def _array_of(node: Node) -> Compiled:
    parts = [compiled(each) for each in node.args]
    return lambda row: [part(row) for part in parts]


def _operation(node: Node) -> Compiled:
    left, right = (compiled(each) for each in node.args)
    operate = OPERATORS.get(node.value)
    if operate is None:
        return _unknown(node)
    return lambda row: _strict(operate, left(row), right(row))


def _strict(operate: Callable[..., Value], *values: Value) -> Value:
    if any(value is None for value in values):
        return None
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    return operate(*values)


def _quantified(node: Node) -> Compiled:
    left, right = (compiled(each) for each in node.args)
    operate, decisive = OPERATORS.get(node.value), node.op == "any"
    if operate is None:
        return _unknown(node)

    def run(row: Row) -> Value:
        many = right(row)
        if not isinstance(many, list):
            return many if many is None else UNKNOWN
        one = left(row)
        return _joined([_strict(operate, one, each) for each in many], decisive)

    return run


def _case(node: Node) -> Compiled:
    parts = [compiled(each) for each in node.args]

    def run(row: Row) -> Value:
        for condition, result in zip(parts[:-1:2], parts[1::2], strict=False):
            value = condition(row)
            if value is UNKNOWN:
                return UNKNOWN
            if value is True:
                return result(row)
        return parts[-1](row)

    return run


def _call(node: Node) -> Compiled:
    parts = [compiled(each) for each in node.args]
    if node.value in LOOSE:
        loose = LOOSE[node.value]
        return lambda row: loose([part(row) for part in parts])
    function = FUNCTIONS.get(node.value)
    if function is None:
        return _unknown(node)
    return lambda row: _strict(function, *(part(row) for part in parts))


_COMPILERS: Final[Mapping[str, Callable[[Node], Compiled]]] = {
    "literal": lambda node: _constant(node.value),
    "null": lambda node: _constant(None),
    "column": _column,
    "and": _and,
    "or": _or,
    "not": _not,
    "is": _is,
    "cast": _cast,
    "array": _array_of,
    "op": _operation,
    "any": _quantified,
    "all": _quantified,
    "case": _case,
    "call": _call,
}

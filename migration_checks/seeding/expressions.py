"""Reads the SQL expressions that PostgreSQL writes for CHECK constraints, predicates and partition bounds into a tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


class Unreadable(Exception):
    """The expression holds something that this reader does not know."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node: `op` is literal, null, column, call, cast, array, index, and, or, not, is, op, any, all, case or row.

    `value` is the literal's text, the column's or function's name, the cast's type, the operator or the test's name.
    """

    op: str
    value: str = ""
    args: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for each in self.args:
            yield from each.walk()

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the expression names."""
        return frozenset(node.value for node in self.walk() if node.op == "column")


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>[eE]?'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*')
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<word>[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
    | (?P<cast>::)
    | (?P<mark>[()\[\],.:])
    | (?P<operator>[-+*/<>=~!@\#%^&|`?]+)
    )""",
    re.VERBOSE,
)
_TYPE_TAILS = {
    "character": ("varying",),
    "double": ("precision",),
    "bit": ("varying",),
    "timestamp": ("with", "without", "time", "zone"),
    "time": ("with", "without", "time", "zone"),
    "interval": ("year", "month", "day", "hour", "minute", "second", "to"),
}
_CONSTANT_WORDS = {
    "current_timestamp": "now",
    "current_date": "current_date",
    "localtimestamp": "now",
    "current_user": "current_user",
    "session_user": "session_user",
    "user": "current_user",
}
_QUALIFIED = re.compile(r"OPERATOR\([^()]*?\.([-+*/<>=~!@#%^&|`?]+)\)")
_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})


def parse(text: str) -> Node:
    """The tree of a boolean or scalar expression; raises Unreadable."""
    reader = _Reader(_tokens(_plain(text)))
    tree = reader.either()
    if reader.kind != "end":
        raise Unreadable(reader.text)
    return tree


def _plain(text: str) -> str:
    """Operators of extensions without their schema; literals stay as they are."""
    parts = re.split(r"('(?:[^']|'')*')", text)
    return "".join(part if at % 2 else _QUALIFIED.sub(r" \1 ", part) for at, part in enumerate(parts))


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unreadable(text[at : at + 20])
        found.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
        at = match.end()
    return [*found, ("end", "")]


def _unquote(text: str) -> str:
    if text[0] in "eE":
        return re.sub(r"\\(.)", r"\1", text[2:-1].replace("''", "'"))
    return text[1:-1].replace("''", "'")


class _Reader:
    """Recursive descent over tokens, one method a level of precedence."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    @property
    def text(self) -> str:
        return self.tokens[self.at][1]

    def word(self, *words: str) -> bool:
        """Whether the next token is one of these keywords."""
        return self.kind == "word" and self.text.lower() in words

    def take(self, *words: str) -> bool:
        """Step over the next token if it is one of these keywords or marks."""
        hit = self.word(*words) or (self.kind in ("mark", "cast", "operator") and self.text in words)
        self.at += hit
        return hit

    def need(self, text: str) -> None:
        if not self.take(text):
            raise Unreadable(f"{self.text!r} where {text!r} was expected")

    def either(self) -> Node:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Node("or", "", tuple(parts))

    def both(self) -> Node:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Node("and", "", tuple(parts))

    def negation(self) -> Node:
        if self.take("not"):
            return Node("not", "", (self.negation(),))
        return self.test()

    def test(self) -> Node:
        left = self.comparison()
        while self.take("is"):
            inverted = self.take("not")
            node = self._is(left)
            left = Node("not", "", (node,)) if inverted else node
        return left

    def _is(self, left: Node) -> Node:
        if self.take("distinct"):
            self.need("from")
            return Node("is", "distinct", (left, self.comparison()))
        for word in ("null", "true", "false", "unknown"):
            if self.take(word):
                return Node("is", "null" if word == "unknown" else word, (left,))
        raise Unreadable(f"IS {self.text}")

    def comparison(self) -> Node:
        left = self.other()
        while self.kind == "operator" and self.text in _COMPARISONS:
            operator = self.text
            self.at += 1
            left = self._right(operator, left, self.other)
        if self.word("between", "in", "like", "ilike", "similar", "overlaps"):
            raise Unreadable(self.text)
        return left

    def other(self) -> Node:
        left = self.sum()
        while self.kind == "operator" and self.text not in _COMPARISONS and self.text not in ("+", "-", "*", "/", "%", "^"):
            operator = self.text
            self.at += 1
            left = self._right(operator, left, self.sum)
        return left

    def _right(self, operator: str, left: Node, operand: Callable[[], Node]) -> Node:
        for word in ("any", "all"):
            if self.take(word):
                self.need("(")
                node = Node(word, operator, (left, self.either()))
                self.need(")")
                return node
        return Node("op", operator, (left, operand()))

    def sum(self) -> Node:
        left = self.product()
        while self.kind == "operator" and self.text in ("+", "-"):
            operator = self.text
            self.at += 1
            left = Node("op", operator, (left, self.product()))
        return left

    def product(self) -> Node:
        left = self.unary()
        while self.kind == "operator" and self.text in ("*", "/", "%", "^"):
            operator = self.text
            self.at += 1
            left = Node("op", operator, (left, self.unary()))
        return left

    def unary(self) -> Node:
        if self.take("-"):
            return Node("op", "-", (Node("cast", "numeric", (Node("literal", "0"),)), self.unary()))
        if self.take("+"):
            return self.unary()
        return self.postfix()

    def postfix(self) -> Node:
        node = self.primary()
        while True:
            if self.take("::"):
                node = Node("cast", self.type_name(), (node,))
            elif self.take("["):
                node = Node("index", "", (node, self.either()))
                self.need("]")
            elif self.take("collate"):
                self._name()
            elif self.word("at"):
                raise Unreadable("AT TIME ZONE")
            else:
                return node

    def primary(self) -> Node:
        kind, text = self.kind, self.text
        if self.take("("):
            parts = self._list(")")
            return parts[0] if len(parts) == 1 else Node("row", "", parts)
        if kind == "string":
            self.at += 1
            return Node("literal", _unquote(text))
        if kind == "number":
            self.at += 1
            return Node("cast", "numeric", (Node("literal", text),))
        if kind in ("word", "quoted"):
            return self._named()
        raise Unreadable(text)

    def _named(self) -> Node:
        if self.kind == "word":
            lowered = self.text.lower()
            if lowered == "null":
                self.at += 1
                return Node("null")
            if lowered in ("true", "false"):
                self.at += 1
                return Node("cast", "boolean", (Node("literal", lowered),))
            if lowered == "array":
                self.at += 1
                self.need("[")
                return Node("array", "", self._list("]"))
            if lowered == "case":
                return self._case()
            if lowered in _CONSTANT_WORDS:
                self.at += 1
                return Node("call", _CONSTANT_WORDS[lowered])
        name = self._name()
        if not self.take("("):
            return Node("column", name)
        if name == "extract" and self.kind in ("word", "string"):
            part = self.text.lower()
            self.at += 1
            self.need("from")
            node = Node("call", "extract", (Node("literal", part), self.either()))
            self.need(")")
            return node
        if name == "trim" and self.take("both", "leading", "trailing"):
            self.need("from")
        return Node("call", name, self._list(")"))

    def _name(self) -> str:
        """A name, its schema left away: functions of a schema are known by their last part only."""
        name = self._part()
        while self.take("."):
            name = self._part()
        return name

    def _part(self) -> str:
        kind, text = self.kind, self.text
        if kind not in ("word", "quoted"):
            raise Unreadable(text)
        self.at += 1
        return text[1:-1].replace('""', '"') if kind == "quoted" else text.lower()

    def _list(self, end: str) -> tuple[Node, ...]:
        parts: list[Node] = []
        if self.take(end):
            return ()
        while True:
            parts.append(self.either())
            if self.take(end):
                return tuple(parts)
            self.need(",")

    def _case(self) -> Node:
        self.need("case")
        subject = None if self.word("when") else self.either()
        parts: list[Node] = []
        while self.take("when"):
            condition = self.either()
            parts.append(condition if subject is None else Node("op", "=", (subject, condition)))
            self.need("then")
            parts.append(self.either())
        parts.append(self.either() if self.take("else") else Node("null"))
        self.need("end")
        return Node("case", "", tuple(parts))

    def type_name(self) -> str:
        """A type's name as written; "()" stands for a modifier, behind the name, and '[]' is kept."""
        name = self._tailed(self._name())
        modified = self.take("(")
        while modified and not self.take(")"):
            self.at += 1
            if self.kind == "end":
                raise Unreadable("an open type modifier")
        name = self._tailed(name) + ("()" if modified else "")
        while self.take("["):
            self.need("]")
            name += "[]"
        return name

    def _tailed(self, name: str) -> str:
        """A type's name with the further words that belong to it."""
        while self.word(*_TYPE_TAILS.get(name.split(" ")[0], ())):
            name += " " + self.text.lower()
            self.at += 1
        return name

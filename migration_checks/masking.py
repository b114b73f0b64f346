"""Takes the literals out of SQL and leaves its shape: what a statement does may be shown where its values may not."""

from __future__ import annotations

import re

TEXT = "'…'"
NUMBER = "…"

# The lexical structure of https://www.postgresql.org/docs/current/sql-syntax-lexical.html. What is not closed, because the
# statement was cut, reaches to the end. A quoted name is matched so that a quote within it opens no literal.
TOKEN = re.compile(
    r"""
      (?P<name>    "(?:[^"]|"")*" )
    | (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<text>    \b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
                 | (?:\b[uU]&|\b[bBxXnN])?'(?:[^']|'')*(?:'|\Z)
                 | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z) )
    | (?P<number>  (?<![\w$"])(?:0[xXoObB]\w+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?) )
    """,
    re.VERBOSE | re.DOTALL,
)


def masked(sql: str) -> str:
    """`sql` with a mark in place of every text and number, and without comments; names and placeholders stay."""
    return TOKEN.sub(_mark, sql)


def _mark(match: re.Match[str]) -> str:
    if match["name"] is not None:
        return match["name"]
    if match["comment"] is not None:
        return " "
    return TEXT if match["text"] is not None else NUMBER

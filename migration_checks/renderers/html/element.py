"""Builds HTML and SVG so that no value can become markup: text is escaped unless an element made it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

from migration_checks.renderers.escape import cut, lines, visible

LONGEST = 2_000
"""Characters of any one value: what is longer says how long it is."""
MOST_LINES = 40
VOID = frozenset({"br", "col", "input", "link", "meta", "hr"})


class Html(str):
    """Text that is markup already. Only this module makes it; adding to it gives a plain str, which is escaped again."""

    __slots__ = ()


Child: TypeAlias = "Html | str | int | float | None | Iterable[Child]"
Attribute: TypeAlias = "str | int | float | bool | None"


def element(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """An element. `class_` and `for_` lose their underscore, `data_leg` becomes data-leg; None and False leave one out.

    Names come from this package alone; every value is escaped, its hidden characters spelled out.
    """
    opening = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(opening if name in VOID else f"{opening}{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """Children one after the other; None is nothing."""
    return Html("".join(map(_child, children)))


def raw(name: str, content: str) -> Html:
    """A <style> or <script> of this package's own content, which holds no value. Raises ValueError if it could end early."""
    if "</" in content or "<!--" in content:
        raise ValueError(f"the content of <{name}> would end it")
    return Html(f"<{name}>{content}</{name}>")


def paragraphs(text: str, **attributes: Attribute) -> Html:
    """A message of several lines, a <p> a line."""
    return join(element("p", line, **attributes) for line in lines(text)[:MOST_LINES])


def preformatted(text: str) -> Html:
    """Several lines as they stand, with their indentation; hidden characters spelled out."""
    shown = "\n".join(visible(line.expandtabs(4).rstrip("\r")) for line in cut(text.strip("\n"), LONGEST).split("\n"))
    return Html(html.escape(shown))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return html.escape(visible(cut(child, LONGEST)))
    if isinstance(child, int | float):
        return number(child)
    return "".join(map(_child, child))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = html.escape(visible(cut(value, LONGEST))) if isinstance(value, str) else number(value)
    return f' {name}="{text}"'


def number(value: float) -> str:
    """A number as SVG and HTML read it, with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

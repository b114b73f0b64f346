"""Small parts that the sections of the page are made of: names, badges, links, lists of terms, tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migration_checks.renderers.html.element import Child, Html, element
from migration_checks.renderers.html.index import Index, State, revision_id
from migration_checks.renderers.html.units import middle_cut

NAME = 120
"""Characters of a name where many stand in a row; in full it stands where it is the subject."""


def code(text: str, style: str | None = None) -> Html:
    """A name, a path or a piece of SQL."""
    return element("code", text, class_=style)


def quiet(*children: Child) -> Html:
    """What explains, and is no fact of its own."""
    return element("span", *children, class_="quiet")


def badge(state: State, words: str | None = None) -> Html:
    """How something stands: a mark and a word, in a colour."""
    return element("span", f"{state.mark} {words or state.words}", class_=f"badge {state.name}")


def revision_link(revision: str) -> Html:
    """A revision's id, which leads to its evidence."""
    return element("a", code(middle_cut(revision, NAME)), href=f"#{revision_id(revision)}")


def check_link(index: Index, check: str, name: str) -> Html | str:
    """A check's id and name, which lead to its meaning where it is a check of this version."""
    words = f"{check} {name}"
    return element("a", words, href=f"#check-{check}") if check in index.checks else words


def terms(pairs: Iterable[tuple[str, Child]], style: str = "told") -> Html:
    """Facts by name."""
    return element("dl", (element("div", element("dt", term), element("dd", said)) for term, said in pairs), class_=style)


def table(titles: Sequence[str], rows: Iterable[Iterable[Html]], style: str = "facts", caption: str | None = None) -> Html:
    """A table of rows whose cells (<td> and <th>) are made already."""
    head = element("tr", (element("th", title, scope="col") for title in titles))
    body = element("tbody", (element("tr", row) for row in rows))
    return element("table", element("caption", caption) if caption else None, element("thead", head), body, class_=style)


def head_cell(*children: Child) -> Html:
    """The cell that names a row."""
    return element("th", *children, scope="row")


def cells(values: Iterable[Child]) -> list[Html]:
    """A cell each."""
    return [element("td", value) for value in values]


def scroll(wide: Html, label: str) -> Html:
    """A box in which what is too wide for the page can be scrolled, by the keyboard too."""
    return element("div", wide, class_="scroll", tabindex=0, role="group", aria_label=label)


def more(count: int, noun: str = "more") -> Html | None:
    """That `count` were left out and where they are; None where none were."""
    return element("p", f"{count:,} {noun} in the JSON report", class_="quiet") if count > 0 else None

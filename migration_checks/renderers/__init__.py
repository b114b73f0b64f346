"""The views of a report; each is a module with one function, `render(report) -> str`, loaded when it is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migration_checks.report import Report


@dataclass(frozen=True, slots=True)
class Renderer:
    """A format: `name` is what `--report` and `--to` call it, `summary` what the manual says of it."""

    name: str
    summary: str

    def render(self, report: Report) -> str:
        """`report` in this format, ending with a newline."""
        module = importlib.import_module(f"migration_checks.renderers.{self.name}")
        text: str = module.render(report)
        return text


RENDERERS = (
    Renderer("text", "plain text, what the terminal shows"),
    Renderer("json", "the report itself, from which `render` makes every other format"),
    Renderer("html", "one page with pictures, without network, for whoever decides"),
    Renderer("markdown", "a comment for a pull request, below 65,536 characters"),
    Renderer("junit", "JUnit XML, a test case each leg of each revision"),
    Renderer("sarif", "SARIF 2.1.0 for code scanning services"),
    Renderer("github", "GitHub annotations (workflow commands), to be printed in an action's step"),
    Renderer("gitlab", "GitLab code quality JSON"),
)


def renderer_named(name: str) -> Renderer:
    """The renderer of that name; KeyError where there is none."""
    return {renderer.name: renderer for renderer in RENDERERS}[name]

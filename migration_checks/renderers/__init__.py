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
)


def renderer_named(name: str) -> Renderer:
    """The renderer of that name; KeyError where there is none."""
    return {renderer.name: renderer for renderer in RENDERERS}[name]
